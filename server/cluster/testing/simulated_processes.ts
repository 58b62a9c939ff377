import { FakeTime } from "@std/testing/time";

/** The step of the time, in milliseconds. */
const STEP = 5;

/** How many turns of microtasks each task gets. */
const TURNS = 40;

/** A task of a process, or of none. */
interface Task {
  readonly process: SimulatedProcess | undefined;
  readonly run: () => unknown;
  isCancelled: boolean;
}

/** A process, whose tasks wait while it is paused. */
export class SimulatedProcess {
  /** Whether it is paused. */
  isPaused = false;
  /** Whether it has ended. */
  isCrashed = false;
  /** The tasks that wait until it resumes. */
  readonly waiting: Task[] = [];
  /** The timers that it has armed. */
  readonly timers = new Set<TimerId>();
}

type TimerId = ReturnType<typeof setTimeout>;
type Callback = (...args: unknown[]) => unknown;
type Timer = (
  callback: Callback,
  delay?: number,
  ...args: unknown[]
) => TimerId;

/**
 * Fake time for several processes in one: a timer belongs to the process that
 * has armed it. One task runs at a time, with all the microtasks that come of
 * it, so that the same seed always gives the same history.
 */
export class SimulatedProcesses implements Disposable {
  readonly #time = new FakeTime(1_000_000);
  readonly #tasks = new Map<TimerId, Task>();
  readonly #ready: Task[] = [];
  readonly #setTimeout: Timer;
  readonly #clearTimeout: (id?: TimerId) => void;
  #current: SimulatedProcess | undefined;

  /** Takes over the clock and the timers. */
  constructor() {
    this.#setTimeout = globalThis.setTimeout;
    this.#clearTimeout = globalThis.clearTimeout;
    const { setInterval } = globalThis;
    const clear = (id?: TimerId) => this.#clear(id);
    Object.assign(globalThis, {
      setTimeout: this.#armWith(this.#setTimeout, false),
      setInterval: this.#armWith(setInterval, true),
      clearTimeout: clear,
      clearInterval: clear,
    });
  }

  /** The true time, which no process knows. */
  get now(): number {
    return Date.now();
  }

  /** Runs a task in a process after a delay. */
  after(
    delay: number,
    process: SimulatedProcess | undefined,
    run: () => unknown,
  ): void {
    const task = { process, run, isCancelled: false };
    this.#setTimeout(() => this.#ready.push(task), delay);
  }

  /** Runs a task in a process now, with all its microtasks. */
  async run(
    process: SimulatedProcess | undefined,
    run: () => unknown,
  ): Promise<void> {
    this.#ready.push({ process, run, isCancelled: false });
    await this.#drain();
  }

  /** Advances the time. */
  async pass(duration: number): Promise<void> {
    for (let gone = 0; gone < duration; gone += STEP) {
      this.#time.tick(STEP);
      await this.#drain();
    }
  }

  /** Resumes a paused process. */
  async resume(process: SimulatedProcess): Promise<void> {
    process.isPaused = false;
    this.#ready.push(...process.waiting.splice(0));
    await this.#drain();
  }

  /** Ends a process. */
  crash(process: SimulatedProcess): void {
    process.isCrashed = true;
    process.waiting.length = 0;
    for (const id of process.timers) this.#clear(id);
  }

  /** Restores the clock and the timers. */
  [Symbol.dispose](): void {
    this.#time.restore();
  }

  async #drain(): Promise<void> {
    for (;;) {
      const task = this.#ready.shift();
      if (task === undefined) return;
      const { process } = task;
      if (task.isCancelled || process?.isCrashed) continue;
      if (process?.isPaused) {
        if (!process.waiting.includes(task)) process.waiting.push(task);
        continue;
      }
      this.#current = process;
      task.run();
      for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
      this.#current = undefined;
    }
  }

  #armWith(arm: Timer, repeats: boolean): Timer {
    return (callback, delay, ...args) => {
      const process = this.#current;
      const task = {
        process,
        run: () => {
          if (!repeats) this.#clear(id);
          callback(...args);
        },
        isCancelled: false,
      };
      const id = arm(() => this.#ready.push(task), delay);
      this.#tasks.set(id, task);
      process?.timers.add(id);
      return id;
    };
  }

  #clear(id?: TimerId): void {
    if (id === undefined) return;
    this.#clearTimeout(id);
    const task = this.#tasks.get(id);
    if (task === undefined) return;
    this.#tasks.delete(id);
    task.process?.timers.delete(id);
    // Of a timer that is running nothing is left to cancel.
    task.isCancelled = true;
  }
}
