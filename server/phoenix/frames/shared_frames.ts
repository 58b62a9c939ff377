import {
  type DocumentMessage,
  documentMessageJson,
} from "../../documents/mod.ts";
import type { PresenceBatch } from "../../mod.ts";
import type { TopicDiff, TopicModel } from "../../topics/mod.ts";
import type { Codec } from "./codec.ts";
import { liveBatchOf } from "../../internal.ts";

/** Gives the frame of a message. */
type FrameOf<T> = (codec: Codec, topic: string, message: T) => string;

/**
 * Returns a function that gives the frame of a message, which is always of one
 * topic. Each is written once for all its receivers.
 */
function sharedFrames<T extends object>(
  event: string,
  payloadOf: (message: T) => object,
): FrameOf<T> {
  const all = new WeakMap<T, Map<Codec, string>>();
  // The last one that was asked for, until this turn ends: many receivers ask
  // for it, one after the other.
  let last: { message: T; codec: Codec; frame: string } | undefined;

  return (codec, topic, message) => {
    if (last?.message === message && last.codec === codec) return last.frame;
    let frames = all.get(message);
    if (frames === undefined) {
      frames = new Map();
      all.set(message, frames);
    }
    let frame = frames.get(codec);
    if (frame === undefined) {
      const header = { joinRef: null, ref: null, topic, event };
      frame = codec.encodeText(header, JSON.stringify(payloadOf(message)));
      frames.set(codec, frame);
    }
    // It is not kept for longer than others keep its message.
    if (last === undefined) queueMicrotask(() => last = undefined);
    last = { message, codec, frame };
    return frame;
  };
}

/**
 * Returns a frame of `presence_diff`. The position of the change is in fields
 * that clients ignore.
 */
export const diffFrame: FrameOf<TopicDiff> = sharedFrames(
  "presence_diff",
  ({ diff, position }) => ({ ...diff, ...position }),
);

/** Returns a frame of a batch, for live clients. */
export const batchFrame: FrameOf<PresenceBatch<TopicModel>> = sharedFrames(
  "presence_entries",
  liveBatchOf,
);

/** Returns a frame of what happens in a document. */
export const documentFrame: FrameOf<DocumentMessage> = sharedFrames(
  "presence",
  documentMessageJson,
);
