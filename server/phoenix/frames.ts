import type { TopicDiff } from "../topics/mod.ts";
import type { Codec } from "./codec.ts";

const DIFFS = new WeakMap<TopicDiff, Map<Codec, string>>();

/**
 * The frame of a `presence_diff`, written once for all who get it. Where the
 * change stands among all rides along, in fields that clients ignore.
 */
export function diffFrame(
  codec: Codec,
  topic: string,
  message: TopicDiff,
): string {
  let frames = DIFFS.get(message);
  if (frames === undefined) {
    frames = new Map();
    DIFFS.set(message, frames);
  }
  let frame = frames.get(codec);
  if (frame === undefined) {
    const payload = JSON.stringify({ ...message.diff, ...message.position });
    frame = codec.encodeBroadcast(topic, "presence_diff", payload);
    frames.set(codec, frame);
  }
  return frame;
}
