import type { CursorPosition } from "../../store/mod.ts";
import { PresenceView } from "../mod.ts";
import type { TopicModel, TopicQuery, TopicServer } from "./topic_model.ts";

/** A mirror, and the position of the watch that keeps it up to date. */
export interface Mirror {
  /** What is there. */
  readonly view: PresenceView<TopicModel>;
  /** Where the watch goes on. */
  position: CursorPosition;
}

/**
 * Makes a mirror of what a server has now, without waiting for a watch to
 * begin: whatever comes next is told as a change. O(n).
 *
 * @param server The server.
 * @param query Which entries.
 */
export function mirrorOf(
  server: TopicServer,
  query: TopicQuery,
): Mirror {
  const { store } = server;
  const position = { epoch: store.epoch, sequence: store.lastSequence };
  const view = new PresenceView<TopicModel>();
  view.apply({
    type: "baseline",
    position,
    snapshots: store.snapshots(query),
    part: 0,
    last: true,
  });
  return { view, position };
}
