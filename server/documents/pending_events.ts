import type { DocumentEvent } from "./document_message.ts";

/**
 * What a reader is yet to be told, in order. Of the positions of one person only
 * the latest is kept: it takes the place at the end, so that it never comes
 * before that they left and came back.
 */
export class PendingEvents {
  readonly #events = new Set<DocumentEvent>();
  readonly #cursors = new Map<string, DocumentEvent>();
  readonly #viewports = new Map<string, DocumentEvent>();

  /** How many there are. */
  get size(): number {
    return this.#events.size;
  }

  /** Puts an event at the end; tells whether it replaces another. O(1). */
  push(event: DocumentEvent): boolean {
    const { size } = this;
    if (event.type === "cursorMoved" || event.type === "viewportChanged") {
      const latest = this.#latestOf(event);
      const former = latest.get(event.userId);
      if (former !== undefined) this.#events.delete(former);
      latest.set(event.userId, event);
    }
    this.#events.add(event);
    return this.size === size;
  }

  /** Takes the first one away; `undefined` if there is none. O(1). */
  shift(): DocumentEvent | undefined {
    for (const event of this.#events) {
      this.#events.delete(event);
      if (event.type === "cursorMoved" || event.type === "viewportChanged") {
        // Whoever is gone must not be remembered.
        this.#latestOf(event).delete(event.userId);
      }
      return event;
    }
    return undefined;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#events.clear();
    this.#cursors.clear();
    this.#viewports.clear();
  }

  #latestOf(event: DocumentEvent): Map<string, DocumentEvent> {
    return event.type === "cursorMoved" ? this.#cursors : this.#viewports;
  }
}
