import { isNoAnswer } from "./errors.ts";

/**
 * The order of the writes of one context. A write waits until the one before it
 * is sent, and until the last write of its row is done. A removal also waits for
 * all puts before it: a put whose row turns out to be another one is tried again,
 * and would be done after the removal.
 */
export class RowLane {
  readonly #onIdle: () => void;
  /** Settles when the last write is sent or done. */
  #sent: Promise<void> = Promise.resolve();
  /** The last write of each row. */
  readonly #rows = new Map<string, Promise<void>>();
  /** The puts since the last removal that are not done. */
  readonly #puts = new Set<Promise<void>>();
  /** The writes that are not done. */
  readonly #all = new Set<Promise<void>>();

  /**
   * Makes an order of no writes.
   *
   * @param onIdle Called when no write is left.
   */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /**
   * Adds a write of a row. If one fails because nobody answers, those that wait
   * for it fail as well, or the last of them would wait for all timeouts.
   *
   * @param write Writes the row, and calls its argument once that is sent.
   */
  add<T>(
    id: string,
    type: "put" | "removal",
    write: (goOn: () => void) => Promise<T>,
  ): Promise<T> {
    const before = [this.#sent, this.#rows.get(id)];
    if (type === "removal") {
      before.push(...this.#puts);
      // Later removals wait for this one to be sent.
      this.#puts.clear();
    }
    let goOn = () => {};
    const going = new Promise<void>((resolve) => goOn = resolve);
    const result = (async () => {
      for (const earlier of before) await earlier;
      return await write(goOn);
    })();
    const done = result.then(() => {}, (error) => {
      if (isNoAnswer(error)) throw error;
    });
    const sent = Promise.race([going, done]);
    this.#sent = sent;
    this.#rows.set(id, done);
    this.#all.add(done);
    if (type === "put") this.#puts.add(done);
    // What is added later waits for it no more, also if it has failed.
    const forget = () => {
      if (this.#sent === sent) this.#sent = Promise.resolve();
      if (this.#rows.get(id) === done) this.#rows.delete(id);
      this.#puts.delete(done);
      this.#all.delete(done);
      if (this.#all.size === 0) this.#onIdle();
    };
    sent.catch(() => {});
    done.then(forget, forget);
    return result;
  }

  /** Resolves when all writes that were added before are done or have failed. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#all);
  }
}
