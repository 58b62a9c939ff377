import { compareKeys, type Key, type PresenceModel } from "../core/mod.ts";
import type { Sequence } from "./change.ts";
import type { Chain } from "./change_log.ts";
import type { Scheduled } from "./deadline_queue.ts";
import { EntryTree } from "./entry_tree.ts";
import type { Entry } from "./entry.ts";

/** Everything that the store has of one context. */
export class ContextEntries<M extends PresenceModel> extends EntryTree<Entry<M>>
  implements Chain, Scheduled {
  /** The key of the context. */
  readonly context: M["context"];
  /** See {@linkcode Chain}. */
  tail: Sequence;
  /** See {@linkcode Scheduled}. */
  queuedAt: Sequence = Infinity;
  /** The cached order of the subjects; cleared when one joins or leaves. */
  sortedSubjects: readonly Key[] | undefined;

  /** Makes an empty context whose chain starts at the log's floor. */
  constructor(context: M["context"], floor: Sequence) {
    super();
    this.context = context;
    this.tail = floor;
  }

  /** If empty, it can be dropped once the log's floor reaches this. */
  get due(): Sequence {
    return this.tail;
  }

  /**
   * Yields the subjects in the order of `compareKeys`: all, or those after a
   * key. Sorts once per change of membership, then O(log n) and the answer.
   */
  *subjectsAfter(after: Key | undefined): Generator<Key, void> {
    this.sortedSubjects ??= [...this.subjects()].sort(compareKeys);
    const sorted = this.sortedSubjects;
    for (
      let index = firstAfter(sorted, after);
      index < sorted.length;
      index++
    ) {
      yield sorted[index]!;
    }
  }
}

/** Returns the index of the first key after a given one. */
function firstAfter(sorted: readonly Key[], after: Key | undefined): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(sorted[middle], after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
