import { documentIdOf } from "../../documents/mod.ts";
import { ServerClosedError } from "../../mod.ts";
import { Channel, type ChannelSocket } from "./channel.ts";
import { type ChannelSettings, settingsOf } from "./channel_settings.ts";
import { readArrival } from "./document_arrival.ts";
import { DocumentChannel, type JoinedDocuments } from "./document_channel.ts";
import type { FreshTokens } from "../rights/fresh_tokens.ts";
import type {
  Admission,
  JoinHookAnswer,
  Rejection,
} from "../rights/identity.ts";
import { type JoinParams, readJoinParams } from "./join_params.ts";
import type { JoinedChannels } from "./joined_channels.ts";
import type { JsonObject } from "../../internal.ts";
import type { PhoenixMessage } from "../frames/message.ts";
import { own, payloadOf } from "../payload.ts";
import { Refusal } from "../refusal.ts";
import { assertMayRead, assertMayWrite } from "../rights/rights.ts";
import type { SocketHub } from "../socket_hub.ts";
import type { Standing } from "../rights/standing.ts";

/** What joins need of their socket. */
export interface JoiningSocket {
  /** Names the socket. */
  readonly id: string;
  /** What channels need of it. */
  readonly link: ChannelSocket;
  /** Who it belongs to, now and later. */
  readonly who: Pick<Standing, "identity" | "stands">;
  /** What it has joined. */
  readonly channels: JoinedChannels;
  /** Takes the tokens that come with joins. */
  readonly tokens: Pick<FreshTokens, "areHeeded" | "take">;
  /** What the application says to a join; left out, all get in as they ask. */
  readonly ask:
    | ((
      topic: string,
      payload: JsonObject,
    ) => JoinHookAnswer)
    | undefined;
  /** Aborted when the socket is no more. */
  readonly signal: AbortSignal;
}

/** What was asked for, and what the application says to it. */
interface Answer {
  readonly params: JoinParams;
  readonly admission: Admission | Rejection;
}

/** A document that somebody joins. */
interface JoinedDocument {
  readonly documents: JoinedDocuments;
  readonly documentId: string;
}

/** The joins of one client: asked for, answered by the application, entered. */
export class Joins {
  readonly #hub: SocketHub;
  readonly #socket: JoiningSocket;

  /** Makes it; nothing is joined yet. */
  constructor(hub: SocketHub, socket: JoiningSocket) {
    this.#hub = hub;
    this.#socket = socket;
  }

  /**
   * Joins a topic, and answers. What goes wrong is thrown, or rejects.
   *
   * @returns When it is done; `undefined` if it is already.
   * @throws {Refusal} If they may not.
   * @throws {InvalidValueError} If what they ask for makes no sense.
   * @throws {ContextAtCapacityError} If there is no room for them.
   * @throws {ServerClosedError} If the server is no more.
   */
  join(message: PhoenixMessage): Promise<void> | undefined {
    const { topic } = message;
    const failed = (error: unknown): never => {
      // No former join is left behind, not one that has failed either: its
      // client knows of none.
      const { server } = this.#hub.presence;
      if (!server.closed) this.#socket.channels.leave(topic);
      throw error;
    };
    try {
      this.#assertOpen();
      this.#assertRoom(topic);
      return this.#join(message)?.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  /**
   * Lets somebody speak in a topic without a join, if they might join it: they
   * are not made present, and hear nothing. What goes wrong rejects, as it is
   * thrown by `join()`.
   *
   * @returns The channel that they would have.
   */
  async visit(message: PhoenixMessage): Promise<Channel> {
    const { topic } = message;
    this.#assertOpen();
    const { params, admission } = await this.#ask(topic, {});
    this.#assertAdmitted(topic, admission);
    const settings = this.#settingsOf(message, params, admission);
    return new Channel(this.#hub.presence, this.#socket.link, settings);
  }

  #assertOpen(): void {
    const { server } = this.#hub.presence;
    if (server.closed) throw new ServerClosedError("join topic");
  }

  /** Makes sure that they are here yet: hooks take their time, or end them. */
  #assertStands(): void {
    const { who, signal } = this.#socket;
    // While the machine has slept no timer has told that their rights end.
    if (!signal.aborted && who.stands()) return;
    throw new Refusal("the socket is closed", "closed");
  }

  #assertRoom(topic: string): void {
    const isNoDocument = this.#hub.documents !== undefined &&
      documentIdOf(topic) === "";
    if (topic === "phoenix" || isNoDocument) {
      throw new Refusal("unmatched topic", "not-found");
    }
    const { channels } = this.#socket;
    if (channels.size < this.#hub.limits.topics) return;
    if (channels.get(topic) !== undefined) return;
    throw new Refusal("too many channels joined", "too-many-requests");
  }

  #join(message: PhoenixMessage): Promise<void> | undefined {
    const { topic } = message;
    const answer = this.#ask(topic, payloadOf(message));
    const { documents } = this.#hub;
    const documentId = documentIdOf(topic);
    if (documents !== undefined && documentId !== undefined) {
      return this.#joinDocument(message, { documents, documentId }, answer);
    }
    if (answer instanceof Promise) {
      return answer.then((given) => this.#joinTopic(message, given));
    }
    this.#joinTopic(message, answer);
    return undefined;
  }

  // What the application says

  #ask(topic: string, payload: JsonObject): Answer | Promise<Answer> {
    const params = readJoinParams(topic, payload);
    const token = own(payload, "access_token");
    const { tokens } = this.#socket;
    // Supabase's clients put what they last had into each join. Their key of a
    // project is nobody's token.
    const isFresh = params.dialect === "supabase" &&
      typeof token === "string" && !token.startsWith("sb_") &&
      tokens.areHeeded;
    return isFresh
      ? tokens.take(token).then(() => this.#askHook(topic, payload, params))
      : this.#askHook(topic, payload, params);
  }

  #askHook(
    topic: string,
    payload: JsonObject,
    params: JoinParams,
  ): Answer | Promise<Answer> {
    const { who, ask } = this.#socket;
    this.#assertStands();
    assertMayRead(who.identity, topic);
    if (ask === undefined) return { params, admission: {} };
    const answerOf = (admission: Admission | Rejection) => {
      assertAnswered(admission);
      return { params, admission };
    };
    const given = ask(topic, payload);
    return isThenable(given)
      ? Promise.resolve(given).then(answerOf)
      : answerOf(given);
  }

  /** Makes sure that they may come in: all of it may have changed meanwhile. */
  #assertAdmitted(
    topic: string,
    admission: Admission | Rejection,
  ): asserts admission is Admission {
    this.#assertOpen();
    this.#assertStands();
    assertMayRead(this.#socket.who.identity, topic);
    if (admission.reason === undefined) return;
    throw new Refusal(admission.reason, "refused");
  }

  // In

  #joinTopic(message: PhoenixMessage, { params, admission }: Answer): void {
    const { link, who } = this.#socket;
    this.#assertAdmitted(message.topic, admission);
    const settings = this.#settingsOf(message, params, admission);
    const channel = new Channel(this.#hub.presence, link, settings);
    if (admission.meta !== undefined) {
      channel.track(admission.meta);
    } else if (params.meta !== undefined) {
      const instead = "leave out the meta to watch";
      assertMayWrite(who.identity, [message.topic], instead);
      channel.track(params.meta, undefined, true);
    }
    this.#enter(message, channel, params, admission);
  }

  /** Somebody comes into a document before the join is theirs, or not at all. */
  async #joinDocument(
    message: PhoenixMessage,
    { documents, documentId }: JoinedDocument,
    asked: Answer | Promise<Answer>,
  ): Promise<void> {
    const { params, admission } = await asked;
    const { link, who, channels, signal } = this.#socket;
    const { topic } = message;
    const { presence, limits } = this.#hub;
    this.#assertAdmitted(topic, admission);
    const payload = payloadOf(message);
    const arrival = readArrival(
      topic,
      payload,
      admission,
      who.identity,
      limits.metaBytes,
    );
    const settings = {
      ...this.#settingsOf(message, params, admission),
      documentId,
    };
    const channel = new DocumentChannel(presence, documents, link, settings);
    try {
      if (arrival !== undefined) await channel.comeIn(arrival, who, signal);
      this.#assertAdmitted(topic, admission);
      this.#enter(message, channel, params, admission);
    } finally {
      // They may have lost the right, or the socket, just as they came in.
      if (channels.get(topic) !== channel) channel.untrack();
    }
  }

  #enter(
    message: PhoenixMessage,
    channel: Channel,
    params: JoinParams,
    admission: Admission,
  ): void {
    const { link, channels } = this.#socket;
    channels.add(channel);
    link.outbox.reply(message, {
      ...params.dialect === "supabase" ? { postgres_changes: [] } : {},
      ...admission.response,
      ...channel.greeting,
      key: channel.key,
      ...this.#hub.presence.positionOf(message.topic),
    });
    channel.begin();
  }

  #settingsOf(
    message: PhoenixMessage,
    params: JoinParams,
    admission: Admission,
  ): ChannelSettings {
    const { id, who } = this.#socket;
    const { metaBytes } = this.#hub.limits;
    const joiner = { id, identity: who.identity, metaBytes };
    return settingsOf(message, params, admission, joiner);
  }
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
