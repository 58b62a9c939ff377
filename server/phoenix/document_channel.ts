import { InvalidValueError } from "../../core/mod.ts";
import {
  BackboneError,
  ChannelClosedError,
  type DocumentPresence,
  type DocumentSession,
  readCursorMove,
  readFocus,
  readViewport,
  SerializationError,
  UserNotFoundError,
} from "../documents/mod.ts";
import { ServerClosedError } from "../mod.ts";
import type { TopicPresence } from "../topics/mod.ts";
import {
  Channel,
  type ChannelSettings,
  type ChannelSocket,
} from "./channel.ts";
import type { Arrival } from "./document_arrival.ts";
import { documentFrame } from "./frames.ts";
import type { PhoenixIdentity } from "./identity.ts";
import type { JsonObject } from "./json.ts";
import { Refusal } from "./refusal.ts";

/** What documents need of the application. */
export type JoinedDocuments = Pick<DocumentPresence, "join" | "watch">;

/** How somebody is in a document. */
export interface DocumentSettings extends ChannelSettings {
  /** The id of the document. */
  readonly documentId: string;
}

/** What a client does in a document; `presence` is refused. */
const EVENTS: ReadonlySet<string> = new Set([
  "cursor",
  "focus",
  "presence",
  "typing",
  "viewport",
]);

/**
 * One join of a document: a channel whose presence is a session of the
 * document, and which tells what happens there as well.
 */
export class DocumentChannel extends Channel {
  readonly #documents: JoinedDocuments;
  readonly #socket: ChannelSocket;
  readonly #documentId: string;
  #session: DocumentSession | undefined;
  /** What they are in the document by the right to write to. */
  #wanted: readonly string[] = [];
  #telling: AbortController | undefined;

  /** Makes a channel; nobody hears of it before it is told to begin. */
  constructor(
    presence: TopicPresence,
    documents: JoinedDocuments,
    socket: ChannelSocket,
    settings: DocumentSettings,
  ) {
    super(presence, socket, settings);
    this.#documents = documents;
    this.#socket = socket;
    this.#documentId = settings.documentId;
  }

  /**
   * Comes in, by a session that lasts as long as the socket.
   *
   * @param arrival As what.
   * @param who Who they are, also when the others have been asked who is there.
   * @throws {Refusal} If they may not.
   * @throws {ContextAtCapacityError} If the document is full.
   * @throws {ServerClosedError} If the documents are closed.
   * @throws {BackboneError} If it is not known who is there.
   */
  async comeIn(
    { name, avatarUrl, workspaceId, wanted }: Arrival,
    who: { readonly identity: PhoenixIdentity },
  ): Promise<void> {
    this.#wanted = wanted;
    if (!mayWrite(who.identity, wanted)) throw unauthorized();
    try {
      this.#session = await this.#documents.join(this.key, {
        documentId: this.#documentId,
        workspaceId,
        name: name ?? this.key,
        avatarUrl,
        origin: this.#socket.origin,
        ttlMs: Infinity,
      });
    } catch (error) {
      throw translated(error);
    }
    if (mayWrite(who.identity, wanted)) return;
    this.untrack();
    throw unauthorized();
  }

  /** What the client finds in the reply to its join. */
  get greeting(): JsonObject {
    if (this.#session === undefined) return {};
    const { sessionId, color } = this.#session;
    return { session_id: sessionId, color };
  }

  /** Begins to tell who is there, and what happens. */
  override begin(): void {
    super.begin();
    this.#telling = new AbortController();
    const { signal } = this.#telling;
    this.#tell(signal).catch((error: unknown) => {
      if (!signal.aborted) this.#socket.failed(this, error);
    });
  }

  /** Whether an event is one of documents, and no broadcast. */
  knows(event: string): boolean {
    return EVENTS.has(event);
  }

  /**
   * Does what a client says by an event of documents.
   *
   * @throws {Refusal} If it may not, or is not in the document.
   * @throws {InvalidValueError} If something in the payload makes no sense.
   */
  take(event: string, payload: JsonObject, identity: PhoenixIdentity): void {
    if (!mayWrite(identity, [this.topic])) throw unauthorized();
    if (event === "presence") return this.track();
    const session = this.#session;
    if (session === undefined) {
      throw new Refusal("a document that is only watched has to be joined");
    }
    try {
      act(session, event, payload);
    } catch (error) {
      throw translated(error);
    }
  }

  /**
   * Refuses: who is there is said by the session.
   *
   * @throws {Refusal} Always.
   */
  override track(): never {
    throw new Refusal("in a document nobody is tracked: join it with a name");
  }

  /** Leaves the document: it is a goodbye. */
  override untrack(): void {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }

  /** Ends it without a goodbye: what they held has its grace. */
  override end(): void {
    super.end();
    this.#telling?.abort();
    this.#telling = undefined;
    this.#session?.release();
    this.#session = undefined;
  }

  /** The same; who may not be in the document any more leaves it. */
  override judge(identity: PhoenixIdentity): void {
    super.judge(identity);
    if (!mayWrite(identity, this.#wanted)) this.untrack();
  }

  async #tell(signal: AbortSignal): Promise<void> {
    const { codec, topic } = this;
    const messages = this.#documents.watch(this.#documentId, { signal });
    for await (const message of messages) {
      // Meanwhile the reader keeps the latest of each, and not too much.
      if (this.#socket.isFull && !await this.#socket.drained()) return;
      if (signal.aborted) return;
      this.#socket.send(documentFrame(codec, topic, message));
    }
    if (!signal.aborted) throw new Refusal("the server is closed");
  }
}

function mayWrite(
  identity: PhoenixIdentity,
  contexts: readonly string[],
): boolean {
  return contexts.every((context) => identity.canWrite(context) === true);
}

function unauthorized(): Refusal {
  return new Refusal("unauthorized to publish here", "unauthorized");
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
      return session.typed();
  }
}

/** An error of documents as sockets know it. */
function translated(error: unknown): unknown {
  if (error instanceof UserNotFoundError) {
    return new Refusal(error.message, "not-found");
  }
  const isClosed = error instanceof ChannelClosedError ||
    error instanceof BackboneError && error.cause instanceof ServerClosedError;
  if (isClosed) return new ServerClosedError("use document");
  const isOfJson = error instanceof SerializationError &&
    error.cause instanceof InvalidValueError;
  return isOfJson ? error.cause : error;
}
