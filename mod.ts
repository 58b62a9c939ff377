/**
 * Who or what is here right now? Presence for people, bots, devices and
 * shipments that can be in several places at once.
 *
 * @example Usage
 * ```ts
 * import { PresenceBeacon, PresenceStore, restricted } from "@ruthere/presence";
 * import { assertEquals } from "@std/assert";
 *
 * const beacon = new PresenceBeacon({
 *   subject: "alice",
 *   context: "doc-42",
 *   resource: "browser-tab",
 *   origin: "session/browser",
 *   visibility: restricted("doc-members"),
 *   expiry: { after: 60 },
 * });
 * const store = new PresenceStore();
 * const sequence = store.publish(
 *   beacon.heartbeatAt(100, { availability: "available", activity: "editing" }),
 * );
 * const summary = store.subjectSummary("alice", "doc-42");
 *
 * assertEquals(sequence, 1);
 * assertEquals(summary?.activity, "editing");
 * ```
 *
 * @module
 */

export * from "./beacon/mod.ts";
export * from "./core/mod.ts";
export * from "./server/documents/mod.ts";
export * from "./server/mod.ts";
export * from "./server/topics/mod.ts";
export * from "./store/mod.ts";
