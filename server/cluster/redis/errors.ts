/** Redis can't be reached, does not answer, or refuses a call. */
export class RedisUnavailableError extends Error {
  /** The name of the class. */
  override readonly name = "RedisUnavailableError";

  /**
   * Makes the error.
   *
   * @param reason Why.
   * @param options The `cause`, if there is one.
   */
  constructor(reason: string, options?: ErrorOptions) {
    super(`Cannot ask Redis: ${reason}`, options);
  }
}

/** Redis has sent a reply of another type than a call expects. */
export class RedisReplyError extends Error {
  /** The name of the class. */
  override readonly name = "RedisReplyError";

  /**
   * Makes the error.
   *
   * @param expected The expected type.
   * @param reply The reply.
   */
  constructor(expected: string, reply: unknown) {
    super(`Cannot read answer of Redis: no ${expected}, but ${typeof reply}`);
  }
}

/** Reports whether Redis has refused a call because a key has another type. */
export function isWrongType(error: unknown): boolean {
  return error instanceof RedisUnavailableError &&
    /\bWRONGTYPE\b/.test(error.message);
}
