import { JetStreamApiError } from "@nats-io/jetstream";

/** The key has another revision than was expected. */
export const IS_OTHER = [10071, 10164];
/** The bucket has another name than was expected. */
export const IS_NOT_MATCHED = [10060];
/** There is no bucket, or not yet all of it. */
export const IS_MISSING = [10059, 10012];
/** Somebody else is making the bucket, or has made it otherwise. */
export const IS_IN_USE = [10058, 10065];
/** There is no JetStream, on the server or for the account. */
export const IS_OFF = [10039, 10076];
/** There is no such value. */
const IS_NOT_FOUND = [10037, 10043];
/** A value can't be removed, for whatever reason. */
const IS_NOT_REMOVED = [10057];

/** Whether a failure is an answer of the server with one of some codes. */
export function hasCode(error: unknown, codes: readonly number[]): boolean {
  return error instanceof JetStreamApiError && codes.includes(error.code);
}

/**
 * Whether a failure says that there is nothing to remove. Servers of version
 * 2.9 with files say so only by the text.
 */
export function isRemovedAlready(error: unknown): boolean {
  return hasCode(error, IS_NOT_FOUND) ||
    hasCode(error, IS_NOT_REMOVED) && error instanceof Error &&
      /\bfound$|\bEOF$|\bdeleted\b/.test(error.message);
}

/**
 * Whether a failure says that there is no bucket. What is published to none is
 * heard by nobody, which the client takes for a server without JetStream.
 */
export function isMissing(error: unknown): boolean {
  return hasCode(error, IS_MISSING) || isUnheard(error);
}

/** Whether nobody has heard what was asked. */
export function isUnheard(error: unknown): boolean {
  return error instanceof Error && error.name === "JetStreamNotEnabled";
}
