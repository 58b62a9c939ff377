import type { Duration } from "../../core/mod.ts";
import type { NodeLife } from "../cluster/mod.ts";
import { TTL_MULTIPLIER } from "./agent_config.ts";

/** A life of an agent, read from its names. */
export interface AgentLife extends NodeLife {
  /** The id of the agent. */
  readonly agentId: string;
  /** Grows with each process that takes the id from another one. */
  readonly generation: number;
  /** How many milliseconds without a heartbeat end it. */
  readonly ttlMs: Duration;
}

/**
 * The names of a project's agents in a backbone. They never collide with those of
 * another project, or with the nodes of a cluster.
 */
export class ProjectNames {
  /** The project. */
  readonly project: string;
  /** The context that holds a row for each agent. */
  readonly context: string;

  /** Makes the names of a project. */
  constructor(project: string) {
    this.project = project;
    this.context = JSON.stringify(["agents", project]);
  }

  /** Returns the name of an agent's node. */
  node(agentId: string): string {
    return JSON.stringify(["agent", this.project, agentId]);
  }

  /** Returns the name of an agent's row. */
  row(agentId: string): string {
    return JSON.stringify([agentId]);
  }

  /** Returns the agent that a row is about. */
  agentOf(row: string): string | undefined {
    const agentId = lastOf(row);
    return agentId !== undefined && this.row(agentId) === row
      ? agentId
      : undefined;
  }

  /** Makes a new life of an agent. */
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

  /** Reads a life; `undefined` if it does not belong to an agent of the project. */
  lifeOf({ node, epoch }: NodeLife): AgentLife | undefined {
    const agentId = lastOf(node);
    if (agentId === undefined || this.node(agentId) !== node) return undefined;
    const [, generation, interval] = /^(\d+):(\d+):/.exec(epoch) ?? [];
    if (generation === undefined || interval === undefined) return undefined;
    const ttlMs = Number(interval) * TTL_MULTIPLIER;
    return { agentId, generation: Number(generation), node, epoch, ttlMs };
  }
}

/** Returns the last element of a JSON array, if it is a string. */
function lastOf(json: string): string | undefined {
  try {
    const array: unknown = JSON.parse(json);
    const last: unknown = Array.isArray(array) ? array.at(-1) : undefined;
    return typeof last === "string" ? last : undefined;
  } catch {
    return undefined;
  }
}
