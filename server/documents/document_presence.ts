import { assertNoOtherOptions } from "../../core/assert.ts";
import {
  InvalidValueError,
  type PresenceSnapshot,
  type VisibilityPolicy,
} from "../../core/mod.ts";
import {
  assertName,
  assertPositive,
  assertServer,
  assertText,
  SweepLimit,
} from "../internal.ts";
import {
  ContextAtCapacityError,
  PUBLIC_VIEWER,
  ServerClosedError,
  viewerPolicy,
  type Watch,
} from "../mod.ts";
import {
  BoundedListening,
  ListeningTally,
  Reader,
  Rooms,
} from "../rooms/mod.ts";
import { colorOf, colorOfHue } from "./people/color.ts";
import {
  type ActiveDocuments,
  type ActiveUsers,
  type DocumentCounts,
  documentsIn,
  type DocumentsOfUser,
} from "./document_answers.ts";
import { documentContext, documentIdOf, workspaceContext } from "./contexts.ts";
import { huesIn } from "./people/document_colors.ts";
import type {
  DocumentEvent,
  DocumentMessage,
  DocumentState,
} from "./document_message.ts";
import type { DocumentModel, DocumentServer } from "./document_model.ts";
import {
  type DocumentPresenceOptions,
  type DocumentSettings,
  type JoinOptions,
  settingsOf,
  type WatchDocumentOptions,
} from "./document_options.ts";
import {
  type DocumentListener,
  type DocumentListening,
  type DocumentStats,
  slotOf,
  slotsVoidedBy,
} from "./document_listening.ts";
import { DocumentRoom } from "./document_room.ts";
import { DocumentSession } from "./document_session.ts";
import {
  BackboneError,
  ChannelClosedError,
  DocumentAtCapacityError,
} from "./errors.ts";
import { hueApart, hueOf, MOST_PEOPLE_APART } from "./people/hue.ts";
import { peopleOf } from "./people/person.ts";
import { assertProfile } from "./people/profile.ts";
import { SessionRows } from "./session_rows.ts";

const isPublic = /* @__PURE__ */ viewerPolicy<DocumentModel>(PUBLIC_VIEWER);

/** Sessions are private in a workspace; everything else counts if public. */
const isNotRestricted: VisibilityPolicy<string, string> = (visibility) =>
  typeof visibility === "string";

/**
 * People in documents over a `PresenceServer`: where their cursors are, what
 * they select and type, who is idle or away.
 *
 * Each tab is a session, and a person is the sum of their sessions. A reader of
 * a document sees everyone in it: the caller decides who may read. A public
 * entry that another face has published in a document is a person too.
 *
 * Dispose of it when it is no longer needed: its sessions leave, its watches
 * end, and `join()` and its questions throw. The server continues.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import {
 *   type DocumentModel,
 *   DocumentPresence,
 * } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer<DocumentModel>();
 * using presence = new DocumentPresence(server);
 * const tab = await presence.join("ada", {
 *   documentId: "42",
 *   workspaceId: "acme",
 *   name: "Ada",
 * });
 * tab.updateCursor({ line: 3, column: 14, offset: 159 });
 *
 * const { users } = await presence.activeUsers("42");
 * assertEquals(users.map(({ name, cursor }) => `${name} ${cursor?.line}`), [
 *   "Ada 3",
 * ]);
 * ```
 */
export class DocumentPresence implements Disposable {
  readonly #server: DocumentServer;
  readonly #settings: DocumentSettings;
  readonly #origin = `documents/${crypto.randomUUID()}`;
  readonly #sessions = new Set<DocumentSession>();
  readonly #sweepLimit = new SweepLimit();
  readonly #tally = new ListeningTally();
  readonly #rooms: Rooms<DocumentRoom>;
  #isClosed = false;
  /** Closes the documents: the sessions leave, the watches end. */
  declare readonly [Symbol.dispose]: () => void;

  /**
   * Makes documents of a server's contexts.
   *
   * @param server The server.
   * @param options How they behave.
   * @throws {InvalidValueError} If `server` is not a server, a number is out of
   * range, or an option is unknown.
   */
  constructor(server: DocumentServer, options: DocumentPresenceOptions = {}) {
    assertServer(server, "create documents");
    this[Symbol.dispose] = this.#dispose;
    this.#server = server;
    this.#settings = settingsOf(options);
    this.#rooms = new Rooms((documentId, onClose) =>
      new DocumentRoom(server, documentId, onClose)
    );
  }

  /** The server whose contexts the documents are. */
  get server(): DocumentServer {
    return this.#server;
  }

  /** Whether it or its server has been disposed of. */
  get closed(): boolean {
    return this.#isClosed || this.#server.closed;
  }

  // In

  /**
   * Adds a session of a person to a document: online, in focus, viewing, not
   * typing, without a cursor. Among several servers it first reads who is
   * there, because the capacity counts everyone.
   *
   * @param userId The id of the person.
   * @param options The document, the profile and the session.
   * @returns The session, which reports what they do and leaves.
   * @throws {DocumentAtCapacityError} If the document is full and the person is
   * not in it.
   * @throws {ContextAtCapacityError} If the server's capacity of the workspace
   * is reached.
   * @throws {InvalidValueError} If an id, the name, the picture or the time to
   * live is malformed, the name is missing, the name or the picture is too
   * long, or an option is unknown.
   * @throws {SerializationError} If JSON can't carry the name or the picture.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   * @throws {unknown} The reason of the signal, if it is aborted before the
   * session has begun.
   */
  async join(userId: string, options: JoinOptions): Promise<DocumentSession> {
    const action = "join document";
    this.#assertOpen(action);
    const {
      documentId,
      workspaceId,
      name,
      avatarUrl,
      ttlMs = this.#settings.presenceTtlSeconds * 1_000,
      signal,
      origin = this.#origin,
      sessionId = crypto.randomUUID(),
      ...others
    } = options;
    assertNoOtherOptions(others, action);
    assertName(userId, "userId", action);
    assertName(documentId, "documentId", action);
    if (workspaceId !== undefined) {
      assertName(workspaceId, "workspaceId", action);
    }
    assertText(origin, "origin", action);
    assertText(sessionId, "sessionId", action);
    assertPositive(ttlMs, "ttlMs", action);
    assertProfile({ name, avatarUrl }, action);
    const context = documentContext(documentId);
    await this.#follow(context, action);
    // Nothing waits from here on, so that nobody else gets the last place.
    signal?.throwIfAborted();
    this.#assertOpen(action);
    const color = this.#admit(documentId, userId);
    const rows = new SessionRows(this.#server, {
      userId,
      documentId,
      workspaceId,
      sessionId,
      origin,
      ttlMs,
    }, {
      name,
      ...avatarUrl !== undefined && { avatar_url: avatarUrl },
      color,
      session_id: sessionId,
    });
    try {
      rows.begin();
    } catch (error) {
      // The workspace may be full instead.
      const isFull = error instanceof ContextAtCapacityError &&
        error.context === context;
      if (!isFull) throw error;
      throw new DocumentAtCapacityError(documentId, error.maxSubjects);
    }
    // Without other servers, this one knows everyone who joins.
    const room = this.#server.replicated
      ? this.#rooms.of(documentId)
      : undefined;
    const session = new DocumentSession(this.#server, rows, {
      ...this.#settings,
      assertOpen: (action) => this.#assertOpen(action),
      onEnd: (ended) => {
        this.#sessions.delete(ended);
        room?.exit(rows);
      },
    });
    this.#keep(session);
    room?.enter(rows);
    return session;
  }

  // Out

  /**
   * Lists the people in a document. O(n log n).
   *
   * @param documentId The id of the document.
   * @returns The people; none for an empty document.
   * @throws {InvalidValueError} If the id is malformed.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  async activeUsers(documentId: string): Promise<ActiveUsers> {
    const action = "list users";
    assertName(documentId, "documentId", action);
    const context = documentContext(documentId);
    const isComplete = await this.#follow(context, action);
    const users = peopleOf(this.#read(context), this.#server.now);
    return { users, isComplete };
  }

  /**
   * Lists the documents that a person is in. O(their sessions), and a question
   * to all other servers.
   *
   * @param userId The id of the person.
   * @returns The documents.
   * @throws {InvalidValueError} If the id is malformed.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  async documentsOf(userId: string): Promise<DocumentsOfUser> {
    const action = "list documents of user";
    assertName(userId, "userId", action);
    const { snapshots, isComplete } = await this.#ask(
      action,
      () => this.#server.locate(userId),
    );
    const documents = documentsIn(
      snapshots.filter((one) => isPublic(one.visibility, one.subject)),
      ({ context }) => documentIdOf(context),
      this.#server.now,
    ).map(({ documentId, lastActiveAt }) => ({ documentId, lastActiveAt }));
    return { documents, isComplete };
  }

  /**
   * Lists the documents of a workspace that people are in. O(the sessions in
   * the workspace).
   *
   * @param workspaceId The id of the workspace.
   * @returns The documents; none for an empty workspace.
   * @throws {InvalidValueError} If the id is malformed.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  async activeDocuments(workspaceId: string): Promise<ActiveDocuments> {
    const action = "list documents of workspace";
    assertName(workspaceId, "workspaceId", action);
    const context = workspaceContext(workspaceId);
    const isComplete = await this.#follow(context, action);
    const documents = documentsIn(
      this.#read(context, isNotRestricted),
      ({ facets }) => facets.document,
      this.#server.now,
    );
    return { documents, isComplete };
  }

  /**
   * Counts the people in documents, with one question for all. A repeated id
   * costs nothing more.
   *
   * @param documentIds The ids of the documents.
   * @returns The counts.
   * @throws {InvalidValueError} If an id is malformed, or this is not an array.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  async counts(documentIds: readonly string[]): Promise<DocumentCounts> {
    const action = "count users";
    if (!Array.isArray(documentIds)) {
      const rule = "must be an array";
      throw new InvalidValueError(action, "documentIds", rule, documentIds);
    }
    for (const [index, documentId] of documentIds.entries()) {
      assertName(documentId, `documentIds[${index}]`, action);
    }
    const ids = [...new Set(documentIds)];
    const { subjects, isComplete } = await this.#ask(
      action,
      () => this.#server.count(ids.map(documentContext), PUBLIC_VIEWER),
    );
    const counts = new Map(ids.map((documentId) => [
      documentId,
      subjects.get(documentContext(documentId)) ?? 0,
    ]));
    return { counts, isComplete };
  }

  /**
   * Subscribes to a document: first a state, then events, person by person. The
   * watch begins with the first `next()`. It ends without an error when it is
   * aborted, or when the documents or the server are disposed of.
   *
   * A slow reader receives only the latest event of each kind and person. If it
   * is still behind by more than `maxPendingEvents`, it gets a new state.
   * Readers of one document share the work and the objects.
   *
   * @param documentId The id of the document.
   * @param options How it is read.
   * @returns The messages.
   * @throws {InvalidValueError} If the id is malformed.
   *
   * @example Usage
   * ```ts
   * import { PresenceServer } from "@ruthere/presence/server";
   * import {
   *   type DocumentModel,
   *   DocumentPresence,
   * } from "@ruthere/presence/server/documents";
   * import { assertEquals } from "@std/assert";
   *
   * using server = new PresenceServer<DocumentModel>();
   * using presence = new DocumentPresence(server);
   * await using watch = presence.watch("42");
   * assertEquals((await watch.next()).value?.type, "state");
   *
   * await presence.join("ada", { documentId: "42", name: "Ada" });
   * assertEquals((await watch.next()).value?.type, "userJoined");
   * ```
   */
  watch(
    documentId: string,
    { signal, ...others }: WatchDocumentOptions = {},
  ): Watch<DocumentMessage> {
    assertNoOtherOptions(others, "watch document");
    assertName(documentId, "documentId", "watch document");
    return new Reader<DocumentMessage>(
      (reader) => this.listen(documentId, reader),
      signal,
    );
  }

  /**
   * Subscribes to a document as {@linkcode DocumentPresence.watch} does, but
   * calls a listener with each message, which the listener can refuse. It is
   * for many connections, each of which has room or not. A promise for each
   * message and connection would cost as much as everything else here.
   *
   * It begins with the first `resume()`. A slow listener is treated like a slow
   * reader.
   *
   * @param documentId The id of the document.
   * @param listener Receives the messages. Others wait while `take()` runs: it
   * must be quick.
   * @returns The listening, which begins, continues and ends.
   * @throws {InvalidValueError} If the id is malformed.
   *
   * @example Usage
   * ```ts
   * import { PresenceServer } from "@ruthere/presence/server";
   * import {
   *   type DocumentModel,
   *   DocumentPresence,
   * } from "@ruthere/presence/server/documents";
   * import { assertEquals } from "@std/assert";
   *
   * using server = new PresenceServer<DocumentModel>();
   * using presence = new DocumentPresence(server);
   * const sent: string[] = [];
   * let hasRoom = true;
   * using listening = presence.listen("42", {
   *   take(message) {
   *     if (hasRoom) sent.push(message.type);
   *     return hasRoom;
   *   },
   *   end: () => sent.push("the end"),
   *   fail: console.error,
   * });
   * listening.resume();
   * assertEquals(sent, ["state"]);
   *
   * hasRoom = false;
   * await presence.join("ada", { documentId: "42", name: "Ada" });
   * await new Promise((resolve) => setTimeout(resolve));
   * assertEquals(sent, ["state"]);
   * hasRoom = true;
   * listening.resume();
   * assertEquals(sent, ["state", "userJoined"]);
   * ```
   */
  listen(documentId: string, listener: DocumentListener): DocumentListening {
    assertName(documentId, "documentId", "listen to document");
    return new BoundedListening<DocumentState, DocumentEvent>(listener, {
      join: (member) =>
        this.closed ? undefined : this.#rooms.of(documentId).join(member),
      maxPending: this.#settings.maxPendingEvents,
      slotOf,
      voidedBy: slotsVoidedBy,
      tally: this.#tally,
    });
  }

  /** Counters of what has happened to slow readers. */
  get stats(): DocumentStats {
    const { coalesced, statesResent } = this.#tally;
    return { coalesced, statesResent };
  }

  #dispose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const session of [...this.#sessions]) session[Symbol.dispose]();
    this.#rooms.close();
  }

  #read(
    context: string,
    visible: VisibilityPolicy<string, string> = isPublic,
  ): PresenceSnapshot<DocumentModel>[] {
    return this.#server.store.snapshots({ context, visible });
  }

  /**
   * Returns the colour for a person who joins: their own if they are there.
   *
   * @throws {DocumentAtCapacityError} If the document is full without them.
   */
  #admit(documentId: string, userId: string): string {
    const context = documentContext(documentId);
    const { store } = this.#server;
    const [own] = huesIn(
      store.snapshots({ context, subject: userId, visible: isPublic }),
    );
    if (own !== undefined) return colorOfHue(own.hue);
    const { maxUsersPerDocument } = this.#settings;
    if (this.#hasPeople(context, maxUsersPerDocument)) {
      throw new DocumentAtCapacityError(documentId, maxUsersPerDocument);
    }
    // A search would find nothing in a crowd.
    if (this.#hasPeople(context, MOST_PEOPLE_APART)) return colorOf(userId);
    const hues = huesIn(this.#read(context)).map(({ hue }) => hue);
    return colorOfHue(hueApart(hueOf(userId), hues));
  }

  /** Reports whether so many people are there, not counting hidden ones. */
  #hasPeople(context: string, people: number): boolean {
    const { store } = this.#server;
    // Counting everyone costs nothing.
    return store.count(context).subjects >= people &&
      store.count(context, { visible: isPublic }).subjects >= people;
  }

  /** Keeps a session until it ends. Amortised O(1). */
  #keep(session: DocumentSession): void {
    this.#sweepLimit.apply(this.#sessions, () => {
      // A session that has expired does not report its end.
      for (const one of [...this.#sessions]) {
        if (!one.isPresent) one[Symbol.dispose]();
      }
    });
    this.#sessions.add(session);
  }

  #assertOpen(action: string): void {
    if (this.#server.closed) {
      throw new ChannelClosedError(action, new ServerClosedError(action));
    }
    if (this.#isClosed) throw new ChannelClosedError(action);
  }

  #follow(context: string, action: string): Promise<boolean> {
    return this.#ask(action, () => this.#server.follow(context));
  }

  /** Asks a question that other servers may have to answer. */
  async #ask<T>(action: string, question: () => Promise<T>): Promise<T> {
    this.#assertOpen(action);
    try {
      return await question();
    } catch (error) {
      throw new BackboneError(action, error);
    }
  }
}
