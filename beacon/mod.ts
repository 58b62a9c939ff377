/**
 * The write side of presence: builds updates, publishes them regularly, and turns
 * the actions of people into few of them.
 *
 * @example Usage
 * ```ts
 * import { PresenceBeacon } from "@ruthere/presence/beacon";
 * import { assertEquals } from "@std/assert";
 *
 * const beacon = new PresenceBeacon({
 *   subject: "alice",
 *   context: "doc-42",
 *   origin: "session/browser",
 *   expiry: { after: 60 },
 * });
 * assertEquals(beacon.updateAt(100).expiry, 160);
 * ```
 *
 * @module
 */

export * from "./activity_monitor.ts";
export * from "./heartbeat.ts";
export * from "./monitor_activity.ts";
export {
  type ExpiryPolicy,
  type FacetExpiry,
  PresenceBeacon,
  type PresenceBeaconOptions,
} from "./presence_beacon.ts";
export * from "./throttle.ts";
export * from "./typing_detector.ts";
