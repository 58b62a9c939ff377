import type { TopicMessage } from "./room.ts";

export type { Listening as TopicListening } from "../rooms/mod.ts";

/** Receives the messages of a topic as they occur, like a socket. */
export interface TopicListener {
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
  take(message: TopicMessage): boolean;

  /** Handles the end of the messages. It must not throw. */
  end(): void;

  /**
   * Handles an end by an unexpected error. It must not throw.
   *
   * @param error The error.
   */
  fail(error: unknown): void;
}
