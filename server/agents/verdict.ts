import { type Duration, steadyNow, type Timestamp } from "../../core/mod.ts";

/** The shortest pause before somebody who is silent is judged again. */
const MIN_PAUSE_MS = 20;

/** No timer waits longer, in milliseconds. */
const MAX_PAUSE_MS = 2 ** 31 - 1;

/** Has those judged who are silent, as soon as the first of them is due. */
export class Verdict {
  readonly #deadline: () => Timestamp;
  readonly #judge: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt: Timestamp = Infinity;
  #isJudging = false;
  #isStopped = false;

  /**
   * Makes one that waits for nobody yet.
   *
   * @param deadline Tells when the first one is due.
   * @param judge Judges all who are; never fails.
   */
  constructor(deadline: () => Timestamp, judge: () => Promise<void>) {
    this.#deadline = deadline;
    this.#judge = judge;
  }

  /** Looks anew when somebody is due. */
  look(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    if (this.#isStopped || this.#isJudging) return;
    this.#dueAt = this.#deadline();
    if (this.#dueAt === Infinity) return;
    const delay = Math.max(MIN_PAUSE_MS, this.#dueAt - steadyNow());
    this.#timer = setTimeout(() => this.#run(), Math.min(delay, MAX_PAUSE_MS));
  }

  /** Takes it that somebody was heard of who is silent after so long. */
  heard(ttlMs: Duration): void {
    if (steadyNow() + ttlMs < this.#dueAt) this.look();
  }

  /** Ends it. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    this.#isJudging = true;
    await this.#judge();
    this.#isJudging = false;
    this.look();
  }
}
