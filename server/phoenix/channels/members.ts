import type { Channel } from "./channel.ts";

/** The channels of a topic, and what hears of it from other servers. */
interface Topic {
  readonly channels: Set<Channel>;
  readonly hearing: Disposable;
}

/** The channels of all sockets, by their topics. */
export class Members {
  readonly #topics = new Map<string, Topic>();
  readonly #hear: (topic: string) => Disposable;

  /** @param hear Begins to hear what other servers tell of a topic. */
  constructor(hear: (topic: string) => Disposable) {
    this.#hear = hear;
  }

  /** Takes a channel in. O(1). */
  add(channel: Channel): void {
    let topic = this.#topics.get(channel.topic);
    if (topic === undefined) {
      topic = { channels: new Set(), hearing: this.#hear(channel.topic) };
      this.#topics.set(channel.topic, topic);
    }
    topic.channels.add(channel);
  }

  /** Forgets a channel. O(1). */
  delete(channel: Channel): void {
    const topic = this.#topics.get(channel.topic);
    if (!topic?.channels.delete(channel) || topic.channels.size > 0) return;
    topic.hearing[Symbol.dispose]();
    this.#topics.delete(channel.topic);
  }

  /** The channels of a topic. */
  of(topic: string): Iterable<Channel> {
    return this.#topics.get(topic)?.channels ?? [];
  }
}
