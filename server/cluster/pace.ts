import { pause } from "../internal.ts";

/**
 * Divides work on many items among tasks, so that others run in between. All
 * that share a pace share its tasks.
 */
export class Pace {
  /** How many items are handled at most before other tasks run. */
  size = 1_000;
  #handled = 0;
  #turn: Promise<void> = Promise.resolve();

  /**
   * Takes the right to handle an item at once.
   *
   * @returns Whether there was one; `false` if others must run first.
   */
  take(): boolean {
    if (this.#handled >= this.size) return false;
    this.#handled++;
    return true;
  }

  /**
   * Waits for a task, after those who wait already, and takes the right. Only
   * this has a timer: a node that leaves while nobody waits leaves none behind.
   */
  next(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      while (!this.take()) {
        await pause(0);
        this.#handled = 0;
      }
    });
    return this.#turn;
  }
}
