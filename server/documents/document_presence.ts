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

const isPublic = viewerPolicy<DocumentModel>(PUBLIC_VIEWER);

/** What sessions have in a workspace is private; of the rest what is public. */
const isNotRestricted: VisibilityPolicy<string, string> = (visibility) =>
  typeof visibility === "string";

/**
 * People in documents over a `PresenceServer`: where their cursors are, what
 * they select and type, who is idle or away.
 *
 * Each tab is a session; a person is what their sessions add up to. Whoever may
 * read a document sees all who are in it: who may is for the caller to decide.
 * An entry that another face has put into a document is a person too, unless it
 * is not public.
 *
 * Dispose of it when it is no longer needed: its sessions leave, its watches
 * end, and it can't be asked any more. The server goes on.
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

  /**
   * Makes documents of a server's contexts.
   *
   * @param server The server.
   * @param options How they behave.
   * @throws {InvalidValueError} If `server` is none, a number is not in its
   * range, or an option is not known.
   */
  constructor(server: DocumentServer, options: DocumentPresenceOptions = {}) {
    assertServer(server, "create documents");
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
   * Lets somebody in, by a session of their own: online, in focus, viewing, not
   * typing, without a cursor. Among many servers it first learns who is there,
   * for the capacity counts all.
   *
   * @param userId Who.
   * @param options Where to, and how.
   * @returns The session, to tell of what they do, and to leave.
   * @throws {DocumentAtCapacityError} If the document is full and they are not
   * in it.
   * @throws {ContextAtCapacityError} If the workspace is, because the server
   * has a capacity.
   * @throws {InvalidValueError} If an id or the time to live is none, the person
   * or the document has an empty id, the name or the picture is left out where it
   * must not, too long or no such thing, or an option is not known.
   * @throws {SerializationError} If JSON can't carry the name or the picture.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If it has been closed.
   * @throws {unknown} The reason of the signal, if it is aborted before they are
   * in.
   */
  async join(userId: string, options: JoinOptions): Promise<DocumentSession> {
    const action = "join document";
    this.#assertOpen(action);
    const { documentId, workspaceId, name, avatarUrl, ...rest } = options;
    const {
      ttlMs = this.#settings.presenceTtlSeconds * 1_000,
      signal,
      ...more
    } = rest;
    const {
      origin = this.#origin,
      sessionId = crypto.randomUUID(),
      ...others
    } = more;
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
    await this.#ask(action, () => this.#server.follow(context));
    // From here on nothing waits, so that nobody else gets the last place.
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
      if (!isFull(error, context)) throw error;
      throw new DocumentAtCapacityError(documentId, error.maxSubjects);
    }
    // Without other servers nobody comes whom this one does not know.
    const room = this.#server.replicated
      ? this.#rooms.of(documentId)
      : undefined;
    const session = new DocumentSession(this.#server, rows, {
      ...this.#settings,
      isClosed: () => this.#isClosed,
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
   * @returns The people; none for a document that nobody is in.
   * @throws {InvalidValueError} If the id is none.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If it has been closed.
   */
  async activeUsers(documentId: string): Promise<ActiveUsers> {
    const action = "list users";
    assertName(documentId, "documentId", action);
    const context = documentContext(documentId);
    const isComplete = await this.#ask(
      action,
      () => this.#server.follow(context),
    );
    const users = peopleOf(this.#read(context), this.#server.now);
    return { users, isComplete };
  }

  /**
   * Lists the documents that somebody is in. O(their sessions), and a question
   * to all other servers.
   *
   * @param userId Who.
   * @returns The documents.
   * @throws {InvalidValueError} If the id is none.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If it has been closed.
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
   * Lists the documents of a workspace that there are people in. O(the sessions
   * in the workspace).
   *
   * @param workspaceId The id of the workspace.
   * @returns The documents; none for a workspace that nobody is in.
   * @throws {InvalidValueError} If the id is none.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If it has been closed.
   */
  async activeDocuments(workspaceId: string): Promise<ActiveDocuments> {
    const action = "list documents of workspace";
    assertName(workspaceId, "workspaceId", action);
    const context = workspaceContext(workspaceId);
    const isComplete = await this.#ask(
      action,
      () => this.#server.follow(context),
    );
    const documents = documentsIn(
      this.#read(context, isNotRestricted),
      ({ facets }) => facets.document,
      this.#server.now,
    );
    return { documents, isComplete };
  }

  /**
   * Counts the people in documents, in one question for all. An id that is said
   * twice costs nothing more.
   *
   * @param documentIds The ids of the documents.
   * @returns The counts.
   * @throws {InvalidValueError} If an id is none, or this is no array of them.
   * @throws {BackboneError} If the other servers can't be asked.
   * @throws {ChannelClosedError} If it has been closed.
   */
  async counts(documentIds: readonly string[]): Promise<DocumentCounts> {
    const action = "count users";
    assertNames(documentIds, "documentIds", action);
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
   * Tells what happens in a document: first a state, then events, person by
   * person. It begins with the first `next()`, and ends without an error when
   * it is aborted or this or the server is disposed of.
   *
   * A reader that is slow is told the latest of each person alone, and if it is
   * behind by more than `maxPendingEvents` all the same, it gets a state again.
   * Readers of one document share the work and the objects.
   *
   * @param documentId The id of the document.
   * @param options Until when.
   * @returns The messages.
   * @throws {InvalidValueError} If the id is none.
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
   * Tells the same as {@linkcode DocumentPresence.watch}, but by a call for each
   * message, which the listener can refuse: for wires, of which there are many
   * and each has room or not. A promise for each of them and each message would
   * cost as much as all else that is done for it here.
   *
   * It begins with the first `resume()`. A listener that is slow is treated as
   * a reader is.
   *
   * @param documentId The id of the document.
   * @param listener Who to tell. Its `take()` is called while others wait for
   * their turn: it must be quick.
   * @returns What to tell when it is to begin, to go on, or to end.
   * @throws {InvalidValueError} If the id is none.
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

  /** What has happened so far to those who watch, for whoever measures. */
  get stats(): DocumentStats {
    const { coalesced, statesResent } = this.#tally;
    return { coalesced, statesResent };
  }

  /** Ends it: the sessions leave, the watches end. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const session of [...this.#sessions]) session[Symbol.dispose]();
    this.#rooms.close();
  }

  // Below the surface

  #read(
    context: string,
    visible: VisibilityPolicy<string, string> = isPublic,
  ): PresenceSnapshot<DocumentModel>[] {
    return this.#server.store.snapshots({ context, visible });
  }

  /**
   * Returns the colour for somebody who joins: theirs if they are there.
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
    // In a crowd a search would find nothing.
    if (this.#hasPeople(context, MOST_PEOPLE_APART)) return colorOf(userId);
    const hues = huesIn(this.#read(context)).map(({ hue }) => hue);
    return colorOfHue(hueApart(hueOf(userId), hues));
  }

  /** Whether so many people are there; those who are not public don't count. */
  #hasPeople(context: string, people: number): boolean {
    const { store } = this.#server;
    // To count everyone costs nothing.
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

  /** Asks what other servers may have to answer. */
  async #ask<T>(action: string, question: () => Promise<T>): Promise<T> {
    this.#assertOpen(action);
    try {
      return await question();
    } catch (error) {
      throw new BackboneError(action, error);
    }
  }
}

/** Whether it was the document that the server had no place in. */
function isFull(
  error: unknown,
  context: string,
): error is ContextAtCapacityError {
  return error instanceof ContextAtCapacityError && error.context === context;
}

function assertNames(values: unknown, field: string, action: string): void {
  if (!Array.isArray(values)) {
    throw new InvalidValueError(action, field, "must be an array", values);
  }
  for (const [index, value] of values.entries()) {
    assertName(value, `${field}[${index}]`, action);
  }
}
