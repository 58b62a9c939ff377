import { type Duration, steadyNow, type Timestamp } from "../../core/mod.ts";

/** The longest pause before a heartbeat that has failed is tried again. */
const RETRY_MS = 1_000;

/** Beats on time, and at once when there is a reason to; never twice at once. */
export class Heartbeat {
  readonly #intervalMs: Duration;
  readonly #beat: () => Promise<boolean>;
  #state: "new" | "running" | "stopped" = "new";
  #mustBeat = false;
  #beating: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt: Timestamp = Infinity;

  /**
   * Makes one that is yet to be started.
   *
   * @param beat Tells whether it was done; never fails.
   */
  constructor(intervalMs: Duration, beat: () => Promise<boolean>) {
    this.#intervalMs = intervalMs;
    this.#beat = beat;
  }

  /** Starts it; if there was a reason to beat, that is done first. */
  async start(): Promise<void> {
    let isDone = true;
    if (this.#mustBeat) {
      this.#mustBeat = false;
      isDone = await this.#beat();
    }
    if (this.#state === "stopped") return;
    this.#state = "running";
    if (this.#mustBeat) this.now();
    else this.#beatWithin(isDone ? this.#intervalMs : this.#retryMs);
  }

  /** Beats now, or once more if that is under way. */
  now(): void {
    this.#mustBeat = true;
    if (this.#state === "running") this.#beating ??= this.#beatWhileNeeded();
  }

  /** Beats soon: something else has failed. */
  soon(): void {
    if (this.#beating === undefined) this.#beatWithin(this.#retryMs);
  }

  /** Ends it, once nothing is under way. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    clearTimeout(this.#timer);
    await this.#beating;
  }

  get #retryMs(): Duration {
    return Math.min(this.#intervalMs, RETRY_MS);
  }

  async #beatWhileNeeded(): Promise<void> {
    const start = steadyNow();
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    let isDone = true;
    while (this.#mustBeat && this.#state === "running") {
      this.#mustBeat = false;
      isDone = await this.#beat();
    }
    this.#beating = undefined;
    const pause = isDone ? this.#intervalMs : this.#retryMs;
    this.#beatWithin(Math.max(0, start + pause - steadyNow()));
  }

  /** Never puts off what is due before. */
  #beatWithin(delay: Duration): void {
    const dueAt = steadyNow() + delay;
    if (this.#state !== "running" || dueAt >= this.#dueAt) return;
    clearTimeout(this.#timer);
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => this.now(), delay);
  }
}
