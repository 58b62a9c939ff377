import { watchOf } from "../internal.ts";
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
    const watch = { isEnded: false, wake: () => {} };
    return watchOf(this.#values(watch, signal), () => {
      watch.isEnded = true;
      watch.wake();
    });
  }

  async *#values(
    watch: { isEnded: boolean; wake: () => void },
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T, void> {
    let told: { readonly value: T } | undefined;
    const isOver = () => told !== undefined && this.#isLast(told.value);
    while (!watch.isEnded && !signal?.aborted && !isOver()) {
      if (told === undefined || told.value !== this.#current) {
        told = { value: this.#current };
        yield told.value;
        continue;
      }
      await new Promise<void>((resolve) => {
        watch.wake = () => {
          this.#parked.delete(watch.wake);
          signal?.removeEventListener("abort", watch.wake);
          resolve();
        };
        this.#parked.add(watch.wake);
        signal?.addEventListener("abort", watch.wake);
      });
    }
  }
}
