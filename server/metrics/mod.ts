/**
 * Metrics of presence for Prometheus: the subjects that are present, the events,
 * the slow readers and the state of a cluster.
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

export * from "./metrics_handler.ts";
export * from "./presence_metrics.ts";
export type * from "./sources.ts";
