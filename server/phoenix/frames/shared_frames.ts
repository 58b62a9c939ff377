import {
  type DocumentMessage,
  documentMessageJson,
} from "../../documents/mod.ts";
import type { TopicDiff } from "../../topics/mod.ts";
import type { Codec } from "./codec.ts";

/** Frames that are written once for all their receivers. */
class SharedFrames<T extends object> {
  readonly #event: string;
  readonly #payloadOf: (message: T) => object;
  readonly #all = new WeakMap<T, Map<Codec, string>>();
  /**
   * The last one that was asked for, until this turn ends: many receivers ask
   * for it, one after the other.
   */
  #last: { message: T; codec: Codec; frame: string } | undefined;

  constructor(event: string, payloadOf: (message: T) => object) {
    this.#event = event;
    this.#payloadOf = payloadOf;
  }

  /** Returns the frame of a message, which is always of one topic. */
  of(codec: Codec, topic: string, message: T): string {
    const last = this.#last;
    if (last?.message === message && last.codec === codec) return last.frame;
    let frames = this.#all.get(message);
    if (frames === undefined) {
      frames = new Map();
      this.#all.set(message, frames);
    }
    let frame = frames.get(codec);
    if (frame === undefined) {
      const header = { joinRef: null, ref: null, topic, event: this.#event };
      const json = JSON.stringify(this.#payloadOf(message));
      frame = codec.encodeText(header, json);
      frames.set(codec, frame);
    }
    // It is not kept for longer than others keep its message.
    if (last === undefined) queueMicrotask(() => this.#last = undefined);
    this.#last = { message, codec, frame };
    return frame;
  }
}

/**
 * Frames of `presence_diff`. The position of the change is in fields that
 * clients ignore.
 */
export const DIFF_FRAMES = new SharedFrames<TopicDiff>(
  "presence_diff",
  ({ diff, position }) => ({ ...diff, ...position }),
);

/** Frames of what happens in a document. */
export const DOCUMENT_FRAMES = new SharedFrames<DocumentMessage>(
  "presence",
  documentMessageJson,
);
