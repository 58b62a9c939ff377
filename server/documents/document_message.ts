import type { Timestamp } from "../../core/mod.ts";
import type { DocumentActivity, DocumentUser } from "./people/document_user.ts";
import type { Cursor, Selection, Viewport } from "./people/positions.ts";

/** What every message has. */
export interface Stamped {
  /** When it is told, in milliseconds by the server's clock. */
  readonly timestamp: Timestamp;
}

/** All who are there. What the reader knew before is void. */
export interface DocumentState extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "state";
  /** Which document. */
  readonly documentId: string;
  /** The people, in the order of their ids. */
  readonly users: readonly DocumentUser[];
}

/** Somebody has come who was not there by any session. */
export interface UserJoined extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "userJoined";
  /** All that is known of them. */
  readonly user: DocumentUser;
}

/** Somebody's last session is gone. */
export interface UserLeft extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "userLeft";
  /** Who. */
  readonly userId: string;
}

/** Somebody has moved their cursor or selected something else. */
export interface CursorMoved extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "cursorMoved";
  /** Who. */
  readonly userId: string;
  /** Where the cursor is now. */
  readonly cursor: Cursor | null;
  /** What is selected now. */
  readonly selection: Selection | null;
}

/** Somebody has begun to type, or has ended. */
export interface TypingChanged extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "typingChanged";
  /** Who. */
  readonly userId: string;
  /** Whether they type. */
  readonly isTyping: boolean;
}

/** Somebody has something else on the screen. */
export interface ViewportChanged extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "viewportChanged";
  /** Who. */
  readonly userId: string;
  /** What it is now. */
  readonly viewport: Viewport | null;
}

/** Somebody does something else; of who has become idle, `userIdle` tells. */
export interface ActivityChanged extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "activityChanged";
  /** Who. */
  readonly userId: string;
  /** What they do now. */
  readonly activity: Exclude<DocumentActivity, "idle">;
}

/**
 * Somebody has another colour than before, because they came to another server
 * at the same moment as somebody with a similar one.
 */
export interface ColorChanged extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "colorChanged";
  /** Who. */
  readonly userId: string;
  /** Their colour now. */
  readonly color: string;
}

/** Somebody has done nothing for a while. */
export interface UserIdle extends Stamped {
  /** Tells the kinds of messages apart. */
  readonly type: "userIdle";
  /** Who. */
  readonly userId: string;
}

/** What happens in a document, person by person. */
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
 * What a reader of a document is told: first a state, then events, and a state
 * again after it has been behind. All readers get the same objects.
 */
export type DocumentMessage = DocumentState | DocumentEvent;
