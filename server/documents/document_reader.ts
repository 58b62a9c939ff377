import type { Watch } from "../mod.ts";
import type { DocumentEvent, DocumentMessage } from "./document_message.ts";
import type { DocumentRoom, RoomMember } from "./document_room.ts";
import type { DocumentTally } from "./document_stats.ts";
import { PendingEvents } from "./pending_events.ts";

type Result = IteratorResult<DocumentMessage, void>;

/**
 * What one reader is yet to be told of a document. It is in the room from its
 * first `next()` on, and holds a bounded number of events: who reads too slowly
 * gets a state in their place.
 */
export class DocumentReader implements Watch<DocumentMessage>, RoomMember {
  readonly #enter: () => DocumentRoom | undefined;
  readonly #maxPending: number;
  readonly #signal: AbortSignal | undefined;
  readonly #tally: DocumentTally;
  readonly #pending = new PendingEvents();
  #room: DocumentRoom | undefined;
  #isBehind = true;
  #isDone = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: ((result: Result | Promise<Result>) => void)[] = [];

  /** Makes a reader; `enter` gives the room, if there is one, as it begins. */
  constructor(
    enter: () => DocumentRoom | undefined,
    maxPending: number,
    signal: AbortSignal | undefined,
    tally: DocumentTally,
  ) {
    this.#enter = enter;
    this.#maxPending = maxPending;
    this.#signal = signal;
    this.#tally = tally;
  }

  /** Takes an event from the room. */
  tell(event: DocumentEvent): void {
    const waiter = this.#waiting.shift();
    if (waiter !== undefined) return waiter({ done: false, value: event });
    // A state that is yet to be read will hold what the event tells.
    if (this.#isBehind) return;
    if (this.#pending.push(event)) this.#tally.coalesced++;
    if (this.#pending.size <= this.#maxPending) return;
    this.#pending.clear();
    this.#isBehind = true;
    this.#tally.statesResent++;
  }

  /** Ends: whoever waits for a message waits no longer. */
  end(): void {
    this.#finish({ done: true, value: undefined });
  }

  /** Ends, by an error that whoever waits gets, or else the next one to ask. */
  fail(error: unknown): void {
    if (this.#waiting.length === 0) this.#failure = { error };
    else this.#settle(Promise.reject(error));
    this.end();
  }

  /** Waits for the next message. Calls are answered one after the other. */
  next(): Promise<Result> {
    if (this.#room === undefined && !this.#isDone) this.#begin();
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    const value = this.#isBehind ? this.#state() : this.#pending.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends. */
  return(): Promise<Result> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** It is its own iterator. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends. */
  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  readonly #onAbort = (): void => this.end();

  #begin(): void {
    const room = this.#signal?.aborted ? undefined : this.#enter();
    if (room === undefined) return this.end();
    this.#signal?.addEventListener("abort", this.#onAbort);
    this.#room = room;
    room.join(this);
  }

  #state(): DocumentMessage | undefined {
    this.#isBehind = false;
    return this.#room?.state;
  }

  #finish(result: Result): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#pending.clear();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#room?.leave(this);
    this.#settle(result);
  }

  #settle(result: Result | Promise<Result>): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter(result);
  }
}
