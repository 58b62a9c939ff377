/**
 * A token could be neither taken nor refused, because the keys that it may be
 * signed with can't be had. Nobody is let in.
 *
 * @example Usage
 * ```ts
 * import { TokenKeysError } from "@ruthere/presence/server/tokens";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new TokenKeysError(new Error("connection refused"));
 * assertEquals(
 *   error.message,
 *   "Cannot verify token: its keys can't be had: connection refused",
 * );
 * ```
 */
export class TokenKeysError extends Error {
  /**
   * Makes the error.
   *
   * @param cause What has gone wrong.
   */
  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`Cannot verify token: its keys can't be had: ${reason}`, { cause });
    this.name = "TokenKeysError";
  }
}
