import type { Duration } from "../../core/mod.ts";
import type { PresenceBackbone } from "../cluster/mod.ts";
import type { NatsBackbone } from "../cluster/nats/mod.ts";
import { AgentConfigError } from "./errors.ts";

/**
 * For how many heartbeats an agent that is silent is still there: one or two
 * that are late or lost do no harm.
 */
export const TTL_MULTIPLIER = 3;

/** How many events a watch keeps for its reader, if nothing else is said. */
export const DEFAULT_WATCH_BUFFER = 64;

/** No timer waits longer, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1;

const MAX_HEARTBEAT_MS = Math.floor(MAX_DELAY_MS / TTL_MULTIPLIER);

/** The longest id, and the longest name of a project, in UTF-16 code units. */
const MAX_NAME = 255;

/** What all agents need. */
export interface AgentFields {
  /**
   * Names the agent within its project. If two live processes have the same
   * id, the one that was started later has it, and the other one is closed.
   */
  readonly agentId: string;
  /** The project; agents see those of their own project only. */
  readonly project: string;
  /**
   * The time between two heartbeats, in milliseconds. Agents of one project
   * may have different ones: an agent is gone once it has been silent for
   * {@linkcode TTL_MULTIPLIER} heartbeats of its own.
   */
  readonly heartbeatIntervalMs: Duration;
  /**
   * How many events a watch keeps for a reader that is slow; 0 is the default.
   * With one more, the watch fails.
   *
   * @default {64}
   */
  readonly watchBuffer?: number | undefined;
}

/** An agent on a backbone. */
export interface BackboneAgentConfig extends AgentFields {
  /** By what the agents are connected. No cluster may use the same one. */
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
   * The caller's `NatsConnection`, which is neither dialled nor closed here. It
   * should reconnect for ever: `maxReconnectAttempts: -1`.
   */
  readonly connection: ConstructorParameters<typeof NatsBackbone>[0];
  /**
   * The bucket of JetStream's key-value store that all projects share. It is
   * made if it is not there. No cluster may use the same one.
   */
  readonly bucket: string;
}

/** What an agent is, and by what it is connected to the others. */
export type AgentConfig = BackboneAgentConfig | NatsAgentConfig;

/** The fields as they are, whatever that is. */
type Fields = Partial<Record<keyof AgentConfig, unknown>>;

/** What may be wrong with each field; the first rule that is broken is told. */
const RULES: readonly (readonly [
  field: keyof AgentConfig,
  reason: string,
  holds: (config: Fields) => boolean,
])[] = [
  ...nameRules("agentId"),
  ...nameRules("project"),
  [
    "backbone",
    "must be given, or a connection",
    ({ backbone, connection }) =>
      isObject(backbone) &&
        typeof Reflect.get(backbone, "connect") === "function" ||
      isObject(connection),
  ],
  [
    "connection",
    "must not be given beside a backbone",
    ({ backbone, connection }) =>
      backbone === undefined || connection === undefined,
  ],
  [
    "bucket",
    "must not be given beside a backbone",
    ({ backbone, bucket }) => backbone === undefined || bucket === undefined,
  ],
  [
    "bucket",
    "must be letters, digits, - and _",
    ({ backbone, bucket }) =>
      backbone !== undefined ||
      typeof bucket === "string" && /^[-\w]+$/.test(bucket),
  ],
  [
    "heartbeatIntervalMs",
    `must be a whole number from 1 to ${MAX_HEARTBEAT_MS}`,
    ({ heartbeatIntervalMs }) => isCount(heartbeatIntervalMs, MAX_HEARTBEAT_MS),
  ],
  [
    "watchBuffer",
    "must be a whole number from 0",
    ({ watchBuffer = 0 }) =>
      watchBuffer === 0 || isCount(watchBuffer, Infinity),
  ],
];

const FIELDS: ReadonlySet<string> = new Set(RULES.map(([field]) => field));

/**
 * Looks whether an agent can be started with a config. Asks nobody, and changes
 * nothing.
 *
 * @param config The config, whatever it is.
 * @returns The first thing that is wrong with it; `undefined` if nothing is.
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
  const fields: Fields = isObject(config) ? config : {};
  for (const [field, reason, holds] of RULES) {
    if (!holds(fields)) {
      return new AgentConfigError(field, reason, fields[field]);
    }
  }
  const [other] = Object.entries(fields)
    .find(([name, value]) => !FIELDS.has(name) && value !== undefined) ?? [];
  return other === undefined
    ? undefined
    : new AgentConfigError(other, "is not a field of a config", other);
}

function nameRules(
  field: "agentId" | "project",
): readonly (typeof RULES)[number][] {
  return [
    [field, "must be a string", (config) => typeof config[field] === "string"],
    [field, "must not be empty", (config) => config[field] !== ""],
    [
      field,
      `must have at most ${MAX_NAME} characters`,
      (config) => String(config[field]).length <= MAX_NAME,
    ],
    [
      field,
      "must be well-formed Unicode",
      (config) => String(config[field]).isWellFormed(),
    ],
  ];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown, most: number): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) &&
    value >= 1 && value <= most;
}
