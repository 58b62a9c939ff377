import type { Timestamp } from "../../core/mod.ts";

/** Lets so much pass a second, and twice as much at once. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAt: Timestamp;

  /** Makes a full bucket. */
  constructor(perSecond: number, now: Timestamp) {
    this.#perSecond = perSecond;
    this.#tokens = 2 * perSecond;
    this.#filledAt = now;
  }

  /** Takes a token out; `false` if there is none. */
  take(now: Timestamp): boolean {
    if (this.#perSecond === Infinity) return true;
    const seconds = Math.max(0, now - this.#filledAt) / 1_000;
    this.#filledAt = now;
    this.#tokens = Math.min(
      2 * this.#perSecond,
      this.#tokens + seconds * this.#perSecond,
    );
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Takes tokens out that may not be there: nothing passes until they are. */
  charge(count: number): void {
    this.#tokens -= count;
  }
}
