import type { PresenceModel } from "../core/mod.ts";
import type { ContextEntries } from "./context_entries.ts";

/**
 * Contexts that are empty, in the order in which they became so. A linked
 * list, because a set is a bad queue: each time it is asked for its first
 * value it steps over those that were deleted before.
 */
export class VacantContexts<M extends PresenceModel> {
  #first: ContextEntries<M> | undefined;
  #last: ContextEntries<M> | undefined;

  /** The one that has been empty for the longest time. O(1). */
  get first(): ContextEntries<M> | undefined {
    return this.#first;
  }

  /** Adds a context that is not there yet. O(1). */
  add(entries: ContextEntries<M>): void {
    entries.vacantBefore = this.#last;
    if (this.#last === undefined) this.#first = entries;
    else this.#last.vacantAfter = entries;
    this.#last = entries;
  }

  /** Takes a context away, if it is there. O(1). */
  delete(entries: ContextEntries<M>): void {
    const { vacantBefore: before, vacantAfter: after } = entries;
    if (before !== undefined) before.vacantAfter = after;
    else if (this.#first === entries) this.#first = after;
    if (after !== undefined) after.vacantBefore = before;
    else if (this.#last === entries) this.#last = before;
    entries.vacantBefore = undefined;
    entries.vacantAfter = undefined;
  }

  /** All of them, oldest first. O(answer). */
  *[Symbol.iterator](): Generator<ContextEntries<M>, void> {
    let entries = this.#first;
    while (entries !== undefined) {
      yield entries;
      entries = entries.vacantAfter;
    }
  }
}
