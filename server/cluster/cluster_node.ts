import type { PresenceModel } from "../../core/mod.ts";
import type {
  PresenceServer,
  Replication,
  ReplicationListener,
} from "../mod.ts";
import type {
  BackboneConnection,
  BackboneListener,
  NodeLife,
  PresenceBackbone,
} from "./backbone.ts";
import type { ClusterSettings } from "./cluster_options.ts";
import { NodeNameTakenError } from "./errors.ts";
import { FollowedContexts } from "./followed_contexts.ts";
import { type Beat, Heartbeat } from "./heartbeat.ts";
import { Outbox } from "./outbox.ts";
import { OwnEntries } from "./own_entries.ts";
import { Peers } from "./peers.ts";
import { Questions } from "./questions.ts";
import { Roster } from "./roster.ts";
import { contextName, nodeContext, NODES } from "./row_codec.ts";
import { Session } from "./session.ts";
import { Survey } from "./survey.ts";
import { within } from "./within.ts";
import { type SettledWrite, Writer } from "./writer.ts";

/** How long to wait for the reading of a context, in milliseconds. */
const FOLLOW_MS = 500;

/** The parts of a node, and the events that they pass on. */
export class ClusterNode<M extends PresenceModel> {
  /** The server of the node. */
  readonly server: PresenceServer<M>;
  /** The options of the node. */
  readonly settings: ClusterSettings;
  /** Its state towards the backbone. */
  readonly session: Session;
  /** The other nodes. */
  readonly roster: Roster;
  /** Replicates the server. */
  readonly replication: Replication<M>;
  /** The server's own entries as rows. */
  readonly own: OwnEntries<M>;
  /** The writes that wait. */
  readonly outbox: Outbox = new Outbox();
  /** The followed contexts. */
  readonly contexts: FollowedContexts<M>;
  /** Does the writes. */
  readonly writer: Writer;
  /** Asks the other nodes, and answers them. */
  readonly questions: Questions<M>;
  /** Answers for the whole cluster. */
  readonly survey: Survey<M>;
  readonly #backbone: PresenceBackbone;
  readonly #closed: () => void;
  readonly #peers: Peers;
  readonly #heartbeat: Heartbeat;
  readonly #reported = new WeakSet<Error>();
  /** The listener of the present connection; the node ignores former ones. */
  #listening: object = {};

  /**
   * Makes a node and connects it.
   *
   * @param closed Called when the server ends.
   */
  constructor(
    server: PresenceServer<M>,
    backbone: PresenceBackbone,
    settings: ClusterSettings,
    closed: () => void,
  ) {
    this.server = server;
    this.settings = settings;
    this.#backbone = backbone;
    this.#closed = closed;
    const { node, leaseTtlMs } = settings;
    const session = new Session(node, server, () => server.steadyNow);
    const roster = new Roster(session, leaseTtlMs);
    const replication = server.replicate(this.#serverListener());
    this.session = session;
    this.roster = roster;
    this.replication = replication;
    this.own = new OwnEntries(this);
    this.contexts = new FollowedContexts(this);
    this.writer = new Writer(this);
    this.questions = new Questions({
      send: (text, to) =>
        session.connection
          ?.send(to === undefined ? NODES : nodeContext(to), text),
      answer: (subject) => this.survey.answer(subject),
      isSilent: (node) => roster.isSilent(node),
      silenced: (life) => roster.silence(life),
    });
    this.#peers = new Peers(this);
    this.survey = new Survey(this);
    for (const context of replication.watched()) {
      this.contexts.watch(contextName(context), true);
    }
    this.#heartbeat = new Heartbeat(this);
    this.#begin();
  }

  /** Reads all leases. */
  learn(): Promise<readonly NodeLife[]> {
    return this.#peers.learn();
  }

  /** Reports a failure once. */
  failed(error: unknown): void {
    if (this.session.hasLeft) return;
    // One failure ends all calls in progress.
    if (error instanceof Error) {
      if (this.#reported.has(error)) return;
      this.#reported.add(error);
    }
    this.settings.onError(error);
  }

  /** Whether the entries of others are current, or were within the hold. */
  get isReady(): boolean {
    const { status: { current }, lostFor } = this.session;
    if (current === "isolated") return lostFor <= this.settings.holdMs;
    return current === "connected";
  }

  /** Loads a context; reports whether all of it is there. */
  async follow(context: M["context"]): Promise<boolean> {
    if (!this.session.isConnected) return false;
    // The caller waits for it, perhaps to publish something.
    const followed = this.contexts.follow(contextName(context));
    return await within(followed, FOLLOW_MS, false);
  }

  /** Leaves. The backbone may keep its rows until the lease has run out. */
  async leave(keep: boolean): Promise<void> {
    const { connection, life } = this.session;
    this.questions.leave(life);
    this.session.status.set("left");
    this.#heartbeat.stop();
    this.#peers.stop();
    this.roster.clear();
    this.contexts.stop();
    this.questions.stop();
    try {
      if (connection !== undefined) {
        await this.writer.finish(connection);
        // The answer proves that earlier texts were sent.
        const [kept] = await connection.leases(life.node);
        const isEnding = !keep && kept?.epoch === life.epoch;
        if (isEnding && await connection.end(life, kept.count)) {
          while (!await connection.purge(life));
        }
      }
    } catch (error) {
      this.settings.onError(error);
    } finally {
      this.replication[Symbol.dispose]();
    }
    await connection?.close().catch(this.settings.onError);
  }

  /** Shares what the server has, then connects. Other tasks run in between. */
  async #begin(): Promise<void> {
    const { contexts, server: { store } } = this;
    let failure: unknown;
    // There are no entries of others yet.
    for (const snapshot of store.snapshots()) {
      if (!contexts.pace.take()) await contexts.pace.next();
      if (this.session.hasLeft) return;
      // It may be gone by now.
      if (store.snapshot(snapshot) === undefined) continue;
      try {
        contexts.put(snapshot);
      } catch (error) {
        // The first reading of its context shares it.
        failure ??= error;
      }
    }
    if (failure !== undefined) this.failed(failure);
    this.#heartbeat.start();
  }

  #serverListener(): ReplicationListener<M> {
    return {
      put: (snapshot) => this.contexts.put(snapshot),
      removed: (snapshot, isOwn) => this.contexts.remove(snapshot, isOwn),
      watched: (context, isWatched) =>
        this.contexts.watch(contextName(context), isWatched),
      closed: () => this.#closed(),
      follow: (context) => this.follow(context),
      isConnected: () => this.session.isConnected,
      locate: (subject) => this.survey.elsewhere(subject),
      count: (contexts, viewer) => this.survey.count(contexts, { viewer }),
      tell: (context, text) =>
        this.session.connection?.send(contextName(context), text),
    };
  }

  #backboneListener(): BackboneListener {
    const listening = this.#listening = {};
    // An error must not reach the connection that calls.
    const guarded =
      <News extends unknown[]>(take: (...news: News) => void) =>
      (...news: News) => {
        if (this.session.hasLeft || listening !== this.#listening) return;
        try {
          take(...news);
        } catch (error) {
          this.failed(error);
        }
      };
    return {
      onChange: guarded((change) => this.contexts.receive(change)),
      onLease: guarded((lease) => this.#peers.receive(lease)),
      onEnded: guarded((life) => {
        const { session } = this;
        if (life.node !== session.node) this.#peers.end(life);
        else if (life.epoch === session.life.epoch) this.#heartbeat.beat();
      }),
      onMessage: guarded((context, from, text) => {
        const isToNodes = context === NODES ||
          context === nodeContext(this.session.node);
        if (isToNodes) return this.questions.receive(from, text);
        const followed = this.contexts.all.get(context);
        if (followed) this.replication.told(followed.key, text);
      }),
      onInterrupted: guarded(() => {
        this.contexts.doubt();
        this.#heartbeat.interrupted();
      }),
    };
  }

  /** Connects to the backbone and follows the contexts of nodes. */
  async connect(): Promise<BackboneConnection> {
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

  /** Handles a renewal of the own lease. */
  renewed({ hasMissed, unpurged }: Beat): void {
    if (hasMissed) this.contexts.doubt();
    this.writer.flush();
    this.contexts.renewed();
    this.#peers.judge();
    this.#peers.purge(unpurged);
  }

  /** Handles a failed renewal. */
  lost(error: unknown): void {
    this.failed(error);
    this.session.lost();
    this.contexts.lost();
    if (this.session.lostFor > this.settings.holdMs) this.contexts.letGo();
  }

  /** Handles a new name of the node. */
  renamed(former: string): void {
    this.#listening = {};
    this.contexts.doubt();
    this.roster.tell();
    this.failed(new NodeNameTakenError(former, this.session.node));
  }

  /** Applies the outcome of a write. */
  settled(write: SettledWrite): void {
    this.contexts.settled(write);
  }

  /** Announces that the backbone has all own rows, once that is certain. */
  emptied(): void {
    const { lease, memory } = this.session;
    if (lease.announced === memory || !this.contexts.areOwnSettled) return;
    lease.announced = memory;
    this.#heartbeat.beat();
  }
}
