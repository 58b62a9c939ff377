/**
 * The connection to NATS is lost: nothing was sent, or no answer will arrive.
 * The client reconnects; then a call may be tried again.
 */
export class NatsAwayError extends Error {
  /** Makes the error. */
  constructor() {
    super("Cannot ask NATS: the connection is lost");
    this.name = "NatsAwayError";
  }
}

/**
 * The connection to NATS is closed for good: its owner has closed it, or the
 * client has given up because it has no attempts left or the server refuses its
 * credentials. `cause` is the reason that the client gives, if any.
 */
export class NatsClosedError extends Error {
  /**
   * Makes the error.
   *
   * @param options The `cause`, if it is known.
   */
  constructor(options?: ErrorOptions) {
    super("Cannot ask NATS: the connection is closed for good", options);
    this.name = "NatsClosedError";
  }
}

/** The connection of a node to the backbone was closed. */
export class NatsBackboneClosedError extends Error {
  /**
   * Makes the error.
   *
   * @param action What could not be done; begins with a verb.
   */
  constructor(action: string) {
    super(`Cannot ${action}: the connection to the backbone is closed`);
    this.name = "NatsBackboneClosedError";
  }
}

/** A bucket can't serve as a backbone because of its options, or is full. */
export class BucketUnfitError extends Error {
  /**
   * Makes the error.
   *
   * @param bucket The name of the bucket.
   * @param reason What is wrong with the bucket.
   */
  constructor(bucket: string, reason: string) {
    super(`Cannot use bucket ${JSON.stringify(bucket)}: ${reason}`);
    this.name = "BucketUnfitError";
  }
}

/**
 * The server keeps no buckets, because JetStream is not enabled or not ready yet.
 */
export class JetStreamOffError extends Error {
  /**
   * Makes the error.
   *
   * @param bucket The name of the bucket that could not be made.
   * @param options The answer of the server as `cause`.
   */
  constructor(bucket: string, options?: ErrorOptions) {
    super(
      `Cannot make bucket ${JSON.stringify(bucket)}: JetStream is not ` +
        "enabled; start the server with -js, or enable it for the account",
      options,
    );
    this.name = "JetStreamOffError";
  }
}

/**
 * A row or a text is larger than a message of the server may be. A row is not
 * shared then: other nodes show its former state, or nothing.
 */
export class TooLargeError extends Error {
  /**
   * Makes the error.
   *
   * @param action What could not be done; begins with a verb.
   * @param bytes The size.
   * @param maxBytes The largest size that the server takes.
   */
  constructor(action: string, bytes: number, maxBytes: number) {
    super(
      `Cannot ${action}: it has ${bytes} bytes, and the server takes ${maxBytes}`,
    );
    this.name = "TooLargeError";
  }
}

/** A key kept changing while it was to be written. */
export class ContendedError extends Error {
  /**
   * Makes the error.
   *
   * @param action What could not be done; begins with a verb.
   */
  constructor(action: string) {
    super(`Cannot ${action}: others keep writing it`);
    this.name = "ContendedError";
  }
}

/** Reports whether an error says that the connection is lost or closed. */
export function isLoss(error: unknown): boolean {
  return error instanceof NatsAwayError || error instanceof NatsClosedError;
}

/** Reports whether an error says that nobody answers. */
export function isNoAnswer(error: unknown): boolean {
  return isLoss(error) ||
    error instanceof Error && error.name === "TimeoutError";
}
