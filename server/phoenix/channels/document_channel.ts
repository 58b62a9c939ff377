import {
  type DocumentListening,
  type DocumentMessage,
  type DocumentPresence,
  type DocumentSession,
  readCursorMove,
  readFocus,
  readTyping,
  readViewport,
} from "../../documents/mod.ts";
import type { TopicPresence } from "../../topics/mod.ts";
import { Channel, type ChannelSocket } from "./channel.ts";
import type { ChannelSettings } from "./channel_settings.ts";
import type { Arrival } from "./document_arrival.ts";
import { DOCUMENT_FRAMES } from "../frames/shared_frames.ts";
import type { PhoenixIdentity } from "../rights/identity.ts";
import type { JsonObject } from "../../internal.ts";
import { Refusal } from "../refusal.ts";
import { assertMayWrite } from "../rights/rights.ts";

/** What documents need of the application. */
export interface JoinedDocuments
  extends Pick<DocumentPresence, "join" | "listen"> {
  /** The very server whose topics are served: it is compared. */
  readonly server: object;
}

/** How somebody is in a document. */
export interface DocumentChannelSettings extends ChannelSettings {
  /** The id of the document. */
  readonly documentId: string;
}

/** What a client does in a document. */
const EVENTS: ReadonlySet<string> = new Set([
  "cursor",
  "focus",
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
  #wanted: readonly string[] = [];
  #listening: DocumentListening | undefined;

  /** Makes a channel; nobody hears of it before it is told to begin. */
  constructor(
    presence: TopicPresence,
    documents: JoinedDocuments,
    socket: ChannelSocket,
    settings: DocumentChannelSettings,
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
   * @param signal Aborted when they are no more to come in.
   * @throws {Refusal} If they may not.
   * @throws {DocumentAtCapacityError} If the document is full.
   * @throws {ChannelClosedError} If the documents are closed.
   * @throws {BackboneError} If it is not known who is there.
   */
  async comeIn(
    { name, avatarUrl, workspaceId, wanted }: Arrival,
    who: { readonly identity: PhoenixIdentity },
    signal: AbortSignal,
  ): Promise<void> {
    this.#wanted = wanted;
    this.#assertMayComeIn(who.identity);
    this.#session = await this.#documents.join(this.key, {
      documentId: this.#documentId,
      workspaceId,
      name: name ?? this.key,
      avatarUrl,
      origin: this.#socket.origin,
      ttlMs: Infinity,
      signal,
    });
    this.#assertMayComeIn(who.identity);
  }

  #assertMayComeIn(identity: PhoenixIdentity): void {
    if (this.#wanted.includes(this.topic)) {
      assertMayWrite(identity, [this.topic], "leave out the name to watch");
    }
    assertMayWrite(identity, this.#wanted);
  }

  /** The contexts that they must be able to write to, to be in the document. */
  protected override get needed(): readonly string[] {
    return this.#wanted;
  }

  /** The same; their session and its colour, if they have come in. */
  override get greeting(): JsonObject {
    if (this.#session === undefined) return {};
    const { sessionId, color } = this.#session;
    return { session_id: sessionId, color };
  }

  /** Begins to tell who is there, and what happens; as for all channels. */
  override begin(): void {
    if (this.isStopped) return;
    super.begin();
    this.#listening = this.#documents.listen(this.#documentId, {
      take: (message) => this.#tell(message),
      // Whoever closes the documents may be about to close the server.
      end: () => queueMicrotask(() => this.#fail(closed())),
      fail: (error) => this.#fail(error),
    });
    // Who is there comes first for a client that reads: its state is there, and
    // one microtask away. One that is behind may get the two in any order.
    queueMicrotask(() => this.#listening?.resume());
  }

  /**
   * Whether an event is one of documents, and no broadcast.
   *
   * @throws {Refusal} If it looks like one, but for a slip.
   */
  knows(event: string): boolean {
    if (EVENTS.has(event)) return true;
    const meant = [...EVENTS]
      .find((name) => isOneSlipFrom(name, event.toLowerCase()));
    if (meant === undefined) return false;
    const given = JSON.stringify(event);
    throw new Refusal(
      `a document has no event ${given}: did you mean "${meant}"?`,
    );
  }

  /**
   * Does what a client says by an event of documents.
   *
   * @throws {Refusal} If it may not, or is not in the document.
   * @throws {InvalidValueError} If something in the payload makes no sense.
   * @throws {UserNotFoundError} If their session is gone.
   * @throws {ChannelClosedError} If the documents are closed.
   */
  take(event: string, payload: JsonObject, identity: PhoenixIdentity): void {
    assertMayWrite(identity, [this.topic]);
    const session = this.#session;
    if (session === undefined) {
      throw new Refusal("a document that is only watched: join it with a name");
    }
    act(session, event, payload);
  }

  /**
   * Refuses: who is there is said by the session.
   *
   * @throws {Refusal} Always.
   */
  override track(): never {
    throw nobodyIsTracked();
  }

  /** Leaves the document: it is a goodbye. */
  override untrack(): void {
    this.#session?.[Symbol.dispose]();
    this.#session = undefined;
  }

  /** Ends what it tells; their session goes on. */
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

  #tell(message: DocumentMessage): boolean {
    const { outbox } = this.#socket;
    if (!outbox.hasRoom()) {
      this.#resume().catch((error: unknown) => this.#fail(error));
      return false;
    }
    outbox.send(DOCUMENT_FRAMES.of(outbox.codec, this.topic, message));
    return true;
  }

  /** Goes on when there is room. Until then the latest of each is kept. */
  async #resume(): Promise<void> {
    if (await this.#socket.outbox.drained()) this.#listening?.resume();
  }

  #fail(error: unknown): void {
    if (this.#listening !== undefined) this.#socket.failed(this, error);
  }
}

/** Why who is in a document is not said by a presence. */
export function nobodyIsTracked(): Refusal {
  return new Refusal("in a document nobody is tracked: join it with a name");
}

function closed(): Refusal {
  return new Refusal("the server is closed");
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
