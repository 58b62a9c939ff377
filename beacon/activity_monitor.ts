import {
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
import { assertDelay } from "./delay.ts";
import { QuietTimer } from "./quiet_timer.ts";

/**
 * How present somebody is: `active`, `idle` after a while without activity,
 * `away` after a longer one, or when they can't see it.
 */
export type ActivityState = "active" | "idle" | "away";

/** What an activity monitor tells, and how patient it is. */
export interface ActivityMonitorOptions {
  /**
   * How long after the last activity somebody is idle, in milliseconds:
   * positive and at most 2^31 - 1.
   *
   * @default {30_000}
   */
  readonly activityTimeoutMs?: Duration | undefined;
  /**
   * How long after the last activity somebody is away, in milliseconds: longer
   * than `activityTimeoutMs` and at most 2^31 - 1.
   *
   * @default {300_000}
   */
  readonly idleTimeoutMs?: Duration | undefined;
  /** Told of every change of the state, once. It must not throw. */
  readonly onChange: (state: ActivityState) => void;
  /**
   * Tells the time in milliseconds: best by a clock that nobody sets.
   *
   * @default {steadyNow}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * Tells when somebody turns idle, when they are away, and when they are back.
 * Begins as active, as if there had been an activity just now.
 *
 * An activity costs no timer, only a look at the clock. If that clock jumps,
 * idle and away may come early or late, by no more than their own time. A timer
 * runs until they are away: dispose of a monitor that is no longer needed.
 *
 * @example Usage
 * ```ts
 * import { ActivityMonitor } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * const told: string[] = [];
 * const monitor = new ActivityMonitor({
 *   onChange: (state) => told.push(state),
 * });
 * assertEquals(monitor.state, "active");
 *
 * monitor.setHidden(true);
 * monitor.active();
 * assertEquals(told, ["away", "active"]);
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

  /**
   * Makes a monitor for somebody who is active now.
   *
   * @param options What it tells, and how patient it is.
   * @throws {InvalidValueError} If a time is none that a timer can wait, away
   * does not come after idle, or what is to be called is no function.
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
    assertDelay(ACTION, "activityTimeoutMs", activityTimeoutMs);
    assertDelay(ACTION, "idleTimeoutMs", idleTimeoutMs);
    assertLonger(idleTimeoutMs, activityTimeoutMs);
    assertFunction(onChange, "onChange", ACTION);
    assertFunction(clock, "clock", ACTION);
    this.#activityTimeoutMs = activityTimeoutMs;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onChange = onChange;
    this.#timer = new QuietTimer(() => this.#onQuiet(), clock);
    this.#timer.start(activityTimeoutMs);
  }

  /** How present they are. */
  get state(): ActivityState {
    return this.#state;
  }

  /**
   * They have done something: they are active now, whatever they were, hidden
   * or not. Does nothing once disposed.
   */
  active(): void {
    if (this.#isDisposed) return;
    if (this.#state === "active") return this.#timer.touch();
    this.#timer.start(this.#activityTimeoutMs);
    this.#become("active");
  }

  /**
   * They have hidden the page and are away at once, or have come back to it,
   * which is an activity. Does nothing once disposed.
   *
   * @param isHidden Whether the page is hidden now.
   */
  setHidden(isHidden: boolean): void {
    if (this.#isDisposed) return;
    if (!isHidden) return this.active();
    this.#timer.stop();
    this.#become("away");
  }

  /** Ends it; nobody is told, and the state stays. */
  [Symbol.dispose](): void {
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

function assertLonger(idleTimeoutMs: Duration, than: Duration): void {
  if (idleTimeoutMs > than) return;
  const rule = `must be longer than activityTimeoutMs, which is ${than}`;
  throw new InvalidValueError(ACTION, "idleTimeoutMs", rule, idleTimeoutMs);
}
