import type {
  Duration,
  EntryKey,
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
import type { Roster } from "./roster.ts";
import { contextName, decodeKey, decodeRow, rowId } from "./row_codec.ts";
import type { Session } from "./session.ts";
import type { SettledWrite } from "./writer.ts";

/** How many doubtful contexts are read at once. */
const READERS = 64;

/** A context that a node follows: what is known of it, and why it is followed. */
export class FollowedContext<M extends PresenceModel> extends ContextState {
  /** As the backbone names it. */
  readonly name: string;
  /** As the server knows it. */
  readonly key: M["context"];
  /** The connection that brings its changes, if there is one. */
  subscribedBy: BackboneConnection | undefined;
  /** Settles once it has been read, while it is being read. */
  reading: Promise<boolean> | undefined;
  /** Whether the server has watchers of it. */
  isWatched = false;
  /** For how long it has had neither watchers nor own entries. */
  idleMs: Duration = 0;
  /** Whether the node was connected since it follows the context. */
  isUsed: boolean;
  /**
   * Whether a write was at odds with the backbone since the last renewal. Then
   * the next renewal reads it: two nodes can't keep each other busy.
   */
  isContested = false;

  /** Makes one that has not been read. */
  constructor(name: string, isUsed: boolean) {
    super();
    this.name = name;
    this.key = JSON.parse(name);
    this.isUsed = isUsed;
  }

  /** Whether there is a reason to follow it. */
  get isBusy(): boolean {
    return this.isWatched || this.own.size > 0 || this.held.size > 0;
  }
}

/** What the contexts need. */
export interface FollowedContextsHost<M extends PresenceModel> {
  readonly session: Session;
  readonly settings: ClusterSettings;
  readonly roster: Roster;
  readonly own: OwnEntries<M>;
  readonly outbox: Outbox;
  readonly replication: Replication<M>;
  /** Learns all leases. */
  learn(): Promise<readonly NodeLife[]>;
  /** A call has failed. */
  failed(error: unknown): void;
}

/**
 * The contexts that a node follows: those that are watched here, that have own
 * entries, or that were asked for lately. A doubtful context is read; then the
 * server shows what it says, and the node writes again what is missing there.
 */
export class FollowedContexts<M extends PresenceModel> {
  /** By the backbone's names. */
  readonly all: Map<string, FollowedContext<M>> = new Map();
  readonly #host: FollowedContextsHost<M>;
  /** The doubtful contexts that are yet to be read. */
  readonly #queue = new Set<FollowedContext<M>>();
  #readers = 0;
  #renewedAt: Timestamp = Infinity;

  /** Makes one that follows nothing. */
  constructor(host: FollowedContextsHost<M>) {
    this.#host = host;
  }

  // What the server tells

  /** Shares an own entry. O(1). */
  put(snapshot: PresenceSnapshot<M>): void {
    const name = contextName(snapshot.context);
    const id = rowId(snapshot);
    this.#context(name).own.add(id);
    this.#write(name, id, this.#host.replication.heardAt(snapshot));
    this.follow(name);
  }

  /** Shares that an entry is gone. O(1). */
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
   * @returns Whether it has been read; `false` if it can't be now.
   */
  follow(name: string): Promise<boolean> {
    const context = this.#context(name);
    context.idleMs = 0;
    if (context.reading !== undefined) return context.reading;
    return this.isSettled(name) ? Promise.resolve(true) : this.#read(context);
  }

  // What is known

  /** Whether all rows of a context are known. */
  isSettled(name: string): boolean {
    const { session } = this.#host;
    const context = this.all.get(name);
    return session.isConnected && context?.memory === session.memory &&
      !context.isDoubtful && !context.isReading;
  }

  /** Whether all rows are known of each context that has own entries. */
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

  // What the backbone tells

  /** Takes a change. */
  receive({ change, ...told }: RowChange): void {
    const context = this.all.get(told.context);
    if (context === undefined) return;
    const received = change.type === "put"
      ? { type: change.type, row: this.#known(change.row) }
      : change;
    this.#receive(context, { ...told, change: received });
  }

  /** Takes the outcome of a write. */
  settled({ life, write, memory, written }: SettledWrite): void {
    const { roster, session } = this.#host;
    const context = this.all.get(write.context);
    // What a life has written that is over is written again by the next one.
    if (context === undefined || !roster.lives(life)) return;
    context.idleMs = 0;
    const { id } = write;
    const row = write.type === "put"
      ? { ...life, id, value: write.value, heardAt: session.now() - write.age }
      : undefined;
    // What is refused is another life's by now. A row that is to be removed may
    // never have been there.
    const isExpected = written.isDone
      ? context.wrote(id, row, memory, written.revision)
      : row === undefined && !context.rows.has(id);
    if (!isExpected) this.#contest(context);
  }

  /** Takes a renewal of another node: reads what it shows to be missing. */
  heard({ written, announced }: Lease): void {
    for (const [name, revision] of written) {
      const context = this.all.get(name);
      if (context && context.revision < revision) this.#read(context);
    }
    if (announced === "") return;
    for (const context of this.all.values()) {
      if (context.held.size > 0) this.#read(context);
    }
  }

  /** Removes all that a life had, at once. Its last changes may be lost. */
  drop(life: NodeLife): void {
    const keys = [...this.all.values()].flatMap((context) =>
      context.drop(life)
        .filter((id) => !context.own.has(id))
        .flatMap((id) => decodeKey<M>(context.name, id) ?? [])
    );
    this.#host.replication.drop(keys);
    this.missed();
  }

  /** Anything may have changed: reads all contexts. */
  missed(): void {
    this.doubt();
    this.#readDoubtful();
  }

  /** Has all contexts be read with the next renewal. */
  doubt(): void {
    for (const context of this.all.values()) context.isDoubtful = true;
  }

  /** The lease was renewed: reads what is doubtful, and lets go what is idle. */
  renewed(): void {
    const { session, settings: { leaseTtlMs, renewalMs } } = this.#host;
    const now = session.now();
    // Time in which nothing was learned does not count.
    const passed = Math.max(0, Math.min(now - this.#renewedAt, renewalMs));
    this.#renewedAt = now;
    for (const context of this.all.values()) {
      context.isUsed = true;
      context.isContested = false;
      // What this node has removed may be back in what is read.
      if (!this.isSettled(context.name)) continue;
      if (context.isBusy) context.idleMs = 0;
      else context.idleMs += passed;
      if (context.idleMs > leaseTtlMs + renewalMs) this.#unfollow(context);
    }
    this.#readDoubtful();
  }

  /** The lease could not be renewed. */
  lost(): void {
    this.doubt();
    // What has come and gone meanwhile need not be followed any more.
    for (const context of this.all.values()) {
      if (!context.isBusy && !context.isUsed) this.all.delete(context.name);
    }
  }

  /** Shows nothing any more of what others have. */
  letGo(): void {
    for (const context of this.all.values()) {
      context.forget();
      this.#clear(context);
    }
  }

  /** Ends it. */
  stop(): void {
    this.letGo();
    this.all.clear();
    this.#queue.clear();
  }

  // Below the surface

  #context(name: string): FollowedContext<M> {
    let context = this.all.get(name);
    if (context === undefined) {
      context = new FollowedContext<M>(name, this.#host.session.isConnected);
      this.all.set(name, context);
    }
    return context;
  }

  #disown(context: FollowedContext<M>, id: string): void {
    context.own.delete(id);
    context.idleMs = 0;
  }

  /** Writes an own entry, again if need be. */
  #write(
    context: string,
    id: string,
    at: Timestamp = this.#host.session.now(),
  ): void {
    this.#host.outbox.add({ type: "put", context, id, at });
  }

  #receive(context: FollowedContext<M>, received: Received): void {
    const id = context.receive(received, this.#surroundings(context));
    if (context.isReading) return;
    if (context.isDoubtful) this.#read(context);
    else if (id !== undefined) this.#show(context, id);
  }

  /** Shows what is known of a row, unless this node knows better. */
  #show(context: FollowedContext<M>, id: string): void {
    const { session, own, outbox, replication } = this.#host;
    const { name } = context;
    const row = context.rows.get(id);
    const pending = outbox.pending(name, id) ?? "retract";
    if (pending !== "retract" || row?.node === session.node) return;
    const heardAt = context.own.has(id) ? own.heardAt(name, id) : undefined;
    if (row && heardAt !== undefined && heardAt > row.heardAt) {
      return this.#contest(context);
    }
    this.#disown(context, id);
    const entry = row && this.#entry(name, row);
    if (entry !== undefined) return replication.put([entry], true);
    const key = decodeKey<M>(name, id);
    if (key !== undefined) replication.drop([key]);
  }

  /** Reads what this node and the backbone do not agree on. */
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

  /** Reads a context; once more, if it is being read. */
  #read(context: FollowedContext<M>): Promise<boolean> {
    context.isDoubtful = true;
    if (context.reading !== undefined) return context.reading;
    const { isConnected, connection } = this.#host.session;
    // A node that takes another name has no connection for a while.
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
        if (this.all.get(name) !== context) return false;
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
    const { session, own, outbox, replication } = this.#host;
    const { name, key } = context;
    if (context.subscribedBy !== connection) {
      await connection.follow(name);
      context.subscribedBy = connection;
    }
    context.begin(this.#surroundings(context));
    const askedAt = session.now();
    const { rows, over, ...read } = await this.#readRows(name, connection);
    for (const life of over) await connection.purge(life, name);
    if (this.all.get(name) !== context) return;
    const { shown, gone, missing, surplus } = context.read(
      // They may be older by as long as the reading took.
      { ...read, rows: rows.map((row) => this.#known(row, askedAt)) },
      own.rows(key),
      this.#surroundings(context),
    );
    const puts: RemoteEntry<M>[] = [];
    const drops: EntryKey<M>[] = [];
    for (const row of shown) {
      this.#disown(context, row.id);
      const entry = this.#entry(name, row);
      const unreadable = decodeKey<M>(name, row.id);
      if (entry !== undefined) puts.push(entry);
      else if (unreadable !== undefined) drops.push(unreadable);
    }
    drops.push(...gone.flatMap((id) => decodeKey<M>(name, id) ?? []));
    // A subject that has another entry by now does not leave first.
    replication.put(puts);
    replication.drop(drops);
    for (const id of surplus) {
      outbox.add({ type: "retract", context: name, id });
    }
    for (const { id, heardAt } of missing) this.#write(name, id, heardAt);
  }

  /** Reads a context, and tells which lives are over that have rows there. */
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

  #surroundings({ name }: FollowedContext<M>): Surroundings {
    const { session, roster, outbox } = this.#host;
    return {
      node: session.node,
      now: session.now(),
      lives: (life) => roster.lives(life),
      leaseOf: (node) => roster.leaseOf(node),
      pending: (id) => outbox.pending(name, id),
    };
  }
}
