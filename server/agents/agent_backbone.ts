import type { PresenceBackbone } from "../cluster/mod.ts";
import type { AgentConfig } from "./agent_config.ts";

/** By what an agent is connected. */
export async function backboneOf(
  config: AgentConfig,
): Promise<PresenceBackbone> {
  if (config.backbone !== undefined) return config.backbone;
  // Whoever has another backbone needs no packages of NATS.
  const { NatsBackbone } = await import("../cluster/nats/mod.ts");
  return new NatsBackbone(config.connection, { bucket: config.bucket });
}
