import {
  compareKeys,
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
  /** Its entries. Each knows its place among them. */
  entries: Entry<M>[] = [];
  /** The snapshot of each entry, to be read at once. */
  snapshots: PresenceSnapshot<M>[] = [];
  /** How many subjects the entries have. */
  subjectCount = 0;
  /** See {@linkcode Chain}. */
  tail: Sequence;
  /** See {@linkcode Scheduled}. */
  queuedAt: Sequence = Infinity;
  /** The order of the entries, if anybody has read pages. */
  sorted: PartlySorted<Place, Entry<M>> | undefined;

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
    return this.subjectCount === this.entries.length;
  }

  /** Adds an entry. O(1). */
  add(entry: Entry<M>): void {
    entry.place = this.entries.length;
    this.entries = withLast(this.entries, entry);
    this.snapshots = withLast(this.snapshots, entry.snapshot);
    this.sorted?.add(entry);
  }

  /** Replaces the snapshot of an entry. O(1). */
  set(entry: Entry<M>, snapshot: PresenceSnapshot<M>): void {
    entry.snapshot = snapshot;
    this.snapshots[entry.place] = snapshot;
  }

  /** Removes an entry: the last one takes its place. O(1). */
  delete(entry: Entry<M>): void {
    const last = this.entries.pop();
    this.snapshots.pop();
    this.sorted?.delete(entry);
    if (last === undefined || last === entry) return;
    last.place = entry.place;
    this.entries[last.place] = last;
    this.snapshots[last.place] = last.snapshot;
  }

  /**
   * Yields the entries in the order of `compareEntryKeys`: all, or those after a
   * subject. O(log n) and the answer, and O(n) for each part of them that is
   * read for the first time.
   */
  after(subject: Key | undefined): Generator<Entry<M>, void> {
    this.sorted ??= new PartlySorted(() => this.entries, comparePlaces);
    return this.sorted.from(
      subject === undefined
        ? undefined
        : { snapshot: { subject }, isLast: true },
    );
  }
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
  readonly snapshot: {
    readonly subject: Key;
    readonly resource?: Key | undefined;
    readonly origin?: Key | undefined;
  };
  readonly isLast?: true;
}

function comparePlaces(a: Place, b: Place): number {
  return compareKeys(a.snapshot.subject, b.snapshot.subject) ||
    Number(a.isLast ?? false) - Number(b.isLast ?? false) ||
    compareKeys(a.snapshot.resource, b.snapshot.resource) ||
    compareKeys(a.snapshot.origin, b.snapshot.origin);
}
