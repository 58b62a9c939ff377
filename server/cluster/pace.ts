import { pause } from "../internal.ts";

/**
 * Divides work on many items among tasks, so that others run in between. All
 * that share a pace share its tasks.
 */
export class Pace {
  /** How many items one task handles. */
  size = 1_000;
  #handled = 0;
  /** Ends with the task that handles items. */
  #task: Promise<void> | undefined;
  #turn: Promise<void> = Promise.resolve();

  /**
   * Takes the right to handle an item at once.
   *
   * @returns Whether there was one; `false` if this task has handled enough.
   */
  take(): boolean {
    if (this.#handled >= this.size) return false;
    this.#handled++;
    this.#task ??= pause(0).then(() => {
      this.#handled = 0;
      this.#task = undefined;
    });
    return true;
  }

  /** Waits for a task, after those who wait already, and takes the right. */
  next(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      while (!this.take()) await this.#task;
    });
    return this.#turn;
  }
}
