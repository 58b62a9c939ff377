import type { Duration, Timestamp } from "../../core/mod.ts";

/** How long ago something was, by a clock that may be set back. */
export class Stopwatch {
  readonly #now: () => Timestamp;
  #startedAt: Timestamp;

  /** Starts it: so long ago. */
  constructor(now: () => Timestamp, elapsed: Duration = 0) {
    this.#now = now;
    this.#startedAt = now() - elapsed;
  }

  /** How long ago; from when the clock was set back, if it was. */
  get elapsed(): Duration {
    const now = this.#now();
    if (now < this.#startedAt) this.#startedAt = now;
    return now - this.#startedAt;
  }
}
