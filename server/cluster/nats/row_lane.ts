import { isNoAnswer } from "./errors.ts";

/** A write that waits for its turn. */
interface Job {
  readonly id: string;
  readonly type: "put" | "removal";
  start(): void;
  drop(error: unknown): void;
}

/**
 * The order of the writes of one context. Those of different rows may be under
 * way together, as a connection keeps their order; those of one row wait for
 * each other, and all wait for one that has to be looked into first. A removal
 * waits for the puts before it: one whose row turns out to be another one is
 * tried again, and would come after it.
 */
export class RowLane {
  readonly #waiting: Job[] = [];
  readonly #running = new Set<string>();
  readonly #all = new Set<Promise<unknown>>();
  readonly #onIdle: () => void;
  #holds = 0;
  /** How many puts are under way. */
  #puts = 0;
  #isGoing = false;

  /**
   * Makes an order of no writes.
   *
   * @param onIdle Told when nothing is under way any more.
   */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  /**
   * Adds a write of a row; it is called at once if nothing is in its way. When
   * one finds that nobody answers, those that wait fail as well.
   */
  add<T>(
    id: string,
    type: Job["type"],
    write: () => Promise<T>,
  ): Promise<T> {
    const done = new Promise<T>((resolve, reject) => {
      const start = () => {
        this.#running.add(id);
        if (type === "put") this.#puts++;
        write().then(resolve, (error) => {
          reject(error);
          if (!isNoAnswer(error)) return;
          for (const { drop } of this.#waiting.splice(0)) drop(error);
        }).finally(() => {
          this.#running.delete(id);
          if (type === "put") this.#puts--;
          this.#go();
        });
      };
      this.#waiting.push({ id, type, start, drop: reject });
    });
    const settled = done.then(() => {}, () => {}).then(() => {
      this.#all.delete(settled);
      if (this.#all.size === 0) this.#onIdle();
    });
    this.#all.add(settled);
    this.#go();
    return done;
  }

  /**
   * Has others wait.
   *
   * @returns What lets them go on; more than once does nothing.
   */
  readonly hold = (): () => void => {
    let isHeld = true;
    this.#holds++;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      this.#go();
    };
  };

  /** Waits until all that was added by now is settled. */
  async settled(): Promise<void> {
    await Promise.all(this.#all);
  }

  #go(): void {
    // What is started may let the next one go before it returns.
    if (this.#isGoing) return;
    this.#isGoing = true;
    for (;;) {
      const [next] = this.#waiting;
      if (next === undefined || this.#holds > 0) break;
      if (this.#running.has(next.id)) break;
      if (next.type === "removal" && this.#puts > 0) break;
      this.#waiting.shift();
      next.start();
    }
    this.#isGoing = false;
  }
}
