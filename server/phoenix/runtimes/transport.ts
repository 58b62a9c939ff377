/**
 * The socket of a runtime, as far as the endpoint needs it. An adapter makes
 * one, and passes on to the endpoint what the client does.
 */
export interface SocketTransport {
  /** How many bytes wait to be sent. */
  readonly bufferedAmount: number;
  /**
   * Sends a text frame, or a binary one. Does nothing once it is closing. It must
   * not throw.
   */
  send(frame: string | Uint8Array): void;
  /** Begins to close. Does nothing once it is closing. */
  close(code: number, reason: string): void;
  /** Ends it without waiting for the client, where the runtime can. */
  terminate(): void;
}

/** Close codes of RFC 6455 that the endpoint uses. */
export const CLOSE_CODES = {
  /** The client broke the rules, or lost its rights. */
  policyViolation: 1008,
  /** A message was too large. */
  messageTooBig: 1009,
  /** The server has failed. */
  internalError: 1011,
  /** The server restarts: reconnect. */
  serviceRestart: 1012,
} as const;
