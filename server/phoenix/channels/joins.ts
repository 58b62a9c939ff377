import { documentIdOf } from "../../documents/mod.ts";
import type { JsonObject } from "../../internal.ts";
import { ServerClosedError } from "../../mod.ts";
import type { Connection } from "../connection.ts";
import type { PhoenixMessage } from "../frames/message.ts";
import { own, payloadOf } from "../payload.ts";
import { Refusal } from "../refusal.ts";
import type { Admission, Rejection } from "../rights/identity.ts";
import { assertMayWrite, mayRead } from "../rights/rights.ts";
import { Channel } from "./channel.ts";
import { type AdmittedJoin, settingsOf } from "./channel_settings.ts";
import { readArrival } from "./document_arrival.ts";
import { DocumentChannel, LiveDocumentChannel } from "./document_channel.ts";
import { readJoinParams } from "./join_params.ts";
import { LiveChannel } from "./live_channel.ts";

/** The joins of one client: asked for, answered by the application, entered. */
export class Joins {
  readonly #connection: Connection;

  /** Makes it; nothing is joined yet. */
  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /**
   * Joins a topic, and answers. What fails is thrown, or rejects.
   *
   * @returns When it is done; `undefined` if it is done already.
   * @throws {Refusal} If they may not.
   * @throws {InvalidValueError} If what they ask for is not valid.
   * @throws {ContextAtCapacityError} If the topic is full.
   * @throws {ServerClosedError} If the server is closed.
   */
  join(message: PhoenixMessage): Promise<void> | undefined {
    const { channels, presence: { server } } = this.#connection;
    const failed = (error: unknown): never => {
      // No former join remains, not even a failed one: the client knows of none.
      if (!server.closed) channels.leave(message.topic);
      throw error;
    };
    try {
      this.#assertOpen();
      this.#assertRoom(message.topic);
      const joined = after<AdmittedJoin, void>(
        this.#ask(message, payloadOf(message)),
        (admitted) => this.#load(admitted),
      );
      return joined instanceof Promise ? joined.catch(failed) : undefined;
    } catch (error) {
      return failed(error);
    }
  }

  /**
   * Lets a client speak in a topic without a join, if it might join: it does not
   * become present, and receives nothing. Rejects with what `join()` throws.
   *
   * @returns The channel that it would have.
   */
  async visit(message: PhoenixMessage): Promise<Channel> {
    this.#assertOpen();
    return this.#channelOf(await this.#ask(message, {}));
  }

  #assertOpen(): void {
    const { server } = this.#connection.presence;
    if (server.closed) throw new ServerClosedError("join topic");
  }

  #assertRoom(topic: string): void {
    const { channels, hub: { documents, limits } } = this.#connection;
    const isNoDocument = documents !== undefined && documentIdOf(topic) === "";
    if (topic === "phoenix" || isNoDocument) {
      throw new Refusal("unmatched topic", "not-found");
    }
    if (channels.get(topic) !== undefined) return;
    if (channels.topics.length < limits.topics) return;
    throw new Refusal("too many channels joined", "too-many-requests");
  }

  #ask(
    message: PhoenixMessage,
    payload: JsonObject,
  ): AdmittedJoin | Promise<AdmittedJoin> {
    const params = readJoinParams(message.topic, payload);
    const admit = () =>
      after(this.#askHook(message.topic, payload), (admission) => {
        this.#assertMayJoin(message.topic);
        if (admission.reason === undefined) {
          return { message, params, admission };
        }
        throw new Refusal(admission.reason, "refused");
      });
    const { standing } = this.#connection;
    const token = own(payload, "access_token");
    // Supabase's clients put the latest one into each join. The key of their
    // project is nobody's token.
    const isFresh = standing.takesTokens && params.dialect === "supabase" &&
      typeof token === "string" && !token.startsWith("sb_");
    return isFresh ? standing.refresh(token).then(admit) : admit();
  }

  #askHook(
    topic: string,
    payload: JsonObject,
  ): Admission | Rejection | PromiseLike<Admission | Rejection> {
    const { askJoin } = this.#connection;
    if (askJoin === undefined) return {};
    this.#assertMayJoin(topic);
    return after(askJoin(topic, payload), (answer) => {
      if (typeof answer === "object" && answer !== null) return answer;
      // A hook that answers nothing has let nobody in.
      throw new TypeError(
        `Cannot join topic: the hook must give an admission or a rejection: received ${
          String(answer)
        }`,
      );
    });
  }

  /** Asserts what may have changed while a hook, or a load, took its time. */
  #assertMayJoin(topic: string): void {
    const { standing, signal } = this.#connection;
    this.#assertOpen();
    if (signal.aborted || !standing.checkRights()) {
      throw new Refusal("the socket is closed", "closed");
    }
    if (mayRead(standing.identity, topic)) return;
    throw new Refusal("unauthorized", "unauthorized");
  }

  #channelOf(admitted: AdmittedJoin): Channel {
    const { hub: { documents, limits }, id, standing } = this.#connection;
    const { identity } = standing;
    const settings = settingsOf(admitted, identity, id, limits);
    const documentId = documents && documentIdOf(settings.topic);
    const { admission, params: { live } } = admitted;
    if (documents !== undefined && documentId !== undefined) {
      if (live?.facets !== undefined) {
        throw new Refusal("in a document a name takes the place of facets");
      }
      const Class = live ? LiveDocumentChannel : DocumentChannel;
      return new Class(documents, documentId, this.#connection, settings);
    }
    if (live === undefined) return new Channel(this.#connection, settings);
    if ((admission.meta ?? admission.stamp) !== undefined) {
      throw new Refusal("a live join is not possible here");
    }
    return new LiveChannel(this.#connection, settings, live);
  }

  /**
   * Enters once the connections at other servers are known: they count. Without
   * other servers that is now.
   */
  #load(admitted: AdmittedJoin): Promise<void> | void {
    const { presence: { server } } = this.#connection;
    if (!server.replicated) return this.#enter(admitted);
    const { topic } = admitted.message;
    return server.follow(topic).then(() => {
      this.#assertMayJoin(topic);
      return this.#enter(admitted);
    });
  }

  #enter(admitted: AdmittedJoin): Promise<void> | void {
    const channel = this.#channelOf(admitted);
    channel.assertCanBegin();
    if (channel instanceof DocumentChannel) {
      return this.#enterDocument(admitted, channel);
    }
    const { message, params, admission } = admitted;
    if (channel instanceof LiveChannel) {
      this.#enterLive(admitted, channel);
    } else if (admission.meta !== undefined) {
      channel.track(admission.meta);
    } else if (params.meta !== undefined) {
      const { identity } = this.#connection.standing;
      const needed = [message.topic];
      assertMayWrite(identity, needed, "leave out the meta to watch");
      channel.track(params.meta, undefined, needed);
    }
    this.#begin(admitted, channel);
  }

  #enterLive({ message, params }: AdmittedJoin, channel: LiveChannel): void {
    const facets = params.live?.facets;
    if (facets === undefined) return;
    const { identity } = this.#connection.standing;
    const needed = [message.topic];
    assertMayWrite(identity, needed, "leave out the facets to watch");
    channel.enter(facets, needed);
  }

  /** The client enters the document before the join is done, or not at all. */
  async #enterDocument(
    admitted: AdmittedJoin,
    channel: DocumentChannel,
  ): Promise<void> {
    const { message, admission } = admitted;
    const { channels, hub, signal, standing } = this.#connection;
    const arrival = readArrival(
      message.topic,
      payloadOf(message),
      admission,
      standing.identity,
      hub.limits.metaBytes,
    );
    try {
      if (arrival !== undefined) await channel.enter(arrival, standing, signal);
      this.#assertMayJoin(message.topic);
      this.#begin(admitted, channel);
    } finally {
      // They may have lost the right, or the socket, just as they entered.
      if (channels.get(message.topic) !== channel) channel.untrack();
    }
  }

  #begin({ message, params, admission }: AdmittedJoin, channel: Channel): void {
    const { channels, outbox, presence } = this.#connection;
    channels.add(channel);
    outbox.reply(message, {
      ...params.dialect === "supabase" ? { postgres_changes: [] } : {},
      ...admission.response,
      ...channel.greeting,
      key: channel.key,
      ...completenessOf(presence.server),
      ...presence.positionOf(message.topic),
    });
    channel.begin();
  }
}

/** What a client is told of a server that is cut off from the others. */
export function completenessOf(
  { isCutOff }: { readonly isCutOff: boolean },
): JsonObject {
  return isCutOff ? { incomplete: true } : {};
}

/** Goes on with a value: at once, or when it is there. */
function after<T, R>(
  value: T | PromiseLike<T>,
  next: (value: T) => R | Promise<R>,
): R | Promise<R> {
  // Not by its class: databases have promises of their own.
  const isPromise = (value: T | PromiseLike<T>): value is PromiseLike<T> =>
    typeof value === "object" && value !== null && "then" in value;
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value);
}
