/** How often within the patience to look for a late answer. */
const LOOKS = 5;

/** A command that is under way, or waits for its turn. */
interface Task {
  readonly start: () => void;
  readonly reject: (reason: unknown) => void;
  /** How many looks it has outlasted. */
  looks: number;
}

/** Limits how many commands are under way, and detects a late answer. */
export class Underway {
  readonly #limit: number;
  readonly #pause: number;
  readonly #onLate: () => void;
  readonly #running = new Set<Task>();
  #waiting: Task[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #failure: Error | undefined;

  /**
   * @param limit How many commands may be under way; later ones wait.
   * @param patienceMs How long an answer may take, in milliseconds.
   * @param onLate Called when one takes longer.
   */
  constructor(limit: number, patienceMs: number, onLate: () => void) {
    this.#limit = limit;
    this.#pause = patienceMs / LOOKS;
    this.#onLate = onLate;
  }

  /** How many commands are under way or wait. */
  get size(): number {
    return this.#running.size + this.#waiting.length;
  }

  /**
   * Sends a command, at once or after others.
   *
   * @param send Sends it.
   * @returns The answer.
   */
  run<T>(send: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise<T>((resolve, reject) => {
      const start = () => {
        this.#running.add(task);
        this.#timer ??= setInterval(() => this.#look(), this.#pause);
        // What it throws is no answer either.
        new Promise<T>((done) => done(send())).then(resolve, reject)
          .finally(() => this.#settled(task));
      };
      const task: Task = { start, reject, looks: 0 };
      if (this.#running.size < this.#limit) start();
      else this.#waiting.push(task);
    });
  }

  /** Fails all commands, also later ones, and ignores their answers. */
  failAll(reason: Error): void {
    this.#failure ??= reason;
    const all = [...this.#running, ...this.#waiting];
    this.#running.clear();
    this.#waiting = [];
    this.#rest();
    for (const { reject } of all) reject(reason);
  }

  #settled(task: Task): void {
    if (this.#running.delete(task)) this.#waiting.shift()?.start();
  }

  #look(): void {
    // Not at the last answer: a timer for each command costs more than this one.
    if (this.#running.size === 0) return this.#rest();
    // They were sent in this order, so the first one is late first.
    for (const task of this.#running) if (++task.looks > LOOKS) this.#onLate();
  }

  #rest(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
