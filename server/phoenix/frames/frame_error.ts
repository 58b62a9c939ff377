import type { MessageHeader } from "./message.ts";

/**
 * What is known of a frame that can't be read, and what a reply must repeat.
 * The refs are `null` if the frame has none or something else in their place;
 * likewise the topic is `undefined`.
 */
export interface FrameOrigin extends Pick<MessageHeader, "joinRef" | "ref"> {
  /** Its topic. */
  readonly topic: string | undefined;
}

const UNKNOWN: FrameOrigin = { joinRef: null, ref: null, topic: undefined };

/**
 * A client has sent a frame that is not of the protocol. The client gets a reply
 * if the error knows a topic and a ref. They are as sent, possibly longer than a
 * name may be, or with half a character: a client knows its own by nothing else.
 *
 * @example Usage
 * ```ts
 * import { codecFor } from "./codec.ts";
 * import { FrameError } from "./frame_error.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(
 *   () => codecFor("2.0.0")?.decode('[null,"7","room:1","wave",[]]'),
 *   FrameError,
 *   "Cannot read frame: payload must be an object",
 * );
 * assertEquals(error.origin.ref, "7");
 * assertEquals(error.origin.topic, "room:1");
 * ```
 */
export class FrameError extends Error {
  /** What is known of the frame. */
  readonly origin: FrameOrigin;

  /** Makes the error. */
  constructor(reason: string, origin: FrameOrigin = UNKNOWN) {
    super(`Cannot read frame: ${reason}`);
    this.name = "FrameError";
    this.origin = origin;
  }
}
