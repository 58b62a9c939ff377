/**
 * Binary frames: a byte that says the kind, a byte for the length of each
 * name, for some kinds a byte for the encoding, the names, the payload.
 *
 * @module
 */

import { FrameError, type FrameOrigin } from "./frame_error.ts";
import {
  type FrameHeader,
  MAX_NAME_BYTES,
  readHeader,
} from "./frame_header.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../internal.ts";
import { isDeeperThan, MAX_DEPTH } from "./nesting.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixPayload,
  type Ref,
} from "./message.ts";

const PUSH = 0;
const REPLY = 1;
const BROADCAST = 2;
/** Supabase's: from a client. */
const USER_BROADCAST_PUSH = 3;
/** Supabase's: to a client. */
const USER_BROADCAST = 4;

const BINARY_ENCODING = 0;
const JSON_ENCODING = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a frame of a client. Bytes in its payload are a view of the frame, not
 * a copy.
 *
 * @throws {FrameError} If it is not of a kind that clients send, or not whole.
 */
export function decodeBinary(frame: Uint8Array): PhoenixMessage {
  const [kind] = frame;
  if (kind === undefined) throw new FrameError("it is empty");
  if (kind === PUSH) return decodePush(frame);
  if (kind === USER_BROADCAST_PUSH) return decodeUserBroadcastPush(frame);
  throw new FrameError(`no client sends binary frames of kind ${kind}`);
}

/** Reads bytes as UTF-8; `undefined` if they are not. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Writes a message of bytes: for one join, or for whoever is in the topic if it
 * has no join ref. There is no place for a ref.
 *
 * @throws {RangeError} If a name has more than 255 bytes.
 */
export function encodePush(
  { joinRef, topic, event }: FrameHeader,
  bytes: Uint8Array,
): Uint8Array {
  return joinRef === null
    ? frameOf(BROADCAST, { topic, event }, bytes)
    : frameOf(PUSH, { join_ref: String(joinRef), topic, event }, bytes);
}

/**
 * Writes a reply of bytes.
 *
 * @throws {RangeError} If a name has more than 255 bytes.
 */
export function encodeReply(
  reply: {
    readonly joinRef: Ref | null;
    readonly ref: Ref;
    readonly topic: string;
    readonly status: string;
  },
  bytes: Uint8Array,
): Uint8Array {
  const { joinRef, ref, topic, status } = reply;
  const names = {
    join_ref: String(joinRef ?? ""),
    ref: String(ref),
    topic,
    status,
  };
  return frameOf(REPLY, names, bytes);
}

/**
 * Writes a broadcast of bytes in Supabase's dialect. There is no place for refs.
 *
 * @throws {RangeError} If a name, or the metadata, has more than 255 bytes.
 */
export function encodeUserBroadcast(
  topic: string,
  { event, bytes, metadata }: BinaryBroadcast,
): Uint8Array {
  const isBare = Object.keys(metadata).length === 0;
  const names = {
    topic,
    event,
    metadata: isBare ? "" : JSON.stringify(metadata),
  };
  return frameOf(USER_BROADCAST, names, bytes, [BINARY_ENCODING]);
}

function decodePush(frame: Uint8Array): PhoenixMessage {
  const names = new NameReader(frame, 4);
  const header = readHeader({
    joinRef: names.nextRef(),
    ref: names.nextRef(),
    topic: names.next(),
    event: names.next(),
  });
  return { ...header, payload: names.rest() };
}

function decodeUserBroadcastPush(frame: Uint8Array): PhoenixMessage {
  const names = new NameReader(frame, 5, 1);
  const joinRef = names.nextRef();
  const ref = names.nextRef();
  const topic = names.next();
  const event = names.next();
  const header = readHeader({ joinRef, ref, topic, event });
  const metadata = readMetadata(names.next(), header);
  const payload = readUserPayload(
    frame[6],
    header,
    metadata,
    names.rest(),
  );
  return { ...header, event: "broadcast", payload };
}

/** The payload that the same broadcast would have in a frame of text. */
function readUserPayload(
  encoding: number | undefined,
  header: FrameHeader,
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

  /** The next name, if it is that of a ref: an empty one is none. */
  nextRef(): string | null | undefined {
    const name = this.next();
    return name === "" ? null : name;
  }

  /** All that comes after the names. */
  rest(): Uint8Array {
    return this.#frame.subarray(this.#at);
  }
}

function frameOf(
  kind: number,
  names: Readonly<Record<string, string>>,
  payload: Uint8Array,
  otherBytes: readonly number[] = [],
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
    Uint8Array.from([kind, ...lengths, ...otherBytes]),
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
