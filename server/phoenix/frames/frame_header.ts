import { FrameError, type FrameOrigin } from "./frame_error.ts";
import type { PhoenixMessage, Ref } from "./message.ts";

/**
 * How many bytes of UTF-8 a topic, an event or a ref may have. It is what the
 * length in a binary frame can say, and holds in text too, so that whatever has
 * been read can be told to anyone.
 */
export const MAX_NAME_BYTES = 255;

/** All of a message but its payload. */
export type FrameHeader = Omit<PhoenixMessage, "payload">;

/** A header as it has arrived; `undefined` is what a frame does not hold. */
export type RawHeader = { readonly [Name in keyof FrameHeader]: unknown };

/**
 * Checks a header.
 *
 * @throws {FrameError} If a part of it is not well-formed. The error knows its
 * origin.
 */
export function readHeader(raw: RawHeader): FrameHeader {
  const { joinRef, ref, topic, event } = raw;
  if (!isRefOrNone(joinRef)) throw badRef("join_ref", joinRef, originOf(raw));
  if (!isRefOrNone(ref)) throw badRef("ref", ref, originOf(raw));
  if (!isName(topic)) throw badName("topic", topic, originOf(raw));
  if (!isName(event)) throw badName("event", event, originOf(raw));
  return { joinRef, ref, topic, event };
}

/** What a reply to a header must repeat, however bad the header is. */
export function originOf({ joinRef, ref, topic }: RawHeader): FrameOrigin {
  return {
    joinRef: isTellable(joinRef) ? joinRef : null,
    ref: isTellable(ref) ? ref : null,
    topic: typeof topic === "string" ? topic : undefined,
  };
}

/** Whether a client may find its own ref in it, be it ever so long. */
function isTellable(value: unknown): value is Ref {
  return typeof value === "string" || isSafeInteger(value);
}

function isRefOrNone(value: unknown): value is Ref | null {
  return value === null || isName(value) || isSafeInteger(value);
}

function isSafeInteger(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && nameFault(value) === undefined;
}

/** What keeps a text from being a name; `undefined` if nothing does. */
function nameFault(text: string): string | undefined {
  if (!text.isWellFormed()) return "must be a well-formed string";
  return isTooLong(text)
    ? `must have at most ${MAX_NAME_BYTES} bytes`
    : undefined;
}

const encoder = new TextEncoder();

function isTooLong(text: string): boolean {
  // What UTF-16 says by one unit takes three bytes of UTF-8 at most.
  if (text.length * 3 <= MAX_NAME_BYTES) return false;
  return text.length > MAX_NAME_BYTES ||
    encoder.encode(text).length > MAX_NAME_BYTES;
}

function badRef(name: string, value: unknown, origin: FrameOrigin): FrameError {
  const rule = "must be a string, a whole number or null";
  return badField(name, rule, value, origin);
}

function badName(
  name: string,
  value: unknown,
  origin: FrameOrigin,
): FrameError {
  return badField(name, "must be a string", value, origin);
}

function badField(
  name: string,
  typeRule: string,
  value: unknown,
  origin: FrameOrigin,
): FrameError {
  if (value === undefined) {
    return new FrameError(`${name} is missing or not UTF-8`, origin);
  }
  const fault = typeof value === "string" ? nameFault(value) : undefined;
  return new FrameError(`${name} ${fault ?? typeRule}`, origin);
}
