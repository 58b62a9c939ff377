import { equalValues } from "../../core/mod.ts";
import type { PresenceBatch, PresenceViewEvent } from "../mod.ts";
import type { TopicMeta } from "./json_value.ts";
import { metaOf } from "./meta.ts";
import type { Mirror } from "./mirror.ts";
import type { TopicModel } from "./topic_model.ts";

/**
 * A connection has joined.
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
 * Takes a batch into a mirror, change by change, so that a connection that
 * came and went in between is told of as well. After a gap, when nobody knows
 * of the single changes any more, what differs is told.
 */
export function* takeEvents<Meta>(
  mirror: Mirror,
  batch: PresenceBatch<TopicModel>,
): Generator<EventOfTopic<Meta>, void> {
  if (batch.type === "baseline") {
    for (const event of mirror.view.apply(batch)) yield* eventsOf<Meta>(event);
    return;
  }
  for (const change of batch.changes) {
    for (const event of mirror.view.apply({ ...batch, changes: [change] })) {
      yield* eventsOf<Meta>(event);
    }
  }
}

function* eventsOf<Meta>(
  { type, context: topic, subject: key, entries }: PresenceViewEvent<
    TopicModel
  >,
): Generator<EventOfTopic<Meta>, void> {
  if (type === "left") {
    yield { topic, event: { type: "leave", key } };
    return;
  }
  for (const { previous, snapshot } of entries) {
    if (snapshot === undefined) continue;
    const meta = metaOf<Meta>(snapshot);
    if (previous === undefined) {
      yield { topic, event: { type: "join", key, meta } };
    } else if (!equalValues(metaOf(previous), meta)) {
      yield { topic, event: { type: "update", key, meta } };
    }
  }
}
