import { type Duration, steadyNow } from "../../core/mod.ts";
import type {
  BackboneConnection,
  Lease,
  NodeLife,
  PresenceBackbone,
  RowChange,
} from "../cluster/mod.ts";
import type { AgentConfig } from "./agent_config.ts";
import type { AgentEntry } from "./agent_entry.ts";
import { ProjectNames } from "./agent_life.ts";
import { AgentWatch } from "./agent_watch.ts";
import { Alarm } from "./alarm.ts";
import { AgentPresenceError, ClosedError, DisplacedError } from "./errors.ts";
import { Observer } from "./observer.ts";
import { OwnLife } from "./own_life.ts";
import { Roster } from "./roster.ts";
import { connectTimely, inTime } from "./timely.ts";

/** How many unread events a watch keeps by default. */
const DEFAULT_WATCH_BUFFER = 64;

/** How long each part of a goodbye may take, in milliseconds. */
const GOODBYE_MS = 5_000;

/** The longest pause before a failed heartbeat is retried. */
const RETRY_MS = 1_000;

/** The shortest pause before silent agents are judged again. */
const MIN_PAUSE_MS = 20;

/**
 * Keeps an agent among those of its project, and a roster of the others.
 *
 * There is one repair: on any doubt whether something was missed, the next
 * heartbeat reads everything again and writes the own entry if it is missing.
 */
export class AgentSession {
  readonly #config: AgentConfig;
  readonly #names: ProjectNames;
  readonly #connection: BackboneConnection;
  readonly #own: OwnLife;
  readonly #roster: Roster;
  readonly #observer: Observer;
  readonly #watches = new Set<AgentWatch>();
  readonly #heartbeat = new Alarm(() => this.#beat());
  readonly #verdict = new Alarm(() => this.#judge());
  /** Why the backbone can't be reached, while it can't. */
  #failure: unknown;
  #isDoubtful = false;
  #isOpen = false;
  #closedBy: ClosedError | undefined;
  #closed: Promise<void> | undefined;

  private constructor(
    config: AgentConfig,
    names: ProjectNames,
    connection: BackboneConnection,
  ) {
    this.#config = config;
    this.#names = names;
    this.#connection = connection;
    this.#own = new OwnLife(config, names, connection);
    this.#roster = new Roster(config.agentId, names, (event) => {
      for (const watch of [...this.#watches]) watch.push(event);
    });
    this.#observer = new Observer(names, connection, this.#roster);
  }

  /** Connects an agent, and announces it to the others. */
  static async open(config: AgentConfig): Promise<AgentSession> {
    const names = new ProjectNames(config.project);
    let session: AgentSession | undefined = undefined;
    const open = () => session?.isClosed ? undefined : session;
    const connection = await connectTimely(
      await backboneOf(config),
      names.node(config.agentId),
      {
        onChange: (change) => open()?.onChange(change),
        onLease: (lease) => open()?.onLease(lease),
        onEnded: (life) => open()?.onEnded(life),
        onMessage() {},
        onInterrupted: () => open()?.doubt(),
      },
    );
    session = new AgentSession(config, names, connection);
    try {
      await session.#start();
      session.assertOpen();
      return session;
    } catch (error) {
      const displaced = session.#closedBy;
      await session.close();
      throw displaced ?? error;
    }
  }

  /** Whether the agent is closed. */
  get isClosed(): boolean {
    return this.#closedBy !== undefined;
  }

  /** Throws if the agent is closed. */
  assertOpen(): void {
    if (this.#closedBy !== undefined) throw this.#closedBy;
  }

  /** Returns all live agents of the project, this one included. */
  async who(): Promise<AgentEntry[]> {
    const agents = await this.#observer.who(this.#own.entry);
    // The read may have found a silent agent.
    this.#look();
    return agents;
  }

  /** Reports whether an agent of the project lives. */
  present(agentId: string): Promise<boolean> {
    return this.#observer.present(agentId);
  }

  /** Watches the other agents. */
  watch(signal: AbortSignal): AgentWatch {
    const watch = new AgentWatch(
      this.#config.watchBuffer || DEFAULT_WATCH_BUFFER,
      signal,
      (ended) => this.#watches.delete(ended),
    );
    if (signal.aborted) return watch;
    this.#watches.add(watch);
    if (this.#failure !== undefined) {
      watch.end(new AgentPresenceError("Watch", this.#failure));
    }
    return watch;
  }

  /** Ends the session, in bounded time. Never fails. */
  close(reason: ClosedError = new ClosedError()): Promise<void> {
    return this.#closed ??= this.#close(reason);
  }

  async #close(reason: ClosedError): Promise<void> {
    this.#closedBy = reason;
    const displaced = reason instanceof DisplacedError ? reason : undefined;
    for (const watch of [...this.#watches]) watch.end(displaced);
    this.#verdict.stop();
    const beating = this.#heartbeat.stop();
    const end = async () => {
      await beating;
      await this.#own.end();
    };
    const close = async () => await this.#connection.close();
    // Nobody needs to know why a goodbye has failed. A displaced agent learns of
    // it in a heartbeat, and has nothing left to end.
    if (displaced === undefined) {
      await inTime("end", end(), GOODBYE_MS).catch(() => {});
    }
    await inTime("close", close(), GOODBYE_MS).catch(() => {});
  }

  async #start(): Promise<void> {
    await this.#connection.follow(this.#names.context);
    await this.#own.begin();
    await this.#observer.learn();
    await this.#own.announce();
    this.#isOpen = true;
    this.#look();
    // Another process may have taken the id meanwhile.
    if (this.#isDoubtful) await this.#heartbeat.now();
    else this.#heartbeat.within(this.#config.heartbeatIntervalMs);
  }

  // Events of the backbone

  /** A row has changed. */
  onChange(change: RowChange): void {
    if (change.context !== this.#names.context) return;
    const isMissed = this.#observer.changed(change);
    if (isMissed || this.#own.isLostBy(change)) this.doubt();
  }

  /** A node has renewed its lease. */
  onLease(lease: Lease): void {
    if (this.#observer.isBehind(lease)) this.doubt();
    const unclear = this.#roster.renewed(lease);
    if (unclear !== undefined) {
      this.#attempt(() => this.#observer.check(unclear));
    }
    this.#verdict.within(this.#names.lifeOf(lease)?.ttlMs ?? Infinity);
  }

  /** A life is over. */
  onEnded(life: NodeLife): void {
    // The heartbeat finds out why the own life has ended.
    const isOwn = life.node === this.#names.node(this.#config.agentId);
    if (isOwn) this.doubt();
    else this.#roster.ended(life);
  }

  /** Something may have been missed. */
  doubt(): void {
    this.#isDoubtful = true;
    this.#heartbeat.now();
  }

  // Heartbeat and verdict

  async #beat(): Promise<void> {
    if (!this.#isOpen) return;
    const start = steadyNow();
    await this.#attempt(() => this.#renew());
    this.#look();
    const pause = this.#failure === undefined
      ? this.#config.heartbeatIntervalMs
      : this.#retryMs;
    this.#heartbeat.within(Math.max(0, start + pause - steadyNow()));
  }

  async #renew(): Promise<void> {
    const { isForgotten, unpurged } = await this.#own.renew();
    if (isForgotten) this.#observer.forget();
    if (isForgotten || this.#isDoubtful || this.#failure !== undefined) {
      // The read that begins now does not cover later doubts.
      this.#isDoubtful = false;
      this.#failure = undefined;
      this.#own.check(await this.#observer.learn());
    }
    await this.#own.announce();
    this.#observer.purge(unpurged);
  }

  async #judge(): Promise<void> {
    // An agent that is cut off can't tell which others are silent.
    if (this.#failure !== undefined) return;
    await this.#attempt(() => this.#observer.judge());
    this.#look();
  }

  /** Judges the others as soon as the first of them is due. */
  #look(): void {
    const due = this.#observer.deadline() - steadyNow();
    this.#verdict.within(Math.max(MIN_PAUSE_MS, due));
  }

  /** Does something; if it fails, the agent is cut off until a heartbeat. */
  async #attempt(action: () => Promise<unknown>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (this.isClosed) return;
      if (error instanceof DisplacedError) {
        // Not awaited: that would wait for the heartbeat that this is part of.
        this.close(error);
        return;
      }
      this.#failure = error ?? new Error("unknown");
      this.#heartbeat.within(this.#retryMs);
    }
  }

  get #retryMs(): Duration {
    return Math.min(this.#config.heartbeatIntervalMs, RETRY_MS);
  }
}

async function backboneOf(config: AgentConfig): Promise<PresenceBackbone> {
  if (config.backbone !== undefined) return config.backbone;
  // Only an agent on NATS needs its packages.
  const { NatsBackbone } = await import("../cluster/nats/mod.ts");
  return new NatsBackbone(config.connection, { bucket: config.bucket });
}
