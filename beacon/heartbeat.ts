import {
  assertDelay,
  assertFunction,
  assertMethods,
  assertNoOtherOptions,
  assertOptions,
} from "../core/assert.ts";
import {
  type Duration,
  type FacetDeadlines,
  type FacetPatch,
  InvalidValueError,
  type PresenceModel,
  type PresenceUpdate,
  steadyNow,
  type Timestamp,
} from "../core/mod.ts";
import {
  facetDeadlinesFrom,
  type FacetExpiry,
  type PresenceBeacon,
} from "./presence_beacon.ts";

/** How a heartbeat works. */
export interface HeartbeatOptions<M extends PresenceModel = PresenceModel> {
  /** Builds the updates. */
  readonly beacon: PresenceBeacon<M>;
  /**
   * The facets that the first beat, and so every later one, sets.
   *
   * @default {{}}
   */
  readonly facets?: FacetPatch<M> | undefined;
  /**
   * Sends an update. If it throws or rejects, the heartbeat continues and tries
   * again. It must settle eventually: no beat begins before the last one ended.
   */
  readonly publish: (update: PresenceUpdate<M>) => unknown;
  /** The time between two beats, in milliseconds. */
  readonly intervalMs: Duration;
  /** Stops the heartbeat when aborted. Without it, only `stop()` does. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Returns the time that the updates carry, in the unit of the application.
   *
   * @default {Date.now}
   */
  readonly clock?: (() => Timestamp) | undefined;
  /**
   * Decides when a facet with an expiry is due, in the same unit: ideally a
   * steady clock.
   *
   * @default {the clock if there is one, else steadyNow}
   */
  readonly steadyClock?: (() => Timestamp) | undefined;
  /**
   * The part of the interval by which a beat may be early, from 0 to 1, so that
   * many publishers don't beat together.
   *
   * @default {0.1}
   */
  readonly jitter?: number | undefined;
  /** Says goodbye when the heartbeat stops. Its errors are reported. */
  readonly goodbye?: (() => unknown) | undefined;
  /**
   * Called with every error of `publish` and `goodbye`, and for an invalid facet:
   * `console.error` will do. It must not throw.
   */
  readonly onError: (error: unknown) => void;
}

/** A running heartbeat. */
export interface Heartbeat<M extends PresenceModel = PresenceModel>
  extends AsyncDisposable {
  /**
   * Changes facets: publishes at once, or right after a publish in progress.
   * Every later beat carries the patch too, so that a failed publish loses
   * nothing. A facet with an expiry is carried until it is due.
   *
   * @throws {InvalidValueError} If a facet's expiry is not well-formed.
   */
  update(facets: FacetPatch<M>, facetExpiry?: FacetExpiry<M>): void;
  /**
   * Stops the heartbeat. Settles when nothing is in progress any more: the
   * pending update was published or, instead, the goodbye was said.
   */
  stop(): Promise<void>;
}

/** The first pause after a failure; each further one doubles it. */
const FIRST_RETRY_MS = 250;

/**
 * Keeps an entry alive beside a publisher: publishes at once, then on every
 * interval, with the latest facets. Retries a failed publish with growing pauses,
 * never longer than the interval.
 *
 * @typeParam M The application's model.
 * @param options How it works.
 * @returns The heartbeat.
 * @throws {InvalidValueError} If a timer can't wait for the interval, the jitter
 * is not between 0 and 1, or a callback is not a function.
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
 *   onError: console.error,
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

const ACTION = "start heartbeat";

class RunningHeartbeat<M extends PresenceModel> implements Heartbeat<M> {
  readonly #options: HeartbeatOptions<M>;
  readonly #clock: () => Timestamp;
  readonly #steadyClock: () => Timestamp;
  readonly #jitter: number;
  /** The facets that every beat carries. */
  readonly #facets = new Map<string, unknown>();
  /** When facets are due, by the steady clock. */
  readonly #deadlines = new Map<string, Timestamp>();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether there are changes that no publish has begun with. */
  #due = false;
  #publishing = false;
  /** Settles when no publish is in progress any more. */
  #published: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  constructor(options: HeartbeatOptions<M>) {
    assertOptions(options, ACTION);
    const { jitter = 0.1, clock = Date.now, facets = {}, ...rest } = options;
    const { steadyClock = options.clock ?? steadyNow, ...own } = rest;
    const { beacon, publish, goodbye, onError, ...more } = own;
    const { intervalMs, signal, ...others } = more;
    assertNoOtherOptions(others, ACTION);
    assertDelay(intervalMs, "intervalMs", ACTION);
    if (!(Number.isFinite(jitter) && jitter >= 0 && jitter <= 1)) {
      const rule = "must be a number from 0 to 1";
      throw new InvalidValueError(ACTION, "jitter", rule, jitter);
    }
    const rule = "must be a PresenceBeacon";
    assertMethods(beacon, ["heartbeatAt"], "beacon", rule, ACTION);
    assertFunction(publish, "publish", ACTION);
    assertFunction(onError, "onError", ACTION);
    if (goodbye !== undefined) assertFunction(goodbye, "goodbye", ACTION);
    assertFunction(clock, "clock", ACTION);
    assertFunction(steadyClock, "steadyClock", ACTION);
    this[Symbol.asyncDispose] = this.stop;
    this.#options = { beacon, publish, goodbye, onError, intervalMs, signal };
    this.#clock = clock;
    this.#steadyClock = steadyClock;
    this.#jitter = jitter;
    if (signal?.aborted) {
      this.#stopped = Promise.resolve();
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    this.update(facets);
  }

  update(facets: FacetPatch<M>, facetExpiry?: FacetExpiry<M>): void {
    if (this.#stopped !== undefined) return;
    const deadlines = facetExpiry === undefined
      ? []
      : facetDeadlinesFrom(facetExpiry, this.#steadyClock());
    for (const [name, value] of Object.entries<unknown>(facets)) {
      if (value === undefined) continue;
      this.#facets.set(name, value);
      this.#deadlines.delete(name);
    }
    for (const [name, due] of deadlines) this.#deadlines.set(name, due);
    this.#beat();
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  readonly #onAbort = () => void this.stop();

  /** Publishes now or, if a publish is in progress, right after it. */
  #beat(): void {
    clearTimeout(this.#timer);
    this.#due = true;
    if (this.#publishing) return;
    this.#publishing = true;
    this.#published = this.#publishWhileDue();
  }

  async #publishWhileDue(): Promise<void> {
    while (this.#due) {
      this.#due = false;
      await this.#publish();
    }
    this.#publishing = false;
    if (this.#stopped !== undefined) return;
    this.#timer = setTimeout(() => this.#beat(), this.#pause());
  }

  async #publish(): Promise<void> {
    const { beacon, publish } = this.#options;
    try {
      const steady = this.#steadyClock();
      const now = this.#clock();
      for (const [name, due] of this.#deadlines) {
        // The store has cleared the facet.
        if (due > steady) continue;
        this.#facets.delete(name);
        this.#deadlines.delete(name);
      }
      const facets = Object.fromEntries(this.#facets) as FacetPatch<M>;
      const update = beacon.heartbeatAt(now, facets);
      await publish({
        ...update,
        facetDeadlines: this.#deadlinesAt(now - steady),
      });
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#report(error);
    }
  }

  /** Returns the deadlines by another clock, `undefined` if there are none. */
  #deadlinesAt(shift: Duration): FacetDeadlines<M> | undefined {
    if (this.#deadlines.size === 0) return undefined;
    const deadlines = [...this.#deadlines]
      .map(([name, due]) => [name, due + shift]);
    return Object.fromEntries(deadlines) as FacetDeadlines<M>;
  }

  #pause(): number {
    const { intervalMs } = this.#options;
    const pause = this.#failures === 0
      ? intervalMs
      : Math.min(intervalMs, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    return pause * (1 - this.#jitter * Math.random());
  }

  async #stop(): Promise<void> {
    const { signal, goodbye } = this.#options;
    clearTimeout(this.#timer);
    signal?.removeEventListener("abort", this.#onAbort);
    // The goodbye would remove a pending update at once.
    if (goodbye !== undefined) this.#due = false;
    // If a publish is the caller, `#published` is set only after it returns.
    await Promise.resolve();
    // A publish in progress must not arrive after the goodbye.
    await this.#published;
    try {
      await goodbye?.();
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    try {
      this.#options.onError(error);
    } catch {
      // An error of onError itself can't be reported.
    }
  }
}
