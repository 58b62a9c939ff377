/** Redis can't be reached, does not answer, or does not do what it is asked. */
export class RedisUnavailableError extends Error {
  /** The name of the class. */
  override readonly name = "RedisUnavailableError";

  /**
   * Makes the error.
   *
   * @param reason Why.
   * @param options What has caused it.
   */
  constructor(reason: string, options?: ErrorOptions) {
    super(`Cannot ask Redis: ${reason}`, options);
  }
}

/** Redis has answered something that no answer of ours is. */
export class RedisReplyError extends Error {
  /** The name of the class. */
  override readonly name = "RedisReplyError";

  /**
   * Makes the error.
   *
   * @param expected What it should have been.
   * @param reply What it was.
   */
  constructor(expected: string, reply: unknown) {
    super(`Cannot read answer of Redis: no ${expected}, but ${typeof reply}`);
  }
}

/** Whether Redis has refused a call as a key has a value of another type. */
export function isWrongType(error: unknown): boolean {
  return error instanceof RedisUnavailableError &&
    /\bWRONGTYPE\b/.test(error.message);
}
