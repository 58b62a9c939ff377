/** All items of a range, sorted. */
interface Run<P, T extends P> {
  /** The range begins here; `undefined` for the very beginning. */
  readonly from: P | undefined;
  /** The range ends before this; `undefined` for the very end. */
  readonly before: P | undefined;
  readonly items: T[];
}

/** A large set is sorted in about as many parts. */
const PARTS = 32;

/** About how many items of each part are looked at to find its ends. */
const SAMPLES = 32;

/**
 * A set of items in an order, of which only those parts are sorted that somebody
 * reads. To sort a million items would stop the process for more than a second;
 * to find a 32nd of them and sort these takes a twentieth of that.
 *
 * What is sorted is kept up to date, but dropped once it has had more changes
 * than items since it was last read.
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
   * @param few A set of at most as many items is sorted as a whole. A change
   * moves at most twice as many.
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
   * O(n) for each part that is not sorted yet. No item may be added or deleted
   * meanwhile.
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

  /** Adds a new item. O(log n), and it moves those of a run behind it. */
  add(item: T): void {
    const run = this.#changingRun(item);
    if (run === undefined) return;
    run.items.splice(this.#indexOf(run.items, item), 0, item);
    this.#size++;
    if (run.items.length <= 2 * this.#few) return;
    this.#runs.splice(this.#countUpTo(item) - 1, 1, ...this.#piecesOf(run));
  }

  /** Deletes an item that is there, like `add()`. */
  delete(item: T): void {
    const run = this.#changingRun(item);
    if (run === undefined) return;
    run.items.splice(this.#indexOf(run.items, item), 1);
    this.#size--;
    if (run.items.length > 0) return;
    const index = this.#countUpTo(item) - 1;
    const former = this.#runs[index - 1];
    if (former === undefined || former.before !== run.from) return;
    this.#runs.splice(index - 1, 2, { ...former, before: run.before });
  }

  #changingRun(item: T): Run<P, T> | undefined {
    const run = this.#runAt(item);
    if (run === undefined || --this.#changesLeft >= 0) return run;
    this.#runs = [];
    this.#size = 0;
    return undefined;
  }

  #runFrom(place: P | undefined): Run<P, T> {
    const run = this.#runAt(place) ?? this.#sortAt(place);
    this.#changesLeft = this.#size;
    return run;
  }

  /** Returns the run whose range has a place, if it is sorted. O(log n). */
  #runAt(place: P | undefined): Run<P, T> | undefined {
    const run = this.#runs[this.#countUpTo(place) - 1];
    return run && this.#isBefore(place, run.before) ? run : undefined;
  }

  /** Sorts the part that a place is in; returns its first run from there. O(n). */
  #sortAt(place: P | undefined): Run<P, T> {
    const index = this.#countUpTo(place);
    // What is between two runs is not sorted.
    let from = this.#runs[index - 1]?.before;
    let before = this.#runs[index]?.from;
    const all = this.#all();
    if (all.length > this.#few) {
      const step = Math.ceil(all.length / PARTS / SAMPLES);
      const every = Array.from(
        { length: Math.ceil(all.length / step) },
        (_, count) => all[count * step]!,
      );
      const samples = this.#sorted(every, from, before);
      const part = Math.floor(this.#indexOf(samples, place) / SAMPLES);
      if (part > 0) from = samples[part * SAMPLES - 1];
      before = samples[(part + 1) * SAMPLES - 1] ?? before;
    }
    const run = { from, before, items: this.#sorted(all, from, before) };
    this.#size += run.items.length;
    this.#runs.splice(index, 0, ...this.#piecesOf(run));
    return this.#runAt(place) ?? run;
  }

  /** Returns those items of a list that are in a range, sorted. */
  #sorted(
    items: readonly T[],
    from: P | undefined,
    before: P | undefined,
  ): T[] {
    return items.filter((item) =>
      (from === undefined || !this.#isBefore(item, from)) &&
      this.#isBefore(item, before)
    ).sort(this.#compare);
  }

  /** Cuts a run into pieces: a change moves what follows it in its piece. */
  #piecesOf({ from, before, items }: Run<P, T>): Run<P, T>[] {
    const length = this.#few;
    const starts = items
      .filter((_, place) => place > 0 && place % length === 0);
    return [from, ...starts].map((start, n) => ({
      from: start,
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
