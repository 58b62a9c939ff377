import type {
  EntryKey,
  Key,
  PresenceModel,
  PresenceSnapshot,
} from "../core/mod.ts";
import type { Sequence } from "./change.ts";
import { ContextEntries } from "./context_entries.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import type { Entry } from "./entry.ts";
import { EntryTree } from "./entry_tree.ts";
import { OneOrMany } from "./one_or_many.ts";
import type { SnapshotQuery } from "./options.ts";

/**
 * All entries: by key, by context and by origin. No entry is in one index and
 * missing from another.
 */
export class EntryIndex<M extends PresenceModel> {
  /** The entries by their keys. */
  readonly tree = new EntryTree<Entry<M>>();
  /** The contexts: those with an entry, and empty ones with retained changes. */
  readonly contexts = new Map<Key, ContextEntries<M>>();
  /** The entries of an origin. */
  readonly entriesFrom = new OneOrMany<Key, Entry<M>>();
  /** The empty contexts, due once their last change is not retained. */
  readonly vacant = new DeadlineQueue<ContextEntries<M>>();
  #occupied = 0;

  /** How many contexts have an entry. */
  get occupied(): number {
    return this.#occupied;
  }

  /** Returns a context; makes it if need be, with a chain from the floor on. */
  open(context: M["context"], floor: Sequence): ContextEntries<M> {
    let home = this.contexts.get(context);
    if (home === undefined) {
      home = new ContextEntries<M>(context, floor);
      this.contexts.set(context, home);
    }
    return home;
  }

  /** Adds an entry with a new key. O(1). */
  add(entry: Entry<M>): void {
    const { home, snapshot: { origin } } = entry;
    this.vacant.forget(home);
    if (home.size === 0) this.#occupied++;
    home.add(entry);
    if (this.tree.add(entry)) home.subjectCount++;
    this.entriesFrom.add(origin, entry);
  }

  /** Removes an entry. O(1), or O(log n) for the last one of its context. */
  delete(entry: Entry<M>): void {
    const { home, snapshot: { origin } } = entry;
    home.delete(entry);
    if (this.tree.delete(entry)) home.subjectCount--;
    this.entriesFrom.delete(origin, entry);
    if (home.size > 0) return;
    this.#occupied--;
    this.vacant.schedule(home);
  }

  /** Drops the empty contexts whose last change is at or below the floor. */
  dropVacant(floor: Sequence): void {
    let home = this.vacant.takeDue(floor);
    while (home !== undefined) {
      this.contexts.delete(home.context);
      home = this.vacant.takeDue(floor);
    }
  }

  /** Lists the snapshots that match a query, but for visibility. O(answer). */
  snapshots(query: SnapshotQuery<M>): PresenceSnapshot<M>[] {
    const { subject, context, origin, address } = query;
    if (address !== undefined || origin !== undefined) {
      const entries = address === undefined
        ? this.entriesFrom.get(origin!)
        : this.tree.at(address);
      return snapshotsOf(entries).filter((snapshot) =>
        matches(snapshot, query)
      );
    }
    if (subject !== undefined) {
      return snapshotsOf(this.tree.of(subject, context));
    }
    if (context !== undefined) {
      return this.contexts.get(context)?.snapshots() ?? [];
    }
    return [...this.contexts.values()].flatMap((home) => home.snapshots());
  }
}

function snapshotsOf<M extends PresenceModel>(
  entries: readonly Entry<M>[],
): PresenceSnapshot<M>[] {
  return entries.map(({ snapshot }) => snapshot);
}

function matches<M extends PresenceModel>(
  key: EntryKey<M>,
  { subject, context, origin }: SnapshotQuery<M>,
): boolean {
  return (subject === undefined || key.subject === subject) &&
    (context === undefined || key.context === context) &&
    (origin === undefined || key.origin === origin);
}
