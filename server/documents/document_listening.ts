import type { DocumentEvent, DocumentMessage } from "./document_message.ts";

export type { Listening as DocumentListening } from "../rooms/mod.ts";

/** Receives the messages of a document as they occur, like a socket. */
export interface DocumentListener {
  /**
   * Receives a message, or refuses it for lack of room. A refused message and
   * all later ones wait until {@linkcode DocumentListening.resume}; meanwhile
   * this is not called. Calls never overlap. An error that it throws ends the
   * listening and is passed to `fail()`.
   *
   * @param message The message; all listeners get the same object.
   * @returns `false` to refuse it.
   */
  take(message: DocumentMessage): boolean;

  /** Handles the end of the messages. It must not throw. */
  end(): void;

  /**
   * Handles an end by an unexpected error. It must not throw.
   *
   * @param error The error.
   */
  fail(error: unknown): void;
}

/** The slots of a person: only the latest event of each slot matters. */
const SLOTS = [
  "cursorMoved",
  "viewportChanged",
  "typingChanged",
  "activityChanged",
  "colorChanged",
] as const;

/**
 * Names the slot of an event for a slow listener: a later event of the same
 * person and slot takes the place of the former one. If it went last instead,
 * the most active person would never have their turn.
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

/** Lists the slots of a person who leaves, whose events are void. */
export function slotsVoidedBy(event: DocumentEvent): readonly string[] {
  if (event.type !== "userLeft") return [];
  return SLOTS.map((type) => slot(type, event.userId));
}

function slot(type: typeof SLOTS[number], userId: string): string {
  return `${type} ${userId}`;
}

/** Counters of what has happened to slow readers of documents. */
export interface DocumentStats {
  /** Events that later ones replaced before their reader received them. */
  readonly coalesced: number;
  /** How often a reader was so far behind that it got a new state. */
  readonly statesResent: number;
}
