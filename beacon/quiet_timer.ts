import type { Duration, Timestamp } from "../core/mod.ts";

/**
 * Tells when nothing has happened for a while. Noting that something happens
 * only reads the clock; the timer, when it fires, sees how long is left.
 *
 * The clock can only make the last wait shorter, never longer than the delay:
 * whatever it says, `onQuiet` is called at most two delays after the last
 * `touch()`, and by a clock that runs evenly after exactly one.
 */
export class QuietTimer {
  readonly #onQuiet: () => void;
  readonly #clock: () => Timestamp;
  #delayMs: Duration = 0;
  /** When something last happened, if it did since the timer was armed. */
  #touchedAt: Timestamp | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onQuiet: () => void, clock: () => Timestamp) {
    this.#onQuiet = onQuiet;
    this.#clock = clock;
  }

  /** Begins, or begins anew: something happens now. */
  start(delayMs: Duration): void {
    this.#delayMs = delayMs;
    this.#arm(delayMs);
  }

  /** Something happens now. */
  touch(): void {
    this.#touchedAt = this.#clock();
  }

  /** Ends it, until the next start. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(waitMs: Duration): void {
    clearTimeout(this.#timer);
    this.#touchedAt = undefined;
    // Runtimes drop the fraction: rounded down, it would end too early.
    this.#timer = setTimeout(this.#onTimer, Math.ceil(waitMs));
  }

  readonly #onTimer = () => {
    // If nothing happened since it was armed, it has waited for all of it.
    if (this.#touchedAt === undefined) return this.#onQuiet();
    const leftMs = this.#touchedAt + this.#delayMs - this.#clock();
    if (leftMs > 0) this.#arm(Math.min(leftMs, this.#delayMs));
    else this.#onQuiet();
  };
}
