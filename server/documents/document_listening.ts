import type { DocumentEvent, DocumentMessage } from "./document_message.ts";

export type { Listening as DocumentListening } from "../rooms/mod.ts";

/** What takes the messages of a document as they come, such as a wire. */
export interface DocumentListener {
  /**
   * Takes a message, or refuses it because there is no room. What is refused,
   * and what comes after it, waits until {@linkcode DocumentListening.resume};
   * meanwhile this is not called. It is never called while it is running. What
   * it throws ends the listening, and goes to `fail()`.
   *
   * @param message The message; all listeners get the same object.
   * @returns Whether it was taken.
   */
  take(message: DocumentMessage): boolean;

  /** Takes note that there will be no more. It must not throw. */
  end(): void;

  /**
   * Takes note that there will be no more, because something should not have
   * happened. It must not throw.
   *
   * @param error What has happened.
   */
  fail(error: unknown): void;
}

/** The slots of what somebody does: of each only the latest event matters. */
const SLOTS = [
  "cursorMoved",
  "viewportChanged",
  "typingChanged",
  "activityChanged",
  "colorChanged",
] as const;

/**
 * Names the slot of an event for a listener that is slow: a later event of the
 * same person and slot takes the place of the former one, for otherwise the
 * person who does most would never have their turn.
 */
export function slotOf(event: DocumentEvent): unknown {
  switch (event.type) {
    case "userJoined":
    case "userLeft":
      return event;
    case "userIdle":
      return slot("activityChanged", event.userId);
    default:
      return slot(event.type, event.userId);
  }
}

/** Lists the slots of somebody who leaves: nothing of theirs follows. */
export function slotsVoidedBy(event: DocumentEvent): readonly string[] {
  if (event.type !== "userLeft") return [];
  return SLOTS.map((type) => slot(type, event.userId));
}

function slot(type: typeof SLOTS[number], userId: string): string {
  return `${type} ${userId}`;
}

/** What has happened to slow readers of documents. */
export interface DocumentStats {
  /** Events that a later one has replaced before their reader had them. */
  readonly coalesced: number;
  /** How often a reader was so far behind that it got a new state. */
  readonly statesResent: number;
}
