import type { Timestamp } from "../../core/mod.ts";
import { AgentPresenceError } from "./errors.ts";

/** Somebody is there, or is there no longer. */
export interface AgentEvent {
  /** Which of both. */
  readonly kind: "up" | "down";
  /** The agent. */
  readonly agentId: string;
  /** Its project. */
  readonly project: string;
  /** When the agent was started, in Unix milliseconds by its own clock. */
  readonly startedAt: Timestamp;
  /** When this was seen here, in Unix milliseconds by the clock of this process. */
  readonly seenAt: Timestamp;
}

/** How a watch has ended. */
interface End {
  /** Why it has failed, if it has. */
  readonly error?: Error | undefined;
}

/** Whoever waits for the next event. */
interface Waiter {
  readonly resolve: (result: IteratorResult<AgentEvent, undefined>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The events since it was made, whenever they are read. Of those that are yet
 * to be read it keeps a limited number; with one more it fails, after what it
 * has kept is read.
 */
export class AgentWatch implements AsyncIterableIterator<AgentEvent> {
  readonly #buffer: number;
  readonly #signal: AbortSignal;
  readonly #onEnd: (watch: AgentWatch) => void;
  readonly #waiters: Waiter[] = [];
  #events: AgentEvent[] = [];
  #end: End | undefined;

  /** Made by `AgentPresence.watch()`. */
  constructor(
    buffer: number,
    signal: AbortSignal,
    onEnd: (watch: AgentWatch) => void,
  ) {
    this.#buffer = buffer;
    this.#signal = signal;
    this.#onEnd = onEnd;
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** Takes an event for the reader. */
  push(event: AgentEvent): void {
    if (this.#end !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) waiter.resolve({ done: false, value: event });
    else if (this.#events.length < this.#buffer) this.#events.push(event);
    else this.end(new AgentPresenceError("Watch", this.#full()));
  }

  /** Ends, once what is kept is read; fails then if there is an error. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#onEnd(this);
    for (const { resolve, reject } of this.#waiters.splice(0)) {
      const told = this.#end.error;
      this.#end = {};
      if (told === undefined) resolve({ done: true, value: undefined });
      else reject(told);
    }
  }

  /** Waits for the next event. Calls are answered one after the other. */
  next(): Promise<IteratorResult<AgentEvent, undefined>> {
    const event = this.#events.shift();
    if (event !== undefined) {
      return Promise.resolve({ done: false, value: event });
    }
    if (this.#end === undefined) {
      return new Promise((resolve, reject) => {
        this.#waiters.push({ resolve, reject });
      });
    }
    const { error } = this.#end;
    // An error is told once; after it the end.
    this.#end = {};
    return error === undefined
      ? Promise.resolve({ done: true, value: undefined })
      : Promise.reject(error);
  }

  /** Ends it. */
  return(): Promise<IteratorResult<AgentEvent, undefined>> {
    this.#onAbort();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** It is its own iterator. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #full(): Error {
    return new Error(`more than ${this.#buffer} events were not read`);
  }

  /** Whoever has asked for it wants no more. */
  readonly #onAbort = (): void => {
    this.#events = [];
    this.end();
    this.#end = {};
  };
}
