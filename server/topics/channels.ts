import { Waiters } from "./waiters.ts";

/**
 * Named channels of text, as Redis and NATS have them: who subscribes gets
 * what is published from then on.
 */
export interface Channels {
  /** Publishes a text on a channel. */
  publish(name: string, text: string): void | Promise<void>;
  /** Subscribes to a channel, from now on until the iteration is ended. */
  subscribe(name: string): AsyncIterableIterator<string, void>;
}

/** A subscriber that is behind by more texts than this loses the oldest. */
const MAX_BEHIND = 1_000;

/**
 * Channels within one process. A subscription is there from the call of
 * `subscribe` until it is returned from; a subscriber that reads too slowly
 * loses the oldest texts beyond a thousand.
 *
 * @example Usage
 * ```ts
 * import { InProcessChannels } from "@ruthere/presence/server/topics";
 * import { assertEquals } from "@std/assert";
 *
 * const channels = new InProcessChannels();
 * const news = channels.subscribe("news");
 * channels.publish("news", "it rains");
 * for await (const text of news) {
 *   assertEquals(text, "it rains");
 *   break;
 * }
 * ```
 */
export class InProcessChannels implements Channels {
  readonly #subscriptions = new Map<string, Set<Subscription>>();

  /** Publishes a text on a channel. O(subscribers). */
  publish(name: string, text: string): void {
    for (const subscription of this.#subscriptions.get(name) ?? []) {
      subscription.push(text);
    }
  }

  /** Subscribes to a channel. */
  subscribe(name: string): AsyncIterableIterator<string, void> {
    const subscriptions = this.#subscriptions.get(name) ?? new Set();
    this.#subscriptions.set(name, subscriptions);
    const subscription = new Subscription(() => {
      subscriptions.delete(subscription);
      if (subscriptions.size === 0) this.#subscriptions.delete(name);
    });
    subscriptions.add(subscription);
    return subscription;
  }
}

class Subscription implements AsyncIterableIterator<string, void> {
  readonly #onEnd: () => void;
  readonly #waiters = new Waiters<string>();
  #texts: string[] = [];
  #isDone = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(text: string): void {
    if (this.#waiters.give(text)) return;
    this.#texts.push(text);
    if (this.#texts.length > MAX_BEHIND) this.#texts.shift();
  }

  next(): Promise<IteratorResult<string, void>> {
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    const value = this.#texts.shift();
    if (value === undefined) return this.#waiters.wait();
    return Promise.resolve({ done: false, value });
  }

  return(): Promise<IteratorResult<string, void>> {
    if (!this.#isDone) {
      this.#isDone = true;
      this.#texts = [];
      this.#onEnd();
      this.#waiters.end();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
