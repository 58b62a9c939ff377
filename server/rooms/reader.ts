import type { Watch } from "../mod.ts";
import type { Listener, Listening } from "./listening.ts";

type Result<T> = IteratorResult<T, void>;

const DONE = { done: true, value: undefined } as const;

/**
 * Reads the messages of a listening one by one: it takes a message for each
 * `next()` that waits. The listening begins with the first `next()`.
 */
export class Reader<T> implements Watch<T>, Listener<T> {
  readonly #listening: Listening;
  readonly #signal: AbortSignal | undefined;
  #hasBegun = false;
  #isDone = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: ((result: Result<T> | Promise<Result<T>>) => void)[] = [];
  /** Returns itself. */
  declare readonly [Symbol.asyncIterator]: () => this;
  /** Ends. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** Makes a reader; `listen` returns what it reads, a signal ends it. */
  constructor(
    listen: (listener: Listener<T>) => Listening,
    signal?: AbortSignal,
  ) {
    this[Symbol.asyncIterator] = () => this;
    this[Symbol.asyncDispose] = this.#dispose;
    this.#listening = listen(this);
    this.#signal = signal;
  }

  /** Waits for the next message. Calls are answered in order. */
  next(): Promise<Result<T>> {
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

  /** Takes a message if a call of `next()` waits for one. */
  take(message: T): boolean {
    const waiter = this.#waiting.shift();
    waiter?.({ done: false, value: message });
    return waiter !== undefined;
  }

  /** Ends, and with it every call of `next()` that waits. */
  end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#listening[Symbol.dispose]();
    this.#settle(DONE);
  }

  /** Ends with an error, for the calls that wait or else for the next one. */
  fail(error: unknown): void {
    if (this.#waiting.length === 0) this.#failure = { error };
    else this.#settle(Promise.reject(error));
    this.end();
  }

  /** Ends. */
  return(): Promise<Result<T>> {
    this.end();
    return Promise.resolve(DONE);
  }

  #dispose(): Promise<void> {
    this.end();
    return Promise.resolve();
  }

  readonly #onAbort = (): void => this.end();

  #begin(): void {
    this.#hasBegun = true;
    if (this.#signal?.aborted) return this.end();
    this.#signal?.addEventListener("abort", this.#onAbort);
  }

  #settle(result: Result<T> | Promise<Result<T>>): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) waiter(result);
  }
}
