import { assertUpdate } from "../../core/assert.ts";
import {
  type Duration,
  type EntryKey,
  entryKeyOf,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  type Timestamp,
} from "../../core/mod.ts";
import { DeadlineQueue, type Scheduled } from "../../store/internal.ts";
import type { PresenceChange, PresenceStore } from "../../store/mod.ts";
import type { Clocks } from "../clocks.ts";
import { EntryMap } from "../entry_map.ts";
import {
  type Deadlines,
  deadlinesOf,
  haveMoved,
  heldFacets,
  takeOver,
} from "./facet_deadlines.ts";
import type { Feeds } from "../watch/feed.ts";
import type { Grace } from "../grace.ts";
import type { Relay } from "./relay.ts";
import type {
  RemoteEntry,
  Replication,
  ReplicationListener,
  Whereabouts,
} from "./replication.ts";

/** The parts of a replicated server that its replica uses. */
export interface ReplicaHost<M extends PresenceModel> {
  readonly store: PresenceStore<M>;
  readonly clocks: Clocks;
  readonly grace: Grace<M>;
  readonly feeds: Feeds<M>;
  readonly relay: Relay<M>;
  /** Whether the store refuses stale updates. */
  readonly refusesStale: boolean;
  /** Expires what is due, before a read. */
  expireDue(): void;
  /** Arms the expiry timer after a write. */
  rearm(): void;
  /** Called when the replication has ended. */
  ended(): void;
}

/** The causes of a replica's writes to the store. */
export type ReplicaCause = "replicated" | "forgotten";

/** Other servers learn of a later deadline within this time. */
const RESEND_MS: Duration = 60_000;

/**
 * Other servers learn at once of a deadline that is earlier by this or more. A
 * heartbeat, which adds two clocks, moves a deadline a little with each update.
 */
const SAME_MS: Duration = 100;

const NO_DEADLINES: Deadlines = new Map();

/** The state of an entry that this server owns. */
interface OwnEntry<M extends PresenceModel> extends Scheduled {
  readonly isOwn: true;
  readonly key: EntryKey<M>;
  /** When the server last received it: steady time. */
  heardAt: Timestamp;
  /** The facet deadlines that the other servers know. */
  sent: Deadlines;
  /** When to check whether the deadlines must be sent again. */
  due: Timestamp;
}

/** The state of an entry that another server owns. */
interface HeldEntry<M extends PresenceModel> {
  readonly isOwn: false;
  readonly key: EntryKey<M>;
  /** The `observedAt` there, by that server's clock. */
  readonly observedAt: Timestamp;
  /** When its facets expire there, by the steady clock here. */
  readonly deadlines: Deadlines;
}

/**
 * Knows the owner of each entry while a server is replicated: the server itself
 * or another one. It notifies the replicator of own entries, and puts the
 * entries of others into the store.
 */
export class Replica<M extends PresenceModel> implements Replication<M> {
  /** The replicator. */
  readonly listener: ReplicationListener<M>;
  readonly #host: ReplicaHost<M>;
  readonly #entries = new EntryMap<M, OwnEntry<M> | HeldEntry<M>>();
  /** Own entries by when to check whether deadlines must be sent again. */
  readonly #due = new DeadlineQueue<OwnEntry<M>>();
  #remoteSize = 0;
  #isOver = false;
  /** Ends the replication and forgets the entries of other servers. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Creates a replica. The server owns all entries that it has so far, which the
   * replica looks up when they are asked for.
   */
  constructor(host: ReplicaHost<M>, listener: ReplicationListener<M>) {
    this[Symbol.dispose] = this.#dispose;
    this.#host = host;
    this.listener = listener;
  }

  // For the server

  /** How many entries other servers own. */
  get remoteSize(): number {
    return this.#remoteSize;
  }

  /** A time before which {@linkcode Replica.sweep} has nothing to do. O(1). */
  get nextSweep(): Timestamp {
    return this.#due.earliest();
  }

  /** Reports whether another server owns an entry. O(1). */
  isRemote(key: EntryKey<M>): boolean {
    return this.#entries.get(key)?.isOwn === false;
  }

  /**
   * Prepares updates for publishing. The first update of another server's entry
   * takes the entry over: its facets keep their deadlines.
   */
  prepare(
    updates: readonly PresenceUpdate<M>[],
    shift: Duration,
  ): readonly PresenceUpdate<M>[] {
    const { store } = this.#host;
    const taken = new Set<HeldEntry<M>>();
    return updates.map((update) => {
      assertUpdate(update);
      // An entry that existed before the replication is added before the update
      // changes it.
      const held = this.#entry(update);
      if (held === undefined || held.isOwn || taken.has(held)) return update;
      const former = store.snapshot(update);
      if (former === undefined) return update;
      taken.add(held);
      return takeOver(update, former, held.deadlines, shift);
    });
  }

  /** Handles an update that was published, even if it changed nothing. */
  received(update: PresenceUpdate<M>): void {
    const { steady } = this.#host.clocks;
    const former = this.#entries.get(update);
    const own = former?.isOwn ? former : this.#own(update, steady);
    own.heardAt = steady;
    const isNearer = (by: Duration) => by <= -SAME_MS;
    if (
      own !== former || haveMoved(this.#deadlines(own), own.sent, isNearer)
    ) this.#put(own);
  }

  /** Handles a change of the store. One without a cause is the server's own. */
  changed(change: PresenceChange<M>, cause: string | undefined): void {
    switch (change.type) {
      case "expired":
      case "withdrawn": {
        const isOwn = !this.isRemote(change.previous);
        this.#delete(change.previous);
        if (cause !== undefined) return;
        return this.listener.removed(change.previous, isOwn);
      }
      case "published":
        if (cause !== undefined) return;
        return this.#put(
          this.#own(change.snapshot, this.#host.clocks.steady),
          change.snapshot,
        );
      case "facetsExpired": {
        const own = this.#entry(change.snapshot);
        if (own?.isOwn) this.#put(own, change.snapshot);
      }
    }
  }

  /**
   * Sends the deadlines that other servers have to learn now. When a deadline
   * that they know is due, the facet either has expired, which is a change, or
   * lasts.
   */
  sweep(now: Timestamp): void {
    let own = this.#due.takeDue(now);
    while (own !== undefined) {
      const isOther = (by: Duration) => by !== 0;
      if (haveMoved(this.#deadlines(own), own.sent, isOther)) this.#put(own);
      else this.#markSent(own);
      own = this.#due.takeDue(now);
    }
  }

  /** Returns the entries of a subject across all servers. */
  async locate(subject: M["subject"]): Promise<Whereabouts<M>> {
    const { entries = [], isComplete = true, missing = [] } =
      await this.listener.locate?.(subject) ?? {};
    const snapshots = new EntryMap<M, PresenceSnapshot<M>>();
    for (const entry of entries) {
      snapshots.set(entry, { ...entry, expiry: "never" });
    }
    this.#host.expireDue();
    for (const snapshot of this.#host.store.snapshots({ subject })) {
      // Others know their own entries better, if they answer.
      const isOld = this.isRemote(snapshot) &&
        (isComplete || snapshots.has(snapshot));
      if (!isOld) snapshots.set(snapshot, snapshot);
    }
    return { snapshots: snapshots.values(), isComplete, missing };
  }

  // For the replicator

  /** See {@linkcode Replication.put}. */
  put(entries: readonly RemoteEntry<M>[], areNews = false): void {
    if (this.#isOver) return;
    const arrived = areNews
      ? entries.filter((entry) => !this.isRemote(entry))
      : [];
    for (const entry of entries) this.#hold(entry);
    for (const entry of arrived) this.#host.grace.comeBack(entry);
    this.#host.rearm();
  }

  /** See {@linkcode Replication.drop}. */
  drop(keys: readonly EntryKey<M>[]): void {
    this.#withdraw(keys, "replicated");
  }

  /** See {@linkcode Replication.forget}. */
  forget(keys: readonly EntryKey<M>[]): void {
    this.#withdraw(keys, "forgotten");
  }

  /** See {@linkcode Replication.own}. */
  own(context?: M["context"]): PresenceSnapshot<M>[] {
    this.#host.expireDue();
    const all = this.#host.store.snapshots({ context });
    return this.#remoteSize === 0
      ? all
      : all.filter((snapshot) => !this.isRemote(snapshot));
  }

  /** See {@linkcode Replication.heardAt}. */
  heardAt(key: EntryKey<M>): Timestamp | undefined {
    const entry = this.#entry(key);
    return entry?.isOwn ? entry.heardAt : undefined;
  }

  /** See {@linkcode Replication.remote}. */
  remote(context?: M["context"]): EntryKey<M>[] {
    return this.#host.store.snapshots({ context })
      .filter((snapshot) => this.isRemote(snapshot))
      .map(entryKeyOf);
  }

  /** See {@linkcode Replication.watched}. */
  watched(): M["context"][] {
    const { feeds, relay } = this.#host;
    return [...new Set([...feeds.contexts(), ...relay.contexts()])];
  }

  /** See {@linkcode Replication.told}. */
  told(context: M["context"], text: string): void {
    this.#host.relay.deliver(context, text);
  }

  // Below the surface

  #dispose(): void {
    this.#isOver = true;
    this.forget(this.remote());
    this.#host.ended();
  }

  /** Returns an entry, also one that the server had before the replication. */
  #entry(key: EntryKey<M>): OwnEntry<M> | HeldEntry<M> | undefined {
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    const { store, clocks } = this.#host;
    const { wall, steady } = clocks;
    const liveness = store.liveness(key);
    if (liveness === undefined) return undefined;
    const { seenAt = wall } = liveness;
    const own = this.#own(key, steady - Math.max(0, wall - seenAt));
    this.#markSent(own);
    return own;
  }

  /** Returns the own entry with a key, and makes it an own one if it is not. */
  #own(key: EntryKey<M>, heardAt: Timestamp): OwnEntry<M> {
    const former = this.#entries.get(key);
    if (former?.isOwn) return former;
    const own: OwnEntry<M> = {
      isOwn: true,
      key: entryKeyOf(key),
      heardAt,
      sent: NO_DEADLINES,
      due: Infinity,
      queuedAt: Infinity,
    };
    if (former !== undefined) this.#remoteSize--;
    this.#entries.set(own.key, own);
    return own;
  }

  #delete(key: EntryKey<M>): void {
    const former = this.#entries.delete(key);
    if (former?.isOwn) this.#due.forget(former);
    else if (former !== undefined) this.#remoteSize--;
  }

  /** Puts another server's entry into the store. */
  #hold(entry: RemoteEntry<M>): void {
    const { store, clocks, grace } = this.#host;
    const former = store.snapshot(entry);
    const known = this.#entries.get(entry);
    const { observedAt } = known?.isOwn === false ? known : former ?? entry;
    const deadlines = deadlinesOf(entry, clocks.steady);
    const update = this.#asUpdate(entry, former, deadlines);
    const { lastSequence } = store;
    store.publish(update, 0, REPLICATED);
    if (
      former !== undefined && observedAt !== entry.observedAt &&
      store.lastSequence === lastSequence
    ) {
      // A silent refresh would keep the old snapshot, but all servers have to
      // have the same.
      store.withdraw(former, REPLICATED);
      store.publish(update, 0, REPLICATED);
    }
    this.#delete(entry);
    const key = entryKeyOf(entry);
    this.#entries.set(key, {
      isOwn: false,
      key,
      observedAt: entry.observedAt,
      deadlines,
    });
    this.#remoteSize++;
    grace.end(entry);
  }

  /** Returns an entry as an update that clears all other facets. */
  #asUpdate(
    entry: RemoteEntry<M>,
    former: PresenceSnapshot<M> | undefined,
    deadlines: Deadlines,
  ): PresenceUpdate<M> {
    const { store, clocks, refusesStale } = this.#host;
    // First: it may notice that the clock was set back, which moves `seenAt`.
    const { wall } = clocks;
    const { seenAt = -Infinity } = store.liveness(entry) ?? {};
    return {
      ...entryKeyOf(entry),
      visibility: entry.visibility,
      // It is of another server's clock. It must neither be stale here nor make
      // the next update stale that takes the entry over.
      observedAt: refusesStale
        ? Math.max(Math.min(entry.observedAt, wall), seenAt)
        : entry.observedAt,
      expiry: "never",
      ...heldFacets(entry, former, deadlines, clocks.steady),
    };
  }

  #withdraw(keys: readonly EntryKey<M>[], cause: ReplicaCause): void {
    for (const key of keys) this.#host.store.withdraw(key, cause);
    this.#host.rearm();
  }

  /** Notifies the replicator of an own entry. */
  #put(
    own: OwnEntry<M>,
    snapshot = this.#host.store.snapshot(own.key),
  ): void {
    if (snapshot === undefined) return;
    this.#markSent(own);
    this.listener.put(snapshot);
  }

  /** Marks the deadlines of an own entry as known to the other servers. */
  #markSent(own: OwnEntry<M>): void {
    own.sent = this.#deadlines(own);
    own.due = own.sent.size === 0
      ? Infinity
      : this.#host.clocks.steady + RESEND_MS;
    for (const deadline of own.sent.values()) {
      if (deadline < own.due) own.due = deadline;
    }
    if (own.due === Infinity) this.#due.forget(own);
    else this.#due.schedule(own);
  }

  #deadlines({ key }: OwnEntry<M>): Deadlines {
    return this.#host.store.liveness(key)?.facetDeadlines ?? NO_DEADLINES;
  }
}

const REPLICATED: ReplicaCause = "replicated";
