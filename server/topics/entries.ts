import { compareEntryKeys, type PresenceSnapshot } from "../../core/mod.ts";
import { groupBy } from "../internal.ts";
import type { TopicMeta } from "./json_value.ts";
import { metaOf } from "./meta.ts";
import type { TopicModel } from "./topic_model.ts";

/**
 * A key that is present in a topic.
 *
 * @typeParam Meta The application's type of metas.
 */
export interface TopicEntry<Meta = TopicMeta> {
  /** The key. */
  readonly key: string;
  /** The metas of its connections, in the order they joined. */
  readonly metas: readonly Meta[];
}

/**
 * Sorts entries of a topic: by key, and those of a key in the order they
 * joined, which is the order of the names of connections. O(n log n).
 */
export function inOrder(
  snapshots: readonly PresenceSnapshot<TopicModel>[],
): PresenceSnapshot<TopicModel>[] {
  return [...snapshots].sort(compareEntryKeys);
}

/** Groups entries of a topic by key. O(n log n). */
export function entriesOf<Meta>(
  snapshots: readonly PresenceSnapshot<TopicModel>[],
): TopicEntry<Meta>[] {
  return Array.from(
    groupBy(inOrder(snapshots), ({ subject }) => subject),
    ([key, own]) => ({ key, metas: own.map((one) => metaOf<Meta>(one)) }),
  );
}
