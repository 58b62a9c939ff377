/**
 * Divides the work on many items among tasks, so that others run in between. All
 * that share a pace take turns.
 */
export class Pace {
  /** How many items one task handles; at least one call's. */
  size = 1_000;
  #handled = 0;
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();

  /**
   * Asks for the turn to handle items, which is then done at once.
   *
   * @returns When it comes; `undefined` if that is now.
   */
  next(count: number): Promise<void> | undefined {
    if (this.#waiting === 0 && this.#begins(count)) return undefined;
    this.#waiting++;
    this.#turn = this.#turn.then(() => this.#wait(count));
    return this.#turn;
  }

  async #wait(count: number): Promise<void> {
    while (!this.#begins(count)) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#handled = 0;
    }
    this.#waiting--;
  }

  #begins(count: number): boolean {
    if (this.#handled > 0 && this.#handled + count > this.size) return false;
    this.#handled += count;
    return true;
  }
}
