import { type DocumentMessage, documentMessageJson } from "../documents/mod.ts";
import type { TopicDiff } from "../topics/mod.ts";
import type { Codec } from "./codec.ts";

type Frames<T extends object> = WeakMap<T, Map<Codec, string>>;

const DIFFS: Frames<TopicDiff> = new WeakMap();
const DOCUMENT_MESSAGES: Frames<DocumentMessage> = new WeakMap();

/**
 * The frame of a `presence_diff`, written once for all who get it. Where the
 * change stands among all rides along, in fields that clients ignore.
 */
export function diffFrame(
  codec: Codec,
  topic: string,
  message: TopicDiff,
): string {
  return frameOf(DIFFS, message, codec, () => {
    const payload = JSON.stringify({ ...message.diff, ...message.position });
    return codec.encodeBroadcast(topic, "presence_diff", payload);
  });
}

/** The frame of what happens in a document, written once for all who get it. */
export function documentFrame(
  codec: Codec,
  topic: string,
  message: DocumentMessage,
): string {
  return frameOf(DOCUMENT_MESSAGES, message, codec, () => {
    const payload = JSON.stringify(documentMessageJson(message));
    return codec.encodeBroadcast(topic, "presence", payload);
  });
}

function frameOf<T extends object>(
  all: Frames<T>,
  message: T,
  codec: Codec,
  write: () => string,
): string {
  let frames = all.get(message);
  if (frames === undefined) {
    frames = new Map();
    all.set(message, frames);
  }
  let frame = frames.get(codec);
  if (frame === undefined) {
    frame = write();
    frames.set(codec, frame);
  }
  return frame;
}
