import { decodeBinary, encodeBytes } from "./binary_frame.ts";
import { decodeUtf8 } from "./bytes.ts";
import { FrameError } from "./frame_error.ts";
import { isBytes, type MessageHeader, type PhoenixMessage } from "./message.ts";
import {
  decodeText,
  encodeTextV1,
  encodeTextV2,
  fieldsOfV1,
  fieldsOfV2,
} from "./text_frame.ts";

/**
 * How a version of the protocol puts messages into frames. It has no state: all
 * sockets of a version share one, and a frame written for one of them can be
 * sent to the others.
 */
export interface Codec {
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
   * @param message The message. One of bytes goes to all in the topic: it has no
   * refs on the wire.
   * @returns The frame; `undefined` if the version has none for bytes.
   * @throws {RangeError} If a binary frame can't hold a name or the metadata,
   * which have more than 255 bytes.
   */
  encode(message: PhoenixMessage): string | Uint8Array | undefined;

  /**
   * Writes a message whose payload is JSON already.
   *
   * @param header The rest of the message.
   * @param payloadJson The payload, an object as JSON. It is not checked.
   * @returns The frame.
   */
  encodeText(header: MessageHeader, payloadJson: string): string;

  /**
   * Whether a frame of text to a client is a JSON array of messages, not one of
   * them.
   */
  readonly bundles: boolean;
}

/**
 * Finds the codec of the version that a client asks for.
 *
 * @param vsn The query parameter `vsn`; `null` if there is none, which means
 * `1.0.0`.
 * @param bundle The query parameter `bundle`, which asks for bundles: `1` in
 * version 2; `null` if there is none.
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
 * assertEquals(codecFor("3.0.0"), undefined);
 * ```
 */
export function codecFor(
  vsn: string | null,
  bundle: string | null = null,
): Codec | undefined {
  const [, major] = VERSION.exec(vsn ?? "1.0.0") ?? [];
  if (major === "1" && bundle === null) return V1;
  if (major !== "2") return undefined;
  if (bundle === null) return V2;
  return bundle === "1" ? V2_BUNDLES : undefined;
}

/** A patch of a version changes no frame. */
const VERSION = /^([12])\.0\.(?:0|[1-9][0-9]*)$/;

/** Version 1. */
export const V1: Codec = {
  bundles: false,
  // Some clients send their JSON as bytes.
  decode: (frame) => decodeText(textOf(frame), fieldsOfV1),
  encode: (message) =>
    isBytes(message.payload)
      ? undefined
      : encodeTextV1(message, JSON.stringify(message.payload)),
  encodeText: encodeTextV1,
};

/** Version 2, which all clients but old ones speak. */
export const V2: Codec = {
  bundles: false,
  decode: (frame) =>
    typeof frame === "string"
      ? decodeText(frame, fieldsOfV2)
      : decodeBinary(frame),
  encode: (message) =>
    isBytes(message.payload)
      ? encodeBytes(message, message.payload)
      : encodeTextV2(message, JSON.stringify(message.payload)),
  encodeText: encodeTextV2,
};

/** Version 2 with bundles. */
export const V2_BUNDLES: Codec = { ...V2, bundles: true };

function textOf(frame: string | Uint8Array): string {
  const text = typeof frame === "string" ? frame : decodeUtf8(frame);
  if (text === undefined) throw new FrameError("it is not UTF-8");
  return text;
}
