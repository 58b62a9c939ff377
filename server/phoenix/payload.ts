import type { JsonObject, JsonValue } from "../internal.ts";
import { BinaryBroadcast, type PhoenixMessage } from "./frames/message.ts";
import { Refusal } from "./refusal.ts";

/**
 * The payload of a message that must have one of JSON.
 *
 * @throws {Refusal} If it is of bytes.
 */
export function payloadOf({ payload }: PhoenixMessage): JsonObject {
  if (payload instanceof Uint8Array || payload instanceof BinaryBroadcast) {
    throw new Refusal("the payload must be JSON");
  }
  return payload;
}

/** A member of an object, not one of its prototype. */
export function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
