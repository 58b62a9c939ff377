/** More frames than this do not wait. */
const MAX_FRAMES = 256;

/** How a backlog has frames taken. */
export interface BacklogSettings {
  /** How long all that wait may be together: units of texts, bytes of bytes. */
  readonly maxLength: number;
  /** Takes a frame; the next ones wait for the promise that it may give. */
  take(frame: string | Uint8Array): Promise<void> | undefined;
  /** Told why a promise was rejected. */
  onError(error: unknown): void;
  /** Aborted when no more are to be taken. */
  readonly signal: AbortSignal;
}

/**
 * The frames of one client: each is taken when the one before it is done. Only
 * heartbeats overtake: the socket takes them past a backlog that is busy.
 */
export class Backlog {
  readonly #settings: BacklogSettings;
  #waiting: (string | Uint8Array)[] | undefined;
  #length = 0;

  /** Makes it; nothing waits yet. */
  constructor(settings: BacklogSettings) {
    this.#settings = settings;
  }

  /** Whether one is under way, which the next ones wait for. */
  get isBusy(): boolean {
    return this.#waiting !== undefined;
  }

  /**
   * Has a frame taken: now, if none is under way.
   *
   * @returns Whether it was not dropped, because too many wait.
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
