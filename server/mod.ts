/**
 * Presence for one process: a server with its clocks and watches, and a mirror
 * of a watch.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer, PUBLIC_VIEWER } from "@ruthere/presence/server";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * await using watch = server.watch({ context: "doc-42", viewer: PUBLIC_VIEWER });
 * const { value: baseline } = await watch.next();
 * assertEquals(baseline?.type, "baseline");
 * ```
 *
 * @module
 */

export * from "./watch/batch.ts";
export * from "./contracts.ts";
export * from "./errors.ts";
export { PresenceServer } from "./presence_server.ts";
export * from "./watch/presence_view.ts";
export type * from "./replication/replication.ts";
export type {
  EventCounts,
  PresenceEvent,
  ServerStats,
} from "./server_stats.ts";
export type { PresenceServerOptions } from "./server_options.ts";
export {
  OMNISCIENT_VIEWER,
  PUBLIC_VIEWER,
  type Viewer,
  viewerPolicy,
} from "./watch/viewer.ts";
export type { Watch } from "./watch/start_watch.ts";
export type { WatchCountOptions, WatchOptions } from "./watch/watch.ts";
