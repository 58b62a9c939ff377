import type { PresenceModel } from "../core/mod.ts";
import {
  type CursorPosition,
  keyOfChange,
  type PresenceCount,
} from "../store/mod.ts";
import type { ChangesBatch, PresenceBatch } from "./batch.ts";
import type { Feed, FeedScope } from "./feed.ts";
import { pause } from "./pause.ts";
import type { Viewer } from "./viewer.ts";
import { WatchProgress } from "./watch_progress.ts";

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

/**
 * The watches of a server that have begun and not ended. Not an abort signal:
 * adding a listener to one costs as much as it has listeners.
 */
export class RunningWatches {
  readonly #ends = new Set<() => void>();
  readonly #progress = new Set<WatchProgress>();
  #closed = false;
  /** How many baselines were sent to watchers who were too far behind. */
  baselinesResent = 0;

  /** Whether watches can't begin any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** How many there are. */
  get size(): number {
    return this.#ends.size;
  }

  /** How many changes the slowest has not looked at. O(watches). */
  get lag(): number {
    let lag = 0;
    for (const progress of this.#progress) lag = Math.max(lag, progress.lag);
    return lag;
  }

  /** Takes note of how far a watch of a feed comes, from now on. O(1). */
  begin(feed: { readonly changeCount: number }): WatchProgress {
    const progress = new WatchProgress(feed);
    this.#progress.add(progress);
    return progress;
  }

  /** Takes note of it no longer. O(1). */
  end(progress: WatchProgress): void {
    this.#progress.delete(progress);
  }

  /** Takes note of what ends a watch. O(1). */
  add(end: () => void): void {
    this.#ends.add(end);
  }

  /** Forgets it. O(1). */
  delete(end: () => void): void {
    this.#ends.delete(end);
  }

  /** Ends all watches. */
  close(): void {
    this.#closed = true;
    for (const end of [...this.#ends]) end();
  }
}

/** Yields a baseline, then changes; after a gap a baseline again. */
export async function* watchBatches<M extends PresenceModel>(
  running: RunningWatches,
  feed: Feed<M>,
  viewer: Viewer<M>,
  options: WatchOptions<M>,
  signal: AbortSignal,
): AsyncGenerator<PresenceBatch<M>, void> {
  const { context, subject, keepAliveMs = Infinity } = options;
  const silence = new Silence(keepAliveMs);
  const progress = running.begin(feed);
  let position = options.since;
  try {
    while (!signal.aborted) {
      const batch = position && feed.poll(position, viewer);
      progress.catchUp();
      if (batch === undefined) {
        silence.end();
        if (position !== undefined) running.baselinesResent++;
        // Taken out one by one: what has been read must not be held on to.
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
    running.end(progress);
  }
}

/** Yields how many are there, when that changes, at most once a second. */
export async function* watchCounts<M extends PresenceModel>(
  feed: Feed<M>,
  count: () => PresenceCount,
  signal: AbortSignal,
): AsyncGenerator<PresenceCount, void> {
  let told: PresenceCount | undefined;
  while (!signal.aborted) {
    const { changeCount } = feed;
    const now = count();
    if (told?.subjects !== now.subjects || told.entries !== now.entries) {
      told = now;
      yield now;
    }
    // Counting for a viewer costs as much as the context is large, and most
    // changes are of no number: that too is done once a second at most.
    await pause(1000, signal);
    if (feed.changeCount === changeCount) await nextChange(feed, signal);
  }
}

/** The scope of the feed that a watch reads: the context's if it names one. */
export function scopeOf<M extends PresenceModel>(
  { context, subject }: WatchOptions<M>,
): FeedScope<M> {
  return context === undefined ? { subject } : { context };
}

function ofSubject<M extends PresenceModel>(
  batch: ChangesBatch<M>,
  subject: M["subject"],
): ChangesBatch<M> {
  const changes = batch.changes
    .filter((change) => keyOfChange(change).subject === subject);
  return { ...batch, changes };
}

/** Timers can't wait longer: one that should would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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
    }, Math.min(this.#limitMs, MAX_TIMER_MS));
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
