import { equalValues } from "../../core/mod.ts";
import type { PresenceBatch, PresenceViewEvent } from "../mod.ts";
import type { JsonValue } from "./json_value.ts";
import { metaOf } from "./meta.ts";
import type { Mirror } from "./mirror.ts";
import type { TopicModel } from "./topic_model.ts";

/** A connection has joined. */
export interface JoinEvent {
  /** What has happened. */
  readonly type: "join";
  /** Whose connection it is. */
  readonly key: string;
  /** The meta of the connection. */
  readonly meta: JsonValue;
}

/** The meta of a connection was replaced. */
export interface UpdateEvent {
  /** What has happened. */
  readonly type: "update";
  /** Whose connection it is. */
  readonly key: string;
  /** The meta that the connection has now. */
  readonly meta: JsonValue;
}

/** The last connection of a key is gone. */
export interface LeaveEvent {
  /** What has happened. */
  readonly type: "leave";
  /** Who left. */
  readonly key: string;
}

/** What happens in a topic. As JSON it is what a channel is told. */
export type TopicEvent = JoinEvent | UpdateEvent | LeaveEvent;

/** An event, and the topic that it happened in. */
export interface EventOfTopic {
  /** Where. */
  readonly topic: string;
  /** What. */
  readonly event: TopicEvent;
}

/**
 * Takes a batch into a mirror, change by change, so that a connection that
 * came and went in between is told of as well. After a gap, when nobody knows
 * of the single changes any more, what differs is told.
 */
export function* takeEvents(
  mirror: Mirror,
  batch: PresenceBatch<TopicModel>,
): Generator<EventOfTopic, void> {
  if (batch.type === "baseline") {
    for (const event of mirror.view.apply(batch)) yield* eventsOf(event);
    return;
  }
  for (const change of batch.changes) {
    for (const event of mirror.view.apply({ ...batch, changes: [change] })) {
      yield* eventsOf(event);
    }
  }
}

function* eventsOf(
  { type, context: topic, subject: key, entries }: PresenceViewEvent<
    TopicModel
  >,
): Generator<EventOfTopic, void> {
  if (type === "left") {
    yield { topic, event: { type: "leave", key } };
    return;
  }
  for (const { previous, snapshot } of entries) {
    if (snapshot === undefined) continue;
    const meta = metaOf(snapshot);
    if (previous === undefined) {
      yield { topic, event: { type: "join", key, meta } };
    } else if (!equalValues(metaOf(previous), meta)) {
      yield { topic, event: { type: "update", key, meta } };
    }
  }
}
