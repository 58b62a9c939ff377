import { setMaxListeners } from "node:events";
import { SweepLimit } from "../internal.ts";

/**
 * The signals of subjects that were let in, as long as something holds them: an
 * open stream or socket, or a lost one whose grace is running. No clock limits
 * that time.
 */
export class LiveSubjects {
  readonly #live = new Map<string, WeakRef<AbortSignal>>();
  /** A signal does not keep its controller alive. */
  readonly #controllers = new WeakMap<AbortSignal, AbortController>();
  readonly #sweepLimit = new SweepLimit();

  /** The number of subjects that are remembered. */
  get size(): number {
    return this.#live.size;
  }

  /** Returns the signal of a subject. Amortized O(1). */
  signalOf(subject: string): AbortSignal {
    const known = this.#live.get(subject)?.deref();
    if (known !== undefined) return known;
    this.#sweepLimit.apply(this.#live, () => this.#sweep());
    const controller = new AbortController();
    const { signal } = controller;
    // Each stream and socket adds a listener, and Node warns about 11 of them.
    setMaxListeners(0, signal);
    this.#controllers.set(signal, controller);
    this.#live.set(subject, new WeakRef(signal));
    return signal;
  }

  /** Ends the streams and sockets of a subject, and forgets the subject. */
  end(subject: string): void {
    const signal = this.#live.get(subject)?.deref();
    this.#live.delete(subject);
    if (signal !== undefined) this.#controllers.get(signal)?.abort();
  }

  /** Forgets the subjects whose signals are no longer held. */
  #sweep(): void {
    for (const [subject, signal] of this.#live) {
      if (signal.deref() === undefined) this.#live.delete(subject);
    }
  }
}
