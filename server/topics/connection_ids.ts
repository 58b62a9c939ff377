/**
 * Names connections so that the names sort in the order they were made: by the
 * wall clock, on which nodes agree, and within a millisecond by a count. The
 * end of a name distinguishes nodes.
 */
export class ConnectionIds {
  readonly #clock: () => number;
  readonly #node = crypto.randomUUID().slice(0, 8);
  #time = 0;
  #count = 0;

  /** Makes names by a clock of Unix milliseconds. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Returns the next name. */
  next(): string {
    const now = Math.max(0, Math.floor(this.#clock()));
    // A clock that is set back must not put newcomers first.
    if (now > this.#time) {
      this.#time = now;
      this.#count = 0;
    } else {
      this.#count++;
    }
    return [
      this.#time.toString(36).padStart(9, "0"),
      this.#count.toString(36).padStart(5, "0"),
      this.#node,
    ].join("-");
  }
}
