import { maxOf } from "@std/collections/max-of";
import { maxWith } from "@std/collections/max-with";
import {
  type Activity,
  type Availability,
  compareEntryKeys,
  type Facets,
  type PresenceModel,
  type PresenceSnapshot,
  type Timestamp,
} from "../core/mod.ts";

/**
 * Ranks what people do, to decide which of somebody's snapshots headlines
 * their summary. It must be made of pure functions that give finite numbers;
 * the higher one wins.
 *
 * @example Somebody who is away headlines
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
    switch (activity) {
      case "editing":
        return 7;
      case "presenting":
        return 6;
      case "acting":
        return 5;
      case "navigating":
        return 4;
      case "observing":
        return 3;
      case "idle":
        return 2;
      case undefined:
        return 0;
      default:
        return 1;
    }
  },
  availabilityRank(availability) {
    switch (availability) {
      case "busy":
        return 5;
      case "available":
        return 4;
      case "away":
        return 3;
      case "unknown":
        return 2;
      case "offline":
        return 1;
      case undefined:
        return 0;
    }
  },
};

/**
 * What a subject is doing in a context, over all their resources and origins.
 * It is derived: the snapshots are the truth.
 */
export interface SubjectSummary<M extends PresenceModel = PresenceModel> {
  /** Whose summary it is. */
  readonly subject: M["subject"];
  /** Where. */
  readonly context: M["context"];
  /** The snapshot that headlines, as the projection policy decides. */
  readonly dominant: PresenceSnapshot<M>;
  /** Of the dominant snapshot, else the one that ranks highest, above none. */
  readonly availability: Availability | undefined;
  /** Of the dominant snapshot: no other has one that ranks higher. */
  readonly activity: Activity | undefined;
  /** The latest over all snapshots. */
  readonly observedAt: Timestamp;
  /** The latest over all snapshots that have it. */
  readonly lastSeen: Timestamp | undefined;
  /** What the summary is made of, in the order of `compareEntryKeys`. */
  readonly snapshots: readonly PresenceSnapshot<M>[];
}

/**
 * Sums up what one subject does in one context. The answer does not depend on
 * the order of the snapshots: where all ranks and times are equal, the entry
 * whose key comes first headlines.
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
  // Most subjects are here once, and then there is nothing to compare.
  const dominant = snapshots.length === 1
    ? snapshots[0]
    : maxWith(snapshots, (a, b) => compareDominance(a, b, projection));
  if (dominant === undefined) return undefined;
  const { availability, activity, lastSeen } = builtIn(dominant);
  if (snapshots.length === 1) {
    return {
      subject: dominant.subject,
      context: dominant.context,
      dominant,
      availability,
      activity,
      observedAt: dominant.observedAt,
      lastSeen,
      snapshots,
    };
  }
  return {
    subject: dominant.subject,
    context: dominant.context,
    dominant,
    availability: availability ?? bestAvailability(snapshots, projection),
    activity,
    observedAt: maxOf(snapshots, ({ observedAt }) => observedAt) ??
      dominant.observedAt,
    lastSeen: maxOf(
      snapshots.map((snapshot) => builtIn(snapshot).lastSeen)
        .filter((lastSeen) => lastSeen !== undefined),
      (lastSeen) => lastSeen,
    ),
    snapshots: snapshots.toSorted(compareEntryKeys),
  };
}

/** The built-in facets, whose types are the same in every model. */
function builtIn(snapshot: PresenceSnapshot): Facets<PresenceModel> {
  return snapshot.facets;
}

/** The availability that ranks highest; to have none has a rank as well. */
function bestAvailability(
  snapshots: readonly PresenceSnapshot[],
  projection: ProjectionPolicy,
): Availability | undefined {
  const best = maxWith(
    snapshots,
    (a, b) =>
      projection.availabilityRank(a.facets.availability) -
        projection.availabilityRank(b.facets.availability) ||
      compareDominance(a, b, projection),
  );
  return best?.facets.availability;
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

function compareTimes(
  a: Timestamp | undefined,
  b: Timestamp | undefined,
): number {
  if (a === undefined || b === undefined) {
    return Number(a !== undefined) - Number(b !== undefined);
  }
  return a - b;
}
