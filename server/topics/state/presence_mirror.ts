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
 * What a client knows of a topic: a presence for each key that is there. A
 * plain `Map` that {@linkcode syncState} and {@linkcode syncDiff} change; the
 * presences in it are values that never do.
 */
export type PresenceMirror = Map<string, WirePresence>;

/**
 * Is told who joins and who leaves, key by key, when the mirror shows it
 * already for that key. If one throws, the keys after it have not been looked
 * at: the next state heals that.
 */
export interface PresenceCallbacks {
  /**
   * Is told of metas that came.
   *
   * @param key The key.
   * @param current What the mirror had of the key before; `undefined` if the
   * key was not there.
   * @param joined The metas that came.
   */
  readonly onJoin?:
    | ((
      key: string,
      current: WirePresence | undefined,
      joined: WirePresence,
    ) => void)
    | undefined;
  /**
   * Is told of metas that went.
   *
   * @param key The key.
   * @param current What is left of the key; its `metas` are empty if the key
   * is gone.
   * @param left The metas that went.
   */
  readonly onLeave?:
    | ((key: string, current: WirePresence, left: WirePresence) => void)
    | undefined;
}

/**
 * Makes a mirror equal to a state, as `presence_state` brings it, whatever it
 * held before, and tells how the two differ: first all joins, then all leaves.
 * Metas are told apart by `phx_ref`. O(mirror + state).
 *
 * @param mirror The mirror; an empty `Map` to begin with.
 * @param state What there is. The mirror keeps its parts: leave them alone.
 * @param callbacks Who is told.
 * @throws {InvalidValueError} If the state has not the form of one. Nothing has
 * changed then.
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
 * Applies a diff, as `presence_diff` brings it, to a mirror, and tells what it
 * says. Applied twice it leaves what it left the first time. O(diff), and the
 * metas that the keys of the diff have, whatever the size of the topic.
 *
 * Joins come first: a meta takes the place of the one with its `phx_ref`, else
 * of the one with its `phx_ref_prev`, else it goes last; so an update does not
 * change the order of metas. Then leaves: a key of which no meta is left goes,
 * and one that the mirror has not is passed over. Callbacks are told what the
 * diff says of a key, even if the mirror had it already.
 *
 * @param mirror The mirror.
 * @param diff What came and went. The mirror keeps its parts: leave them alone.
 * @param callbacks Who is told.
 * @throws {InvalidValueError} If the diff has not the form of one. Nothing has
 * changed then.
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
  assertDiff(diff);
  for (const [key, joined] of Object.entries(diff.joins)) {
    const current = mirror.get(key);
    const metas = joinedTo(current?.metas ?? [], joined.metas);
    // Nobody is there without a connection.
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
 * Lists who is there, sorted by key with `compareKeys`. O(n log n).
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

/** The latest lists; only their readers keep them alive. */
const LISTS = new WeakMap<
  ReadonlyMap<string, WirePresence>,
  WeakRef<readonly (readonly [string, WirePresence])[]>
>();

/** Adds metas, each in the place of the one that it replaces, or last. */
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

/** The metas that are not among others. */
function without(
  metas: readonly WireMeta[],
  others: readonly WireMeta[],
): WireMeta[] {
  const refs = new Set(others.map(({ phx_ref }) => phx_ref));
  return metas.filter(({ phx_ref }) => !refs.has(phx_ref));
}

function assertDiff(diff: unknown): void {
  const action = "sync diff";
  assertObject(diff, "diff", action);
  assertState(diff.joins, "joins", action);
  assertState(diff.leaves, "leaves", action);
}

function assertState(state: unknown, field: string, action: string): void {
  assertObject(state, field, action);
  for (const [key, presence] of Object.entries(state)) {
    assertPresence(presence, `${field}.${key}`, action);
  }
}

function assertPresence(
  presence: unknown,
  field: string,
  action: string,
): void {
  assertObject(presence, field, action);
  const { metas } = presence;
  if (!Array.isArray(metas)) {
    throw new InvalidValueError(
      action,
      `${field}.metas`,
      "must be an array",
      metas,
    );
  }
  for (const [index, meta] of metas.entries()) {
    assertMeta(meta, `${field}.metas[${index}]`, action);
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
