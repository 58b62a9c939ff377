import type { Duration, Timestamp } from "../../core/mod.ts";

/** Measures elapsed time by a clock that may be set back. */
export class Stopwatch {
  readonly #now: () => Timestamp;
  #startedAt: Timestamp;

  /**
   * Starts the stopwatch.
   *
   * @param elapsed How long ago it started.
   */
  constructor(now: () => Timestamp, elapsed: Duration = 0) {
    this.#now = now;
    this.#startedAt = now() - elapsed;
  }

  /** The time since the start, or since the clock was set back. */
  get elapsed(): Duration {
    const now = this.#now();
    if (now < this.#startedAt) this.#startedAt = now;
    return now - this.#startedAt;
  }
}
