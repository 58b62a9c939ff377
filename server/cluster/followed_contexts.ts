import type { PresenceModel } from "../../core/mod.ts";
import type {
  BackboneConnection,
  ContextRows,
  Lease,
  NodeLife,
  RowChange,
} from "./backbone.ts";
import { FollowedContext } from "./followed_context.ts";
import type { Peers } from "./peers.ts";
import { awaitedOf, type Shown } from "./shown.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { SettledWrite } from "./writer.ts";

/** How many contexts are read at once after an interruption. */
const READERS = 64;

/**
 * The contexts that a node follows: what it is told of their changes, and what
 * it reads where something may have been missed.
 */
export class FollowedContexts<M extends PresenceModel> {
  /** By the backbone's names. */
  readonly all: Map<string, FollowedContext<M>> = new Map();
  readonly #session: Session;
  readonly #peers: Peers;
  readonly #shown: Shown<M>;
  readonly #onError: (error: unknown) => void;
  /** The contexts that were not known when the lease was renewed. */
  readonly #unread = new Set<string>();
  /** How many of them are being read. */
  #readers = 0;
  /** The contexts that are yet to be read once more. */
  readonly #unverified = new Set<string>();
  #isVerifying = false;

  /** Makes one that follows nothing. */
  constructor(
    session: Session,
    peers: Peers,
    shown: Shown<M>,
    onError: (error: unknown) => void,
  ) {
    this.#session = session;
    this.#peers = peers;
    this.#shown = shown;
    this.#onError = onError;
  }

  /**
   * Follows a context.
   *
   * @returns Whether it has been read; `false` if it can't be now.
   */
  follow(name: string): Promise<boolean> {
    let context = this.all.get(name);
    if (context === undefined) {
      context = new FollowedContext<M>(name);
      this.all.set(name, context);
    }
    if (context.isReading) return context.reading;
    if (this.isKnown(name)) return Promise.resolve(true);
    return this.#read(context);
  }

  /** Whether all rows of a context are known. */
  isKnown(name: string): boolean {
    const context = this.all.get(name);
    return this.#session.isConnected && context !== undefined &&
      !context.isDoubtful && context.memory === this.#session.memory;
  }

  /**
   * Reads a context without following it.
   *
   * @returns The rows that count; `undefined` if it can't be read.
   */
  async peek(name: string): Promise<ContextRows | undefined> {
    const { connection } = this.#session;
    try {
      return connection && await this.#readRows(name, connection);
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  /** Whether all rows of a context are known, and it is not being read. */
  isSettled(name: string): boolean {
    return this.isKnown(name) && this.all.get(name)?.isReading === false;
  }

  /**
   * Whether a context may be let go: what was not shared any more may be found,
   * and be corrected, only by reading it, or after that.
   */
  mayGo(name: string): boolean {
    const context = this.all.get(name);
    return context === undefined ||
      this.isSettled(name) && context.held.size === 0 &&
        !context.isUnsettled && !this.#unverified.has(name);
  }

  /** Takes note that anything may have changed without having been told. */
  doubt(): void {
    for (const context of this.all.values()) context.isDoubtful = true;
  }

  /** Follows a context no longer. */
  unfollow(name: string): void {
    const context = this.all.get(name);
    if (context === undefined) return;
    this.all.delete(name);
    this.#session.connection?.unfollow(name);
    this.#shown.clear(context);
  }

  /** Takes note that a context is about to be written. */
  willWrite(name: string): void {
    const context = this.all.get(name);
    if (context !== undefined) context.isUsed = true;
  }

  /** Follows a context no longer of which the backbone knows nothing yet. */
  forget(name: string): boolean {
    return this.all.get(name)?.isUsed === false && this.all.delete(name);
  }

  /** Reads what is not known, so many at once however often it is asked to. */
  recover(): void {
    for (const context of this.all.values()) {
      context.renewed();
      if (!this.#isBeingLearned(context)) this.#unread.add(context.name);
    }
    while (this.#readers < READERS && this.#readers < this.#unread.size) {
      this.#recover();
    }
  }

  /**
   * Reads all again, one after the other: a life is over, whose last words may
   * have been lost, and nobody names them any more.
   */
  async verify(): Promise<void> {
    for (const name of this.all.keys()) this.#unverified.add(name);
    if (this.#isVerifying) return;
    this.#isVerifying = true;
    for (const name of this.#unverified) {
      this.#unverified.delete(name);
      const context = this.all.get(name);
      if (context !== undefined) await this.#read(context);
    }
    this.#isVerifying = false;
  }

  /** Takes a change. */
  take(told: RowChange): void {
    const context = this.all.get(told.context);
    if (context === undefined) return;
    if (context.isReading) {
      return context.keep(told, new Stopwatch(this.#session.now));
    }
    const { memory, revision, change } = told;
    switch (context.judge(told)) {
      case "old":
        return;
      case "gap":
        this.#read(context);
        return;
    }
    const id = change.type === "put" ? change.row.id : change.id;
    context.heard(id, revision);
    // What this node has written since comes later.
    if (context.hasWritten(id, memory, revision)) return;
    if (change.type === "put" && !this.#peers.lives(change.row)) {
      // Of a new life; or of one that is over, and written too late: then who
      // has the row that was there writes it again.
      this.#hold(context, id);
      this.#read(context);
      return;
    }
    context.held.delete(id);
    if (change.type === "put") context.rows.set(id, change.row);
    else context.rows.delete(id);
    this.#shown.show(context, id);
  }

  /** Takes note of what this node has written. */
  wrote({ life, write, memory, written }: SettledWrite): void {
    const context = this.all.get(write.context);
    // What a life has written that is over is written again by the next one.
    if (context === undefined || !this.#peers.lives(life)) return;
    // What is refused is another life's by now. A row that is to go may never
    // have been there; where one is known it had to wait until now.
    const isExpected = written.isDone
      ? context.wrote(life, write, memory, written.revision)
      : write.type !== "put" && !context.rows.has(write.id);
    if (!isExpected) this.#read(context);
  }

  /** Reads what a node has written without this one having heard of it. */
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

  /** Reads where a life has rows. */
  readRowsOf(life: NodeLife): void {
    for (const context of this.all.values()) {
      if (context.hasRowsOf(life)) this.#read(context);
    }
  }

  /** What a life had is gone, all of it at once. */
  drop(life: NodeLife): void {
    this.#shown.drop([...this.all.values()], life);
    this.verify();
  }

  /** Shows nothing any more of what others have. */
  letGo(): void {
    for (const context of this.all.values()) {
      context.forget();
      this.#shown.clear(context);
    }
  }

  /** Ends it. */
  stop(): void {
    this.all.clear();
    this.#unread.clear();
    this.#unverified.clear();
  }

  async #recover(): Promise<void> {
    this.#readers++;
    for (const name of this.#unread) {
      this.#unread.delete(name);
      const context = this.all.get(name);
      if (context === undefined || this.#isBeingLearned(context)) continue;
      await this.#read(context);
    }
    this.#readers--;
  }

  /** Whether it is known, or will be by what is being read. */
  #isBeingLearned(
    { name, isReading, isDoubtful }: FollowedContext<M>,
  ): boolean {
    return this.isKnown(name) || isReading && !isDoubtful;
  }

  #hold(context: FollowedContext<M>, id: string): void {
    const row = context.rows.get(id);
    const heir = row && this.#peers.heirOf(row);
    if (heir) context.held.set(id, awaitedOf(heir));
  }

  /** Reads a context; once more, if that is under way. */
  #read(context: FollowedContext<M>): Promise<boolean> {
    const { connection } = this.#session;
    if (connection === undefined || !this.#session.isConnected) {
      return Promise.resolve(false);
    }
    context.isOutdated = true;
    if (context.isReading) return context.reading;
    context.isReading = true;
    context.reading = this.#readOn(context);
    return context.reading;
  }

  async #readOn(context: FollowedContext<M>): Promise<boolean> {
    let connection: BackboneConnection | undefined;
    try {
      while (context.isOutdated) {
        connection = this.#session.connection;
        if (connection === undefined) {
          context.isDoubtful = true;
          return false;
        }
        let read = await this.#readOnce(context, connection);
        // What is outdated by now shows what nobody should see: once more.
        if (context.isOutdated) {
          read = await this.#readOnce(context, connection);
        }
        if (this.all.get(context.name) !== context) return false;
        // The node has another name: its changes are told elsewhere.
        context.isOutdated ||= connection !== this.#session.connection;
        this.#shown.replace(context, read);
      }
    } catch (error) {
      // The next renewal tries again.
      context.isDoubtful = true;
      if (connection === this.#session.connection) this.#onError(error);
      return false;
    } finally {
      context.isReading = false;
    }
    for (const change of context.takeKept()) this.take(change);
    return this.isKnown(context.name);
  }

  async #readOnce(
    context: FollowedContext<M>,
    connection: BackboneConnection,
  ): Promise<ContextRows> {
    const { name } = context;
    context.isUsed = true;
    if (context.subscribedBy !== connection) {
      await connection.follow(name);
      context.subscribedBy = connection;
    }
    context.begin();
    this.#unverified.delete(name);
    const reading = new Stopwatch(this.#session.now);
    const read = await this.#readRows(name, connection);
    return context.withKept(read, reading, (life) => this.#peers.lives(life));
  }

  /** Reads the rows that count, and sweeps those of lives that are over. */
  async #readRows(
    name: string,
    connection: BackboneConnection,
  ): Promise<ContextRows> {
    const read = await connection.read(name);
    const isOver = (life: NodeLife) =>
      !this.#peers.lives(life) && !this.#peers.mayLive(life);
    if (read.rows.some(isOver)) await this.#peers.learn();
    const over = new Map(
      read.rows.filter(isOver).map((row) => [row.epoch, row]),
    );
    for (const { node, epoch } of over.values()) {
      await connection.purge({ node, epoch }, name);
    }
    const rows = read.rows.filter((row) => this.#peers.lives(row));
    return { ...read, rows };
  }
}
