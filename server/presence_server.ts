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
  type Watch,
  type WatchCountOptions,
  Watches,
  type WatchOptions,
} from "./watch/watch.ts";

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

  /**
   * Makes an empty server.
   *
   * @param options How it behaves.
   * @throws {InvalidValueError} If a number is not one of zero or more, the
   * retention is neither whole nor `Infinity`, or another option is of a wrong
   * type.
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
    const shift = this.#beginPublish();
    assertCapacity(this.#store, [update], this.#maxSubjects);
    return this.#publish(update, shift);
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
    const shift = this.#beginPublish();
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
   * Takes one entry away at once: its publisher says goodbye.
   *
   * @param key The key of the entry.
   * @returns The sequence of the change, `undefined` if there is no such entry.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws {ServerClosedError} If the server has been disposed of.
   */
  withdraw(key: EntryKey<M>): Sequence | undefined {
    return this.#remove("withdraw entry", () => this.#store.withdraw(key));
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
    return this.#remove(
      "withdraw origin",
      () => this.#store.withdrawOrigin(origin),
    );
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
    return this.#remove("disconnect origin", () => this.#grace.start(origin));
  }

  /**
   * Tells whether an entry has lost its connection and its grace is running.
   * O(1).
   *
   * @param key The key of the entry.
   * @returns Whether that is so.
   */
  isLingering(key: EntryKey<M>): boolean {
    return this.#grace.has(key);
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
    return this.#watches.entries(options);
  }

  /**
   * Watches how many there are in a context: yields now, and then at most once
   * a second when it is another number.
   *
   * @param options What to count, and on whose behalf.
   * @returns The counts.
   */
  watchCount(options: WatchCountOptions<M>): Watch<PresenceCount> {
    return this.#watches.counts(options);
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
    return await this.#replica?.listener.follow?.(context) ?? true;
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
    const answer = await this.#replica?.locate(subject);
    if (answer !== undefined) return answer;
    const snapshots = this.store.snapshots({ subject });
    return { snapshots, isComplete: true, missing: [] };
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

  /** Whether there may be other servers to tell something. */
  get replicated(): boolean {
    return this.#replica !== undefined;
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

  /** Ends all watches and the timer. The server takes no updates any more. */
  [Symbol.dispose](): void {
    if (this.#watches.closed) return;
    this.#sweeper.disarm();
    this.#watches.close();
    this.#replica?.listener.closed?.();
  }

  // Below the surface

  #assertOpen(action: string): void {
    if (this.#watches.closed) throw new ServerClosedError(action);
  }

  /** Gets ready to publish; returns how far the steady clock is ahead. */
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
    // First all of them: an entry that is in the batch itself does not go.
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

  /** Arms the timer anew, unless the server has been disposed of. */
  #rearm(): void {
    if (this.#watches.closed) return;
    const expiry = this.#store.nextSweep() ?? Infinity;
    this.#sweeper.arm(Math.min(expiry, this.#replica?.nextSweep ?? Infinity));
  }

  /** Counts, remembers and passes on what the store says. */
  #changed(change: PresenceChange<M>, cause: string | undefined): void {
    const isForgotten = cause === "forgotten";
    if (!isForgotten) {
      // Facets of another server's entry expire there as well.
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
   * Tells the replicator that a context is needed: by its first watcher or
   * subscriber, until there is neither.
   */
  #needed(context: M["context"], isNeeded: boolean): void {
    const needs = Number(this.#feeds.watches(context)) +
      Number(this.#relay.has(context));
    if (needs !== Number(isNeeded)) return;
    this.#replica?.listener.watched(context, isNeeded);
  }
}
