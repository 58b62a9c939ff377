/**
 * Phoenix Channels for clients as they are: phoenix.js, Supabase's realtime-js,
 * and their siblings in other languages.
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

export * from "./bun.ts";
export * from "./deno.ts";
export { type Acceptance, PhoenixEndpoint } from "./endpoint.ts";
export type { JoinedDocuments } from "./document_channel.ts";
export type {
  Admission,
  JoinHookAnswer,
  PhoenixIdentity,
  Rejection,
  TokenHookAnswer,
} from "./identity.ts";
export type { JsonObject } from "./json.ts";
export type { PhoenixLimits } from "./limits.ts";
export * from "./node.ts";
export type { PhoenixOptions } from "./options.ts";
export type { DropKind, PhoenixStats } from "./phoenix_stats.ts";
export type { RejectionKind } from "./refusal.ts";
export type { SocketBroadcast } from "./requests.ts";
export { PhoenixSocket } from "./socket.ts";
export { tokenOf } from "./token.ts";
export type { SocketTransport } from "./transport.ts";
export type { StandardWebSocket } from "./web_socket.ts";
