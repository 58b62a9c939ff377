import {
  assertDelay,
  assertFunction,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import { type Duration, steadyNow, type Timestamp } from "../core/mod.ts";

/** What a throttle sends, and how often. */
export interface ThrottleOptions<T> {
  /**
   * The minimum time between two sent values, in milliseconds: positive and at
   * most 2^31 - 1.
   */
  readonly intervalMs: Duration;
  /**
   * Sends a value. If it throws, `push()` or `flush()` throws. A delayed value
   * is sent by a timer, where nobody can catch the error.
   */
  readonly send: (value: T) => void;
  /**
   * Returns the time in milliseconds, ideally by a steady clock.
   *
   * @default {steadyNow}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * Sends at most one value per interval, and always the latest: the first value
 * at once (leading edge), then the last of those pushed during the interval, when
 * it is over (trailing edge).
 *
 * Only a delayed value has a timer, and there is never more than one. A clock that
 * jumps forward can make one value early; a clock that jumps back never delays a
 * value by more than an interval.
 *
 * @typeParam T The type of the values.
 *
 * @example Usage
 * ```ts
 * import { Throttle } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * const sent: number[] = [];
 * const levels = new Throttle<number>({
 *   intervalMs: 60_000,
 *   send: (level) => sent.push(level),
 * });
 * for (const level of [98, 97, 96]) levels.push(level);
 * assertEquals(sent, [98]);
 *
 * levels.flush(); // A timer would do this a minute after the first value.
 * assertEquals(sent, [98, 96]);
 * ```
 */
export class Throttle<T> implements Disposable {
  readonly #intervalMs: Duration;
  readonly #send: (value: T) => void;
  readonly #clock: () => Timestamp;
  #delayed: { readonly value: T } | undefined;
  #sentAt: Timestamp = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;
  /** Drops the delayed value, and sends nothing more. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Makes a throttle that has sent nothing yet.
   *
   * @param options What to send, and how often.
   * @throws {InvalidValueError} If a timer can't wait for the interval, or a
   * callback is not a function.
   */
  constructor(options: ThrottleOptions<T>) {
    assertOptions(options, ACTION);
    const { intervalMs, send, clock = steadyNow, ...others } = options;
    assertNoOtherOptions(others, ACTION);
    assertDelay(intervalMs, "intervalMs", ACTION);
    assertFunction(send, "send", ACTION);
    assertFunction(clock, "clock", ACTION);
    this[Symbol.dispose] = this.#dispose;
    this.#intervalMs = intervalMs;
    this.#send = send;
    this.#clock = clock;
  }

  /**
   * Sends a value at once if the last one was sent an interval ago or more.
   * Otherwise delays it until then, in place of the value delayed before. Does
   * nothing once disposed.
   *
   * @param value The value.
   */
  push(value: T): void {
    if (this.#isDisposed) return;
    this.#delayed = { value };
    const leftMs = this.#sentAt + this.#intervalMs - this.#clock();
    if (leftMs <= 0) return this.flush();
    // Timers drop the fraction: rounded down, the value would be too early.
    const waitMs = Math.ceil(Math.min(leftMs, this.#intervalMs));
    this.#timer ??= setTimeout(() => this.flush(), waitMs);
  }

  /**
   * Sends the delayed value now, so that a goodbye does not lose it. Does nothing
   * if there is none.
   */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#delayed === undefined) return;
    const { value } = this.#delayed;
    this.#delayed = undefined;
    this.#sentAt = this.#clock();
    this.#send(value);
  }

  #dispose(): void {
    this.#isDisposed = true;
    this.#delayed = undefined;
    clearTimeout(this.#timer);
  }
}

const ACTION = "create throttle";
