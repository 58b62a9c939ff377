import type { Watch } from "../mod.ts";

/** A value that is another one now and then, and those who wait for that. */
export class Board<T> {
  #current: T;
  readonly #isLast: (value: T) => boolean;
  readonly #parked = new Set<() => void>();

  /** Makes one with a first value; after a last one its watches end. */
  constructor(first: T, isLast: (value: T) => boolean) {
    this.#current = first;
    this.#isLast = isLast;
  }

  /** The value now. */
  get current(): T {
    return this.#current;
  }

  /** Sets it. */
  set(value: T): void {
    if (value === this.#current) return;
    this.#current = value;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const wake of parked) wake();
  }

  /** Yields the value now, and then the latest whenever it is another one. */
  watch(signal: AbortSignal | undefined): Watch<T> {
    let last: { readonly value: T } | undefined;
    let isEnded = false;
    let turn: Promise<unknown> = Promise.resolve();
    let wake = () => {};
    const isOver = () =>
      isEnded || signal?.aborted || last && this.#isLast(last.value);
    const change = () =>
      new Promise<void>((resolve) => {
        wake = () => {
          this.#parked.delete(wake);
          signal?.removeEventListener("abort", wake);
          resolve();
        };
        this.#parked.add(wake);
        signal?.addEventListener("abort", wake);
      });
    const step = async (): Promise<IteratorResult<T, void>> => {
      while (!isOver() && last?.value === this.#current) await change();
      if (isOver()) return { done: true, value: undefined };
      last = { value: this.#current };
      return { done: false, value: last.value };
    };
    const end = (): Promise<IteratorResult<T, void>> => {
      isEnded = true;
      wake();
      return Promise.resolve({ done: true, value: undefined });
    };
    return {
      // One after the other.
      next: () => {
        const result = turn.then(step);
        turn = result;
        return result;
      },
      return: end,
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        await end();
      },
    };
  }
}
