import type { Channel } from "./channel.ts";

/** The channels of all sockets, by their topics. */
export class Members {
  readonly #byTopic = new Map<string, Set<Channel>>();

  /** Takes a channel in. O(1). */
  add(channel: Channel): void {
    const there = this.#byTopic.get(channel.topic);
    if (there === undefined) {
      this.#byTopic.set(channel.topic, new Set([channel]));
    } else there.add(channel);
  }

  /** Forgets a channel. O(1). */
  delete(channel: Channel): void {
    const there = this.#byTopic.get(channel.topic);
    there?.delete(channel);
    if (there?.size === 0) this.#byTopic.delete(channel.topic);
  }

  /** The channels of a topic. */
  of(topic: string): Iterable<Channel> {
    return this.#byTopic.get(topic) ?? [];
  }
}
