/**
 * A stand-in for `FakeTime`, for machines that can't reach JSR. See
 * `.ci/README.md`.
 *
 * @module
 */

import { createClock } from "npm:@sinonjs/fake-timers@15.5.0";

type Callback = (...args: unknown[]) => unknown;

const real = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
};
const realAbortSignalTimeout = AbortSignal.timeout;

let current: FakeTime | undefined;

export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

/**
 * Faked: `Date`, the four timer functions and `AbortSignal.timeout`. Not faked:
 * `performance.now` and microtasks. A delay beyond 2^31-1 ms fires at once, as
 * it does in every runtime; the real class waits for it.
 */
export class FakeTime {
  readonly #clock: ReturnType<typeof createClock>;
  readonly #start: number;
  /** The clock's timer of each pending timer's own id. */
  readonly #pending = new Map<number, unknown>();
  #lastId = 0;

  constructor(start?: number | string | Date | null) {
    if (current) {
      throw new TimeError("Cannot construct FakeTime: time is already faked");
    }
    this.#start = typeof start === "number"
      ? Math.floor(start)
      : start === undefined || start === null
      ? Date.now()
      : new Date(start).getTime();
    if (Number.isNaN(this.#start)) {
      throw new TypeError(
        `Cannot construct FakeTime: invalid start time ${this.#start}`,
      );
    }
    this.#clock = createClock(this.#start);
    current = this;
    this.#override();
  }

  static restore(): void {
    if (!current) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current.restore();
  }

  static async restoreFor<T>(
    // deno-lint-ignore no-explicit-any
    callback: (...args: any[]) => Promise<T> | T,
    // deno-lint-ignore no-explicit-any
    ...args: any[]
  ): Promise<T> {
    const time = current;
    if (!time) throw new TimeError("Cannot restore time: time is not faked");
    restoreGlobals();
    let result: Promise<T> | T;
    try {
      result = callback(...args);
    } catch (error) {
      time.#override();
      throw error;
    }
    if (!(result instanceof Promise)) {
      time.#override();
      return result;
    }
    return await result.finally(() => time.#override());
  }

  get now(): number {
    return this.#clock.now;
  }

  set now(value: number) {
    if (value < this.now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.now}: received ${value}`,
      );
    }
    this.#clock.tick(value - this.now);
  }

  get start(): number {
    return this.#start;
  }

  async delay(ms: number): Promise<void> {
    await new Promise((resolve) => real.setTimeout(resolve, ms));
  }

  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  tick(ms = 0): void {
    this.now += ms;
  }

  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  next(): boolean {
    if (this.#pending.size === 0) return false;
    this.#clock.next();
    this.#clock.tick(0); // whatever else is due at that moment
    return true;
  }

  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  runAll(): void {
    while (this.next());
  }

  async runAllAsync(): Promise<void> {
    while (this.#pending.size > 0) await this.nextAsync();
  }

  restore(): void {
    if (current !== this) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current = undefined;
    restoreGlobals();
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #override(): void {
    if (current !== this) return;
    const setTimer = (repeat: boolean) =>
    (
      callback: Callback,
      delay = 0,
      ...args: unknown[]
    ) => this.#add(callback, delay, args, repeat);
    const clearTimer = (id?: unknown) => {
      this.#clock.clearTimeout(this.#pending.get(id as number) as number);
      this.#pending.delete(id as number);
    };
    const setTimeout = setTimer(false);
    Object.assign(globalThis, {
      Date: this.#clock.Date,
      setTimeout,
      clearTimeout: clearTimer,
      setInterval: setTimer(true),
      clearInterval: clearTimer,
    });
    AbortSignal.timeout = (delay) => {
      const controller = new AbortController();
      setTimeout(
        () =>
          controller.abort(
            new DOMException("Signal timed out.", "TimeoutError"),
          ),
        delay,
      );
      return controller.signal;
    };
  }

  /** Ids are numbers; timers that are due together run as they were armed. */
  #add(
    callback: Callback,
    delay: number,
    args: unknown[],
    repeat: boolean,
  ): number {
    if (typeof callback !== "function") {
      throw new TimeError("FakeTime does not support non-function callbacks");
    }
    const id = ++this.#lastId;
    const wait = Math.max(repeat ? 1 : 0, Math.floor(delay));
    const arm = () => {
      // Else a delay of 0 within a callback would take a millisecond.
      this.#clock.duringTick = false;
      this.#pending.set(id, this.#clock.setTimeout(run, wait));
    };
    const run = () => {
      if (repeat) arm();
      else this.#pending.delete(id);
      callback(...args);
    };
    arm();
    return id;
  }
}

function restoreGlobals(): void {
  Object.assign(globalThis, real);
  AbortSignal.timeout = realAbortSignalTimeout;
}
