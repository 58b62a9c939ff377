import type { BuiltInFacets } from "./facet.ts";
import type { Key } from "./key.ts";
import type { Timestamp } from "./time.ts";

/**
 * Names an application's types. Stores, servers and views take one as `M`. Extend
 * it, and narrow the types that you want narrow.
 *
 * The application's own facets can't have the name of a built-in one: such a
 * model does not compile.
 *
 * @example Usage
 * ```ts
 * import type { PresenceModel } from "@ruthere/presence/core";
 * import { PresenceStore } from "@ruthere/presence/store";
 *
 * interface TravelModel extends PresenceModel {
 *   label: "travel-party";
 *   facets: { relationship: "owned" | "associated"; location: string };
 * }
 * const store = new PresenceStore<TravelModel>();
 *
 * store.publish({
 *   subject: "traveller",
 *   context: "trip",
 *   resource: "shipment",
 *   origin: "courier",
 *   visibility: { restricted: "travel-party" },
 *   observedAt: 100,
 *   expiry: "never",
 *   facets: { relationship: "associated", location: "Lisbon" },
 * });
 * ```
 */
export interface PresenceModel {
  /** The type of the subjects' keys. */
  subject: Key;
  /** The type of the contexts' keys. */
  context: Key;
  /** The type of the resources' keys. */
  resource: Key;
  /** The type of the origins' keys. */
  origin: Key;
  /** The labels that a restricted visibility carries. */
  label: string;
  /** The application's own facets: name to type. `null` is never a value. */
  facets: object & { readonly [Name in keyof BuiltInFacets]?: never };
}

/** Every facet of a model: the built-in ones and the application's own. */
export type AllFacets<M extends PresenceModel> =
  & BuiltInFacets
  & Omit<M["facets"], keyof BuiltInFacets>;

/** The name of a facet of a model. */
export type FacetName<M extends PresenceModel> =
  & string
  & keyof AllFacets<M>;

/** The facets that an entry has at the moment. */
export type Facets<M extends PresenceModel> = {
  readonly [Name in FacetName<M>]?: AllFacets<M>[Name];
};

/**
 * A change to the facets of an entry: a value sets, `null` clears, and a facet
 * that is left out (or `undefined`) stays as it is.
 */
export type FacetPatch<M extends PresenceModel> = {
  readonly [Name in FacetName<M>]?: AllFacets<M>[Name] | null | undefined;
};

/**
 * Deadlines of single facets. A facet is cleared when its deadline is due; it
 * does not return to an earlier value.
 */
export type FacetDeadlines<M extends PresenceModel> = {
  readonly [Name in FacetName<M>]?: Timestamp | undefined;
};
