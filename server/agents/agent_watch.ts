import type { Timestamp } from "../../core/mod.ts";
import { AgentPresenceError } from "./errors.ts";

/** Another agent has come up, or has gone down. */
export interface AgentEvent {
  /** Whether it is up or down. */
  readonly kind: "up" | "down";
  /** The id of the agent. */
  readonly agentId: string;
  /** Its project. */
  readonly project: string;
  /** When the agent was started, in Unix milliseconds by its own clock. */
  readonly startedAt: Timestamp;
  /** When this agent noticed, in Unix milliseconds by its own clock. */
  readonly seenAt: Timestamp;
}

/**
 * The events since the watch was made. It keeps a limited number of unread
 * events; with one more it fails, after the kept ones are read.
 */
export class AgentWatch implements AsyncIterableIterator<AgentEvent> {
  readonly #signal: AbortSignal;
  readonly #onEnd: (watch: AgentWatch) => void;
  readonly #reader: ReadableStreamDefaultReader<AgentEvent>;
  readonly #buffer: number;
  #controller!: ReadableStreamDefaultController<AgentEvent>;
  #isEnded = false;
  /** Thrown once, after the last kept event. */
  #error: Error | undefined;
  /** Returns the watch, which is its own iterator. */
  declare readonly [Symbol.asyncIterator]: () => this;
  /** Ends the watch. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** Made by `AgentPresence.watch()`. */
  constructor(
    buffer: number,
    signal: AbortSignal,
    onEnd: (watch: AgentWatch) => void,
  ) {
    this[Symbol.asyncIterator] = () => this;
    this[Symbol.asyncDispose] = this.#dispose;
    this.#buffer = buffer;
    this.#signal = signal;
    this.#onEnd = onEnd;
    const start = (controller: ReadableStreamDefaultController<AgentEvent>) => {
      this.#controller = controller;
    };
    this.#reader = new ReadableStream({ start }, { highWaterMark: buffer })
      .getReader();
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  /** Adds an event. */
  push(event: AgentEvent): void {
    if (this.#isEnded) return;
    if (this.#controller.desiredSize! > 0) this.#controller.enqueue(event);
    else {
      const reason = new Error(
        `more than ${this.#buffer} events were not read`,
      );
      this.end(new AgentPresenceError("Watch", reason));
    }
  }

  /** Ends the watch after the kept events, with an error if there is one. */
  end(error?: Error): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#error = error;
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#onEnd(this);
    this.#controller.close();
  }

  /** Waits for the next event. */
  async next(): Promise<IteratorResult<AgentEvent, undefined>> {
    const { done, value } = await this.#reader.read();
    if (!done) return { done, value };
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    return { done, value: undefined };
  }

  /** Ends the watch and drops the kept events. */
  return(): Promise<IteratorResult<AgentEvent, undefined>> {
    this.#onAbort();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #dispose(): Promise<void> {
    await this.return();
  }

  readonly #onAbort = (): void => {
    this.end();
    this.#error = undefined;
    this.#reader.cancel();
  };
}
