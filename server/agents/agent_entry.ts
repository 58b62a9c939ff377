import type { Timestamp } from "../../core/mod.ts";

/** An entry as JSON. Times are UTC in ISO 8601. */
export interface AgentEntryJson {
  /** The id of the agent. */
  readonly agent_id: string;
  /** Its project. */
  readonly project: string;
  /** When it was started. */
  readonly started_at: string;
  /** When its last heartbeat reached the backbone. */
  readonly last_seen: string;
}

/**
 * A live agent.
 *
 * @example Usage
 * ```ts
 * import { AgentEntry } from "@ruthere/presence/server/agents";
 * import { assertEquals } from "@std/assert";
 *
 * const entry = new AgentEntry("builder", "shop", 0, 1_500);
 * assertEquals(
 *   JSON.stringify(entry),
 *   '{"agent_id":"builder","project":"shop",' +
 *     '"started_at":"1970-01-01T00:00:00.000Z",' +
 *     '"last_seen":"1970-01-01T00:00:01.500Z"}',
 * );
 * ```
 */
export class AgentEntry {
  /** The id of the agent. */
  readonly agentId: string;
  /** Its project. */
  readonly project: string;
  /**
   * When it was started, in Unix milliseconds by its own clock. It stays the same
   * until the agent is started again.
   */
  readonly startedAt: Timestamp;
  /**
   * When its last heartbeat reached the backbone, in Unix milliseconds by the
   * reader's clock.
   */
  readonly lastSeen: Timestamp;

  /**
   * Makes the entry of an agent.
   *
   * @param agentId The id of the agent.
   * @param project Its project.
   * @param startedAt When it was started.
   * @param lastSeen When its last heartbeat reached the backbone.
   */
  constructor(
    agentId: string,
    project: string,
    startedAt: Timestamp,
    lastSeen: Timestamp,
  ) {
    this.agentId = agentId;
    this.project = project;
    this.startedAt = startedAt;
    this.lastSeen = lastSeen;
  }

  /**
   * Converts the entry for `JSON.stringify()`.
   *
   * @returns The entry as JSON.
   */
  toJSON(): AgentEntryJson {
    return {
      agent_id: this.agentId,
      project: this.project,
      started_at: new Date(this.startedAt).toISOString(),
      last_seen: new Date(this.lastSeen).toISOString(),
    };
  }
}

/** Reads the start of an agent from its row; ignores any other row. */
export function startedAtIn(
  value: string,
  agentId: string,
  project: string,
): Timestamp | undefined {
  try {
    const json = JSON.parse(value);
    if (json.agent_id !== agentId || json.project !== project) return undefined;
    if (typeof json.started_at !== "string") return undefined;
    const startedAt = Date.parse(json.started_at);
    return Number.isNaN(startedAt) ? undefined : startedAt;
  } catch {
    return undefined;
  }
}
