import type { Timestamp } from "../../../core/mod.ts";
import type { Cursor, Selection, Viewport } from "./positions.ts";

/**
 * What a person does in a document. For a person with several sessions, the
 * first of these that one of them has counts.
 */
export type DocumentActivity =
  | "editing"
  | "selecting"
  | "viewing"
  | "idle"
  | "away";

/**
 * A person in a document, summed up from their sessions. It is an immutable
 * value; times are Unix milliseconds by the server's clock.
 *
 * One session counts for the activity: the one that does most, and of several
 * the one that was active last. Cursor and selection are those of the session
 * that counts among those with a cursor, and likewise the viewport.
 */
export interface DocumentUser {
  /** The id of the person. */
  readonly userId: string;
  /** The id of the document. */
  readonly documentId: string;
  /** The id of the document's workspace; `null` without one. */
  readonly workspaceId: string | null;
  /** Their name. */
  readonly name: string;
  /** The URL of their picture. */
  readonly avatarUrl: string | null;
  /**
   * Their colour: that of their id, `colorOf()`, or one near it that is apart
   * from those of people who were there before. The hues of up to twelve people
   * are 20 degrees or more apart.
   */
  readonly color: string;
  /** Whether they can be reached: everyone who is not offline. */
  readonly online: boolean;
  /** Whether they are typing in any session. */
  readonly typing: boolean;
  /** Whether the document is in focus in any session. */
  readonly focused: boolean;
  /** Their activity. */
  readonly activity: DocumentActivity;
  /** The part of the text on their screen; `null` until it is reported. */
  readonly viewport: Viewport | null;
  /** The position of their cursor; `null` until it moves. */
  readonly cursor: Cursor | null;
  /** Their selection; `null` for none. */
  readonly selection: Selection | null;
  /** When the first of their sessions began. */
  readonly connectedAt: Timestamp;
  /** The time of their last activity in any session. */
  readonly lastActiveAt: Timestamp;
  /**
   * When their cursor last moved in any session; before that, when they joined.
   * `null` for an entry of another face without it.
   */
  readonly lastCursorUpdate: Timestamp | null;
  /** How many sessions they have: tabs and devices. */
  readonly sessions: number;
}
