import type { JsonValue } from "../../internal.ts";

export type { JsonValue };

/** The meta of one connection of a key on a wire, with a name. */
export interface WireMeta {
  /** Tells it from the other metas of its key; opaque. */
  readonly phx_ref: string;
  /** The `phx_ref` of the meta that it replaces, in an update. */
  readonly phx_ref_prev?: string | undefined;
  /** The fields of the meta. */
  readonly [field: string]: JsonValue | undefined;
}

/** A key that is present. A server may add fields; a mirror keeps them. */
export interface WirePresence {
  /** The metas of its connections in the order they joined; at least one. */
  readonly metas: readonly WireMeta[];
}

/**
 * Presences by key: the payload of `presence_state`. Keys such as `__proto__`
 * are own properties, so read it by `Object.entries`, not by index.
 */
export interface WireState {
  /** The presence of a key. */
  readonly [key: string]: WirePresence;
}

/**
 * The payload of `presence_diff`: every meta that joined or left, and no other.
 * An update is in both, the new meta with the `phx_ref_prev` of the old one.
 *
 * @example Usage
 * ```ts
 * import type { WireDiff } from "@ruthere/presence/server/topics/state";
 *
 * const update: WireDiff = {
 *   joins: {
 *     ada: { metas: [{ phx_ref: "b", phx_ref_prev: "a", mood: "fine" }] },
 *   },
 *   leaves: { ada: { metas: [{ phx_ref: "a", mood: "tired" }] } },
 * };
 * ```
 */
export interface WireDiff {
  /** The metas that joined, by key. */
  readonly joins: WireState;
  /** The metas that left, by key. */
  readonly leaves: WireState;
}

/**
 * Writes the diff of one meta that joins. O(its length).
 *
 * @param key The key.
 * @param metaJson The meta as JSON, inserted unchecked. Mirrors can read it if
 * it has the field `phx_ref`.
 * @returns The diff as JSON without additional spaces.
 *
 * @example Usage
 * ```ts
 * import { joinDiffJson } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   joinDiffJson("ada", '{"phx_ref":"a"}'),
 *   '{"joins":{"ada":{"metas":[{"phx_ref":"a"}]}},"leaves":{}}',
 * );
 * ```
 */
export function joinDiffJson(key: string, metaJson: string): string {
  return `{"joins":${stateJson(key, metaJson)},"leaves":{}}`;
}

/**
 * Writes the diff of one meta that leaves. O(its length).
 *
 * @param key The key.
 * @param metaJson The meta as JSON, inserted unchecked. Mirrors need only its
 * field `phx_ref`.
 * @returns The diff as JSON without additional spaces.
 *
 * @example Usage
 * ```ts
 * import { leaveDiffJson } from "@ruthere/presence/server/topics/state";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   leaveDiffJson("ada", '{"phx_ref":"a"}'),
 *   '{"joins":{},"leaves":{"ada":{"metas":[{"phx_ref":"a"}]}}}',
 * );
 * ```
 */
export function leaveDiffJson(key: string, metaJson: string): string {
  return `{"joins":{},"leaves":${stateJson(key, metaJson)}}`;
}

function stateJson(key: string, metaJson: string): string {
  return `{${JSON.stringify(key)}:{"metas":[${metaJson}]}}`;
}
