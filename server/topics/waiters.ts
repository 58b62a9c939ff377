/** Those who wait for what is next, in the order they came. */
export class Waiters<T> {
  #waiters: ((
    result: IteratorResult<T, void> | Promise<IteratorResult<T, void>>,
  ) => void)[] = [];

  /** Waits for a value, or the end. */
  wait(): Promise<IteratorResult<T, void>> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Gives a value to who has waited longest; tells whether somebody has. */
  give(value: T): boolean {
    const waiter = this.#waiters.shift();
    waiter?.({ done: false, value });
    return waiter !== undefined;
  }

  /** Lets nobody wait any longer. */
  end(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter({ done: true, value: undefined });
  }

  /** Fails all who wait; tells whether somebody has. */
  fail(error: unknown): boolean {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter(Promise.reject(error));
    return waiters.length > 0;
  }
}
