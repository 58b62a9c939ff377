import {
  assertDelay,
  assertFunction,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import { type Duration, steadyNow, type Timestamp } from "../core/mod.ts";
import { QuietTimer } from "./quiet_timer.ts";

/** How a typing detector works. */
export interface TypingDetectorOptions {
  /**
   * How long after the last key typing ends, in milliseconds: positive and at
   * most 2^31 - 1.
   *
   * @default {500}
   */
  readonly debounceMs?: Duration | undefined;
  /** Called when typing begins and when it ends. It must not throw. */
  readonly onChange: (isTyping: boolean) => void;
  /**
   * Returns the time in milliseconds, ideally by a steady clock.
   *
   * @default {steadyNow}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * Detects typing from key presses: typing begins with the first key and ends when
 * no key has been pressed for a while (debounce).
 *
 * A key starts no timer and only reads the clock. If the clock jumps, typing may
 * end early or late, by at most the debounce.
 *
 * @example Usage
 * ```ts
 * import { TypingDetector } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * const changes: boolean[] = [];
 * const typing = new TypingDetector({
 *   onChange: (isTyping) => changes.push(isTyping),
 * });
 * typing.typed();
 * typing.typed();
 * assertEquals(changes, [true]);
 *
 * typing.stop(); // Otherwise it ends 500 ms after the last key.
 * assertEquals(changes, [true, false]);
 * ```
 */
export class TypingDetector implements Disposable {
  readonly #debounceMs: Duration;
  readonly #onChange: (isTyping: boolean) => void;
  readonly #timer: QuietTimer;
  #isTyping = false;
  #isDisposed = false;
  /** Stops the detector without calling `onChange`. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Makes a detector of a person who is not typing.
   *
   * @param options How it works.
   * @throws {InvalidValueError} If a timer can't wait for the debounce, or a
   * callback is not a function.
   */
  constructor(options: TypingDetectorOptions) {
    assertOptions(options, ACTION);
    const { debounceMs = 500, onChange, clock = steadyNow, ...others } =
      options;
    assertNoOtherOptions(others, ACTION);
    assertDelay(debounceMs, "debounceMs", ACTION);
    assertFunction(onChange, "onChange", ACTION);
    assertFunction(clock, "clock", ACTION);
    this[Symbol.dispose] = this.#dispose;
    this.#debounceMs = debounceMs;
    this.#onChange = onChange;
    this.#timer = new QuietTimer(() => this.stop(), clock);
  }

  /** Whether the person is typing. */
  get isTyping(): boolean {
    return this.#isTyping;
  }

  /** Handles a key press. Does nothing once disposed. */
  typed(): void {
    if (this.#isDisposed) return;
    if (this.#isTyping) return this.#timer.touch();
    this.#isTyping = true;
    this.#timer.start(this.#debounceMs);
    this.#onChange(true);
  }

  /** Ends typing at once: the text was sent, or the field has lost the focus. */
  stop(): void {
    if (!this.#isTyping) return;
    this.#isTyping = false;
    this.#timer.stop();
    this.#onChange(false);
  }

  #dispose(): void {
    this.#isDisposed = true;
    this.#isTyping = false;
    this.#timer.stop();
  }
}

const ACTION = "create typing detector";
