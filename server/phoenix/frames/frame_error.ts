import type { Ref } from "./message.ts";

/** What is known of a frame that can't be read: what a reply must repeat. */
export interface FrameOrigin {
  /** Its join ref; `null` if it has none, or what is no ref. */
  readonly joinRef: Ref | null;
  /** Its ref; `null` if it has none, or what is no ref. */
  readonly ref: Ref | null;
  /** Its topic; `undefined` if it has none, or what is no string. */
  readonly topic: string | undefined;
}

/**
 * A client has sent a frame that is not of the protocol. It can be told so, in
 * a frame of text, if the error knows a topic and a ref. They are as they have
 * come, longer perhaps than a name may be, or with half a character: a client
 * knows its own by nothing else.
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
 * assertEquals(error.ref, "7");
 * assertEquals(error.topic, "room:1");
 * ```
 */
export class FrameError extends Error implements FrameOrigin {
  /** Its join ref; `null` if it has none, or what is no ref. */
  readonly joinRef: Ref | null;
  /** Its ref; `null` if it has none, or what is no ref. */
  readonly ref: Ref | null;
  /** Its topic; `undefined` if it has none, or what is no string. */
  readonly topic: string | undefined;

  /** Makes the error from what is wrong, and from what is known all the same. */
  constructor(
    reason: string,
    { joinRef, ref, topic }: FrameOrigin = UNKNOWN_ORIGIN,
  ) {
    super(`Cannot read frame: ${reason}`);
    this.name = "FrameError";
    this.joinRef = joinRef;
    this.ref = ref;
    this.topic = topic;
  }
}

const UNKNOWN_ORIGIN: FrameOrigin = {
  joinRef: null,
  ref: null,
  topic: undefined,
};
