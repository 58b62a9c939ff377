import type { EntryKey, Key, PresenceModel, Timestamp } from "../core/mod.ts";
import { EntryTree, type Leaf } from "../store/mod.ts";

/** The keys of entries whose connection is gone, and whose grace is running. */
export class Lingering<M extends PresenceModel> {
  readonly #byContext = new Map<Key, EntryTree<LingeringEntry<M>>>();

  /** Tells whether an entry lingers. O(1). */
  has(key: EntryKey<M>): boolean {
    return this.#byContext.get(key.context)?.get(key) !== undefined;
  }

  /** When the connection of an entry was lost, if it lingers. O(1). */
  lostAt(key: EntryKey<M>): Timestamp | undefined {
    return this.#byContext.get(key.context)?.get(key)?.lostAt;
  }

  /** Remembers an entry whose connection was lost. O(1). */
  add(key: EntryKey<M>, lostAt: Timestamp): void {
    if (this.has(key)) return;
    let entries = this.#byContext.get(key.context);
    if (entries === undefined) {
      entries = new EntryTree();
      this.#byContext.set(key.context, entries);
    }
    entries.add({ snapshot: key, lostAt });
  }

  /** Forgets an entry, if it lingers. O(1). */
  delete(key: EntryKey<M>): void {
    const entries = this.#byContext.get(key.context);
    const entry = entries?.get(key);
    if (entries === undefined || entry === undefined) return;
    entries.delete(entry);
    if (entries.size === 0) this.#byContext.delete(key.context);
  }

  /** The lingering entries of a subject in a context. O(answer). */
  of(subject: M["subject"], context: M["context"]): EntryKey<M>[] {
    const keys: EntryKey<M>[] = [];
    this.#byContext.get(context)
      ?.forEachOf(subject, ({ snapshot }) => keys.push(snapshot));
    return keys;
  }
}

interface LingeringEntry<M extends PresenceModel> extends Leaf {
  readonly snapshot: EntryKey<M>;
  readonly lostAt: Timestamp;
}
