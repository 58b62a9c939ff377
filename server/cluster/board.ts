import type { Watch } from "../mod.ts";

/** A value that changes now and then, and its watches. */
export class Board<T> {
  #current: T;
  readonly #isLast: (value: T) => boolean;
  readonly #parked = new Set<() => void>();

  /** Makes one with a first value; its watches end after a last one. */
  constructor(first: T, isLast: (value: T) => boolean) {
    this.#current = first;
    this.#isLast = isLast;
  }

  /** The present value. */
  get current(): T {
    return this.#current;
  }

  /** Sets the value. */
  set(value: T): void {
    if (value === this.#current) return;
    this.#current = value;
    const parked = [...this.#parked];
    this.#parked.clear();
    for (const wake of parked) wake();
  }

  /** Yields the present value, and then the latest after each change. */
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
      // One at a time, as a generator does.
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
