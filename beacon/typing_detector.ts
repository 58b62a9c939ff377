import {
  assertFunction,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import { type Duration, steadyNow, type Timestamp } from "../core/mod.ts";
import { assertDelay } from "./delay.ts";
import { QuietTimer } from "./quiet_timer.ts";

/** What a typing detector tells, and how patient it is. */
export interface TypingDetectorOptions {
  /**
   * How long after the last key typing ends, in milliseconds: positive and at
   * most 2^31 - 1.
   *
   * @default {500}
   */
  readonly debounceMs?: Duration | undefined;
  /** Told when typing begins and when it ends, by turns. It must not throw. */
  readonly onChange: (isTyping: boolean) => void;
  /**
   * Tells the time in milliseconds: best by a clock that nobody sets.
   *
   * @default {steadyNow}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * Tells that somebody is typing from their keys: from the first one until
 * nothing has been typed for a while.
 *
 * A key costs no timer, only a look at the clock. If that clock jumps, typing
 * may end early or late, by no more than the debounce.
 *
 * @example Usage
 * ```ts
 * import { TypingDetector } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * const told: boolean[] = [];
 * const typing = new TypingDetector({
 *   onChange: (isTyping) => told.push(isTyping),
 * });
 * typing.typed();
 * typing.typed();
 * assertEquals(told, [true]);
 *
 * typing.stop(); // Otherwise it ends 500 ms after the last key.
 * assertEquals(told, [true, false]);
 * ```
 */
export class TypingDetector implements Disposable {
  readonly #debounceMs: Duration;
  readonly #onChange: (isTyping: boolean) => void;
  readonly #timer: QuietTimer;
  #isTyping = false;
  #isDisposed = false;

  /**
   * Makes a detector for somebody who does not type yet.
   *
   * @param options What it tells, and how patient it is.
   * @throws {InvalidValueError} If the debounce is none that a timer can wait,
   * or what is to be called is no function.
   */
  constructor(options: TypingDetectorOptions) {
    assertOptions(options, ACTION);
    const { debounceMs = 500, onChange, clock = steadyNow, ...others } =
      options;
    assertNoOtherOptions(others, ACTION);
    assertDelay(ACTION, "debounceMs", debounceMs);
    assertFunction(onChange, "onChange", ACTION);
    assertFunction(clock, "clock", ACTION);
    this.#debounceMs = debounceMs;
    this.#onChange = onChange;
    this.#timer = new QuietTimer(() => this.stop(), clock);
  }

  /** Whether somebody is typing. */
  get isTyping(): boolean {
    return this.#isTyping;
  }

  /** A key has been typed. Does nothing once disposed. */
  typed(): void {
    if (this.#isDisposed) return;
    if (this.#isTyping) return this.#timer.touch();
    this.#isTyping = true;
    this.#timer.start(this.#debounceMs);
    this.#onChange(true);
  }

  /** Ends typing at once: what was typed has been sent, or the field is left. */
  stop(): void {
    if (!this.#isTyping) return;
    this.#isTyping = false;
    this.#timer.stop();
    this.#onChange(false);
  }

  /** Ends it all; nobody is told. */
  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#isTyping = false;
    this.#timer.stop();
  }
}

const ACTION = "create typing detector";
