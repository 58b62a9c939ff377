import { InvalidValueError } from "../../core/mod.ts";
import {
  BackboneError,
  ChannelClosedError,
  SerializationError,
  UserNotFoundError,
} from "../documents/mod.ts";
import { ContextAtCapacityError, ServerClosedError } from "../mod.ts";
import { FrameError } from "./frames/frame_error.ts";

/** The kinds of refusals; those that HTTP also has have the same names. */
export type RejectionKind =
  | "invalid-request"
  | "unauthorized"
  | "refused"
  | "not-found"
  | "context-at-capacity"
  | "too-large"
  | "misdirected"
  | "too-many-requests"
  | "internal-error"
  | "closed";

/** Refuses what a client asks for; becomes an error reply. */
export class Refusal extends Error {
  /** The kind, for counting. */
  readonly kind: RejectionKind;

  /** Makes the refusal; the client gets the reason. */
  constructor(reason: string, kind: RejectionKind = "invalid-request") {
    super(reason);
    this.name = "Refusal";
    this.kind = kind;
  }
}

/**
 * Turns an error of a message into the refusal that its client gets. `closed`
 * means that the server or the documents are closed. An unknown error becomes
 * an `internal-error`, without any detail.
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof InvalidValueError || error instanceof FrameError) {
    return new Refusal(error.message);
  }
  if (error instanceof ContextAtCapacityError) {
    return new Refusal(error.message, "context-at-capacity");
  }
  if (error instanceof UserNotFoundError) {
    return new Refusal(error.message, "not-found");
  }
  if (
    error instanceof ServerClosedError || error instanceof ChannelClosedError
  ) {
    return new Refusal("closed", "closed");
  }
  // Errors of documents that only wrap their cause.
  const isWrapped = error instanceof BackboneError &&
      error.cause instanceof ServerClosedError ||
    error instanceof SerializationError &&
      error.cause instanceof InvalidValueError;
  if (isWrapped) return refusalOf(error.cause);
  return new Refusal("internal error", "internal-error");
}
