import { FrameError } from "./frame_error.ts";
import {
  type FrameHeader,
  originOf,
  type RawHeader,
  readHeader,
} from "./frame_header.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../internal.ts";
import { isDeeperThan, MAX_DEPTH, outlineOf } from "./nesting.ts";
import type { PhoenixMessage } from "./message.ts";

/** A message of JSON to a client, whose payload is written already. */
export interface TextMessage extends FrameHeader {
  /** The payload, as JSON. */
  readonly payloadJson: string;
}

/** A message as it is read from text. */
export interface JsonMessage extends PhoenixMessage {
  readonly payload: JsonObject;
}

/**
 * Reads a frame of version 2: `[join_ref, ref, topic, event, payload]`.
 *
 * @throws {FrameError} If it is not one.
 */
export function decodeTextV2(text: string): JsonMessage {
  return messageOf(text, fieldsOfV2);
}

/**
 * Reads a frame of version 1: `{ topic, event, payload, ref, join_ref }`, of
 * which the refs may be left out.
 *
 * @throws {FrameError} If it is not one.
 */
export function decodeTextV1(text: string): JsonMessage {
  return messageOf(text, fieldsOfV1);
}

/** Writes a frame of version 2. */
export function encodeTextV2(message: TextMessage): string {
  const { joinRef, ref, topic, event, payloadJson } = message;
  const header = JSON.stringify([joinRef, ref, topic, event]);
  return `${header.slice(0, -1)},${payloadJson}]`;
}

/** Writes a frame of version 1, in which no join ref is told. */
export function encodeTextV1(message: TextMessage): string {
  const { ref, topic, event, payloadJson } = message;
  const header = JSON.stringify({ topic, event, ref });
  return `${header.slice(0, -1)},"payload":${payloadJson}}`;
}

/** What is in a frame, none of it checked yet. */
interface Fields extends RawHeader {
  readonly payload: JsonValue | undefined;
}

function fieldsOfV2(frame: JsonValue): Fields {
  if (!Array.isArray(frame) || frame.length !== 5) {
    throw new FrameError("it must be an array of 5");
  }
  const fields: readonly JsonValue[] = frame;
  const [joinRef, ref, topic, event, payload] = fields;
  return { joinRef, ref, topic, event, payload };
}

function fieldsOfV1(frame: JsonValue): Fields {
  if (!isJsonObject(frame)) throw new FrameError("it must be an object");
  const { join_ref: joinRef = null, ref = null, topic, event, payload } = frame;
  return { joinRef, ref, topic, event, payload };
}

function messageOf(
  text: string,
  fieldsOf: (frame: JsonValue) => Fields,
): JsonMessage {
  if (isDeeperThan(text, MAX_DEPTH)) throw tooDeep(text, fieldsOf);
  const frame = parseJson(text);
  if (frame === undefined) throw new FrameError("it is not JSON");
  const fields = fieldsOf(frame);
  const header = readHeader(fields);
  const { payload } = fields;
  if (!isJsonObject(payload)) {
    throw new FrameError("payload must be an object", header);
  }
  return { ...header, payload };
}

/** The header of a frame is not deep, so its sender can be told. */
function tooDeep(
  text: string,
  fieldsOf: (frame: JsonValue) => Fields,
): FrameError {
  const reason = `it is nested deeper than ${MAX_DEPTH} levels`;
  const outline = parseJson(outlineOf(text));
  if (outline === undefined) return new FrameError(reason);
  return new FrameError(reason, originOf(fieldsOf(outline)));
}
