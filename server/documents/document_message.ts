import type { Timestamp } from "../../core/mod.ts";
import type { DocumentActivity, DocumentUser } from "./people/document_user.ts";
import type { Cursor, Selection, Viewport } from "./people/positions.ts";

/** The fields of every message. */
export interface Stamped {
  /** When it was made, in milliseconds of the server's clock. */
  readonly timestamp: Timestamp;
}

/** Everyone in a document. It replaces everything that the reader knew. */
export interface DocumentState extends Stamped {
  /** The kind of message. */
  readonly type: "state";
  /** The id of the document. */
  readonly documentId: string;
  /** The people, in the order of their ids. */
  readonly users: readonly DocumentUser[];
}

/** A person has joined, with their first session. */
export interface UserJoined extends Stamped {
  /** The kind of message. */
  readonly type: "userJoined";
  /** The person. */
  readonly user: DocumentUser;
}

/** A person has left, with their last session. */
export interface UserLeft extends Stamped {
  /** The kind of message. */
  readonly type: "userLeft";
  /** The id of the person. */
  readonly userId: string;
}

/** A person has moved their cursor or changed their selection. */
export interface CursorMoved extends Stamped {
  /** The kind of message. */
  readonly type: "cursorMoved";
  /** The id of the person. */
  readonly userId: string;
  /** The new position. */
  readonly cursor: Cursor | null;
  /** The new selection. */
  readonly selection: Selection | null;
}

/** A person has begun or ended typing. */
export interface TypingChanged extends Stamped {
  /** The kind of message. */
  readonly type: "typingChanged";
  /** The id of the person. */
  readonly userId: string;
  /** Whether they are typing. */
  readonly isTyping: boolean;
}

/** A person has scrolled. */
export interface ViewportChanged extends Stamped {
  /** The kind of message. */
  readonly type: "viewportChanged";
  /** The id of the person. */
  readonly userId: string;
  /** The new viewport. */
  readonly viewport: Viewport | null;
}

/** The activity of a person has changed; `userIdle` reports idle people. */
export interface ActivityChanged extends Stamped {
  /** The kind of message. */
  readonly type: "activityChanged";
  /** The id of the person. */
  readonly userId: string;
  /** The new activity. */
  readonly activity: Exclude<DocumentActivity, "idle">;
}

/**
 * The colour of a person has changed, because they joined at another server at
 * the same moment as somebody with a similar colour.
 */
export interface ColorChanged extends Stamped {
  /** The kind of message. */
  readonly type: "colorChanged";
  /** The id of the person. */
  readonly userId: string;
  /** The new colour. */
  readonly color: string;
}

/** A person has become idle. */
export interface UserIdle extends Stamped {
  /** The kind of message. */
  readonly type: "userIdle";
  /** The id of the person. */
  readonly userId: string;
}

/** An event of a document, which is about one person. */
export type DocumentEvent =
  | UserJoined
  | UserLeft
  | CursorMoved
  | TypingChanged
  | ViewportChanged
  | ActivityChanged
  | ColorChanged
  | UserIdle;

/**
 * A message of a document: first a state, then events. A reader that was too
 * far behind gets a new state. All readers get the same objects.
 */
export type DocumentMessage = DocumentState | DocumentEvent;
