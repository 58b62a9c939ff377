import type { Duration, Timestamp } from "../core/mod.ts";

/** By how many milliseconds something may be late. */
const TICK_MS: Duration = 10;

/**
 * What is due at some time, in heaps of what is due within the same few
 * milliseconds: there are no more heaps than there are ticks until the last
 * one, however much there is.
 */
export class Ticks<T> {
  readonly #heaps = new Map<Timestamp, Set<T>>();
  /** In which heap each is. */
  readonly #due = new Map<T, Timestamp>();
  #earliest: Timestamp = Infinity;

  /**
   * A time before which nothing is due, `Infinity` if there is nothing. It may
   * be earlier than the first heap, if that was forgotten. O(1).
   */
  earliest(): Timestamp {
    return this.#earliest;
  }

  /** Sets when something is due. O(1). */
  set(item: T, due: Timestamp): void {
    this.delete(item);
    const tick = Math.ceil(due / TICK_MS) * TICK_MS;
    const heap = this.#heaps.get(tick) ?? new Set();
    this.#heaps.set(tick, heap.add(item));
    this.#due.set(item, tick);
    this.#earliest = Math.min(this.#earliest, tick);
  }

  /** Forgets something. O(1). */
  delete(item: T): void {
    const tick = this.#due.get(item);
    if (tick === undefined) return;
    this.#due.delete(item);
    const heap = this.#heaps.get(tick);
    heap?.delete(item);
    if (heap?.size === 0) this.#heaps.delete(tick);
  }

  /** Takes out what is due. O(heaps + answer); nothing due: O(1). */
  takeDue(now: Timestamp): T[] {
    if (this.#earliest > now) return [];
    this.#earliest = Infinity;
    const taken: T[] = [];
    for (const [tick, heap] of this.#heaps) {
      if (tick > now) {
        this.#earliest = Math.min(this.#earliest, tick);
        continue;
      }
      this.#heaps.delete(tick);
      for (const item of heap) {
        this.#due.delete(item);
        taken.push(item);
      }
    }
    return taken;
  }
}
