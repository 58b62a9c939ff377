import type { PresenceSnapshot } from "../../core/mod.ts";
import type { EntryDifference } from "../mod.ts";
import { inOrder } from "./entries.ts";
import { wireMetaOf } from "./meta.ts";
import type {
  WireDiff,
  WireMeta,
  WirePresence,
  WireState,
} from "./state/presence_diff.ts";
import type { TopicModel, TopicPolicy } from "./topic_model.ts";

/**
 * What a reader sees of a key; `undefined` if that is nothing. O(n log n) for
 * the key's entries.
 *
 * @param snapshots The key's entries.
 * @param visible What the reader may see.
 */
export function presenceFor(
  snapshots: readonly PresenceSnapshot<TopicModel>[],
  visible: TopicPolicy,
): WirePresence | undefined {
  const metas = inOrder(snapshots)
    .map((snapshot) => seen(snapshot, visible))
    .filter((meta) => meta !== undefined);
  return metas.length === 0 ? undefined : { metas };
}

/**
 * What a reader sees of differences; `undefined` if that is nothing. O(those
 * differences).
 *
 * @param differences How entries differ.
 * @param visible What the reader may see.
 */
export function diffFor(
  differences: readonly EntryDifference<TopicModel>[],
  visible: TopicPolicy,
): WireDiff | undefined {
  const joins = new Metas();
  const leaves = new Metas();
  for (const { previous, snapshot } of differences) {
    const before = seen(previous, visible);
    const after = seen(snapshot, visible);
    if (before?.phx_ref === after?.phx_ref) continue;
    if (previous !== undefined && before !== undefined) {
      leaves.add(previous.subject, before);
    }
    if (snapshot !== undefined && after !== undefined) {
      const joined = before === undefined
        ? after
        : { ...after, phx_ref_prev: before.phx_ref };
      joins.add(snapshot.subject, joined);
    }
  }
  if (joins.isEmpty && leaves.isEmpty) return undefined;
  return { joins: joins.toWire(), leaves: leaves.toWire() };
}

/**
 * What a reader sees of differences who sees all of one key, and of all others
 * what is shared. It costs the shared diff's size, not that of all differences.
 *
 * @param shared What is shared, which may have a part of the key's as well.
 * @param key The key.
 * @param own What the reader sees of the key.
 */
export function diffWithOwn(
  shared: WireDiff | undefined,
  key: string,
  own: WireDiff | undefined,
): WireDiff | undefined {
  const joins = stateWithOwn(shared?.joins, key, own?.joins);
  const leaves = stateWithOwn(shared?.leaves, key, own?.leaves);
  if (isEmpty(joins) && isEmpty(leaves)) return undefined;
  return { joins, leaves };
}

function stateWithOwn(
  shared: WireState = {},
  key: string,
  own: WireState = {},
): WireState {
  const { [key]: _part, ...others } = shared;
  return { ...others, ...own };
}

function isEmpty(state: WireState): boolean {
  return Object.keys(state).length === 0;
}

function seen(
  snapshot: PresenceSnapshot<TopicModel> | undefined,
  visible: TopicPolicy,
): WireMeta | undefined {
  return snapshot !== undefined &&
      visible(snapshot.visibility, snapshot.subject)
    ? wireMetaOf(snapshot)
    : undefined;
}

/** Metas by their keys, in the order they were added. */
class Metas {
  readonly #byKey = new Map<string, WireMeta[]>();

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  add(key: string, meta: WireMeta): void {
    const metas = this.#byKey.get(key);
    if (metas === undefined) this.#byKey.set(key, [meta]);
    else metas.push(meta);
  }

  toWire(): WireState {
    // Not by assignment: "__proto__" is a key like any other.
    return Object.fromEntries(
      [...this.#byKey].map(([key, metas]) => [key, { metas }]),
    );
  }
}
