import type { Duration } from "../../core/mod.ts";
import type { NodeLife } from "../cluster/mod.ts";
import { TTL_MULTIPLIER } from "./agent_config.ts";

/** A life of an agent, as the name of the life says it. */
export interface AgentLife extends NodeLife {
  /** The agent. */
  readonly agentId: string;
  /** Grows with each process that takes the id from another one. */
  readonly generation: number;
  /** After how many milliseconds without a heartbeat it is over. */
  readonly ttlMs: Duration;
}

/**
 * How the agents of a project are named in a backbone: such that neither
 * projects nor agents and nodes of a cluster are ever taken for each other.
 */
export class ProjectNames {
  /** The context that holds a row for each agent. */
  readonly context: string;
  readonly #project: string;
  readonly #prefix: string;

  /** Makes the names of a project. */
  constructor(project: string) {
    this.context = JSON.stringify(["agents", project]);
    this.#project = project;
    this.#prefix = JSON.stringify(["agent", project]).slice(0, -1);
  }

  /** The name of an agent's node. */
  node(agentId: string): string {
    return JSON.stringify(["agent", this.#project, agentId]);
  }

  /** The name of an agent's row. */
  row(agentId: string): string {
    return JSON.stringify([agentId]);
  }

  /** Which agent a row is of. */
  agentOf(row: string): string | undefined {
    const agentId = lastOf(row);
    return agentId !== undefined && this.row(agentId) === row
      ? agentId
      : undefined;
  }

  /** A new life of an agent. */
  begin(
    agentId: string,
    generation: number,
    heartbeatIntervalMs: Duration,
  ): AgentLife {
    const unique = crypto.randomUUID();
    return {
      agentId,
      generation,
      node: this.node(agentId),
      epoch: `${generation}:${heartbeatIntervalMs}:${unique}`,
      ttlMs: heartbeatIntervalMs * TTL_MULTIPLIER,
    };
  }

  /** Reads what a life says; `undefined` if it is no agent's of the project. */
  lifeOf({ node, epoch }: NodeLife): AgentLife | undefined {
    if (!node.startsWith(this.#prefix)) return undefined;
    const agentId = lastOf(node);
    if (agentId === undefined || this.node(agentId) !== node) return undefined;
    const [, generation, interval] = /^(\d+):(\d+):/.exec(epoch) ?? [];
    if (generation === undefined || interval === undefined) return undefined;
    const ttlMs = Number(interval) * TTL_MULTIPLIER;
    return { agentId, generation: Number(generation), node, epoch, ttlMs };
  }
}

/** The last text of an array as JSON. */
function lastOf(json: string): string | undefined {
  try {
    const array: unknown = JSON.parse(json);
    const last: unknown = Array.isArray(array) ? array.at(-1) : undefined;
    return typeof last === "string" ? last : undefined;
  } catch {
    return undefined;
  }
}
