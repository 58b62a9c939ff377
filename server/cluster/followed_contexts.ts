import type {
  Duration,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
} from "../../core/mod.ts";
import type { RemoteEntry, Replication } from "../mod.ts";
import type {
  BackboneConnection,
  ContextRows,
  Lease,
  NodeLife,
  Row,
  RowChange,
} from "./backbone.ts";
import type { ClusterSettings } from "./cluster_options.ts";
import {
  ContextState,
  type KnownRow,
  type Received,
  type Surroundings,
} from "./context_state.ts";
import type { Outbox } from "./outbox.ts";
import type { OwnEntries } from "./own_entries.ts";
import { Pace } from "./pace.ts";
import type { Roster } from "./roster.ts";
import { contextName, decodeKey, decodeRow, rowId } from "./row_codec.ts";
import type { Session } from "./session.ts";
import type { SettledWrite } from "./writer.ts";

/** How many doubtful contexts are read at once. */
const READERS = 64;

/** A context that a node follows: its state, and the reasons to follow it. */
export class FollowedContext<M extends PresenceModel> extends ContextState {
  /** Its name in the backbone. */
  readonly name: string;
  /** Its key in the server. */
  readonly key: M["context"];
  /** The connection that is subscribed to it, if there is one. */
  subscribedBy: BackboneConnection | undefined;
  /** Settles when the present reading ends; `undefined` without one. */
  reading: Promise<boolean> | undefined;
  /** Whether it has watchers at the server. */
  isWatched = false;
  /** How long it has had neither watchers nor own entries. */
  idleMs: Duration = 0;
  /** Whether the node has been connected since it began to follow it. */
  isUsed: boolean;
  /**
   * Whether it was in dispute since the last renewal. Then the next renewal
   * reads it, so that two nodes can't keep each other busy.
   */
  isContested = false;

  /** Makes the state of a context before the first reading. */
  constructor(name: string, around: Surroundings, isUsed: boolean) {
    super(around);
    this.name = name;
    this.key = JSON.parse(name);
    this.isUsed = isUsed;
  }

  /** Whether there is a reason to keep following it. */
  get isBusy(): boolean {
    return this.isWatched || this.own.size > 0 || this.held.size > 0;
  }
}

/** What the followed contexts need. */
export interface FollowedContextsHost<M extends PresenceModel> {
  readonly session: Session;
  readonly settings: ClusterSettings;
  readonly roster: Roster;
  readonly own: OwnEntries<M>;
  readonly outbox: Outbox;
  readonly replication: Replication<M>;
  /** Reads all leases. */
  learn(): Promise<readonly NodeLife[]>;
  /** Reports a failed call. */
  failed(error: unknown): void;
}

/**
 * The contexts that a node follows: those that are watched here, that have own
 * entries, or that were loaded lately. It reads each doubtful context. Then the
 * server shows its rows, and the node writes missing own rows again.
 */
export class FollowedContexts<M extends PresenceModel> {
  /** The contexts by name. */
  readonly all: Map<string, FollowedContext<M>> = new Map();
  /** Divides what readings do among tasks. */
  readonly pace: Pace = new Pace();
  readonly #host: FollowedContextsHost<M>;
  /** The doubtful contexts that wait to be read. */
  readonly #queue = new Set<FollowedContext<M>>();
  #readers = 0;
  #renewedAt: Timestamp = Infinity;

  /** Makes the contexts of a node that follows none. */
  constructor(host: FollowedContextsHost<M>) {
    this.#host = host;
  }

  // Events of the server

  /** Shares an own entry. O(1). */
  put(snapshot: PresenceSnapshot<M>): void {
    const { outbox, replication, session } = this.#host;
    const context = contextName(snapshot.context);
    const id = rowId(snapshot);
    this.#context(context).own.add(id);
    const at = replication.heardAt(snapshot) ?? session.now();
    outbox.add({ type: "put", context, id, at });
    this.follow(context);
  }

  /** Shares the removal of an entry. O(1). */
  remove(snapshot: PresenceSnapshot<M>, isOwn: boolean): void {
    const { outbox, session } = this.#host;
    const context = contextName(snapshot.context);
    const id = rowId(snapshot);
    this.#disown(this.#context(context), id);
    if (!isOwn) {
      outbox.add({ type: "withdraw", context, id, at: session.now() });
    } else if (session.isConnected) {
      outbox.add({ type: "retract", context, id });
    } else outbox.forget(context, id);
  }

  /** Follows a context for as long as it is watched. */
  watch(name: string, isWatched: boolean): void {
    const context = this.#context(name);
    context.isWatched = isWatched;
    context.idleMs = 0;
    if (isWatched) this.follow(name);
  }

  /**
   * Follows a context for a while.
   *
   * @returns Whether it has been read; `false` if that is impossible now.
   */
  follow(name: string): Promise<boolean> {
    const context = this.#context(name);
    context.idleMs = 0;
    if (context.reading !== undefined) return context.reading;
    return this.isSettled(name) ? Promise.resolve(true) : this.#read(context);
  }

  // State

  /** Reports whether all rows of a context are known. */
  isSettled(name: string): boolean {
    const { session } = this.#host;
    const context = this.all.get(name);
    return session.isConnected && context?.memory === session.memory &&
      !context.isDoubtful && !context.isReading;
  }

  /** Whether all rows of every context with own entries are known. */
  get areOwnSettled(): boolean {
    for (const { name, own } of this.all.values()) {
      if (own.size > 0 && !this.isSettled(name)) return false;
    }
    return true;
  }

  /**
   * Reads a context without following it.
   *
   * @returns The rows that count; `undefined` if it can't be read.
   */
  async peek(name: string): Promise<ContextRows | undefined> {
    const { session: { connection }, roster } = this.#host;
    try {
      if (connection === undefined) return undefined;
      const { rows, ...read } = await this.#readRows(name, connection);
      return { ...read, rows: rows.filter((row) => roster.lives(row)) };
    } catch (error) {
      this.#host.failed(error);
      return undefined;
    }
  }

  // Events of the backbone

  /** Applies a change. */
  receive({ change, ...told }: RowChange): void {
    const context = this.all.get(told.context);
    if (context === undefined) return;
    const row = change.type === "put" ? this.#known(change.row) : undefined;
    const { id, age = Infinity } = change.type === "put" ? change.row : change;
    const at = this.#host.session.now() - age;
    this.#receive(context, { ...told, id, row, at });
  }

  /** Handles the outcome of a write. */
  settled(settled: SettledWrite): void {
    const context = this.all.get(settled.write.context);
    // The next life writes the rows of an ended one again.
    if (!context || !this.#host.roster.lives(settled.life)) return;
    context.idleMs = 0;
    if (!this.#apply(context, settled)) this.#contest(context);
  }

  /** Reads the contexts that a renewal of another node shows to be stale. */
  heard({ node, written, announced }: Lease): void {
    for (const [name, revision] of written) {
      const context = this.all.get(name);
      if (context && context.revision < revision) this.#read(context);
    }
    if (announced === "") return;
    for (const context of this.all.values()) {
      if (context.holds(node)) this.#read(context);
    }
  }

  /** Removes the rows of an ended life at once. Its last changes may be lost. */
  drop(life: NodeLife): void {
    const keys = [...this.all.values()].flatMap((context) =>
      context.drop(life)
        .filter((id) => !context.own.has(id))
        .flatMap((id) => decodeKey<M>(context.name, id) ?? [])
    );
    this.#host.replication.drop(keys);
    this.missed();
  }

  /** Reads all contexts: anything may have changed. */
  missed(): void {
    this.doubt();
    this.#readDoubtful();
  }

  /** Makes all contexts doubtful: the next renewal reads them. */
  doubt(): void {
    for (const context of this.all.values()) context.isDoubtful = true;
  }

  /** Reads doubtful contexts and unfollows idle ones after a renewal. */
  renewed(): void {
    const { session, settings: { leaseTtlMs, renewalMs } } = this.#host;
    const now = session.now();
    // Time without renewals does not count.
    const passed = Math.max(0, Math.min(now - this.#renewedAt, renewalMs));
    this.#renewedAt = now;
    for (const context of this.all.values()) {
      context.isUsed = true;
      context.isContested = false;
      // A reading may bring back a row that this node has removed.
      if (!this.isSettled(context.name)) continue;
      if (context.isBusy) context.idleMs = 0;
      else context.idleMs += passed;
      if (context.idleMs > leaseTtlMs + renewalMs) this.#unfollow(context);
    }
    this.#readDoubtful();
  }

  /** Makes all contexts doubtful after a failed renewal. */
  lost(): void {
    this.doubt();
    // Entries that came and went meanwhile leave nothing to follow.
    for (const context of this.all.values()) {
      if (!context.isBusy && !context.isUsed) this.all.delete(context.name);
    }
  }

  /** Removes the entries of all other nodes. */
  letGo(): void {
    for (const context of this.all.values()) {
      context.forget();
      this.#clear(context);
    }
  }

  /** Stops following all contexts. */
  stop(): void {
    this.letGo();
    this.all.clear();
    this.#queue.clear();
  }

  // Readings and writes

  #context(name: string): FollowedContext<M> {
    let context = this.all.get(name);
    if (context === undefined) {
      const { isConnected } = this.#host.session;
      const around = this.#surroundings(name);
      context = new FollowedContext<M>(name, around, isConnected);
      this.all.set(name, context);
    }
    return context;
  }

  #disown(context: FollowedContext<M>, id: string): void {
    context.own.delete(id);
    context.idleMs = 0;
  }

  #receive(context: FollowedContext<M>, received: Received): void {
    const isNews = context.receive(received);
    if (context.isReading) return;
    if (context.isDoubtful) this.#read(context);
    else if (isNews) this.#show(context, received);
  }

  /** Applies the outcome of a write; returns whether it was to be expected. */
  #apply(
    context: FollowedContext<M>,
    { life, write, memory, written: { isDone, revision } }: SettledWrite,
  ): boolean {
    const { type, id } = write;
    // A refused put belongs to another life now. A row to remove may never have
    // existed.
    if (!isDone) return type !== "put" && !context.rows.has(id);
    if (type === "retract") {
      return context.retracted(id, life.node, memory, revision);
    }
    const row = type === "put"
      ? {
        ...life,
        id,
        value: write.value,
        heardAt: this.#host.session.now() - write.age,
      }
      : undefined;
    return context.wrote(id, row, memory, revision);
  }

  /** Shows a change, unless this node has heard from the publisher since. */
  #show(context: FollowedContext<M>, { id, row, at }: Received): void {
    const { session, own, outbox, replication } = this.#host;
    const { name } = context;
    const pending = outbox.pending(name, id) ?? "retract";
    if (pending !== "retract" || row?.node === session.node) return;
    const heardAt = context.own.has(id) ? own.heardAt(name, id) : undefined;
    if (heardAt !== undefined && heardAt > at) return this.#contest(context);
    this.#disown(context, id);
    const entry = row && this.#entry(name, row);
    if (entry !== undefined) return replication.put([entry], true);
    this.#drop(name, [id]);
  }

  #drop(context: string, ids: readonly string[]): void {
    const keys = ids.flatMap((id) => decodeKey<M>(context, id) ?? []);
    this.#host.replication.drop(keys);
  }

  /** Reads a context in dispute, at once only one time for each renewal. */
  #contest(context: FollowedContext<M>): void {
    context.isDoubtful = true;
    if (context.isContested) return;
    context.isContested = true;
    this.#read(context);
  }

  #unfollow(context: FollowedContext<M>): void {
    this.all.delete(context.name);
    this.#host.session.connection?.unfollow(context.name);
    this.#clear(context);
  }

  #clear({ key }: FollowedContext<M>): void {
    const { replication } = this.#host;
    replication.forget(replication.remote(key));
  }

  #readDoubtful(): void {
    for (const context of this.all.values()) {
      if (context.isDoubtful && !context.isReading) {
        this.#queue.add(context);
      }
    }
    while (this.#readers < Math.min(READERS, this.#queue.size)) this.#work();
  }

  async #work(): Promise<void> {
    this.#readers++;
    for (const context of this.#queue) {
      this.#queue.delete(context);
      const isFollowed = this.all.get(context.name) === context;
      if (isFollowed && context.isDoubtful) await this.#read(context);
    }
    this.#readers--;
  }

  /** Reads a context, or once more if it is being read. */
  #read(context: FollowedContext<M>): Promise<boolean> {
    context.isDoubtful = true;
    if (context.reading !== undefined) return context.reading;
    const { isConnected, connection } = this.#host.session;
    // A node that changes its name has no connection for a while.
    if (!isConnected || connection === undefined) return Promise.resolve(false);
    context.reading = this.#readOn(context);
    return context.reading;
  }

  async #readOn(context: FollowedContext<M>): Promise<boolean> {
    const { session } = this.#host;
    const { name } = context;
    let arrived: readonly Received[] = [];
    while (context.isDoubtful && session.isConnected) {
      const { connection } = session;
      if (connection === undefined) break;
      try {
        await this.#readOnce(context, connection);
        arrived = context.isDoubtful ? [] : context.end();
      } catch (error) {
        // The next renewal tries again.
        context.isDoubtful = true;
        if (connection === session.connection) this.#host.failed(error);
        break;
      }
    }
    context.end();
    context.reading = undefined;
    for (const received of arrived) this.#receive(context, received);
    return this.isSettled(name);
  }

  async #readOnce(
    context: FollowedContext<M>,
    connection: BackboneConnection,
  ): Promise<void> {
    const { session } = this.#host;
    const { name } = context;
    if (context.subscribedBy !== connection) {
      await connection.follow(name);
      context.subscribedBy = connection;
    }
    context.begin();
    const askedAt = session.now();
    const { rows, over, ...read } = await this.#readRows(name, connection);
    for (const life of over) await connection.purge(life, name);
    const { pace } = this;
    const answer = { ...read, rows: this.#knownRows(rows, askedAt) };
    for (const _ of context.read(answer)) {
      if (!pace.take()) {
        this.#repair(context);
        await pace.next();
      }
      if (session.isConnected && session.connection === connection) continue;
      // The entries of others may have been let go.
      context.isDoubtful = true;
      return;
    }
    this.#repair(context);
  }

  /** Does what a reading has found so far. */
  #repair(context: FollowedContext<M>): void {
    const { outbox, replication } = this.#host;
    const { name } = context;
    const { shown, missing, surplus, gone: lost } = context.takeRepair();
    const puts: RemoteEntry<M>[] = [];
    const gone = [...lost];
    for (const row of shown) {
      const entry = this.#entry(name, row);
      if (entry !== undefined) puts.push(entry);
      else gone.push(row.id);
    }
    if (shown.length + gone.length > 0) context.idleMs = 0;
    // A subject with another entry now is not shown to leave first.
    replication.put(puts);
    this.#drop(name, gone);
    for (const id of surplus) {
      outbox.add({ type: "retract", context: name, id });
    }
    for (const { id, heardAt: at } of missing) {
      outbox.add({ type: "put", context: name, id, at });
    }
  }

  /** Reads a context; returns the ended lives with rows there, too. */
  async #readRows(
    name: string,
    connection: BackboneConnection,
  ): Promise<ContextRows & { readonly over: readonly NodeLife[] }> {
    const { roster } = this.#host;
    const read = await connection.read(name);
    const lives = (row: Row) => roster.lives(row);
    if (read.rows.every(lives)) return { ...read, over: [] };
    const leases = await this.#host.learn();
    const epochs = new Set(leases.map(({ epoch }) => epoch));
    const over = new Map(
      read.rows.filter(({ epoch }) => !epochs.has(epoch))
        .map(({ node, epoch }) => [epoch, { node, epoch }]),
    );
    return { ...read, over: [...over.values()] };
  }

  /** Returns rows that were read, each when it is needed. */
  *#knownRows(rows: readonly Row[], askedAt: Timestamp): Generator<KnownRow> {
    // Each may be older by the duration of the reading.
    for (const row of rows) yield this.#known(row, askedAt);
  }

  #known(
    { age, ...row }: Row,
    at: Timestamp = this.#host.session.now(),
  ): KnownRow {
    return { ...row, heardAt: at - age };
  }

  #entry(context: string, row: KnownRow): RemoteEntry<M> | undefined {
    const age = Math.max(0, this.#host.session.now() - row.heardAt);
    return decodeRow<M>(context, row.id, row.value, age);
  }

  #surroundings(name: string): Surroundings {
    const { session, roster, own, outbox } = this.#host;
    return {
      get node() {
        return session.node;
      },
      get now() {
        return session.now();
      },
      lives: (life) => roster.lives(life),
      leaseOf: (node) => roster.leaseOf(node),
      pending: (id) => outbox.pending(name, id),
      own: (id) => own.row(name, id),
    };
  }
}
