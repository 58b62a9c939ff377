/** How many frames may wait. */
const MAX_FRAMES = 256;

/** How a backlog handles frames. */
export interface BacklogSettings {
  /** How long all waiting frames may be together, in UTF-16 units or bytes. */
  readonly maxLength: number;
  /** Handles a frame; the next ones wait for the promise, if it returns one. */
  take(frame: string | Uint8Array): Promise<void> | undefined;
  /** Called when a promise is rejected. */
  onError(error: unknown): void;
  /** Aborted when no more frames shall be handled. */
  readonly signal: AbortSignal;
}

/**
 * The frames of one client: each is handled when the one before it is done. Only
 * heartbeats overtake: the socket handles them past a busy backlog.
 */
export class Backlog {
  readonly #settings: BacklogSettings;
  #waiting: (string | Uint8Array)[] | undefined;
  #length = 0;

  /** Makes it; nothing waits yet. */
  constructor(settings: BacklogSettings) {
    this.#settings = settings;
  }

  /** Whether a frame is being handled, which the next ones wait for. */
  get isBusy(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Handles a frame, now or after the waiting ones.
   *
   * @returns `false` if too many wait: the frame was dropped.
   */
  put(frame: string | Uint8Array): boolean {
    const { take, onError, maxLength } = this.#settings;
    if (this.#waiting === undefined) {
      const pending = take(frame);
      if (pending !== undefined) this.#takeAfter(pending).catch(onError);
      return true;
    }
    const length = this.#length + frame.length;
    if (this.#waiting.length >= MAX_FRAMES || length > maxLength) return false;
    this.#waiting.push(frame);
    this.#length = length;
    return true;
  }

  async #takeAfter(pending: Promise<void>): Promise<void> {
    const waiting: (string | Uint8Array)[] = [];
    this.#waiting = waiting;
    this.#length = 0;
    await pending;
    while (!this.#settings.signal.aborted) {
      const frame = waiting.shift();
      if (frame === undefined) break;
      this.#length -= frame.length;
      await this.#settings.take(frame);
    }
    this.#waiting = undefined;
  }
}
