/** Keeps what has arrived, and lets tests wait for what they look for. */
export class Inbox<T> {
  #items: T[] = [];
  #waiting: (() => void)[] = [];

  /** Puts in what has arrived. */
  put(item: T): void {
    this.#items.push(item);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Takes out the first that matches, and leaves what came before it. */
  async pick(matches: (item: T) => boolean): Promise<T> {
    const index = await this.#find(matches);
    return this.#takeOut(index, 1);
  }

  /** Takes out the first that matches, and drops what came before it. */
  async skipTo(matches: (item: T) => boolean): Promise<T> {
    const index = await this.#find(matches);
    return this.#takeOut(0, index + 1);
  }

  /** Takes out all there is. */
  takeAll(): T[] {
    return this.#items.splice(0);
  }

  /** Where the first is that matches, as soon as there is one. */
  async #find(matches: (item: T) => boolean): Promise<number> {
    while (true) {
      const index = this.#items.findIndex(matches);
      if (index >= 0) return index;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Takes some out, and gives the last of them. */
  #takeOut(start: number, count: number): T {
    const last = this.#items.splice(start, count).at(-1);
    if (last === undefined) throw new RangeError("There is no such item");
    return last;
  }
}
