import type { PresenceModel } from "../core/mod.ts";
import type { CursorPosition, PresenceCount } from "../store/mod.ts";
import type { ChangesBatch, PresenceBatch } from "./batch.ts";
import type { Feed, FeedScope } from "./feed.ts";
import type { Viewer } from "./viewer.ts";

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
 * Makes a watch of a generator: ending it also ends a wait that is under way,
 * which a generator by itself would sit out.
 */
export function startWatch<T>(
  outer: readonly (AbortSignal | undefined)[],
  run: (signal: AbortSignal) => AsyncGenerator<T, void>,
): Watch<T> {
  const inner = new AbortController();
  const end = () => inner.abort();
  async function* linked() {
    if (outer.some((signal) => signal?.aborted)) return;
    for (const signal of outer) signal?.addEventListener("abort", end);
    try {
      yield* run(inner.signal);
    } finally {
      for (const signal of outer) signal?.removeEventListener("abort", end);
    }
  }
  const batches = linked();
  return {
    next: () => batches.next(),
    return: () => {
      end();
      return batches.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      end();
      await batches.return();
    },
  };
}

/** Yields a baseline, then changes; after a gap a baseline again. */
export async function* watchBatches<M extends PresenceModel>(
  feed: Feed<M>,
  viewer: Viewer<M>,
  options: WatchOptions<M>,
  signal: AbortSignal,
): AsyncGenerator<PresenceBatch<M>, void> {
  const { context, subject, keepAliveMs = Infinity } = options;
  let position = options.since;
  let idle = false;
  while (!signal.aborted) {
    const batch = position && feed.poll(position, viewer);
    if (batch === undefined) {
      for (const part of feed.baseline(viewer)) {
        position = part.position;
        yield part;
        if (signal.aborted) return;
      }
      idle = false;
      continue;
    }
    position = batch.position;
    const narrowed = context === undefined || subject === undefined
      ? batch
      : ofSubject(batch, subject);
    if (narrowed.changes.length > 0 || idle) {
      yield narrowed;
      idle = false;
      continue;
    }
    idle = !await nextChange(feed, keepAliveMs, signal);
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
    const now = count();
    if (told?.subjects === now.subjects && told.entries === now.entries) {
      await nextChange(feed, Infinity, signal);
      continue;
    }
    told = now;
    yield now;
    await pause(1000, signal);
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
  const changes = batch.changes.filter((change) => {
    if (change.type === "hidden") return change.key.subject === subject;
    const { subject: whose } = change.type === "published"
      ? change.snapshot
      : change.previous;
    return whose === subject;
  });
  return { ...batch, changes };
}

/** Waits for a change; `false` if the time or the watch ended before. */
function nextChange<M extends PresenceModel>(
  feed: Feed<M>,
  withinMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settle = (changed: boolean) => {
      feed.unpark(onChange);
      signal.removeEventListener("abort", onEnd);
      clearTimeout(timer);
      resolve(changed);
    };
    const onChange = () => settle(true);
    const onEnd = () => settle(false);
    if (signal.aborted) return resolve(false);
    feed.park(onChange);
    signal.addEventListener("abort", onEnd);
    if (withinMs !== Infinity) timer = setTimeout(onEnd, withinMs);
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      signal.removeEventListener("abort", end);
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
