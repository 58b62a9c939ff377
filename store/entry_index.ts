import type { EntryKey, Key, PresenceModel } from "../core/mod.ts";
import type { Sequence } from "./change.ts";
import { ContextEntries } from "./context_entries.ts";
import type { Entry } from "./entry.ts";
import { OneOrMany } from "./one_or_many.ts";
import type { SnapshotQuery } from "./query.ts";
import { VacantContexts } from "./vacant_contexts.ts";

/** Which entries to visit: those that match all that is given. */
export type EntrySelection<M extends PresenceModel> = Omit<
  SnapshotQuery<M>,
  "visible"
>;

/**
 * All entries, found by context, by subject and by origin. No entry is in one
 * index and not in the others.
 */
export class EntryIndex<M extends PresenceModel> {
  readonly #contexts = new Map<Key, ContextEntries<M>>();
  readonly #contextsOf = new OneOrMany<Key, ContextEntries<M>>();
  readonly #entriesFrom = new OneOrMany<Key, Entry<M>>();
  /** Contexts that are empty, kept for their changes, oldest tail first. */
  readonly #vacant = new VacantContexts<M>();
  #size = 0;
  #occupied = 0;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** How many distinct subjects have an entry. O(1). */
  get subjectCount(): number {
    return this.#contextsOf.size;
  }

  /** How many contexts have an entry. O(1). */
  get contextCount(): number {
    return this.#occupied;
  }

  /** The entry with a key, if there is one. O(1). */
  get(key: EntryKey<M>): Entry<M> | undefined {
    return this.#contexts.get(key.context)?.get(key);
  }

  /** What is known of a context: it may be empty. O(1). */
  context(context: M["context"]): ContextEntries<M> | undefined {
    return this.#contexts.get(context);
  }

  /** The contexts that have an entry: all of them, or those of a subject. */
  contexts(subject?: M["subject"]): ContextEntries<M>[] {
    return subject === undefined
      ? [...this.#contexts.values()].filter(({ size }) => size > 0)
      : this.#contextsOf.get(subject);
  }

  /** The entries of an origin. O(answer). */
  from(origin: M["origin"]): Entry<M>[] {
    return this.#entriesFrom.get(origin);
  }

  /** The context with a key, made if need be; a new chain starts at a floor. */
  open(context: M["context"], floor: Sequence): ContextEntries<M> {
    let entries = this.#contexts.get(context);
    if (entries === undefined) {
      entries = new ContextEntries<M>(context, floor);
      this.#contexts.set(context, entries);
    }
    return entries;
  }

  /** Adds an entry, whose key is not there yet, to its open context. O(1). */
  add(entry: Entry<M>, entries: ContextEntries<M>): void {
    const { subject, origin } = entry.snapshot;
    this.#vacant.delete(entries);
    if (!entries.hasSubject(subject)) this.#contextsOf.add(subject, entries);
    if (entries.size === 0) this.#occupied++;
    entries.add(entry);
    this.#entriesFrom.add(origin, entry);
    this.#size++;
  }

  /** Takes an entry away that is there. O(1). */
  delete(entry: Entry<M>, entries: ContextEntries<M>): void {
    const { subject, origin } = entry.snapshot;
    entries.delete(entry);
    if (!entries.hasSubject(subject)) this.#contextsOf.delete(subject, entries);
    this.#entriesFrom.delete(origin, entry);
    this.#size--;
    if (entries.size > 0) return;
    this.#occupied--;
    this.#vacant.add(entries);
  }

  /**
   * Drops the empty contexts of which no change is retained any more: their
   * last one is at or below the floor. Amortised O(1) a context.
   */
  dropVacant(floor: Sequence): void {
    let entries = this.#vacant.first;
    while (entries !== undefined && entries.tail <= floor) {
      this.#vacant.delete(entries);
      this.#contexts.delete(entries.context);
      entries = this.#vacant.first;
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
      this.#contexts.get(address.context)
        ?.forEachAt(address.subject, address.resource, visitMatching);
    } else if (origin !== undefined) {
      this.from(origin).forEach(visitMatching);
    } else if (context !== undefined) {
      const entries = this.#contexts.get(context);
      if (subject === undefined) entries?.forEach(visit);
      else entries?.forEachOf(subject, visit);
    } else if (subject !== undefined) {
      for (const entries of this.#contextsOf.get(subject)) {
        entries.forEachOf(subject, visit);
      }
    } else {
      for (const entries of this.#contexts.values()) entries.forEach(visit);
    }
  }

  /** What the index is made of, for the invariant check of the tests. */
  parts(): {
    readonly contexts: ReadonlyMap<Key, ContextEntries<M>>;
    readonly contextsOf: OneOrMany<Key, ContextEntries<M>>;
    readonly entriesFrom: OneOrMany<Key, Entry<M>>;
    readonly vacant: Iterable<ContextEntries<M>>;
  } {
    return {
      contexts: this.#contexts,
      contextsOf: this.#contextsOf,
      entriesFrom: this.#entriesFrom,
      vacant: this.#vacant,
    };
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
