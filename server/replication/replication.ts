import type {
  Duration,
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
} from "../../core/mod.ts";
import type { Viewer } from "../watch/viewer.ts";

/**
 * What a server tells whoever replicates it. Its own entries are those that it
 * has received; all others were put by its replication.
 */
export interface ReplicationListener<M extends PresenceModel = PresenceModel> {
  /**
   * An own entry is there, or is another one. An entry that was another
   * server's and is received here becomes an own one.
   */
  put(snapshot: PresenceSnapshot<M>): void;
  /** An entry is gone: an own one, or one that was withdrawn here. */
  removed(snapshot: PresenceSnapshot<M>, isOwn: boolean): void;
  /** A context has its first watcher or hearer, or has lost the last one. */
  watched(context: M["context"], isWatched: boolean): void;
  /**
   * Has all entries of a context be put, if they are not, and go on to be put
   * for a while.
   *
   * @returns Whether they are; `false` if it can't be done now.
   */
  follow?(context: M["context"]): Promise<boolean>;
  /** Tells the other servers that follow a context a text; it may be lost. */
  tell?(context: M["context"], text: string): void;
  /** The server has been disposed of: it shows nothing, and takes nothing. */
  closed?(): void;
  /** Asks the other servers for their entries of a subject, wherever it is. */
  locate?(subject: M["subject"]): Promise<RemoteWhereabouts<M>>;
  /**
   * Counts the subjects of contexts at all servers together, this one among
   * them; each subject once.
   */
  count?(
    contexts: readonly M["context"][],
    viewer: Viewer<M>,
  ): Promise<SubjectCounts<M>>;
}

/** Where a subject is, by what other servers have. */
export interface RemoteWhereabouts<M extends PresenceModel = PresenceModel> {
  /** The entries, in no particular order. */
  readonly entries: readonly RemoteEntry<M>[];
  /** Whether all servers have answered. */
  readonly isComplete: boolean;
  /** The servers that have not answered: what they have is not known. */
  readonly missing: readonly string[];
}

/** Where a subject is, at all servers together. */
export interface Whereabouts<M extends PresenceModel = PresenceModel> {
  /** The entries, in no particular order; those of others never expire here. */
  readonly snapshots: readonly PresenceSnapshot<M>[];
  /** Whether all servers have answered. */
  readonly isComplete: boolean;
  /** The servers that have not answered: what they have is not known. */
  readonly missing: readonly string[];
}

/** How many subjects contexts have, at all servers together. */
export interface SubjectCounts<M extends PresenceModel = PresenceModel> {
  /** By context, each that was asked for; 0 where nobody is. */
  readonly subjects: ReadonlyMap<M["context"], number>;
  /** Whether all servers have answered. */
  readonly isComplete: boolean;
  /** The servers that have not answered: what they have is not counted. */
  readonly missing: readonly string[];
}

/**
 * How much longer than their owner others keep a facet that goes by itself, in
 * milliseconds: the word that it goes on, or is gone, has to come to them. One
 * that has more than 250 seconds left is kept longer by a thousandth of that,
 * as two clocks differ.
 */
export const FACET_ALLOWANCE_MS = 250;

/** An entry of another server. What keeps it alive is known there. */
export interface RemoteEntry<M extends PresenceModel = PresenceModel>
  extends Omit<PresenceSnapshot<M>, "expiry"> {
  /**
   * For how many milliseconds more facets last that go by themselves; less than
   * zero if they are over since. The other server puts the entry again when
   * they were to be over, if they go on, and within a minute if they go on for
   * longer than it has said. Here they are cleared
   * {@linkcode FACET_ALLOWANCE_MS} after they are over, for who watches here
   * alone.
   */
  readonly facetsLeft?: Readonly<Record<string, Duration>> | undefined;
}

/** What a server lets do whoever replicates it. */
export interface Replication<M extends PresenceModel = PresenceModel>
  extends Disposable {
  /**
   * Puts entries of other servers, whole. Capacity does not hold for them. An
   * own entry among them is no longer one.
   *
   * @param entries The entries.
   * @param areNews Whether they have just been put there: then what lingers
   * here of the same subjects ends, as they have come back elsewhere.
   */
  put(entries: readonly RemoteEntry<M>[], areNews?: boolean): void;
  /**
   * Takes entries away, whoever's they are: they have left.
   *
   * @param keys Their keys.
   */
  drop(keys: readonly EntryKey<M>[]): void;
  /**
   * Takes entries of other servers away that are followed here no longer: they
   * may be there, or not.
   *
   * @param keys Their keys.
   */
  forget(keys: readonly EntryKey<M>[]): void;
  /** The own entries of a context, or all. O(entries). */
  own(context?: M["context"]): PresenceSnapshot<M>[];
  /**
   * When the publisher of an own entry has last been heard of, by the server's
   * steady clock; `undefined` if it is no own entry. O(1).
   */
  heardAt(key: EntryKey<M>): Timestamp | undefined;
  /** The keys of the entries of other servers in a context. O(answer). */
  remote(context: M["context"]): EntryKey<M>[];
  /** The contexts that have watchers or hearers. */
  watched(): M["context"][];
  /** Hands on a text that another server has told the followers of a context. */
  told(context: M["context"], text: string): void;
  /** Ends it: the entries of other servers go. */
  [Symbol.dispose](): void;
}
