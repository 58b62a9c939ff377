import {
  assertFunction,
  assertKey,
  assertNoOtherOptions,
  assertOptions,
  assertUpdate,
} from "../core/assert.ts";
import {
  type Duration,
  type EntryKey,
  entryKeyOf,
  type FacetPatch,
  InvalidValueError,
  type Key,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  sameVisibility,
  steadyNow,
  type Timestamp,
  type Visibility,
} from "../core/mod.ts";
import {
  type ChangesOptions,
  type ChangesResult,
  type ChangeStatus,
  type CursorPosition,
  type CursorStart,
  type PresenceChange,
  type PresenceCount,
  PresenceStore,
  type PresenceStoreOptions,
  type Sequence,
  type WatcherCursor,
} from "../store/mod.ts";
import type { PresenceBatch } from "./batch.ts";
import { Clocks } from "./clocks.ts";
import type {
  PresenceIngress,
  PresenceReader,
  PresenceRelay,
  PresenceWatch,
} from "./contracts.ts";
import { Departures } from "./departures.ts";
import { EntryMap } from "./entry_map.ts";
import { ContextAtCapacityError, ServerClosedError } from "./errors.ts";
import { type Feed, Feeds, type FeedScope } from "./feed.ts";
import { heldFacets, takeOver, type Theirs, theirsOf } from "./lasting.ts";
import { Relay } from "./relay.ts";
import type {
  RemoteEntry,
  Replication,
  ReplicationListener,
  SubjectCounts,
  Whereabouts,
} from "./replication.ts";
import { EventTally, type ServerStats } from "./server_stats.ts";
import { Sweeper } from "./sweeper.ts";
import { ToldDeadlines } from "./told_deadlines.ts";
import { startWatch } from "./start_watch.ts";
import {
  OMNISCIENT_VIEWER,
  seesAll,
  type Viewer,
  viewerPolicy,
} from "./viewer.ts";
import {
  RunningWatches,
  scopeOf,
  type Watch,
  watchBatches,
  type WatchCountOptions,
  watchCounts,
  type WatchOptions,
} from "./watch.ts";

/** How a server behaves. */
export interface PresenceServerOptions
  extends Pick<PresenceStoreOptions, "retention" | "staleUpdates" | "epoch"> {
  /**
   * Tells the wall time, in milliseconds: what is shown, and what the deadlines
   * of updates mean. It may be set while the server runs.
   *
   * @default {Date.now}
   */
  readonly clock?: (() => Timestamp) | undefined;
  /**
   * Decides what is due, in milliseconds: a clock that nobody sets.
   *
   * @default {the clock if one is given, else steadyNow}
   */
  readonly steadyClock?: (() => Timestamp) | undefined;
  /**
   * How long what a connection held goes on after it is gone, in
   * milliseconds; 0 for not at all.
   *
   * @default {10_000}
   */
  readonly graceMs?: Duration | undefined;
  /**
   * How many subjects may be in one context.
   *
   * @default {Infinity}
   */
  readonly maxSubjectsPerContext?: number | undefined;
  /**
   * Of how many subjects who are gone it is remembered when they were last
   * seen.
   *
   * @default {10_000}
   */
  readonly maxDepartures?: number | undefined;
}

/**
 * Presence for one process: a store whose refreshes are silent, clocks, a
 * timer that expires what is due, and watchers. Times are milliseconds.
 *
 * Deadlines of updates are wall time. The server takes them for the time that
 * is left until then: if the wall clock is set later, that moves none of them.
 *
 * Dispose of it when it is no longer needed: that ends the watches and the
 * timer.
 *
 * @typeParam M The application's model.
 *
 * @example Usage
 * ```ts
 * import { PresenceBeacon } from "@ruthere/presence/beacon";
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const beacon = new PresenceBeacon({
 *   subject: "alice",
 *   context: "doc-42",
 *   resource: "browser-tab",
 *   origin: "session/browser",
 *   expiry: { after: 30_000 },
 * });
 * server.receive(beacon.updateAt(Date.now(), { activity: "editing" }));
 *
 * for await (const batch of server.watch({ context: "doc-42" })) {
 *   if (batch.type === "baseline") assertEquals(batch.snapshots.length, 1);
 *   break;
 * }
 * ```
 */
export class PresenceServer<M extends PresenceModel = PresenceModel>
  implements PresenceIngress<M>, PresenceWatch<M>, Disposable {
  readonly #clocks: Clocks;
  readonly #graceMs: Duration;
  readonly #maxSubjects: number;
  readonly #refusesStale: boolean;
  readonly #store: PresenceStore<M>;
  readonly #feeds: Feeds<M>;
  readonly #departures: Departures<M>;
  /** The entries whose grace is running, and when it began: steady time. */
  readonly #lingering = new EntryMap<M, Timestamp>();
  /** The entries of other servers. */
  readonly #remote = new EntryMap<M, Theirs>();
  /**
   * When the publishers of own entries were heard of, while it is replicated:
   * steady time.
   */
  readonly #heard = new EntryMap<M, Timestamp>();
  /** When facets of own entries go by themselves, as the replication knows. */
  readonly #told = new ToldDeadlines<M>();
  #listener: ReplicationListener<M> | undefined;
  readonly #relay: Relay<M>;
  /** Whether what changes is what the replication does. */
  #isApplying = false;
  /** Whether what goes is only known here no longer. */
  #isForgetting = false;
  readonly #sweeper: Sweeper;
  readonly #watches = new RunningWatches();
  readonly #events = new EventTally();
  readonly #replicated = new EventTally();

  /**
   * Makes an empty server.
   *
   * @param options How it behaves.
   * @throws {InvalidValueError} If a number is not one of zero or more, the
   * retention is neither whole nor `Infinity`, or another option is of a wrong
   * type.
   */
  constructor(options: PresenceServerOptions = {}) {
    const action = "create server";
    assertOptions(options, action);
    const { retention, staleUpdates, epoch, clock = Date.now, ...own } =
      options;
    const { steadyClock = options.clock ?? steadyNow, ...rest } = own;
    const {
      graceMs = 10_000,
      maxSubjectsPerContext = Infinity,
      maxDepartures = 10_000,
      ...others
    } = rest;
    assertNoOtherOptions(others, action);
    assertAmount(graceMs, "graceMs", action);
    assertAmount(maxSubjectsPerContext, "maxSubjectsPerContext", action);
    assertAmount(maxDepartures, "maxDepartures", action);
    assertFunction(clock, "clock", action);
    assertFunction(steadyClock, "steadyClock", action);
    this.#clocks = new Clocks(clock, steadyClock, (by) => {
      this.#store.setBack(by);
      this.#departures.setBack(by);
    });
    this.#graceMs = graceMs;
    this.#maxSubjects = maxSubjectsPerContext;
    this.#departures = new Departures(maxDepartures);
    this.#sweeper = new Sweeper(steadyClock, () => this.expire());
    this.#refusesStale = staleUpdates === "refuse";
    this.#store = new PresenceStore<M>({
      retention,
      staleUpdates,
      epoch,
      refreshes: "silent",
      onChange: (change) => this.#changed(change),
    });
    this.#feeds = new Feeds(
      this.#store,
      (context, isWatched) => this.#needed(context, isWatched),
    );
    this.#relay = new Relay({
      send: (context, text) => this.#listener?.tell?.(context, text),
      subscribed: (context, isSubscribed) =>
        this.#needed(context, isSubscribed),
    });
  }

  /** What there is now. Getting it expires what is due: get it anew to read. */
  get store(): PresenceReader<M> {
    this.#expireDue();
    return this.#store;
  }

  /** Whether it has been disposed of. */
  get closed(): boolean {
    return this.#watches.closed;
  }

  /**
   * The wall time: for what is shown, and to make a deadline of. It goes back
   * only when the clock is set back by a tenth of a second or more.
   */
  get now(): Timestamp {
    return this.#clocks.wall;
  }

  /** The steady time: for how long something takes or lasts. */
  get steadyNow(): Timestamp {
    return this.#clocks.steady;
  }

  /** The sequence of the newest change; 0 before the first. */
  get lastSequence(): Sequence {
    return this.#store.lastSequence;
  }

  /**
   * What has happened so far, and how it stands, for whoever measures. Getting
   * it changes nothing: what is due is still counted. O(watches).
   */
  get stats(): ServerStats {
    const store = this.#store;
    return {
      events: this.#events.counts(),
      replicated: this.#replicated.counts(),
      baselinesResent: this.#watches.baselinesResent,
      subjects: store.subjectCount,
      contexts: store.contextCount,
      entries: store.size,
      remoteEntries: this.#remote.size,
      lingering: this.#lingering.size,
      retainedChanges: store.lastSequence - store.retainedFloorSequence,
      watches: this.#watches.size,
      watchLag: this.#watches.lag,
    };
  }

  // In

  /**
   * Takes an update. If entries of the same subject in the same context have
   * lost their connection, and everybody who could see them can see the update,
   * they go in the same batch: the subject is back.
   *
   * @param update The update; it must not be changed afterwards.
   * @returns The sequence of the change. A refresh, which changes nothing but
   * times, takes none: then it is the newest sequence there is.
   * @throws {InvalidValueError} If the update is not well-formed.
   * @throws {StaleUpdateError} If it is older than what is stored, and the
   * server refuses such updates.
   * @throws {ContextAtCapacityError} If the context is full and the subject is
   * not in it.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  receive(update: PresenceUpdate<M>): Sequence {
    return this.#publish(update, this.#beforeReceive([update]));
  }

  /**
   * Takes an update of an entry that is there. One that is not, because it has
   * expired or was withdrawn, does not come back by it.
   *
   * @param update The update; it must not be changed afterwards.
   * @returns The sequence, as of {@linkcode PresenceServer.receive};
   * `undefined` if there is no such entry.
   * @throws {InvalidValueError} If the update is not well-formed.
   * @throws {StaleUpdateError} If it is older than what is stored, and the
   * server refuses such updates.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  receiveIfPresent(update: PresenceUpdate<M>): Sequence | undefined {
    assertUpdate(update);
    this.#assertOpen("publish update");
    const shift = this.#shiftOnceExpired();
    if (this.#store.snapshot(update) === undefined) return undefined;
    return this.#publish(update, shift);
  }

  /**
   * Takes updates in order, all of them or, if one can't be taken, none.
   *
   * @param updates The updates.
   * @returns The sequence of each.
   * @throws {InvalidValueError} If one of them is not well-formed.
   * @throws {StaleUpdateError} If one of them is older than what is stored or
   * comes before it, and the server refuses such updates.
   * @throws {ContextAtCapacityError} If a context has no room for all newcomers.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  receiveAll(updates: readonly PresenceUpdate<M>[]): Sequence[] {
    const shift = this.#beforeReceive(updates);
    const taken = this.#takingOver(updates, shift);
    const { published } = this.#events;
    const sequences = this.#store.publishAll(taken, shift);
    const changed = this.#events.published - published;
    this.#events.refreshed(updates.length - changed);
    this.#afterReceive(updates);
    return sequences;
  }

  /**
   * Takes one entry away at once: its publisher says goodbye.
   *
   * @param key The key of the entry.
   * @returns The sequence of the change, `undefined` if there is no such entry.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  withdraw(key: EntryKey<M>): Sequence | undefined {
    this.#assertOpen("withdraw entry");
    this.#expireDue();
    const sequence = this.#store.withdraw(key);
    this.#rearm();
    return sequence;
  }

  /**
   * Takes all entries of an origin away at once: it says goodbye.
   *
   * @param origin The key of the origin.
   * @returns How many entries there were.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  withdrawOrigin(origin: M["origin"]): number {
    this.#assertOpen("withdraw origin");
    this.#expireDue();
    const removed = this.#store.withdrawOrigin(origin);
    this.#rearm();
    return removed;
  }

  /**
   * Takes note that an origin has lost its connection without a goodbye, as
   * every reload of a page looks like. Its entries go on for the grace period.
   * One whose subject is in the same context by another origin, for everybody
   * who could see it, goes at once.
   *
   * All that the origin holds is meant: give each connection an origin of its
   * own, or the late end of an old connection ends what a new one holds.
   *
   * @param origin The key of the origin.
   * @returns How many entries it has.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  disconnect(origin: M["origin"]): number {
    assertKey(origin, "origin", "disconnect origin");
    this.#assertOpen("disconnect origin");
    this.#expireDue();
    const snapshots = this.#store.snapshots({ origin });
    type Shown = Visibility<M["label"]>[];
    const elsewhere = new Map<Key, Map<Key, Shown>>();
    for (const snapshot of snapshots) {
      // Where it has gone to, they know when it is lost there.
      if (this.#remote.has(snapshot) || this.#lingering.has(snapshot)) continue;
      const { subject, context, visibility } = snapshot;
      const inContext = elsewhere.get(context) ?? new Map<Key, Shown>();
      elsewhere.set(context, inContext);
      const others = inContext.get(subject) ?? this.#othersOf(snapshot);
      inContext.set(subject, others);
      const isElsewhere = others.some((other) => covers(other, visibility));
      if (isElsewhere || this.#graceMs === 0) this.#store.withdraw(snapshot);
      else this.#linger(snapshot);
    }
    this.#rearm();
    return snapshots.length;
  }

  /**
   * Tells whether an entry has lost its connection and its grace is running.
   * O(1).
   *
   * @param key The key of the entry.
   * @returns Whether that is so.
   */
  isLingering(key: EntryKey<M>): boolean {
    return this.#lingering.has(key);
  }

  /**
   * Removes what is due by the server's steady clock. The server does so by
   * itself; this does it now.
   *
   * @returns How many entries were removed.
   */
  expire(): number {
    return this.#expireAt(this.#clocks.steady);
  }

  /**
   * Forgets changes before the retention does. Watchers that have not seen them
   * get a baseline, cursors a gap.
   *
   * @param through The newest sequence to forget.
   * @returns How many changes were forgotten.
   * @throws {InvalidValueError} If the sequence is not a whole number of zero
   * or more.
   */
  compact(through: Sequence): number {
    return this.#store.compact(through);
  }

  // Out

  /**
   * Makes a cursor, for whoever would rather poll than watch.
   *
   * @param from Where it starts.
   * @returns The cursor.
   * @throws {InvalidValueError} If a sequence is not a whole number of zero or
   * more.
   */
  watcherCursor(from: CursorStart): WatcherCursor {
    return this.#store.watcherCursor(from);
  }

  /**
   * Reads the changes after a sequence or a position.
   *
   * @param since The last change that the reader knows of.
   * @param options Which changes.
   * @returns The changes and the position to go on from, or a gap.
   */
  changesSince(
    since: Sequence | CursorPosition,
    options?: ChangesOptions<M>,
  ): ChangesResult<M> {
    this.#expireDue();
    return this.#store.changesSince(since, options);
  }

  /**
   * Tells whether there are changes after a sequence or a position.
   *
   * @param since The last change that the reader knows of.
   * @param options Which changes.
   * @returns `"pending"`, `"up-to-date"`, or a gap.
   */
  changeStatusSince(
    since: Sequence | CursorPosition,
    options?: ChangesOptions<M>,
  ): ChangeStatus {
    this.#expireDue();
    return this.#store.changeStatusSince(since, options);
  }

  /**
   * Watches: yields a baseline, then changes as they come. Who reads too
   * slowly gets fewer, larger batches, and at last a baseline again; the watch
   * holds no more than a position meanwhile, or what is still unread of a
   * baseline. It begins with the first `next()`, and ends without an error when
   * it is aborted or the server is disposed of.
   *
   * @param options What to watch, and on whose behalf.
   * @returns The batches.
   * @throws {InvalidValueError} If an option is not known, or is of a wrong
   * type.
   */
  watch(options: WatchOptions<M> = {}): Watch<PresenceBatch<M>> {
    const action = "watch presence";
    assertOptions(options, action);
    const { viewer = OMNISCIENT_VIEWER, signal, ...rest } = options;
    const { context, subject, since, keepAliveMs, ...others } = rest;
    assertNoOtherOptions(others, action);
    if (keepAliveMs !== undefined) {
      assertAmount(keepAliveMs, "keepAliveMs", action);
    }
    const what = { context, subject, since, keepAliveMs };
    return this.#joinFeed(
      scopeOf(what),
      viewer,
      signal,
      (feed, signal) => watchBatches(this.#watches, feed, viewer, what, signal),
    );
  }

  /**
   * Watches how many there are in a context: yields now, and then at most once
   * a second when it is another number.
   *
   * @param options What to count, and on whose behalf.
   * @returns The counts.
   */
  watchCount(options: WatchCountOptions<M>): Watch<PresenceCount> {
    assertOptions(options, "watch count");
    const { context, viewer = OMNISCIENT_VIEWER, signal, ...others } = options;
    assertNoOtherOptions(others, "watch count");
    const visible = seesAll(viewer) ? undefined : viewerPolicy(viewer);
    return this.#joinFeed(
      { context },
      viewer,
      signal,
      (feed, signal) =>
        watchCounts(
          feed,
          () => this.#store.count(context, { visible }),
          signal,
        ),
    );
  }

  /**
   * Tells when somebody who is gone was last seen. The memory is bounded: it
   * holds the latest departures.
   *
   * @param subject Who.
   * @param context Where.
   * @param viewer On whose behalf. All may be known, if it is left out.
   * @returns The time; `undefined` if the subject is there, or it is not known.
   */
  lastSeen(
    subject: M["subject"],
    context: M["context"],
    viewer: Viewer<M> = OMNISCIENT_VIEWER,
  ): Timestamp | undefined {
    const visible = viewerPolicy(viewer);
    const there = this.store.snapshots({ subject, context, visible });
    if (there.length > 0) return undefined;
    return this.#departures.lastSeen(subject, context, visible);
  }

  // Replication

  /**
   * Has a context be known whole, for a question that is asked without a
   * watch. Where there are no other servers it is; where there are some, those
   * who watch it have it so by and by.
   *
   * @param context Which context.
   * @returns Whether it is known whole; `false` if that can't be now, because
   * this server is cut off from the others.
   */
  async follow(context: M["context"]): Promise<boolean> {
    return await this.#listener?.follow?.(context) ?? true;
  }

  /**
   * Finds out where a subject is, at all servers together.
   *
   * @param subject Who.
   * @returns The entries that all servers have, which is not filtered for
   * anybody, and the servers that have not answered.
   * @throws {InvalidValueError} If the key is not well-formed.
   */
  async locate(subject: M["subject"]): Promise<Whereabouts<M>> {
    assertKey(subject, "subject", "locate subject");
    const { entries = [], isComplete = true, missing = [] } =
      await this.#listener?.locate?.(subject) ?? {};
    const snapshots = new EntryMap<M, PresenceSnapshot<M>>();
    for (const entry of entries) {
      snapshots.set(entry, { ...entry, expiry: "never" });
    }
    for (const snapshot of this.store.snapshots({ subject })) {
      // Of their own entries the others know better, if they answer.
      const isOld = this.#remote.has(snapshot) &&
        (isComplete || snapshots.has(snapshot));
      if (!isOld) snapshots.set(snapshot, snapshot);
    }
    return { snapshots: snapshots.values(), isComplete, missing };
  }

  /**
   * Counts the subjects of contexts, at all servers together. Whoever is at
   * several servers counts once.
   *
   * Without other servers it costs O(contexts) for a viewer who sees all, else
   * up to O(entries). With others, they are asked together for all contexts
   * that are not followed here, which takes up to two seconds.
   *
   * @param contexts Which contexts.
   * @param viewer On whose behalf. All are counted, if it is left out.
   * @returns How many each context has, 0 where nobody is, and the servers that
   * have not answered.
   * @throws {InvalidValueError} If a key is not well-formed.
   */
  async count(
    contexts: readonly M["context"][],
    viewer: Viewer<M> = OMNISCIENT_VIEWER,
  ): Promise<SubjectCounts<M>> {
    for (const context of contexts) {
      assertKey(context, "context", "count subjects");
    }
    const answer = this.#listener?.count?.(contexts, viewer);
    if (answer !== undefined) return await answer;
    const visible = seesAll(viewer) ? undefined : viewerPolicy(viewer);
    const { store } = this;
    const subjects = new Map(contexts.map((context) => [
      context,
      store.count(context, { visible }).subjects,
    ]));
    return { subjects, isComplete: true, missing: [] };
  }

  /** Whether there may be other servers to tell something. */
  get replicated(): boolean {
    return this.#listener !== undefined;
  }

  /** Passes texts between this server and those that replicate it. */
  get relay(): PresenceRelay<M> {
    return this.#relay;
  }

  /**
   * Lets somebody replicate this server: tells them of its own entries, and
   * takes those of others. What is there already is theirs to ask for.
   *
   * @param listener What is told, at once and in order.
   * @returns How to put the entries of others.
   * @throws {TypeError} If somebody does so already.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  replicate(listener: ReplicationListener<M>): Replication<M> {
    this.#assertOpen("replicate server");
    if (this.#listener !== undefined) {
      throw new TypeError("Cannot replicate server: it is replicated already");
    }
    this.#listener = listener;
    const { now, steadyNow } = this;
    for (const snapshot of this.store.snapshots()) {
      const liveness = this.#store.liveness(snapshot);
      const { seenAt = now, facetDeadlines } = liveness ?? {};
      const heardAt = steadyNow - Math.max(0, now - seenAt);
      this.#heard.set(entryKeyOf(snapshot), heardAt);
      this.#told.tell(snapshot, facetDeadlines, steadyNow);
    }
    return {
      put: (entries, areNews = false) => this.#putRemote(entries, areNews),
      drop: (keys) => this.#drop(keys),
      forget: (keys) => this.#forget(keys),
      own: (context) =>
        this.store.snapshots({ context })
          .filter((snapshot) => !this.#remote.has(snapshot)),
      heardAt: (key) => this.#heard.get(key),
      remote: (context) => this.#remote.in(context),
      watched: () => [
        ...new Set([...this.#feeds.contexts(), ...this.#relay.contexts()]),
      ],
      told: (context, text) => this.#relay.deliver(context, text),
      [Symbol.dispose]: () => {
        if (this.#listener !== listener) return;
        this.#listener = undefined;
        this.#forget(this.#remote.all());
        this.#heard.clear();
        this.#told.clear();
      },
    };
  }

  /** Ends all watches and the timer. The server takes no updates any more. */
  [Symbol.dispose](): void {
    if (this.#watches.closed) return;
    this.#sweeper.disarm();
    this.#watches.close();
    this.#listener?.closed?.();
  }

  // Below the surface

  /**
   * Tells the replicator that a context is needed: by its first watcher or
   * subscriber, until there is neither.
   */
  #needed(context: M["context"], isNeeded: boolean): void {
    const needs = Number(this.#feeds.watches(context)) +
      Number(this.#relay.has(context));
    if (needs === Number(isNeeded)) this.#listener?.watched(context, isNeeded);
  }

  #assertOpen(action: string): void {
    if (this.#watches.closed) throw new ServerClosedError(action);
  }

  /** Gives by how much deadlines of updates are to be moved. */
  #beforeReceive(updates: readonly PresenceUpdate<M>[]): Duration {
    this.#assertOpen("publish update");
    const shift = this.#shiftOnceExpired();
    this.#assertCapacity(updates);
    return shift;
  }

  #shiftOnceExpired(): Duration {
    const { steady } = this.#clocks;
    this.#expireDue(steady);
    return this.#clocks.shiftAt(steady);
  }

  #publish(update: PresenceUpdate<M>, shift: Duration): Sequence {
    const [taken = update] = this.#takingOver([update], shift);
    const { lastSequence } = this;
    const sequence = this.#store.publish(taken, shift);
    if (sequence === lastSequence) this.#events.refreshed(1);
    this.#afterReceive([update]);
    return sequence;
  }

  /**
   * Updates of what has been another server's so far have its facets end that
   * were to end there.
   */
  #takingOver(
    updates: readonly PresenceUpdate<M>[],
    shift: Duration,
  ): readonly PresenceUpdate<M>[] {
    if (this.#listener === undefined) return updates;
    const taken = new EntryMap<M, true>();
    return updates.map((update) => {
      assertUpdate(update);
      const theirs = this.#remote.get(update);
      if (theirs === undefined || taken.has(update)) return update;
      const former = this.#store.snapshot(update);
      const { facetDeadlines } = this.#store.liveness(update) ?? {};
      if (former === undefined || facetDeadlines === undefined) return update;
      taken.set(entryKeyOf(update), true);
      return takeOver(update, former, facetDeadlines, theirs, shift);
    });
  }

  #afterReceive(updates: readonly PresenceUpdate<M>[]): void {
    // First all of them: an entry that is in the batch itself does not go.
    const heardAt = this.#listener && this.#clocks.steady;
    for (const update of updates) {
      this.#lingering.delete(update);
      if (heardAt === undefined) continue;
      this.#heard.set(entryKeyOf(update), heardAt);
      // Its publisher has come here; also if nothing has changed by it.
      const isTakenOver = this.#remote.delete(update);
      const { facetDeadlines } = this.#store.liveness(update) ?? {};
      if (isTakenOver || this.#told.areNews(update, facetDeadlines)) {
        this.#tellPut(update);
      }
    }
    for (const update of updates) this.#cameBack(update);
    this.#rearm();
  }

  #assertCapacity(updates: readonly PresenceUpdate<M>[]): void {
    if (this.#maxSubjects === Infinity) return;
    for (const update of updates) assertUpdate(update);
    const newcomers = new Map<Key, Set<Key>>();
    for (const { subject, context } of updates) {
      if (this.#store.snapshots({ subject, context }).length > 0) continue;
      const inContext = newcomers.get(context) ?? new Set();
      newcomers.set(context, inContext.add(subject));
      const { subjects } = this.#store.count(context);
      if (subjects + inContext.size > this.#maxSubjects) {
        throw new ContextAtCapacityError(context, this.#maxSubjects);
      }
    }
  }

  #expireDue(now?: Timestamp): void {
    const due = this.#store.nextSweep();
    if (due === undefined) return;
    const steady = now ?? this.#clocks.steady;
    if (due <= steady) this.#expireAt(steady);
  }

  #expireAt(now: Timestamp): number {
    const removed = this.#store.expire(now);
    this.#tellAgain(now);
    this.#rearm();
    return removed;
  }

  /**
   * The visibilities of what other, connected origins hold of a subject. What
   * is at another server does not count: it may be lost there already.
   */
  #othersOf(
    { subject, context, origin }: PresenceSnapshot<M>,
  ): Visibility<M["label"]>[] {
    return this.#store.snapshots({ subject, context })
      .filter((other) =>
        other.origin !== origin && !this.#lingering.has(other) &&
        !this.#remote.has(other)
      )
      .map(({ visibility }) => visibility);
  }

  /** Lets an entry live on for the grace, by a refresh that nobody hears of. */
  #linger(snapshot: PresenceSnapshot<M>): void {
    const key = entryKeyOf(snapshot);
    const { seenAt, expiry } = this.#store.liveness(key)!;
    const now = this.#clocks.steady;
    this.#store.publish({
      ...key,
      visibility: snapshot.visibility,
      // The publisher's own time stays, or its next update could be stale.
      observedAt: seenAt,
      expiry: Math.min(
        now + this.#graceMs,
        expiry === "never" ? Number.MAX_VALUE : expiry,
      ),
      facets: {},
    });
    this.#lingering.set(key, now);
  }

  /** After an update of a subject, what lingers of it elsewhere goes. */
  #cameBack(
    { subject, context, origin, visibility }:
      | RemoteEntry<M>
      | PresenceUpdate<M>,
  ): void {
    for (const key of this.#lingering.of(subject, context)) {
      const lingering = this.#store.snapshot(key);
      if (
        lingering !== undefined && lingering.origin !== origin &&
        covers(visibility, lingering.visibility)
      ) this.#store.withdraw(key);
    }
  }

  #changed(change: PresenceChange<M>): void {
    const { previous } = change;
    // A facet of another server's entry goes there by itself as well.
    const isTheirs = this.#isApplying ||
      change.type === "facetsExpired" && this.#remote.has(change.snapshot);
    // What is only known here no longer has not happened.
    if (!isTheirs) this.#events.changed(change);
    else if (!this.#isForgetting) this.#replicated.changed(change);
    if (change.type === "expired" || change.type === "withdrawn") {
      const { subject, context, visibility } = change.previous;
      const lingersSince = this.#lingering.get(change.previous);
      const seenAt = change.type === "withdrawn"
        ? this.now
        : lingersSince === undefined
        ? change.seenAt
        : this.now - (this.steadyNow - lingersSince);
      this.#lingering.delete(change.previous);
      if (!this.#isForgetting) {
        this.#departures.record(subject, context, { visibility, seenAt });
      }
      this.#heard.delete(change.previous);
      this.#told.forget(change.previous);
      const isOwn = !this.#remote.delete(change.previous);
      if (!this.#isApplying) this.#listener?.removed(change.previous, isOwn);
    } else if (
      previous !== undefined &&
      !sameVisibility(previous.visibility, change.snapshot.visibility)
    ) {
      const { subject, context, visibility } = previous;
      const seenAt = this.now;
      this.#departures.record(subject, context, { visibility, seenAt });
    }
    if (
      !isTheirs &&
      (change.type === "published" || change.type === "facetsExpired")
    ) {
      this.#remote.delete(change.snapshot);
      this.#put(change.snapshot);
    }
    this.#feeds.changed(change);
  }

  /** Tells of facets that go on after the time that others know of. */
  #tellAgain(now: Timestamp): void {
    for (const key of this.#told.takeDue(now)) {
      const { facetDeadlines } = this.#store.liveness(key) ?? {};
      if (this.#told.areOthers(key, facetDeadlines)) this.#tellPut(key);
      else this.#told.tell(key, facetDeadlines, now);
    }
  }

  #tellPut(key: EntryKey<M>): void {
    const snapshot = this.#store.snapshot(key);
    if (snapshot !== undefined) this.#put(snapshot);
  }

  #put(snapshot: PresenceSnapshot<M>): void {
    if (this.#listener === undefined) return;
    const { facetDeadlines } = this.#store.liveness(snapshot) ?? {};
    this.#told.tell(snapshot, facetDeadlines, this.#clocks.steady);
    this.#listener.put(snapshot);
  }

  /** Does what the replication wants, and does not tell it of that. */
  #apply(action: () => void): void {
    this.#isApplying = true;
    try {
      action();
    } finally {
      this.#isApplying = false;
    }
  }

  #putRemote(entries: readonly RemoteEntry<M>[], areNews: boolean): void {
    const arrived = areNews
      ? entries.filter((entry) => !this.#remote.has(entry))
      : [];
    this.#apply(() => {
      for (const entry of entries) {
        const theirs = theirsOf(entry, this.#clocks.steady);
        const update = this.#asUpdate(entry, theirs);
        const former = this.#store.snapshot(entry);
        const { observedAt } = this.#remote.get(entry) ?? former ?? entry;
        const sequence = this.#store.lastSequence;
        this.#store.publish(update);
        if (
          former !== undefined && observedAt !== entry.observedAt &&
          this.#store.lastSequence === sequence
        ) {
          // A refresh is silent, but this is another entry in the old one's
          // place: all servers have the same.
          this.#store.withdraw(former);
          this.#store.publish(update);
        }
        this.#remote.set(entryKeyOf(entry), theirs);
        this.#heard.delete(entry);
        this.#told.forget(entry);
        this.#lingering.delete(entry);
      }
    });
    for (const entry of arrived) this.#cameBack(entry);
    this.#rearm();
  }

  /** An entry that is whole, as an update: what it does not have is cleared. */
  #asUpdate(entry: RemoteEntry<M>, theirs: Theirs): PresenceUpdate<M> {
    const former = this.#store.snapshot(entry);
    const cleared = Object.keys(former?.facets ?? {})
      .map((name) => [name, null]);
    const held = heldFacets(entry, theirs, this.#clocks.steady);
    const facets: FacetPatch<M> = {
      ...Object.fromEntries(cleared),
      ...held.facets,
    };
    const { seenAt = -Infinity } = this.#store.liveness(entry) ?? {};
    return {
      ...entryKeyOf(entry),
      visibility: entry.visibility,
      // By another server's clock: it must neither make the entry stale here nor
      // the next update of who comes over.
      observedAt: this.#refusesStale
        ? Math.max(Math.min(entry.observedAt, this.now), seenAt)
        : entry.observedAt,
      expiry: "never",
      facets,
      facetDeadlines: held.facetDeadlines,
    };
  }

  #drop(keys: readonly EntryKey<M>[]): void {
    this.#apply(() => {
      for (const key of keys) this.#store.withdraw(key);
    });
    this.#rearm();
  }

  /** Takes away what is known here no longer, which is no departure. */
  #forget(keys: readonly EntryKey<M>[]): void {
    this.#isForgetting = true;
    try {
      this.#drop(keys);
    } finally {
      this.#isForgetting = false;
    }
  }

  /** Arms the timer anew, unless the server has been disposed of. */
  #rearm(): void {
    if (this.#watches.closed) return;
    const sweep = this.#store.nextSweep() ?? Infinity;
    const due = Math.min(sweep, this.#told.earliest());
    this.#sweeper.arm(due === Infinity ? undefined : due);
  }

  #joinFeed<T>(
    scope: FeedScope<M>,
    viewer: Viewer<M>,
    signal: AbortSignal | undefined,
    run: (
      feed: Feed<M>,
      signal: AbortSignal,
    ) => AsyncGenerator<T, void>,
  ): Watch<T> {
    const feeds = this.#feeds;
    const expireDue = () => this.#expireDue();
    return startWatch([signal], async function* (signal) {
      expireDue();
      const feed = feeds.join(scope, viewer);
      try {
        yield* run(feed, signal);
      } finally {
        feeds.leave(feed);
      }
    }, this.#watches);
  }
}

/** Whether whoever could see the former can see what is shown now as well. */
function covers(shown: Visibility, former: Visibility): boolean {
  return shown === "public" || sameVisibility(shown, former);
}

function assertAmount(value: unknown, field: string, action: string): void {
  if (typeof value === "number" && value >= 0) return;
  const rule = "must be a number of zero or more";
  throw new InvalidValueError(action, field, rule, value);
}
