import { type Listener, type Listening, Reader } from "../rooms/mod.ts";

/**
 * Named channels of text, as Redis and NATS have them: a subscriber receives
 * what is published from then on.
 */
export interface Channels {
  /** Publishes a text on a channel. */
  publish(name: string, text: string): void | Promise<void>;
  /** Subscribes to a channel until the iteration ends. */
  subscribe(name: string): AsyncIterableIterator<string, void>;
}

/** A subscriber that is behind by more texts than this loses the oldest. */
const MAX_BEHIND = 1_000;

/**
 * Channels within one process. A subscription begins with the call of
 * `subscribe` and ends when the iteration does. A slow subscriber loses the
 * oldest texts beyond a thousand.
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
    return new Reader<string>((listener) => {
      const subscription = new Subscription(listener, () => {
        subscriptions.delete(subscription);
        if (subscriptions.size === 0) this.#subscriptions.delete(name);
      });
      subscriptions.add(subscription);
      return subscription;
    });
  }
}

class Subscription implements Listening {
  readonly #listener: Listener<string>;
  readonly #onEnd: () => void;
  #texts: string[] = [];
  declare readonly [Symbol.dispose]: () => void;

  constructor(listener: Listener<string>, onEnd: () => void) {
    this[Symbol.dispose] = this.#dispose;
    this.#listener = listener;
    this.#onEnd = onEnd;
  }

  push(text: string): void {
    this.#texts.push(text);
    this.resume();
    if (this.#texts.length > MAX_BEHIND) this.#texts.shift();
  }

  resume(): void {
    let [next] = this.#texts;
    while (next !== undefined && this.#listener.take(next)) {
      this.#texts.shift();
      [next] = this.#texts;
    }
  }

  #dispose(): void {
    this.#texts = [];
    this.#onEnd();
  }
}
