import { setMaxListeners } from "node:events";
import { SweepLimit } from "../internal.ts";

/**
 * The signals of those who have been let in, as long as somebody holds them: an
 * open stream or socket, or one that is lost and whose grace is running. No
 * clock can tell how long that is.
 */
export class LiveSubjects {
  readonly #live = new Map<string, WeakRef<AbortSignal>>();
  /** A signal does not keep what aborts it. */
  readonly #controllers = new WeakMap<AbortSignal, AbortController>();
  readonly #sweepLimit = new SweepLimit();

  /** How many are remembered. */
  get size(): number {
    return this.#live.size;
  }

  /** The signal of a subject. Amortised O(1). */
  signalOf(subject: string): AbortSignal {
    const known = this.#live.get(subject)?.deref();
    if (known !== undefined) return known;
    this.#sweepLimit.apply(this.#live, () => this.#sweep());
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
    for (const [subject, signal] of this.#live) {
      if (signal.deref() === undefined) this.#live.delete(subject);
    }
  }
}
