import {
  type NatsConnection,
  PermissionViolationError,
} from "@nats-io/nats-core";
import { NatsAwayError, NatsClosedError } from "./errors.ts";

/** Notified of what happens to a connection. */
export interface LinkListener {
  /** It is lost. */
  lost(): void;
  /** It is back. */
  back(): void;
  /** It lacks a permission. */
  refused(error: PermissionViolationError): void;
  /** It is closed and does not come back. Called once. */
  closed(error: NatsClosedError): void;
}

/**
 * The state of the user's connection. While it is lost, calls fail at once, and
 * so do calls without an answer by then: the client would keep them until a
 * timeout, and send some of them later.
 */
export class Link {
  /** The connection. */
  readonly nats: NatsConnection;
  /** The listeners. */
  readonly listeners: Set<LinkListener> = new Set();
  readonly #waiting = new Set<(error: Error) => void>();
  /** Why nothing can be asked, while that is so. */
  #loss: Error | undefined;

  /** Watches a connection for as long as it is open. */
  constructor(nats: NatsConnection) {
    this.nats = nats;
    if (nats.isClosed()) this.#loss = new NatsClosedError();
    this.#watch();
    this.#awaitEnd();
  }

  /** Whether the connection is lost or closed. */
  get isAway(): boolean {
    return this.#loss !== undefined || this.nats.info === undefined;
  }

  /**
   * Makes a call.
   *
   * @throws {NatsAwayError} If the connection is lost before there is an answer.
   * @throws {NatsClosedError} If it is closed for good.
   */
  ask<T>(call: () => Promise<T>): Promise<T> {
    if (this.isAway) return Promise.reject(this.#loss ?? new NatsAwayError());
    return new Promise<T>((resolve, reject) => {
      const answer = call();
      this.#waiting.add(reject);
      answer.then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }

  async #watch(): Promise<void> {
    for await (const status of this.nats.status()) {
      const { type } = status;
      if (type === "disconnect") {
        this.#lose(new NatsAwayError());
        for (const { lost } of [...this.listeners]) lost();
      } else if (type === "close") {
        this.#lose(new NatsClosedError());
      } else if (type === "reconnect") {
        // The client has subscribed again before it says so.
        this.#loss = undefined;
        for (const { back } of [...this.listeners]) back();
      } else if (
        type === "error" && status.error instanceof PermissionViolationError
      ) {
        for (const { refused } of [...this.listeners]) refused(status.error);
      }
    }
  }

  async #awaitEnd(): Promise<void> {
    const reason = await this.nats.closed();
    const cause = reason instanceof Error ? { cause: reason } : undefined;
    const error = new NatsClosedError(cause);
    this.#lose(error);
    for (const { closed } of [...this.listeners]) closed(error);
  }

  #lose(error: Error): void {
    this.#loss = error;
    for (const reject of [...this.#waiting]) reject(error);
  }
}
