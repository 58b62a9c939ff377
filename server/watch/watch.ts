import {
  assertNoOtherOptions,
  assertOptions,
  MAX_DELAY_MS,
} from "../../core/assert.ts";
import type { PresenceModel } from "../../core/mod.ts";
import {
  type CursorPosition,
  keyOfChange,
  type PresenceCount,
  type PresenceStore,
} from "../../store/mod.ts";
import { assertNotNegative } from "../shared/assert.ts";
import type { PresenceBatch } from "./batch.ts";
import type { Feed, Feeds, FeedScope } from "./feed.ts";
import { pause } from "../shared/pause.ts";
import { startWatch, type Watch } from "./start_watch.ts";
import { OMNISCIENT_VIEWER, type Viewer, visibleTo } from "./viewer.ts";

/** The options of a watch. */
export interface WatchOptions<M extends PresenceModel = PresenceModel> {
  /** Only this context. */
  readonly context?: M["context"] | undefined;
  /** Only this subject. */
  readonly subject?: M["subject"] | undefined;
  /**
   * The rights of the watcher.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: Viewer<M> | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Continues after this position instead of starting with a baseline. It must
   * be of the same watch, by a viewer with the same rights. If it is too old,
   * the watch starts with a baseline anyway.
   */
  readonly since?: CursorPosition | undefined;
  /**
   * Yields a batch without changes, with the current position, after this many
   * milliseconds without a batch.
   *
   * @default {never}
   */
  readonly keepAliveMs?: number | undefined;
}

/** The options of a watch of a count. */
export interface WatchCountOptions<M extends PresenceModel = PresenceModel> {
  /** The context. */
  readonly context: M["context"];
  /**
   * The rights of the watcher.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: Viewer<M> | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/** A watch that has started and not ended. */
interface RunningWatch<M extends PresenceModel> {
  /** What it reads. */
  readonly feed: Feed<M>;
  /** Ends it. */
  readonly end: () => unknown;
  /** Counts the changes in its feed that it has not read. */
  lag: () => number;
  /** Leaves the feed. */
  readonly leave: () => void;
}

/** Begins to run, and reads a feed until a signal is aborted. */
type Read<M extends PresenceModel, T> = (
  begin: () => RunningWatch<M> | undefined,
  signal: AbortSignal,
) => AsyncGenerator<T, void>;

/** The running watches of a server. */
export class Watches<M extends PresenceModel> {
  readonly #store: PresenceStore<M>;
  readonly #feeds: Feeds<M>;
  readonly #expireDue: () => void;
  /**
   * A set, because adding a listener to an abort signal costs as much as the
   * signal has listeners.
   */
  readonly #running = new Set<RunningWatch<M>>();
  #closed = false;
  #baselinesResent = 0;

  /**
   * Creates an empty set of watches.
   *
   * @param store The store that they read.
   * @param feeds The feeds that they share.
   * @param expireDue Expires what is due, before a watch starts to read.
   */
  constructor(
    store: PresenceStore<M>,
    feeds: Feeds<M>,
    expireDue: () => void,
  ) {
    this.#store = store;
    this.#feeds = feeds;
    this.#expireDue = expireDue;
  }

  /** Whether {@linkcode Watches.close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How many baselines were sent to watches that had fallen too far behind. */
  get baselinesResent(): number {
    return this.#baselinesResent;
  }

  /** How many are running. */
  get size(): number {
    return this.#running.size;
  }

  /** How many changes the slowest watch has not read. O(watches). */
  get lag(): number {
    let lag = 0;
    for (const watch of this.#running) lag = Math.max(lag, watch.lag());
    return lag;
  }

  /** Starts `PresenceServer.watch()`. */
  entries(options: WatchOptions<M>): Watch<PresenceBatch<M>> {
    const action = "watch presence";
    assertOptions(options, action);
    const { viewer = OMNISCIENT_VIEWER, signal, ...rest } = options;
    const { context, subject, since, keepAliveMs, ...others } = rest;
    assertNoOtherOptions(others, action);
    if (keepAliveMs !== undefined) {
      assertNotNegative(keepAliveMs, "keepAliveMs", action);
    }
    const what = { context, subject, since, keepAliveMs };
    return this.#start(
      // The feed of a context also serves a watch of one subject in it.
      context === undefined ? { subject } : { context },
      viewer,
      signal,
      (begin, signal) => this.#batches(begin, viewer, what, signal),
    );
  }

  /** Starts `PresenceServer.watchCount()`. */
  counts(options: WatchCountOptions<M>): Watch<PresenceCount> {
    assertOptions(options, "watch count");
    const { context, viewer = OMNISCIENT_VIEWER, signal, ...others } = options;
    assertNoOtherOptions(others, "watch count");
    const visible = visibleTo(viewer);
    const count = () => this.#store.count(context, { visible });
    return this.#start(
      { context },
      viewer,
      signal,
      (begin, signal) => changingCounts(begin, count, signal),
    );
  }

  /** Ends all watches. No more can start. */
  close(): void {
    this.#closed = true;
    for (const { end } of [...this.#running]) end();
  }

  #start<T>(
    scope: FeedScope<M>,
    viewer: Viewer<M>,
    outer: AbortSignal | undefined,
    read: Read<M, T>,
  ): Watch<T> {
    return startWatch(
      [outer],
      (signal, end) => read(() => this.#begin(scope, viewer, end), signal),
    );
  }

  /** Joins a feed, unless the watches are closed. */
  #begin(
    scope: FeedScope<M>,
    viewer: Viewer<M>,
    end: () => void,
  ): RunningWatch<M> | undefined {
    if (this.#closed) return undefined;
    this.#expireDue();
    const feed = this.#feeds.join(scope, viewer);
    const running: RunningWatch<M> = {
      feed,
      end,
      lag: () => 0,
      leave: () => {
        this.#running.delete(running);
        this.#feeds.leave(feed);
      },
    };
    this.#running.add(running);
    return running;
  }

  /** Yields a baseline, then changes; after a gap a baseline again. */
  async *#batches(
    begin: () => RunningWatch<M> | undefined,
    viewer: Viewer<M>,
    options: WatchOptions<M>,
    signal: AbortSignal,
  ): AsyncGenerator<PresenceBatch<M>, void> {
    const running = begin();
    if (running === undefined) return;
    const { feed } = running;
    const { context, subject, keepAliveMs = Infinity } = options;
    const silence = new Silence(keepAliveMs);
    const waiting = new Waiting(feed, signal);
    let position = options.since;
    let seen = feed.changeCount;
    running.lag = () => feed.changeCount - seen;
    try {
      while (!signal.aborted) {
        const batch = position && feed.poll(position, viewer);
        seen = feed.changeCount;
        if (batch === undefined) {
          silence.end();
          if (position !== undefined) this.#baselinesResent++;
          // Shifted one by one, so that a part can be freed once it is read.
          const unread = [...feed.baseline(viewer, subject)];
          for (let part = unread.shift(); part; part = unread.shift()) {
            position = part.position;
            yield part;
          }
        } else {
          position = batch.position;
          // The feed of a context has the changes of all subjects.
          const isNarrow = context !== undefined && subject !== undefined;
          const changes = isNarrow
            ? batch.changes
              .filter((change) => keyOfChange(change).subject === subject)
            : batch.changes;
          if (changes.length > 0 || silence.isTooLong) {
            silence.end();
            yield isNarrow ? { ...batch, changes } : batch;
          }
        }
        if (seen === feed.changeCount && !silence.isTooLong) {
          await waiting.next(silence);
        }
      }
    } finally {
      silence.end();
      running.leave();
    }
  }
}

/** Yields a count, and again when it has changed, at most once a second. */
async function* changingCounts<M extends PresenceModel>(
  begin: () => RunningWatch<M> | undefined,
  count: () => PresenceCount,
  signal: AbortSignal,
): AsyncGenerator<PresenceCount, void> {
  const running = begin();
  if (running === undefined) return;
  const { feed } = running;
  const waiting = new Waiting(feed, signal);
  let last: PresenceCount | undefined;
  try {
    while (!signal.aborted) {
      const { changeCount } = feed;
      const now = count();
      if (last?.subjects !== now.subjects || last.entries !== now.entries) {
        last = now;
        yield now;
      }
      // Counting for a viewer is linear in the context, and most changes leave
      // the count alone. So it happens at most once a second, too.
      await pause(1000, signal);
      if (feed.changeCount === changeCount) await waiting.next();
    }
  } finally {
    running.leave();
  }
}

/**
 * The time since the last batch. Changes that the watcher may not see don't
 * reset it: they may never stop, and then nothing would keep a connection
 * alive.
 */
class Silence {
  readonly #limitMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onTooLong: (() => void) | undefined;
  #isTooLong = false;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get isTooLong(): boolean {
    return this.#isTooLong;
  }

  /** Starts the timer unless it runs. It calls the latest callback. */
  begin(onTooLong: () => void): void {
    this.#onTooLong = onTooLong;
    if (this.#limitMs === Infinity) return;
    this.#timer ??= setTimeout(() => {
      this.#isTooLong = true;
      this.#onTooLong?.();
    }, Math.min(this.#limitMs, MAX_DELAY_MS));
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onTooLong = undefined;
    this.#isTooLong = false;
  }
}

/** Waits for the changes of a feed, one after the other. */
class Waiting<M extends PresenceModel> {
  readonly #feed: Feed<M>;
  readonly #signal: AbortSignal;
  #settle: (() => void) | undefined;

  /** The signal is that of the watch alone: each of its listeners costs. */
  constructor(feed: Feed<M>, signal: AbortSignal) {
    this.#feed = feed;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#settle?.());
  }

  /** Waits for a change, for the end of the watch, or for too long a silence. */
  next(silence?: Silence): Promise<void> {
    return new Promise((resolve) => {
      if (this.#signal.aborted) return resolve();
      const settle = () => {
        this.#feed.unpark(settle);
        this.#settle = undefined;
        resolve();
      };
      this.#settle = settle;
      this.#feed.park(settle);
      silence?.begin(settle);
    });
  }
}
