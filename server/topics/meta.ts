import type { PresenceSnapshot } from "../../core/mod.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../internal.ts";
import { hashText } from "./hash.ts";
import type { WireMeta } from "./state/presence_diff.ts";
import type { TopicModel } from "./topic_model.ts";

/** The field of a {@linkcode WireMeta} that contains a meta as a whole. */
const WHOLE = "phx_meta";

/**
 * Returns the meta of an entry. An entry of another face may have a meta
 * without a box. Without any meta, its activity and availability are the meta.
 *
 * The type is assumed and not checked: `track` takes that type, and other faces
 * belong to the application too.
 */
export function metaOf<Meta = JsonValue>(
  snapshot: PresenceSnapshot<TopicModel>,
): Meta {
  return jsonMetaOf(snapshot) as Meta;
}

function jsonMetaOf(snapshot: PresenceSnapshot<TopicModel>): JsonValue {
  const { meta, activity, availability } = snapshot.facets;
  if (meta !== undefined) return isBox(meta) ? meta.value : meta;
  return {
    ...activity === undefined ? {} : { activity },
    ...availability === undefined ? {} : { availability },
  };
}

/** Whether a facet is a box: over a wire it can be anything. */
function isBox(meta: object): boolean {
  return typeof meta === "object" && Object.hasOwn(meta, "value") &&
    Object.keys(meta).length === 1;
}

/** As many are kept: more would cost memory, and the collector its time. */
const MAX_KEPT = 10_000;

/** The latest metas for a wire: the one before a change is asked for again. */
let kept = new WeakMap<PresenceSnapshot<TopicModel>, WireMeta>();
let keptCount = 0;

/**
 * Returns the meta of an entry for a wire. Its `phx_ref` follows from the meta
 * and the address of the entry, so that all nodes agree on it, also after a
 * restart.
 */
export function wireMetaOf(snapshot: PresenceSnapshot<TopicModel>): WireMeta {
  let wire = kept.get(snapshot);
  if (wire === undefined) {
    const { resource = null, origin } = snapshot;
    const meta = metaOf(snapshot);
    const ref = hashText(JSON.stringify([resource, origin, meta]));
    wire = toWireMeta(meta, ref);
    if (keptCount++ === MAX_KEPT) {
      kept = new WeakMap();
      keptCount = 1;
    }
    kept.set(snapshot, wire);
  }
  return wire;
}

/**
 * Converts a meta to the form that Phoenix clients expect: its own fields
 * beside `phx_ref`. A meta that is not an object, or has fields that begin with
 * `phx_`, becomes the field `phx_meta` as a whole.
 *
 * @param meta The meta.
 * @param ref Tells it from the other metas of its key.
 * @returns The meta for a wire.
 */
export function toWireMeta(meta: JsonValue, ref: string): WireMeta {
  return isFields(meta)
    ? { phx_ref: ref, ...meta }
    : { phx_ref: ref, [WHOLE]: meta };
}

/**
 * Converts a meta back from its form for a wire.
 *
 * @param wire The meta with its `phx_ref`.
 * @returns The meta as it was tracked.
 *
 * @example Usage
 * ```ts
 * import { fromWireMeta } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(fromWireMeta({ phx_ref: "a", name: "Ada" }), { name: "Ada" });
 * assertEquals(fromWireMeta({ phx_ref: "b", phx_meta: null }), null);
 * ```
 */
export function fromWireMeta(wire: WireMeta): JsonValue {
  const whole = Object.hasOwn(wire, WHOLE) ? wire[WHOLE] : undefined;
  if (whole !== undefined) return whole;
  const { phx_ref: _ref, phx_ref_prev: _previous, ...fields } = wire;
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, JsonValue] =>
      entry[1] !== undefined
    ),
  );
}

function isFields(meta: JsonValue): meta is JsonObject {
  return isJsonObject(meta) &&
    !Object.keys(meta).some((name) => name.startsWith("phx_"));
}
