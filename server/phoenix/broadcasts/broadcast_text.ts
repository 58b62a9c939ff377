import { assertVisibility } from "../../../core/assert.ts";
import { InvalidValueError, type Visibility } from "../../../core/mod.ts";
import { base64Of, bytesOf } from "../frames/bytes.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
} from "../../internal.ts";
import { BinaryBroadcast, type PhoenixPayload } from "../frames/message.ts";
import { isReserved } from "./reserved.ts";

/** What somebody tells a topic, and who may know of them. */
export interface Broadcast {
  /** What has happened. */
  readonly event: string;
  /** What is told of it. */
  readonly payload: PhoenixPayload;
  /** The key that the sender is present under. */
  readonly key: string;
  /** How the sender is shown. */
  readonly shown: readonly Visibility[];
}

/** Tells the texts of this face from those of others. */
const FACE = "phoenix";

/** Writes a broadcast as a text for other servers. */
export function broadcastText(
  { event, payload, key, shown }: Broadcast,
): string {
  return JSON.stringify([FACE, event, key, shown, written(payload)]);
}

/** Reads a broadcast of another server; `undefined` if it is none. */
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
