import {
  type Key,
  type PresenceModel,
  type PresenceSnapshot,
  type Visibility,
} from "../core/mod.ts";
import {
  type CursorPosition,
  type PresenceChange,
  type PresenceStore,
  visibleChange,
} from "../store/mod.ts";
import type { BaselineBatch, ChangesBatch } from "./batch.ts";
import {
  rightsPolicy,
  type Viewer,
  viewerKey,
  viewerPolicy,
} from "./viewer.ts";

/** What part of the store a feed is of: a context, a subject, or all of it. */
export interface FeedScope<M extends PresenceModel> {
  readonly context?: M["context"] | undefined;
  readonly subject?: M["subject"] | undefined;
}

/** How many snapshots a part of a baseline has at most. */
const BASELINE_PART = 1_000;

/**
 * How many changes of others are worth reading through for those of one
 * subject, before a baseline of the subject is cheaper.
 */
const MAX_SUBJECT_SCAN = 1_000;

/**
 * What watchers with the same scope and the same rights share: one wake-up,
 * and the batch that the first of them has made.
 */
export class Feed<M extends PresenceModel> {
  readonly #store: PresenceStore<M>;
  readonly #scope: FeedScope<M>;
  readonly #rights: (visibility: Visibility<M["label"]>) => boolean;
  readonly #parked = new Set<() => void>();
  #changes: SharedChanges<M> | undefined;
  #baseline: readonly BaselineBatch<M>[] | undefined;
  /** How many watchers hold it. */
  watchers = 0;

  /** Makes a feed for watchers whose rights are those of a viewer. */
  constructor(
    store: PresenceStore<M>,
    scope: FeedScope<M>,
    viewer: Viewer<M>,
  ) {
    this.#store = store;
    this.#scope = scope;
    this.#rights = rightsPolicy(viewer);
  }

  /** Calls back once: at the next change, or when the feed is closed. */
  park(wake: () => void): void {
    this.#parked.add(wake);
  }

  /** Forgets a callback. */
  unpark(wake: () => void): void {
    this.#parked.delete(wake);
  }

  /** Calls back whoever is parked. */
  wake(): void {
    const parked = [...this.#parked];
    this.#parked.clear();
    this.#baseline = undefined;
    for (const wake of parked) wake();
  }

  /** All that a viewer may see now, in parts. */
  baseline(viewer: Viewer<M>): readonly BaselineBatch<M>[] {
    const shared = this.#sharedBaseline();
    const own = viewer.subject === undefined
      ? []
      : this.#store.snapshots({ ...this.#scope, subject: viewer.subject })
        .filter(({ visibility }) => !this.#rights(visibility));
    const { subject } = this.#scope;
    if (
      own.length === 0 || (subject !== undefined && subject !== viewer.subject)
    ) return shared;
    return this.#parts([
      ...shared.flatMap(({ snapshots }) => snapshots),
      ...own,
    ]);
  }

  /** What a viewer may see of the changes after a position; `undefined` is a gap. */
  poll(
    position: CursorPosition,
    viewer: Viewer<M>,
  ): ChangesBatch<M> | undefined {
    const shared = this.#sharedChanges(position);
    if (shared === undefined) return undefined;
    const { subject } = viewer;
    if (subject === undefined || !shared.withheld.has(subject)) {
      return shared.batch;
    }
    return batchOf(shared.position, shared.all, viewerPolicy(viewer));
  }

  #sharedBaseline(): readonly BaselineBatch<M>[] {
    const [first] = this.#baseline ?? [];
    if (first?.position.sequence !== this.#store.lastSequence) {
      this.#baseline = undefined;
    }
    return this.#baseline ??= this.#parts(
      this.#store.snapshots({ ...this.#scope, visible: this.#rights }),
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
    if (this.#changes?.answers(since, this.#store.lastSequence)) {
      return this.#changes;
    }
    this.#changes = undefined;
    const { context, subject } = this.#scope;
    const behind = this.#store.lastSequence - since.sequence;
    if (subject !== undefined && behind > MAX_SUBJECT_SCAN) return undefined;
    const result = this.#store.changesSince(since, { context });
    if (result.type === "gap") return undefined;
    this.#changes = new SharedChanges(
      since,
      result.position,
      // Without a policy there are no hidden changes.
      result.changes.filter((change) => change.type !== "hidden")
        .filter((change) =>
          subject === undefined || subjectOf(change) === subject
        ),
      this.#rights,
    );
    return this.#changes;
  }
}

/** The changes between two positions, as those with the same rights see them. */
class SharedChanges<M extends PresenceModel> {
  readonly since: CursorPosition;
  readonly position: CursorPosition;
  readonly all: readonly PresenceChange<M>[];
  readonly batch: ChangesBatch<M>;
  /** The subjects of which those with these rights don't learn everything. */
  readonly withheld: ReadonlySet<Key>;

  constructor(
    since: CursorPosition,
    position: CursorPosition,
    all: readonly PresenceChange<M>[],
    rights: (visibility: Visibility<M["label"]>) => boolean,
  ) {
    this.since = since;
    this.position = position;
    this.all = all;
    this.batch = batchOf(position, all, rights);
    this.withheld = new Set<Key>(
      all.filter((change) => visibleChange(change, rights) !== change)
        .map(subjectOf),
    );
  }

  /** Whether it is also the answer to a poll from some position. */
  answers(since: CursorPosition, lastSequence: number): boolean {
    const first = this.all[0]?.sequence ?? this.position.sequence + 1;
    return since.epoch === this.position.epoch &&
      this.position.sequence === lastSequence &&
      this.since.sequence <= since.sequence && since.sequence < first;
  }
}

function batchOf<M extends PresenceModel>(
  position: CursorPosition,
  all: readonly PresenceChange<M>[],
  visible: Parameters<typeof visibleChange<M>>[1],
): ChangesBatch<M> {
  const changes = all
    .map((change) => visibleChange(change, visible))
    .filter((change) => change !== undefined);
  return { type: "changes", position, changes };
}

function subjectOf<M extends PresenceModel>(
  change: PresenceChange<M>,
): M["subject"] {
  return change.type === "published"
    ? change.snapshot.subject
    : change.previous.subject;
}

/** The feeds that have watchers, by what wakes them. */
export class Feeds<M extends PresenceModel> {
  readonly #store: PresenceStore<M>;
  readonly #ofContexts = new Map<Key, Map<string, Feed<M>>>();
  readonly #ofSubjects = new Map<Key, Map<string, Feed<M>>>();
  readonly #ofAll = new Map<string, Feed<M>>();

  /** Makes feeds that read from a store. */
  constructor(store: PresenceStore<M>) {
    this.#store = store;
  }

  /** Joins the feed of a scope and a viewer's rights. */
  join(scope: FeedScope<M>, viewer: Viewer<M>): Feed<M> {
    const feeds = this.#feedsOf(scope);
    const key = viewerKey(viewer);
    let feed = feeds.get(key);
    if (feed === undefined) {
      feed = new Feed(this.#store, scope, viewer);
      feeds.set(key, feed);
    }
    feed.watchers++;
    return feed;
  }

  /** Leaves it again; the last one to leave frees it. */
  leave(feed: Feed<M>, { context, subject }: FeedScope<M>, viewer: Viewer<M>) {
    if (--feed.watchers > 0) return;
    const feeds = this.#feedsOf({ context, subject });
    feeds.delete(viewerKey(viewer));
    if (feeds.size > 0) return;
    if (context !== undefined) this.#ofContexts.delete(context);
    else if (subject !== undefined) this.#ofSubjects.delete(subject);
  }

  /** Wakes the feeds that a change is of, and no others. */
  changed(change: PresenceChange<M>): void {
    const { context, subject } = change.type === "published"
      ? change.snapshot
      : change.previous;
    this.#wake(this.#ofContexts.get(context));
    this.#wake(this.#ofSubjects.get(subject));
    this.#wake(this.#ofAll);
  }

  /** Wakes all feeds. */
  wakeAll(): void {
    for (const feeds of this.#ofContexts.values()) this.#wake(feeds);
    for (const feeds of this.#ofSubjects.values()) this.#wake(feeds);
    this.#wake(this.#ofAll);
  }

  #wake(feeds: Map<string, Feed<M>> | undefined): void {
    for (const feed of feeds?.values() ?? []) feed.wake();
  }

  #feedsOf({ context, subject }: FeedScope<M>): Map<string, Feed<M>> {
    if (context !== undefined) return feedsAt(this.#ofContexts, context);
    if (subject !== undefined) return feedsAt(this.#ofSubjects, subject);
    return this.#ofAll;
  }
}

function feedsAt<F>(
  feeds: Map<Key, Map<string, F>>,
  key: Key,
): Map<string, F> {
  let there = feeds.get(key);
  if (there === undefined) {
    there = new Map();
    feeds.set(key, there);
  }
  return there;
}
