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
 * Returns what a reader sees of a key; `undefined` for nothing. O(n log n) for
 * the entries of the key.
 *
 * @param snapshots The entries of the key.
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

/** How the entries of one key differ. */
export interface KeyDifference {
  /** The key. */
  readonly key: string;
  /** The entries that differ. */
  readonly entries: readonly EntryDifference<TopicModel>[];
}

/**
 * Returns what a reader sees of differences; `undefined` for nothing. O(those
 * differences).
 *
 * @param differences How keys differ, each key once.
 * @param visible What the reader may see.
 */
export function diffFor(
  differences: readonly KeyDifference[],
  visible: TopicPolicy,
): WireDiff | undefined {
  const joins: [string, WirePresence][] = [];
  const leaves: [string, WirePresence][] = [];
  for (const { key, entries } of differences) {
    const joined: WireMeta[] = [];
    const left: WireMeta[] = [];
    for (const { previous, snapshot } of entries) {
      const before = seen(previous, visible);
      const after = seen(snapshot, visible);
      if (before?.phx_ref === after?.phx_ref) continue;
      if (before !== undefined) left.push(before);
      if (after === undefined) continue;
      joined.push(
        before === undefined
          ? after
          : { ...after, phx_ref_prev: before.phx_ref },
      );
    }
    if (joined.length > 0) joins.push([key, { metas: joined }]);
    if (left.length > 0) leaves.push([key, { metas: left }]);
  }
  if (joins.length === 0 && leaves.length === 0) return undefined;
  // Not by assignment: "__proto__" is a key like any other.
  return {
    joins: Object.fromEntries(joins),
    leaves: Object.fromEntries(leaves),
  };
}

/**
 * Returns the diff of a reader who sees everything of one key and the shared
 * part of all others. O(the shared diff), however many differences there are.
 *
 * @param shared The shared part, which may contain a part of the key too.
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
