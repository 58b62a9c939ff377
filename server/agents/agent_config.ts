import { MAX_DELAY_MS } from "../../core/assert.ts";
import type { Duration } from "../../core/mod.ts";
import type { PresenceBackbone } from "../cluster/mod.ts";
import type { NatsBackbone } from "../cluster/nats/mod.ts";
import { AgentConfigError } from "./errors.ts";

/**
 * How many heartbeats a silent agent stays present, so that one or two late or
 * lost heartbeats do no harm.
 */
export const TTL_MULTIPLIER = 3;

const MAX_HEARTBEAT_MS = Math.floor(MAX_DELAY_MS / TTL_MULTIPLIER);

/** The maximum length of an id and of a project, in UTF-16 code units. */
const MAX_NAME = 255;

/** The fields of every agent. */
export interface AgentFields {
  /**
   * Identifies the agent within its project. If two live processes have the same
   * id, the later one keeps it, and the other one is closed.
   */
  readonly agentId: string;
  /** The project. Agents see only those of their own project. */
  readonly project: string;
  /**
   * The time between two heartbeats, in milliseconds. Agents of one project may
   * have different ones: an agent is down after {@linkcode TTL_MULTIPLIER} of its
   * own heartbeats of silence.
   */
  readonly heartbeatIntervalMs: Duration;
  /**
   * How many unread events a watch keeps; 0 means the default. With one more, the
   * watch fails.
   *
   * @default {64}
   */
  readonly watchBuffer?: number | undefined;
}

/** An agent on a backbone. */
export interface BackboneAgentConfig extends AgentFields {
  /** Connects the agents. No cluster may use the same one. */
  readonly backbone: PresenceBackbone;
  /** Not given with a backbone. */
  readonly connection?: undefined;
  /** Not given with a backbone. */
  readonly bucket?: undefined;
}

/** An agent on NATS alone. */
export interface NatsAgentConfig extends AgentFields {
  /** Not given with a connection. */
  readonly backbone?: undefined;
  /**
   * The caller's `NatsConnection`, which the agent neither opens nor closes. It
   * should reconnect for ever: `maxReconnectAttempts: -1`.
   */
  readonly connection: ConstructorParameters<typeof NatsBackbone>[0];
  /**
   * The bucket of JetStream's key-value store that all projects share. It is
   * created if it does not exist. No cluster may use the same one.
   */
  readonly bucket: string;
}

/** An agent, and its connection to the others. */
export type AgentConfig = BackboneAgentConfig | NatsAgentConfig;

/**
 * Checks a config without connecting.
 *
 * @param config The config, or any other value.
 * @returns The first violation, `undefined` if there is none.
 *
 * @example Usage
 * ```ts
 * import { MemoryBackbone } from "@ruthere/presence/server/cluster";
 * import { validateAgentConfig } from "@ruthere/presence/server/agents";
 * import { assertEquals } from "@std/assert";
 *
 * const config = {
 *   agentId: "builder",
 *   project: "shop",
 *   backbone: new MemoryBackbone(),
 *   heartbeatIntervalMs: 5_000,
 * };
 * assertEquals(validateAgentConfig(config), undefined);
 * assertEquals(
 *   validateAgentConfig({ ...config, agentId: "" })?.message,
 *   "presence.Config: agentId: must not be empty",
 * );
 * ```
 */
export function validateAgentConfig(
  config: AgentConfig,
): AgentConfigError | undefined {
  const [violation] = violationsOf({ ...config });
  return violation && new AgentConfigError(...violation);
}

/** Yields the violations of a config: the field, the reason and the value. */
function* violationsOf(
  config: Partial<Record<keyof AgentConfig, unknown>>,
): Generator<[field: string, reason: string, value: unknown], void> {
  const { agentId, project, backbone, connection, bucket, ...rest } = config;
  const { heartbeatIntervalMs, watchBuffer = 0, ...others } = rest;
  for (const [field, name] of Object.entries({ agentId, project })) {
    const reason = nameFault(name);
    if (reason !== undefined) yield [field, reason, name];
  }
  if (backbone === undefined) {
    if (!isObject(connection)) {
      yield ["backbone", "must be given, or a connection", backbone];
    }
    if (typeof bucket !== "string" || !/^[-\w]+$/.test(bucket)) {
      yield ["bucket", "must be letters, digits, - and _", bucket];
    }
  } else {
    const isBackbone = isObject(backbone) && "connect" in backbone &&
      typeof backbone.connect === "function";
    if (!isBackbone) {
      yield ["backbone", "must be given, or a connection", backbone];
    }
    const reason = "must not be given beside a backbone";
    if (connection !== undefined) yield ["connection", reason, connection];
    if (bucket !== undefined) yield ["bucket", reason, bucket];
  }
  if (!isCount(heartbeatIntervalMs, 1, MAX_HEARTBEAT_MS)) {
    const reason = `must be a whole number from 1 to ${MAX_HEARTBEAT_MS}`;
    yield ["heartbeatIntervalMs", reason, heartbeatIntervalMs];
  }
  if (!isCount(watchBuffer, 0, Infinity)) {
    yield ["watchBuffer", "must be a whole number from 0", watchBuffer];
  }
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) yield [name, "is not a field of a config", name];
  }
}

function nameFault(name: unknown): string | undefined {
  if (typeof name !== "string") return "must be a string";
  if (name === "") return "must not be empty";
  if (name.length > MAX_NAME) {
    return `must have at most ${MAX_NAME} characters`;
  }
  return name.isWellFormed() ? undefined : "must be well-formed Unicode";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown, least: number, most: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) &&
    value >= least && value <= most;
}
