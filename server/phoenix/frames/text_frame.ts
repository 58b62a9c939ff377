import { isJsonObject, type JsonValue, parseJson } from "../../internal.ts";
import { FrameError } from "./frame_error.ts";
import { originOf, type RawHeader, readHeader } from "./frame_header.ts";
import type { MessageHeader, PhoenixMessage } from "./message.ts";
import { isDeeperThan, MAX_DEPTH, outlineOf } from "./nesting.ts";

/** Writes a frame of version 2. */
export function encodeTextV2(
  { joinRef, ref, topic, event }: MessageHeader,
  payloadJson: string,
): string {
  const header = JSON.stringify([joinRef, ref, topic, event]);
  return `${header.slice(0, -1)},${payloadJson}]`;
}

/** Writes a frame of version 1, which has no join ref. */
export function encodeTextV1(
  { ref, topic, event }: MessageHeader,
  payloadJson: string,
): string {
  const header = JSON.stringify({ topic, event, ref });
  return `${header.slice(0, -1)},"payload":${payloadJson}}`;
}

/** The parts of a frame, before they are checked. */
interface Fields extends RawHeader {
  readonly payload: JsonValue | undefined;
}

/** Reads the array of version 2: `[join_ref, ref, topic, event, payload]`. */
export function fieldsOfV2(frame: JsonValue): Fields {
  if (!Array.isArray(frame) || frame.length !== 5) {
    throw new FrameError("it must be an array of 5");
  }
  const [joinRef, ref, topic, event, payload]: readonly JsonValue[] = frame;
  return { joinRef, ref, topic, event, payload };
}

/**
 * Reads the object of version 1: `{ topic, event, payload, ref, join_ref }`,
 * where the refs are optional.
 */
export function fieldsOfV1(frame: JsonValue): Fields {
  if (!isJsonObject(frame)) throw new FrameError("it must be an object");
  const { join_ref: joinRef = null, ref = null, topic, event, payload } = frame;
  return { joinRef, ref, topic, event, payload };
}

/**
 * Reads a frame of text.
 *
 * @param text The frame.
 * @param fieldsOf Reads the frame of its version.
 * @throws {FrameError} If it is not one.
 */
export function decodeText(
  text: string,
  fieldsOf: (frame: JsonValue) => Fields,
): PhoenixMessage {
  const isTooDeep = isDeeperThan(text, MAX_DEPTH);
  // The outermost level of a frame that is too deep still has the header.
  const frame = parseJson(isTooDeep ? outlineOf(text) : text);
  if (isTooDeep) {
    const reason = `it is nested deeper than ${MAX_DEPTH} levels`;
    throw new FrameError(
      reason,
      frame === undefined ? undefined : originOf(fieldsOf(frame)),
    );
  }
  if (frame === undefined) throw new FrameError("it is not JSON");
  const fields = fieldsOf(frame);
  const header = readHeader(fields);
  if (isJsonObject(fields.payload)) {
    return { ...header, payload: fields.payload };
  }
  throw new FrameError("payload must be an object", header);
}
