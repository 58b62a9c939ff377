import { equalValues } from "../../core/mod.ts";
import { type PresenceViewEvent, PUBLIC_VIEWER, viewerPolicy } from "../mod.ts";
import { Room, type RoomMember, type Seat } from "../rooms/mod.ts";
import { colorOfHue } from "./people/color.ts";
import { documentContext } from "./contexts.ts";
import {
  huesIn,
  type PersonHue,
  settledHue,
} from "./people/document_colors.ts";
import type { DocumentEvent, DocumentState } from "./document_message.ts";
import type { DocumentModel, DocumentServer } from "./document_model.ts";
import type { DocumentUser } from "./people/document_user.ts";
import { eventsOf } from "./people/events.ts";
import { PEOPLE_APART } from "./people/hue.ts";
import { byUserId, peopleOf, personOf } from "./people/person.ts";
import type { SessionRows } from "./session_rows.ts";

/**
 * What all listeners of one document share: one mirror, the people, and the
 * messages. In a cluster it also keeps the colours of this server's sessions
 * apart from other colours.
 */
export class DocumentRoom extends Room<DocumentModel, DocumentEvent> {
  readonly #server: DocumentServer;
  readonly #documentId: string;
  readonly #context: string;
  readonly #users: Map<string, DocumentUser>;
  readonly #members = new Set<RoomMember<DocumentEvent>>();
  readonly #sessions = new Set<SessionRows>();
  /** The hues of people since the first session: unknown ones are settled. */
  readonly #hues = new Map<string, PersonHue>();
  #state: DocumentState | undefined;
  /** How often people have changed. */
  #revision = 0;

  /** Opens the room of a document; calls back when the room closes. */
  constructor(
    server: DocumentServer,
    documentId: string,
    onClose: () => void,
  ) {
    const context = documentContext(documentId);
    super(server, context, PUBLIC_VIEWER, onClose);
    this.#server = server;
    this.#documentId = documentId;
    this.#context = context;
    this.#users = new Map(
      peopleOf(this.view.snapshots({ context }), server.now)
        .map((user) => [user.userId, user]),
    );
  }

  /** Adds a listener. O(1). */
  join(member: RoomMember<DocumentEvent>): Seat<DocumentState> {
    this.#members.add(member);
    return {
      read: () => ({ state: this.#stateNow(), revision: this.#revision }),
      leave: () => {
        this.#members.delete(member);
        this.#closeIfEmpty();
      },
    };
  }

  /** Maintains the colour of a session. O(sessions of up to 12 people). */
  enter(session: SessionRows): void {
    this.#sessions.add(session);
    this.#settle(session.key.userId);
  }

  /** Stops maintaining the colour of a session. O(1). */
  exit(session: SessionRows): void {
    this.#sessions.delete(session);
    this.#closeIfEmpty();
  }

  protected override members(): RoomMember<DocumentEvent>[] {
    return [...this.#members];
  }

  protected override changed(
    events: readonly PresenceViewEvent<DocumentModel>[],
  ): void {
    const timestamp = this.#server.now;
    for (const { subject } of events) {
      const before = this.#users.get(subject);
      const after = this.#personNow(subject);
      for (const event of eventsOf(before, after, timestamp)) {
        for (const member of this.#members) {
          member.receive(event, this.#revision);
        }
      }
      const { sessions = 0 } = after ?? {};
      if (sessions < (before?.sessions ?? 0)) this.#letGo(subject);
      if (this.#hasOtherHue(subject)) this.#settle(subject);
    }
  }

  /** Returns everyone who is there; the same object for reads at one time. */
  #stateNow(): DocumentState {
    const timestamp = this.#server.now;
    if (this.#state?.timestamp !== timestamp) {
      const users = this.#state?.users ??
        [...this.#users.values()].sort(byUserId);
      const documentId = this.#documentId;
      this.#state = { type: "state", documentId, users, timestamp };
    }
    return this.#state;
  }

  #closeIfEmpty(): void {
    if (this.#members.size === 0 && this.#sessions.size === 0) this.close();
  }

  /** Forgets sessions that are gone: an expired one does not report its end. */
  #letGo(userId: string): void {
    for (const session of [...this.#sessions]) {
      if (session.key.userId !== userId || session.arePresent) continue;
      this.exit(session);
    }
  }

  /**
   * Gives this server's sessions the colours that follow from who is there now.
   * All sessions of a person have the colour of the first one.
   *
   * @param userId The only person to look at in a crowd, where colours stay.
   */
  #settle(userId: string): void {
    if (this.#sessions.size === 0) return;
    const isCrowd = this.#users.size > PEOPLE_APART;
    const people = huesIn(this.#server.store.snapshots({
      context: this.#context,
      subject: isCrowd ? userId : undefined,
      visible: viewerPolicy(PUBLIC_VIEWER),
    }));
    for (const session of this.#sessions) {
      const { userId } = session.key;
      const own = people.find((person) => person.userId === userId);
      if (own === undefined) continue;
      const isFirst = session.visit === own.visit;
      const hue = isFirst && !isCrowd ? settledHue(userId, people) : own.hue;
      session.paint(colorOfHue(hue));
    }
  }

  /** Reports whether a person has another hue or first session than before. */
  #hasOtherHue(subject: string): boolean {
    if (this.#sessions.size === 0) return false;
    const [hue] = huesIn(
      this.view.snapshots({ context: this.#context, subject }),
    );
    const isOther = !equalValues(hue, this.#hues.get(subject));
    if (hue === undefined) this.#hues.delete(subject);
    else this.#hues.set(subject, hue);
    return isOther;
  }

  /** Sums up a person again. O(their sessions). */
  #personNow(subject: string): DocumentUser | undefined {
    const sessions = this.view.snapshots({ context: this.#context, subject });
    const after = personOf(sessions, this.#server.now);
    if (after === undefined) this.#users.delete(subject);
    else this.#users.set(subject, after);
    this.#state = undefined;
    this.#revision++;
    return after;
  }
}
