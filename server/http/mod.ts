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

export {
  createHttpHandler,
  type HttpHandler,
  type HttpHandlerOptions,
} from "./handler.ts";
export type { Identity } from "./identity.ts";
export type { HttpLimits, TtlBounds } from "./limits.ts";
export type { ProblemDocument, ProblemField, ProblemKind } from "./problem.ts";
export type {
  ServedBatch,
  ServedChange,
  ServedChanges,
  ServedPageQuery,
  ServedPolicy,
  ServedPresence,
  ServedQuery,
  ServedStore,
  ServedVisible,
  ServedWatchOptions,
  ServedWhereabouts,
} from "./served.ts";
export { createTrustGuard } from "./trust.ts";
export type {
  ChangesAnswer,
  ContextAnswer,
  FacetTtls,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireSummary,
  WireUpdate,
  WithdrawAnswer,
} from "./wire.ts";
