import type { JsonObject, JsonValue } from "../internal.ts";
import { isBytes, type PhoenixMessage } from "./frames/message.ts";
import { Refusal } from "./refusal.ts";

/**
 * Returns the payload of a message, which must be JSON.
 *
 * @throws {Refusal} If it is bytes.
 */
export function payloadOf({ payload }: PhoenixMessage): JsonObject {
  if (isBytes(payload)) throw new Refusal("the payload must be JSON");
  return payload;
}

/** Returns a member of an object itself, not of its prototype. */
export function own(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
