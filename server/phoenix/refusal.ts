import { InvalidValueError } from "../../core/mod.ts";
import {
  BackboneError,
  ChannelClosedError,
  SerializationError,
  UserNotFoundError,
} from "../documents/mod.ts";
import { ContextAtCapacityError, ServerClosedError } from "../mod.ts";
import { FrameError } from "./frames/frame_error.ts";

/** The kinds of what is refused; those that HTTP has too have its names. */
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

/** What a client asked for and does not get; it becomes an error reply. */
export class Refusal extends Error {
  /** What kind of refusal it is, for whoever counts. */
  readonly kind: RejectionKind;

  /** Makes the refusal; the message is the reason that the client is told. */
  constructor(reason: string, kind: RejectionKind = "invalid-request") {
    super(reason);
    this.name = "Refusal";
    this.kind = kind;
  }
}

/**
 * An error of a message as its client is told of it. `closed` is one of a server
 * or of documents that are no more; what is not known is an `internal-error`,
 * of which the client is told nothing else.
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
  // Those of documents that say no more than what they were caused by.
  const isWrapped = error instanceof BackboneError &&
      error.cause instanceof ServerClosedError ||
    error instanceof SerializationError &&
      error.cause instanceof InvalidValueError;
  if (isWrapped) return refusalOf(error.cause);
  return new Refusal("internal error", "internal-error");
}
