import type { Timestamp } from "../../core/mod.ts";
import type {
  BackboneConnection,
  BackboneListener,
  Lease,
  NodeLife,
  PresenceBackbone,
  Row,
  RowChange,
} from "../cluster/mod.ts";
import type { AgentEntry } from "./agent_entry.ts";
import type { ProjectNames } from "./agent_life.ts";
import { DisplacedError } from "./errors.ts";
import { bounded } from "./goodbye.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Observer } from "./observer.ts";
import { type Identity, OwnLife } from "./own_life.ts";
import type { Roster } from "./roster.ts";
import { connectTimely } from "./timely.ts";
import { Verdict } from "./verdict.ts";

/** What an agent that is connected has. */
interface Connected {
  readonly connection: BackboneConnection;
  readonly own: OwnLife;
  readonly observer: Observer;
}

/** Keeps an agent among those of its project, and a roster of the others. */
export class AgentSession {
  readonly #identity: Identity;
  readonly #names: ProjectNames;
  readonly #roster: Roster;
  readonly #onDisplaced: (error: DisplacedError) => void;
  readonly #heartbeat: Heartbeat;
  readonly #verdict: Verdict;
  #connected: Connected | undefined;
  /** Why the backbone can't be reached, while it can't. */
  #failure: unknown;
  #isInterrupted = false;
  #isStopped = false;

  /**
   * Makes one that is yet to be started.
   *
   * @param onDisplaced Told when another process has the id.
   */
  constructor(
    identity: Identity,
    names: ProjectNames,
    roster: Roster,
    onDisplaced: (error: DisplacedError) => void,
  ) {
    this.#identity = identity;
    this.#names = names;
    this.#roster = roster;
    this.#onDisplaced = onDisplaced;
    this.#heartbeat = new Heartbeat(
      identity.heartbeatIntervalMs,
      () => this.#beat(),
    );
    this.#verdict = new Verdict(
      // Whoever is cut off can't say who is silent.
      () => this.#failure === undefined ? this.#deadline() : Infinity,
      () => this.#attempt(({ observer }) => observer.judge()),
    );
  }

  /** Why the backbone can't be reached, as far as that is known. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Connects, and lets the others know. */
  async start(backbone: PresenceBackbone): Promise<void> {
    const connection = await connectTimely(
      backbone,
      this.#names.node(this.#identity.agentId),
      this.#listener(),
    );
    const own = new OwnLife(this.#identity, this.#names, connection);
    const observer = new Observer(
      this.#identity.project,
      this.#names,
      connection,
      this.#roster,
      (rows) => this.#confirm(rows),
    );
    this.#connected = { connection, own, observer };
    await connection.follow(this.#names.context);
    await own.begin();
    await observer.learn();
    await own.announce();
    this.#verdict.look();
    // Perhaps another process has taken the id meanwhile.
    await this.#heartbeat.start();
  }

  /** All agents of the project that live, this one included. */
  async who(): Promise<AgentEntry[]> {
    const { own, observer } = this.#assertConnected();
    const agents = await observer.who(own.entry);
    // Perhaps somebody was found who is to be judged.
    this.#verdict.look();
    return agents;
  }

  /** Whether an agent of the project lives. */
  async present(agentId: string): Promise<boolean> {
    return await this.#assertConnected().observer.present(agentId);
  }

  /**
   * Ends it, in bounded time.
   *
   * @param isDisplaced Whether another process has the id: of its own nothing is
   * left then, and it learns that in the midst of a heartbeat.
   */
  async stop(isDisplaced: boolean): Promise<void> {
    this.#isStopped = true;
    this.#verdict.stop();
    const beating = this.#heartbeat.stop();
    const { connection, own } = this.#connected ?? {};
    await bounded(async () => {
      if (isDisplaced) return;
      await beating;
      await own?.end();
    });
    await bounded(async () => await connection?.close());
  }

  // What the backbone tells

  #listener(): BackboneListener {
    const unlessStopped =
      <T extends unknown[]>(action: (...news: T) => void) =>
      (...news: T): void => {
        if (!this.#isStopped) action(...news);
      };
    return {
      onChange: unlessStopped((change: RowChange) => this.#onChange(change)),
      onLease: unlessStopped((lease: Lease) => this.#onLease(lease)),
      onEnded: unlessStopped((life: NodeLife) => this.#onEnded(life)),
      onMessage() {},
      onInterrupted: unlessStopped(() => {
        this.#isInterrupted = true;
        this.#heartbeat.now();
      }),
    };
  }

  #onChange(told: RowChange): void {
    const { context, change } = told;
    if (context !== this.#names.context) return;
    this.#follow(this.#connected?.observer.changed(told));
    const row = change.type === "put" ? change.row : change;
    if (row.id === this.#names.row(this.#identity.agentId)) {
      this.#confirm("node" in row ? [row] : []);
    }
  }

  #onLease(lease: Lease): void {
    this.#follow(this.#connected?.observer.renewed(lease));
    this.#verdict.heard(this.#names.lifeOf(lease)?.ttlMs ?? Infinity);
  }

  #onEnded(life: NodeLife): void {
    // Perhaps it is one's own: then the heartbeat tells why.
    const isOwn = life.node === this.#names.node(this.#identity.agentId);
    if (isOwn) this.#heartbeat.now();
    else this.#roster.ended(life);
  }

  #follow(question: (() => Promise<unknown>) | undefined): void {
    if (question !== undefined) this.#attempt(question);
  }

  /** Has the entry written again if it is not what there is. */
  #confirm(rows: readonly Row[]): void {
    if (this.#connected?.own.isLost(rows)) this.#heartbeat.now();
  }

  // Heartbeat

  async #beat(): Promise<boolean> {
    await this.#attempt((connected) => this.#renew(connected));
    this.#verdict.look();
    return this.#failure === undefined;
  }

  async #renew({ own, observer }: Connected): Promise<void> {
    const { isForgotten, unpurged } = await own.renew();
    const hasMissed = isForgotten || this.#isInterrupted ||
      this.#failure !== undefined;
    if (isForgotten) observer.forget();
    // What fails from now on is not made good by the read that begins now.
    this.#isInterrupted = false;
    this.#failure = undefined;
    if (hasMissed) await observer.learn();
    observer.purge(unpurged);
  }

  /** Does something; if it fails, the agent is cut off until a heartbeat. */
  async #attempt(
    action: (connected: Connected) => Promise<unknown>,
  ): Promise<void> {
    try {
      if (this.#connected !== undefined) await action(this.#connected);
    } catch (error) {
      if (this.#isStopped) return;
      if (error instanceof DisplacedError) return this.#onDisplaced(error);
      this.#failure = error ?? new Error("unknown");
      this.#heartbeat.soon();
    }
  }

  #assertConnected(): Connected {
    if (this.#connected === undefined) throw new Error("not connected");
    return this.#connected;
  }

  #deadline(): Timestamp {
    return this.#connected?.observer.deadline() ?? Infinity;
  }
}
