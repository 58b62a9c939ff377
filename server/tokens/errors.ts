/**
 * The keys to verify a token can't be loaded, so it is neither accepted nor
 * refused. Nobody is let in.
 *
 * @example Usage
 * ```ts
 * import { TokenKeysError } from "@ruthere/presence/server/tokens";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new TokenKeysError(new Error("connection refused"));
 * assertEquals(
 *   error.message,
 *   "Cannot verify token: its keys can't be loaded: connection refused",
 * );
 * ```
 */
export class TokenKeysError extends Error {
  /**
   * Creates the error.
   *
   * @param cause The failure.
   */
  constructor(cause: unknown) {
    const reason = reasonOf(cause);
    super(`Cannot verify token: its keys can't be loaded: ${reason}`, {
      cause,
    });
    this.name = "TokenKeysError";
  }
}

/**
 * A published key that can't verify tokens: it is malformed, too weak, or of a
 * kind that this runtime does not support. Tokens that name it are refused.
 *
 * @example Usage
 * ```ts
 * import { UnusableKeyError } from "@ruthere/presence/server/tokens";
 * import { assertEquals } from "@std/assert";
 *
 * const key = { kid: "2026-01", alg: "ES256" };
 * const error = new UnusableKeyError(key, new Error("invalid point"));
 * assertEquals(
 *   error.message,
 *   'Cannot use published key "2026-01" for ES256: invalid point',
 * );
 * ```
 */
export class UnusableKeyError extends Error {
  /**
   * Creates the error.
   *
   * @param key The name of the key, if it has one, and the algorithm of the token.
   * @param cause The failure.
   */
  constructor(
    { kid = "", alg = "" }: {
      readonly kid?: string | undefined;
      readonly alg?: string | undefined;
    },
    cause: unknown,
  ) {
    const key = `${JSON.stringify(kid)} for ${alg}`;
    super(`Cannot use published key ${key}: ${reasonOf(cause)}`, { cause });
    this.name = "UnusableKeyError";
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
