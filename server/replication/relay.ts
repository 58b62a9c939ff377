import type { Key, PresenceModel } from "../../core/mod.ts";
import type { PresenceRelay } from "../contracts.ts";

/** The relay of a server: its subscribers by context. */
export class Relay<M extends PresenceModel> implements PresenceRelay<M> {
  readonly #handlers = new Map<Key, Set<(text: string) => void>>();
  readonly #onSubscribed: (
    context: M["context"],
    isSubscribed: boolean,
  ) => void;
  /** See {@linkcode PresenceRelay.publish}. */
  readonly publish: (context: M["context"], text: string) => void;

  /**
   * Creates a relay without subscribers.
   *
   * @param publish Sends a text to the other servers.
   * @param onSubscribed Called when a context gets its first subscriber, and
   * when it loses the last one.
   */
  constructor(
    publish: (context: M["context"], text: string) => void,
    onSubscribed: (context: M["context"], isSubscribed: boolean) => void,
  ) {
    this.publish = publish;
    this.#onSubscribed = onSubscribed;
  }

  /** See {@linkcode PresenceRelay.subscribe}. */
  subscribe(
    context: M["context"],
    handler: (text: string) => void,
  ): Disposable {
    // A new function, so that a handler can be subscribed twice.
    const subscriber = (text: string) => handler(text);
    const handlers = this.#handlers.get(context) ?? new Set();
    handlers.add(subscriber);
    if (handlers.size === 1) {
      this.#handlers.set(context, handlers);
      this.#onSubscribed(context, true);
    }
    return {
      [Symbol.dispose]: () => {
        if (!handlers.delete(subscriber) || handlers.size > 0) return;
        this.#handlers.delete(context);
        this.#onSubscribed(context, false);
      },
    };
  }

  /** Delivers a text of another server to the subscribers of a context. */
  deliver(context: M["context"], text: string): void {
    for (const handler of [...this.#handlers.get(context) ?? []]) handler(text);
  }

  /** Reports whether a context has a subscriber. O(1). */
  has(context: M["context"]): boolean {
    return this.#handlers.has(context);
  }

  /** Lists the contexts that have a subscriber. */
  contexts(): M["context"][] {
    return [...this.#handlers.keys()];
  }
}
