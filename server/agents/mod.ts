/**
 * Agents of a project that know of each other: who is there, who comes and
 * goes. Each says by a heartbeat that it lives.
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
