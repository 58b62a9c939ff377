import { type AgentConfig, validateAgentConfig } from "./agent_config.ts";
import type { AgentEntry } from "./agent_entry.ts";
import { AgentSession } from "./agent_session.ts";
import type { AgentEvent } from "./agent_watch.ts";
import { type AgentCall, AgentPresenceError, ClosedError } from "./errors.ts";

/**
 * One agent among those of its project: announces itself, and knows which others
 * are there.
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
  /** The id of the agent. */
  readonly agentId: string;
  /** Its project. */
  readonly project: string;
  readonly #session: AgentSession;

  /** Closes the agent. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  private constructor(config: AgentConfig, session: AgentSession) {
    this[Symbol.asyncDispose] = this.close;
    this.agentId = config.agentId;
    this.project = config.project;
    this.#session = session;
  }

  /**
   * Starts an agent. Another process with the same id in the project is displaced:
   * it is closed with its next heartbeat at the latest.
   *
   * @param config The agent, and its connection to the others.
   * @returns The agent, once the others know it.
   * @throws {AgentConfigError} If the config is invalid.
   * @throws {AgentPresenceError} If the backbone fails. Then nothing is left on it,
   * or at most what expires with the lease.
   * @throws {DisplacedError} If another process has taken the id meanwhile.
   */
  static async open(config: AgentConfig): Promise<AgentPresence> {
    const violation = validateAgentConfig(config);
    if (violation !== undefined) throw violation;
    try {
      return new AgentPresence(config, await AgentSession.open(config));
    } catch (cause) {
      throw cause instanceof ClosedError
        ? cause
        : new AgentPresenceError("Open", cause);
    }
  }

  /**
   * Returns all live agents of the project, this one included, in the order of
   * their ids. Reads the entries of the project and all leases from the backbone.
   *
   * @returns Their entries, without those of agents that were silent for three of
   * their heartbeats.
   * @throws {AgentPresenceError} If the backbone fails.
   * @throws {ClosedError} If this agent is closed.
   */
  who(): Promise<AgentEntry[]> {
    return this.#ask("Who", () => this.#session.who());
  }

  /**
   * Reports whether an agent of the project lives, with one read of the backbone.
   *
   * @param agentId The id of the agent.
   * @returns `false` also for an unknown one, or one of another project.
   * @throws {AgentPresenceError} If the backbone fails.
   * @throws {ClosedError} If this agent is closed.
   */
  present(agentId: string): Promise<boolean> {
    return this.#ask("Present", () => this.#session.present(agentId));
  }

  /**
   * Watches which other agents of the project come up and go down from now on;
   * `who()` returns those that are there already. An agent is up once per life. It
   * is down at once when it is closed, or after three of its heartbeats of silence.
   * If it was only cut off or paused, it is up again with the same `startedAt`.
   *
   * While this agent itself is cut off, its watches are silent. Afterwards they
   * report the changes of the others, each of which has its TTL to be heard again.
   *
   * @param signal Ends the watch. It also ends when the agent is closed, and fails
   * when the agent is displaced, or when more than `watchBuffer` events are unread.
   * @returns The events. If the backbone can't be reached now, the first `next()`
   * fails with an {@linkcode AgentPresenceError}.
   * @throws {AgentPresenceError} If there is no signal.
   * @throws {ClosedError} If this agent is closed.
   */
  watch(signal: AbortSignal): AsyncIterableIterator<AgentEvent, undefined> {
    this.#session.assertOpen();
    if (!(signal instanceof AbortSignal)) {
      throw new AgentPresenceError("Watch", new TypeError("needs a signal"));
    }
    return this.#session.watch(signal);
  }

  /**
   * Stops the agent and removes its entry, so that nobody has to wait for its lease
   * to expire. If the backbone does not do that within 5 s, the lease expires. The
   * connection to the backbone has 5 s more to close.
   *
   * @returns Settles when nothing is in progress any more. Never fails; further
   * calls return the same promise.
   */
  close(): Promise<void> {
    return this.#session.close();
  }

  async #ask<T>(call: AgentCall, question: () => Promise<T>): Promise<T> {
    this.#session.assertOpen();
    try {
      return await question();
    } catch (cause) {
      this.#session.assertOpen();
      throw new AgentPresenceError(call, cause);
    }
  }
}
