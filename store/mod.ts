/**
 * One in-memory presence store: reduction, indexes, expiry, retained changes,
 * cursors and summaries.
 *
 * @example Usage
 * ```ts
 * import { PresenceStore } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new PresenceStore();
 * const cursor = store.watcherCursor("zero");
 * store.publish({
 *   subject: "alice",
 *   context: "doc-42",
 *   origin: "session/browser",
 *   visibility: "public",
 *   observedAt: 100,
 *   expiry: "never",
 *   facets: { activity: "editing" },
 * });
 * const result = cursor.poll(store);
 * assertEquals(result.type === "changes" && result.changes[0]?.type, "published");
 * ```
 *
 * @module
 */

export * from "./change.ts";
export { EntryTree, type Leaf } from "./entry_tree.ts";
export * from "./errors.ts";
export { PresenceStore } from "./presence_store.ts";
export * from "./projection.ts";
export type * from "./options.ts";
export { visibleChange } from "./visible_change.ts";
export * from "./watcher_cursor.ts";
