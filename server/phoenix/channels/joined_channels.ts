import type { Channel } from "./channel.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import type { JsonObject } from "../../internal.ts";
import type { Members } from "./members.ts";
import type { Outbox } from "../outbox.ts";
import { mayRead } from "../rights/rights.ts";

/** The channels of one socket, by their topics. */
export class JoinedChannels {
  readonly #members: Members;
  readonly #outbox: Outbox;
  readonly #channels = new Map<string, Channel>();
  /**
   * Those of them that have failed. What they hold stays until their client,
   * which is told to, joins anew: nobody is to see it leave meanwhile.
   */
  readonly #failed = new Set<Channel>();

  /** Makes it without a channel. */
  constructor(members: Members, outbox: Outbox) {
    this.#members = members;
    this.#outbox = outbox;
  }

  /** How many topics are joined. */
  get size(): number {
    return this.#channels.size - this.#failed.size;
  }

  /** The topics that are joined. */
  get topics(): string[] {
    return [...this.#channels]
      .filter(([, channel]) => !this.#failed.has(channel))
      .map(([topic]) => topic);
  }

  /** The channel of a topic, if it is joined. */
  get(topic: string): Channel | undefined {
    const channel = this.#channels.get(topic);
    return channel && this.#failed.has(channel) ? undefined : channel;
  }

  /**
   * Takes a channel in, in place of the former one of its topic. That ends only
   * now: whoever joins anew has not been away.
   */
  add(channel: Channel): void {
    const former = this.#channels.get(channel.topic);
    this.#members.add(channel);
    this.#channels.set(channel.topic, channel);
    if (former !== undefined) this.#dismiss(former);
  }

  /**
   * Ends the presence in a topic; a channel that has not failed stays.
   *
   * @returns Whether there is one.
   */
  untrack(topic: string): boolean {
    this.#channels.get(topic)?.untrack();
    return this.get(topic) !== undefined;
  }

  /** Leaves a topic, and all that is held there: it is a goodbye. */
  leave(topic: string): void {
    const channel = this.#channels.get(topic);
    if (channel !== undefined) this.#dismiss(channel);
  }

  /** Takes note that a channel has failed, and tells its client to join anew. */
  fail(channel: Channel): void {
    channel.stop();
    this.#members.delete(channel);
    this.#failed.add(channel);
    this.#outbox.push(channel, "phx_error", { reason: "channel_crash" });
  }

  /**
   * Heeds what a fresh identity may do.
   *
   * @param accepted Called before the client is told of what comes of it.
   * @returns Of how many topics it is told anew who is there.
   */
  judge(identity: PhoenixIdentity, accepted: () => void): number {
    // Also if the socket is closed by what is sent: then too they lose it.
    const channels = [...this.#channels.values()];
    accepted();
    let toldAnew = 0;
    for (const channel of channels) {
      // With this its client does not come back by itself.
      if (!mayRead(identity, channel.topic)) {
        this.#dismiss(channel, { reason: "unauthorized" });
      } else if (channel.judge(identity)) {
        toldAnew++;
      }
    }
    return toldAnew;
  }

  /** Ends them all without a goodbye: what they hold has its grace. */
  end(): void {
    for (const channel of this.#channels.values()) {
      this.#members.delete(channel);
      channel.end();
    }
    this.#channels.clear();
    this.#failed.clear();
  }

  /** Ends a channel that its client has left, joined anew, or may not read. */
  #dismiss(channel: Channel, payload: JsonObject = {}): void {
    channel.untrack();
    channel.end();
    this.#members.delete(channel);
    if (this.#channels.get(channel.topic) === channel) {
      this.#channels.delete(channel.topic);
    }
    // The client of one that has failed knows that it is over.
    if (this.#failed.delete(channel)) return;
    this.#outbox.push(channel, "phx_close", payload);
  }
}
