import {
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
import { assertDelay } from "./delay.ts";
import {
  facetDeadlinesFrom,
  type FacetExpiry,
  type PresenceBeacon,
} from "./presence_beacon.ts";

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
   * again. It must settle some time: no beat begins before the last one ended.
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
   * Decides when a facet with an expiry is due, in the same unit: best a clock
   * that nobody sets.
   *
   * @default {the clock if one is given, else steadyNow}
   */
  readonly steadyClock?: (() => Timestamp) | undefined;
  /**
   * The part of the interval by which a beat may come early, from 0 to 1: it
   * keeps many publishers from beating together.
   *
   * @default {0.1}
   */
  readonly jitter?: number | undefined;
  /** Says goodbye when the heartbeat stops. What it throws is reported. */
  readonly goodbye?: (() => unknown) | undefined;
  /**
   * Told of every failure of `publish` and `goodbye`, as which a bad facet shows
   * too: `console.error` will do. It must not throw.
   */
  readonly onError: (error: unknown) => void;
}

/** A heartbeat that runs. */
export interface Heartbeat<M extends PresenceModel = PresenceModel>
  extends AsyncDisposable {
  /**
   * Changes facets: publishes at once, or right after a publish that is under
   * way. Every later beat carries the patch as well, so that none is lost with
   * a publish that fails. A facet with an expiry is carried until it is due.
   *
   * @throws {InvalidValueError} If a facet's expiry is not well-formed.
   */
  update(facets: FacetPatch<M>, facetExpiry?: FacetExpiry<M>): void;
  /**
   * Ends it. Settles when nothing is under way any more: an update that was
   * waiting for its turn has been published, or, instead, the goodbye has been
   * said.
   */
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
 * @throws {InvalidValueError} If the interval is not positive and finite, the
 * jitter is not between 0 and 1, or what is to be called is no function.
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
  #facets: FacetPatch<M> = {};
  /** When facets are due, by the steady clock. */
  #deadlines: FacetDeadlines<M> = {};
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether there is something to publish that no publish has begun with. */
  #due = false;
  #publishing = false;
  /** Settles when no publish is under way any more. */
  #published: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: HeartbeatOptions<M>) {
    assertOptions(options, ACTION);
    const { jitter = 0.1, clock = Date.now, facets = {}, ...rest } = options;
    const { steadyClock = options.clock ?? steadyNow, ...own } = rest;
    const { beacon, publish, goodbye, onError, ...more } = own;
    const { intervalMs, signal, ...others } = more;
    assertNoOtherOptions(others, ACTION);
    assertDelay(ACTION, "intervalMs", intervalMs);
    assertJitter(jitter);
    const rule = "must be a PresenceBeacon";
    assertMethods(beacon, ["heartbeatAt"], "beacon", rule, ACTION);
    assertFunction(publish, "publish", ACTION);
    assertFunction(onError, "onError", ACTION);
    if (goodbye !== undefined) assertFunction(goodbye, "goodbye", ACTION);
    assertFunction(clock, "clock", ACTION);
    assertFunction(steadyClock, "steadyClock", ACTION);
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
    const said = pick<FacetPatch<M>>(facets, (_, value) => value !== undefined);
    const deadlines = facetExpiry &&
      facetDeadlinesFrom(facetExpiry, this.#steadyClock());
    this.#facets = { ...this.#facets, ...said };
    this.#deadlines = {
      // What is said anew has the deadline that is given with it, or none.
      ...pick(this.#deadlines, (name) => !Object.hasOwn(said, name)),
      ...deadlines,
    };
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
      this.#dropDue(steady);
      const update = beacon.heartbeatAt(now, this.#facets);
      const facetDeadlines = moved(this.#deadlines, now - steady);
      await publish({ ...update, facetDeadlines });
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      this.#report(error);
    }
  }

  /** Forgets the facets that are cleared by themselves meanwhile. */
  #dropDue(now: Timestamp): void {
    const deadlines = new Map<string, unknown>(Object.entries(this.#deadlines));
    const isDue = (name: string) => Number(deadlines.get(name)) <= now;
    this.#facets = pick(this.#facets, (name) => !isDue(name));
    this.#deadlines = pick(this.#deadlines, (name) => !isDue(name));
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
    // What waits to be published would be taken away by the goodbye at once.
    if (goodbye !== undefined) this.#due = false;
    // A publish may be what calls this: then `#published` is set right after.
    await Promise.resolve();
    // A publish that is under way must not arrive after the goodbye.
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
      // Who is told of failures can't be told of this one.
    }
  }
}

/** The deadlines by the clock that is shown; `undefined` if there are none. */
function moved<M extends PresenceModel>(
  deadlines: FacetDeadlines<M>,
  by: Duration,
): FacetDeadlines<M> | undefined {
  const entries = Object.entries<Timestamp | undefined>(deadlines);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([name, due = Infinity]) => [name, due + by]),
  ) as FacetDeadlines<M>;
}

/** The properties of a record that a test lets through. */
function pick<T extends object>(
  record: T,
  test: (name: string, value: unknown) => boolean,
): T {
  const picked = Object.entries(record)
    .filter(([name, value]) => test(name, value));
  return Object.fromEntries(picked) as T;
}

function assertJitter(value: number): void {
  if (Number.isFinite(value) && value >= 0 && value <= 1) return;
  const rule = "must be a number from 0 to 1";
  throw new InvalidValueError(ACTION, "jitter", rule, value);
}
