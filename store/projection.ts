import {
  type Activity,
  type Availability,
  type CommonActivity,
  compareEntryKeys,
  type Facets,
  type PresenceModel,
  type PresenceSnapshot,
  type Timestamp,
} from "../core/mod.ts";

/**
 * Ranks activities and availabilities, to decide which snapshot of a subject is
 * dominant in its summary. The ranks must be pure functions that return finite
 * numbers; the highest rank wins.
 *
 * @example Make `away` the dominant availability
 * ```ts
 * import { DEFAULT_PROJECTION, type ProjectionPolicy } from "@ruthere/presence/store";
 *
 * const projection: ProjectionPolicy = {
 *   ...DEFAULT_PROJECTION,
 *   availabilityRank: (availability) => availability === "away" ? 9 : 0,
 * };
 * ```
 */
export interface ProjectionPolicy {
  /** The rank of an activity, or of none. */
  activityRank(activity: Activity | undefined): number;
  /** The rank of an availability, or of none. */
  availabilityRank(availability: Availability | undefined): number;
}

/**
 * The default ranks: editing 7, presenting 6, acting 5, navigating 4,
 * observing 3, idle 2, any custom activity 1, none 0; busy 5, available 4,
 * away 3, unknown 2, offline 1, none 0.
 */
export const DEFAULT_PROJECTION: ProjectionPolicy = {
  activityRank(activity) {
    if (activity === undefined) return 0;
    return typeof activity === "string" ? ACTIVITY_RANKS[activity] : 1;
  },
  availabilityRank(availability) {
    return availability === undefined ? 0 : AVAILABILITY_RANKS[availability];
  },
};

const ACTIVITY_RANKS: Readonly<Record<CommonActivity, number>> = {
  editing: 7,
  presenting: 6,
  acting: 5,
  navigating: 4,
  observing: 3,
  idle: 2,
};

const AVAILABILITY_RANKS: Readonly<Record<Availability, number>> = {
  busy: 5,
  available: 4,
  away: 3,
  unknown: 2,
  offline: 1,
};

/**
 * What a subject is doing in a context, over all their resources and origins.
 * A summary is derived: the snapshots are the truth.
 */
export interface SubjectSummary<M extends PresenceModel = PresenceModel> {
  /** The subject. */
  readonly subject: M["subject"];
  /** The context. */
  readonly context: M["context"];
  /** The dominant snapshot, according to the projection policy. */
  readonly dominant: PresenceSnapshot<M>;
  /** That of the dominant snapshot, else the one that ranks above all others. */
  readonly availability: Availability | undefined;
  /** That of the dominant snapshot: no other activity ranks higher. */
  readonly activity: Activity | undefined;
  /** The latest of all snapshots. */
  readonly observedAt: Timestamp;
  /** The latest of all snapshots that have one. */
  readonly lastSeen: Timestamp | undefined;
  /** The summarized snapshots, in the order of `compareEntryKeys`. */
  readonly snapshots: readonly PresenceSnapshot<M>[];
}

/**
 * Summarizes what one subject does in one context. The result does not depend
 * on the order of the snapshots: if all ranks and times are equal, the entry
 * whose key comes first is dominant.
 *
 * @typeParam M The application's model.
 * @param snapshots The subject's snapshots in the context.
 * @param projection The ranks.
 * @returns The summary, `undefined` if there are no snapshots.
 *
 * @example Usage
 * ```ts
 * import { PresenceStore, summarize } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(summarize(new PresenceStore().snapshots({ subject: "nobody" })), undefined);
 * ```
 */
export function summarize<M extends PresenceModel>(
  snapshots: readonly PresenceSnapshot<M>[],
  projection: ProjectionPolicy = DEFAULT_PROJECTION,
): SubjectSummary<M> | undefined {
  return snapshots.length > 0 ? summaryOf(snapshots, projection) : undefined;
}

/** Summarizes at least one snapshot. The package does not export it. */
export function summaryOf<M extends PresenceModel>(
  snapshots: readonly PresenceSnapshot<M>[],
  projection: ProjectionPolicy = DEFAULT_PROJECTION,
): SubjectSummary<M> {
  // Most subjects are here once, and then there is nothing to compare.
  const isOne = snapshots.length === 1;
  const dominant = isOne
    ? snapshots[0]!
    : highest(snapshots, (a, b) => compareDominance(a, b, projection))!;
  const { availability, activity, lastSeen } = builtIn(dominant);
  return {
    subject: dominant.subject,
    context: dominant.context,
    dominant,
    availability: isOne
      ? availability
      : availability ?? bestAvailability(snapshots, projection),
    activity,
    observedAt: isOne ? dominant.observedAt : snapshots.reduce(
      (latest, { observedAt }) => Math.max(latest, observedAt),
      dominant.observedAt,
    ),
    lastSeen: isOne ? lastSeen : latestSeen(snapshots),
    snapshots: isOne ? snapshots : snapshots.toSorted(compareEntryKeys),
  };
}

/** Returns the built-in facets, whose types are the same in every model. */
function builtIn(snapshot: PresenceSnapshot): Facets<PresenceModel> {
  return snapshot.facets;
}

function latestSeen(
  snapshots: readonly PresenceSnapshot[],
): Timestamp | undefined {
  return highest(
    snapshots,
    (a, b) => compareTimes(a.facets.lastSeen, b.facets.lastSeen),
  )?.facets.lastSeen;
}

/** Returns the availability that ranks highest; to have none has a rank too. */
function bestAvailability(
  snapshots: readonly PresenceSnapshot[],
  projection: ProjectionPolicy,
): Availability | undefined {
  const best = highest(
    snapshots,
    (a, b) =>
      projection.availabilityRank(a.facets.availability) -
        projection.availabilityRank(b.facets.availability) ||
      compareDominance(a, b, projection),
  );
  return best?.facets.availability;
}

/** Returns the first item that no other is above. */
function highest<T>(
  items: readonly T[],
  compare: (a: T, b: T) => number,
): T | undefined {
  return items.reduce<T | undefined>(
    (best, item) => best === undefined || compare(item, best) > 0 ? item : best,
    undefined,
  );
}

function compareDominance(
  a: PresenceSnapshot,
  b: PresenceSnapshot,
  projection: ProjectionPolicy,
): number {
  return projection.activityRank(a.facets.activity) -
      projection.activityRank(b.facets.activity) ||
    a.observedAt - b.observedAt ||
    projection.availabilityRank(a.facets.availability) -
      projection.availabilityRank(b.facets.availability) ||
    compareTimes(a.facets.lastSeen, b.facets.lastSeen) ||
    compareEntryKeys(b, a);
}

function compareTimes(a = -Infinity, b = -Infinity): number {
  return a === b ? 0 : a - b;
}
