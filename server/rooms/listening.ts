import type { RoomMember, Seat } from "./room.ts";

/** Receives messages as they occur, like a socket, and may refuse them. */
export interface Listener<Message> {
  /**
   * Receives a message, or refuses it for lack of room. A refused message and
   * all later ones wait until `resume()`; meanwhile this is not called. Calls
   * never overlap. An error that it throws ends the listening and is passed to
   * `fail()`.
   *
   * @param message The message; listeners with the same rights get the same
   * object.
   * @returns `false` to refuse it.
   */
  take(message: Message): boolean;

  /** Handles the end of the messages. It must not throw. */
  end(): void;

  /**
   * Handles an end by an unexpected error. It must not throw.
   *
   * @param error The error.
   */
  fail(error: unknown): void;
}

/**
 * The messages of a room on their way to one listener. Dispose of it when the
 * listener is gone: nothing is delivered afterwards, not even the end.
 */
export interface Listening extends Disposable {
  /**
   * Delivers what waits, as much as the listener takes, before it returns. The
   * first call delivers a state, or the end if there is nothing to listen to.
   * From then on messages are delivered as they occur, until the listener
   * refuses one: then call this again. At any other time it does nothing.
   */
  resume(): void;
}

/** Counts what happens to slow listeners. */
export class ListeningTally {
  /** Events that a later one has replaced before their listener had them. */
  coalesced = 0;
  /** How often a listener was so far behind that it got a new state. */
  statesResent = 0;
}

/** How a bounded listening delivers. */
export interface ListeningOptions<State, Event> {
  /** Joins the room as the listening begins, if there is one. */
  readonly join: (member: RoomMember<Event>) => Seat<State> | undefined;
  /** How many events may wait before a state replaces them. */
  readonly maxPending: number;
  /**
   * Names the slot of an event: a later event of the same slot takes its place.
   * By default each event has a slot of its own.
   */
  readonly slotOf?: (event: Event) => unknown;
  /** Lists the slots whose events are void once this one follows. */
  readonly voidedBy?: (event: Event) => readonly unknown[];
  /** Counts what happens. */
  readonly tally?: ListeningTally;
}

/**
 * What one listener has yet to receive from a room. It joins the room with its
 * first `resume()` and holds a bounded number of events: a slow listener gets a
 * new state in their place.
 */
export class BoundedListening<State, Event>
  implements Listening, RoomMember<Event> {
  readonly #listener: Listener<State | Event>;
  readonly #options: ListeningOptions<State, Event>;
  /**
   * The events that wait, by their slots, in the order to deliver them in; most
   * listeners are never behind.
   */
  #pending: Map<unknown, Event> | undefined;
  #seat: Seat<State> | undefined;
  /** Whether a state must be delivered before any event. */
  #isBehind = true;
  /** The revision of the latest state that was delivered. */
  #revision = 0;
  /** Whether nothing waits, so that events are delivered at once. */
  #isFlowing = false;
  #isDelivering = false;
  #isOver = false;
  /** Ends without telling the listener. */
  declare readonly [Symbol.dispose]: () => void;

  /** Makes a listening that has not begun. */
  constructor(
    listener: Listener<State | Event>,
    options: ListeningOptions<State, Event>,
  ) {
    this[Symbol.dispose] = this.#dispose;
    this.#listener = listener;
    this.#options = options;
  }

  /** Delivers what waits. */
  resume(): void {
    if (this.#isOver || this.#isDelivering || this.#isFlowing) return;
    this.#seat ??= this.#options.join(this);
    if (this.#seat === undefined) return this.end();
    if (this.#isBehind) {
      const { state, revision } = this.#seat.read();
      if (!this.#deliver(state)) return;
      this.#isBehind = false;
      this.#revision = revision;
    }
    const pending = this.#pending ?? new Map<unknown, Event>();
    let [next] = pending;
    while (next !== undefined) {
      const [slot, event] = next;
      if (!this.#deliver(event)) return;
      // A newer event may have taken the slot meanwhile.
      if (pending.get(slot) === event) pending.delete(slot);
      [next] = pending;
    }
    this.#isFlowing = true;
  }

  /** Receives an event from the room. */
  receive(event: Event, revision: number): void {
    // A state that was delivered, or has yet to be, contains it.
    if (this.#isBehind || revision <= this.#revision) return;
    if (this.#isFlowing) {
      this.#isFlowing = this.#deliver(event);
      if (this.#isFlowing || this.#isOver) return;
    }
    const { slotOf, voidedBy, maxPending, tally } = this.#options;
    const pending = this.#pending ??= new Map();
    for (const slot of voidedBy?.(event) ?? []) pending.delete(slot);
    const { size } = pending;
    pending.set(slotOf === undefined ? event : slotOf(event), event);
    if (pending.size === size && tally) tally.coalesced++;
    if (pending.size <= maxPending) return;
    pending.clear();
    this.#isBehind = true;
    if (tally) tally.statesResent++;
  }

  /** Ends. */
  end(): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#listener.end();
  }

  /** Ends with an error. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#listener.fail(error);
  }

  #dispose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isFlowing = false;
    this.#pending?.clear();
    this.#seat?.leave();
  }

  /** Delivers a message; returns whether the listener may take more. */
  #deliver(message: State | Event): boolean {
    this.#isDelivering = true;
    try {
      return this.#listener.take(message) && !this.#isOver;
    } catch (error) {
      this.fail(error);
      return false;
    } finally {
      this.#isDelivering = false;
    }
  }
}
