import {
  assertFunction,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import { type Duration, steadyNow, type Timestamp } from "../core/mod.ts";
import { assertDelay } from "./delay.ts";

/** What a throttle sends, and how often. */
export interface ThrottleOptions<T> {
  /**
   * The time from one value to the next that is sent, in milliseconds: positive
   * and at most 2^31 - 1.
   */
  readonly intervalMs: Duration;
  /**
   * Sends a value. What it throws reaches the caller of `push()` or `flush()`;
   * a value that waited is sent by a timer, where nobody can catch it.
   */
  readonly send: (value: T) => void;
  /**
   * Tells the time in milliseconds: best by a clock that nobody sets.
   *
   * @default {steadyNow}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * Sends at most one value per interval, and always the latest: the first at
 * once, and of those that come too early the last one, when its time has come.
 *
 * Only a value that waits has a timer, and there is never more than one. A
 * clock that jumps forward can make one value come early; one that jumps back
 * never keeps a value for longer than an interval.
 *
 * @typeParam T What is sent.
 *
 * @example Usage
 * ```ts
 * import { Throttle } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: number[] = [];
 * const columns = new Throttle<number>({
 *   intervalMs: 50,
 *   send: (column) => sent.push(column),
 * });
 * for (const column of [1, 2, 3]) columns.push(column);
 * assertEquals(sent, [1]);
 *
 * columns.flush(); // A timer does this, 50 ms after the first.
 * assertEquals(sent, [1, 3]);
 * ```
 */
export class Throttle<T> implements Disposable {
  readonly #intervalMs: Duration;
  readonly #send: (value: T) => void;
  readonly #clock: () => Timestamp;
  #waiting: { readonly value: T } | undefined;
  #sentAt: Timestamp = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  /**
   * Makes a throttle that has sent nothing yet.
   *
   * @param options What it sends, and how often.
   * @throws {InvalidValueError} If the interval is none that a timer can wait,
   * or what is to be called is no function.
   */
  constructor(options: ThrottleOptions<T>) {
    assertOptions(options, ACTION);
    const { intervalMs, send, clock = steadyNow, ...others } = options;
    assertNoOtherOptions(others, ACTION);
    assertDelay(ACTION, "intervalMs", intervalMs);
    assertFunction(send, "send", ACTION);
    assertFunction(clock, "clock", ACTION);
    this.#intervalMs = intervalMs;
    this.#send = send;
    this.#clock = clock;
  }

  /** The value that waits for its time; `undefined` if none does. */
  get pending(): T | undefined {
    return this.#waiting?.value;
  }

  /**
   * Sends a value at once if the last one was sent an interval ago or more;
   * otherwise it waits for that time, in place of the one that waited before.
   * Does nothing once disposed.
   *
   * @param value The value.
   */
  push(value: T): void {
    if (this.#isDisposed) return;
    this.#waiting = { value };
    const leftMs = this.#sentAt + this.#intervalMs - this.#clock();
    if (leftMs <= 0) return this.flush();
    // Runtimes drop the fraction: rounded down, it would come too early.
    const waitMs = Math.ceil(Math.min(leftMs, this.#intervalMs));
    this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  /**
   * Sends what waits at once, though its time has not come: a goodbye is no
   * reason to lose it. Does nothing if nothing waits.
   */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting === undefined) return;
    const { value } = this.#waiting;
    this.#waiting = undefined;
    this.#sentAt = this.#clock();
    this.#send(value);
  }

  /** Drops what waits, and sends nothing more. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#waiting = undefined;
    clearTimeout(this.#timer);
  }
}

const ACTION = "create throttle";
