import { compareKeys, type Key, type PresenceModel } from "../core/mod.ts";
import type { Sequence } from "./change.ts";
import type { Chain } from "./change_log.ts";
import { EntryTree } from "./entry_tree.ts";
import type { Entry } from "./entry.ts";

/** Everything that the store knows of one context. */
export class ContextEntries<M extends PresenceModel> extends EntryTree<Entry<M>>
  implements Chain {
  /** The key of the context. */
  readonly context: M["context"];
  /** See {@linkcode Chain}. */
  tail: Sequence;
  /** Its neighbours in {@linkcode VacantContexts}, while it is empty. */
  vacantBefore: ContextEntries<M> | undefined = undefined;
  /** See {@linkcode ContextEntries.vacantBefore}. */
  vacantAfter: ContextEntries<M> | undefined = undefined;
  #sortedSubjects: readonly Key[] | undefined;

  /** Makes an empty context whose chain starts at the log's floor. */
  constructor(context: M["context"], floor: Sequence) {
    super();
    this.context = context;
    this.tail = floor;
  }

  override add(entry: Entry<M>): void {
    const before = this.subjectCount;
    super.add(entry);
    if (this.subjectCount !== before) this.#sortedSubjects = undefined;
  }

  override delete(entry: Entry<M>): void {
    const before = this.subjectCount;
    super.delete(entry);
    if (this.subjectCount !== before) this.#sortedSubjects = undefined;
  }

  /**
   * The subjects in the order of `compareKeys`: all, or those after a key.
   * Sorts once per change of membership, then O(log n) and the answer.
   */
  *subjectsAfter(after: Key | undefined): Generator<Key, void> {
    this.#sortedSubjects ??= [...this.subjects()].sort(compareKeys);
    const sorted = this.#sortedSubjects;
    for (
      let index = firstAfter(sorted, after);
      index < sorted.length;
      index++
    ) {
      yield sorted[index]!;
    }
  }

  /** What it keeps in order, for the invariant check of the tests. */
  parts(): { readonly sortedSubjects: readonly Key[] | undefined } {
    return { sortedSubjects: this.#sortedSubjects };
  }
}

/** The index of the first key that comes after a given one. */
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
