import {
  decodeBinary,
  decodeUtf8,
  encodePush,
  encodeReply,
  encodeUserBroadcast,
} from "./binary_frame.ts";
import { FrameError } from "./frame_error.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixReply,
  type Ref,
} from "./message.ts";
import {
  decodeTextV1,
  decodeTextV2,
  encodeTextV1,
  encodeTextV2,
  type TextMessage,
} from "./text_frame.ts";

/**
 * How a version of the protocol puts messages into frames. It keeps nothing:
 * all sockets of a version share one, and what is written for one of them can
 * be sent to others.
 */
export interface Codec {
  /** The version that clients ask for. */
  readonly version: "1.0.0" | "2.0.0";

  /**
   * Reads a frame of a client. O(frame). Its size is not limited here.
   *
   * @param frame A text, or bytes. Bytes in the message are a view of them.
   * @returns The message. Its names have at most 255 bytes each and no lone
   * surrogates.
   * @throws {FrameError} If the frame is not of the protocol. Nothing else is
   * thrown, whatever a client sends.
   */
  decode(frame: string | Uint8Array): PhoenixMessage;

  /**
   * Writes a message to a client.
   *
   * @param message The message. One of bytes has no ref on the wire, and one
   * without a join ref is for all who are in the topic.
   * @returns The frame; `undefined` if the version has none for bytes.
   * @throws {RangeError} If a binary frame can't hold a name or the metadata,
   * which have more than 255 bytes.
   */
  encode(message: PhoenixMessage): string | Uint8Array | undefined;

  /**
   * Writes the answer to a message.
   *
   * @param reply The answer.
   * @returns The frame; `undefined` if the version has none for bytes.
   * @throws {RangeError} If a binary frame can't hold a name, which has more
   * than 255 bytes.
   */
  encodeReply(reply: PhoenixReply): string | Uint8Array | undefined;

  /**
   * Writes a message for one join, whose payload is written already.
   *
   * @param joinRef The ref of the join.
   * @param topic The topic.
   * @param event The event.
   * @param payloadJson The payload, an object as JSON. It is not looked at.
   * @returns The frame.
   */
  encodeJsonPush(
    joinRef: Ref | null,
    topic: string,
    event: string,
    payloadJson: string,
  ): string;

  /**
   * Writes a message for all who are in a topic, once for all of them.
   *
   * @param topic The topic.
   * @param event The event.
   * @param payloadJson The payload, an object as JSON. It is not looked at.
   * @returns The frame.
   */
  encodeBroadcast(topic: string, event: string, payloadJson: string): string;
}

/**
 * Finds the codec of the version that a client asks for.
 *
 * @param vsn The query parameter `vsn`; `null` if there is none, which means
 * `1.0.0`.
 * @returns The codec of `1.0.x` or `2.0.x`; `undefined` for every other version.
 *
 * @example Usage
 * ```ts
 * import { codecFor } from "./codec.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const codec = codecFor("2.0.0");
 * const message = codec?.decode('["1","2","room:1","wave",{"hand":"left"}]');
 * assertEquals(message, {
 *   joinRef: "1",
 *   ref: "2",
 *   topic: "room:1",
 *   event: "wave",
 *   payload: { hand: "left" },
 * });
 * assertEquals(
 *   codec?.encodeBroadcast("room:1", "wave", '{"hand":"left"}'),
 *   '[null,null,"room:1","wave",{"hand":"left"}]',
 * );
 * assertEquals(codecFor("3.0.0"), undefined);
 * ```
 */
export function codecFor(vsn: string | null): Codec | undefined {
  const [, major] = VERSION.exec(vsn ?? "1.0.0") ?? [];
  if (major === "1") return V1;
  return major === "2" ? V2 : undefined;
}

/** A patch of a version changes no frame. */
const VERSION = /^([12])\.0\.(?:0|[1-9][0-9]*)$/;

const V1: Codec = {
  version: "1.0.0",
  // Some clients send their JSON as bytes.
  decode: (frame) => decodeTextV1(textOf(frame)),
  encode: (message) => encodeJson(message, encodeTextV1),
  encodeReply: (reply) => encodeJsonReply(reply, encodeTextV1),
  ...pushesOf(encodeTextV1),
};

/** Version 2, which all clients but old ones speak. */
export const V2: Codec = {
  version: "2.0.0",
  decode: (frame) =>
    typeof frame === "string" ? decodeTextV2(frame) : decodeBinary(frame),
  encode: (message) => {
    const { topic, payload } = message;
    if (payload instanceof Uint8Array) return encodePush(message, payload);
    if (payload instanceof BinaryBroadcast) {
      return encodeUserBroadcast(topic, payload);
    }
    return encodeJson(message, encodeTextV2);
  },
  encodeReply: (reply) =>
    reply.response instanceof Uint8Array
      ? encodeReply(reply, reply.response)
      : encodeJsonReply(reply, encodeTextV2),
  ...pushesOf(encodeTextV2),
};

type EncodeText = (message: TextMessage) => string;

function pushesOf(
  encodeText: EncodeText,
): Pick<Codec, "encodeJsonPush" | "encodeBroadcast"> {
  return {
    encodeJsonPush: (joinRef, topic, event, payloadJson) =>
      encodeText({ joinRef, ref: null, topic, event, payloadJson }),
    encodeBroadcast: (topic, event, payloadJson) =>
      encodeText({ joinRef: null, ref: null, topic, event, payloadJson }),
  };
}

function encodeJson(
  message: PhoenixMessage,
  encodeText: EncodeText,
): string | undefined {
  const { payload } = message;
  if (payload instanceof Uint8Array || payload instanceof BinaryBroadcast) {
    return undefined;
  }
  return encodeText({ ...message, payloadJson: JSON.stringify(payload) });
}

function encodeJsonReply(
  { joinRef, ref, topic, status, response }: PhoenixReply,
  encodeText: EncodeText,
): string | undefined {
  if (response instanceof Uint8Array) return undefined;
  const payload = { status, response };
  return encodeJson(
    { joinRef, ref, topic, event: "phx_reply", payload },
    encodeText,
  );
}

function textOf(frame: string | Uint8Array): string {
  const text = typeof frame === "string" ? frame : decodeUtf8(frame);
  if (text === undefined) throw new FrameError("it is not UTF-8");
  return text;
}
