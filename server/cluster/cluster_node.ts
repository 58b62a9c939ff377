import type { PresenceModel } from "../../core/mod.ts";
import type {
  PresenceServer,
  Replication,
  ReplicationListener,
} from "../mod.ts";
import type {
  BackboneConnection,
  BackboneListener,
  KeptLease,
  NodeLife,
  PresenceBackbone,
} from "./backbone.ts";
import { Board } from "./board.ts";
import type { ClusterSettings } from "./cluster_options.ts";
import { FollowedContexts } from "./followed_contexts.ts";
import { NodeNameTakenError } from "./errors.ts";
import { type Beat, Heartbeat } from "./heartbeat.ts";
import { Interest } from "./interest.ts";
import { OwnEntries } from "./own_entries.ts";
import { Peers } from "./peers.ts";
import { Questions } from "./questions.ts";
import { contextName, nodeContext, NODES } from "./row_codec.ts";
import { Session } from "./session.ts";
import { Shown } from "./shown.ts";
import { Survey } from "./survey.ts";
import { within } from "./within.ts";
import { Writer } from "./writer.ts";

/** How long somebody waits for a context to be known, in milliseconds. */
const FOLLOW_MS = 500;

/**
 * For how many leases a context that nobody is interested in is followed on, in
 * case a replica takes over that has not heard of what was last written there.
 */
const POSTPONED_LEASES = 4;

/** The parts of a node, and what goes from one to the other. */
export class ClusterNode<M extends PresenceModel> {
  /** What it has of the backbone. */
  readonly session: Session;
  /** Which contexts it has to do with. */
  readonly interest: Interest;
  /** Writes. */
  readonly writer: Writer;
  /** The other nodes. */
  readonly peers: Peers;
  /** The contexts that it follows. */
  readonly contexts: FollowedContexts<M>;
  /** Asks the other nodes. */
  readonly survey: Survey<M>;
  /** What it puts into its server. */
  readonly replication: Replication<M>;
  /** The names of the nodes that live, in order; none after it has left. */
  readonly nodes: Board<readonly string[]>;
  readonly #closed: () => void;
  readonly #backbone: PresenceBackbone;
  readonly #settings: ClusterSettings;
  readonly #own: OwnEntries<M>;
  readonly #questions: Questions<M>;
  readonly #heartbeat: Heartbeat;
  readonly #reported = new WeakSet<Error>();
  /** What is told by the connection that there is; nothing by a former one. */
  #listening = {};
  /** An own context that was not settled when all were to be announced. */
  #unsettled = "";
  /** Lives that were over and not purged when the lease was last renewed. */
  #unpurged = new Set<string>();
  /** Those that this node purges. */
  readonly #purging = new Set<string>();

  /** Makes one, and connects it. When its server ends, that is told. */
  constructor(
    server: PresenceServer<M>,
    backbone: PresenceBackbone,
    settings: ClusterSettings,
    closed: () => void,
  ) {
    this.#closed = closed;
    this.#backbone = backbone;
    this.#settings = settings;
    const { node, leaseTtlMs, renewalMs } = settings;
    const failed = (error: unknown) => this.#report(error);
    const replication = () => this.replication;
    const session = new Session(node, server, () => server.steadyNow);
    const interest = new Interest(() => server.steadyNow);
    this.session = session;
    this.interest = interest;
    this.writer = new Writer(session, {
      dated: (write) => {
        this.contexts.willWrite(write.context);
        return this.#own.dated(write);
      },
      settled: (write) => {
        const { write: { context }, written: { revision } } = write;
        session.lease.wrote(context, revision);
        interest.touch(context);
        this.contexts.wrote(write);
      },
      emptied: () => this.#announced(),
      failed,
    });
    const { outbox } = this.writer;
    this.nodes = new Board<readonly string[]>(
      [session.node],
      (nodes) => nodes.length === 0,
    );
    this.#own = new OwnEntries(server, replication, interest, outbox, failed);
    this.peers = new Peers(session, leaseTtlMs, {
      over: (life) => {
        this.contexts.drop(life);
        if (!this.peers.has(life.node)) this.#questions.gone(life.node);
      },
      heard: (lease) => this.contexts.heard(lease),
      announced: (former) => this.contexts.readRowsOf(former),
      missed: () => this.contexts.verify(),
      changed: () => this.#tellNodes(),
      toPurge: (life) => this.#purge(life),
      failed,
    });
    const shown = new Shown<M>({
      get node() {
        return session.node;
      },
      peers: this.peers,
      own: this.#own,
      interest,
      writer: this.writer,
      replication,
    });
    this.contexts = new FollowedContexts(session, this.peers, shown, failed);
    this.#questions = new Questions({
      send: (text, to) =>
        session.connection?.send(
          to === undefined ? NODES : nodeContext(to),
          text,
        ),
      answer: (subject) => this.survey.answer(subject),
      isSilent: (node) => this.peers.isSilent(node),
      silenced: (life) => this.peers.silence(life),
    });
    this.survey = new Survey({
      server,
      replication,
      contexts: this.contexts,
      questions: this.#questions,
      peers: this.peers,
      session,
    });
    this.replication = server.replicate(this.#serverListener());
    for (const context of this.replication.watched()) {
      this.#watched(context, true);
    }
    for (const snapshot of this.replication.own()) {
      this.#own.put(snapshot);
      this.contexts.follow(contextName(snapshot.context));
    }
    this.writer.flushSoon();
    this.#heartbeat = new Heartbeat(session, {
      leaseTtlMs,
      renewalMs,
      connect: () => this.#connect(),
      learn: () => this.peers.learn(),
      renewed: (beat) => this.#renewed(beat),
      failed: (error) => this.#lost(error),
      renamed: (former) => {
        this.#listening = {};
        this.contexts.doubt();
        this.#tellNodes();
        this.#report(new NodeNameTakenError(former, session.node));
      },
    });
    this.#heartbeat.beat();
  }

  /** Whether it shows what others have: what it is, or was within the hold. */
  get isReady(): boolean {
    const { status: { current }, lostFor } = this.session;
    if (current === "isolated") return lostFor <= this.#settings.holdMs;
    return current === "connected";
  }

  /** Has a context be known whole; tells whether it is. */
  async follow(context: M["context"]): Promise<boolean> {
    if (!this.session.isConnected) return false;
    const name = contextName(context);
    this.interest.touch(name);
    // Whoever asks waits for it, perhaps to publish something.
    return await within(this.contexts.follow(name), FOLLOW_MS, false);
  }

  /** Leaves; what it owns may be kept until its lease has run out. */
  async leave(keep: boolean): Promise<void> {
    const { connection, life } = this.session;
    this.#questions.leave(life);
    this.session.status.set("left");
    this.#heartbeat.stop();
    this.peers.stop();
    this.nodes.set([]);
    this.contexts.letGo();
    this.contexts.stop();
    this.#questions.stop();
    try {
      if (connection !== undefined) {
        await this.writer.finish(connection);
        // What was sent before has gone out when there is an answer to this.
        const [kept] = await connection.leases(life.node);
        if (!keep) await this.#endLife(connection, kept);
      }
    } catch (error) {
      this.#settings.onError(error);
    } finally {
      this.replication[Symbol.dispose]();
    }
    await connection?.close().catch(this.#settings.onError);
  }

  #serverListener(): ReplicationListener<M> {
    return {
      put: (snapshot) => {
        this.#own.put(snapshot);
        this.contexts.follow(contextName(snapshot.context));
        this.writer.flushSoon();
      },
      removed: (snapshot, isOwn) => {
        if (!isOwn) this.#own.withdraw(snapshot);
        else if (this.session.isConnected) this.#own.retract(snapshot);
        else this.#own.forget(snapshot);
        this.writer.flushSoon();
      },
      watched: (context, isWatched) => this.#watched(context, isWatched),
      closed: () => this.#closed(),
      follow: (context) => this.follow(context),
      locate: (subject) => this.survey.elsewhere(subject),
      count: (contexts, viewer) => this.survey.count(contexts, { viewer }),
      tell: (context, text) =>
        this.session.connection?.send(contextName(context), text),
    };
  }

  #backboneListener(): BackboneListener {
    // As long as it is the latest.
    const listening = this.#listening = {};
    const guarded = <Told extends unknown[]>(take: (...told: Told) => void) =>
      this.#guarded<Told>((...told) => {
        if (listening === this.#listening) take(...told);
      });
    return {
      onChange: guarded((change) => this.contexts.take(change)),
      onLease: guarded((lease) => this.peers.hear(lease)),
      onEnded: guarded((life) => {
        const { session } = this;
        if (life.node !== session.node) this.peers.end(life);
        else if (life.epoch === session.life.epoch) this.#heartbeat.beat();
      }),
      onMessage: guarded((context, from, text) => {
        const isToNodes = context === NODES ||
          context === nodeContext(this.session.node);
        if (isToNodes) return this.#questions.receive(from, text);
        const followed = this.contexts.all.get(context);
        if (followed) this.replication.told(followed.key, text);
      }),
      onInterrupted: guarded(() => {
        this.contexts.doubt();
        this.#heartbeat.interrupted();
      }),
    };
  }

  /** Does not let whoever tells something suffer from what comes of it. */
  #guarded<Told extends unknown[]>(
    take: (...told: Told) => void,
  ): (...told: Told) => void {
    return (...told) => {
      try {
        if (!this.session.hasLeft) take(...told);
      } catch (error) {
        this.#report(error);
      }
    };
  }

  async #connect(): Promise<BackboneConnection> {
    const { node } = this.session;
    const connection = await this.#backbone
      .connect(node, this.#backboneListener());
    try {
      await Promise.all(
        [NODES, nodeContext(node)].map((name) => connection.follow(name)),
      );
    } catch (error) {
      connection.close().catch(() => {});
      throw error;
    }
    return connection;
  }

  #tellNodes(): void {
    if (this.session.hasLeft) return;
    this.nodes.set([this.session.node, ...this.peers.names()].sort());
  }

  #watched(context: M["context"], isWatched: boolean): void {
    const name = contextName(context);
    this.interest.watched(name, isWatched);
    if (isWatched) this.contexts.follow(name);
  }

  #renewed({ hasMissed, unpurged }: Beat): void {
    if (hasMissed) {
      // A replica that has taken over may have lost what was done in contexts
      // that are idle now: they are not let go before that can be seen.
      this.interest.postpone(POSTPONED_LEASES * this.#settings.leaseTtlMs);
      this.contexts.doubt();
    }
    this.writer.flush();
    this.contexts.recover();
    this.peers.judge();
    for (const life of unpurged) {
      // Whoever has ended it is at it, unless that takes too long.
      if (this.#unpurged.has(life.epoch)) this.#purge(life);
    }
    this.#unpurged = new Set(unpurged.map(({ epoch }) => epoch));
    const { leaseTtlMs, renewalMs } = this.#settings;
    const idle = this.interest.takeIdle(leaseTtlMs + renewalMs, renewalMs);
    for (const context of idle) {
      if (this.contexts.mayGo(context)) this.contexts.unfollow(context);
      else this.interest.touch(context);
    }
  }

  #lost(error: unknown): void {
    this.#report(error);
    this.session.lost();
    this.contexts.doubt();
    if (this.session.lostFor > this.#settings.holdMs) this.contexts.letGo();
    // What has come and gone meanwhile need not be followed any more.
    for (const context of this.interest.idle()) {
      if (this.contexts.forget(context)) this.interest.forget(context);
    }
  }

  /** All own rows are written: says so, if it has not. */
  #announced(): void {
    const { lease, memory } = this.session;
    if (lease.announced === memory) return;
    // What the backbone does not have is written when its context is read.
    const { own } = this.interest;
    const isUnsettled = (context: string) =>
      own.has(context) && !this.contexts.isSettled(context);
    if (isUnsettled(this.#unsettled)) return;
    for (const context of own.keys()) {
      this.#unsettled = context;
      if (isUnsettled(context)) return;
    }
    lease.announced = memory;
    this.#heartbeat.beat();
  }

  async #purge(life: NodeLife): Promise<void> {
    if (this.#purging.has(life.epoch)) return;
    this.#purging.add(life.epoch);
    try {
      let isDone = false;
      while (!isDone && !this.session.hasLeft) {
        isDone = await this.session.connection?.purge(life) ?? true;
      }
    } catch (error) {
      this.#report(error);
    } finally {
      this.#purging.delete(life.epoch);
    }
  }

  /** Has all rows of this node go at once. */
  async #endLife(
    connection: BackboneConnection,
    kept: KeptLease | undefined,
  ): Promise<void> {
    const { life } = this.session;
    if (kept?.epoch !== life.epoch) return;
    if (!await connection.end(life, kept.count)) return;
    while (!await connection.purge(life));
  }

  #report(error: unknown): void {
    if (this.session.hasLeft) return;
    // One failure ends all calls that are under way.
    if (error instanceof Error) {
      if (this.#reported.has(error)) return;
      this.#reported.add(error);
    }
    this.#settings.onError(error);
  }
}
