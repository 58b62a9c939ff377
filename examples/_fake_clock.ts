/** A clock that stands still until time is let pass, and its timers. */

interface Timer {
  readonly due: number;
  readonly run: () => void;
}

/**
 * Takes the place of the timers, so that a walk-through of half an hour takes
 * no time, and prints the same every time. A real program has none.
 */
export class FakeClock {
  /** The time in milliseconds. */
  now = 0;
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;

  constructor() {
    Object.assign(globalThis, {
      setTimeout: (run: () => void, ms = 0): number => {
        this.#timers.set(++this.#lastId, { due: this.now + ms, run });
        return this.#lastId;
      },
      clearTimeout: (id: number) => void this.#timers.delete(id),
    });
  }

  /** Lets time pass, and whatever is due then happen. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      const [id, { due, run }] = next;
      this.now = due;
      this.#timers.delete(id);
      run();
      await settle();
    }
    this.now = end;
  }

  /** The timer that is due first, up to a time. */
  #next(end: number): [number, Timer] | undefined {
    return [...this.#timers]
      .filter(([, { due }]) => due <= end)
      .sort(([, a], [, b]) => a.due - b.due)
      .at(0);
  }
}

/** Waits until all has happened that needs no time. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}
