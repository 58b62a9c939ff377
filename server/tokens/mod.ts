/**
 * JSON Web Tokens for HTTP, for streams, and for both dialects of Phoenix
 * sockets.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { PhoenixEndpoint } from "@ruthere/presence/server/phoenix";
 * import { TokenAuthority } from "@ruthere/presence/server/tokens";
 * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
 *
 * const tokens = new TokenAuthority({
 *   jwksUrl: "https://login.example/.well-known/jwks.json",
 *   issuer: "https://login.example",
 *   audience: "presence",
 * });
 * const { authorize, refresh: accessToken } = tokens;
 *
 * using server = new PresenceServer<TopicModel>();
 * const handler = createHttpHandler(server, { authorize });
 * const topics = new TopicPresence(server);
 * using endpoint = new PhoenixEndpoint(topics, { authorize, accessToken });
 * ```
 *
 * @module
 */

export type { TokenClaims, TokenRights } from "./claims.ts";
export * from "./errors.ts";
export { TokenAuthority, type TokenIdentity } from "./token_authority.ts";
export type {
  JwksOptions,
  SecretOptions,
  TokenOptions,
  TokenRules,
} from "./token_options.ts";
