import {
  assertDelay,
  assertFunction,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import {
  type Duration,
  InvalidValueError,
  steadyNow,
  type Timestamp,
} from "../core/mod.ts";
import { QuietTimer } from "./quiet_timer.ts";

/**
 * How active a person is: `active`, `idle` after a while without activity, `away`
 * after a longer while or when the page is hidden.
 */
export type ActivityState = "active" | "idle" | "away";

/** How an activity monitor works. */
export interface ActivityMonitorOptions {
  /**
   * How long after the last activity a person is idle, in milliseconds: positive
   * and at most 2^31 - 1.
   *
   * @default {30_000}
   */
  readonly activityTimeoutMs?: Duration | undefined;
  /**
   * How long after the last activity a person is away, in milliseconds: longer
   * than `activityTimeoutMs` and at most 2^31 - 1.
   *
   * @default {300_000}
   */
  readonly idleTimeoutMs?: Duration | undefined;
  /** Called with the state whenever it changes. It must not throw. */
  readonly onChange: (state: ActivityState) => void;
  /**
   * Returns the time in milliseconds, ideally by a steady clock.
   *
   * @default {steadyNow}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * Detects when a person becomes idle, away and active again. It starts as active,
 * as if there had been an activity just now.
 *
 * An activity starts no timer and only reads the clock. If the clock jumps, idle
 * and away may be early or late, by at most their own timeout. A timer runs until
 * the person is away: dispose a monitor that is no longer needed.
 *
 * @example Usage
 * ```ts
 * import { ActivityMonitor } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * const states: string[] = [];
 * const monitor = new ActivityMonitor({
 *   onChange: (state) => states.push(state),
 * });
 * assertEquals(monitor.state, "active");
 *
 * monitor.setHidden(true);
 * monitor.active();
 * assertEquals(states, ["away", "active"]);
 *
 * monitor[Symbol.dispose]();
 * ```
 */
export class ActivityMonitor implements Disposable {
  readonly #activityTimeoutMs: Duration;
  readonly #idleTimeoutMs: Duration;
  readonly #onChange: (state: ActivityState) => void;
  readonly #timer: QuietTimer;
  #state: ActivityState = "active";
  #isDisposed = false;
  /** Stops the monitor without calling `onChange`. The state stays. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Makes a monitor of a person who is active now.
   *
   * @param options How it works.
   * @throws {InvalidValueError} If a timer can't wait for a timeout, away does not
   * come after idle, or a callback is not a function.
   */
  constructor(options: ActivityMonitorOptions) {
    assertOptions(options, ACTION);
    const {
      activityTimeoutMs = 30_000,
      idleTimeoutMs = 300_000,
      onChange,
      clock = steadyNow,
      ...others
    } = options;
    assertNoOtherOptions(others, ACTION);
    assertDelay(activityTimeoutMs, "activityTimeoutMs", ACTION);
    assertDelay(idleTimeoutMs, "idleTimeoutMs", ACTION);
    if (idleTimeoutMs <= activityTimeoutMs) {
      const rule =
        `must be longer than activityTimeoutMs, which is ${activityTimeoutMs}`;
      throw new InvalidValueError(ACTION, "idleTimeoutMs", rule, idleTimeoutMs);
    }
    assertFunction(onChange, "onChange", ACTION);
    assertFunction(clock, "clock", ACTION);
    this[Symbol.dispose] = this.#dispose;
    this.#activityTimeoutMs = activityTimeoutMs;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onChange = onChange;
    this.#timer = new QuietTimer(() => this.#onQuiet(), clock);
    this.#timer.start(activityTimeoutMs);
  }

  /** The current state. */
  get state(): ActivityState {
    return this.#state;
  }

  /**
   * Handles an activity: the person is active now, whatever the state was, even
   * if the page is hidden. Does nothing once disposed.
   */
  active(): void {
    if (this.#isDisposed) return;
    if (this.#state === "active") return this.#timer.touch();
    this.#timer.start(this.#activityTimeoutMs);
    this.#become("active");
  }

  /**
   * Handles the hiding of the page, which makes the person away at once, or its
   * return, which is an activity. Does nothing once disposed.
   *
   * @param isHidden Whether the page is hidden.
   */
  setHidden(isHidden: boolean): void {
    if (this.#isDisposed) return;
    if (!isHidden) return this.active();
    this.#timer.stop();
    this.#become("away");
  }

  #dispose(): void {
    this.#isDisposed = true;
    this.#timer.stop();
  }

  #onQuiet(): void {
    if (this.#state === "idle") return this.#become("away");
    this.#timer.start(this.#idleTimeoutMs - this.#activityTimeoutMs);
    this.#become("idle");
  }

  #become(state: ActivityState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onChange(state);
  }
}

const ACTION = "create activity monitor";
