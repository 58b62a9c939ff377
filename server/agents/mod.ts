/**
 * Agents of a project that know each other: which are up, and which come and go.
 * Each shows by a heartbeat that it lives.
 *
 * @module
 */

export {
  type AgentConfig,
  type AgentFields,
  type BackboneAgentConfig,
  type NatsAgentConfig,
  TTL_MULTIPLIER,
  validateAgentConfig,
} from "./agent_config.ts";
export { AgentEntry, type AgentEntryJson } from "./agent_entry.ts";
export { AgentPresence } from "./agent_presence.ts";
export type { AgentEvent } from "./agent_watch.ts";
export {
  type AgentCall,
  AgentConfigError,
  AgentPresenceError,
  ClosedError,
  DisplacedError,
} from "./errors.ts";
