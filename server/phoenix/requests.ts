import { type JsonValue, TokenBucket } from "../internal.ts";
import {
  type Broadcast,
  broadcastOf,
  broadcastText,
  isReserved,
} from "./broadcasts/broadcast.ts";
import type { Channel } from "./channels/channel.ts";
import { completenessOf, Joins } from "./channels/joins.ts";
import type { Connection } from "./connection.ts";
import { isLarger } from "./frames/bytes.ts";
import { V2 } from "./frames/codec.ts";
import { readHeader } from "./frames/frame_header.ts";
import { BinaryBroadcast, type PhoenixMessage } from "./frames/message.ts";
import { messageRate } from "./limits.ts";
import { own, payloadOf } from "./payload.ts";
import { Refusal } from "./refusal.ts";
import { assertMayWrite } from "./rights/rights.ts";

/** A broadcast of a client without a join of its own. */
export interface SocketBroadcast {
  /** The topic. */
  readonly topic: string;
  /** The event that Supabase's clients listen to. */
  readonly event: string;
  /** The content: JSON or bytes; `undefined` for none. */
  readonly payload: JsonValue | Uint8Array | undefined;
}

/** Does what one client asks for. */
export class Requests {
  readonly #connection: Connection;
  readonly #joins: Joins;
  readonly #bucket: TokenBucket;

  /** Makes it; nothing was asked for yet. */
  constructor(connection: Connection) {
    const { hub: { limits }, presence: { server } } = connection;
    this.#connection = connection;
    this.#joins = new Joins(connection);
    this.#bucket = new TokenBucket(messageRate(limits), server.steadyNow);
  }

  /**
   * Does what a message asks for, and answers. What fails is thrown, or rejects.
   *
   * @param message The message.
   * @param frame Its frame.
   * @returns When it is done, if a hook must answer first.
   */
  handle(
    message: PhoenixMessage,
    frame: string | Uint8Array,
  ): Promise<void> | undefined {
    const { channels, outbox, presence, standing } = this.#connection;
    const { event, joinRef, topic } = message;
    if (isHeartbeat(message)) {
      outbox.reply(message, completenessOf(presence.server));
      return undefined;
    }
    const channel = channels.get(topic);
    const isForJoin = channel !== undefined && joinRef !== null;
    // It is for a join that has ended.
    const isLate = isForJoin && joinRef !== channel.joinRef;
    // Nobody stays because they have done too much.
    if (event === "phx_leave") {
      if (isLate) return undefined;
      // The goodbye precedes the reply, which may close the socket: otherwise
      // what it holds would have its grace. A client that has not joined the
      // topic gets a reply as well.
      channels.untrack(topic);
      outbox.reply(message, {});
      channels.leave(topic);
      return undefined;
    }
    if (this.#bucket.take(presence.server.steadyNow) > 0) {
      throw new Refusal("too many messages", "too-many-requests");
    }
    if (event === "phx_join") return this.#joins.join(message);
    if (isLate) return undefined;
    if (channel === undefined) {
      throw new Refusal("unmatched topic", "not-found");
    }
    if (event === "access_token") return this.#refreshToken(message);
    if (!channel.handle(message, standing.identity)) {
      const broadcast = this.#broadcastOf(message, channel, frame);
      this.#send(topic, broadcast, channel);
    }
    outbox.reply(message, {});
    return undefined;
  }

  /**
   * Broadcasts to topics that need not be joined: all messages, or none if one
   * is refused. The caller must limit their number.
   */
  async broadcast(messages: readonly SocketBroadcast[]): Promise<void> {
    const channels = new Map<string, Channel>();
    const visits: [PhoenixMessage, Channel, string | Uint8Array][] = [];
    for (const [message, frame] of messages.map(frameOf)) {
      const { topic } = message;
      const channel = channels.get(topic) ?? await this.#joins.visit(message);
      channels.set(topic, channel);
      visits.push([message, channel, frame]);
    }
    // Only now: while a hook takes its time, rights may change.
    const broadcasts = visits.map((visit) =>
      [visit[0].topic, this.#broadcastOf(...visit)] as const
    );
    for (const [topic, broadcast] of broadcasts) this.#send(topic, broadcast);
  }

  /** Counts messages for what else was done for the client. */
  charge(count: number): void {
    this.#bucket.charge(count);
  }

  async #refreshToken(message: PhoenixMessage): Promise<void> {
    const { outbox, standing } = this.#connection;
    const token = own(payloadOf(message), "access_token");
    if (typeof token !== "string") {
      throw new Refusal("access_token must be a string");
    }
    await standing.refresh(token, () => outbox.reply(message, {}));
  }

  /** Makes a broadcast of a message, if its client may send it. */
  #broadcastOf(
    message: PhoenixMessage,
    channel: Channel,
    frame: string | Uint8Array,
  ): Broadcast {
    const { hub, id, standing } = this.#connection;
    const { broadcastBytes } = hub.limits;
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
    assertMayWrite(standing.identity, [channel.topic]);
    const sender = { key: channel.key, connection: id };
    return broadcastOf(message, sender, channel.shown());
  }

  #send(topic: string, broadcast: Broadcast, from?: Channel): void {
    const { hub: { members }, presence: { server } } = this.#connection;
    members.deliver(topic, broadcast, from);
    if (server.replicated) {
      server.relay.publish(topic, broadcastText(broadcast));
    }
  }
}

/** Reports whether a message wants only an answer. */
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
  const named = readHeader({ joinRef: null, ref: null, topic, event });
  const header = { ...named, event: "broadcast" };
  if (payload instanceof Uint8Array) {
    const bytes = new BinaryBroadcast(event, payload);
    return [{ ...header, payload: bytes }, payload];
  }
  const json = JSON.stringify({ type: "broadcast", event, payload });
  const frame = V2.encodeText(header, json);
  return [V2.decode(frame), frame];
}
