import { broadcastOf, deliver } from "./broadcast.ts";
import { type Broadcast, broadcastText } from "./broadcast_text.ts";
import type { Channel } from "./channel.ts";
import { DocumentChannel, nobodyIsTracked } from "./document_channel.ts";
import type { FreshTokens } from "./fresh_tokens.ts";
import type { PhoenixIdentity } from "./identity.ts";
import { readVisibility } from "./join_params.ts";
import type { JoinedChannels } from "./joined_channels.ts";
import type { Joins } from "./joins.ts";
import type { JsonValue } from "./json.ts";
import { BinaryBroadcast, type PhoenixMessage } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import { own, payloadOf } from "./payload.ts";
import { Refusal } from "./refusal.ts";
import { isReserved } from "./reserved.ts";
import { assertMayWrite } from "./rights.ts";
import type { SocketHub } from "./socket_hub.ts";
import { decodeTextV2, encodeTextV2 } from "./text_frame.ts";
import { TokenBucket } from "./token_bucket.ts";
import { isLarger } from "./utf8.ts";

/** What requests need of their socket. */
export interface RequestingSocket {
  /** Names the socket. */
  readonly id: string;
  /** What goes out. */
  readonly outbox: Outbox;
  /** Who it belongs to, now and later. */
  readonly who: { readonly identity: PhoenixIdentity };
  /** What it has joined. */
  readonly channels: JoinedChannels;
  /** Joins topics. */
  readonly joins: Pick<Joins, "join" | "visit">;
  /** Takes fresh tokens. */
  readonly tokens: Pick<FreshTokens, "take">;
}

/** What a client tells all in a topic, without a join of its own. */
export interface SocketBroadcast {
  /** The topic. */
  readonly topic: string;
  /** What has happened: what Supabase's clients listen to. */
  readonly event: string;
  /** What is told of it: JSON or bytes; `undefined` for nothing. */
  readonly payload: JsonValue | Uint8Array | undefined;
}

/** Does what one client asks for. */
export class Requests {
  readonly #hub: SocketHub;
  readonly #socket: RequestingSocket;
  readonly #bucket: TokenBucket;

  /** Makes it; nothing has been asked for yet. */
  constructor(hub: SocketHub, socket: RequestingSocket) {
    const { limits, presence: { server } } = hub;
    this.#hub = hub;
    this.#socket = socket;
    this.#bucket = new TokenBucket(limits.messagesPerSecond, server.steadyNow);
  }

  /**
   * Does what a message asks for, and answers. What goes wrong is thrown, or
   * rejects.
   *
   * @param message The message.
   * @param frame What it came in.
   * @returns When it is done, if a hook is to answer first.
   */
  handle(
    message: PhoenixMessage,
    frame: string | Uint8Array,
  ): Promise<void> | undefined {
    const { outbox, channels, joins } = this.#socket;
    const { topic, event } = message;
    if (isHeartbeat(message)) {
      outbox.reply(message, {});
      return undefined;
    }
    if (!this.#bucket.take(this.#hub.presence.server.steadyNow)) {
      throw new Refusal("too many messages", "too-many-requests");
    }
    if (event === "phx_join") return joins.join(message);
    const channel = channels.get(topic);
    if (channel !== undefined) return this.#within(channel, message, frame);
    if (event !== "phx_leave") {
      throw new Refusal("unmatched topic", "not-found");
    }
    this.#leave(message);
    return undefined;
  }

  /**
   * Broadcasts to topics that need not be joined: all messages, or none if one
   * is refused. Their number is for the caller to limit.
   */
  async broadcast(messages: readonly SocketBroadcast[]): Promise<void> {
    const framed = messages.map(frameOf);
    const channels = new Map<string, Channel>();
    for (const [message] of framed) {
      if (channels.has(message.topic)) continue;
      channels.set(message.topic, await this.#socket.joins.visit(message));
    }
    const broadcasts: [string, Broadcast][] = [];
    for (const [message, frame] of framed) {
      const channel = channels.get(message.topic);
      if (channel === undefined) continue;
      const broadcast = this.#broadcastOf(message, channel, frame);
      broadcasts.push([message.topic, broadcast]);
    }
    for (const [topic, broadcast] of broadcasts) this.#tell(topic, broadcast);
  }

  /** Takes into account what else was done for the client, as many messages. */
  charge(count: number): void {
    this.#bucket.charge(count);
  }

  /** Does what is asked for in a topic that is joined. */
  #within(
    channel: Channel,
    message: PhoenixMessage,
    frame: string | Uint8Array,
  ): Promise<void> | undefined {
    const { event, joinRef } = message;
    // It is for a join that is over.
    if (joinRef !== null && joinRef !== channel.joinRef) return undefined;
    if (event === "access_token") return this.#refreshToken(message);
    if (channel instanceof DocumentChannel && channel.knows(event)) {
      const { outbox, who } = this.#socket;
      channel.take(event, payloadOf(message), who.identity);
      outbox.reply(message, {});
    } else if (event === "phx_leave") {
      this.#leave(message);
    } else if (event === "presence") {
      this.#setPresence(message, channel);
    } else {
      this.#broadcast(message, channel, frame);
    }
    return undefined;
  }

  /**
   * Leaves a topic. Who has not joined, or not any more, is answered as well.
   * The goodbye comes before the reply, which may close the socket: else what
   * they hold would have its grace. The `phx_close` comes after it.
   */
  #leave(message: PhoenixMessage): void {
    const { outbox, channels } = this.#socket;
    channels.untrack(message.topic);
    outbox.reply(message, {});
    channels.leave(message.topic);
  }

  #setPresence(message: PhoenixMessage, channel: Channel): void {
    const { outbox, who } = this.#socket;
    const payload = payloadOf(message);
    if (channel instanceof DocumentChannel) {
      assertMayWrite(who.identity, [channel.topic]);
      throw nobodyIsTracked();
    }
    switch (own(payload, "event")) {
      case "track": {
        assertMayWrite(who.identity, [channel.topic]);
        const visibility = readVisibility(payload, "track presence");
        const meta = own(payload, "payload");
        channel.track(meta === undefined ? {} : meta, visibility, true);
        outbox.reply(message, {});
        return channel.attend();
      }
      case "untrack":
        channel.untrack();
        return outbox.reply(message, {});
      default:
        throw new Refusal(
          `the event of "presence" must be "track" or "untrack"`,
        );
    }
  }

  async #refreshToken(message: PhoenixMessage): Promise<void> {
    const { outbox, tokens } = this.#socket;
    const token = own(payloadOf(message), "access_token");
    if (typeof token !== "string") {
      throw new Refusal("access_token must be a string");
    }
    await tokens.take(token, () => outbox.reply(message, {}));
  }

  #broadcast(
    message: PhoenixMessage,
    channel: Channel,
    frame: string | Uint8Array,
  ): void {
    const broadcast = this.#broadcastOf(message, channel, frame);
    this.#tell(channel.topic, broadcast, channel);
    this.#socket.outbox.reply(message, {});
  }

  /** Makes a broadcast of a message, if its client may send it. */
  #broadcastOf(
    message: PhoenixMessage,
    channel: Channel,
    frame: string | Uint8Array,
  ): Broadcast {
    const { id, who } = this.#socket;
    const { broadcastBytes } = this.#hub.limits;
    if (isLarger(frame, broadcastBytes)) {
      throw new Refusal(
        `a broadcast may have ${broadcastBytes} bytes`,
        "too-large",
      );
    }
    if (isReserved(message.event)) {
      throw new Refusal(
        `the event ${JSON.stringify(message.event)} is the protocol's own`,
      );
    }
    assertMayWrite(who.identity, [channel.topic]);
    const sender = { key: channel.key, connection: id };
    return broadcastOf(message, sender, channel.shown());
  }

  #tell(topic: string, broadcast: Broadcast, from?: Channel): void {
    const { members, presence: { server } } = this.#hub;
    deliver(topic, broadcast, members.of(topic), from);
    if (server.replicated) {
      server.relay.publish(topic, broadcastText(broadcast));
    }
  }
}

/** Whether a message wants nothing but an answer. */
export function isHeartbeat({ topic, event }: PhoenixMessage): boolean {
  return topic === "phoenix" && event === "heartbeat";
}

/**
 * Puts a broadcast into the frame that a client of Supabase would send.
 *
 * @throws {FrameError} If there is none.
 */
function frameOf(
  { topic, event, payload }: SocketBroadcast,
): [PhoenixMessage, string | Uint8Array] {
  const none = { joinRef: null, ref: null };
  const named = encodeTextV2({ ...none, topic, event, payloadJson: "{}" });
  const message = decodeTextV2(named);
  if (payload instanceof Uint8Array) {
    const bytes = new BinaryBroadcast(event, payload);
    return [{ ...message, event: "broadcast", payload: bytes }, payload];
  }
  const frame = encodeTextV2({
    ...none,
    topic,
    event: "broadcast",
    payloadJson: JSON.stringify({ type: "broadcast", event, payload }),
  });
  return [decodeTextV2(frame), frame];
}
