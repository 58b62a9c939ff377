import { equalValues, type Timestamp } from "../../../core/mod.ts";
import type { DocumentEvent } from "../document_message.ts";
import type { DocumentUser } from "./document_user.ts";

/**
 * Tells what has happened to a person, from what they were and what they are.
 *
 * @param before What they were; `undefined` if they were not there.
 * @param after What they are; `undefined` if they are not there.
 * @param timestamp When that is told.
 * @returns The events; none for what only a state tells, as the focus.
 */
export function eventsOf(
  before: DocumentUser | undefined,
  after: DocumentUser | undefined,
  timestamp: Timestamp,
): DocumentEvent[] {
  if (after === undefined) {
    if (before === undefined) return [];
    return [{ type: "userLeft", userId: before.userId, timestamp }];
  }
  if (before === undefined) {
    return [{ type: "userJoined", user: after, timestamp }];
  }
  const events: DocumentEvent[] = [];
  const { userId, cursor, selection, viewport, activity, color } = after;
  if (
    !equalValues(before.cursor, cursor) ||
    !equalValues(before.selection, selection)
  ) {
    const type = "cursorMoved";
    events.push({ type, userId, cursor, selection, timestamp });
  }
  if (before.typing !== after.typing) {
    const isTyping = after.typing;
    events.push({ type: "typingChanged", userId, isTyping, timestamp });
  }
  if (!equalValues(before.viewport, viewport)) {
    events.push({ type: "viewportChanged", userId, viewport, timestamp });
  }
  if (before.activity !== activity) {
    events.push(
      activity === "idle"
        ? { type: "userIdle", userId, timestamp }
        : { type: "activityChanged", userId, activity, timestamp },
    );
  }
  if (before.color !== color) {
    events.push({ type: "colorChanged", userId, color, timestamp });
  }
  return events;
}
