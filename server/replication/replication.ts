import type {
  Duration,
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
} from "../../core/mod.ts";
import type { Viewer } from "../watch/viewer.ts";

/**
 * What a server notifies its replicator of. A server owns the entries that it
 * has received. The replicator has put all others.
 */
export interface ReplicationListener<M extends PresenceModel = PresenceModel> {
  /**
   * Called when an own entry is new or has changed. An entry of another server
   * becomes an own one when this server receives it.
   */
  put(snapshot: PresenceSnapshot<M>): void;
  /** Called when an own entry is removed, or another one is withdrawn here. */
  removed(snapshot: PresenceSnapshot<M>, isOwn: boolean): void;
  /**
   * Called when a context gets its first watcher or relay subscriber, and when
   * it loses the last one.
   */
  watched(context: M["context"], isWatched: boolean): void;
  /**
   * Loads all entries of a context and keeps them current for a while.
   *
   * @returns Whether they are loaded; `false` if that is impossible now.
   */
  follow?(context: M["context"]): Promise<boolean>;
  /** Reports whether the server hears from the others. */
  isConnected?(): boolean;
  /** Sends a text to the other servers that follow a context. It may be lost. */
  tell?(context: M["context"], text: string): void;
  /** Called when the server is disposed of. It accepts no more entries. */
  closed?(): void;
  /** Asks the other servers for their entries of a subject in all contexts. */
  locate?(subject: M["subject"]): Promise<RemoteWhereabouts<M>>;
  /**
   * Counts the subjects of contexts across all servers, this one included. A
   * subject at several servers counts once.
   */
  count?(
    contexts: readonly M["context"][],
    viewer: Viewer<M>,
  ): Promise<SubjectCounts<M>>;
}

/** The entries of a subject at other servers. */
export interface RemoteWhereabouts<M extends PresenceModel = PresenceModel> {
  /** The entries, in no particular order. */
  readonly entries: readonly RemoteEntry<M>[];
  /** Whether all servers have answered. */
  readonly isComplete: boolean;
  /** The servers that have not answered, whose entries are unknown. */
  readonly missing: readonly string[];
}

/** The entries of a subject across all servers. */
export interface Whereabouts<M extends PresenceModel = PresenceModel> {
  /** The entries in no particular order. Those of others never expire here. */
  readonly snapshots: readonly PresenceSnapshot<M>[];
  /** Whether all servers have answered. */
  readonly isComplete: boolean;
  /** The servers that have not answered, whose entries are unknown. */
  readonly missing: readonly string[];
}

/** The numbers of subjects in contexts, across all servers. */
export interface SubjectCounts<M extends PresenceModel = PresenceModel> {
  /** The number for each context of the question; 0 for an empty one. */
  readonly subjects: ReadonlyMap<M["context"], number>;
  /** Whether all servers have answered. */
  readonly isComplete: boolean;
  /** The servers that have not answered, whose entries are not counted. */
  readonly missing: readonly string[];
}

/** An entry of another server, which alone knows what keeps it alive. */
export interface RemoteEntry<M extends PresenceModel = PresenceModel>
  extends Omit<PresenceSnapshot<M>, "expiry"> {
  /**
   * For how many more milliseconds facets with a deadline last, by their names;
   * less than zero for how long they have been over. If a facet lasts longer,
   * its owner puts the entry again: at the old deadline, and within a minute at
   * the latest. Otherwise this server clears the facet 250 milliseconds after
   * the deadline, for its own watchers only.
   */
  readonly facetsLeft?: Readonly<Record<string, Duration>> | undefined;
}

/** What a replicator may do to a server. */
export interface Replication<M extends PresenceModel = PresenceModel>
  extends Disposable {
  /**
   * Puts whole entries of other servers, whatever the capacity. An own entry
   * among them becomes the other server's.
   *
   * @param entries The entries.
   * @param areNews Whether they have just been received there. Then entries of
   * the same subjects whose grace is running here are withdrawn, since the
   * subjects are back elsewhere.
   */
  put(entries: readonly RemoteEntry<M>[], areNews?: boolean): void;
  /**
   * Removes entries regardless of owner: they have left.
   *
   * @param keys Their keys.
   */
  drop(keys: readonly EntryKey<M>[]): void;
  /**
   * Removes entries of other servers that this server no longer follows. This
   * is no departure: they may still be there.
   *
   * @param keys Their keys.
   */
  forget(keys: readonly EntryKey<M>[]): void;
  /** Lists the own entries of a context, or all. O(entries). */
  own(context?: M["context"]): PresenceSnapshot<M>[];
  /**
   * Returns when the server last received an own entry, by its steady clock;
   * `undefined` for an entry that it does not own. O(1).
   */
  heardAt(key: EntryKey<M>): Timestamp | undefined;
  /**
   * Lists the keys of other servers' entries in a context. O(entries of the
   * context).
   */
  remote(context: M["context"]): EntryKey<M>[];
  /** Lists the contexts that have a watcher or a relay subscriber. */
  watched(): M["context"][];
  /** Delivers a text of another server to the relay subscribers of a context. */
  told(context: M["context"], text: string): void;
  /** Ends the replication and removes the entries of other servers. */
  [Symbol.dispose](): void;
}
