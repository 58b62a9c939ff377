import { assertKey, assertUpdate } from "../core/assert.ts";
import {
  type Duration,
  type EntryKey,
  type PresenceModel,
  type PresenceUpdate,
  sameVisibility,
  type Timestamp,
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
  type Sequence,
  type WatcherCursor,
} from "../store/mod.ts";
import type { PresenceBatch } from "./watch/batch.ts";
import { assertCapacity } from "./capacity.ts";
import { Clocks } from "./clocks.ts";
import type {
  PresenceIngress,
  PresenceReader,
  PresenceRelay,
  PresenceWatch,
} from "./contracts.ts";
import { Departures } from "./departures.ts";
import { ServerClosedError } from "./errors.ts";
import { Feeds } from "./watch/feed.ts";
import { Grace } from "./grace.ts";
import { Relay } from "./replication/relay.ts";
import { Replica } from "./replication/replica.ts";
import type {
  Replication,
  ReplicationListener,
  SubjectCounts,
  Whereabouts,
} from "./replication/replication.ts";
import { type PresenceServerOptions, settingsOf } from "./server_options.ts";
import { noEvents, type ServerStats } from "./server_stats.ts";
import { Sweeper } from "./sweeper.ts";
import {
  OMNISCIENT_VIEWER,
  type Viewer,
  viewerPolicy,
  visibleTo,
} from "./watch/viewer.ts";
import {
  type WatchCountOptions,
  Watches,
  type WatchOptions,
} from "./watch/watch.ts";
import type { Watch } from "./watch/start_watch.ts";

/**
 * Presence for one process: a store with silent refreshes, clocks, an expiry
 * timer, and watches. All times are milliseconds.
 *
 * The deadlines of updates are wall time. The server converts each to the time
 * that is left, so setting the wall clock later moves none of them.
 *
 * Dispose of the server when it is no longer needed: that ends its watches and
 * its timer.
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
  readonly #store: PresenceStore<M>;
  readonly #maxSubjects: number;
  readonly #refusesStale: boolean;
  readonly #grace: Grace<M>;
  readonly #departures: Departures<M>;
  readonly #feeds: Feeds<M>;
  readonly #watches: Watches<M>;
  readonly #relay: Relay<M>;
  readonly #sweeper: Sweeper;
  readonly #events = noEvents();
  readonly #replicated = noEvents();
  #replica: Replica<M> | undefined;
  /** Ends all watches and the timer. The server accepts no more updates. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Creates an empty server.
   *
   * @param options The options of the server.
   * @throws {InvalidValueError} If a number is not zero or more, the retention
   * is neither a whole number nor `Infinity`, another option is of a wrong type,
   * or an option is unknown.
   */
  constructor(options: PresenceServerOptions = {}) {
    const settings = settingsOf(options);
    const { clock, steadyClock, graceMs, staleUpdates } = settings;
    const store = new PresenceStore<M>({
      retention: settings.retention,
      staleUpdates,
      epoch: settings.epoch,
      refreshes: "silent",
      onChange: (change, cause) => this.#changed(change, cause),
    });
    const departures = new Departures<M>(settings.maxDepartures);
    this[Symbol.dispose] = this.#dispose;
    this.#store = store;
    this.#maxSubjects = settings.maxSubjectsPerContext;
    this.#refusesStale = staleUpdates === "refuse";
    this.#departures = departures;
    this.#clocks = new Clocks(clock, steadyClock, (by) => {
      store.setBack(by);
      departures.setBack(by);
    });
    this.#sweeper = new Sweeper(steadyClock, () => this.expire());
    this.#grace = new Grace({
      store,
      graceMs,
      clock: steadyClock,
      isRemote: (key) => this.#replica?.isRemote(key) ?? false,
    });
    const needed = (context: M["context"], isNeeded: boolean) =>
      this.#needed(context, isNeeded);
    this.#feeds = new Feeds(store, needed);
    this.#watches = new Watches(store, this.#feeds, () => this.#expireDue());
    this.#relay = new Relay<M>(
      (context, text) => this.#replica?.listener.tell?.(context, text),
      needed,
    );
  }

  /** The current entries. Each access expires what is due first. */
  get store(): PresenceReader<M> {
    this.#expireDue();
    return this.#store;
  }

  /** Whether the server has been disposed of. */
  get closed(): boolean {
    return this.#watches.closed;
  }

  /**
   * The wall time, to display and to compute deadlines from. It decreases only
   * when the clock is set back by a tenth of a second or more.
   */
  get now(): Timestamp {
    return this.#clocks.wall;
  }

  /** The steady time, to measure durations. */
  get steadyNow(): Timestamp {
    return this.#clocks.steady;
  }

  /** The sequence of the newest change; 0 before the first. */
  get lastSequence(): Sequence {
    return this.#store.lastSequence;
  }

  /**
   * The event counts of the server and its current state. Reading them changes
   * nothing: an entry that is due is still counted. O(watches).
   */
  get stats(): ServerStats {
    const store = this.#store;
    return {
      events: { ...this.#events },
      replicated: { ...this.#replicated },
      baselinesResent: this.#watches.baselinesResent,
      subjects: store.subjectCount,
      contexts: store.contextCount,
      entries: store.size,
      remoteEntries: this.#replica?.remoteSize ?? 0,
      lingering: this.#grace.size,
      retainedChanges: store.lastSequence - store.retainedFloorSequence,
      watches: this.#watches.size,
      watchLag: this.#watches.lag,
    };
  }

  // In

  /**
   * Publishes an update. Entries of the same subject and context that have lost
   * their connection are withdrawn in the same batch, since the subject is back;
   * except for an entry that somebody can see who can't see the update.
   *
   * @param update The update. Do not change it afterwards.
   * @returns The sequence of the change. A refresh, which changes only times,
   * has no sequence of its own and returns the newest one.
   * @throws {InvalidValueError} If the update is not well-formed.
   * @throws {StaleUpdateError} If it is older than the stored entry, and the
   * server refuses such updates.
   * @throws {ContextAtCapacityError} If the context is full and the subject is
   * not in it.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  receive(update: PresenceUpdate<M>): Sequence {
    const shift = this.#beginPublish();
    assertCapacity(this.#store, [update], this.#maxSubjects);
    return this.#publish(update, shift);
  }

  /**
   * Publishes an update of an existing entry. It does not bring back an entry
   * that has expired or was withdrawn.
   *
   * @param update The update. Do not change it afterwards.
   * @returns The sequence, as in {@linkcode PresenceServer.receive}; `undefined`
   * if there is no such entry.
   * @throws {InvalidValueError} If the update is not well-formed.
   * @throws {StaleUpdateError} If it is older than the stored entry, and the
   * server refuses such updates.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  receiveIfPresent(update: PresenceUpdate<M>): Sequence | undefined {
    assertUpdate(update);
    const shift = this.#beginPublish();
    if (this.#store.snapshot(update) === undefined) return undefined;
    return this.#publish(update, shift);
  }

  /**
   * Publishes updates in order. If one of them is refused, publishes none.
   *
   * @param updates The updates. Do not change them afterwards.
   * @returns The sequence of each.
   * @throws {InvalidValueError} If one of them is not well-formed.
   * @throws {StaleUpdateError} If one of them is older than the stored entry or
   * an update before it, and the server refuses such updates.
   * @throws {ContextAtCapacityError} If a context has no room for all new
   * subjects.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  receiveAll(updates: readonly PresenceUpdate<M>[]): Sequence[] {
    const shift = this.#beginPublish();
    assertCapacity(this.#store, updates, this.#maxSubjects);
    const { lastSequence } = this;
    const prepared = this.#replica?.prepare(updates, shift) ?? updates;
    const sequences = this.#store.publishAll(prepared, shift);
    const changes = this.lastSequence - lastSequence;
    this.#events.refreshed += updates.length - changes;
    this.#afterReceive(updates);
    return sequences;
  }

  /**
   * Removes one entry at once: its publisher says goodbye.
   *
   * @param key The key of the entry.
   * @returns The sequence of the change; `undefined` if there is no such entry.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  withdraw(key: EntryKey<M>): Sequence | undefined {
    return this.#remove("withdraw entry", () => this.#store.withdraw(key));
  }

  /**
   * Removes all entries of an origin at once: the origin says goodbye.
   *
   * @param origin The key of the origin.
   * @returns The number of entries that were removed.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  withdrawOrigin(origin: M["origin"]): number {
    return this.#remove(
      "withdraw origin",
      () => this.#store.withdrawOrigin(origin),
    );
  }

  /**
   * Handles the loss of an origin's connection without a goodbye, which is what
   * every reload of a page looks like. The origin's entries stay for the grace
   * period. An entry is removed at once if another origin holds its subject in
   * the context, visible to everyone who could see the entry.
   *
   * It affects all entries of the origin. Give each connection an origin of its
   * own: otherwise the late end of an old connection removes the entries of a
   * new one.
   *
   * @param origin The key of the origin.
   * @returns The number of entries that the origin had.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  disconnect(origin: M["origin"]): number {
    assertKey(origin, "origin", "disconnect origin");
    return this.#remove("disconnect origin", () => this.#grace.start(origin));
  }

  /**
   * Reports whether an entry has lost its connection and its grace is running.
   * O(1).
   *
   * @param key The key of the entry.
   * @returns Whether the entry lingers.
   */
  isLingering(key: EntryKey<M>): boolean {
    return this.#grace.has(key);
  }

  /**
   * Expires the entries and facets that are due now, without waiting for the
   * timer.
   *
   * @returns The number of entries that were removed.
   */
  expire(): number {
    return this.#expireAt(this.#clocks.steady);
  }

  /**
   * Drops changes before the retention does. A watch that has not read them gets
   * a baseline, and a cursor a gap.
   *
   * @param through The newest sequence to drop.
   * @returns The number of changes that were dropped.
   * @throws {InvalidValueError} If the sequence is not a whole number of zero
   * or more.
   */
  compact(through: Sequence): number {
    return this.#store.compact(through);
  }

  // Out

  /**
   * Creates a cursor, to poll for changes.
   *
   * @param from The position where it starts.
   * @returns The cursor.
   * @throws {InvalidValueError} If a sequence is not a whole number of zero or
   * more.
   */
  watcherCursor(from: CursorStart): WatcherCursor {
    return this.#store.watcherCursor(from);
  }

  /**
   * Returns the changes after a sequence or a position.
   *
   * @param since The last change that the reader knows.
   * @param options The changes to select.
   * @returns The changes and the position to continue from, or a gap.
   */
  changesSince(
    since: Sequence | CursorPosition,
    options?: ChangesOptions<M>,
  ): ChangesResult<M> {
    this.#expireDue();
    return this.#store.changesSince(since, options);
  }

  /**
   * Reports whether there are changes after a sequence or a position.
   *
   * @param since The last change that the reader knows.
   * @param options The changes to select.
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
   * Watches entries: yields a baseline, then changes as they occur. A slow
   * reader gets fewer, larger batches and finally a new baseline. The watch
   * holds only a position, or the unread parts of a baseline. It starts with the
   * first `next()`, and ends without an error when it is aborted or the server
   * is disposed of.
   *
   * @param options The options of the watch. Without options, it watches all
   * contexts and sees all entries.
   * @returns The batches.
   * @throws {InvalidValueError} If an option is unknown, or of a wrong type.
   */
  watch(options: WatchOptions<M> = {}): Watch<PresenceBatch<M>> {
    return this.#watches.entries(options);
  }

  /**
   * Watches the number of subjects and entries in a context: yields it at once,
   * and then at most once a second when it has changed.
   *
   * @param options The options of the watch.
   * @returns The counts.
   * @throws {InvalidValueError} If an option is unknown.
   */
  watchCount(options: WatchCountOptions<M>): Watch<PresenceCount> {
    return this.#watches.counts(options);
  }

  /**
   * Returns when a departed subject was last seen. The server remembers the
   * latest departures only.
   *
   * @param subject The subject.
   * @param context The context.
   * @param viewer The rights of the reader. Without it, the reader sees all.
   * @returns The time; `undefined` if the subject is there, or not remembered.
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
   * Loads all entries of a context from the other servers and keeps them current
   * for a while, for a read without a watch. A watch loads them as well, though
   * not at once. Without other servers there is nothing to load.
   *
   * @param context The context.
   * @returns Whether all entries are loaded; `false` if this server is cut off
   * from the others.
   */
  async follow(context: M["context"]): Promise<boolean> {
    return await this.#replica?.listener.follow?.(context) ?? true;
  }

  /**
   * Returns the entries of a subject across all servers.
   *
   * @param subject The subject.
   * @returns The entries, whatever their visibility, and the servers that have
   * not answered.
   * @throws {InvalidValueError} If the key is not well-formed.
   */
  async locate(subject: M["subject"]): Promise<Whereabouts<M>> {
    assertKey(subject, "subject", "locate subject");
    const answer = await this.#replica?.locate(subject);
    if (answer !== undefined) return answer;
    const snapshots = this.store.snapshots({ subject });
    return { snapshots, isComplete: true, missing: [] };
  }

  /**
   * Counts the subjects of contexts across all servers. A subject at several
   * servers counts once.
   *
   * Without other servers this is O(contexts) for a viewer who sees all, else up
   * to O(entries). With other servers, it reads each context that this one does
   * not follow from the backbone: O(entries), up to two seconds for every 64.
   *
   * @param contexts The contexts.
   * @param viewer The rights of the reader. Without it, all subjects count.
   * @returns The number for each context, 0 for an empty one, and the servers
   * whose entries may not be counted.
   * @throws {InvalidValueError} If a key is not well-formed.
   */
  async count(
    contexts: readonly M["context"][],
    viewer: Viewer<M> = OMNISCIENT_VIEWER,
  ): Promise<SubjectCounts<M>> {
    for (const context of contexts) {
      assertKey(context, "context", "count subjects");
    }
    const answer = await this.#replica?.listener.count?.(contexts, viewer);
    if (answer !== undefined) return answer;
    const visible = visibleTo(viewer);
    const { store } = this;
    const subjects = new Map(contexts.map((context) => [
      context,
      store.count(context, { visible }).subjects,
    ]));
    return { subjects, isComplete: true, missing: [] };
  }

  /** Whether the server is cut off from others, so that entries may be missing. */
  get isCutOff(): boolean {
    return this.#replica?.listener.isConnected?.() === false;
  }

  /** Whether the server is replicated, so that there may be other servers. */
  get replicated(): boolean {
    return this.#replica !== undefined;
  }

  /** Passes texts between this server and the other ones. */
  get relay(): PresenceRelay<M> {
    return this.#relay;
  }

  /**
   * Connects a replicator, such as a node of a cluster. It is notified of the
   * entries that this server owns, and puts the entries of other servers. It has
   * to ask for the entries that exist already.
   *
   * @param listener The replicator, which is notified at once and in order.
   * @returns What the replicator may do to this server.
   * @throws {TypeError} If the server is replicated already.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  replicate(listener: ReplicationListener<M>): Replication<M> {
    this.#assertOpen("replicate server");
    if (this.#replica !== undefined) {
      throw new TypeError("Cannot replicate server: it is replicated already");
    }
    this.#expireDue();
    const replica = new Replica<M>({
      store: this.#store,
      clocks: this.#clocks,
      grace: this.#grace,
      feeds: this.#feeds,
      relay: this.#relay,
      refusesStale: this.#refusesStale,
      expireDue: () => this.#expireDue(),
      rearm: () => this.#rearm(),
      ended: () => {
        if (this.#replica === replica) this.#replica = undefined;
      },
    }, listener);
    return this.#replica = replica;
  }

  // Below the surface

  #dispose(): void {
    if (this.#watches.closed) return;
    this.#sweeper.disarm();
    this.#watches.close();
    this.#replica?.listener.closed?.();
  }

  #assertOpen(action: string): void {
    if (this.#watches.closed) throw new ServerClosedError(action);
  }

  /**
   * Prepares to publish.
   *
   * @returns How far the steady clock is ahead of the wall clock.
   */
  #beginPublish(): Duration {
    this.#assertOpen("publish update");
    const { steady } = this.#clocks;
    this.#expireDue(steady);
    return this.#clocks.shiftAt(steady);
  }

  #publish(update: PresenceUpdate<M>, shift: Duration): Sequence {
    const { lastSequence } = this;
    const [prepared = update] = this.#replica?.prepare([update], shift) ?? [];
    const sequence = this.#store.publish(prepared, shift);
    if (sequence === lastSequence) this.#events.refreshed++;
    this.#afterReceive([update]);
    return sequence;
  }

  #afterReceive(updates: readonly PresenceUpdate<M>[]): void {
    // All of them first: an entry that the batch itself updates stays.
    for (const update of updates) {
      this.#grace.end(update);
      this.#replica?.received(update);
    }
    for (const update of updates) this.#grace.comeBack(update);
    this.#rearm();
  }

  #remove<T>(action: string, remove: () => T): T {
    this.#assertOpen(action);
    this.#expireDue();
    const removed = remove();
    this.#rearm();
    return removed;
  }

  #expireDue(now?: Timestamp): void {
    const due = this.#store.nextSweep();
    if (due === undefined) return;
    const steady = now ?? this.#clocks.steady;
    if (due <= steady) this.#expireAt(steady);
  }

  #expireAt(now: Timestamp): number {
    const removed = this.#store.expire(now);
    this.#replica?.sweep(now);
    this.#rearm();
    return removed;
  }

  /** Arms the timer for what is due next, unless the server is disposed of. */
  #rearm(): void {
    if (this.#watches.closed) return;
    const expiry = this.#store.nextSweep() ?? Infinity;
    this.#sweeper.arm(Math.min(expiry, this.#replica?.nextSweep ?? Infinity));
  }

  /** Handles a change of the store. */
  #changed(change: PresenceChange<M>, cause: string | undefined): void {
    const isForgotten = cause === "forgotten";
    if (!isForgotten) {
      // The facets of another server's entry expire there as well.
      const isReplicated = cause !== undefined ||
        change.type === "facetsExpired" &&
          this.#replica?.isRemote(change.snapshot);
      const events = isReplicated ? this.#replicated : this.#events;
      events[change.type]++;
    }
    const { previous } = change;
    if (change.type === "expired" || change.type === "withdrawn") {
      const lingered = this.#grace.end(change.previous);
      const seenAt = change.type === "withdrawn"
        ? this.now
        : lingered === undefined
        ? change.seenAt
        : this.now - lingered;
      if (!isForgotten) this.#departures.record(change.previous, seenAt);
    } else if (
      previous !== undefined &&
      !sameVisibility(previous.visibility, change.snapshot.visibility)
    ) {
      this.#departures.record(previous, this.now);
    }
    this.#replica?.changed(change, cause);
    this.#feeds.changed(change);
  }

  /**
   * Notifies the replicator when a context gets its first watcher or subscriber,
   * and when it has neither any more.
   */
  #needed(context: M["context"], isNeeded: boolean): void {
    const needs = Number(this.#feeds.watches(context)) +
      Number(this.#relay.has(context));
    if (needs !== Number(isNeeded)) return;
    this.#replica?.listener.watched(context, isNeeded);
  }
}
