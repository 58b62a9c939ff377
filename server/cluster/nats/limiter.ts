import { isNoAnswer } from "./errors.ts";

/** A call that waits for its turn. */
interface Waiting {
  start(): void;
  drop(error: unknown): void;
}

/** Limits how many calls are under way at once; others wait in order. */
export class Limiter {
  readonly #max: number;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  /** Makes a limiter of a number of calls. */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Makes a call, at once or after others. If it fails because nobody answers,
   * those that wait fail as well, or the last of them would wait for all timeouts.
   */
  run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#running < this.#max) return this.#start(call);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        start: () => this.#start(call).then(resolve, reject),
        drop: reject,
      });
    });
  }

  async #start<T>(call: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await call();
    } catch (error) {
      if (isNoAnswer(error)) {
        for (const { drop } of this.#waiting.splice(0)) drop(error);
      }
      throw error;
    } finally {
      this.#running--;
      if (this.#running < this.#max) this.#waiting.shift()?.start();
    }
  }
}
