import type { Timestamp } from "../core/mod.ts";

/** An element of a {@linkcode DeadlineQueue}. */
export interface Scheduled {
  /** When it is due now; `Infinity` for never. */
  readonly due: Timestamp;
  /** The time at which the queue has it; `Infinity` if the queue does not. */
  queuedAt: Timestamp;
}

/** Four children a node: half the levels of a binary heap, a cache line each. */
export const ARITY = 4;

/**
 * A priority queue that does as little as possible. A deadline that moves
 * further away, as with every heartbeat, does not touch it: the item stays
 * where it is, and when it reaches the front it is put back at the time at which
 * it is then due. A deadline that moves nearer adds an item and leaves the old
 * one stale: an item is valid while its time equals the `queuedAt` of its
 * element. When more than a third of the items are stale, all stale ones are
 * removed together, since they keep removed elements in memory.
 */
export class DeadlineQueue<T extends Scheduled> {
  /** A heap of times, and the element of each; public for the tests. */
  readonly times: Timestamp[] = [];
  /** The element of each time. */
  readonly items: T[] = [];
  /** How many items are stale: at most a third. */
  stale = 0;

  /**
   * Adds an element, or follows its deadline. O(1) for an element that is never
   * due, and for a deadline that is kept or extended; else O(log n).
   */
  schedule(scheduled: T): void {
    const { due } = scheduled;
    if (due >= scheduled.queuedAt) return;
    if (scheduled.queuedAt !== Infinity) this.stale++;
    scheduled.queuedAt = due;
    this.times.push(due);
    this.items.push(scheduled);
    this.#siftUp(this.items.length - 1);
    this.#removeStale();
  }

  /** Removes an element. Amortised O(1). */
  forget(scheduled: T): void {
    if (scheduled.queuedAt === Infinity) return;
    scheduled.queuedAt = Infinity;
    this.stale++;
    this.#removeStale();
  }

  /**
   * Returns a time before which nothing is due, `Infinity` if there is none. It
   * may be earlier than the next deadline, if that was extended. O(1).
   */
  earliest(): Timestamp {
    return this.times[0] ?? Infinity;
  }

  /**
   * Returns the exact time of the next deadline, `Infinity` if there is none.
   * O(1), and O(log n) for each deadline before it that was extended since the
   * last call.
   */
  next(): Timestamp {
    return this.#settle(Infinity);
  }

  /**
   * Removes and returns the first element that is due, if any is. O(log n) for
   * it and for each extended deadline before it; if there is none: O(1).
   */
  takeDue(now: Timestamp): T | undefined {
    if (this.#settle(now) > now) return undefined;
    const scheduled = this.items[0];
    this.#removeFirst();
    if (scheduled !== undefined) scheduled.queuedAt = Infinity;
    this.#removeStale();
    return scheduled;
  }

  /**
   * Removes stale items from the front and moves extended ones back, until the
   * first item is exact or later than a limit. Returns its time.
   */
  #settle(limit: Timestamp): Timestamp {
    while (true) {
      const time = this.times[0] ?? Infinity;
      const first = this.items[0];
      if (first === undefined || time > limit) return time;
      if (first.queuedAt !== time) {
        this.stale--;
        this.#removeFirst();
        continue;
      }
      const { due } = first;
      if (due === time) return time;
      first.queuedAt = due;
      if (due === Infinity) {
        this.#removeFirst();
        this.#removeStale();
      } else {
        this.#siftDown(0, due, first);
      }
    }
  }

  #removeFirst(): void {
    const time = this.times.pop();
    const item = this.items.pop();
    if (time === undefined || item === undefined) return;
    if (this.items.length > 0) this.#siftDown(0, time, item);
  }

  #removeStale(): void {
    if (this.stale * 3 <= this.items.length) return;
    const items = this.items;
    const times = this.times;
    let kept = 0;
    for (let index = 0; index < items.length; index++) {
      const item = items[index]!;
      const time = times[index]!;
      if (item.queuedAt !== time) continue;
      // Two items of one element may have the same time: only one stays.
      item.queuedAt = NaN;
      items[kept] = item;
      times[kept] = time;
      kept++;
    }
    items.length = kept;
    times.length = kept;
    this.stale = 0;
    for (let index = 0; index < kept; index++) {
      items[index]!.queuedAt = times[index]!;
    }
    for (let index = Math.floor((kept - 2) / ARITY); index >= 0; index--) {
      this.#siftDown(index, times[index]!, items[index]!);
    }
  }

  #siftUp(index: number): void {
    const times = this.times;
    const items = this.items;
    const time = times[index]!;
    const item = items[index]!;
    while (index > 0) {
      const parent = Math.floor((index - 1) / ARITY);
      const parentTime = times[parent]!;
      if (parentTime <= time) break;
      times[index] = parentTime;
      items[index] = items[parent]!;
      index = parent;
    }
    times[index] = time;
    items[index] = item;
  }

  /** Puts an item at an index, or as far below it as its time requires. */
  #siftDown(index: number, time: Timestamp, item: T): void {
    const times = this.times;
    const items = this.items;
    while (true) {
      const firstChild = index * ARITY + 1;
      if (firstChild >= times.length) break;
      const end = Math.min(firstChild + ARITY, times.length);
      let least = firstChild;
      for (let child = firstChild + 1; child < end; child++) {
        if (times[child]! < times[least]!) least = child;
      }
      const leastTime = times[least]!;
      if (time <= leastTime) break;
      times[index] = leastTime;
      items[index] = items[least]!;
      index = least;
    }
    times[index] = time;
    items[index] = item;
  }
}
