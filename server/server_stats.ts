/** What happens to entries, for whoever counts it. */
export type PresenceEvent =
  | "published"
  | "refreshed"
  | "withdrawn"
  | "expired"
  | "facetsExpired";

/** How often each event has happened. */
export type EventCounts = Readonly<Record<PresenceEvent, number>>;

/**
 * What has happened at a server since it was made, and how it stands. The
 * counts only grow.
 */
export interface ServerStats {
  /**
   * What has happened by what was received here, or to entries of this server:
   * updates that changed something, those that changed nothing but times,
   * goodbyes (those that the server says in somebody's place as well), entries
   * that were due, and changes in which facets were.
   */
  readonly events: EventCounts;
  /**
   * What other servers' entries have done here. They are told of no refresh:
   * there is none of those.
   */
  readonly replicated: EventCounts;
  /** How many baselines were sent to watchers who were too far behind. */
  readonly baselinesResent: number;
  /** Distinct subjects that are here now, in whatever contexts. */
  readonly subjects: number;
  /** Contexts that somebody is in now. */
  readonly contexts: number;
  /** Entries now, other servers' included. */
  readonly entries: number;
  /** How many of them are other servers'. */
  readonly remoteEntries: number;
  /** Entries whose connection is lost, and whose grace is running. */
  readonly lingering: number;
  /** Changes that are retained for whoever comes back. */
  readonly retainedChanges: number;
  /** Watches that have begun and not ended. */
  readonly watches: number;
  /**
   * Of the watch that is behind the most: how many changes of what it watches
   * it has not looked at. One that waits for a change has looked at all.
   */
  readonly watchLag: number;
}

/** Counts that can grow, all of them zero. */
export function noEvents(): Record<PresenceEvent, number> {
  return {
    published: 0,
    refreshed: 0,
    withdrawn: 0,
    expired: 0,
    facetsExpired: 0,
  };
}
