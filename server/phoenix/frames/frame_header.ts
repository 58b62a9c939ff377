import { isLarger } from "./bytes.ts";
import { FrameError, type FrameOrigin } from "./frame_error.ts";
import type { MessageHeader, Ref } from "./message.ts";

/**
 * How many bytes of UTF-8 a topic, an event or a ref may have. It is what the
 * length in a binary frame can say. It holds for text too, so that every message
 * that was read can be sent to every client.
 */
export const MAX_NAME_BYTES = 255;

/** A header as received; a part is `undefined` if the frame lacks it. */
export type RawHeader = { readonly [Name in keyof MessageHeader]: unknown };

/**
 * Checks a header.
 *
 * @throws {FrameError} If a part of it is not well-formed; with its origin.
 */
export function readHeader(raw: RawHeader): MessageHeader {
  return {
    joinRef: readRef("join_ref", raw.joinRef, raw),
    ref: readRef("ref", raw.ref, raw),
    topic: readName("topic", raw.topic, raw),
    event: readName("event", raw.event, raw),
  };
}

/** Returns what a reply to a header must repeat, even to a bad header. */
export function originOf({ joinRef, ref, topic }: RawHeader): FrameOrigin {
  return {
    joinRef: isRef(joinRef) ? joinRef : null,
    ref: isRef(ref) ? ref : null,
    topic: typeof topic === "string" ? topic : undefined,
  };
}

function isRef(value: unknown): value is Ref {
  return typeof value === "string" || isWholeNumber(value);
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function readRef(field: string, value: unknown, raw: RawHeader): Ref | null {
  if (value === null || isWholeNumber(value)) return value;
  const rule = "must be a string, a whole number or null";
  return readName(field, value, raw, rule);
}

function readName(
  field: string,
  value: unknown,
  raw: RawHeader,
  rule = "must be a string",
): string {
  const isName = typeof value === "string" && value.isWellFormed() &&
    !isLarger(value, MAX_NAME_BYTES);
  if (isName) return value;
  throw new FrameError(`${field} ${faultOf(value, rule)}`, originOf(raw));
}

/** Returns what is wrong with a malformed name. */
function faultOf(name: unknown, rule: string): string {
  if (name === undefined) return "is missing or not UTF-8";
  if (typeof name !== "string") return rule;
  return name.isWellFormed()
    ? `must have at most ${MAX_NAME_BYTES} bytes`
    : "must be a well-formed string";
}
