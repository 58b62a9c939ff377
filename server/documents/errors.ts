import { ContextAtCapacityError } from "../internal.ts";
import { documentContext } from "./contexts.ts";

/**
 * A document is full, and one more person wanted to join. Nothing has changed.
 *
 * @example Usage
 * ```ts
 * import { ContextAtCapacityError } from "@ruthere/presence/server";
 * import { DocumentAtCapacityError } from "@ruthere/presence/server/documents";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const error = new DocumentAtCapacityError("42", 1_000);
 * assertEquals(error.message, "Document at capacity: maximum 1000 users");
 * assert(error instanceof ContextAtCapacityError);
 * ```
 */
export class DocumentAtCapacityError extends ContextAtCapacityError {
  /** The id of the document. */
  readonly documentId: string;

  /**
   * Makes the error for a document and its capacity.
   *
   * @param documentId The id of the document.
   * @param maxUsers How many people may be in it.
   */
  constructor(documentId: string, maxUsers: number) {
    super(documentContext(documentId), maxUsers);
    this.name = "DocumentAtCapacityError";
    this.message = `Document at capacity: maximum ${maxUsers} users`;
    this.documentId = documentId;
  }
}

/**
 * A session of a person in a document is gone: it has left, or its time to live
 * is over. Nothing has changed.
 *
 * @example Usage
 * ```ts
 * import { UserNotFoundError } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   new UserNotFoundError("move cursor", "ada", "42").message,
 *   'User not found: ada: cannot move cursor, the session in document "42" is gone',
 * );
 * ```
 */
export class UserNotFoundError extends Error {
  /** The id of the person. */
  readonly userId: string;
  /** The id of the document. */
  readonly documentId: string;

  /**
   * Makes the error.
   *
   * @param action The action that failed, beginning with a verb.
   * @param userId The id of the person.
   * @param documentId The id of the document.
   */
  constructor(action: string, userId: string, documentId: string) {
    // Escaped as JSON, so that it stays on one line of a log.
    const user = JSON.stringify(userId).slice(1, -1);
    const document = JSON.stringify(documentId);
    super(
      `User not found: ${user}: cannot ${action}, the session in document ${document} is gone`,
    );
    this.name = "UserNotFoundError";
    this.userId = userId;
    this.documentId = documentId;
  }
}

/**
 * The connection between servers has failed, so that the entries of the others
 * are unknown. Its `cause` is the failure.
 *
 * @example Usage
 * ```ts
 * import { BackboneError } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new BackboneError("join document", new Error("lost"));
 * assertEquals(error.message, "Backbone error: cannot join document");
 * ```
 */
export class BackboneError extends Error {
  /**
   * Makes the error.
   *
   * @param action The action that failed, beginning with a verb.
   * @param cause The failure.
   */
  constructor(action: string, cause: unknown) {
    super(`Backbone error: cannot ${action}`, { cause });
    this.name = "BackboneError";
  }
}

/**
 * JSON can't carry the name or the picture of a person, because the text is not
 * well-formed. Its `cause` says what was received. Nothing has changed.
 *
 * @example Usage
 * ```ts
 * import { SerializationError } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new SerializationError("join document", "name");
 * assertEquals(error.message, "Serialization error: cannot join document, JSON can't carry name");
 * ```
 */
export class SerializationError extends Error {
  /** The name of the field. */
  readonly field: string;

  /**
   * Makes the error.
   *
   * @param action The action that failed, beginning with a verb.
   * @param field The name of the field.
   * @param cause The fault of its value.
   */
  constructor(action: string, field: string, cause?: unknown) {
    super(
      `Serialization error: cannot ${action}, JSON can't carry ${field}`,
      { cause },
    );
    this.name = "SerializationError";
    this.field = field;
  }
}

/**
 * The server or the documents have been disposed of. If it was the server,
 * `cause` says so.
 *
 * @example Usage
 * ```ts
 * import { ChannelClosedError } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   new ChannelClosedError("join document").message,
 *   "Broadcast channel closed: cannot join document",
 * );
 * ```
 */
export class ChannelClosedError extends Error {
  /**
   * Makes the error.
   *
   * @param action The action that failed, beginning with a verb.
   * @param cause The error of the server, if the server was disposed of.
   */
  constructor(action: string, cause?: unknown) {
    super(`Broadcast channel closed: cannot ${action}`, { cause });
    this.name = "ChannelClosedError";
  }
}
