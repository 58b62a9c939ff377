import type { Duration, Timestamp } from "../core/mod.ts";

/** Less than this is no step: the two clocks need not agree to the millisecond. */
const STEP_MS: Duration = 100;

/**
 * The wall clock, which is shown and may be set, and the steady clock, which
 * decides what is due. See ADR 0003.
 */
export class Clocks {
  readonly #wall: () => Timestamp;
  readonly #steady: () => Timestamp;
  readonly #onSetBack: (by: Duration) => void;
  #shift: Duration = 0;

  /**
   * Makes clocks that agree.
   *
   * @param onSetBack Told by how much the wall clock was set back, when that is
   * noticed.
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

  /** The present by the steady clock. */
  get steady(): Timestamp {
    return this.#steady();
  }

  /** The present by the wall clock; it goes back only when it is set back. */
  get wall(): Timestamp {
    const steady = this.#steady();
    return steady - this.shiftAt(steady);
  }

  /**
   * By how much the steady clock is ahead of the wall clock. It stays the same
   * until the wall clock is set.
   *
   * @param steady The present by the steady clock.
   */
  shiftAt(steady: Timestamp): Duration {
    if (this.#wall === this.#steady) return 0;
    if (this.#isStep(steady - this.#wall())) {
      // The process may have been interrupted between the two readings.
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
