import { startWatch } from "../internal.ts";
import type { Watch } from "../mod.ts";

/** A value that changes, and its watches. */
export class Board<T> {
  #current: T;
  readonly #isLast: (value: T) => boolean;
  readonly #parked = new Set<() => void>();

  /** Makes a board with a first value. Its watches end after a last one. */
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
    for (const wake of [...this.#parked]) wake();
  }

  /** Watches the value: yields the present one, then the latest after each change. */
  watch(signal: AbortSignal | undefined): Watch<T> {
    return startWatch([signal], (signal) => this.#values(signal));
  }

  async *#values(signal: AbortSignal): AsyncGenerator<T, void> {
    while (!signal.aborted) {
      const value = this.#current;
      yield value;
      if (this.#isLast(value)) return;
      while (value === this.#current && !signal.aborted) {
        await this.#changed(signal);
      }
    }
  }

  /** Waits until the value changes or the signal is aborted. */
  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#parked.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#parked.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}
