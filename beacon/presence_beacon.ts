import {
  assertEntryKey,
  assertNoOtherOptions,
  assertOptions,
  assertVisibility,
} from "../core/assert.ts";
import {
  type Duration,
  type EntryKey,
  type Expiry,
  type FacetDeadlines,
  type FacetName,
  type FacetPatch,
  InvalidValueError,
  type PresenceModel,
  type PresenceUpdate,
  type Timestamp,
  type Visibility,
} from "../core/mod.ts";

/** How a publisher picks an expiry: `"never"`, or some time after each update. */
export type ExpiryPolicy = "never" | { readonly after: Duration };

/** The parts that all updates of a beacon share. */
export interface PresenceBeaconOptions<
  M extends PresenceModel = PresenceModel,
> extends EntryKey<M> {
  /**
   * Who the entry is meant for.
   *
   * @default {"public"}
   */
  readonly visibility?: Visibility<M["label"]> | undefined;
  /**
   * When the entry expires, counted from each update.
   *
   * @default {"never"}
   */
  readonly expiry?: ExpiryPolicy | undefined;
}

/** When facets that an update sets are cleared automatically. */
export type FacetExpiry<M extends PresenceModel = PresenceModel> = {
  readonly [Name in FacetName<M>]?: ExpiryPolicy | undefined;
};

/**
 * The write side of one entry: it has the address, the origin, the visibility and
 * the expiry policy, and builds updates. It sends nothing and reads no clock.
 *
 * @typeParam M The application's model.
 *
 * @example Usage
 * ```ts
 * import { PresenceBeacon } from "@ruthere/presence/beacon";
 * import { PresenceStore } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * const beacon = new PresenceBeacon({
 *   subject: "alice",
 *   context: "doc-42",
 *   resource: "browser-tab",
 *   origin: "session/browser",
 *   expiry: { after: 60 },
 * });
 * const store = new PresenceStore();
 * store.publish(beacon.heartbeatAt(100, { activity: "editing" }));
 * assertEquals(store.subjectSummary("alice", "doc-42")?.lastSeen, 100);
 * ```
 */
export class PresenceBeacon<M extends PresenceModel = PresenceModel> {
  /** The key of the entry that the updates are for. */
  readonly key: EntryKey<M>;
  /** Who the entry is meant for. */
  readonly visibility: Visibility<M["label"]>;
  /** When the entry expires, counted from each update. */
  readonly expiry: ExpiryPolicy;

  /**
   * Makes a beacon.
   *
   * @param options The parts that all its updates share.
   * @throws {InvalidValueError} If one of them is not well-formed.
   */
  constructor(options: PresenceBeaconOptions<M>) {
    assertOptions(options, "create beacon");
    const { subject, context, resource, origin, ...rest } = options;
    const { visibility = "public", expiry = "never", ...others } = rest;
    assertNoOtherOptions(others, "create beacon");
    assertEntryKey(options, "create beacon");
    assertVisibility(visibility, "visibility", "create beacon");
    assertExpiryPolicy(expiry, "expiry", "create beacon");
    this.key = { subject, context, resource, origin };
    this.visibility = visibility;
    this.expiry = expiry;
  }

  /**
   * Builds an update.
   *
   * @param time The time of the observation.
   * @param facets The changed facets: a value sets, `null` clears.
   * @param facetExpiry When facets that it sets are cleared automatically, counted
   * from `time`.
   * @returns The update.
   * @throws {InvalidValueError} If a facet's expiry is not well-formed.
   *
   * @example Typing, until half a second after the last key
   * ```ts
   * import type { PresenceModel } from "@ruthere/presence/core";
   * import { PresenceBeacon } from "@ruthere/presence/beacon";
   * import { assertEquals } from "@std/assert";
   *
   * interface ChatModel extends PresenceModel {
   *   facets: { typing: boolean };
   * }
   * const beacon = new PresenceBeacon<ChatModel>({
   *   subject: "alice",
   *   context: "chat",
   *   origin: "session/browser",
   * });
   * const update = beacon.updateAt(
   *   10_000,
   *   { typing: true },
   *   { typing: { after: 500 } },
   * );
   * assertEquals(update.facetDeadlines, { typing: 10_500 });
   * ```
   */
  updateAt(
    time: Timestamp,
    facets: FacetPatch<M> = {},
    facetExpiry?: FacetExpiry<M>,
  ): PresenceUpdate<M> {
    return {
      ...this.key,
      visibility: this.visibility,
      observedAt: time,
      expiry: expiryFrom(this.expiry, time),
      facets,
      facetDeadlines: facetExpiry && Object.fromEntries(
        facetDeadlinesFrom(facetExpiry, time),
      ) as FacetDeadlines<M>,
    };
  }

  /**
   * Builds an update whose `lastSeen` is its time, unless the patch has another.
   *
   * @param time The time of the observation.
   * @param facets The other changed facets: a value sets, `null` clears.
   * @param facetExpiry When facets that it sets are cleared automatically, counted
   * from `time`.
   * @returns The update.
   * @throws {InvalidValueError} If a facet's expiry is not well-formed.
   */
  heartbeatAt(
    time: Timestamp,
    facets: FacetPatch<M> = {},
    facetExpiry?: FacetExpiry<M>,
  ): PresenceUpdate<M> {
    return this.updateAt(time, { lastSeen: time, ...facets }, facetExpiry);
  }
}

/** Returns the deadlines of facets, by name. */
export function facetDeadlinesFrom<M extends PresenceModel>(
  facetExpiry: FacetExpiry<M>,
  time: Timestamp,
): Map<string, Timestamp> {
  const deadlines = new Map<string, Timestamp>();
  for (const name of Object.keys(facetExpiry) as FacetName<M>[]) {
    const policy = facetExpiry[name];
    if (policy === undefined) continue;
    assertExpiryPolicy(policy, `facetExpiry.${name}`, "build update");
    const deadline = expiryFrom(policy, time);
    if (deadline !== "never") deadlines.set(name, deadline);
  }
  return deadlines;
}

/** Applies a policy. A sum beyond the largest finite number stays there. */
function expiryFrom(policy: ExpiryPolicy, observedAt: Timestamp): Expiry {
  if (policy === "never") return "never";
  return Math.min(observedAt + policy.after, Number.MAX_VALUE);
}

function assertExpiryPolicy(
  policy: ExpiryPolicy,
  field: string,
  action: string,
): void {
  if (policy === "never") return;
  const after: unknown = policy?.after;
  if (Number.isFinite(after) && Number(after) >= 0) return;
  const rule =
    `must be "never" or { after } with a finite, non-negative number`;
  throw new InvalidValueError(action, field, rule, policy);
}
