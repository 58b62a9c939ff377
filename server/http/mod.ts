/**
 * Presence over HTTP: a handler from `Request` to `Response`, for `Deno.serve`,
 * Bun and Node.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const handler = createHttpHandler(server);
 * // Deno.serve({ hostname: "127.0.0.1" }, handler);
 * const answer = await handler(new Request("http://localhost/healthz"));
 * assertEquals(await answer.json(), { status: "ok" });
 * ```
 *
 * @module
 */

export type { Identity, Unauthorized } from "../internal.ts";
export { readBytes } from "./routes/body.ts";
export type * from "./wire/document_wire.ts";
export * from "./handler.ts";
export type { HttpLimits, TtlBounds } from "./limits.ts";
export {
  HttpProblem,
  type HttpProblemOptions,
  PROBLEM_KINDS,
  type ProblemDocument,
  type ProblemField,
  type ProblemKind,
  PROBLEMS,
} from "./wire/problem.ts";
export type * from "./served.ts";
export {
  createTrustGuard,
  type TrustGuard,
  type TrustOptions,
} from "./trust.ts";
export type * from "./wire/wire.ts";
