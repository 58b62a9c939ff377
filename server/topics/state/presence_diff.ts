import type { JsonValue } from "../../internal.ts";

export type { JsonValue };

/** One connection of a key as a wire tells of it: what it says, and a name. */
export interface WireMeta {
  /** What tells it from all other metas of its key; opaque. */
  readonly phx_ref: string;
  /** The `phx_ref` of the meta that it replaces, if it is an update. */
  readonly phx_ref_prev?: string | undefined;
  /** What the connection says of itself. */
  readonly [field: string]: JsonValue | undefined;
}

/** A key that is present. A server may add fields; a mirror keeps them. */
export interface WirePresence {
  /** Its connections in the order they joined; never none. */
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
 * The payload of `presence_diff`: every meta that came or went, and no other.
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
  /** The metas that came, by key. */
  readonly joins: WireState;
  /** The metas that went, by key. */
  readonly leaves: WireState;
}

/**
 * Writes the diff that says that one meta came. O(its length).
 *
 * @param key The key.
 * @param metaJson The meta as JSON. It is put in as it is, unchecked; with a
 * `phx_ref` among its fields mirrors can read it.
 * @returns The diff as JSON, without spaces of its own.
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
 * Writes the diff that says that one meta went. O(its length).
 *
 * @param key The key.
 * @param metaJson The meta as JSON. It is put in as it is, unchecked; of its
 * fields mirrors need the `phx_ref` only.
 * @returns The diff as JSON, without spaces of its own.
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
