import { MAX_DELAY_MS } from "../../core/assert.ts";
import { type Duration, steadyNow, type Timestamp } from "../../core/mod.ts";

/** Runs an action in time, or at once on demand; never twice at once. */
export class Alarm {
  readonly #action: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt: Timestamp = Infinity;
  #isPending = false;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  /**
   * Makes an alarm that is not set.
   *
   * @param action The action, which must not fail.
   */
  constructor(action: () => Promise<void>) {
    this.#action = action;
  }

  /** Runs the action after a delay, unless it is due before. */
  within(delay: Duration): void {
    const dueAt = steadyNow() + delay;
    if (this.#isPending || this.#isStopped || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.now(), Math.min(delay, MAX_DELAY_MS));
  }

  /** Runs the action now or, if it is running, once more after that. */
  now(): Promise<void> {
    if (!this.#isPending) {
      this.#isPending = true;
      this.#running = this.#running.then(() => this.#run());
    }
    return this.#running;
  }

  /** Stops the alarm. Settles when the action is not running any more. */
  stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    return this.#running;
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    this.#isPending = false;
    if (!this.#isStopped) await this.#action();
  }
}
