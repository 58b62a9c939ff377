import { setMaxListeners } from "node:events";

/** With fewer than this there is nothing to win by looking. */
const MIN_SWEEP = 1_000;

/**
 * The signals of those who have been let in, as long as somebody holds them: an
 * open stream or socket, or one that is lost and whose grace is running. No
 * clock can tell how long that is.
 */
export class LiveSubjects {
  readonly #live = new Map<string, WeakRef<AbortSignal>>();
  /** A signal does not keep what aborts it. */
  readonly #controllers = new WeakMap<AbortSignal, AbortController>();
  #sweepAt = MIN_SWEEP;

  /** How many are remembered. */
  get size(): number {
    return this.#live.size;
  }

  /** The signal of a subject. Amortised O(1). */
  signalOf(subject: string): AbortSignal {
    const known = this.#live.get(subject)?.deref();
    if (known !== undefined) return known;
    this.#sweep();
    const controller = new AbortController();
    const { signal } = controller;
    // Each stream and socket of theirs listens, and Node warns of 11 of them.
    setMaxListeners(0, signal);
    this.#controllers.set(signal, controller);
    this.#live.set(subject, new WeakRef(signal));
    return signal;
  }

  /** Ends what a subject has open, and forgets them. */
  end(subject: string): void {
    const signal = this.#live.get(subject)?.deref();
    this.#live.delete(subject);
    if (signal !== undefined) this.#controllers.get(signal)?.abort();
  }

  /** Forgets those whose signals nobody holds any more. */
  #sweep(): void {
    if (this.#live.size < this.#sweepAt) return;
    for (const [subject, signal] of this.#live) {
      if (signal.deref() === undefined) this.#live.delete(subject);
    }
    this.#sweepAt = Math.max(2 * this.#live.size, MIN_SWEEP);
  }
}
