import { MAX_DELAY_MS } from "../core/assert.ts";
import type { Timestamp } from "../core/mod.ts";

/** The shortest time between two sweeps: ten a second. */
const MIN_PAUSE_MS = 100;

/** The timer of a server: it sweeps when something is due. */
export class Sweeper {
  readonly #clock: () => Timestamp;
  readonly #sweep: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #armedFor: Timestamp = Infinity;
  #notBefore: Timestamp = -Infinity;

  /** Creates a sweeper that is not armed. */
  constructor(clock: () => Timestamp, sweep: () => void) {
    this.#clock = clock;
    this.#sweep = sweep;
  }

  /** Sets when the next sweep is due, `Infinity` for never. O(1). */
  arm(due: Timestamp): void {
    if (due === Infinity) return this.disarm();
    if (due >= this.#armedFor) return;
    const now = this.#clock();
    // A clock that was set back must not extend the pause.
    const rest = Math.min(this.#notBefore - now, MIN_PAUSE_MS);
    const pause = Math.max(due - now, rest, 0);
    clearTimeout(this.#timer);
    this.#armedFor = due;
    this.#timer = setTimeout(
      () => this.#fire(),
      // A sweep that is too early finds nothing to do, which is harmless.
      Math.min(Math.ceil(pause), MAX_DELAY_MS),
    );
  }

  /** Cancels the next sweep. */
  disarm(): void {
    if (this.#armedFor === Infinity) return;
    clearTimeout(this.#timer);
    this.#armedFor = Infinity;
  }

  #fire(): void {
    this.#armedFor = Infinity;
    this.#notBefore = this.#clock() + MIN_PAUSE_MS;
    this.#sweep();
  }
}
