import type { PresenceModel } from "../../core/mod.ts";
import type {
  PresenceServer,
  Replication,
  ReplicationListener,
} from "../mod.ts";
import type {
  BackboneConnection,
  BackboneListener,
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
import { Writer } from "./writer.ts";

/** How long to wait for a context to be known, in milliseconds. */
const FOLLOW_MS = 500;

/** The parts of a node, and what passes between them. */
export class ClusterNode<M extends PresenceModel> {
  /** What it has of the backbone. */
  readonly session: Session;
  /** The other nodes. */
  readonly roster: Roster;
  /** What it puts into its server. */
  readonly replication: Replication<M>;
  /** What it has yet to write. */
  readonly outbox: Outbox = new Outbox();
  /** The contexts that it follows. */
  readonly contexts: FollowedContexts<M>;
  /** Writes. */
  readonly writer: Writer;
  /** Answers for the whole cluster. */
  readonly survey: Survey<M>;
  readonly #backbone: PresenceBackbone;
  readonly #settings: ClusterSettings;
  readonly #closed: () => void;
  readonly #peers: Peers;
  readonly #questions: Questions<M>;
  readonly #heartbeat: Heartbeat;
  readonly #reported = new WeakSet<Error>();
  /** The listener of the present connection; former ones are not heard. */
  #listening: object = {};

  /**
   * Makes one, and connects it.
   *
   * @param closed Called when its server ends.
   */
  constructor(
    server: PresenceServer<M>,
    backbone: PresenceBackbone,
    settings: ClusterSettings,
    closed: () => void,
  ) {
    this.#backbone = backbone;
    this.#settings = settings;
    this.#closed = closed;
    const { node, leaseTtlMs } = settings;
    const failed = (error: unknown) => this.#report(error);
    const session = new Session(node, server, () => server.steadyNow);
    const roster = new Roster(session, leaseTtlMs);
    const replication = server.replicate(this.#serverListener());
    const own = new OwnEntries(server, replication, failed);
    const { outbox } = this;
    const contexts = new FollowedContexts({
      session,
      settings,
      roster,
      own,
      outbox,
      replication,
      learn: () => this.#peers.learn(),
      failed,
    });
    this.session = session;
    this.roster = roster;
    this.replication = replication;
    this.contexts = contexts;
    this.writer = new Writer(session, outbox, (write) => own.dated(write), {
      settled: (write) => contexts.settled(write),
      emptied: () => this.#announce(),
      failed,
    });
    this.#questions = new Questions({
      send: (text, to) =>
        session.connection
          ?.send(to === undefined ? NODES : nodeContext(to), text),
      answer: (subject) => this.survey.answer(subject),
      isSilent: (node) => roster.isSilent(node),
      silenced: (life) => roster.silence(life),
    });
    this.#peers = new Peers(session, roster, leaseTtlMs, {
      over: (life) => {
        contexts.drop(life);
        if (!roster.has(life.node)) this.#questions.gone(life.node);
      },
      renewed: (lease) => contexts.heard(lease),
      missed: () => contexts.missed(),
      failed,
    });
    this.survey = new Survey({
      server,
      replication,
      contexts,
      questions: this.#questions,
      roster,
      session,
    });
    for (const context of replication.watched()) {
      contexts.watch(contextName(context), true);
    }
    for (const snapshot of replication.own()) contexts.put(snapshot);
    this.#heartbeat = new Heartbeat(session, {
      settings,
      connect: () => this.#connect(),
      learn: () => this.#peers.learn(),
      renewed: (beat) => this.#renewed(beat),
      failed: (error) => this.#lost(error),
      renamed: (former) => this.#renamed(former),
    });
    this.#heartbeat.beat();
  }

  /** Whether it shows what others have: what it is, or was within the hold. */
  get isReady(): boolean {
    const { status: { current }, lostFor } = this.session;
    if (current === "isolated") return lostFor <= this.#settings.holdMs;
    return current === "connected";
  }

  /** Loads a context, and reports whether all of it is there. */
  async follow(context: M["context"]): Promise<boolean> {
    if (!this.session.isConnected) return false;
    // A caller waits for it, perhaps to publish something.
    const followed = this.contexts.follow(contextName(context));
    return await within(followed, FOLLOW_MS, false);
  }

  /** Leaves; what it owns may be kept until its lease has run out. */
  async leave(keep: boolean): Promise<void> {
    const { connection, life } = this.session;
    this.#questions.leave(life);
    this.session.status.set("left");
    this.#heartbeat.stop();
    this.#peers.stop();
    this.roster.clear();
    this.contexts.stop();
    this.#questions.stop();
    try {
      if (connection !== undefined) {
        await this.writer.finish(connection);
        // What was sent before has gone out when this is answered.
        const [kept] = await connection.leases(life.node);
        const isEnding = !keep && kept?.epoch === life.epoch;
        if (isEnding && await connection.end(life, kept.count)) {
          while (!await connection.purge(life));
        }
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
      put: (snapshot) => this.contexts.put(snapshot),
      removed: (snapshot, isOwn) => this.contexts.remove(snapshot, isOwn),
      watched: (context, isWatched) =>
        this.contexts.watch(contextName(context), isWatched),
      closed: () => this.#closed(),
      follow: (context) => this.follow(context),
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
      <Told extends unknown[]>(take: (...told: Told) => void) =>
      (...told: Told) => {
        if (this.session.hasLeft || listening !== this.#listening) return;
        try {
          take(...told);
        } catch (error) {
          this.#report(error);
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

  #renewed({ hasMissed, unpurged }: Beat): void {
    if (hasMissed) this.contexts.doubt();
    this.writer.flush();
    this.contexts.renewed();
    this.#peers.judge();
    this.#peers.purge(unpurged);
  }

  #lost(error: unknown): void {
    this.#report(error);
    this.session.lost();
    this.contexts.lost();
    if (this.session.lostFor > this.#settings.holdMs) this.contexts.letGo();
  }

  #renamed(former: string): void {
    this.#listening = {};
    this.contexts.doubt();
    this.roster.tell();
    this.#report(new NodeNameTakenError(former, this.session.node));
  }

  /** Says that the backbone has all own rows, once that is known. */
  #announce(): void {
    const { lease, memory } = this.session;
    if (lease.announced === memory || !this.contexts.areOwnSettled) return;
    lease.announced = memory;
    this.#heartbeat.beat();
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
