import {
  compareKeys,
  equalValues,
  InvalidValueError,
} from "../../../core/mod.ts";
import type {
  WireDiff,
  WireMeta,
  WirePresence,
  WireState,
} from "./presence_diff.ts";

/**
 * A client's copy of a topic: a presence for each key that is present. It is a
 * plain `Map` that {@linkcode syncState} and {@linkcode syncDiff} change; the
 * presences in it are immutable.
 */
export type PresenceMirror = Map<string, WirePresence>;

/**
 * Receives joins and leaves, key by key, after the mirror has changed for that
 * key. If a callback throws, the keys after it are not applied: the next state
 * repairs that.
 */
export interface PresenceCallbacks {
  /**
   * Receives metas that joined.
   *
   * @param key The key.
   * @param current The former presence of the key; `undefined` if it had none.
   * @param joined The metas that joined.
   */
  readonly onJoin?:
    | ((
      key: string,
      current: WirePresence | undefined,
      joined: WirePresence,
    ) => void)
    | undefined;
  /**
   * Receives metas that left.
   *
   * @param key The key.
   * @param current What remains of the key; its `metas` are empty if the key
   * has left.
   * @param left The metas that left.
   */
  readonly onLeave?:
    | ((key: string, current: WirePresence, left: WirePresence) => void)
    | undefined;
}

/**
 * Makes a mirror equal to a state, the payload of `presence_state`, and reports
 * the differences: first all joins, then all leaves. Metas are distinguished by
 * `phx_ref`. O(mirror + state).
 *
 * @param mirror The mirror; an empty `Map` to begin with.
 * @param state The state. The mirror keeps its parts: do not change them.
 * @param callbacks Receive the differences.
 * @throws {InvalidValueError} If the state is malformed. Then nothing has
 * changed.
 *
 * @example Usage
 * ```ts
 * import { type PresenceMirror, syncState } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * const mirror: PresenceMirror = new Map();
 * const joined: string[] = [];
 * syncState(mirror, { ada: { metas: [{ phx_ref: "a", mood: "fine" }] } }, {
 *   onJoin: (key) => joined.push(key),
 * });
 *
 * assertEquals(joined, ["ada"]);
 * assertEquals(mirror.get("ada")?.metas[0]?.mood, "fine");
 * ```
 */
export function syncState(
  mirror: PresenceMirror,
  state: WireState,
  callbacks: PresenceCallbacks = {},
): void {
  assertState(state, "state", "sync state");
  const next = new Map(
    Object.entries(state).filter(([, { metas }]) => metas.length > 0),
  );
  const former = new Map(mirror);
  for (const [key, presence] of next) {
    const current = former.get(key);
    const metas = without(presence.metas, current?.metas ?? []);
    mirror.set(key, presence);
    if (metas.length === 0) continue;
    callbacks.onJoin?.(key, current, { ...presence, metas });
  }
  for (const [key, presence] of former) {
    const current = next.get(key) ?? { ...presence, metas: [] };
    const metas = without(presence.metas, current.metas);
    if (current.metas.length === 0) mirror.delete(key);
    if (metas.length === 0) continue;
    callbacks.onLeave?.(key, current, { ...presence, metas });
  }
}

/**
 * Applies a diff, the payload of `presence_diff`, to a mirror and reports it.
 * To apply it twice has the same effect as once. O(diff, and the metas of its
 * keys), whatever the size of the topic.
 *
 * Joins come first: a meta replaces the one with its `phx_ref`, else the one
 * with its `phx_ref_prev`, else it is added last; so an update keeps the order
 * of metas. Then leaves: a key without metas is removed, and an unknown key is
 * skipped. Callbacks receive what the diff says about a key, even if the mirror
 * contained it already.
 *
 * @param mirror The mirror.
 * @param diff The diff. The mirror keeps its parts: do not change them.
 * @param callbacks Receive the joins and leaves.
 * @throws {InvalidValueError} If the diff is malformed. Then nothing has
 * changed.
 *
 * @example Usage
 * ```ts
 * import { type PresenceMirror, syncDiff } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * const mirror: PresenceMirror = new Map();
 * const ada = { ada: { metas: [{ phx_ref: "a" }] } };
 * syncDiff(mirror, { joins: ada, leaves: {} });
 * assertEquals(mirror.size, 1);
 *
 * syncDiff(mirror, { joins: {}, leaves: ada }, {
 *   onLeave: (key, current) => {
 *     if (current.metas.length === 0) assertEquals(key, "ada");
 *   },
 * });
 * assertEquals(mirror.size, 0);
 * ```
 */
export function syncDiff(
  mirror: PresenceMirror,
  diff: WireDiff,
  callbacks: PresenceCallbacks = {},
): void {
  const action = "sync diff";
  assertObject(diff, "diff", action);
  assertState(diff.joins, "joins", action);
  assertState(diff.leaves, "leaves", action);
  for (const [key, joined] of Object.entries(diff.joins)) {
    const current = mirror.get(key);
    const metas = joinedTo(current?.metas ?? [], joined.metas);
    // A key without a connection is not present.
    if (metas.length === 0) continue;
    mirror.set(key, { ...joined, metas });
    callbacks.onJoin?.(key, current, joined);
  }
  for (const [key, left] of Object.entries(diff.leaves)) {
    const presence = mirror.get(key);
    if (presence === undefined) continue;
    const metas = without(presence.metas, left.metas);
    const current = { ...presence, metas };
    if (metas.length === 0) mirror.delete(key);
    else mirror.set(key, current);
    callbacks.onLeave?.(key, current, left);
  }
}

/**
 * Lists the keys that are present, sorted with `compareKeys`. O(n log n).
 *
 * @param mirror The mirror.
 * @returns Each key with its presence: the same list until it changes.
 *
 * @example Usage
 * ```ts
 * import { listMirror, type PresenceMirror } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * const mirror: PresenceMirror = new Map([
 *   ["bob", { metas: [{ phx_ref: "b" }] }],
 *   ["ada", { metas: [{ phx_ref: "a" }, { phx_ref: "c" }] }],
 * ]);
 * assertEquals(
 *   listMirror(mirror).map(([key, { metas }]) => `${key}: ${metas.length}`),
 *   ["ada: 2", "bob: 1"],
 * );
 * ```
 */
export function listMirror(
  mirror: ReadonlyMap<string, WirePresence>,
): readonly (readonly [key: string, presence: WirePresence])[] {
  const list = [...mirror].sort(([a], [b]) => compareKeys(a, b));
  const former = LISTS.get(mirror)?.deref();
  if (former !== undefined && equalValues(former, list)) return former;
  LISTS.set(mirror, new WeakRef(list));
  return list;
}

/** The latest lists, held weakly. */
const LISTS = new WeakMap<
  ReadonlyMap<string, WirePresence>,
  WeakRef<readonly (readonly [string, WirePresence])[]>
>();

/** Adds metas, each in place of the one that it replaces, or last. */
function joinedTo(
  current: readonly WireMeta[],
  joined: readonly WireMeta[],
): WireMeta[] {
  const metas = [...current];
  const places = new Map(metas.map(({ phx_ref }, place) => [phx_ref, place]));
  for (const meta of joined) {
    const { phx_ref, phx_ref_prev = phx_ref } = meta;
    const replaced = places.has(phx_ref) ? phx_ref : phx_ref_prev;
    const place = places.get(replaced) ?? metas.length;
    metas[place] = meta;
    places.delete(replaced);
    places.set(phx_ref, place);
  }
  return metas;
}

/** Returns the metas that are not among others. */
function without(
  metas: readonly WireMeta[],
  others: readonly WireMeta[],
): WireMeta[] {
  const refs = new Set(others.map(({ phx_ref }) => phx_ref));
  return metas.filter(({ phx_ref }) => !refs.has(phx_ref));
}

function assertState(state: unknown, field: string, action: string): void {
  assertObject(state, field, action);
  for (const [key, presence] of Object.entries(state)) {
    const place = `${field}.${key}`;
    assertObject(presence, place, action);
    const { metas } = presence;
    if (!Array.isArray(metas)) {
      const rule = "must be an array";
      throw new InvalidValueError(action, `${place}.metas`, rule, metas);
    }
    for (const [index, meta] of metas.entries()) {
      assertMeta(meta, `${place}.metas[${index}]`, action);
    }
  }
}

function assertMeta(meta: unknown, field: string, action: string): void {
  assertObject(meta, field, action);
  const { phx_ref, phx_ref_prev = "" } = meta;
  for (const [name, ref] of Object.entries({ phx_ref, phx_ref_prev })) {
    if (typeof ref === "string") continue;
    const rule = "must be a string";
    throw new InvalidValueError(action, `${field}.${name}`, rule, ref);
  }
}

function assertObject(
  value: unknown,
  field: string,
  action: string,
): asserts value is { readonly [name: string]: unknown } {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return;
  }
  throw new InvalidValueError(action, field, "must be an object", value);
}
