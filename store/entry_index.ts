import type { EntryKey, Key, PresenceModel } from "../core/mod.ts";
import type { Sequence } from "./change.ts";
import { ContextEntries } from "./context_entries.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import type { Entry } from "./entry.ts";
import { OneOrMany } from "./one_or_many.ts";
import type { SnapshotQuery } from "./options.ts";

/** Which entries to visit: those that match every given field. */
export type EntrySelection<M extends PresenceModel> = Omit<
  SnapshotQuery<M>,
  "visible"
>;

/**
 * All entries, by context, by subject and by origin. No entry is in one index
 * and missing from another.
 */
export class EntryIndex<M extends PresenceModel> {
  /** The contexts: those with an entry, and empty ones with retained changes. */
  readonly contexts = new Map<Key, ContextEntries<M>>();
  /** The contexts in which a subject has an entry. */
  readonly contextsOf = new OneOrMany<Key, ContextEntries<M>>();
  /** The entries of an origin. */
  readonly entriesFrom = new OneOrMany<Key, Entry<M>>();
  /** The empty contexts, due once their last change is not retained. */
  readonly vacant = new DeadlineQueue<ContextEntries<M>>();
  #size = 0;
  #occupied = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** How many contexts have an entry. */
  get occupied(): number {
    return this.#occupied;
  }

  /** Returns the entry with a key, if there is one. O(1). */
  get(key: EntryKey<M>): Entry<M> | undefined {
    return this.contexts.get(key.context)?.get(key);
  }

  /** Returns a context; makes it if need be, with a chain from the floor on. */
  open(context: M["context"], floor: Sequence): ContextEntries<M> {
    let entries = this.contexts.get(context);
    if (entries === undefined) {
      entries = new ContextEntries<M>(context, floor);
      this.contexts.set(context, entries);
    }
    return entries;
  }

  /** Adds an entry with a new key to its open context. O(1). */
  add(entry: Entry<M>, entries: ContextEntries<M>): void {
    const { subject, origin } = entry.snapshot;
    this.vacant.forget(entries);
    if (!entries.hasSubject(subject)) {
      this.contextsOf.add(subject, entries);
      entries.sortedSubjects = undefined;
    }
    if (entries.size === 0) this.#occupied++;
    entries.add(entry);
    this.entriesFrom.add(origin, entry);
    this.#size++;
  }

  /** Removes an entry from its context. O(1), or O(log n) for the last one. */
  delete(entry: Entry<M>, entries: ContextEntries<M>): void {
    const { subject, origin } = entry.snapshot;
    entries.delete(entry);
    if (!entries.hasSubject(subject)) {
      this.contextsOf.delete(subject, entries);
      entries.sortedSubjects = undefined;
    }
    this.entriesFrom.delete(origin, entry);
    this.#size--;
    if (entries.size > 0) return;
    this.#occupied--;
    this.vacant.schedule(entries);
  }

  /** Drops the empty contexts whose last change is at or below the floor. */
  dropVacant(floor: Sequence): void {
    let entries = this.vacant.takeDue(floor);
    while (entries !== undefined) {
      this.contexts.delete(entries.context);
      entries = this.vacant.takeDue(floor);
    }
  }

  /** Visits the matching entries: by address, else origin, context, subject. */
  forEach(
    selection: EntrySelection<M>,
    visit: (entry: Entry<M>) => void,
  ): void {
    const { subject, context, origin, address } = selection;
    const visitMatching = (entry: Entry<M>) => {
      if (matches(entry.snapshot, selection)) visit(entry);
    };
    if (address !== undefined) {
      this.contexts.get(address.context)
        ?.forEachAt(address.subject, address.resource, visitMatching);
    } else if (origin !== undefined) {
      this.entriesFrom.get(origin).forEach(visitMatching);
    } else if (context !== undefined) {
      const entries = this.contexts.get(context);
      if (subject === undefined) entries?.forEach(visit);
      else entries?.forEachOf(subject, visit);
    } else if (subject !== undefined) {
      for (const entries of this.contextsOf.get(subject)) {
        entries.forEachOf(subject, visit);
      }
    } else {
      for (const entries of this.contexts.values()) entries.forEach(visit);
    }
  }
}

function matches<M extends PresenceModel>(
  key: EntryKey<M>,
  { subject, context, origin }: EntrySelection<M>,
): boolean {
  return (subject === undefined || key.subject === subject) &&
    (context === undefined || key.context === context) &&
    (origin === undefined || key.origin === origin);
}
