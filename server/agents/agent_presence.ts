import type { PresenceBackbone } from "../cluster/mod.ts";
import {
  type AgentConfig,
  DEFAULT_WATCH_BUFFER,
  validateAgentConfig,
} from "./agent_config.ts";
import type { AgentEntry } from "./agent_entry.ts";
import { ProjectNames } from "./agent_life.ts";
import { AgentSession } from "./agent_session.ts";
import { type AgentEvent, AgentWatch } from "./agent_watch.ts";
import {
  type AgentCall,
  AgentPresenceError,
  ClosedError,
  DisplacedError,
} from "./errors.ts";
import { Roster } from "./roster.ts";

/**
 * One agent among those of its project: says that it is there, and tells who
 * else is.
 *
 * @example Usage
 * ```ts
 * import { AgentPresence } from "@ruthere/presence/server/agents";
 * import { MemoryBackbone } from "@ruthere/presence/server/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * const backbone = new MemoryBackbone();
 * const shared = { project: "shop", backbone, heartbeatIntervalMs: 5_000 };
 * const planner = await AgentPresence.open({ ...shared, agentId: "planner" });
 * const builder = await AgentPresence.open({ ...shared, agentId: "builder" });
 *
 * const agents = await planner.who();
 * assertEquals(agents.map(({ agentId }) => agentId), ["builder", "planner"]);
 *
 * const events = planner.watch(AbortSignal.timeout(60_000));
 * await builder.close();
 * const { value } = await events.next();
 * assertEquals([value?.kind, value?.agentId], ["down", "builder"]);
 * assertEquals(await planner.present("builder"), false);
 * await planner.close();
 * ```
 */
export class AgentPresence implements AsyncDisposable {
  /** The agent. */
  readonly agentId: string;
  /** Its project. */
  readonly project: string;
  readonly #watchBuffer: number;
  readonly #session: AgentSession;
  readonly #watches = new Set<AgentWatch>();
  #closedBy: ClosedError | undefined;
  #closing: Promise<void> | undefined;

  private constructor(config: AgentConfig) {
    const { agentId, project, heartbeatIntervalMs, watchBuffer } = config;
    this.agentId = agentId;
    this.project = project;
    this.#watchBuffer = watchBuffer || DEFAULT_WATCH_BUFFER;
    const names = new ProjectNames(project);
    this.#session = new AgentSession(
      { agentId, project, heartbeatIntervalMs },
      names,
      new Roster(project, agentId, names, (event) => this.#tell(event)),
      (error) => this.#closing ??= this.#close(error),
    );
  }

  /**
   * Starts an agent. Another process that has its id in the project is
   * displaced: it learns that by its next heartbeat at the latest, and is
   * closed.
   *
   * @param config What it is, and by what it is connected.
   * @returns The agent, once the others know of it.
   * @throws {AgentConfigError} If something is wrong with the config.
   * @throws {AgentPresenceError} If the backbone fails. Then nothing is left
   * there, or at most what ends with its lease.
   * @throws {DisplacedError} If another process has taken the id meanwhile.
   */
  static async open(config: AgentConfig): Promise<AgentPresence> {
    const violation = validateAgentConfig(config);
    if (violation !== undefined) throw violation;
    const agent = new AgentPresence(config);
    try {
      await agent.#session.start(await backboneOf(config));
      agent.#assertOpen();
    } catch (cause) {
      const displaced = agent.#closedBy;
      await agent.close();
      throw displaced ?? new AgentPresenceError("Open", cause);
    }
    return agent;
  }

  /**
   * All live agents of the project, this one included, in the order of their
   * ids. Reads two things from the backbone: the entries of the project, and
   * all leases.
   *
   * @returns Their entries. Whoever was silent for three of its heartbeats is
   * not among them.
   * @throws {AgentPresenceError} If the backbone fails.
   * @throws {ClosedError} If this agent is closed.
   */
  who(): Promise<AgentEntry[]> {
    return this.#ask("Who", () => this.#session.who());
  }

  /**
   * Whether an agent of the project lives. Reads one thing from the backbone.
   *
   * @param agentId The agent.
   * @returns `false` also for one that never was, or is of another project.
   * @throws {AgentPresenceError} If the backbone fails.
   * @throws {ClosedError} If this agent is closed.
   */
  present(agentId: string): Promise<boolean> {
    return this.#ask("Present", () => this.#session.present(agentId));
  }

  /**
   * Tells who comes and goes, among the others of the project, from now on;
   * `who()` tells who is there already. An agent is up once per life, and down
   * at once when it is closed, or once it was silent for three of its heartbeats.
   * If it was only cut off, or paused, it is up again, with the same
   * `startedAt`.
   *
   * While this agent itself is cut off, its watches tell nothing; then they
   * tell what has become of the others, each of whom has its TTL to be heard of
   * again.
   *
   * @param signal Ends the watch. It also ends when the agent is closed, and
   * fails when the agent is displaced, or when there are more events than
   * `watchBuffer` that are yet to be read.
   * @returns The events. If the backbone can't be reached now, the first
   * `next()` fails with an {@linkcode AgentPresenceError}.
   * @throws {AgentPresenceError} If there is no signal.
   * @throws {ClosedError} If this agent is closed.
   */
  watch(signal: AbortSignal): AsyncIterableIterator<AgentEvent, undefined> {
    this.#assertOpen();
    if (!(signal instanceof AbortSignal)) {
      throw new AgentPresenceError("Watch", new TypeError("needs a signal"));
    }
    const watch = new AgentWatch(
      this.#watchBuffer,
      signal,
      (ended) => this.#watches.delete(ended),
    );
    if (signal.aborted) return watch;
    const { failure } = this.#session;
    if (failure !== undefined) {
      watch.end(new AgentPresenceError("Watch", failure));
    } else {
      this.#watches.add(watch);
    }
    return watch;
  }

  /**
   * Stops the agent, and takes its entry away, so that nobody needs to wait for
   * its lease to end. If the backbone does not do that within 5 s, the lease
   * ends by itself. The connection to the backbone has 5 s more to be closed.
   *
   * @returns When nothing is under way any more. Never fails; called again, it
   * gives the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close(new ClosedError());
    return this.#closing;
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #tell(event: AgentEvent): void {
    for (const watch of [...this.#watches]) watch.push(event);
  }

  #assertOpen(): void {
    if (this.#closedBy !== undefined) throw this.#closedBy;
  }

  async #ask<T>(call: AgentCall, question: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    try {
      return await question();
    } catch (cause) {
      this.#assertOpen();
      throw new AgentPresenceError(call, cause);
    }
  }

  async #close(reason: ClosedError): Promise<void> {
    this.#closedBy = reason;
    const isDisplaced = reason instanceof DisplacedError;
    for (const watch of [...this.#watches]) {
      watch.end(isDisplaced ? reason : undefined);
    }
    await this.#session.stop(isDisplaced);
  }
}

async function backboneOf(config: AgentConfig): Promise<PresenceBackbone> {
  if (config.backbone !== undefined) return config.backbone;
  // Only an agent on NATS needs its packages.
  const { NatsBackbone } = await import("../cluster/nats/mod.ts");
  return new NatsBackbone(config.connection, { bucket: config.bucket });
}
