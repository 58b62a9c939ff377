import {
  equalValues,
  type Key,
  type PresenceSnapshot,
} from "../../core/mod.ts";
import type {
  PresenceBatch,
  PresenceView,
  PresenceViewEvent,
  Watch,
} from "../mod.ts";
import { startWatch, visibleTo } from "../internal.ts";
import { mirrorOf } from "../rooms/mod.ts";
import type { TopicMeta } from "./json_value.ts";
import { metaOf } from "./meta.ts";
import type { TopicModel, TopicServer, TopicViewer } from "./topic_model.ts";

/**
 * A connection has joined. A connection that returns with another origin while
 * it is present does not join again: that is an update, or no event if the meta
 * is equal.
 *
 * @typeParam Meta The application's type of metas.
 */
export interface JoinEvent<Meta = TopicMeta> {
  /** The kind of event. */
  readonly type: "join";
  /** The key that the connection belongs to. */
  readonly key: string;
  /** The meta of the connection. */
  readonly meta: Meta;
}

/**
 * The meta of a connection has changed.
 *
 * @typeParam Meta The application's type of metas.
 */
export interface UpdateEvent<Meta = TopicMeta> {
  /** The kind of event. */
  readonly type: "update";
  /** The key that the connection belongs to. */
  readonly key: string;
  /** The new meta of the connection. */
  readonly meta: Meta;
}

/** The last connection of a key has left. */
export interface LeaveEvent {
  /** The kind of event. */
  readonly type: "leave";
  /** The key. */
  readonly key: string;
}

/**
 * An event of a topic. Channels receive it as JSON.
 *
 * @typeParam Meta The application's type of metas.
 */
export type TopicEvent<Meta = TopicMeta> =
  | JoinEvent<Meta>
  | UpdateEvent<Meta>
  | LeaveEvent;

/** An event and its topic. */
export interface EventOfTopic<Meta> {
  /** The topic. */
  readonly topic: string;
  /** The event. */
  readonly event: TopicEvent<Meta>;
}

/**
 * Subscribes to the events of a topic from this call on, whenever they are
 * read. It holds a mirror of the topic; unread changes stay in the server.
 */
export function watchEvents<Meta>(
  server: TopicServer,
  topic: string,
  viewer: TopicViewer,
  signal: AbortSignal | undefined,
): Watch<TopicEvent<Meta>> {
  const visible = visibleTo(viewer);
  const { view, position: since } = mirrorOf(server, {
    context: topic,
    visible,
  });
  const options = { context: topic, viewer, since };
  return startWatch([signal], async function* (signal) {
    for await (const batch of server.watch({ ...options, signal })) {
      for (const { event } of takeEvents<Meta>(view, batch)) {
        if (server.closed || signal.aborted) return;
        yield event;
      }
    }
  });
}

/**
 * Applies a batch to a mirror, change by change, so that a connection that
 * joins and leaves within the batch causes events too. After a gap the single
 * changes are lost: then the events are the differences.
 */
export function* takeEvents<Meta>(
  view: PresenceView<TopicModel>,
  batch: PresenceBatch<TopicModel>,
): Generator<EventOfTopic<Meta>, void> {
  const steps = batch.type === "baseline"
    ? [batch]
    : batch.changes.map((change) => ({ ...batch, changes: [change] }));
  for (const step of steps) {
    for (const event of view.apply(step)) yield* eventsOf<Meta>(event, view);
  }
}

function* eventsOf<Meta>(
  event: PresenceViewEvent<TopicModel>,
  view: PresenceView<TopicModel>,
): Generator<EventOfTopic<Meta>, void> {
  const { type, context: topic, subject: key, entries } = event;
  if (type === "left") {
    yield { topic, event: { type: "leave", key } };
    return;
  }
  let known: Map<Key, PresenceSnapshot<TopicModel>> | undefined;
  for (const { previous, snapshot } of entries) {
    if (snapshot === undefined) continue;
    let former = previous;
    if (former === undefined && snapshot.resource !== undefined) {
      known ??= connectionsBefore(event, view);
      former = known.get(snapshot.resource);
      known.set(snapshot.resource, snapshot);
    }
    const meta = metaOf<Meta>(snapshot);
    if (former === undefined) {
      yield { topic, event: { type: "join", key, meta } };
    } else if (!equalValues(metaOf(former), meta)) {
      yield { topic, event: { type: "update", key, meta } };
    }
  }
}

/**
 * Returns the connections that a key had before an event. A tab that returns by
 * another stream is another entry, of another origin, but the same connection.
 */
function connectionsBefore(
  { type, context, subject, entries }: PresenceViewEvent<TopicModel>,
  view: PresenceView<TopicModel>,
): Map<Key, PresenceSnapshot<TopicModel>> {
  const known = new Map<Key, PresenceSnapshot<TopicModel>>();
  if (type === "joined") return known;
  const differing = new Set(entries.map(({ snapshot }) => snapshot));
  const same = view.snapshots({ context, subject })
    .filter((snapshot) => !differing.has(snapshot));
  const former = entries.flatMap(({ previous }) => previous ?? []);
  for (const snapshot of [...same, ...former]) {
    if (snapshot.resource !== undefined) known.set(snapshot.resource, snapshot);
  }
  return known;
}
