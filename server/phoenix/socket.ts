import type { Visibility } from "../../core/mod.ts";
import type { TopicMeta, TopicViewer } from "../topics/mod.ts";
import { Backlog } from "./backlog.ts";
import type { Channel } from "./channels/channel.ts";
import type { Codec } from "./frames/codec.ts";
import { FrameError } from "./frames/frame_error.ts";
import type {
  JoinHookAnswer,
  PhoenixIdentity,
  TokenHookAnswer,
} from "./rights/identity.ts";
import { JoinedChannels } from "./channels/joined_channels.ts";
import type { JsonObject } from "../internal.ts";
import type { PhoenixMessage } from "./frames/message.ts";
import { Outbox } from "./outbox.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import { isHeartbeat, Requests, type SocketBroadcast } from "./requests.ts";
import type { SocketHub } from "./connection.ts";
import { Standing } from "./rights/standing.ts";
import { CLOSE_CODES, type SocketTransport } from "./runtimes/transport.ts";
import { cut, isLarger } from "./frames/bytes.ts";

/** What a socket asks the application, and tells its endpoint. */
export interface SocketHooks {
  /** See `PhoenixOptions`. */
  readonly join:
    | ((
      topic: string,
      params: JsonObject,
      identity: PhoenixIdentity,
      socket: PhoenixSocket,
    ) => JoinHookAnswer)
    | undefined;
  /** See `PhoenixOptions`. */
  readonly accessToken:
    | ((
      token: string,
      socket: PhoenixSocket,
    ) => TokenHookAnswer)
    | undefined;
  /** Told that a socket is no more. */
  onClosed(socket: PhoenixSocket): void;
}

/** No heartbeat of any client is longer. */
const MAX_HEARTBEAT = 200;

/** A close frame has no room for more. */
const MAX_REASON_BYTES = 123;

/**
 * One client of an endpoint. The application may change what it is present
 * with, what it may see, and end it; an adapter tells it what comes in.
 */
export class PhoenixSocket {
  /** Names it, for as long as it is open. */
  readonly id: string = crypto.randomUUID();
  /** Resolves when its transport is closed, and not only closing. */
  readonly gone: Promise<void>;
  #markGone: () => void = () => {};
  readonly #hub: SocketHub;
  readonly #hooks: SocketHooks;
  readonly #transport: SocketTransport;
  readonly #origin: string = `phoenix/${this.id}`;
  readonly #ended = new AbortController();
  readonly #outbox: Outbox;
  readonly #channels: JoinedChannels;
  readonly #standing: Standing;
  readonly #requests: Requests;
  readonly #backlog: Backlog;

  /** Made by an endpoint, when a transport has opened. */
  constructor(
    hub: SocketHub,
    hooks: SocketHooks,
    identity: PhoenixIdentity,
    codec: Codec,
    transport: SocketTransport,
  ) {
    const { limits, members, presence, tally } = hub;
    const { accessToken, join } = hooks;
    const { signal } = this.#ended;
    const { policyViolation } = CLOSE_CODES;
    this.#hub = hub;
    this.#hooks = hooks;
    this.#transport = transport;
    this.gone = new Promise((resolve) => this.#markGone = resolve);
    this.#outbox = new Outbox({
      transport,
      codec,
      bufferedBytes: limits.bufferedBytes,
      tally,
      signal,
      onHopeless: () => this.close(policyViolation, "Reads too slowly"),
    });
    this.#channels = new JoinedChannels(members, this.#outbox);
    this.#standing = new Standing(identity, {
      clock: () => presence.server.now,
      askToken: accessToken && ((token) => accessToken(token, this)),
      signal,
      onRevoked: () => this.kick("revoked"),
      onExpired: () => this.close(policyViolation, "token expired"),
      onReplaced: (accepted) => this.#judge(accepted),
    });
    this.#requests = new Requests({
      hub,
      presence,
      id: this.id,
      origin: this.#origin,
      outbox: this.#outbox,
      standing: this.#standing,
      channels: this.#channels,
      signal,
      askJoin: join &&
        ((topic, payload) => join(topic, payload, this.identity, this)),
      failed: (channel, error) => this.#fail(channel, error),
    });
    this.#backlog = new Backlog({
      maxLength: limits.bufferedBytes,
      take: (frame) => this.#take(frame),
      onError: (error) => this.#crash(error),
      signal,
    });
    this.#standing.begin();
  }

  /** Who it belongs to; a fresh token may change what they may do. */
  get identity(): PhoenixIdentity {
    return this.#standing.identity;
  }

  /** Whether something that it has made present is there. */
  get holds(): boolean {
    const { store } = this.#hub.presence.server;
    return store.snapshots({ origin: this.#origin }).length > 0;
  }

  /** Whether it is no more. */
  get closed(): boolean {
    return this.#ended.signal.aborted;
  }

  /** How many bytes wait to be sent to it. */
  get backlogBytes(): number {
    return this.#outbox.bytes;
  }

  /** The topics that it has joined. */
  get topics(): string[] {
    return this.#channels.topics;
  }

  // For the application

  /**
   * Makes it present in a topic that it has joined, or changes its meta there.
   *
   * @param topic The topic.
   * @param meta What to tell of it.
   * @param visibility Who it is shown to; as before, if it is left out.
   * @returns Whether it has joined the topic.
   * @throws {InvalidValueError} If the meta is not a JSON value, is too large, or
   * is no object where there is a stamp.
   * @throws {ContextAtCapacityError} If the topic is full.
   * @throws {Error} If the topic is a document, where nothing is tracked.
   */
  track(topic: string, meta: TopicMeta, visibility?: Visibility): boolean {
    const channel = this.#channels.get(topic);
    channel?.track(meta, visibility);
    channel?.attend();
    return channel !== undefined;
  }

  /**
   * Ends its presence in a topic, of a document too; it stays in the topic.
   *
   * @param topic The topic.
   * @returns Whether it has joined the topic.
   */
  untrack(topic: string): boolean {
    return this.#channels.untrack(topic);
  }

  /**
   * Changes what it may see of a topic that it has joined; the answer of a join
   * hook that is still under way counts after it. What it loses leaves for it,
   * what it gains joins.
   *
   * @param topic The topic.
   * @param viewer What it may see from now on.
   * @returns Whether it has joined the topic.
   */
  setViewer(topic: string, viewer: TopicViewer): boolean {
    const channel = this.#channels.get(topic);
    channel?.setViewer(viewer);
    return channel !== undefined;
  }

  /**
   * Ends it, and all that it is present with, at once. Its client is told to
   * go, with code 1008, and may come back if `authorize` lets it.
   *
   * @param reason What the client is told; what is beyond 123 bytes is cut off.
   */
  kick(reason = "kicked"): void {
    const { server } = this.#hub.presence;
    // Also if it is lost already: what it held may have its grace yet.
    if (!server.closed) server.withdrawOrigin(this.#origin);
    this.close(CLOSE_CODES.policyViolation, reason);
  }

  /**
   * Broadcasts on its behalf, in Supabase's dialect, to topics that it need not
   * have joined but may join and write to: all messages, or none if one is
   * refused. The join hook is asked once for each topic, with an empty payload.
   *
   * @param messages The messages, in order.
   * @throws What its client would be told: that it may not, or a message is too
   * large, or has a topic or an event of more than 255 bytes.
   */
  async broadcast(messages: readonly SocketBroadcast[]): Promise<void> {
    await this.#requests.broadcast(messages);
  }

  // For adapters

  /**
   * Takes a frame of the client. Never throws.
   *
   * @param frame The frame: a text, or bytes.
   */
  receive(frame: string | Uint8Array): void {
    if (this.closed) return;
    const { limits, tally } = this.#hub;
    tally.received++;
    this.#outbox.heard();
    if (isLarger(frame, limits.frameBytes)) {
      tally.refused("too-large");
      return this.close(CLOSE_CODES.messageTooBig, "The frame is too large");
    }
    try {
      // Whoever waits for an answer to it would think that nobody is here.
      const isUrgent = this.#backlog.isBusy && this.#isHeartbeat(frame);
      if (isUrgent) this.#take(frame);
      if (isUrgent || this.#backlog.put(frame)) return;
    } catch (error) {
      return this.#crash(error);
    }
    tally.refused("too-many-requests");
    this.close(CLOSE_CODES.policyViolation, "Too many frames at once");
  }

  /**
   * Takes note that the transport is closed, with whatever code. What it held
   * goes on for the server's grace. Never throws; once is enough.
   */
  lost(): void {
    this.#markGone();
    this.#end();
  }

  /** Closes it; what it held goes on for the server's grace. */
  close(code: number, reason: string): void {
    if (this.closed) return;
    this.#transport.close(code, cut(reason, MAX_REASON_BYTES));
    this.#end();
  }

  /**
   * Ends it if nothing of what was sent has gone out, and nothing has come in,
   * since some checks ago: nobody is at the other end.
   */
  check(): void {
    if (!this.#outbox.isDead()) return;
    this.#hub.tally.droppedFor("dead");
    this.#transport.terminate();
    this.lost();
  }

  /** Whether it belongs to somebody, by what they came with or have now. */
  isOf(identity: PhoenixIdentity): boolean {
    return this.#standing.isOf(identity);
  }

  /** Takes note that nothing is left that its rights could matter for. */
  release(): void {
    this.#standing.release();
  }

  // In

  /** Takes a frame; gives a promise if a hook is to answer first. */
  #take(frame: string | Uint8Array): Promise<void> | undefined {
    if (!this.#standing.stands()) return undefined;
    let message: PhoenixMessage;
    try {
      message = this.#outbox.codec.decode(frame);
    } catch (error) {
      this.#unreadable(error);
      return undefined;
    }
    try {
      return this.#requests.handle(message, frame)
        ?.catch((error: unknown) => this.#refuse(message, error));
    } catch (error) {
      this.#refuse(message, error);
      return undefined;
    }
  }

  #isHeartbeat(frame: string | Uint8Array): boolean {
    if (typeof frame !== "string" || frame.length > MAX_HEARTBEAT) return false;
    try {
      return isHeartbeat(this.#outbox.codec.decode(frame));
    } catch {
      // It is told of when its turn comes.
      return false;
    }
  }

  /** Tells the client why it does not get what it has asked for. */
  #refuse(message: PhoenixMessage, error: unknown): void {
    if (this.closed) return;
    const { kind, message: reason } = refusalOf(error);
    this.#hub.tally.refused(kind);
    if (kind === "closed") return this.#comeBack();
    if (kind === "internal-error") this.#hub.onError(error);
    this.#outbox.reply(message, { reason }, "error");
  }

  /** Tells the client, if it can be told what of; else it has to go. */
  #unreadable(error: unknown): void {
    if (!(error instanceof FrameError)) return this.#crash(error);
    this.#hub.tally.refused("invalid-request");
    const { joinRef, ref, topic, message: reason } = error;
    if (topic === undefined || ref === null) {
      return this.close(CLOSE_CODES.policyViolation, reason);
    }
    this.#outbox.reply({ joinRef, ref, topic }, { reason }, "error");
  }

  /** Applies the rights of a fresh identity to all that it has joined. */
  #judge(accepted: () => void): void {
    try {
      // Tokens that alternate between two rights would send states all the time.
      this.#requests.charge(this.#channels.judge(this.identity, accepted));
    } catch (error) {
      // They must not keep what was not judged.
      if (this.#hub.presence.server.closed) this.#comeBack();
      else this.#crash(error);
    }
  }

  // The end

  /** A channel can't tell who is there any more; the others go on. */
  #fail(channel: Channel, error: unknown): void {
    if (!(error instanceof Refusal)) this.#hub.onError(error);
    if (this.#hub.presence.server.closed) return this.#comeBack();
    this.#channels.fail(channel);
  }

  #crash(error: unknown): void {
    this.#hub.tally.refused("internal-error");
    this.#hub.onError(error);
    this.close(CLOSE_CODES.internalError, "Internal error");
  }

  /** Without a server there is nothing to do here, but there may be elsewhere. */
  #comeBack(): void {
    this.close(CLOSE_CODES.serviceRestart, "service restart");
  }

  #end(): void {
    if (this.closed) return;
    this.#ended.abort();
    this.#standing.stopExpiry();
    this.#channels.end();
    const { server } = this.#hub.presence;
    if (!server.closed) server.disconnect(this.#origin);
    this.#hooks.onClosed(this);
  }
}
