import type { Watch } from "../mod.ts";
import type {
  DocumentListener,
  DocumentListening,
} from "./document_listening.ts";
import type { DocumentMessage } from "./document_message.ts";

type Result = IteratorResult<DocumentMessage, void>;

const DONE: Result = { done: true, value: undefined };

/**
 * Reads what a listening tells, message by message: it has room for as many as
 * are waited for. It begins with its first `next()`.
 */
export class DocumentReader
  implements Watch<DocumentMessage>, DocumentListener {
  readonly #listening: DocumentListening;
  readonly #signal: AbortSignal | undefined;
  #hasBegun = false;
  #isDone = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: ((result: Result | Promise<Result>) => void)[] = [];

  /** Makes a reader; `listen` gives what it reads. */
  constructor(
    listen: (listener: DocumentListener) => DocumentListening,
    signal: AbortSignal | undefined,
  ) {
    this.#listening = listen(this);
    this.#signal = signal;
  }

  /** Waits for the next message. Calls are answered one after the other. */
  next(): Promise<Result> {
    if (!this.#hasBegun) this.#begin();
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#isDone) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#listening.resume();
    });
  }

  /** Takes a message, if one is waited for. */
  take(message: DocumentMessage): boolean {
    const waiter = this.#waiting.shift();
    waiter?.({ done: false, value: message });
    return waiter !== undefined;
  }

  /** Ends: whoever waits for a message waits no longer. */
  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#listening[Symbol.dispose]();
    this.#settle(DONE);
  }

  /** Ends, by an error that whoever waits gets, or else the next one to ask. */
  fail(error: unknown): void {
    if (this.#waiting.length === 0) this.#failure = { error };
    else this.#settle(Promise.reject(error));
    this.end();
  }

  /** Ends. */
  return(): Promise<Result> {
    this.end();
    return Promise.resolve(DONE);
  }

  /** It is its own iterator. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends. */
  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  readonly #onAbort = (): void => this.end();

  #begin(): void {
    this.#hasBegun = true;
    if (this.#signal?.aborted) return this.end();
    this.#signal?.addEventListener("abort", this.#onAbort);
  }

  #settle(result: Result | Promise<Result>): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter(result);
  }
}
