import { JetStreamApiError } from "@nats-io/jetstream";
import { NoRespondersError } from "@nats-io/nats-core";

/** The key has another revision than expected. */
export const IS_OTHER = [10071, 10164];
/** The stream has another name than expected. */
export const IS_NOT_MATCHED = [10060];
/** There is no bucket, or it is still being made. */
export const IS_MISSING = [10059, 10012];
/** Somebody else is making the bucket, or has made it with other options. */
export const IS_IN_USE = [10058, 10065];
/** JetStream is off, on the server or for the account. */
export const IS_OFF = [10039, 10076];
/** There is no such value. */
const IS_NOT_FOUND = [10037, 10043];
/** A value can't be removed; the text says why. */
const IS_NOT_REMOVED = [10057];

/** Reports whether an error is an answer of the server with one of some codes. */
export function hasCode(error: unknown, codes: readonly number[]): boolean {
  return error instanceof JetStreamApiError && codes.includes(error.code);
}

/**
 * Reports whether an error says that there is nothing to remove. Servers of
 * version 2.9 with file storage say so in the text alone.
 */
export function isRemovedAlready(error: unknown): boolean {
  return hasCode(error, IS_NOT_FOUND) ||
    hasCode(error, IS_NOT_REMOVED) && error instanceof Error &&
      /\bfound$|\bEOF$|\bdeleted\b/.test(error.message);
}

/**
 * Reports whether an error says that there is no bucket. Without one, a publish
 * has no responder, which the client takes for a server without JetStream.
 */
export function isMissing(error: unknown): boolean {
  return hasCode(error, IS_MISSING) || hasNoResponder(error);
}

/** Reports whether an error says that there was no responder. */
export function hasNoResponder(error: unknown): boolean {
  return error instanceof NoRespondersError ||
    error instanceof Error && error.name === "JetStreamNotEnabled";
}
