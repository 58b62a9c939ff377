/**
 * The connection to NATS is lost; nothing was asked, or no answer will come.
 * The client reconnects by itself, and what failed may be tried again.
 */
export class NatsAwayError extends Error {
  /** Makes the error. */
  constructor() {
    super("Cannot ask NATS: the connection is lost");
    this.name = "NatsAwayError";
  }
}

/**
 * The connection to NATS is closed, and does not come back: whoever made it has
 * closed it, or the client has given up, as it has no attempts left or its
 * credentials are refused. `cause` is what the client says of it, if anything.
 */
export class NatsClosedError extends Error {
  /**
   * Makes the error.
   *
   * @param options Its `cause`, where it is known.
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
   * @param action What could not be done, a verb first.
   */
  constructor(action: string) {
    super(`Cannot ${action}: the connection to the backbone is closed`);
    this.name = "NatsBackboneClosedError";
  }
}

/** A bucket is of no use as a backbone: by how it was made, or as it is full. */
export class BucketUnfitError extends Error {
  /**
   * Makes the error.
   *
   * @param bucket The name of the bucket.
   * @param reason What is wrong with it.
   */
  constructor(bucket: string, reason: string) {
    super(`Cannot use bucket ${JSON.stringify(bucket)}: ${reason}`);
    this.name = "BucketUnfitError";
  }
}

/**
 * The server keeps no buckets, as its JetStream is not enabled, or is not ready
 * yet.
 */
export class JetStreamOffError extends Error {
  /**
   * Makes the error.
   *
   * @param bucket The name of the bucket that could not be made.
   * @param options What the server has said, as `cause`.
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
 * A row, a lease or a text is larger than what the server takes at once. A row
 * is not shared then: others show it as it was, or not at all.
 */
export class TooLargeError extends Error {
  /**
   * Makes the error.
   *
   * @param action What could not be done, a verb first.
   * @param bytes How large it is.
   * @param maxBytes How large it may be.
   */
  constructor(action: string, bytes: number, maxBytes: number) {
    super(
      `Cannot ${action}: it has ${bytes} bytes, and the server takes ${maxBytes}`,
    );
    this.name = "TooLargeError";
  }
}

/** Something changed again and again while it was to be written. */
export class ContendedError extends Error {
  /**
   * Makes the error.
   *
   * @param action What could not be done, a verb first.
   */
  constructor(action: string) {
    super(`Cannot ${action}: others write it all the time`);
    this.name = "ContendedError";
  }
}

/** Whether the way to NATS is lost, which those who use it know of. */
export function isLoss(error: unknown): boolean {
  return error instanceof NatsAwayError || error instanceof NatsClosedError;
}

/** Whether a failure says that nobody is there to answer. */
export function isNoAnswer(error: unknown): boolean {
  return isLoss(error) ||
    error instanceof Error && error.name === "TimeoutError";
}
