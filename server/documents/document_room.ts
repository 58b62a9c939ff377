import { equalValues, type PresenceSnapshot } from "../../core/mod.ts";
import type { CursorPosition } from "../../store/mod.ts";
import { PresenceView, PUBLIC_VIEWER, viewerPolicy } from "../mod.ts";
import { colorOfHue } from "./color.ts";
import { documentContext } from "./contexts.ts";
import { huesIn, type PersonHue, settledHue } from "./document_colors.ts";
import type { DocumentEvent, DocumentState } from "./document_message.ts";
import type { DocumentModel, DocumentServer } from "./document_model.ts";
import type { DocumentUser } from "./document_user.ts";
import { eventsOf } from "./events.ts";
import { PEOPLE_APART } from "./hue.ts";
import { byUserId, peopleOf, personOf } from "./person.ts";
import type { SessionRows } from "./session_rows.ts";

/** A listener, as its room sees it. */
export interface RoomMember {
  /** Takes an event in, and what the room's revision is after it. */
  tell(event: DocumentEvent, revision: number): void;
  /** Takes note that there will be no more. */
  end(): void;
  /** The same, because something should not have happened. */
  fail(error: unknown): void;
}

/**
 * What all listeners of one document share: one watch, one mirror, the people,
 * and the messages. Among many servers it also looks after the colours of this
 * server's sessions.
 */
export class DocumentRoom {
  readonly #server: DocumentServer;
  readonly #documentId: string;
  readonly #context: string;
  readonly #onClose: () => void;
  readonly #view = new PresenceView<DocumentModel>();
  readonly #users: Map<string, DocumentUser>;
  readonly #members = new Set<RoomMember>();
  readonly #sessions = new Set<SessionRows>();
  /** The hues of people as far as they were looked at. */
  readonly #hues = new Map<string, PersonHue>();
  readonly #ended = new AbortController();
  #state: DocumentState | undefined;
  #revision = 0;

  /** Opens the room of a document; tells when it is closed. */
  constructor(
    server: DocumentServer,
    documentId: string,
    onClose: () => void,
  ) {
    this.#server = server;
    this.#documentId = documentId;
    this.#context = documentContext(documentId);
    this.#onClose = onClose;
    const { store } = server;
    const snapshots = this.#read();
    const since = { epoch: store.epoch, sequence: store.lastSequence };
    this.#fill(snapshots, since);
    this.#users = new Map(
      peopleOf(snapshots, server.now).map((user) => [user.userId, user]),
    );
    this.#run(since).catch((error: unknown) => this.#fail(error));
  }

  /** All who are there now; the same object for all who ask at once. */
  get state(): DocumentState {
    const timestamp = this.#server.now;
    if (this.#state?.timestamp !== timestamp) {
      const users = this.#state?.users ??
        [...this.#users.values()].sort(byUserId);
      const documentId = this.#documentId;
      this.#state = { type: "state", documentId, users, timestamp };
    }
    return this.#state;
  }

  /**
   * How often somebody has become another. An event of this revision or of one
   * before tells nothing that the state does not hold.
   */
  get revision(): number {
    return this.#revision;
  }

  /** Lets a listener in. O(1). */
  join(member: RoomMember): void {
    this.#members.add(member);
  }

  /** Lets a listener out. The last one to leave closes the room. O(1). */
  leave(member: RoomMember): void {
    this.#members.delete(member);
    this.#closeIfEmpty();
  }

  /** Looks after the colour of a session. O(1). */
  enter(session: SessionRows): void {
    this.#sessions.add(session);
  }

  /** Does so no more. O(1). */
  exit(session: SessionRows): void {
    this.#sessions.delete(session);
    this.#closeIfEmpty();
  }

  /** Ends the watch, and all listeners with it. */
  close(): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    this.#onClose();
    for (const member of [...this.#members]) member.end();
  }

  #closeIfEmpty(): void {
    if (this.#members.size === 0 && this.#sessions.size === 0) this.close();
  }

  #read(subject?: string): PresenceSnapshot<DocumentModel>[] {
    return this.#server.store.snapshots({
      context: this.#context,
      subject,
      visible: viewerPolicy(PUBLIC_VIEWER),
    });
  }

  #fail(error: unknown): void {
    for (const member of [...this.#members]) member.fail(error);
    this.close();
  }

  #fill(
    snapshots: readonly PresenceSnapshot<DocumentModel>[],
    position: CursorPosition,
  ): void {
    const type = "baseline";
    this.#view.apply({ type, position, snapshots, part: 0, last: true });
  }

  async #run(since: CursorPosition): Promise<void> {
    const watch = this.#server.watch({
      context: this.#context,
      viewer: PUBLIC_VIEWER,
      since,
      signal: this.#ended.signal,
    });
    for await (const batch of watch) {
      const timestamp = this.#server.now;
      for (const { subject } of this.#view.apply(batch)) {
        const before = this.#users.get(subject);
        const after = this.#personNow(subject);
        for (const event of eventsOf(before, after, timestamp)) {
          this.#tell(event);
        }
        const { sessions = 0 } = after ?? {};
        if (sessions < (before?.sessions ?? 0)) this.#letGo(subject);
        if (this.#hasOtherHue(subject)) this.#settle(subject);
      }
    }
    // The server is closed.
    this.close();
  }

  #tell(event: DocumentEvent): void {
    const revision = this.#revision;
    for (const member of this.#members) member.tell(event, revision);
  }

  /** Forgets sessions of somebody that are gone: an expired one does not say so. */
  #letGo(userId: string): void {
    for (const session of [...this.#sessions]) {
      if (session.key.userId !== userId || session.arePresent) continue;
      this.exit(session);
    }
  }

  /**
   * Gives this server's sessions the colours that they must have by who is there
   * now. All sessions of a person have that of the first one.
   *
   * @param userId The one person to look at in a crowd, where colours stay.
   */
  #settle(userId: string): void {
    if (this.#sessions.size === 0) return;
    const isCrowd = this.#users.size > PEOPLE_APART;
    const people = huesIn(this.#read(isCrowd ? userId : undefined));
    for (const session of this.#sessions) {
      const { userId } = session.key;
      const own = people.find((person) => person.userId === userId);
      if (own === undefined) continue;
      const isFirst = session.visit === own.visit;
      const hue = isFirst && !isCrowd ? settledHue(userId, people) : own.hue;
      session.paint(colorOfHue(hue));
    }
  }

  /** Whether somebody has another hue, or another first session, than before. */
  #hasOtherHue(subject: string): boolean {
    if (this.#sessions.size === 0) return false;
    const [hue] = huesIn(
      this.#view.snapshots({ context: this.#context, subject }),
    );
    const isOther = !equalValues(hue, this.#hues.get(subject));
    if (hue === undefined) this.#hues.delete(subject);
    else this.#hues.set(subject, hue);
    return isOther;
  }

  /** Sums somebody up anew. O(their sessions). */
  #personNow(subject: string): DocumentUser | undefined {
    const sessions = this.#view.snapshots({ context: this.#context, subject });
    const after = personOf(sessions, this.#server.now);
    if (after === undefined) this.#users.delete(subject);
    else this.#users.set(subject, after);
    this.#state = undefined;
    this.#revision++;
    return after;
  }
}

/** The rooms that have listeners. */
export class DocumentRooms {
  readonly #server: DocumentServer;
  readonly #rooms = new Map<string, DocumentRoom>();

  /** Makes rooms of a server's documents. */
  constructor(server: DocumentServer) {
    this.#server = server;
  }

  /** The room of a document, which opens with its first listener. */
  of(documentId: string): DocumentRoom {
    let room = this.#rooms.get(documentId);
    if (room === undefined) {
      room = new DocumentRoom(
        this.#server,
        documentId,
        () => this.#rooms.delete(documentId),
      );
      this.#rooms.set(documentId, room);
    }
    return room;
  }

  /** Closes all of them. */
  close(): void {
    for (const room of [...this.#rooms.values()]) room.close();
  }
}
