/**
 * Binary frames: a byte that says the kind, a byte for the length of each
 * name, for some kinds a byte for the encoding, the names, the payload.
 *
 * @module
 */

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../internal.ts";
import { decodeUtf8 } from "./bytes.ts";
import { FrameError, type FrameOrigin } from "./frame_error.ts";
import { MAX_NAME_BYTES, readHeader } from "./frame_header.ts";
import {
  BinaryBroadcast,
  type MessageHeader,
  type PhoenixMessage,
  type PhoenixPayload,
} from "./message.ts";
import { isDeeperThan, MAX_DEPTH } from "./nesting.ts";

/** A push from a client. */
const PUSH = 0;
/** A broadcast to a client. */
const BROADCAST = 2;
/** Supabase's, from a client. */
const USER_BROADCAST_PUSH = 3;
/** Supabase's, to a client. */
const USER_BROADCAST = 4;

const BINARY_ENCODING = 0;
const JSON_ENCODING = 1;

/**
 * Reads a frame of a client. Bytes in its payload are a view of the frame, not
 * a copy.
 *
 * @throws {FrameError} If it is not of a kind that clients send, or incomplete.
 */
export function decodeBinary(frame: Uint8Array): PhoenixMessage {
  const [kind] = frame;
  if (kind === undefined) throw new FrameError("it is empty");
  if (kind === PUSH) {
    const { names, rest } = namesIn(frame, 4, 5);
    return { ...headerOf(names), payload: rest };
  }
  if (kind === USER_BROADCAST_PUSH) return decodeUserBroadcastPush(frame);
  throw new FrameError(`no client sends binary frames of kind ${kind}`);
}

/**
 * Writes a broadcast of bytes, which has no place for refs.
 *
 * @throws {RangeError} If a name, or the metadata, has more than 255 bytes.
 */
export function encodeBytes(
  { topic, event }: MessageHeader,
  payload: Uint8Array | BinaryBroadcast,
): Uint8Array {
  if (payload instanceof Uint8Array) {
    return frameOf(BROADCAST, { topic, event }, [], payload);
  }
  const isBare = Object.keys(payload.metadata).length === 0;
  const metadata = isBare ? "" : JSON.stringify(payload.metadata);
  const names = { topic, event: payload.event, metadata };
  return frameOf(USER_BROADCAST, names, [BINARY_ENCODING], payload.bytes);
}

function decodeUserBroadcastPush(frame: Uint8Array): PhoenixMessage {
  const { names, rest } = namesIn(frame, 5, 7);
  const header = headerOf(names);
  const metadata = readMetadata(names[4], header);
  const payload = readUserPayload(frame[6], header, metadata, rest);
  return { ...header, event: "broadcast", payload };
}

/** A name is `undefined` if it is incomplete, or not UTF-8. */
type Names = readonly (string | undefined)[];

/** Reads names, whose lengths are after the kind, and what is after them. */
function namesIn(
  frame: Uint8Array,
  count: number,
  start: number,
): { readonly names: Names; readonly rest: Uint8Array } {
  let end = start;
  const names = Array.from({ length: count }, (_, index) => {
    const from = end;
    end += frame[1 + index] ?? 0;
    if (end > frame.length) return undefined;
    return decodeUtf8(frame.subarray(from, end));
  });
  return { names, rest: frame.subarray(end) };
}

function headerOf([joinRef, ref, topic, event]: Names): MessageHeader {
  const orNull = (ref: string | undefined) => ref === "" ? null : ref;
  const refs = { joinRef: orNull(joinRef), ref: orNull(ref) };
  return readHeader({ ...refs, topic, event });
}

/** The payload that the same broadcast would have in a frame of text. */
function readUserPayload(
  encoding: number | undefined,
  header: MessageHeader,
  metadata: JsonObject,
  bytes: Uint8Array,
): PhoenixPayload {
  const { event } = header;
  if (encoding === BINARY_ENCODING) {
    return new BinaryBroadcast(event, bytes, metadata);
  }
  if (encoding !== JSON_ENCODING) {
    throw new FrameError(`there is no encoding ${encoding}`, header);
  }
  // In text it is two levels further in.
  const payload = readJson("payload", decodeUtf8(bytes), 2, header);
  return { ...metadata, type: "broadcast", event, payload };
}

function readMetadata(
  text: string | undefined,
  origin: FrameOrigin,
): JsonObject {
  if (text === "") return {};
  const metadata = readJson("metadata", text, 1, origin);
  if (isJsonObject(metadata)) return metadata;
  throw new FrameError("metadata must be an object", origin);
}

function readJson(
  field: string,
  text: string | undefined,
  level: number,
  origin: FrameOrigin,
): JsonValue {
  if (text === undefined) {
    throw new FrameError(`${field} is missing or not UTF-8`, origin);
  }
  if (isDeeperThan(text, MAX_DEPTH - level)) {
    const reason = `it is nested deeper than ${MAX_DEPTH} levels`;
    throw new FrameError(reason, origin);
  }
  const value = parseJson(text);
  if (value !== undefined) return value;
  throw new FrameError(`${field} is not JSON`, origin);
}

const encoder = new TextEncoder();

function frameOf(
  kind: number,
  names: Readonly<Record<string, string>>,
  encoding: readonly number[],
  payload: Uint8Array,
): Uint8Array {
  const fields = Object.entries(names).map(([name, text]) => {
    const bytes = encoder.encode(text);
    if (bytes.length <= MAX_NAME_BYTES) return bytes;
    throw new RangeError(
      `Cannot write frame: ${name} must have at most ${MAX_NAME_BYTES} bytes: received ${bytes.length}`,
    );
  });
  const lengths = fields.map(({ length }) => length);
  const texts = fields.flatMap((bytes) => [...bytes]);
  const header = [kind, ...lengths, ...encoding, ...texts];
  const frame = new Uint8Array(header.length + payload.length);
  frame.set(header);
  frame.set(payload, header.length);
  return frame;
}
