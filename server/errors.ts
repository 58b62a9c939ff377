import type { Key } from "../core/mod.ts";

/**
 * A context has as many subjects as it may have, and the update was of one
 * more. Nothing has changed.
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
  /** How many subjects it may have. */
  readonly maxSubjects: number;

  /**
   * Makes the error for a context and its capacity.
   *
   * @param context The context that is full.
   * @param maxSubjects How many subjects it may have.
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
 * The server has been disposed of, and takes no updates any more.
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
   * Makes the error.
   *
   * @param action What could not be done, a verb first.
   */
  constructor(action: string) {
    super(`Cannot ${action}: the server is closed`);
    this.name = "ServerClosedError";
  }
}
