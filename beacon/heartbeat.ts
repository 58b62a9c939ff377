import {
  type Duration,
  type FacetPatch,
  InvalidValueError,
  type PresenceModel,
  type PresenceUpdate,
  type Timestamp,
} from "../core/mod.ts";
import type { PresenceBeacon } from "./presence_beacon.ts";

/** How a heartbeat beats. */
export interface HeartbeatOptions<M extends PresenceModel = PresenceModel> {
  /** What builds the updates. */
  readonly beacon: PresenceBeacon<M>;
  /**
   * What the first beat, and so every later one, says.
   *
   * @default {{}}
   */
  readonly facets?: FacetPatch<M> | undefined;
  /**
   * Sends an update. If it throws or rejects, the heartbeat goes on and tries
   * again.
   */
  readonly publish: (update: PresenceUpdate<M>) => unknown;
  /** The time between two beats, in milliseconds. */
  readonly intervalMs: Duration;
  /** Ends the heartbeat. Without it, only `stop()` does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Tells the time that the updates carry, in the unit of the application.
   *
   * @default {Date.now}
   */
  readonly clock?: (() => Timestamp) | undefined;
  /**
   * The part of the interval by which a beat may come early, from 0 to 1: it
   * keeps many publishers from beating together.
   *
   * @default {0.1}
   */
  readonly jitter?: number | undefined;
  /** Says goodbye when the heartbeat stops. What it throws is reported. */
  readonly goodbye?: (() => unknown) | undefined;
  /** Told of every failure of `publish` and `goodbye`. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** A heartbeat that runs. */
export interface Heartbeat<M extends PresenceModel = PresenceModel>
  extends AsyncDisposable {
  /**
   * Changes facets: publishes at once, and every later beat carries the patch
   * as well, so that none is lost with a publish that fails.
   */
  update(facets: FacetPatch<M>): void;
  /** Ends it; settles when the goodbye has been said. */
  stop(): Promise<void>;
}

/** The first pause after a failure; each further one doubles it. */
const FIRST_RETRY_MS = 250;

/**
 * Keeps an entry alive beside a publisher: publishes at once, then on every
 * interval, with the latest facets. A publish that fails is tried again with
 * growing pauses, never longer than the interval.
 *
 * @typeParam M The application's model.
 * @param options How it beats.
 * @returns The heartbeat.
 * @throws {InvalidValueError} If the interval is not positive and finite, or
 * the jitter is not between 0 and 1.
 *
 * @example Usage
 * ```ts
 * import { PresenceBeacon, startHeartbeat } from "@ruthere/presence/beacon";
 * import { PresenceStore } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new PresenceStore();
 * const beacon = new PresenceBeacon({
 *   subject: "alice",
 *   context: "doc-42",
 *   origin: "session/browser",
 *   expiry: { after: 90_000 },
 * });
 * const heartbeat = startHeartbeat({
 *   beacon,
 *   facets: { activity: "editing" },
 *   publish: (update) => store.publish(update),
 *   goodbye: () => store.withdraw(beacon.key),
 *   intervalMs: 30_000,
 * });
 * assertEquals(store.subjectSummary("alice", "doc-42")?.activity, "editing");
 *
 * await heartbeat.stop();
 * assertEquals(store.size, 0);
 * ```
 */
export function startHeartbeat<M extends PresenceModel = PresenceModel>(
  options: HeartbeatOptions<M>,
): Heartbeat<M> {
  return new RunningHeartbeat(options);
}

class RunningHeartbeat<M extends PresenceModel> implements Heartbeat<M> {
  readonly #options: HeartbeatOptions<M>;
  readonly #clock: () => Timestamp;
  readonly #jitter: number;
  #facets: FacetPatch<M>;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beating: Promise<void> | undefined;
  #beatAgain = false;
  #stopped: Promise<void> | undefined;

  constructor(options: HeartbeatOptions<M>) {
    const { intervalMs, jitter = 0.1, clock = Date.now, signal } = options;
    assertRange(intervalMs, Number.MIN_VALUE, 2 ** 31 - 1, "intervalMs");
    assertRange(jitter, 0, 1, "jitter");
    this.#options = options;
    this.#facets = options.facets ?? {};
    this.#clock = clock;
    this.#jitter = jitter;
    if (signal?.aborted) {
      this.#stopped = Promise.resolve();
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    this.#beat();
  }

  update(facets: FacetPatch<M>): void {
    if (this.#stopped !== undefined) return;
    this.#facets = { ...this.#facets, ...facets };
    this.#beat();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  readonly #onAbort = () => {
    this.stop();
  };

  /** Publishes now, or, if a publish is under way, right after it. */
  #beat(): void {
    clearTimeout(this.#timer);
    if (this.#beating !== undefined) {
      this.#beatAgain = true;
      return;
    }
    this.#beatAgain = false;
    this.#beating = this.#publish().finally(() => {
      this.#beating = undefined;
      if (this.#stopped !== undefined) return;
      if (this.#beatAgain) this.#beat();
      else this.#timer = setTimeout(() => this.#beat(), this.#pause());
    });
  }

  async #publish(): Promise<void> {
    const { beacon, publish } = this.#options;
    try {
      await publish(beacon.heartbeatAt(this.#clock(), this.#facets));
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#options.onError?.(error);
    }
  }

  #pause(): number {
    const { intervalMs } = this.#options;
    const pause = this.#failures === 0
      ? intervalMs
      : Math.min(intervalMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    return pause * (1 - this.#jitter * Math.random());
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    // A publish that is under way must not arrive after the goodbye.
    await this.#beating;
    try {
      await this.#options.goodbye?.();
    } catch (error) {
      this.#options.onError?.(error);
    }
  }
}

function assertRange(
  value: number,
  least: number,
  most: number,
  field: string,
): void {
  if (value >= least && value <= most) return;
  const rule = `must be a number from ${least} to ${most}`;
  throw new InvalidValueError("start heartbeat", field, rule, value);
}
