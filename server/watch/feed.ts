import type {
  Key,
  PresenceModel,
  PresenceSnapshot,
  Visibility,
} from "../../core/mod.ts";
import {
  type CursorPosition,
  keyOfChange,
  type PresenceChange,
  type PresenceStore,
  type VisibleChange,
  visibleChange,
} from "../../store/mod.ts";
import type { BaselineBatch, ChangesBatch } from "./batch.ts";
import {
  rightsKey,
  rightsPolicy,
  type Viewer,
  viewerPolicy,
} from "./viewer.ts";

/** The part of the store that a feed covers: a context, a subject, or all. */
export interface FeedScope<M extends PresenceModel> {
  readonly context?: M["context"] | undefined;
  readonly subject?: M["subject"] | undefined;
}

/** The greatest number of snapshots in one part of a baseline. */
const BASELINE_PART = 1_000;

/**
 * How many changes to scan for those of one subject. Beyond that, a baseline of
 * the subject is cheaper.
 */
const MAX_SUBJECT_SCAN = 1_000;

/**
 * Shared by watchers with the same scope and the same rights: one wake-up, and
 * the batch that the first of them builds.
 */
export class Feed<M extends PresenceModel> {
  /** The part of the store that it covers. */
  readonly scope: FeedScope<M>;
  /** The key of its watchers' rights. */
  readonly rightsKey: string;
  readonly #store: PresenceStore<M>;
  readonly #rights: (visibility: Visibility<M["label"]>) => boolean;
  readonly #parked = new Set<() => void>();
  #changes: SharedChanges<M> | undefined;
  #baseline: readonly BaselineBatch<M>[] | undefined;
  /** How many watchers use it. */
  watchers = 0;
  /** How many changes it has seen. */
  changeCount = 0;

  /** Creates a feed for watchers with the rights of a viewer. */
  constructor(
    store: PresenceStore<M>,
    scope: FeedScope<M>,
    viewer: Viewer<M>,
  ) {
    this.#store = store;
    this.scope = scope;
    this.rightsKey = rightsKey(viewer);
    this.#rights = rightsPolicy(viewer);
  }

  /** Calls a function once, at the next change. */
  park(wake: () => void): void {
    this.#parked.add(wake);
  }

  /** Cancels a call. */
  unpark(wake: () => void): void {
    this.#parked.delete(wake);
  }

  /** Counts a change and wakes the parked watchers. */
  wake(): void {
    const parked = [...this.#parked];
    this.#parked.clear();
    this.changeCount++;
    // Neither is an answer any more, so neither may hold memory.
    this.#baseline = undefined;
    this.#changes = undefined;
    for (const wake of parked) wake();
  }

  /** Returns all entries that a viewer may see now, or those of a subject. */
  baseline(
    viewer: Viewer<M>,
    subject: M["subject"] | undefined = this.scope.subject,
  ): readonly BaselineBatch<M>[] {
    if (subject !== this.scope.subject) {
      const visible = viewerPolicy(viewer);
      return this.#parts(
        this.#store.snapshots({ ...this.scope, subject, visible }),
      );
    }
    const shared = this.#sharedBaseline();
    if (
      viewer.subject === undefined ||
      (subject !== undefined && subject !== viewer.subject)
    ) return shared;
    const own = this.#store
      .snapshots({ ...this.scope, subject: viewer.subject })
      .filter(({ visibility }) => !this.#rights(visibility));
    if (own.length === 0) return shared;
    return this.#parts([
      ...shared.flatMap(({ snapshots }) => snapshots),
      ...own,
    ]);
  }

  /**
   * Returns the changes after a position that a viewer may see, or `undefined`
   * for a gap. A future position is a gap as well: otherwise its watcher would
   * miss every change until then.
   */
  poll(
    position: CursorPosition,
    viewer: Viewer<M>,
  ): ChangesBatch<M> | undefined {
    if (!(position.sequence <= this.#store.lastSequence)) return undefined;
    const shared = this.#sharedChanges(position);
    if (shared === undefined) return undefined;
    const { subject } = viewer;
    const own = subject === undefined
      ? undefined
      : shared.withheld?.get(subject);
    if (own === undefined) return shared.batch;
    // Only for this subject's changes: among many hidden subjects, all changes
    // would be too many for each of them.
    const visible = viewerPolicy(viewer);
    const changes = [
      ...shared.batch.changes
        .filter((change) => keyOfChange(change).subject !== subject),
      ...own.map((change) => visibleChange(change, visible))
        .filter((change) => change !== undefined),
    ];
    changes.sort((a, b) => a.sequence - b.sequence);
    return { type: "changes", position: shared.position, changes };
  }

  #sharedBaseline(): readonly BaselineBatch<M>[] {
    // Changes elsewhere make its position old, and an old position may be a
    // gap.
    const [first] = this.#baseline ?? [];
    if (first?.position.sequence !== this.#store.lastSequence) {
      this.#baseline = undefined;
    }
    return this.#baseline ??= this.#parts(
      this.#store.snapshots({ ...this.scope, visible: this.#rights }),
    );
  }

  #parts(snapshots: PresenceSnapshot<M>[]): BaselineBatch<M>[] {
    const { epoch, lastSequence: sequence } = this.#store;
    const position = { epoch, sequence };
    const parts = Math.max(1, Math.ceil(snapshots.length / BASELINE_PART));
    return Array.from({ length: parts }, (_, part) => ({
      type: "baseline",
      position,
      snapshots: snapshots.slice(
        part * BASELINE_PART,
        (part + 1) * BASELINE_PART,
      ),
      part,
      last: part === parts - 1,
    }));
  }

  #sharedChanges(since: CursorPosition): SharedChanges<M> | undefined {
    if (this.#changes?.answers(since)) return this.#changes;
    const { context, subject } = this.scope;
    const behind = this.#store.lastSequence - since.sequence;
    if (subject !== undefined && behind > MAX_SUBJECT_SCAN) return undefined;
    const result = this.#store.changesSince(since, { context });
    if (result.type === "gap") return undefined;
    // Without a policy there are no hidden changes.
    const all = result.changes.filter((change) => change.type !== "hidden");
    const shared = new SharedChanges(
      since,
      result.position,
      subject === undefined
        ? all
        : all.filter((change) => keyOfChange(change).subject === subject),
      this.#rights,
    );
    // An empty batch is no work to share. A watcher that is up to date must not
    // take the batch from those that have yet to read it.
    if (shared.all.length > 0) this.#changes = shared;
    return shared;
  }
}

/** The changes between two positions, as watchers with equal rights see them. */
class SharedChanges<M extends PresenceModel> {
  readonly since: CursorPosition;
  readonly position: CursorPosition;
  readonly all: readonly PresenceChange<M>[];
  readonly batch: ChangesBatch<M>;
  /** All changes of each subject of which these rights hide something, if any. */
  readonly withheld: ReadonlyMap<Key, readonly PresenceChange<M>[]> | undefined;

  constructor(
    since: CursorPosition,
    position: CursorPosition,
    all: readonly PresenceChange<M>[],
    rights: (visibility: Visibility<M["label"]>) => boolean,
  ) {
    this.since = since;
    this.position = position;
    this.all = all;
    let withheld: Map<Key, PresenceChange<M>[]> | undefined;
    const changes: VisibleChange<M>[] = [];
    for (const change of all) {
      const seen = visibleChange(change, rights);
      if (seen !== undefined) changes.push(seen);
      if (seen === change) continue;
      withheld ??= new Map();
      withheld.set(keyOfChange(change).subject, []);
    }
    if (withheld !== undefined) {
      for (const change of all) {
        withheld.get(keyOfChange(change).subject)?.push(change);
      }
    }
    this.batch = { type: "changes", position, changes };
    this.withheld = withheld;
  }

  /**
   * Reports whether it also answers a poll from another position, provided the
   * feed has had no other change.
   */
  answers(since: CursorPosition): boolean {
    const first = this.all[0]?.sequence ?? this.position.sequence + 1;
    return since.epoch === this.position.epoch &&
      this.since.sequence <= since.sequence && since.sequence < first;
  }
}

/** Feeds by a context or a subject, then by the rights of their watchers. */
type FeedsByKey<M extends PresenceModel, K> = Map<K, Map<string, Feed<M>>>;

/** The feeds that have watchers, by the changes that wake them. */
export class Feeds<M extends PresenceModel> {
  readonly #store: PresenceStore<M>;
  readonly #ofContexts: FeedsByKey<M, Key> = new Map();
  /** The feeds of a subject; `undefined` has those of the whole store. */
  readonly #ofSubjects: FeedsByKey<M, Key | undefined> = new Map();
  readonly #onWatched: (context: M["context"], isWatched: boolean) => void;

  /**
   * Creates an empty set of feeds.
   *
   * @param store What they read from.
   * @param onWatched Called when a context gets its first watcher and loses its
   * last.
   */
  constructor(
    store: PresenceStore<M>,
    onWatched: (context: M["context"], isWatched: boolean) => void,
  ) {
    this.#store = store;
    this.#onWatched = onWatched;
  }

  /** Lists the contexts that are watched. */
  contexts(): M["context"][] {
    return [...this.#ofContexts.keys()];
  }

  /** Reports whether a context is watched. O(1). */
  watches(context: M["context"]): boolean {
    return this.#ofContexts.has(context);
  }

  /** Returns the feed of a scope and a viewer's rights, for one more watcher. */
  join(scope: FeedScope<M>, viewer: Viewer<M>): Feed<M> {
    const { context } = scope;
    const [byKey, key] = this.#placeOf(scope);
    const feeds = byKey.get(key) ?? new Map<string, Feed<M>>();
    const rights = rightsKey(viewer);
    const feed = feeds.get(rights) ?? new Feed(this.#store, scope, viewer);
    feeds.set(rights, feed);
    feed.watchers++;
    if (!byKey.has(key)) {
      byKey.set(key, feeds);
      if (context !== undefined) this.#onWatched(context, true);
    }
    return feed;
  }

  /** Releases a feed; the last watcher frees it. */
  leave(feed: Feed<M>): void {
    if (--feed.watchers > 0) return;
    const { context } = feed.scope;
    const [byKey, key] = this.#placeOf(feed.scope);
    const feeds = byKey.get(key);
    feeds?.delete(feed.rightsKey);
    if (feeds === undefined || feeds.size > 0) return;
    byKey.delete(key);
    if (context !== undefined) this.#onWatched(context, false);
  }

  /** Wakes the feeds that cover a change, and no others. */
  changed(change: PresenceChange<M>): void {
    const { context, subject } = keyOfChange(change);
    this.#wake(this.#ofContexts.get(context));
    this.#wake(this.#ofSubjects.get(subject));
    this.#wake(this.#ofSubjects.get(undefined));
  }

  #wake(feeds: Map<string, Feed<M>> | undefined): void {
    for (const feed of feeds?.values() ?? []) feed.wake();
  }

  #placeOf(
    { context, subject }: FeedScope<M>,
  ): [feeds: FeedsByKey<M, Key | undefined>, key: Key | undefined] {
    return context === undefined
      ? [this.#ofSubjects, subject]
      : [this.#ofContexts, context];
  }
}
