import { isNoAnswer } from "./errors.ts";

interface Waiting {
  start(): void;
  drop(error: unknown): void;
}

/** Has only so many calls under way at once; the others wait in order. */
export class Limiter {
  readonly #max: number;
  readonly #waiting: Waiting[] = [];
  #running = 0;

  /** Sets how many may be under way. */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Makes a call, at once if it may. When one finds that nobody answers, those
   * that wait fail as well, or the last of them would wait for all timeouts.
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
