/**
 * Presence as plain values: who is in which topic, the diffs and states of a
 * wire, and the mirror that a client makes of them. Pure functions without a
 * server, a clock or a runtime.
 *
 * @example Usage
 * ```ts
 * import { listState, newState, trackState } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * const empty = newState();
 * const here = trackState(empty, "room", "ada", "tab-1", '{"mood":"fine"}');
 *
 * assertEquals([...listState(here, "room").keys()], ["ada"]);
 * assertEquals([...listState(empty, "room").keys()], []);
 * ```
 *
 * @module
 */

export * from "./presence_diff.ts";
export * from "./presence_mirror.ts";
export * from "./presence_state.ts";
export type { PresenceTree } from "./presence_tree.ts";
