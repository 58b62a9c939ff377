import type { Duration, Timestamp } from "../core/mod.ts";

/** A smaller difference is no step: two readings never agree exactly. */
const STEP_MS: Duration = 100;

/**
 * The wall clock, which is displayed and may be set, and the steady clock, which
 * decides what is due. See ADR 0003.
 */
export class Clocks {
  readonly #wall: () => Timestamp;
  readonly #steady: () => Timestamp;
  readonly #onSetBack: (by: Duration) => void;
  #shift: Duration = 0;

  /**
   * Creates a pair of clocks.
   *
   * @param onSetBack Called with the amount when the wall clock was set back.
   */
  constructor(
    wall: () => Timestamp,
    steady: () => Timestamp,
    onSetBack: (by: Duration) => void,
  ) {
    this.#wall = wall;
    this.#steady = steady;
    this.#onSetBack = onSetBack;
  }

  /** The current time of the steady clock. */
  get steady(): Timestamp {
    return this.#steady();
  }

  /** The current wall time. It decreases only when the clock is set back. */
  get wall(): Timestamp {
    const steady = this.#steady();
    return steady - this.shiftAt(steady);
  }

  /**
   * Returns how far the steady clock is ahead of the wall clock. It is constant
   * until the wall clock is set.
   *
   * @param steady The current time of the steady clock.
   */
  shiftAt(steady: Timestamp): Duration {
    if (this.#wall === this.#steady) return 0;
    if (this.#isStep(steady - this.#wall())) {
      // The process may have been paused between the two readings.
      const shift = this.#steady() - this.#wall();
      if (this.#isStep(shift)) this.#set(shift);
    }
    return this.#shift;
  }

  #isStep(shift: Duration): boolean {
    return Math.abs(shift - this.#shift) >= STEP_MS;
  }

  #set(shift: Duration): void {
    const setBack = shift - this.#shift;
    this.#shift = shift;
    if (setBack > 0) this.#onSetBack(setBack);
  }
}
