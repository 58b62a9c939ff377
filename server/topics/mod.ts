/**
 * Presence by topic, key and meta: handles that leave when they are disposed
 * of, events, diffs for clients, and the same as pure functions.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { type TopicModel, TopicPresence } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer<TopicModel>();
 * const presence = new TopicPresence(server);
 * const events = presence.events("post:1");
 *
 * presence.track("post:1", "ada", { device: "laptop" });
 * assertEquals(presence.countPresences("post:1"), 1);
 * assertEquals((await events.next()).value, {
 *   type: "join",
 *   key: "ada",
 *   meta: { device: "laptop" },
 * });
 * ```
 *
 * @module
 */

export * from "./channels.ts";
export type { TopicEntry } from "./entries.ts";
export * from "./held_entry.ts";
export type { JsonValue } from "../internal.ts";
export type { TopicMeta } from "./json_value.ts";
export { fromWireMeta } from "./meta.ts";
export {
  type FacetLifter,
  type LiftedFacets,
  liftFacets,
  PresenceHandle,
  type UpdateOptions,
} from "./presence_handle.ts";
export type { TopicDiff, TopicMessage } from "./room.ts";
export * from "./state/mod.ts";
export type {
  JoinEvent,
  LeaveEvent,
  TopicEvent,
  UpdateEvent,
} from "./topic_event.ts";
export type {
  Listener as TopicListener,
  Listening as TopicListening,
} from "../rooms/mod.ts";
export type * from "./topic_model.ts";
export * from "./topic_presence.ts";
export { stateJson, type TopicState } from "./topic_state.ts";
