import {
  equalValues,
  type Key,
  type PresenceSnapshot,
} from "../../core/mod.ts";
import {
  type PresenceBatch,
  type PresenceView,
  type PresenceViewEvent,
  viewerPolicy,
  type Watch,
} from "../mod.ts";
import { mirrorOf } from "../rooms/mod.ts";
import type { TopicMeta } from "./json_value.ts";
import { metaOf } from "./meta.ts";
import type { TopicModel, TopicServer, TopicViewer } from "./topic_model.ts";

/**
 * A connection has joined. One that comes back by another origin while it is
 * there does not join again: that is an update, or nothing if its meta is the
 * same.
 *
 * @typeParam Meta The application's type of metas.
 */
export interface JoinEvent<Meta = TopicMeta> {
  /** What has happened. */
  readonly type: "join";
  /** Whose connection it is. */
  readonly key: string;
  /** The meta of the connection. */
  readonly meta: Meta;
}

/**
 * The meta of a connection was replaced.
 *
 * @typeParam Meta The application's type of metas.
 */
export interface UpdateEvent<Meta = TopicMeta> {
  /** What has happened. */
  readonly type: "update";
  /** Whose connection it is. */
  readonly key: string;
  /** The meta that the connection has now. */
  readonly meta: Meta;
}

/** The last connection of a key is gone. */
export interface LeaveEvent {
  /** What has happened. */
  readonly type: "leave";
  /** Who left. */
  readonly key: string;
}

/**
 * What happens in a topic. As JSON it is what a channel is told.
 *
 * @typeParam Meta The application's type of metas.
 */
export type TopicEvent<Meta = TopicMeta> =
  | JoinEvent<Meta>
  | UpdateEvent<Meta>
  | LeaveEvent;

/** An event, and the topic that it happened in. */
export interface EventOfTopic<Meta> {
  /** Where. */
  readonly topic: string;
  /** What. */
  readonly event: TopicEvent<Meta>;
}

/**
 * Watches the events of a topic from this call on, whenever they are read. It
 * holds a mirror of the topic; what has not been read stays in the server.
 */
export function watchEvents<Meta>(
  server: TopicServer,
  topic: string,
  viewer: TopicViewer,
  signal: AbortSignal | undefined,
): Watch<TopicEvent<Meta>> {
  const visible = viewerPolicy(viewer);
  const { view, position: since } = mirrorOf(server, {
    context: topic,
    visible,
  });
  const watch = server.watch({ context: topic, viewer, since, signal });
  async function* read(): AsyncGenerator<TopicEvent<Meta>, void> {
    for await (const batch of watch) {
      for (const { event } of takeEvents<Meta>(view, batch)) {
        if (server.closed || signal?.aborted) return;
        yield event;
      }
    }
  }
  const events = read();
  const end = async () => {
    // The watch first: a generator would sit out its current wait.
    await watch[Symbol.asyncDispose]();
    return events.return();
  };
  return {
    next: () => events.next(),
    return: end,
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await end();
    },
  };
}

/**
 * Takes a batch into a mirror, change by change, so that a connection that
 * came and went in between is told of as well. After a gap, when nobody knows
 * of the single changes any more, what differs is told.
 */
export function* takeEvents<Meta>(
  view: PresenceView<TopicModel>,
  batch: PresenceBatch<TopicModel>,
): Generator<EventOfTopic<Meta>, void> {
  if (batch.type === "baseline") {
    for (const event of view.apply(batch)) {
      yield* eventsOf<Meta>(event, view);
    }
    return;
  }
  for (const change of batch.changes) {
    for (const event of view.apply({ ...batch, changes: [change] })) {
      yield* eventsOf<Meta>(event, view);
    }
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
 * The connections that a key had before an event. A tab that comes back by
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
