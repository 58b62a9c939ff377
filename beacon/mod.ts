/**
 * The write side of presence: builds updates, and keeps them coming.
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

export * from "./heartbeat.ts";
export {
  type FacetExpiry,
  PresenceBeacon,
  type PresenceBeaconOptions,
} from "./presence_beacon.ts";
