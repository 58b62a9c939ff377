import type { DocumentEvent } from "./document_message.ts";

/** What is told of somebody again and again: only the latest is of interest. */
const KINDS = ["cursor", "viewport", "typing", "activity", "color"] as const;

/**
 * What a listener is yet to be told, in order. Of each kind it has one event of a
 * person at most: a later one takes the place of the former, for at the end it
 * would never be the turn of who does most. Whoever leaves leaves nothing
 * before that: so nothing of theirs comes after it, unless they are back.
 */
export class PendingEvents {
  readonly #events = new Map<DocumentEvent | string, DocumentEvent>();

  /** How many there are. */
  get size(): number {
    return this.#events.size;
  }

  /** Takes an event in; tells whether it replaces another. O(1). */
  push(event: DocumentEvent): boolean {
    if (event.type === "userLeft") {
      for (const kind of KINDS) this.#events.delete(slot(kind, event.userId));
    }
    const { size } = this;
    this.#events.set(slotOf(event), event);
    return this.size === size;
  }

  /** The first one; `undefined` if there is none. O(1). */
  get first(): DocumentEvent | undefined {
    const [first] = this.#events.values();
    return first;
  }

  /** Takes one of them away, unless it has been replaced. O(1). */
  delete(event: DocumentEvent): void {
    const place = slotOf(event);
    if (this.#events.get(place) === event) this.#events.delete(place);
  }

  /** Forgets all of them. */
  clear(): void {
    this.#events.clear();
  }
}

/** The place of an event; one that nothing replaces has its own. */
function slotOf(event: DocumentEvent): DocumentEvent | string {
  switch (event.type) {
    case "cursorMoved":
      return slot("cursor", event.userId);
    case "viewportChanged":
      return slot("viewport", event.userId);
    case "typingChanged":
      return slot("typing", event.userId);
    case "activityChanged":
    case "userIdle":
      return slot("activity", event.userId);
    case "colorChanged":
      return slot("color", event.userId);
    case "userJoined":
    case "userLeft":
      return event;
  }
}

function slot(kind: typeof KINDS[number], userId: string): string {
  return `${kind} ${userId}`;
}
