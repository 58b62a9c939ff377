import type { Watch } from "../mod.ts";
import type { Room, RoomMember, TopicDiff, TopicMessage } from "./room.ts";
import type { TopicViewer } from "./topic_model.ts";
import { Waiters } from "./waiters.ts";

/** A reader that is behind by more diffs than this is given a state. */
const MAX_BEHIND = 64;

/**
 * What one reader is yet to be told of a topic. It is in the room from its
 * first `next()` on, and holds at most 64 diffs: who reads too slowly gets a
 * state in their place.
 */
export class TopicReader implements Watch<TopicMessage>, RoomMember {
  readonly viewer: TopicViewer;
  readonly #enter: () => Room | undefined;
  readonly #signal: AbortSignal | undefined;
  #room: Room | undefined;
  #diffs: TopicDiff[] = [];
  #isBehind = true;
  #isDone = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #waiters = new Waiters<TopicMessage>();

  /** Makes a reader; `enter` gives the room, if there is one, as it begins. */
  constructor(
    enter: () => Room | undefined,
    viewer: TopicViewer,
    signal: AbortSignal | undefined,
  ) {
    this.#enter = enter;
    this.viewer = viewer;
    this.#signal = signal;
  }

  /** Takes a diff from the room. */
  tell(diff: TopicDiff): void {
    if (this.#waiters.give(diff)) return;
    if (this.#diffs.length >= MAX_BEHIND) {
      this.#diffs = [];
      this.#isBehind = true;
    }
    // A state that is yet to be read will hold what the diff tells.
    if (!this.#isBehind) this.#diffs.push(diff);
  }

  /** Ends: whoever waits for a message waits no longer. */
  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#diffs = [];
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#room?.leave(this);
    this.#waiters.end();
  }

  /** Ends, by an error that whoever waits gets, or else the next one to ask. */
  fail(error: unknown): void {
    if (!this.#waiters.fail(error)) this.#failure = { error };
    this.end();
  }

  /** Waits for the next message. Calls are answered one after the other. */
  next(): Promise<IteratorResult<TopicMessage, void>> {
    if (this.#room === undefined && !this.#isDone) this.#begin();
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    const value = this.#isBehind ? this.#state() : this.#diffs.shift();
    if (value === undefined) return this.#waiters.wait();
    return Promise.resolve({ done: false, value });
  }

  /** Ends. */
  return(): Promise<IteratorResult<TopicMessage, void>> {
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

  #state(): TopicMessage | undefined {
    this.#isBehind = false;
    return this.#room?.stateOf(this);
  }
}
