import { type Duration, steadyNow } from "../../core/mod.ts";
import type {
  BackboneConnection,
  BackboneListener,
  Lease,
  NodeLife,
  PresenceBackbone,
  RowChange,
} from "../cluster/mod.ts";
import type { AgentEntry } from "./agent_entry.ts";
import type { ProjectNames } from "./agent_life.ts";
import { Alarm } from "./alarm.ts";
import { DisplacedError } from "./errors.ts";
import { Observer } from "./observer.ts";
import { type Identity, OwnLife } from "./own_life.ts";
import type { Roster } from "./roster.ts";
import { connectTimely, inTime } from "./timely.ts";

/** How long each part of a goodbye may take, in milliseconds. */
const GOODBYE_MS = 5_000;

/** The longest pause before a failed heartbeat is retried. */
const RETRY_MS = 1_000;

/** The shortest pause before silent agents are judged again. */
const MIN_PAUSE_MS = 20;

/** The parts of a connected agent. */
interface Connected {
  readonly connection: BackboneConnection;
  readonly own: OwnLife;
  readonly observer: Observer;
}

/**
 * Keeps an agent among those of its project, and a roster of the others.
 *
 * There is one repair: on any doubt whether something was missed, the next
 * heartbeat reads everything again and writes the own entry if it is missing.
 */
export class AgentSession {
  readonly #identity: Identity;
  readonly #names: ProjectNames;
  readonly #roster: Roster;
  readonly #onDisplaced: (error: DisplacedError) => void;
  readonly #heartbeat = new Alarm(() => this.#beat());
  readonly #verdict = new Alarm(() => this.#judge());
  #connected: Connected | undefined;
  /** Why the backbone can't be reached, while it can't. */
  #failure: unknown;
  #isDoubtful = false;
  #isOpen = false;
  #isStopped = false;

  /**
   * Makes a session that is not started.
   *
   * @param onDisplaced Called when another process has the id.
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
  }

  /** Why the backbone can't be reached, if that is known. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Connects, and announces the agent to the others. */
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
    );
    this.#connected = { connection, own, observer };
    await connection.follow(this.#names.context);
    await own.begin();
    await observer.learn();
    await own.announce();
    this.#isOpen = true;
    this.#look();
    // Another process may have taken the id meanwhile.
    if (this.#isDoubtful) await this.#heartbeat.now();
    else this.#heartbeat.within(this.#identity.heartbeatIntervalMs);
  }

  /** Returns all live agents of the project, this one included. */
  async who(): Promise<AgentEntry[]> {
    const { own, observer } = this.#assertConnected();
    const agents = await observer.who(own.entry);
    // The read may have found a silent agent.
    this.#look();
    return agents;
  }

  /** Reports whether an agent of the project lives. */
  async present(agentId: string): Promise<boolean> {
    return await this.#assertConnected().observer.present(agentId);
  }

  /**
   * Ends the session, in bounded time.
   *
   * @param isDisplaced Whether another process has the id. Then the agent has
   * nothing left to end, and this is called during a heartbeat.
   */
  async stop(isDisplaced: boolean): Promise<void> {
    this.#isStopped = true;
    this.#verdict.stop();
    const beating = this.#heartbeat.stop();
    const { connection, own } = this.#connected ?? {};
    const end = async () => {
      await beating;
      await own?.end();
    };
    const close = async () => await connection?.close();
    // Nobody needs to know why a goodbye has failed.
    if (!isDisplaced) await inTime("end", end(), GOODBYE_MS).catch(() => {});
    await inTime("close", close(), GOODBYE_MS).catch(() => {});
  }

  // Events of the backbone

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
      onInterrupted: unlessStopped(() => this.#doubt()),
    };
  }

  #onChange(change: RowChange): void {
    if (change.context !== this.#names.context) return;
    const { own, observer } = this.#connected ?? {};
    if (observer?.changed(change) || own?.isLostBy(change)) this.#doubt();
  }

  #onLease(lease: Lease): void {
    const { observer } = this.#connected ?? {};
    if (observer?.isBehind(lease)) this.#doubt();
    const unclear = this.#roster.renewed(lease);
    if (unclear !== undefined) {
      this.#attempt(({ observer }) => observer.check(unclear));
    }
    this.#verdict.within(this.#names.lifeOf(lease)?.ttlMs ?? Infinity);
  }

  #onEnded(life: NodeLife): void {
    // The heartbeat finds out why the own life has ended.
    const isOwn = life.node === this.#names.node(this.#identity.agentId);
    if (isOwn) this.#doubt();
    else this.#roster.ended(life);
  }

  /** Something may have been missed. */
  #doubt(): void {
    this.#isDoubtful = true;
    this.#heartbeat.now();
  }

  // Heartbeat and verdict

  async #beat(): Promise<void> {
    if (!this.#isOpen) return;
    const start = steadyNow();
    await this.#attempt((connected) => this.#renew(connected));
    this.#look();
    const pause = this.#failure === undefined
      ? this.#identity.heartbeatIntervalMs
      : this.#retryMs;
    this.#heartbeat.within(Math.max(0, start + pause - steadyNow()));
  }

  async #renew({ own, observer }: Connected): Promise<void> {
    const { isForgotten, unpurged } = await own.renew();
    if (isForgotten) observer.forget();
    if (isForgotten || this.#isDoubtful || this.#failure !== undefined) {
      // The read that begins now does not cover later doubts.
      this.#isDoubtful = false;
      this.#failure = undefined;
      own.check(await observer.learn());
    }
    await own.announce();
    observer.purge(unpurged);
  }

  async #judge(): Promise<void> {
    // An agent that is cut off can't tell which others are silent.
    if (this.#failure !== undefined) return;
    await this.#attempt(({ observer }) => observer.judge());
    this.#look();
  }

  /** Judges the others as soon as the first of them is due. */
  #look(): void {
    const deadline = this.#connected?.observer.deadline() ?? Infinity;
    this.#verdict.within(Math.max(MIN_PAUSE_MS, deadline - steadyNow()));
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
      this.#heartbeat.within(this.#retryMs);
    }
  }

  get #retryMs(): Duration {
    return Math.min(this.#identity.heartbeatIntervalMs, RETRY_MS);
  }

  #assertConnected(): Connected {
    if (this.#connected === undefined) throw new Error("not connected");
    return this.#connected;
  }
}
