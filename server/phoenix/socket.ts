import type { Visibility } from "../../core/mod.ts";
import type { JsonObject } from "../internal.ts";
import type { TopicMeta, TopicViewer } from "../topics/mod.ts";
import { Backlog } from "./backlog.ts";
import type { Channel } from "./channels/channel.ts";
import { JoinedChannels } from "./channels/joined_channels.ts";
import type { Connection, SocketHub } from "./connection.ts";
import { cut, isLarger } from "./frames/bytes.ts";
import type { Codec } from "./frames/codec.ts";
import { FrameError } from "./frames/frame_error.ts";
import type { PhoenixMessage } from "./frames/message.ts";
import { Outbox } from "./outbox.ts";
import { Refusal, refusalOf } from "./refusal.ts";
import { isHeartbeat, Requests, type SocketBroadcast } from "./requests.ts";
import type {
  JoinHookAnswer,
  PhoenixIdentity,
  TokenHookAnswer,
} from "./rights/identity.ts";
import { Standing } from "./rights/standing.ts";
import { CLOSE_CODES, type SocketTransport } from "./runtimes/transport.ts";

/** What an endpoint asks the application about a socket. */
export interface PhoenixHooks {
  /**
   * Lets a client into a topic, or not; called after `canRead` of the identity
   * has allowed it. It must answer: `{}` lets the client in as it asks. Left
   * out, all clients get in as they ask.
   */
  readonly join?:
    | ((
      topic: string,
      params: JsonObject,
      identity: PhoenixIdentity,
      socket: PhoenixSocket,
    ) => JoinHookAnswer)
    | undefined;
  /**
   * Accepts a fresh token of a client's event `access_token`, or of a join of
   * Supabase's clients, or refuses it with a reason for the client. The socket
   * of a refused token stays open, unless it is kicked. Left out, tokens are
   * ignored.
   *
   * An identity in the answer replaces that of the socket, and must have the
   * same subject. What it may no longer read is closed, what it may no longer
   * write is withdrawn, and the client gets what it may see now. What a join
   * hook or `setViewer()` has given it to see stays. The hook is not asked again
   * about the token of the current identity.
   */
  readonly accessToken?:
    | ((token: string, socket: PhoenixSocket) => TokenHookAnswer)
    | undefined;
}

/** What the sockets of an endpoint share with each other and with it. */
export interface EndpointHub extends SocketHub, PhoenixHooks {
  /** Called when a socket has ended. */
  onClosed(socket: PhoenixSocket): void;
}

/** No client has a longer heartbeat. */
const MAX_HEARTBEAT = 200;

/** A close frame has no room for a longer reason. */
const MAX_REASON_BYTES = 123;

/**
 * One client of an endpoint. The application may change its presence and what it
 * may see, and may end it. An adapter passes the frames of the client to it.
 */
export class PhoenixSocket {
  /** Names it. */
  readonly id: string = crypto.randomUUID();
  /** Resolves when its transport has closed, and is not only closing. */
  readonly gone: Promise<void>;
  #markGone: () => void = () => {};
  readonly #hub: EndpointHub;
  readonly #transport: SocketTransport;
  readonly #ended = new AbortController();
  readonly #connection: Connection;
  readonly #requests: Requests;
  readonly #backlog: Backlog;

  /** Made by an endpoint, when a transport has opened. */
  constructor(
    hub: EndpointHub,
    identity: PhoenixIdentity,
    codec: Codec,
    transport: SocketTransport,
  ) {
    const { accessToken, join, limits, members, presence, tally, turn } = hub;
    const { signal } = this.#ended;
    const { policyViolation } = CLOSE_CODES;
    this.#hub = hub;
    this.#transport = transport;
    this.gone = new Promise((resolve) => this.#markGone = resolve);
    const outbox = new Outbox({
      transport,
      codec,
      bufferedBytes: limits.bufferedBytes,
      tally,
      turn,
      signal,
      onHopeless: () => this.close(policyViolation, "Reads too slowly"),
    });
    const standing = new Standing(identity, {
      clock: () => presence.server.now,
      askToken: accessToken && ((token) => accessToken(token, this)),
      signal,
      onRevoked: () => this.kick("revoked"),
      onExpired: () => this.close(policyViolation, "token expired"),
      onReplaced: (accepted) => this.#judge(accepted),
    });
    this.#connection = {
      hub,
      presence,
      id: this.id,
      origin: `phoenix/${this.id}`,
      outbox,
      standing,
      channels: new JoinedChannels(members, outbox),
      signal,
      askJoin: join &&
        ((topic, payload) => join(topic, payload, this.identity, this)),
      failed: (channel, error) => this.#fail(channel, error),
    };
    this.#requests = new Requests(this.#connection);
    this.#backlog = new Backlog({
      maxLength: limits.bufferedBytes,
      take: (frame) => this.#take(frame),
      onError: (error) => this.#crash(error),
      signal,
    });
    standing.begin();
  }

  /** Who it belongs to; a fresh token may change what they may do. */
  get identity(): PhoenixIdentity {
    return this.#connection.standing.identity;
  }

  /** Whether something is present because of it. */
  get holds(): boolean {
    const { origin, presence: { server } } = this.#connection;
    return server.store.snapshots({ origin }).length > 0;
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#ended.signal.aborted;
  }

  /** How many bytes wait to be sent to it. */
  get backlogBytes(): number {
    return this.#connection.outbox.measure();
  }

  /** The topics that it has joined. */
  get topics(): string[] {
    return this.#connection.channels.topics;
  }

  // For the application

  /**
   * Makes it present in a topic that it has joined, or changes its meta there.
   *
   * @param topic The topic.
   * @param meta Its meta.
   * @param visibility Who it is shown to; left out, the same as before.
   * @returns Whether it has joined the topic.
   * @throws {InvalidValueError} If the meta is not a JSON value, is too large, or
   * is no object where there is a stamp.
   * @throws {ContextAtCapacityError} If the topic is full.
   * @throws {Error} If the topic is too large for one more, or a document, where
   * nothing is tracked.
   */
  track(topic: string, meta: TopicMeta, visibility?: Visibility): boolean {
    const channel = this.#connection.channels.get(topic);
    channel?.track(meta, visibility);
    channel?.ensureWatching();
    return channel !== undefined;
  }

  /**
   * Ends its presence in a topic or a document; it stays in the topic.
   *
   * @param topic The topic.
   * @returns Whether it has joined the topic.
   */
  untrack(topic: string): boolean {
    return this.#connection.channels.untrack(topic);
  }

  /**
   * Changes what it may see of a topic that it has joined. What it loses leaves
   * for it, what it gains joins. A join hook that has yet to answer overrides it.
   *
   * @param topic The topic.
   * @param viewer What it may see from now on.
   * @returns Whether it has joined the topic.
   */
  setViewer(topic: string, viewer: TopicViewer): boolean {
    const channel = this.#connection.channels.get(topic);
    channel?.setViewer(viewer);
    return channel !== undefined;
  }

  /**
   * Ends it and its presence at once, with code 1008. Its client may reconnect
   * if `authorize` lets it.
   *
   * @param reason The reason for the client, cut off after 123 bytes.
   */
  kick(reason = "kicked"): void {
    const { origin, presence: { server } } = this.#connection;
    // Also if it is lost already: what it held may have its grace yet.
    if (!server.closed) server.withdrawOrigin(origin);
    this.close(CLOSE_CODES.policyViolation, reason);
  }

  /**
   * Broadcasts on its behalf, in Supabase's dialect, to topics that it need not
   * have joined but may join and write to: all messages, or none if one is
   * refused. The join hook is asked once for each topic, with an empty payload.
   *
   * @param messages The messages, in order.
   * @throws What its client would get: that it may not, or that a message is too
   * large, or has a topic or an event of more than 255 bytes.
   */
  async broadcast(messages: readonly SocketBroadcast[]): Promise<void> {
    await this.#requests.broadcast(messages);
  }

  // For adapters

  /**
   * Handles a frame of the client. Never throws.
   *
   * @param frame The frame: a text, or bytes.
   */
  receive(frame: string | Uint8Array): void {
    if (this.closed) return;
    const { hub: { limits, tally }, outbox } = this.#connection;
    tally.received++;
    outbox.received();
    if (isLarger(frame, limits.frameBytes)) {
      tally.countRefusal("too-large");
      return this.close(CLOSE_CODES.messageTooBig, "The frame is too large");
    }
    try {
      // A client that waits for the answer would give up the connection.
      const isUrgent = this.#backlog.isBusy && this.#isHeartbeat(frame);
      if (isUrgent) this.#take(frame);
      if (isUrgent || this.#backlog.put(frame)) return;
    } catch (error) {
      return this.#crash(error);
    }
    tally.countRefusal("too-many-requests");
    this.close(CLOSE_CODES.policyViolation, "Too many frames at once");
  }

  /**
   * Handles the closing of the transport, whatever the close code. What it held
   * remains for the server's grace. Never throws; later calls do nothing.
   */
  lost(): void {
    this.#markGone();
    this.#end();
  }

  /** Closes it; what it held remains for the server's grace. */
  close(code: number, reason: string): void {
    if (this.closed) return;
    try {
      this.#connection.outbox.flush();
      this.#transport.close(code, cut(reason, MAX_REASON_BYTES));
    } finally {
      this.#end();
    }
  }

  // For the endpoint

  /**
   * Ends it if its client is dead: for some checks nothing was sent out or
   * received.
   */
  check(): void {
    const { hub, outbox } = this.#connection;
    if (!outbox.isDead()) return;
    hub.tally.countDrop("dead");
    this.#transport.terminate();
    this.lost();
  }

  /** Reports whether it belongs to an identity, by its first or its latest. */
  isOf(identity: PhoenixIdentity): boolean {
    return this.#connection.standing.isOf(identity);
  }

  /** Handles that it holds nothing any more: rights no longer matter. */
  release(): void {
    this.#connection.standing.release();
  }

  // In

  /** Handles a frame; returns a promise if a hook must answer first. */
  #take(frame: string | Uint8Array): Promise<void> | undefined {
    const { outbox, standing } = this.#connection;
    if (!standing.checkRights()) return undefined;
    let message: PhoenixMessage;
    try {
      message = outbox.codec.decode(frame);
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
      return isHeartbeat(this.#connection.outbox.codec.decode(frame));
    } catch {
      // It is refused when its turn comes.
      return false;
    }
  }

  /** Tells the client why a request was refused. */
  #refuse(message: PhoenixMessage, error: unknown): void {
    if (this.closed) return;
    const { hub, outbox } = this.#connection;
    const { kind, message: reason } = refusalOf(error);
    hub.tally.countRefusal(kind);
    if (kind === "closed") return this.#restart();
    if (kind === "internal-error") hub.onError(error);
    outbox.reply(message, { reason }, "error");
  }

  /** Refuses a frame, or closes the socket if there is no ref to reply to. */
  #unreadable(error: unknown): void {
    if (!(error instanceof FrameError)) return this.#crash(error);
    const { hub, outbox } = this.#connection;
    hub.tally.countRefusal("invalid-request");
    const { message: reason, origin: { joinRef, ref, topic } } = error;
    if (topic === undefined || ref === null) {
      return this.close(CLOSE_CODES.policyViolation, reason);
    }
    outbox.reply({ joinRef, ref, topic }, { reason }, "error");
  }

  /** Applies the rights of a fresh identity to all that it has joined. */
  #judge(accepted: () => void): void {
    const { channels, presence } = this.#connection;
    try {
      // Tokens that alternate between two rights would send states all the time.
      this.#requests.charge(channels.judge(this.identity, accepted));
    } catch (error) {
      // They must not keep what was not judged.
      if (presence.server.closed) this.#restart();
      else this.#crash(error);
    }
  }

  // The end

  /** Handles a channel that can no longer tell who is there; others go on. */
  #fail(channel: Channel, error: unknown): void {
    const { channels, hub, presence } = this.#connection;
    if (!(error instanceof Refusal)) hub.onError(error);
    if (presence.server.closed) return this.#restart();
    channels.fail(channel);
  }

  #crash(error: unknown): void {
    const { hub } = this.#connection;
    hub.tally.countRefusal("internal-error");
    hub.onError(error);
    this.close(CLOSE_CODES.internalError, "Internal error");
  }

  /** Sends the client to another server: this one is closed. */
  #restart(): void {
    this.close(CLOSE_CODES.serviceRestart, "service restart");
  }

  #end(): void {
    if (this.closed) return;
    const { channels, origin, presence: { server } } = this.#connection;
    this.#ended.abort();
    channels.end();
    if (!server.closed) server.disconnect(origin);
    this.#hub.onClosed(this);
  }
}
