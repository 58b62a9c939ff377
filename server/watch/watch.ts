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
import type { ChangesBatch, PresenceBatch } from "./batch.ts";
import type { Feed, Feeds, FeedScope } from "./feed.ts";
import { pause } from "../shared/pause.ts";
import { startWatch } from "./start_watch.ts";
import { OMNISCIENT_VIEWER, type Viewer, visibleTo } from "./viewer.ts";

/** What to watch, and on whose behalf. */
export interface WatchOptions<M extends PresenceModel = PresenceModel> {
  /** Only this context. */
  readonly context?: M["context"] | undefined;
  /** Only this subject. */
  readonly subject?: M["subject"] | undefined;
  /**
   * What may be seen.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: Viewer<M> | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Goes on after a position of the same watch, by a viewer with the same
   * rights, instead of starting with a baseline. If it is too old, a baseline
   * comes all the same.
   */
  readonly since?: CursorPosition | undefined;
  /**
   * After this many milliseconds without a batch, yields one without changes,
   * whose position is up to date.
   *
   * @default {never}
   */
  readonly keepAliveMs?: number | undefined;
}

/** What to count, and on whose behalf. */
export interface WatchCountOptions<M extends PresenceModel = PresenceModel> {
  /** Which context. */
  readonly context: M["context"];
  /**
   * What may be seen.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: Viewer<M> | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/** A watch that runs until it is aborted, returned from, or disposed of. */
export type Watch<T> = AsyncIterableIterator<T, void> & AsyncDisposable;

/** A watch that has begun and not ended. */
interface RunningWatch {
  /** Ends it. */
  readonly end: () => unknown;
  /** Counts the changes of what it watches that it has not looked at. */
  lag: () => number;
}

/** Reads a feed until a signal is aborted. */
type Read<M extends PresenceModel, T> = (
  feed: Feed<M>,
  signal: AbortSignal,
  running: RunningWatch,
) => AsyncGenerator<T, void>;

/** The watches of a server. */
export class Watches<M extends PresenceModel> {
  readonly #store: PresenceStore<M>;
  readonly #feeds: Feeds<M>;
  readonly #expireDue: () => void;
  /**
   * Not an abort signal, because adding a listener to one costs as much as it
   * has listeners.
   */
  readonly #running = new Set<RunningWatch>();
  #closed = false;
  #baselinesResent = 0;

  /**
   * Makes none.
   *
   * @param store What they read.
   * @param feeds What they share.
   * @param expireDue Expires what is due, before a watch begins to read.
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

  /** How many have begun and not ended. */
  get size(): number {
    return this.#running.size;
  }

  /** How many changes the slowest has not looked at. O(watches). */
  get lag(): number {
    let lag = 0;
    for (const watch of this.#running) lag = Math.max(lag, watch.lag());
    return lag;
  }

  /** How many baselines were sent to watches that were too far behind. */
  get baselinesResent(): number {
    return this.#baselinesResent;
  }

  /** Watches entries. See `PresenceServer.watch()`. */
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
      // The feed of a context serves its subjects as well.
      context === undefined ? { subject } : { context },
      viewer,
      signal,
      (feed, signal, running) =>
        this.#batches(feed, viewer, what, signal, running),
    );
  }

  /** Watches a count. See `PresenceServer.watchCount()`. */
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
      (feed, signal) => changingCounts(feed, count, signal),
    );
  }

  /** Ends all watches; no more can begin. */
  close(): void {
    this.#closed = true;
    for (const { end } of [...this.#running]) end();
  }

  /** Starts a watch that holds a feed for as long as it runs. */
  #start<T>(
    scope: FeedScope<M>,
    viewer: Viewer<M>,
    outer: AbortSignal | undefined,
    read: Read<M, T>,
  ): Watch<T> {
    return startWatch(
      [outer],
      (signal, end) => this.#run(scope, viewer, signal, end, read),
    );
  }

  async *#run<T>(
    scope: FeedScope<M>,
    viewer: Viewer<M>,
    signal: AbortSignal,
    end: () => void,
    read: Read<M, T>,
  ): AsyncGenerator<T, void> {
    if (this.#closed) return;
    this.#expireDue();
    const feed = this.#feeds.join(scope, viewer);
    const running: RunningWatch = { end, lag: () => 0 };
    this.#running.add(running);
    try {
      yield* read(feed, signal, running);
    } finally {
      this.#running.delete(running);
      this.#feeds.leave(feed);
    }
  }

  /** Yields a baseline, then changes; after a gap a baseline again. */
  async *#batches(
    feed: Feed<M>,
    viewer: Viewer<M>,
    options: WatchOptions<M>,
    signal: AbortSignal,
    running: RunningWatch,
  ): AsyncGenerator<PresenceBatch<M>, void> {
    const { context, subject, keepAliveMs = Infinity } = options;
    const silence = new Silence(keepAliveMs);
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
          // Taken out one by one, so that parts that were read can be freed.
          const unread = [...feed.baseline(viewer, subject)];
          for (let part = unread.shift(); part; part = unread.shift()) {
            position = part.position;
            yield part;
          }
          continue;
        }
        position = batch.position;
        const narrowed = context === undefined || subject === undefined
          ? batch
          : ofSubject(batch, subject);
        if (narrowed.changes.length > 0 || silence.isTooLong) {
          silence.end();
          yield narrowed;
        } else {
          await nextChange(feed, signal, silence);
        }
      }
    } finally {
      silence.end();
    }
  }
}

/** Yields a count, and again when it has changed, at most once a second. */
async function* changingCounts<M extends PresenceModel>(
  feed: Feed<M>,
  count: () => PresenceCount,
  signal: AbortSignal,
): AsyncGenerator<PresenceCount, void> {
  let last: PresenceCount | undefined;
  while (!signal.aborted) {
    const { changeCount } = feed;
    const now = count();
    if (last?.subjects !== now.subjects || last.entries !== now.entries) {
      last = now;
      yield now;
    }
    // Counting for a viewer costs as much as the context is large, and most
    // changes are of no number: so it happens once a second at most, too.
    await pause(1000, signal);
    if (feed.changeCount === changeCount) await nextChange(feed, signal);
  }
}

function ofSubject<M extends PresenceModel>(
  batch: ChangesBatch<M>,
  subject: M["subject"],
): ChangesBatch<M> {
  const changes = batch.changes
    .filter((change) => keyOfChange(change).subject === subject);
  return { ...batch, changes };
}

/**
 * The time since the last batch. Changes that the watcher may not see don't
 * break it: they may come for ever, and then nothing would keep a connection
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

  /** Begins, unless it has; calls the latest callback when it is too long. */
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

/** Waits for a change, the end of the watch, or too long a silence. */
function nextChange<M extends PresenceModel>(
  feed: Feed<M>,
  signal: AbortSignal,
  silence?: Silence,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const settle = () => {
      feed.unpark(settle);
      signal.removeEventListener("abort", settle);
      resolve();
    };
    feed.park(settle);
    signal.addEventListener("abort", settle);
    silence?.begin(settle);
  });
}
