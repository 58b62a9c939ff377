/** A value that changes over time, for any framework. */
export interface Readable<T> {
  /** Returns the value: the same object until it changes. */
  get(): T;
  /**
   * Calls a listener after each change of the value, not with the current one.
   *
   * @param listener Receives the value.
   * @returns Ends it.
   */
  subscribe(listener: (value: T) => void): () => void;
}

/** Runs a function soon: all changes until then are one. */
export type Schedule = (run: () => void) => void;

/** A value that is computed when it is read, and told to listeners in batches. */
export class Computed<T> implements Readable<T> {
  readonly #compute: (former: T | undefined) => T;
  readonly #schedule: Schedule;
  readonly #listeners = new Set<(value: T) => void>();
  #value: { readonly latest: T } | undefined;
  #isStale = true;
  #isScheduled = false;

  /** Makes it; `compute` gets the former value, and may return it. */
  constructor(compute: (former: T | undefined) => T, schedule: Schedule) {
    this.#compute = compute;
    this.#schedule = schedule;
  }

  /** Returns the value. */
  get(): T {
    if (this.#value === undefined || this.#isStale) {
      const latest = this.#compute(this.#value?.latest);
      this.#value = { latest };
      this.#isStale = false;
    }
    return this.#value.latest;
  }

  /** Calls a listener after changes. */
  subscribe(listener: (value: T) => void): () => void {
    return tellChanges(this, (again) => {
      this.#listeners.add(again);
      return () => this.#listeners.delete(again);
    }, listener);
  }

  /** Computes the value again when it is read, and tells listeners soon. */
  invalidate(): void {
    this.#isStale = true;
    if (this.#isScheduled || this.#listeners.size === 0) return;
    this.#isScheduled = true;
    // Browsers refuse to call theirs as a method of something else.
    const schedule = this.#schedule;
    schedule(() => {
      this.#isScheduled = false;
      tellAll(this.#listeners, this.get());
    });
  }
}

/**
 * Selects a part of a value.
 *
 * @param source The value.
 * @param selector Returns the part.
 * @param isEqual Compares two parts: an equal one is no change.
 * @returns The part; its listeners hear of changes of it alone.
 */
export function select<S, T>(
  source: Readable<S>,
  selector: (value: S) => T,
  isEqual: (former: T, now: T) => boolean = Object.is,
): Readable<T> {
  let last: { readonly from: S; readonly part: T } | undefined;
  const selected: Readable<T> = {
    get() {
      const from = source.get();
      if (last !== undefined && last.from === from) return last.part;
      const part = selector(from);
      last = last && isEqual(last.part, part)
        ? { from, part: last.part }
        : { from, part };
      return last.part;
    },
    subscribe: (listener) =>
      tellChanges(selected, (again) => source.subscribe(again), listener),
  };
  return selected;
}

/**
 * Calls all listeners, also if one of them throws.
 *
 * @throws What the first one has thrown, after all were called.
 */
export function tellAll<T>(
  listeners: ReadonlySet<(value: T) => void>,
  value: T,
): void {
  const errors: unknown[] = [];
  for (const listener of [...listeners]) {
    // One before it may have ended it.
    if (!listeners.has(listener)) continue;
    try {
      listener(value);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/** Calls a listener only when the value is another one than before. */
function tellChanges<T>(
  value: Readable<T>,
  subscribe: (again: () => void) => () => void,
  listener: (value: T) => void,
): () => void {
  let last = value.get();
  return subscribe(() => {
    const now = value.get();
    if (Object.is(now, last)) return;
    last = now;
    listener(now);
  });
}

/**
 * Compares two lists by their items, for {@linkcode select}.
 *
 * @param a A list.
 * @param b Another list.
 * @returns Whether they have the same items in the same order.
 */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length &&
    a.every((item, index) => Object.is(item, b[index]));
}
