import { ageOf } from "../mod.ts";

/**
 * The clock of the server, as far as it can be told from its answers. Times in
 * milliseconds; this machine's own clock may be set while it runs, and is not
 * asked.
 */
export class ServerClock {
  /** What is to be added to the time that this process runs. */
  #offset = Date.now() - performance.now();
  #setAt = -Infinity;

  /** What time it is there. */
  get now(): number {
    return performance.now() + this.#offset;
  }

  /** For how long it has not been set. */
  get uncertainty(): number {
    return performance.now() - this.#setAt;
  }

  /**
   * Sets it by what happened between a question and its answer.
   *
   * @param asked When it was asked, by `performance.now()`.
   * @param time When it happened, by the server.
   * @param answered When the answer came, by `performance.now()`.
   */
  set(asked: number, time: number, answered: number): void {
    this.#offset = time - (asked + answered) / 2;
    this.#setAt = answered;
  }

  /** How long ago something was written. */
  since(time: number): number {
    return ageOf(this.now - time);
  }
}
