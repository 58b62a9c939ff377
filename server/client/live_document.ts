import type {
  Cursor,
  DocumentUser,
  Selection,
  Viewport,
} from "../documents/internal.ts";
import type { ActivityOptions } from "./live_room.ts";
import type { Room } from "./room.ts";

/** What others see of a person's session in a document, beside what it does. */
export interface DocumentProfile {
  /** The own name. Without it, the client only watches. */
  readonly name?: string | undefined;
  /** The URL of the own picture: relative, or of `http` or `https`. */
  readonly avatarUrl?: string | undefined;
  /** The workspace of the document. */
  readonly workspaceId?: string | undefined;
}

/** How a document is joined. */
export interface DocumentOptions extends DocumentProfile, ActivityOptions {}

/** Somebody in a document: an id, and the sum of all sessions. */
export interface DocumentPerson extends DocumentUser {
  /** Who it is: the same as `userId`. */
  readonly id: string;
  /** Whether the service has restarted, and the person has yet to return. */
  readonly isReturning: boolean;
}

/** The person of this client in a document. */
export interface DocumentMe {
  /** The subject: a guess until the service has named it. */
  readonly id: string;
  /** The id of this session; `undefined` until it is joined. */
  readonly sessionId: string | undefined;
  /** As others see it; `undefined` until it is joined, and if it watches. */
  readonly person: DocumentPerson | undefined;
}

/**
 * A document: who is in it, where their cursors are, what they select and do.
 * Made by `LiveClient.document()`.
 */
export interface LiveDocument extends Room<DocumentPerson, DocumentMe> {
  /**
   * Shows where the cursor is. Others get the latest position, at most once in
   * `throttleMs`.
   *
   * @param cursor The position.
   * @param selection What is selected, if anything.
   */
  moveCursor(cursor: Cursor, selection?: Selection | null): void;

  /**
   * Shows what is on the screen. Others get the latest part, at most once in
   * `throttleMs`.
   *
   * @param viewport The part.
   */
  setViewport(viewport: Viewport): void;

  /**
   * Changes the own name and picture. Nobody sees the person leave.
   *
   * @param profile All of it: without a name, the client only watches.
   */
  setProfile(profile: DocumentProfile): void;
}
