/**
 * Phoenix Channels for unmodified clients: phoenix.js, Supabase's realtime-js,
 * and others in many languages.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
 * import { PhoenixEndpoint, upgradeInDeno } from "@ruthere/presence/server/phoenix";
 *
 * const server = new PresenceServer<TopicModel>();
 * const endpoint = new PhoenixEndpoint(new TopicPresence(server));
 * // new Socket("ws://127.0.0.1:8787/socket") of phoenix.js connects to this.
 * const handler = (request: Request) => upgradeInDeno(endpoint, request);
 * // Deno.serve({ hostname: "127.0.0.1", port: 8787 }, handler);
 * ```
 *
 * @module
 */

export * from "./runtimes/bun.ts";
export * from "./runtimes/deno.ts";
export { type Acceptance, PhoenixEndpoint } from "./endpoint.ts";
export type { JoinedDocuments } from "./channels/document_channel.ts";
export type {
  Admission,
  JoinHookAnswer,
  PhoenixIdentity,
  Rejection,
  TokenHookAnswer,
} from "./rights/identity.ts";
export type { JsonObject } from "../internal.ts";
export type { PhoenixLimits } from "./limits.ts";
export * from "./runtimes/node.ts";
export type { PhoenixOptions } from "./options.ts";
export type { DropKind, PhoenixStats } from "./phoenix_stats.ts";
export type { RejectionKind } from "./refusal.ts";
export type { SocketBroadcast } from "./requests.ts";
export { type PhoenixHooks, PhoenixSocket } from "./socket.ts";
export { tokenOf } from "./rights/token.ts";
export type { FrameReceiver } from "./runtimes/pipe.ts";
export type { SocketTransport } from "./runtimes/transport.ts";
export type { StandardWebSocket } from "./runtimes/web_socket.ts";
