/** All items of a range, sorted. */
interface Run<P, T extends P> {
  /** The range begins here; `undefined` for the very beginning. */
  readonly from: P | undefined;
  /** The range ends before this; `undefined` for the very end. */
  readonly before: P | undefined;
  readonly items: T[];
}

/** A reader sorts this part of the items at once. */
const PARTS = 32;

/** How many items of each part are looked at to find its end. */
const SAMPLES = 32;

/**
 * A set of items in an order, of which only those are sorted that somebody
 * reads. To sort a million of them would stop the process for more than a
 * second; to find a 32nd of them and sort these takes a twentieth of that.
 *
 * What is sorted is kept up to date, but dropped once there have been more
 * changes than it has items since it was last read.
 *
 * @typeParam P A place in the order: an item, or what can be compared with one.
 * @typeParam T The items.
 */
export class PartlySorted<P, T extends P = P> {
  readonly #all: () => readonly T[];
  readonly #compare: (a: P, b: P) => number;
  readonly #few: number;
  /** In order. The items between two of them are not sorted. */
  #runs: Run<P, T>[] = [];
  #size = 0;
  /** How many changes are worth keeping up with until the next read. */
  #changesLeft = 0;

  /**
   * Makes it; nothing is sorted yet.
   *
   * @param all Lists the items, in any order.
   * @param compare Orders the items; no two of them are equal.
   * @param few As many items are sorted at once, and twice as many moved at most.
   */
  constructor(
    all: () => readonly T[],
    compare: (a: P, b: P) => number,
    few = 1_000,
  ) {
    this.#all = all;
    this.#compare = compare;
    this.#few = few;
  }

  /**
   * Yields all items, or those from a place on. O(log n) and the answer, and
   * O(n) for each 32nd of the items that is not sorted yet. No item may be added
   * or deleted meanwhile.
   */
  *from(place?: P): Generator<T, void> {
    let run = this.#runFrom(place);
    while (true) {
      const { items, before } = run;
      for (let at = this.#indexOf(items, place); at < items.length; at++) {
        yield items[at]!;
      }
      if (before === undefined) return;
      run = this.#runFrom(before);
    }
  }

  /** Adds a new item. O(log n). */
  add(item: T): void {
    const run = this.#changingRun(item);
    if (run === undefined) return;
    run.items.splice(this.#indexOf(run.items, item), 0, item);
    this.#size++;
    if (run.items.length <= 2 * this.#few) return;
    this.#runs.splice(this.#countUpTo(item) - 1, 1, ...this.#piecesOf(run));
  }

  /** Deletes an item that is there. O(log n). */
  delete(item: T): void {
    const run = this.#changingRun(item);
    if (run === undefined) return;
    run.items.splice(this.#indexOf(run.items, item), 1);
    this.#size--;
  }

  #changingRun(item: T): Run<P, T> | undefined {
    if (--this.#changesLeft < 0) {
      this.#runs = [];
      this.#size = 0;
    }
    return this.#runAt(item);
  }

  #runFrom(place: P | undefined): Run<P, T> {
    const run = this.#runAt(place) ?? this.#sortFrom(place);
    this.#changesLeft = this.#size;
    return run;
  }

  /** Returns the run whose range has a place, if it is sorted. O(log n). */
  #runAt(place: P | undefined): Run<P, T> | undefined {
    const run = this.#runs[this.#countUpTo(place) - 1];
    return run && this.#isBefore(place, run.before) ? run : undefined;
  }

  /** Sorts a part of the items, from a place on; returns its first run. O(n). */
  #sortFrom(from: P | undefined): Run<P, T> {
    const index = this.#countUpTo(from);
    const limit = this.#runs[index]?.from;
    const sortUpTo = (before: P | undefined, items: readonly T[]) =>
      items.filter((item) =>
        !this.#isBefore(item, from ?? item) && this.#isBefore(item, before)
      ).sort(this.#compare);
    const all = this.#all();
    let before = limit;
    if (all.length > this.#few) {
      const step = Math.ceil(all.length / PARTS / SAMPLES);
      const samples = all.filter((_, place) => place % step === 0);
      before = sortUpTo(limit, samples)[SAMPLES] ?? limit;
    }
    const part = { from, before, items: sortUpTo(before, all) };
    this.#size += part.items.length;
    const [first = part, ...others] = this.#piecesOf(part);
    this.#runs.splice(index, 0, first, ...others);
    return first;
  }

  /** Cuts a run into pieces: a change moves what follows it in its piece. */
  #piecesOf({ from, before, items }: Run<P, T>): Run<P, T>[] {
    const length = this.#few;
    const starts = items
      .filter((_, place) => place > 0 && place % length === 0);
    return [from, ...starts].map((from, n) => ({
      from,
      before: starts[n] ?? before,
      items: items.slice(n * length, (n + 1) * length),
    }));
  }

  /** Counts the runs that begin at a place or before it. O(log runs). */
  #countUpTo(place: P | undefined): number {
    return countWhile(
      this.#runs,
      ({ from }) => from === undefined || !this.#isBefore(place, from),
    );
  }

  /** Returns the index of the first item from a place on. O(log n). */
  #indexOf(items: readonly T[], place: P | undefined): number {
    return place === undefined
      ? 0
      : countWhile(items, (item) => this.#compare(item, place) < 0);
  }

  /** `undefined` is the very beginning as a place, and the very end as an end. */
  #isBefore(place: P | undefined, end: P | undefined): boolean {
    return place === undefined || end === undefined ||
      this.#compare(place, end) < 0;
  }
}

/** Counts the first elements of a list that a condition is true for. */
function countWhile<T>(
  list: readonly T[],
  condition: (element: T) => boolean,
): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (condition(list[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
