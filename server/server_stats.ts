/** The events of entries that a server counts. */
export type PresenceEvent =
  | "published"
  | "refreshed"
  | "withdrawn"
  | "expired"
  | "facetsExpired";

/** How often each event has occurred. */
export type EventCounts = Readonly<Record<PresenceEvent, number>>;

/** The event counts of a server since it was created, and its current state. */
export interface ServerStats {
  /**
   * Events of the entries that this server owns: updates that changed something,
   * updates that changed only times, withdrawals (also by the server, for a
   * subject that is back or elsewhere), entries that expired, and entries of
   * which facets expired. These counts never decrease.
   */
  readonly events: EventCounts;
  /**
   * Events of the entries that other servers own. Refreshes are not replicated,
   * so their count is zero. These counts never decrease.
   */
  readonly replicated: EventCounts;
  /** Baselines that were sent to watches that had fallen too far behind. */
  readonly baselinesResent: number;
  /** Distinct subjects with an entry in any context. */
  readonly subjects: number;
  /** Contexts with an entry. */
  readonly contexts: number;
  /** Entries, including those of other servers. */
  readonly entries: number;
  /** Entries of other servers. */
  readonly remoteEntries: number;
  /** Entries that have lost their connection and whose grace is running. */
  readonly lingering: number;
  /** Changes that are retained for watches. */
  readonly retainedChanges: number;
  /** Running watches. */
  readonly watches: number;
  /**
   * The number of changes that the slowest watch has not read, of those in its
   * context or of its subject. A watch that waits has read all of them.
   */
  readonly watchLag: number;
}

/** Returns event counts of zero, to be incremented. */
export function noEvents(): Record<PresenceEvent, number> {
  return {
    published: 0,
    refreshed: 0,
    withdrawn: 0,
    expired: 0,
    facetsExpired: 0,
  };
}
