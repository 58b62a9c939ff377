import type { Timestamp } from "../core/mod.ts";

/** What a {@linkcode DeadlineQueue} holds. */
export interface Scheduled {
  /** When it is due now; `Infinity` for never. */
  readonly due: Timestamp;
  /** Where the queue keeps the time of its item; `Infinity` for no item. */
  queuedAt: Timestamp;
}

/** Four children a node: half the levels of a binary heap, a cache line each. */
export const ARITY = 4;

/**
 * A priority queue that is told as little as possible. A deadline that moves
 * further away, as with every heartbeat, does not touch it: the item stays
 * where it is, and when it comes up it is put back at the time it is then
 * due. A deadline that moves nearer adds an item, which leaves the old one
 * stale; an item is good while its time is the `queuedAt` of what it points
 * to. When more than a third of the items are stale, they are thrown out
 * together: they hold on to what is gone.
 */
export class DeadlineQueue<T extends Scheduled> {
  #times: Timestamp[] = [];
  #items: T[] = [];
  #stale = 0;

  /** How many items it holds: never more than 1.5 times what is scheduled. */
  get length(): number {
    return this.#items.length;
  }

  /**
   * Takes note of the present deadline of something. O(1) for what is never
   * due, and for a deadline that is kept or extended; else O(log n).
   */
  schedule(scheduled: T): void {
    const { due } = scheduled;
    if (due >= scheduled.queuedAt) return;
    if (scheduled.queuedAt !== Infinity) this.#stale++;
    scheduled.queuedAt = due;
    this.#times.push(due);
    this.#items.push(scheduled);
    this.#siftUp(this.#items.length - 1);
    this.#throwOutStale();
  }

  /** Forgets something. Amortised O(1). */
  forget(scheduled: T): void {
    if (scheduled.queuedAt === Infinity) return;
    scheduled.queuedAt = Infinity;
    this.#stale++;
    this.#throwOutStale();
  }

  /**
   * A time before which nothing is due, `Infinity` if there is none. It may be
   * earlier than the next deadline, if that has been extended. O(1).
   */
  earliest(): Timestamp {
    return this.#times[0] ?? Infinity;
  }

  /**
   * The exact time of the next deadline, `Infinity` if there is none. O(1), and
   * O(log n) for each deadline before it that was extended since it was last
   * asked for.
   */
  next(): Timestamp {
    return this.#settle(Infinity);
  }

  /**
   * Takes out what is due first, if anything is due. O(log n) for it and for
   * each extended deadline that comes up before it; if there is none: O(1).
   */
  takeDue(now: Timestamp): T | undefined {
    if (this.#settle(now) > now) return undefined;
    const scheduled = this.#items[0];
    this.#removeFirst();
    if (scheduled !== undefined) scheduled.queuedAt = Infinity;
    this.#throwOutStale();
    return scheduled;
  }

  /** What the queue is made of, for the invariant check of the tests. */
  parts(): {
    readonly times: readonly Timestamp[];
    readonly items: readonly T[];
    readonly stale: number;
  } {
    return { times: this.#times, items: this.#items, stale: this.#stale };
  }

  /**
   * Puts items that are not due when they say back to where they belong, until
   * the first one tells the truth or is later than a limit.
   */
  #settle(limit: Timestamp): Timestamp {
    while (true) {
      const time = this.#times[0] ?? Infinity;
      const first = this.#items[0];
      if (first === undefined || time > limit) return time;
      if (first.queuedAt !== time) {
        this.#stale--;
        this.#removeFirst();
        continue;
      }
      const { due } = first;
      if (due === time) return time;
      first.queuedAt = due;
      if (due === Infinity) {
        this.#removeFirst();
        this.#throwOutStale();
      } else {
        this.#siftDown(0, due, first);
      }
    }
  }

  #removeFirst(): void {
    const time = this.#times.pop();
    const item = this.#items.pop();
    if (time === undefined || item === undefined) return;
    if (this.#items.length > 0) this.#siftDown(0, time, item);
  }

  #throwOutStale(): void {
    if (this.#stale * 3 <= this.#items.length) return;
    const items = this.#items;
    const times = this.#times;
    let kept = 0;
    for (let index = 0; index < items.length; index++) {
      const item = items[index]!;
      const time = times[index]!;
      if (item.queuedAt !== time) continue;
      // Two items of one thing may agree on the time: only one of them stays.
      item.queuedAt = NaN;
      items[kept] = item;
      times[kept] = time;
      kept++;
    }
    items.length = kept;
    times.length = kept;
    this.#stale = 0;
    for (let index = 0; index < kept; index++) {
      items[index]!.queuedAt = times[index]!;
    }
    for (let index = Math.floor((kept - 2) / ARITY); index >= 0; index--) {
      this.#siftDown(index, times[index]!, items[index]!);
    }
  }

  #siftUp(index: number): void {
    const times = this.#times;
    const items = this.#items;
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

  /** Puts an item at an index, or as far below it as its time demands. */
  #siftDown(index: number, time: Timestamp, item: T): void {
    const times = this.#times;
    const items = this.#items;
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
