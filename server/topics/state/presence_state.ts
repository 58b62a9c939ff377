import {
  collect,
  drop,
  find,
  type PresenceTree,
  put,
  sizeOf,
} from "./presence_tree.ts";

/** One connection of a key. */
export interface PresenceMeta {
  /** The name of the process that tracks it. */
  readonly pid: string;
  /** Its JSON, as it was given. */
  readonly data: string;
}

/** A key that is present in a topic. */
export interface PresenceEntry {
  /** Its metas in the order they were tracked; in a state at least one. */
  readonly metas: readonly PresenceMeta[];
}

/**
 * The keys of all topics as an immutable value. A function that changes a state
 * returns a new one, which shares the unchanged parts.
 *
 * It is plain data: read it with the functions of this module. Two states with
 * the same keys may be trees of different shapes: compare their lists.
 *
 * @example Usage
 * ```ts
 * import {
 *   countPresences,
 *   newState,
 *   trackState,
 *   untrackState,
 * } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * const empty = newState();
 * const here = trackState(empty, "room", "ada", "tab-1", '{"mood":"fine"}');
 * const gone = untrackState(here, "room", "ada", "tab-1");
 *
 * assertEquals(countPresences(empty, "room"), 0);
 * assertEquals(countPresences(here, "room"), 1);
 * assertEquals(countPresences(gone, "room"), 0);
 * ```
 */
export interface PresenceState {
  /** The keys of each topic that has any; `undefined` if none has. */
  readonly topics: PresenceTree<PresenceTree<PresenceEntry>> | undefined;
}

/**
 * Makes a state without keys. O(1).
 *
 * @returns The state.
 */
export function newState(): PresenceState {
  return { topics: undefined };
}

/**
 * Adds a meta to a key. To track a process again adds another meta. O(log
 * topics + log keys of the topic + metas of the key).
 *
 * @param state The state; it does not change.
 * @param topic The topic.
 * @param key The key. Any string is allowed, `""` and `"__proto__"` too.
 * @param pid The process, for {@linkcode untrackState}.
 * @param metaJson The meta as JSON; kept unchecked.
 * @returns The new state.
 *
 * @example Usage
 * ```ts
 * import {
 *   connectionCount,
 *   newState,
 *   trackState,
 * } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * let state = newState();
 * state = trackState(state, "room", "ada", "laptop", "{}");
 * state = trackState(state, "room", "ada", "phone", '{"idle":true}');
 * assertEquals(connectionCount(state, "room", "ada"), 2);
 * ```
 */
export function trackState(
  state: PresenceState,
  topic: string,
  key: string,
  pid: string,
  metaJson: string,
): PresenceState {
  const keys = find(state.topics, topic);
  const metas = find(keys, key)?.metas ?? [];
  const entry = { metas: [...metas, makeMeta(pid, metaJson)] };
  return { topics: put(state.topics, topic, put(keys, key, entry)) };
}

/**
 * Removes all metas of a process from a key. A key without metas is removed,
 * and so is a topic without keys. O(log topics + log keys of the topic + metas
 * of the key).
 *
 * @param state The state; it does not change.
 * @param topic The topic.
 * @param key The key.
 * @param pid The process.
 * @returns The new state; the same object if there was nothing to remove.
 *
 * @example Usage
 * ```ts
 * import {
 *   newState,
 *   trackState,
 *   untrackState,
 * } from "@ruthere/presence/server/topics/state";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const state = trackState(newState(), "room", "ada", "tab-1", "{}");
 * assertStrictEquals(untrackState(state, "room", "ada", "tab-2"), state);
 * ```
 */
export function untrackState(
  state: PresenceState,
  topic: string,
  key: string,
  pid: string,
): PresenceState {
  const keys = find(state.topics, topic);
  const before = find(keys, key)?.metas ?? [];
  const metas = before.filter((meta) => meta.pid !== pid);
  if (metas.length === before.length) return state;
  const rest = metas.length > 0 ? put(keys, key, { metas }) : drop(keys, key);
  return {
    topics: rest === undefined
      ? drop(state.topics, topic)
      : put(state.topics, topic, rest),
  };
}

/**
 * Lists the keys in a topic, sorted. O(log topics + keys of the topic).
 *
 * @param state The state.
 * @param topic The topic.
 * @returns The entry of each key: the same `Map` until the topic changes, an
 * empty one for an unknown topic.
 *
 * @example Usage
 * ```ts
 * import {
 *   entryCount,
 *   listState,
 *   newState,
 *   trackState,
 * } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * let state = newState();
 * state = trackState(state, "room", "bob", "tab-1", "{}");
 * state = trackState(state, "room", "ada", "tab-2", "{}");
 *
 * const list = listState(state, "room");
 * assertEquals([...list.keys()], ["ada", "bob"]);
 * assertEquals([...list.values()].map(entryCount), [1, 1]);
 * ```
 */
export function listState(
  state: PresenceState,
  topic: string,
): ReadonlyMap<string, PresenceEntry> {
  const keys = find(state.topics, topic);
  if (keys === undefined) return NOBODY;
  let list = LISTS.get(keys);
  if (list === undefined) {
    list = collect(keys);
    LISTS.set(keys, list);
  }
  return list;
}

const NOBODY: ReadonlyMap<string, PresenceEntry> = new Map();

const LISTS = new WeakMap<
  PresenceTree<PresenceEntry>,
  ReadonlyMap<string, PresenceEntry>
>();

/**
 * Counts the keys in a topic. O(log topics).
 *
 * @param state The state.
 * @param topic The topic.
 * @returns The number of keys; 0 for an unknown topic.
 */
export function countPresences(state: PresenceState, topic: string): number {
  return sizeOf(find(state.topics, topic));
}

/**
 * Reports whether a key is in a topic. O(log topics + log keys of the topic).
 *
 * @param state The state.
 * @param topic The topic.
 * @param key The key.
 * @returns `true` if the key has a meta there.
 */
export function isPresent(
  state: PresenceState,
  topic: string,
  key: string,
): boolean {
  return connectionCount(state, topic, key) > 0;
}

/**
 * Counts the metas of a key in a topic. O(log topics + log keys of the topic).
 *
 * @param state The state.
 * @param topic The topic.
 * @param key The key.
 * @returns The number of metas; 0 for an unknown key.
 */
export function connectionCount(
  state: PresenceState,
  topic: string,
  key: string,
): number {
  return find(find(state.topics, topic), key)?.metas.length ?? 0;
}

/**
 * Makes the meta of a connection.
 *
 * @param pid The name of the process.
 * @param data The meta as JSON; kept unchecked.
 * @returns The meta.
 */
export function makeMeta(pid: string, data: string): PresenceMeta {
  return { pid, data };
}

/**
 * Returns the process of a meta.
 *
 * @param meta The meta.
 * @returns The name of the process.
 */
export function metaPid(meta: PresenceMeta): string {
  return meta.pid;
}

/**
 * Returns the JSON of a meta.
 *
 * @param meta The meta.
 * @returns Its JSON, as it was given.
 */
export function metaData(meta: PresenceMeta): string {
  return meta.data;
}

/**
 * Makes the entry of a key.
 *
 * @param metas Its metas in the order they were tracked; they are copied.
 * @returns The entry.
 *
 * @example Usage
 * ```ts
 * import {
 *   entryMetas,
 *   makeEntry,
 *   makeMeta,
 *   metaData,
 * } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * const entry = makeEntry([makeMeta("tab-1", "1"), makeMeta("tab-2", "2")]);
 * assertEquals(entryMetas(entry).map(metaData), ["1", "2"]);
 * ```
 */
export function makeEntry(metas: Iterable<PresenceMeta>): PresenceEntry {
  return { metas: [...metas] };
}

/**
 * Returns the metas of an entry.
 *
 * @param entry The entry.
 * @returns Its metas in the order they were tracked.
 */
export function entryMetas(entry: PresenceEntry): readonly PresenceMeta[] {
  return entry.metas;
}

/**
 * Counts the metas of an entry.
 *
 * @param entry The entry.
 * @returns The number of metas.
 */
export function entryCount(entry: PresenceEntry): number {
  return entry.metas.length;
}
