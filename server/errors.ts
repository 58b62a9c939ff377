import type { Key } from "../core/mod.ts";

/**
 * An update of a new subject was refused because its context is full. Nothing
 * has changed.
 *
 * @example Usage
 * ```ts
 * import { ContextAtCapacityError } from "@ruthere/presence/server";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   new ContextAtCapacityError("doc-42", 100).message,
 *   'Cannot publish update: context "doc-42" is at its capacity of 100 subjects',
 * );
 * ```
 */
export class ContextAtCapacityError extends Error {
  /** The context that is full. */
  readonly context: Key;
  /** The capacity of the context. */
  readonly maxSubjects: number;

  /**
   * Creates the error for a context and its capacity.
   *
   * @param context The context that is full.
   * @param maxSubjects The capacity of the context.
   */
  constructor(context: Key, maxSubjects: number) {
    super(
      `Cannot publish update: context ${
        JSON.stringify(context)
      } is at its capacity of ${maxSubjects} subjects`,
    );
    this.name = "ContextAtCapacityError";
    this.context = context;
    this.maxSubjects = maxSubjects;
  }
}

/**
 * An action was refused because the server has been disposed of.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer, ServerClosedError } from "@ruthere/presence/server";
 * import { assertThrows } from "@std/assert";
 *
 * const server = new PresenceServer();
 * server[Symbol.dispose]();
 * assertThrows(() => server.withdrawOrigin("tab"), ServerClosedError);
 * ```
 */
export class ServerClosedError extends Error {
  /**
   * Creates the error.
   *
   * @param action The action that was refused, beginning with a verb.
   */
  constructor(action: string) {
    super(`Cannot ${action}: the server is closed`);
    this.name = "ServerClosedError";
  }
}
