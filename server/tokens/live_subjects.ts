import { setMaxListeners } from "node:events";
import type { Timestamp } from "../../core/mod.ts";

/** With fewer than this there is nothing to win by looking. */
const MIN_SWEEP = 1_000;

/** What ends all that a subject has open. */
interface Live {
  readonly controller: AbortController;
  /** When the last of their tokens expires, in Unix milliseconds. */
  expiresAt: Timestamp;
}

/** The signals of those who have tokens that have not expired. */
export class LiveSubjects {
  readonly #live = new Map<string, Live>();
  #sweepAt = MIN_SWEEP;

  /** How many are remembered. */
  get size(): number {
    return this.#live.size;
  }

  /** The signal of a subject that has a token until a time. Amortised O(1). */
  signalOf(
    subject: string,
    expiresAt: Timestamp,
    now: Timestamp,
  ): AbortSignal {
    let live = this.#live.get(subject);
    if (live === undefined) {
      this.#sweep(now);
      live = { controller: new AbortController(), expiresAt };
      // Each stream and socket of theirs listens, and Node warns of 11 of them.
      setMaxListeners(0, live.controller.signal);
      this.#live.set(subject, live);
    }
    live.expiresAt = Math.max(live.expiresAt, expiresAt);
    return live.controller.signal;
  }

  /** Ends what a subject has open, and forgets them. */
  end(subject: string): void {
    const live = this.#live.get(subject);
    this.#live.delete(subject);
    live?.controller.abort();
  }

  /** What they have open has ended by itself. */
  #sweep(now: Timestamp): void {
    if (this.#live.size < this.#sweepAt) return;
    for (const [subject, { expiresAt }] of this.#live) {
      if (expiresAt <= now) this.#live.delete(subject);
    }
    this.#sweepAt = Math.max(2 * this.#live.size, MIN_SWEEP);
  }
}
