import { equalValues, type Timestamp } from "../../../core/mod.ts";
import type { DocumentEvent } from "../document_message.ts";
import type { DocumentUser } from "./document_user.ts";

/**
 * Derives the events of a person from what they were and what they are.
 *
 * @param before The person before; `undefined` if they were absent.
 * @param after The person now; `undefined` if they are absent.
 * @param timestamp The timestamp of the events.
 * @returns The events. What only a state contains, like the focus, has none.
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
