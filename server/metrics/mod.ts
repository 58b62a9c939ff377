/**
 * The numbers of presence for Prometheus: who is here, what happens, who is
 * behind, and how a cluster does.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import {
 *   createMetricsHandler,
 *   PresenceMetrics,
 * } from "@ruthere/presence/server/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const handler = createMetricsHandler(new PresenceMetrics({ server }));
 * // Deno.serve({ hostname: "127.0.0.1", port: 9464 }, handler);
 * const scrape = await handler(new Request("http://localhost:9464/metrics"));
 * assertEquals(scrape.status, 200);
 * ```
 *
 * @module
 */

export {
  createMetricsHandler,
  type MetricsHandlerOptions,
} from "./metrics_handler.ts";
export {
  PresenceMetrics,
  type PresenceMetricsOptions,
} from "./presence_metrics.ts";
export type {
  MeasuredServer,
  MetricsSources,
  OtherMetrics,
} from "./sources.ts";
