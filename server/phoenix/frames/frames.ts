import {
  type DocumentMessage,
  documentMessageJson,
} from "../../documents/mod.ts";
import type { TopicDiff } from "../../topics/mod.ts";
import type { Codec } from "./codec.ts";

type Write<T> = (codec: Codec, topic: string, message: T) => string;

/** Frames that are written once for all who get them. */
class Frames<T extends object> {
  readonly #write: Write<T>;
  readonly #all = new WeakMap<T, Map<Codec, string>>();
  /**
   * The last one that was asked for, until this turn ends: many ask for it, one
   * after the other.
   */
  #last: { message: T; codec: Codec; frame: string } | undefined;

  constructor(write: Write<T>) {
    this.#write = write;
  }

  /** The frame of a message, which is of one topic. */
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
      frame = this.#write(codec, topic, message);
      frames.set(codec, frame);
    }
    // It is not kept for longer than others keep its message.
    if (last === undefined) queueMicrotask(() => this.#last = undefined);
    this.#last = { message, codec, frame };
    return frame;
  }
}

const DIFFS = new Frames<TopicDiff>((codec, topic, { diff, position }) => {
  const payload = JSON.stringify({ ...diff, ...position });
  return codec.encodeBroadcast(topic, "presence_diff", payload);
});

const DOCUMENT_MESSAGES = new Frames<DocumentMessage>(
  (codec, topic, message) => {
    const payload = JSON.stringify(documentMessageJson(message));
    return codec.encodeBroadcast(topic, "presence", payload);
  },
);

/**
 * The frame of a `presence_diff`, written once for all who get it. Where the
 * change stands among all rides along, in fields that clients ignore.
 */
export function diffFrame(
  codec: Codec,
  topic: string,
  message: TopicDiff,
): string {
  return DIFFS.of(codec, topic, message);
}

/** The frame of what happens in a document, written once for all who get it. */
export function documentFrame(
  codec: Codec,
  topic: string,
  message: DocumentMessage,
): string {
  return DOCUMENT_MESSAGES.of(codec, topic, message);
}
