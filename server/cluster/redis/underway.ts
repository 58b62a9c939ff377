/** How often is looked whether an answer is late: so often within the patience. */
const LOOKS = 5;

interface Task {
  readonly reject: (reason: unknown) => void;
  /** How many looks it has outlasted. */
  looks: number;
}

interface Waiting {
  readonly start: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Commands that are under way: so many at a time and no more, those that come
 * later wait for their turn. When one is not answered in time, somebody is told.
 */
export class Underway {
  readonly #limit: number;
  readonly #pause: number;
  readonly #onLate: () => void;
  readonly #tasks = new Set<Task>();
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #failure: { readonly reason: unknown } | undefined;

  /**
   * @param limit How many may be under way.
   * @param patienceMs For how many milliseconds an answer may be outstanding.
   * @param onLate What is called when it is longer.
   */
  constructor(limit: number, patienceMs: number, onLate: () => void) {
    this.#limit = limit;
    this.#pause = patienceMs / LOOKS;
    this.#onLate = onLate;
  }

  /** How many commands are under way or wait. */
  get size(): number {
    return this.#tasks.size + this.#waiting.length;
  }

  /**
   * Has a command done: at once, or after others.
   *
   * @param send Sends it.
   * @returns The answer.
   */
  run<T>(send: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) {
      return Promise.reject(this.#failure.reason);
    }
    return new Promise<T>((resolve, reject) => {
      const start = () => {
        const task = { reject, looks: 0 };
        this.#tasks.add(task);
        this.#timer ??= setInterval(() => this.#look(), this.#pause);
        // What it throws, and does not reject with, is no answer either.
        new Promise<T>((done) => done(send())).then(resolve, reject)
          .finally(() => this.#settled(task));
      };
      if (this.#tasks.size < this.#limit) start();
      else this.#waiting.push({ start, reject });
    });
  }

  /** Fails all of them, and those to come; no answer counts any more. */
  failAll(reason: unknown): void {
    this.#failure ??= { reason };
    const all = [...this.#tasks, ...this.#waiting];
    this.#tasks.clear();
    this.#waiting = [];
    this.#rest();
    for (const { reject } of all) reject(reason);
  }

  #settled(task: Task): void {
    if (!this.#tasks.delete(task)) return;
    if (this.#tasks.size === 0) this.#rest();
    if (this.#waiting.length > 0) this.#waiting.shift()?.start();
  }

  #look(): void {
    // They were sent in this order, so the first one is late first.
    for (const task of this.#tasks) if (++task.looks > LOOKS) this.#onLate();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
