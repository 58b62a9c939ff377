/**
 * A stand-in for `FakeTime`, for machines that can't reach JSR. See
 * `.ci/README.md`.
 *
 * @module
 */

type Callback = (...args: unknown[]) => unknown;

export interface DelayOptions {
  signal?: AbortSignal;
}

export interface FakeTimeOptions {
  advanceRate: number;
  advanceFrequency?: number;
}

export class TimeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TimeError";
  }
}

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly delay: number;
  readonly repeats: boolean;
  readonly run: () => unknown;
}

const REAL = {
  Date,
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
};
const REAL_ABORT_SIGNAL = { timeout: AbortSignal.timeout };

let current: FakeTime | undefined;
let now = 0;
let start = 0;
let lastId = 0;
let advancing: ReturnType<typeof setInterval> | undefined;

/** The timers that will run, by id. */
let pending = new Map<number, Timer>();

/** The next timer is first. Cleared ones stay until they are due. */
let queue: Timer[] = [];

function enqueue(timer: Timer): void {
  pending.set(timer.id, timer);
  const before = queue.findLastIndex(({ due }) => due <= timer.due);
  queue.splice(before + 1, 0, timer);
}

/** Assigning `Date.now` sets that of the real Date, and changes nothing here. */
const FakeDate = new Proxy(Date, {
  get: (target, name, receiver) =>
    name === "now" ? fakeNow : Reflect.get(target, name, receiver),
  construct: (target, args) =>
    Reflect.construct(target, args.length === 0 ? [fakeNow()] : args),
  apply: (target) => new target(fakeNow()).toString(),
});

function fakeNow(): number {
  return current === undefined ? REAL.Date.now() : now;
}

function fakeSetter(name: "setTimeout" | "setInterval") {
  const repeats = name === "setInterval";
  return (callback: Callback, delay = 0, ...args: unknown[]): number => {
    if (typeof callback !== "function") {
      throw new TimeError(
        `FakeTime does not support non-function callbacks to ${name}`,
      );
    }
    assertFaked(repeats ? "set interval" : "set timeout");
    const wait = Math.max(repeats ? 1 : 0, Math.floor(delay));
    const run = () => Reflect.apply(callback, null, args);
    const id = ++lastId;
    enqueue({ id, due: now + wait, delay: wait, repeats, run });
    return id;
  };
}

function fakeClearer(action: string) {
  return (id?: unknown): void => {
    assertFaked(action);
    pending.delete(id as number);
  };
}

function assertFaked(action: string): void {
  if (!current) throw new TimeError(`Cannot ${action}: time is not faked`);
}

const fakeSetTimeout = fakeSetter("setTimeout");

const FAKE = {
  Date: FakeDate,
  setTimeout: fakeSetTimeout,
  clearTimeout: fakeClearer("clear timeout"),
  setInterval: fakeSetter("setInterval"),
  clearInterval: fakeClearer("clear interval"),
};

const FAKE_ABORT_SIGNAL = {
  timeout(delay: number): AbortSignal {
    const controller = new AbortController();
    const reason = new DOMException("Signal timed out.", "TimeoutError");
    fakeSetTimeout(() => controller.abort(reason), delay);
    return controller.signal;
  },
};

function fake(): void {
  Object.assign(globalThis, FAKE);
  Object.assign(AbortSignal, FAKE_ABORT_SIGNAL);
}

function unfake(): void {
  Object.assign(globalThis, REAL);
  Object.assign(AbortSignal, REAL_ABORT_SIGNAL);
}

/** Not faked: `performance.now` and microtasks. */
export class FakeTime {
  constructor(
    from?: number | string | Date | null,
    options?: FakeTimeOptions,
  ) {
    if (current) {
      throw new TimeError("Cannot construct FakeTime: time is already faked");
    }
    const present = REAL.Date.now();
    start = typeof from === "number"
      ? Math.floor(from)
      : typeof from === "string" || from instanceof Date
      ? new Date(from).getTime()
      : present;
    if (Number.isNaN(start)) {
      throw new TypeError(
        `Cannot construct FakeTime: invalid start time ${start}`,
      );
    }
    now = start;
    lastId = 0;
    pending = new Map();
    queue = [];
    current = this;
    fake();
    const { advanceRate = 0, advanceFrequency = 10 } = options ?? {};
    if (advanceRate <= 0) return;
    const step = Math.max(0, advanceFrequency);
    advancing = REAL.setInterval(() => this.tick(advanceRate * step), step);
  }

  static restore(): void {
    if (!current) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current.restore();
  }

  static restoreFor<T>(
    // deno-lint-ignore no-explicit-any
    callback: (...args: any[]) => Promise<T> | T,
    // deno-lint-ignore no-explicit-any
    ...args: any[]
  ): Promise<T> {
    if (!current) {
      return Promise.reject(
        new TimeError("Cannot restore time: time is not faked"),
      );
    }
    unfake();
    let result: Promise<T> | T;
    try {
      result = Reflect.apply(callback, null, args);
    } catch (error) {
      fake();
      return Promise.reject(error);
    }
    if (result instanceof Promise) return result.finally(fake);
    fake();
    return Promise.resolve(result);
  }

  get now(): number {
    return now;
  }

  set now(value: number) {
    if (value < now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${now}: received ${value}`,
      );
    }
    for (let timer = queue[0]; timer && timer.due <= value; timer = queue[0]) {
      queue.shift();
      if (pending.get(timer.id) !== timer) continue;
      now = timer.due;
      if (timer.repeats) enqueue({ ...timer, due: now + timer.delay });
      else pending.delete(timer.id);
      timer.run();
    }
    now = value;
  }

  get start(): number {
    return start;
  }

  async delay(ms: number, { signal }: DelayOptions = {}): Promise<void> {
    const isAborted = () =>
      new DOMException("Delay was aborted.", "AbortError");
    if (signal?.aborted) throw isAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const abort = () => {
      REAL.clearTimeout(timer);
      reject(isAborted());
    };
    signal?.addEventListener("abort", abort, { once: true });
    // Not awaited: without fake time it is an unhandled rejection.
    FakeTime.restoreFor(() => setTimeout(resolve, ms)).then((id) => timer = id);
    await promise;
    signal?.removeEventListener("abort", abort);
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
    while (queue[0] && pending.get(queue[0].id) !== queue[0]) queue.shift();
    const [first] = queue;
    if (first) this.now = first.due;
    return first !== undefined;
  }

  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  runAll(): void {
    while (queue.length > 0) this.next();
  }

  async runAllAsync(): Promise<void> {
    while (queue.length > 0) await this.nextAsync();
  }

  restore(): void {
    if (!current) {
      throw new TimeError("Cannot restore time: time is already restored");
    }
    current = undefined;
    unfake();
    clearInterval(advancing);
    advancing = undefined;
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}
