import type { DocumentEvent, DocumentMessage } from "./document_message.ts";
import type { DocumentRoom, RoomMember } from "./document_room.ts";
import type { DocumentTally } from "./document_stats.ts";
import { PendingEvents } from "./pending_events.ts";

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

/**
 * The messages of a document on their way to one listener. Dispose of it when
 * the listener is gone: it is told nothing more then, not even the end.
 */
export interface DocumentListening extends Disposable {
  /**
   * Hands over what waits, as much as is taken, before it returns; the first
   * time that is a state, or the end if there is nothing to listen to. From
   * then on messages are handed over as they come, until one is refused: then
   * it is to be called again. At any other time it does nothing.
   */
  resume(): void;
}

/**
 * What one listener is yet to be told of a document. It is in the room from its
 * first `resume()` on, and holds a bounded number of events: who takes them too
 * slowly gets a state in their place.
 */
export class BoundedListening implements DocumentListening, RoomMember {
  readonly #listener: DocumentListener;
  readonly #enter: () => DocumentRoom | undefined;
  readonly #maxPending: number;
  readonly #tally: DocumentTally;
  readonly #pending = new PendingEvents();
  #room: DocumentRoom | undefined;
  /** Whether a state is to be told before any event. */
  #isBehind = true;
  /** Up to which revision of the room the last state went. */
  #known = 0;
  /** Whether the listener is to get events at once: nothing waits. */
  #isFlowing = false;
  #isTelling = false;
  #isOver = false;

  /** Makes it; `enter` gives the room, if there is one, as it begins. */
  constructor(
    listener: DocumentListener,
    enter: () => DocumentRoom | undefined,
    maxPending: number,
    tally: DocumentTally,
  ) {
    this.#listener = listener;
    this.#enter = enter;
    this.#maxPending = maxPending;
    this.#tally = tally;
  }

  /** Hands over what waits. */
  resume(): void {
    if (this.#isOver || this.#isTelling || this.#isFlowing) return;
    const room = this.#room ?? this.#begin();
    if (room === undefined) return this.end();
    if (this.#isBehind) {
      const { state, revision } = room;
      if (!this.#hand(state)) return;
      this.#isBehind = false;
      this.#known = revision;
    }
    let event = this.#pending.first;
    while (event !== undefined) {
      if (!this.#hand(event)) return;
      this.#pending.delete(event);
      event = this.#pending.first;
    }
    this.#isFlowing = true;
  }

  /** Takes an event from the room. */
  tell(event: DocumentEvent, revision: number): void {
    // The state that was told, or is yet to be told, holds it.
    if (this.#isBehind || revision <= this.#known) return;
    if (this.#isFlowing) {
      this.#isFlowing = this.#hand(event);
      if (this.#isFlowing || this.#isOver) return;
    }
    if (this.#pending.push(event)) this.#tally.coalesced++;
    if (this.#pending.size <= this.#maxPending) return;
    this.#pending.clear();
    this.#isBehind = true;
    this.#tally.statesResent++;
  }

  /** Ends. */
  end(): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#listener.end();
  }

  /** Ends, by an error. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#listener.fail(error);
  }

  /** Ends without a word. */
  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isFlowing = false;
    this.#pending.clear();
    this.#room?.leave(this);
  }

  #begin(): DocumentRoom | undefined {
    this.#room = this.#enter();
    this.#room?.join(this);
    return this.#room;
  }

  /** Hands a message over; tells whether it was taken and there may be more. */
  #hand(message: DocumentMessage): boolean {
    this.#isTelling = true;
    try {
      return this.#listener.take(message) && !this.#isOver;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.#isTelling = false;
    }
  }
}
