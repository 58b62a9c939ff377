import type { Duration, Timestamp } from "../core/mod.ts";

/**
 * Calls back when nothing has happened for a while. An event only reads the
 * clock; the timer computes the remaining time when it fires.
 *
 * The clock can only make the last wait shorter than the delay, never longer. So
 * `onQuiet` is called at most two delays after the last `touch()` with any clock,
 * and exactly one delay after it with a steady clock.
 */
export class QuietTimer {
  readonly #onQuiet: () => void;
  readonly #clock: () => Timestamp;
  #delayMs: Duration = 0;
  /** The time of the last event since the timer was armed, if any. */
  #touchedAt: Timestamp | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onQuiet: () => void, clock: () => Timestamp) {
    this.#onQuiet = onQuiet;
    this.#clock = clock;
  }

  /** Starts or restarts the delay. */
  start(delayMs: Duration): void {
    this.#delayMs = delayMs;
    this.#arm(delayMs);
  }

  /** Handles an event. */
  touch(): void {
    this.#touchedAt = this.#clock();
  }

  /** Stops the timer until the next start. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(waitMs: Duration): void {
    clearTimeout(this.#timer);
    this.#touchedAt = undefined;
    // Timers drop the fraction: rounded down, the delay would be too short.
    this.#timer = setTimeout(() => this.#onTimer(), Math.ceil(waitMs));
  }

  #onTimer(): void {
    // Without an event since it was armed, the whole delay has passed.
    if (this.#touchedAt === undefined) return this.#onQuiet();
    const leftMs = this.#touchedAt + this.#delayMs - this.#clock();
    if (leftMs > 0) this.#arm(Math.min(leftMs, this.#delayMs));
    else this.#onQuiet();
  }
}
