import type { BuiltInFacets } from "./facet.ts";
import type { Key } from "./key.ts";

/**
 * Names an application's types; everything in the package is generic over
 * one. Extend it and narrow what you want narrow.
 *
 * An own facet can't have the name of a built-in one: such a model does not
 * compile.
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
