import { ageOf } from "../mod.ts";

/**
 * An estimate of the server's clock from its answers, in milliseconds. It does
 * not use the clock of this machine, which may be set while the process runs.
 */
export class ServerClock {
  /** The difference to `performance.now()`. */
  #offset = Date.now() - performance.now();
  #setAt = -Infinity;

  /** The time there. */
  get now(): number {
    return performance.now() + this.#offset;
  }

  /** Milliseconds since it was set. */
  get uncertainty(): number {
    return performance.now() - this.#setAt;
  }

  /**
   * Sets it by an event between a request and its answer.
   *
   * @param asked When the request was sent, by `performance.now()`.
   * @param time When the event happened, by the server's clock.
   * @param answered When the answer arrived, by `performance.now()`.
   */
  set(asked: number, time: number, answered: number): void {
    this.#offset = time - (asked + answered) / 2;
    this.#setAt = answered;
  }

  /** Returns how long ago a time of the server was. */
  since(time: number): number {
    return ageOf(this.now - time);
  }
}
