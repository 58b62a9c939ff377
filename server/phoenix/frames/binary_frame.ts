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
  if (kind === PUSH) return decodePush(frame);
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

function decodePush(frame: Uint8Array): PhoenixMessage {
  const names = new NameReader(frame, 4);
  const header = names.header();
  return { ...header, payload: names.rest() };
}

function decodeUserBroadcastPush(frame: Uint8Array): PhoenixMessage {
  const names = new NameReader(frame, 5, 1);
  const header = names.header();
  const metadata = readMetadata(names.next(), header);
  const payload = readUserPayload(frame[6], header, metadata, names.rest());
  return { ...header, event: "broadcast", payload };
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

/** Reads the names of a frame, one after the other, and what comes after. */
class NameReader {
  readonly #frame: Uint8Array;
  #lengthAt = 1;
  #at: number;

  /** Makes a reader of so many names, with so many bytes before the first. */
  constructor(frame: Uint8Array, names: number, otherBytes = 0) {
    this.#frame = frame;
    this.#at = 1 + names + otherBytes;
  }

  /** The next name; `undefined` if it is not all there, or not UTF-8. */
  next(): string | undefined {
    const start = this.#at;
    this.#at += this.#frame[this.#lengthAt++] ?? 0;
    if (this.#at > this.#frame.length) return undefined;
    return decodeUtf8(this.#frame.subarray(start, this.#at));
  }

  /** Reads four names, as the header; an empty ref is none. */
  header(): MessageHeader {
    const [joinRef, ref] = [this.next(), this.next()];
    return readHeader({
      joinRef: joinRef === "" ? null : joinRef,
      ref: ref === "" ? null : ref,
      topic: this.next(),
      event: this.next(),
    });
  }

  /** All that comes after the names. */
  rest(): Uint8Array {
    return this.#frame.subarray(this.#at);
  }
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
  return concat([
    Uint8Array.from([kind, ...lengths, ...encoding]),
    ...fields,
    payload,
  ]);
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(
    parts.reduce((length, part) => length + part.length, 0),
  );
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
