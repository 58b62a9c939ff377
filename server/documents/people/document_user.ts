import type { Timestamp } from "../../../core/mod.ts";
import type { Cursor, Selection, Viewport } from "./positions.ts";

/**
 * What somebody does in a document. From the first on, it is what counts when
 * somebody is there more than once.
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
 * Activity is that of the session that counts: which does most, and of those
 * the one that did something last. Cursor and selection are of the one that
 * counts among those that have a cursor, and the viewport likewise.
 */
export interface DocumentUser {
  /** Who. */
  readonly userId: string;
  /** The id of the document. */
  readonly documentId: string;
  /** The id of the document's workspace; `null` if it is in none. */
  readonly workspaceId: string | null;
  /** What they are called. */
  readonly name: string;
  /** Where their picture is. */
  readonly avatarUrl: string | null;
  /**
   * Their colour: that which their id makes, `colorOf()`, or one near it that
   * nobody has who was there before. Of twelve people all have hues that are 20
   * degrees apart or more.
   */
  readonly color: string;
  /** Whether they can be reached: whoever is not offline. */
  readonly online: boolean;
  /** Whether they type, in any session. */
  readonly typing: boolean;
  /** Whether they have the document in focus, in any session. */
  readonly focused: boolean;
  /** What they do. */
  readonly activity: DocumentActivity;
  /** What they have on the screen; `null` until they have said so. */
  readonly viewport: Viewport | null;
  /** Where their cursor is; `null` until they have moved it. */
  readonly cursor: Cursor | null;
  /** What they have selected; `null` for nothing. */
  readonly selection: Selection | null;
  /** When the first of their sessions began. */
  readonly connectedAt: Timestamp;
  /** When they last did something, in any session. */
  readonly lastActiveAt: Timestamp;
  /**
   * When their cursor was last moved, in any session, or else when they came;
   * `null` for who came by another face and has none.
   */
  readonly lastCursorUpdate: Timestamp | null;
  /** How many sessions they have: tabs, devices. */
  readonly sessions: number;
}
