import {
  type DocumentListening,
  type DocumentPresence,
  type DocumentSession,
  readCursorMove,
  readFocus,
  readTyping,
  readViewport,
} from "../../documents/mod.ts";
import type { JsonObject } from "../../internal.ts";
import type { TopicViewer } from "../../topics/mod.ts";
import type { PhoenixMessage } from "../frames/message.ts";
import { documentFrame } from "../frames/shared_frames.ts";
import { payloadOf } from "../payload.ts";
import { Refusal } from "../refusal.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import { assertMayWrite } from "../rights/rights.ts";
import { Channel, type ChannelSocket } from "./channel.ts";
import type { ChannelSettings } from "./channel_settings.ts";
import type { Arrival } from "./document_arrival.ts";
import { sendEntries } from "./live_channel.ts";

/** What documents need of the application. */
export interface JoinedDocuments
  extends Pick<DocumentPresence, "join" | "listen"> {
  /** The very server whose topics are served: it is compared. */
  readonly server: object;
}

/** What a client does in a document. */
const EVENTS: readonly string[] = ["cursor", "focus", "typing", "viewport"];

/**
 * One join of a document: a channel whose presence is a session of the document,
 * and which also sends what happens there.
 */
export class DocumentChannel extends Channel {
  readonly #documents: JoinedDocuments;
  readonly #documentId: string;
  #session: DocumentSession | undefined;
  #listening: DocumentListening | undefined;

  /** Makes a channel, which sends nothing before it begins. */
  constructor(
    documents: JoinedDocuments,
    documentId: string,
    socket: ChannelSocket,
    settings: ChannelSettings,
  ) {
    super(socket, settings);
    this.#documents = documents;
    this.#documentId = documentId;
  }

  /**
   * Enters the document, by a session that lasts as long as the socket.
   *
   * @param arrival Under which name, and more.
   * @param who Who they are, also once the document has been loaded.
   * @param signal Aborted when they shall no longer enter.
   * @throws {Refusal} If they may not, or the document would be too large with
   * them.
   * @throws {DocumentAtCapacityError} If the document is full.
   * @throws {ChannelClosedError} If the documents are closed.
   * @throws {BackboneError} If it is not known who is there.
   */
  async enter(
    { name, avatarUrl, workspaceId, needed }: Arrival,
    who: { readonly identity: PhoenixIdentity },
    signal: AbortSignal,
  ): Promise<void> {
    this.needed = needed;
    this.#assertMayEnter(who.identity);
    this.assertSmall(1);
    this.#session = await this.#documents.join(this.key, {
      documentId: this.#documentId,
      workspaceId,
      name: name ?? this.key,
      avatarUrl,
      origin: this.socket.origin,
      ttlMs: Infinity,
      signal,
    });
    this.#assertMayEnter(who.identity);
    // Others may have entered at the same time.
    this.assertSmall();
  }

  #assertMayEnter(identity: PhoenixIdentity): void {
    if (this.needed.includes(this.topic)) {
      assertMayWrite(identity, [this.topic], "leave out the name to watch");
    }
    assertMayWrite(identity, this.needed);
  }

  /**
   * Asserts that the client can be told who is there.
   *
   * @throws {Refusal} If the document is too large.
   */
  override assertCanBegin(): void {
    this.assertSmall();
  }

  /** The same; also their session and its colour, if they have entered. */
  override get greeting(): JsonObject {
    if (this.#session === undefined) return {};
    const { sessionId, color } = this.#session;
    return { session_id: sessionId, color };
  }

  /** The same; also begins to send what happens. */
  override begin(): void {
    if (this.isStopped) return;
    super.begin();
    const { topic, socket: { outbox } } = this;
    this.#listening = this.#documents.listen(this.#documentId, {
      take: (message) => {
        if (!outbox.hasRoom()) {
          this.#resume().catch((error: unknown) => this.fail(error));
          return false;
        }
        outbox.send(documentFrame(outbox.codec, topic, message));
        return true;
      },
      // The caller that closes the documents may be about to close the server.
      end: () =>
        queueMicrotask(() => this.fail(new Refusal("the server is closed"))),
      fail: (error) => this.fail(error),
    });
    // A client that reads gets who is there first: that state is one microtask
    // away. One that is behind may get the two in any order.
    queueMicrotask(() => this.#listening?.resume());
  }

  /**
   * Does what a client tells by an event of documents.
   *
   * @returns Whether the event is one of documents.
   * @throws {Refusal} If the client may not, is not in the document, tracks, or
   * the event looks like one of documents but for a slip.
   * @throws {InvalidValueError} If the payload is not valid.
   * @throws {UserNotFoundError} If their session is gone.
   * @throws {ChannelClosedError} If the documents are closed.
   */
  override handle(message: PhoenixMessage, identity: PhoenixIdentity): boolean {
    const { event } = message;
    const isPresence = event === "presence";
    if (!isPresence && !isDocumentEvent(event)) return false;
    const payload = payloadOf(message);
    assertMayWrite(identity, [this.topic]);
    if (isPresence) this.track();
    const session = this.#session;
    if (session === undefined) {
      throw new Refusal("a document that is only watched: join it with a name");
    }
    act(session, event, payload);
    return true;
  }

  /**
   * Refuses: the session says who is there.
   *
   * @throws {Refusal} Always.
   */
  override track(): never {
    throw new Refusal("in a document nobody is tracked: join it with a name");
  }

  /** Leaves the document, with a goodbye. */
  override untrack(): void {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }

  /** Stops sending, for good; their session stays. */
  override stop(): void {
    super.stop();
    this.#listening?.[Symbol.dispose]();
    this.#listening = undefined;
  }

  /** Ends it without a goodbye: what they held has its grace. */
  override end(): void {
    super.end();
    this.#session?.release();
    this.#session = undefined;
  }

  /** Goes on when there is room. Until then the latest of each is kept. */
  async #resume(): Promise<void> {
    if (await this.socket.outbox.drained()) this.#listening?.resume();
  }
}

/**
 * A join of a document by a live client: it gets the sessions as entries, in
 * place of metas and of what happens.
 */
export class LiveDocumentChannel extends DocumentChannel {
  /** Asserts nothing: a state has parts. */
  override assertCanBegin(): void {}

  /** Begins to send who is there. */
  override begin(): void {
    this.ensureWatching();
  }

  /** Sends the batches of a watch. */
  protected override watch(viewer: TopicViewer): Disposable {
    return sendEntries(this, viewer, (error) => this.fail(error));
  }
}

/**
 * Reports whether an event is one of documents, and no broadcast.
 *
 * @throws {Refusal} If it looks like one, but for a slip.
 */
function isDocumentEvent(event: string): boolean {
  if (EVENTS.includes(event)) return true;
  const meant = EVENTS.find((name) => isOneSlipFrom(name, event.toLowerCase()));
  if (meant === undefined) return false;
  const given = JSON.stringify(event);
  throw new Refusal(
    `a document has no event ${given}: did you mean "${meant}"?`,
  );
}

/** Whether a letter is missing, too much, another one, or two are swapped. */
function isOneSlipFrom(name: string, event: string): boolean {
  const shorter = Math.min(name.length, event.length);
  let start = 0;
  while (start < shorter && name[start] === event[start]) start++;
  let end = 0;
  while (end < shorter - start && name.at(-1 - end) === event.at(-1 - end)) {
    end++;
  }
  const wanted = name.slice(start, name.length - end);
  const given = event.slice(start, event.length - end);
  if (wanted.length <= 1 && given.length <= 1) return true;
  return wanted.length === 2 && given === `${wanted[1]}${wanted[0]}`;
}

function act(
  session: DocumentSession,
  event: string,
  payload: JsonObject,
): void {
  switch (event) {
    case "cursor": {
      const { cursor, selection } = readCursorMove(payload);
      return session.updateCursor(cursor, selection);
    }
    case "focus": {
      const { focused, hidden } = readFocus(payload);
      return session.setFocused(focused, { hidden });
    }
    case "viewport":
      return session.updateViewport(readViewport(payload));
    default:
      return readTyping(payload) ? session.typed() : session.stoppedTyping();
  }
}
