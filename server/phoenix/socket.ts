import {
  InvalidValueError,
  type Timestamp,
  type Visibility,
} from "../../core/mod.ts";
import { ContextAtCapacityError, ServerClosedError } from "../mod.ts";
import { documentIdOf } from "../documents/mod.ts";
import type { JsonValue, TopicPresence, TopicViewer } from "../topics/mod.ts";
import { broadcastOf, deliver } from "./broadcast.ts";
import { broadcastText } from "./broadcast_text.ts";
import {
  Channel,
  type ChannelSettings,
  type ChannelSocket,
} from "./channel.ts";
import type { Codec } from "./codec.ts";
import { readArrival } from "./document_arrival.ts";
import { DocumentChannel, type JoinedDocuments } from "./document_channel.ts";
import { FrameError } from "./frame_error.ts";
import {
  type Admission,
  type PhoenixIdentity,
  PUBLIC_IDENTITY,
  type Rejection,
} from "./identity.ts";
import {
  type JoinParams,
  own,
  readJoinParams,
  readVisibility,
} from "./join_params.ts";
import type { JsonObject } from "./json.ts";
import type { PhoenixLimits } from "./limits.ts";
import type { Members } from "./members.ts";
import { BinaryBroadcast, type PhoenixMessage } from "./message.ts";
import type { PhoenixOptions } from "./options.ts";
import { kindOf, type PhoenixTally } from "./phoenix_stats.ts";
import { Refusal } from "./refusal.ts";
import { isReserved } from "./reserved.ts";
import { Stall } from "./stall.ts";
import { hasExpired, Standing } from "./standing.ts";
import { TokenBucket } from "./token_bucket.ts";
import { cut, isLarger } from "./utf8.ts";
import { CLOSE_CODES, type SocketTransport } from "./transport.ts";

/** What the sockets of an endpoint have in common. */
export interface SocketHub {
  /** The topics. */
  readonly presence: TopicPresence;
  /** The documents that the topics `document:*` are, if they are any. */
  readonly documents: JoinedDocuments | undefined;
  /** The channels of all sockets. */
  readonly members: Members;
  /** What one socket may ask for. */
  readonly limits: PhoenixLimits;
  /** Counts what happens. */
  readonly tally: PhoenixTally;
  /** What the application decides. */
  readonly hooks: Pick<PhoenixOptions, "accessToken" | "join">;
  /** Told of what should not happen. */
  onError(error: unknown): void;
  /** Told that a socket is no more. */
  onClosed(socket: PhoenixSocket): void;
}

/** A close frame has no room for more. */
const MAX_REASON_BYTES = 123;

/** What was asked for, and what the application says to it. */
interface JoinAnswer {
  readonly params: JoinParams;
  readonly admission: Admission | Rejection;
}

/** More frames than this do not wait for a hook to answer. */
const MAX_BACKLOG = 256;

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
  readonly #codec: Codec;
  readonly #transport: SocketTransport;
  readonly #channels = new Map<string, Channel>();
  readonly #bucket: TokenBucket;
  readonly #stall: Stall;
  readonly #link: ChannelSocket;
  readonly #standing: Standing;
  /** What the identity has come with, if it is not the first one. */
  #token: string | undefined;
  #backlog: (string | Uint8Array)[] | undefined;
  #backlogUnits = 0;
  #isClosed = false;

  /** Made by an endpoint, when a transport has opened. */
  constructor(
    hub: SocketHub,
    identity: PhoenixIdentity,
    codec: Codec,
    transport: SocketTransport,
  ) {
    const { limits, presence } = hub;
    this.#hub = hub;
    this.#codec = codec;
    this.#transport = transport;
    this.#bucket = new TokenBucket(
      limits.messagesPerSecond,
      presence.server.now,
    );
    this.gone = new Promise((resolve) => this.#markGone = resolve);
    this.#stall = new Stall(transport, limits.bufferedBytes);
    const stall = this.#stall;
    this.#link = {
      codec,
      origin: `phoenix/${this.id}`,
      send: (frame) => this.#send(frame),
      offer: (frame) => {
        if (!this.#stall.isFull) this.#send(frame);
        else hub.tally.framesLeftOut++;
      },
      get isFull() {
        return stall.isFull;
      },
      writable: () => {
        hub.tally.statesResent++;
        return stall.over();
      },
      drained: () => stall.over(),
      failed: (channel, error) => this.#fail(channel, error),
    };
    this.#standing = new Standing(identity, () => presence.server.now, {
      onRevoked: () => this.kick("revoked"),
      onExpired: () => this.close(CLOSE_CODES.policyViolation, "token expired"),
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
    const { origin } = this.#link;
    return store.snapshots({ origin }).length > 0;
  }

  /** Whether it is no more. */
  get closed(): boolean {
    return this.#isClosed;
  }

  /** How many bytes wait to be sent to it. */
  get backlogBytes(): number {
    return this.#stall.bytes;
  }

  /** The topics that it has joined. */
  get topics(): string[] {
    return [...this.#channels.keys()];
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
  track(topic: string, meta: JsonValue, visibility?: Visibility): boolean {
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
    const channel = this.#channels.get(topic);
    channel?.untrack();
    return channel !== undefined;
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
    if (!server.closed) server.withdrawOrigin(this.#link.origin);
    this.close(CLOSE_CODES.policyViolation, reason);
  }

  // For adapters

  /**
   * Takes a frame of the client. Never throws.
   *
   * @param frame The frame: a text, or bytes.
   */
  receive(frame: string | Uint8Array): void {
    if (this.#isClosed) return;
    this.#hub.tally.received++;
    this.#stall.heard();
    try {
      this.#receive(frame);
    } catch (error) {
      this.#crash(error);
    }
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
    if (this.#isClosed) return;
    this.#transport.close(code, cut(reason, MAX_REASON_BYTES));
    this.#end();
  }

  /**
   * Ends it if nothing of what was sent has gone out, and nothing has come in,
   * since some checks ago: nobody is at the other end.
   */
  check(): void {
    if (!this.#stall.isDead()) return;
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

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#standing.stopExpiry();
    this.#backlog = undefined;
    for (const channel of this.#channels.values()) {
      this.#hub.members.delete(channel);
      channel.end();
    }
    this.#channels.clear();
    this.#stall.end();
    const { server } = this.#hub.presence;
    if (!server.closed) server.disconnect(this.#link.origin);
    this.#hub.onClosed(this);
  }

  #receive(frame: string | Uint8Array): void {
    if (isLarger(frame, this.#hub.limits.frameBytes)) {
      this.#hub.tally.refused("too-large");
      return this.close(CLOSE_CODES.messageTooBig, "The frame is too large");
    }
    if (this.#backlog === undefined) {
      const pending = this.#take(frame);
      if (pending === undefined) return;
      this.#waitFor(pending).catch((error: unknown) => this.#crash(error));
    } else if (
      this.#backlog.length < MAX_BACKLOG &&
      this.#backlogUnits + frame.length <= this.#hub.limits.bufferedBytes
    ) {
      this.#backlog.push(frame);
      this.#backlogUnits += frame.length;
    } else {
      this.#hub.tally.refused("too-many-requests");
      this.close(CLOSE_CODES.policyViolation, "Too many frames at once");
    }
  }

  async #waitFor(pending: Promise<void>): Promise<void> {
    const backlog: (string | Uint8Array)[] = [];
    this.#backlog = backlog;
    this.#backlogUnits = 0;
    await pending;
    while (!this.#isClosed) {
      const frame = backlog.shift();
      this.#backlogUnits -= frame?.length ?? 0;
      if (frame === undefined) break;
      await this.#take(frame);
    }
    this.#backlog = undefined;
  }

  #crash(error: unknown): void {
    this.#hub.tally.refused("internal-error");
    this.#hub.onError(error);
    this.close(CLOSE_CODES.internalError, "Internal error");
  }

  /** Takes a frame; gives a promise if a hook is to answer first. */
  #take(frame: string | Uint8Array): Promise<void> | undefined {
    let message: PhoenixMessage;
    try {
      message = this.#codec.decode(frame);
    } catch (error) {
      this.#unreadable(error);
      return undefined;
    }
    try {
      return this.#handle(message, frame)
        ?.catch((error: unknown) => this.#refuse(message, error));
    } catch (error) {
      this.#refuse(message, error);
      return undefined;
    }
  }

  #handle(
    message: PhoenixMessage,
    frame: string | Uint8Array,
  ): Promise<void> | undefined {
    const { topic, event } = message;
    if (topic === "phoenix" && event === "heartbeat") {
      this.#reply(message, {});
      return undefined;
    }
    if (!this.#bucket.take(this.#hub.presence.server.now)) {
      throw new Refusal("too many messages", "too-many-requests");
    }
    if (event === "phx_join") return this.#join(message);
    const channel = this.#channels.get(topic);
    if (channel === undefined) {
      if (event !== "phx_leave") {
        throw new Refusal("unmatched topic", "not-found");
      }
      this.#reply(message, {});
      return undefined;
    }
    // It is for a join that is over.
    if (message.joinRef !== null && message.joinRef !== channel.joinRef) {
      return undefined;
    }
    if (channel instanceof DocumentChannel && channel.knows(event)) {
      channel.take(event, jsonOf(message), this.identity);
      this.#reply(message, {});
      return undefined;
    }
    switch (event) {
      case "phx_leave":
        this.#leave(message, channel);
        return undefined;
      case "presence":
        this.#setPresence(message, channel);
        return undefined;
      case "access_token":
        return this.#refreshToken(message);
      default:
        this.#broadcast(message, channel, frame);
        return undefined;
    }
  }

  #join(message: PhoenixMessage): Promise<void> | undefined {
    const { topic } = message;
    const isFull = this.#channels.size >= this.#hub.limits.topics &&
      !this.#channels.has(topic);
    if (topic === "phoenix") throw new Refusal("unmatched topic", "not-found");
    if (isFull) {
      throw new Refusal("too many channels joined", "too-many-requests");
    }
    let answer: JoinAnswer | Promise<JoinAnswer>;
    try {
      answer = this.#askToJoin(topic, jsonOf(message));
    } catch (error) {
      this.#dismissFormer(topic);
      throw error;
    }
    const { documents } = this.#hub;
    if (documents !== undefined && documentIdOf(topic) !== undefined) {
      return this.#joinDocument(message, documents, answer);
    }
    if (!(answer instanceof Promise)) {
      this.#admit(message, answer);
      return undefined;
    }
    return answer.then((given) => this.#admit(message, given), (error) => {
      this.#dismissFormer(topic);
      throw error;
    });
  }

  #askToJoin(
    topic: string,
    payload: JsonObject,
  ): JoinAnswer | Promise<JoinAnswer> {
    const params = readJoinParams(topic, payload);
    const token = own(payload, "access_token");
    // Supabase's clients put what they last had into each join. Their key of a
    // project is nobody's token.
    const isFresh = params.dialect === "supabase" &&
      typeof token === "string" && !token.startsWith("sb_") &&
      this.#hub.hooks.accessToken !== undefined;
    return isFresh
      ? this.#takeToken(token).then(() =>
        this.#askHookToJoin(topic, payload, params)
      )
      : this.#askHookToJoin(topic, payload, params);
  }

  #askHookToJoin(
    topic: string,
    payload: JsonObject,
    params: JoinParams,
  ): JoinAnswer | Promise<JoinAnswer> {
    if (this.identity.canRead(topic) !== true) {
      return { params, admission: { reason: "unauthorized" } };
    }
    const { join } = this.#hub.hooks;
    if (join === undefined) return { params, admission: {} };
    const answerOf = (admission: Admission | Rejection) => {
      assertAnswered(admission);
      return { params, admission };
    };
    const given = join(topic, payload, this.identity, this);
    return isThenable(given)
      ? Promise.resolve(given).then(answerOf)
      : answerOf(given);
  }

  /** Somebody comes into a document before the join is theirs, or not at all. */
  async #joinDocument(
    message: PhoenixMessage,
    documents: JoinedDocuments,
    asked: JoinAnswer | Promise<JoinAnswer>,
  ): Promise<void> {
    const { topic } = message;
    let channel: DocumentChannel | undefined;
    try {
      const answer = await asked;
      if (this.#isClosed) return;
      channel = await this.#comeIn(message, documents, answer);
      this.#admit(message, answer, channel);
    } catch (error) {
      this.#dismissFormer(topic);
      throw error;
    } finally {
      // The socket may have ended meanwhile, or they have lost the right.
      if (this.#channels.get(topic) !== channel) channel?.untrack();
    }
  }

  async #comeIn(
    message: PhoenixMessage,
    documents: JoinedDocuments,
    { params, admission }: JoinAnswer,
  ): Promise<DocumentChannel> {
    const { topic } = message;
    const { presence, limits } = this.#hub;
    this.#assertAdmitted(topic, admission);
    const payload = jsonOf(message);
    const arrival = readArrival(topic, payload, admission, limits.metaBytes);
    const channel = new DocumentChannel(presence, documents, this.#link, {
      ...this.#settingsOf(message, params, admission),
      documentId: documentIdOf(topic) ?? "",
    });
    if (arrival !== undefined) await channel.comeIn(arrival, this);
    return channel;
  }

  /** They may have lost the right while the hook took its time. */
  #assertAdmitted(
    topic: string,
    admission: Admission | Rejection,
  ): asserts admission is Admission {
    if (this.identity.canRead(topic) !== true) {
      throw new Refusal("unauthorized", "unauthorized");
    }
    if (admission.reason !== undefined) {
      throw new Refusal(admission.reason, "refused");
    }
  }

  #admit(
    message: PhoenixMessage,
    { params, admission }: JoinAnswer,
    entered?: DocumentChannel,
  ): void {
    // The hook may have ended the socket, or taken its time.
    if (this.#isClosed) return;
    if (this.#hub.presence.server.closed) return this.#comeBack();
    const { topic } = message;
    const former = this.#channels.get(topic);
    let channel: Channel;
    try {
      this.#assertAdmitted(topic, admission);
      channel = entered ?? this.#enter(message, params, admission);
      this.#channels.set(topic, channel);
      this.#hub.members.add(channel);
    } finally {
      // Only now: whoever joins anew has not been away.
      if (former !== undefined) this.#dismiss(former);
    }
    this.#reply(message, {
      ...params.dialect === "supabase" ? { postgres_changes: [] } : {},
      ...admission.response,
      ...entered?.greeting,
      key: channel.key,
      ...this.#hub.presence.positionOf(topic),
    });
    channel.begin();
  }

  /** A join that fails leaves no former one behind: its client knows of none. */
  #dismissFormer(topic: string): void {
    const former = this.#channels.get(topic);
    if (former !== undefined) this.#dismiss(former);
  }

  #enter(
    message: PhoenixMessage,
    params: JoinParams,
    admission: Admission,
  ): Channel {
    const { presence } = this.#hub;
    const settings = this.#settingsOf(message, params, admission);
    const channel = new Channel(presence, this.#link, settings);
    if (admission.meta !== undefined) {
      channel.track(admission.meta);
    } else if (params.meta !== undefined) {
      this.#assertMayWrite(message.topic);
      channel.track(params.meta, undefined, true);
    }
    return channel;
  }

  #settingsOf(
    { topic, joinRef, ref }: PhoenixMessage,
    params: JoinParams,
    admission: Admission,
  ): ChannelSettings {
    const { identity } = this;
    const { limits } = this.#hub;
    const key = admission.key ?? identity.subject ?? params.key ?? this.id;
    // A key that a client has only claimed shows it nothing, unless all do.
    const isClaimed = key === params.key && key !== admission.key &&
      key !== identity.subject && identity !== PUBLIC_IDENTITY;
    const viewerOf = ({ viewer }: PhoenixIdentity): TopicViewer => {
      const { restricted, private: isPrivate } = admission.viewer ?? viewer;
      const subject = admission.viewer?.subject ??
        (typeof viewer.subject === "string" ? viewer.subject : undefined) ??
        (isClaimed ? undefined : key);
      return { restricted, private: isPrivate, subject };
    };
    return {
      topic,
      joinRef: joinRef ?? ref,
      key,
      viewer: viewerOf(identity),
      viewerOf: admission.viewer === undefined ? viewerOf : undefined,
      visibility: admission.visibility ?? params.visibility,
      stamp: admission.stamp,
      self: params.self,
      presence: params.presence,
      dialect: params.dialect,
      metaBytes: limits.metaBytes,
    };
  }

  #leave(message: PhoenixMessage, channel: Channel): void {
    channel.untrack();
    this.#reply(message, {});
    this.#dismiss(channel);
  }

  #setPresence(message: PhoenixMessage, channel: Channel): void {
    const payload = jsonOf(message);
    switch (own(payload, "event")) {
      case "track": {
        this.#assertMayWrite(channel.topic);
        const visibility = readVisibility(payload, "track presence");
        const meta = own(payload, "payload");
        channel.track(meta === undefined ? {} : meta, visibility, true);
        this.#reply(message, {});
        return channel.attend();
      }
      case "untrack":
        channel.untrack();
        return this.#reply(message, {});
      default:
        throw new Refusal(
          `the event of "presence" must be "track" or "untrack"`,
        );
    }
  }

  async #refreshToken(message: PhoenixMessage): Promise<void> {
    const token = own(jsonOf(message), "access_token");
    if (typeof token !== "string") {
      throw new Refusal("access_token must be a string");
    }
    await this.#takeToken(token);
    this.#reply(message, {});
  }

  /** Takes a token that says who they are now, if its hook finds nothing wrong. */
  async #takeToken(token: string): Promise<void> {
    // One goes to each channel.
    if (token === this.#token) return;
    const answer = await this.#hub.hooks.accessToken?.(token, this);
    if (this.#isClosed) throw new Refusal("the socket is closed", "closed");
    if (answer === undefined) return;
    if (answer.reason !== undefined) {
      throw new Refusal(answer.reason, "refused");
    }
    this.#adopt(answer);
    this.#token = token;
  }

  /** Has another identity from now on: all that it is in is judged anew. */
  #adopt(identity: PhoenixIdentity): void {
    const { server } = this.#hub.presence;
    const reason = reasonAgainst(identity, this.identity, server.now);
    if (reason !== undefined) throw new Refusal(reason, "refused");
    this.#standing.replace(identity);
    try {
      for (const channel of [...this.#channels.values()]) {
        if (identity.canRead(channel.topic) !== true) {
          // With this its client does not come back by itself.
          this.#dismiss(channel, { reason: "unauthorized" });
        } else {
          channel.judge(identity);
        }
      }
    } catch (error) {
      // They must not keep what was not judged.
      if (server.closed) this.#comeBack();
      else this.#crash(error);
    }
  }

  #broadcast(
    message: PhoenixMessage,
    channel: Channel,
    frame: string | Uint8Array,
  ): void {
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
    this.#assertMayWrite(channel.topic);
    const sender = { key: channel.key, connection: this.id };
    const { topic } = channel;
    const { members, presence: { server } } = this.#hub;
    const broadcast = broadcastOf(message, sender, channel.shown());
    deliver(topic, broadcast, members.of(topic), channel);
    if (server.replicated) server.tellOthers(topic, broadcastText(broadcast));
    this.#reply(message, {});
  }

  #assertMayWrite(topic: string): void {
    if (this.identity.canWrite(topic) !== true) {
      throw new Refusal("unauthorized to publish here", "unauthorized");
    }
  }

  // Out

  #reply(
    { joinRef, ref, topic }: Pick<PhoenixMessage, "joinRef" | "ref" | "topic">,
    response: JsonObject,
    status: "ok" | "error" = "ok",
  ): void {
    if (ref === null) return;
    const reply = { joinRef, ref, topic, status, response };
    this.#send(this.#codec.encodeReply(reply));
  }

  #refuse(message: PhoenixMessage, error: unknown): void {
    if (this.#isClosed) return;
    this.#hub.tally.refused(kindOf(error));
    if (error instanceof ServerClosedError) return this.#comeBack();
    const isTold = error instanceof Refusal ||
      error instanceof InvalidValueError ||
      error instanceof ContextAtCapacityError;
    if (!isTold) this.#hub.onError(error);
    const reason = isTold ? error.message : "internal error";
    this.#reply(message, { reason }, "error");
  }

  /** Tells the client, if it can be told what of; else it has to go. */
  #unreadable(error: unknown): void {
    if (!(error instanceof FrameError)) return this.#crash(error);
    this.#hub.tally.refused("invalid-request");
    const { joinRef, ref, topic, message } = error;
    if (topic === undefined || ref === null) {
      return this.close(CLOSE_CODES.policyViolation, message);
    }
    this.#reply({ joinRef, ref, topic }, { reason: message }, "error");
  }

  /** Ends a channel that its client has left, joined anew, or may not read. */
  #dismiss(channel: Channel, payload: JsonObject = {}): void {
    channel.untrack();
    this.#remove(channel);
    this.#tell(channel, "phx_close", payload);
  }

  /** Tells the client to join anew. */
  #fail(channel: Channel, error: unknown): void {
    if (!(error instanceof Refusal)) this.#hub.onError(error);
    if (this.#hub.presence.server.closed) return this.#comeBack();
    this.#remove(channel);
    this.#tell(channel, "phx_error", { reason: "channel_crash" });
  }

  /** Without a server there is nothing to do here, but there may be elsewhere. */
  #comeBack(): void {
    this.close(CLOSE_CODES.serviceRestart, "service restart");
  }

  #remove(channel: Channel): void {
    channel.end();
    this.#hub.members.delete(channel);
    if (this.#channels.get(channel.topic) === channel) {
      this.#channels.delete(channel.topic);
    }
  }

  #tell(channel: Channel, event: string, payload: JsonObject): void {
    const { joinRef, topic } = channel;
    const message = { joinRef, ref: joinRef, topic, event, payload };
    this.#send(this.#codec.encode(message));
  }

  #send(frame: string | Uint8Array | undefined): void {
    if (this.#isClosed || frame === undefined) return;
    if (this.#stall.isHopeless) {
      this.#hub.tally.droppedFor("slow");
      return this.close(CLOSE_CODES.policyViolation, "Reads too slowly");
    }
    this.#stall.send(frame);
  }
}

/** Why a fresh identity can't take the place of a socket's, if it can't. */
function reasonAgainst(
  fresh: PhoenixIdentity,
  { subject }: PhoenixIdentity,
  now: Timestamp,
): string | undefined {
  if (fresh.subject !== subject) return "the token is not yours";
  if (fresh.signal?.aborted) return "the token has been revoked";
  return hasExpired(fresh, now) ? "the token has expired" : undefined;
}

/** Not by its class: databases have promises of their own. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && "then" in value;
}

/** Who answers nothing has let nobody in. */
function assertAnswered(admission: unknown): void {
  if (typeof admission === "object" && admission !== null) return;
  throw new TypeError(
    `Cannot join topic: the hook must give an admission or a rejection: received ${
      String(admission)
    }`,
  );
}

function jsonOf({ payload }: PhoenixMessage): JsonObject {
  if (payload instanceof Uint8Array || payload instanceof BinaryBroadcast) {
    throw new Refusal("the payload must be JSON");
  }
  return payload;
}
