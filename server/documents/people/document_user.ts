import type { Timestamp } from "../../../core/mod.ts";
import type { Cursor, Selection, Viewport } from "./positions.ts";

/**
 * What a person does in a document. The values are in order of rank: a person
 * with several sessions has the highest activity of any of them.
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
 * The activity comes from the session with the highest one; among equals, from
 * the session that was active last. The cursor and the selection come from the
 * first such session that has a cursor, the viewport from the first that has a
 * viewport.
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
   * Their colour: that of their id, `colorOf()`, or one near it that is far
   * enough from the colours of people who joined earlier. The hues of up to
   * twelve people are 20 degrees or more apart.
   */
  readonly color: string;
  /** Whether at least one of their sessions is not offline. */
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
   * When their cursor last moved, or when the latest of their present sessions
   * began, whichever is later. `null` for an entry without it, from HTTP or a
   * topic.
   */
  readonly lastCursorUpdate: Timestamp | null;
  /** How many sessions they have: tabs and devices. */
  readonly sessions: number;
}
