import type { JsonObject } from "../../internal.ts";
import type { Broadcast } from "../broadcasts/broadcast.ts";
import type { Codec } from "../frames/codec.ts";
import type { Outbox } from "../outbox.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import { mayRead } from "../rights/rights.ts";
import type { Channel } from "./channel.ts";

/** The channels of a topic, and the subscription to other servers. */
interface Topic {
  readonly channels: Set<Channel>;
  readonly subscription: Disposable;
}

/** The channels of all sockets, by topic. */
export class Members {
  readonly #topics = new Map<string, Topic>();
  readonly #subscribe: (topic: string) => Disposable;

  /** @param subscribe Subscribes to what other servers send about a topic. */
  constructor(subscribe: (topic: string) => Disposable) {
    this.#subscribe = subscribe;
  }

  /** Adds a channel. O(1). */
  add(channel: Channel): void {
    let topic = this.#topics.get(channel.topic);
    if (topic === undefined) {
      const subscription = this.#subscribe(channel.topic);
      topic = { channels: new Set(), subscription };
      this.#topics.set(channel.topic, topic);
    }
    topic.channels.add(channel);
  }

  /** Removes a channel. O(1). */
  delete(channel: Channel): void {
    const topic = this.#topics.get(channel.topic);
    if (!topic?.channels.delete(channel) || topic.channels.size > 0) return;
    topic.subscription[Symbol.dispose]();
    this.#topics.delete(channel.topic);
  }

  /**
   * Sends a broadcast to the members of a topic who may get it. Its frame is
   * written once for each version. O(members).
   *
   * @param from The channel of the sender, if it has one at this server.
   */
  deliver(topic: string, broadcast: Broadcast, from?: Channel): void {
    const { event, payload } = broadcast;
    const message = { joinRef: null, ref: null, topic, event, payload };
    const frames = new Map<Codec, string | Uint8Array | undefined>();
    for (const channel of this.#topics.get(topic)?.channels ?? []) {
      if (!channel.accepts(broadcast, channel === from)) continue;
      const { outbox } = channel.socket;
      const { codec } = outbox;
      if (!frames.has(codec)) frames.set(codec, codec.encode(message));
      outbox.offer(frames.get(codec));
    }
  }
}

/** The channels of one socket, by topic. */
export class JoinedChannels {
  readonly #members: Members;
  readonly #outbox: Outbox;
  /**
   * Failed ones too. What they hold stays until the client, which is asked to,
   * joins again: nobody shall see it leave meanwhile.
   */
  readonly #channels = new Map<string, Channel>();

  /** Makes it without a channel. */
  constructor(members: Members, outbox: Outbox) {
    this.#members = members;
    this.#outbox = outbox;
  }

  /** The topics that are joined. O(topics). */
  get topics(): string[] {
    return [...this.#channels.keys()]
      .filter((topic) => this.get(topic) !== undefined);
  }

  /** The channel of a topic, if it is joined. */
  get(topic: string): Channel | undefined {
    const channel = this.#channels.get(topic);
    return channel?.isStopped ? undefined : channel;
  }

  /**
   * Adds a channel in place of the former one of its topic. The former ends only
   * now: a client that joins again has not been away.
   */
  add(channel: Channel): void {
    const former = this.#channels.get(channel.topic);
    this.#members.add(channel);
    this.#channels.set(channel.topic, channel);
    if (former !== undefined) this.#dismiss(former);
  }

  /**
   * Ends the presence in a topic, also that of a failed channel.
   *
   * @returns Whether the topic is joined.
   */
  untrack(topic: string): boolean {
    this.#channels.get(topic)?.untrack();
    return this.get(topic) !== undefined;
  }

  /** Leaves a topic, with a goodbye. */
  leave(topic: string): void {
    const channel = this.#channels.get(topic);
    if (channel !== undefined) this.#dismiss(channel);
  }

  /** Marks a channel as failed, and asks its client to join again. */
  fail(channel: Channel): void {
    channel.stop();
    this.#members.delete(channel);
    this.#outbox.push(channel, "phx_error", { reason: "channel_crash" });
  }

  /**
   * Applies the rights of a fresh identity.
   *
   * @param accepted Called before the client learns the consequences.
   * @returns For how many topics the client gets a new state.
   */
  judge(identity: PhoenixIdentity, accepted: () => void): number {
    // They lose it even if the socket is closed by what is sent.
    const channels = [...this.#channels.values()];
    accepted();
    let newStates = 0;
    for (const channel of channels) {
      // With this reason the client does not rejoin.
      if (!mayRead(identity, channel.topic)) {
        this.#dismiss(channel, { reason: "unauthorized" });
      } else if (channel.judge(identity)) {
        newStates++;
      }
    }
    return newStates;
  }

  /** Ends all without a goodbye: what they hold has its grace. */
  end(): void {
    for (const channel of this.#channels.values()) {
      this.#members.delete(channel);
      channel.end();
    }
    this.#channels.clear();
  }

  /** Ends a channel that its client has left, joined again, or may not read. */
  #dismiss(channel: Channel, payload: JsonObject = {}): void {
    const hasFailed = channel.isStopped;
    channel.untrack();
    channel.end();
    this.#members.delete(channel);
    if (this.#channels.get(channel.topic) === channel) {
      this.#channels.delete(channel.topic);
    }
    // The client of a failed one knows already.
    if (!hasFailed) this.#outbox.push(channel, "phx_close", payload);
  }
}
