import {
  compareKeys,
  type EntryKey,
  type Key,
  type PresenceModel,
  type PresenceSnapshot,
} from "../core/mod.ts";
import type { Sequence } from "./change.ts";
import type { Chain } from "./change_log.ts";
import type { Scheduled } from "./deadline_queue.ts";
import type { Entry } from "./entry.ts";
import { PartlySorted } from "./partly_sorted.ts";

/** Everything that the store has of one context. */
export class ContextEntries<M extends PresenceModel>
  implements Chain, Scheduled {
  /** The key of the context. */
  readonly context: M["context"];
  /** How many entries it has. */
  size = 0;
  /** How many subjects the entries have. */
  subjectCount = 0;
  /** See {@linkcode Chain}. */
  tail: Sequence;
  /** See {@linkcode Scheduled}. */
  queuedAt: Sequence = Infinity;
  /** The order of the entries, if anybody has read pages. */
  sorted: PartlySorted<Place, Entry<M>> | undefined;
  /** The entries in the order they came, with gaps. Each knows its place. */
  #entries: (Entry<M> | undefined)[] = [];
  /** The snapshot of each entry, to be read at once. */
  #snapshots: (PresenceSnapshot<M> | undefined)[] = [];

  /** Makes an empty context whose chain starts at the log's floor. */
  constructor(context: M["context"], floor: Sequence) {
    this.context = context;
    this.tail = floor;
  }

  /** If empty, it can be dropped once the log's floor reaches this. */
  get due(): Sequence {
    return this.tail;
  }

  /** Whether each entry is the only one of its subject. */
  get areAlone(): boolean {
    return this.subjectCount === this.size;
  }

  /** Lists the entries in the order they came. O(answer). */
  entries(): Entry<M>[] {
    return withoutGaps(this.#entries, this.size);
  }

  /** Lists their snapshots in the same order. O(answer). */
  snapshots(): PresenceSnapshot<M>[] {
    return withoutGaps(this.#snapshots, this.size);
  }

  /** Adds an entry. O(1). */
  add(entry: Entry<M>): void {
    entry.place = this.#entries.length;
    this.#entries = withLast(this.#entries, entry);
    this.#snapshots = withLast(this.#snapshots, entry.snapshot);
    this.size++;
    this.sorted?.add(entry);
  }

  /** Replaces the snapshot of an entry. O(1). */
  set(entry: Entry<M>, snapshot: PresenceSnapshot<M>): void {
    entry.snapshot = snapshot;
    this.#snapshots[entry.place] = snapshot;
  }

  /** Removes an entry. Amortised O(1). */
  delete(entry: Entry<M>): void {
    this.size--;
    this.sorted?.delete(entry);
    if (entry.place === this.#entries.length - 1) {
      this.#entries.pop();
      this.#snapshots.pop();
    } else {
      this.#entries[entry.place] = undefined;
      this.#snapshots[entry.place] = undefined;
    }
    if (this.size * 2 < this.#entries.length) this.#closeGaps();
  }

  #closeGaps(): void {
    const entries = this.entries();
    for (const [place, entry] of entries.entries()) entry.place = place;
    this.#snapshots = this.snapshots();
    this.#entries = entries;
  }

  /**
   * Yields the entries in the order of `compareEntryKeys`: all, or those after a
   * subject. O(log n) and the answer, and O(n) for each part of them that is
   * read for the first time.
   */
  after(subject: Key | undefined): Generator<Entry<M>, void> {
    this.sorted ??= new PartlySorted(() => this.entries(), comparePlaces);
    return this.sorted.from(
      subject === undefined
        ? undefined
        : { snapshot: { subject }, isLast: true },
    );
  }
}

/** Copies a list with gaps that has a number of elements. */
function withoutGaps<T>(list: readonly (T | undefined)[], size: number): T[] {
  return isWhole(list, size)
    ? list.slice()
    : list.filter((element) => element !== undefined);
}

function isWhole<T>(
  list: readonly (T | undefined)[],
  size: number,
): list is readonly T[] {
  return list.length === size;
}

/**
 * Adds an element to a list. A short one is copied: most contexts have few
 * entries, and a list that grows has room for 17.
 */
function withLast<T>(list: T[], last: T): T[] {
  if (list.length < 8) return list.concat([last]);
  list.push(last);
  return list;
}

/** A place in the order of entries: an entry, or the end of its subject's. */
interface Place {
  readonly snapshot: Partial<EntryKey>;
  readonly isLast?: true;
}

function comparePlaces(a: Place, b: Place): number {
  return compareKeys(a.snapshot.subject, b.snapshot.subject) ||
    Number(a.isLast ?? false) - Number(b.isLast ?? false) ||
    compareKeys(a.snapshot.resource, b.snapshot.resource) ||
    compareKeys(a.snapshot.origin, b.snapshot.origin);
}
