import { assertVisibility } from "../../../core/assert.ts";
import { InvalidValueError, type Visibility } from "../../../core/mod.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../internal.ts";
import { base64Of, bytesOf, isLarger } from "../frames/bytes.ts";
import {
  BinaryBroadcast,
  type PhoenixMessage,
  type PhoenixPayload,
} from "../frames/message.ts";
import { Refusal } from "../refusal.ts";

/** A broadcast, and who may know of its sender. */
export interface Broadcast {
  /** What has happened. */
  readonly event: string;
  /** The content. */
  readonly payload: PhoenixPayload;
  /** The key that the sender is present under. */
  readonly key: string;
  /** How the sender is shown. */
  readonly shown: readonly Visibility[];
}

/**
 * Makes a broadcast of a message. Its payload names the sender: the key that
 * they are present under, and their socket, of which they may have several.
 */
export function broadcastOf(
  { event, payload }: PhoenixMessage,
  sender: { readonly key: string; readonly connection: string },
  shown: readonly Visibility[],
): Broadcast {
  return { event, payload: stamp(payload, sender), key: sender.key, shown };
}

/** A frame has one byte for the length of its metadata. */
const MAX_METADATA_BYTES = 255;

/** Bytes in Phoenix's own frames have no room for a sender. */
function stamp(payload: PhoenixPayload, sender: JsonObject): PhoenixPayload {
  if (payload instanceof Uint8Array) return payload;
  if (!(payload instanceof BinaryBroadcast)) return { ...payload, sender };
  if (isLarger(JSON.stringify({ sender }), MAX_METADATA_BYTES)) {
    throw new Refusal("the key is too long for a broadcast of bytes");
  }
  return new BinaryBroadcast(payload.event, payload.bytes, { sender });
}

/** Distinguishes the texts of this face from those of others. */
const FACE = "phoenix";

/** Writes a broadcast as a text for other servers. */
export function broadcastText(
  { event, payload, key, shown }: Broadcast,
): string {
  return JSON.stringify([FACE, event, key, shown, written(payload)]);
}

/** Reads a broadcast of another server; `undefined` if the text is not one. */
export function readBroadcast(text: string): Broadcast | undefined {
  const value = parseJson(text);
  if (!Array.isArray(value) || value[0] !== FACE) return undefined;
  const [, event, key, shown, body] = value;
  if (typeof event !== "string" || typeof key !== "string") return undefined;
  if (isReserved(event)) return undefined;
  const payload = readPayload(body);
  if (payload === undefined || !areVisibilities(shown)) return undefined;
  return { event, payload, key, shown };
}

function written(payload: PhoenixPayload): JsonObject {
  if (payload instanceof Uint8Array) return { bytes: base64Of(payload) };
  if (payload instanceof BinaryBroadcast) {
    const { event, bytes, metadata } = payload;
    return { bytes: base64Of(bytes), event, metadata };
  }
  return { json: payload };
}

function readPayload(body: JsonValue | undefined): PhoenixPayload | undefined {
  if (!isJsonObject(body)) return undefined;
  const { json, bytes, event, metadata } = body;
  if (typeof bytes !== "string") {
    return isJsonObject(json) ? json : undefined;
  }
  const read = bytesOf(bytes);
  if (read === undefined || event === undefined) return read;
  if (typeof event !== "string" || !isJsonObject(metadata)) return undefined;
  return new BinaryBroadcast(event, read, metadata);
}

function areVisibilities(value: unknown): value is readonly Visibility[] {
  if (!Array.isArray(value)) return false;
  try {
    for (const one of value) assertVisibility(one, "shown", "hear broadcast");
    return true;
  } catch (error) {
    if (error instanceof InvalidValueError) return false;
    throw error;
  }
}

/**
 * By `chan_reply_` and a ref phoenix.js hands replies to the code that awaits
 * them.
 */
const RESERVED =
  /^(heartbeat|access_token|system|postgres_changes)$|^(phx_|presence|chan_reply_)/i;

/**
 * Reports whether an event is the protocol's own, which is never relayed. The
 * case does not matter, as it does not to older clients of Supabase.
 */
export function isReserved(event: string): boolean {
  return RESERVED.test(event);
}
