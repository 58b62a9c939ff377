import { JetStreamApiError } from "@nats-io/jetstream";
import {
  headers as makeHeaders,
  type Msg,
  NoRespondersError,
  type PermissionViolationError,
  type Subscription,
  TimeoutError,
} from "@nats-io/nats-core";
import { NatsBackboneClosedError } from "./errors.ts";
import type { Link } from "./link.ts";

/** What JetStream answers. */
export interface Answer {
  /** Why it refuses a request, if it does. */
  readonly error?: ConstructorParameters<typeof JetStreamApiError>[0];
  /** The revision of what was written, if something was. */
  readonly seq?: number;
}

/** A request whose answer has not arrived. */
interface Pending {
  readonly subject: string;
  /** When it was sent, by `performance.now()`. */
  readonly sentAt: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/**
 * Sends requests to JetStream. All answers arrive by one subscription, and one
 * timer watches over all of them. A request of the client, with a timer and stack
 * traces of its own, takes twice as long.
 */
export class Requests {
  readonly #link: Link;
  readonly #subject: string;
  readonly #timeoutMs: number;
  /** The oldest first. */
  readonly #pending = new Map<number, Pending>();
  #subscription: Subscription | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sent = 0;
  #isClosed = false;

  /**
   * Subscribes to nothing yet.
   *
   * @param subject The subject below which answers arrive; no other connection
   * uses it.
   */
  constructor(link: Link, subject: string, timeoutMs: number) {
    this.#link = link;
    this.#subject = subject;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Sends a request. Requests are sent in the order of the calls.
   *
   * @returns The answer.
   * @throws {JetStreamApiError} If JetStream refuses it.
   * @throws {NoRespondersError} If there is no bucket.
   */
  send(
    subject: string,
    value: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    if (this.#isClosed) {
      return Promise.reject(new NatsBackboneClosedError("ask NATS"));
    }
    const { nats } = this.#link;
    this.#subscription ??= nats.subscribe(`${this.#subject}.*`, {
      callback: (error, message) => {
        if (error === null) return this.#take(message);
        // The error has ended it: the next request subscribes again.
        this.#subscription = undefined;
        this.#rejectAll(error);
      },
    });
    const head = makeHeaders();
    for (const [name, text] of Object.entries(headers)) head.set(name, text);
    return new Promise((resolve, reject) => {
      const token = ++this.#sent;
      const sentAt = performance.now();
      this.#pending.set(token, { subject, sentAt, resolve, reject });
      this.#timer ??= setTimeout(() => this.#look(), this.#timeoutMs);
      const reply = `${this.#subject}.${token}`;
      try {
        nats.publish(subject, value, { reply, headers: head });
      } catch (error) {
        this.#pending.delete(token);
        reject(error);
      }
    });
  }

  /** Handles a permission that the connection lacks. */
  refused(error: PermissionViolationError): void {
    if (error.operation !== "publish") return;
    for (const [token, { subject, reject }] of this.#pending) {
      if (subject !== error.subject) continue;
      this.#pending.delete(token);
      reject(error);
    }
  }

  /** Ends the subscription. What is not answered yet fails. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#subscription?.unsubscribe();
    this.#rejectAll(new NatsBackboneClosedError("ask NATS"));
  }

  #take(message: Msg): void {
    const token = Number(message.subject.slice(this.#subject.length + 1));
    const pending = this.#pending.get(token);
    if (pending === undefined) return;
    this.#pending.delete(token);
    try {
      pending.resolve(answerOf(message, pending.subject));
    } catch (error) {
      pending.reject(error);
    }
  }

  /** Rejects what is late, and looks again when the next one may be. */
  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const [token, { sentAt, reject }] of this.#pending) {
      const left = sentAt + this.#timeoutMs - now;
      if (left > 0) {
        this.#timer = setTimeout(() => this.#look(), Math.ceil(left));
        return;
      }
      this.#pending.delete(token);
      reject(new TimeoutError());
    }
  }

  #rejectAll(error: unknown): void {
    const all = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of all) reject(error);
  }
}

function answerOf(message: Msg, subject: string): Answer {
  if (message.data.length === 0 && message.headers?.code === 503) {
    throw new NoRespondersError(subject);
  }
  const answer = message.json<Answer>();
  if (answer.error !== undefined) throw new JetStreamApiError(answer.error);
  return answer;
}
