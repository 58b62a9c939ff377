import type { Timestamp } from "../../../core/mod.ts";
import type { DocumentMessage } from "../document_message.ts";
import type { ActiveDocument } from "../document_answers.ts";
import type {
  DocumentActivity,
  DocumentUser,
} from "../people/document_user.ts";
import type { Cursor, Selection, Viewport } from "../people/positions.ts";

/** A {@linkcode Selection} on the wire. */
export interface SelectionJson {
  /** Where the selection began. */
  readonly anchor: Cursor;
  /** Where it ends: the position of the cursor. */
  readonly head: Cursor;
  /** Whether the head comes before the anchor. */
  readonly is_backward: boolean;
}

/** A {@linkcode Viewport} on the wire. */
export interface ViewportJson {
  /** The first visible line, from 0. */
  readonly top_line: number;
  /** The last visible line. */
  readonly bottom_line: number;
  /** How far the text is scrolled, from 0 to 100. */
  readonly scroll_percentage: number;
}

/** A person in a list; times are Unix milliseconds. */
export interface ActiveUserJson {
  /** The id of the person. */
  readonly user_id: string;
  /** Their name. */
  readonly name: string;
  /** The URL of their picture. */
  readonly avatar_url: string | null;
  /** Their activity. */
  readonly activity: DocumentActivity;
  /** The time of their last activity. */
  readonly last_active_at: Timestamp;
}

/** An {@linkcode ActiveDocument} on the wire; times are Unix milliseconds. */
export interface ActiveDocumentJson {
  /** The id of the document. */
  readonly document_id: string;
  /** How many people are in it. */
  readonly user_count: number;
  /** The time of the last activity in it. */
  readonly last_active_at: Timestamp;
}

/** A {@linkcode DocumentUser} on the wire. */
export interface DocumentUserJson extends ActiveUserJson {
  /** The id of the document. */
  readonly document_id: string;
  /** The id of the document's workspace. */
  readonly workspace_id: string | null;
  /** Their colour. */
  readonly color: string;
  /** Whether they can be reached. */
  readonly online: boolean;
  /** Whether they are typing. */
  readonly is_typing: boolean;
  /** Whether they have the document in focus. */
  readonly is_focused: boolean;
  /** The part of the text on their screen. */
  readonly viewport: ViewportJson | null;
  /** The position of their cursor. */
  readonly cursor: Cursor | null;
  /** Their selection. */
  readonly selection: SelectionJson | null;
  /** When the first of their sessions began. */
  readonly connected_at: Timestamp;
  /** When their cursor last moved. */
  readonly last_cursor_update: Timestamp | null;
}

/** The payload of a {@linkcode DocumentMessage} on the wire. */
export type DocumentPayloadJson =
  | {
    readonly type: "state";
    readonly document_id: string;
    readonly users: readonly DocumentUserJson[];
  }
  | { readonly user_id: string }
    & (
      | { readonly type: "user_joined"; readonly presence: DocumentUserJson }
      | { readonly type: "user_left" | "user_idle" }
      | {
        readonly type: "cursor_moved";
        readonly cursor: Cursor | null;
        readonly selection: SelectionJson | null;
      }
      | { readonly type: "typing_changed"; readonly is_typing: boolean }
      | {
        readonly type: "viewport_changed";
        readonly viewport: ViewportJson | null;
      }
      | {
        readonly type: "activity_changed";
        readonly activity: DocumentActivity;
      }
      | { readonly type: "color_changed"; readonly color: string }
    );

/** A {@linkcode DocumentMessage} on the wire. */
export interface DocumentMessageJson {
  /** Distinguishes it from other kinds of events. */
  readonly event_type: "presence";
  /** The content. */
  readonly payload: DocumentPayloadJson;
  /** When it was made, in Unix milliseconds of the server's clock. */
  readonly timestamp: Timestamp;
}

/**
 * Converts a message of a document to its form on the wire.
 *
 * @param message The message.
 * @returns The JSON object. O(people) for a state, else O(1).
 *
 * @example Usage
 * ```ts
 * import { documentMessageJson } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   documentMessageJson({ type: "userLeft", userId: "ada", timestamp: 1_000 }),
 *   {
 *     event_type: "presence",
 *     payload: { type: "user_left", user_id: "ada" },
 *     timestamp: 1_000,
 *   },
 * );
 * ```
 */
export function documentMessageJson(
  message: DocumentMessage,
): DocumentMessageJson {
  const { timestamp } = message;
  return { event_type: "presence", payload: payloadOf(message), timestamp };
}

/**
 * Converts a person to their form on the wire.
 *
 * @param user The person.
 * @returns The JSON object.
 */
export function documentUserJson(user: DocumentUser): DocumentUserJson {
  return {
    ...activeUserJson(user),
    document_id: user.documentId,
    workspace_id: user.workspaceId,
    color: user.color,
    online: user.online,
    is_typing: user.typing,
    is_focused: user.focused,
    viewport: user.viewport && viewportJson(user.viewport),
    cursor: user.cursor,
    selection: selectionJson(user.selection),
    connected_at: user.connectedAt,
    last_cursor_update: user.lastCursorUpdate,
  };
}

/**
 * Converts a person to their form in a list on the wire.
 *
 * @param user The person.
 * @returns The JSON object.
 */
export function activeUserJson(user: DocumentUser): ActiveUserJson {
  return {
    user_id: user.userId,
    name: user.name,
    avatar_url: user.avatarUrl,
    activity: user.activity,
    last_active_at: user.lastActiveAt,
  };
}

/**
 * Converts a document with people in it to its form on the wire.
 *
 * @param document The document.
 * @returns The JSON object.
 */
export function activeDocumentJson(
  document: ActiveDocument,
): ActiveDocumentJson {
  return {
    document_id: document.documentId,
    user_count: document.users,
    last_active_at: document.lastActiveAt,
  };
}

function payloadOf(message: DocumentMessage): DocumentPayloadJson {
  if (message.type === "state") {
    const { documentId, users } = message;
    return {
      type: "state",
      document_id: documentId,
      users: users.map(documentUserJson),
    };
  }
  if (message.type === "userJoined") {
    const presence = documentUserJson(message.user);
    return { type: "user_joined", user_id: presence.user_id, presence };
  }
  const { userId: user_id } = message;
  switch (message.type) {
    case "userLeft":
      return { type: "user_left", user_id };
    case "userIdle":
      return { type: "user_idle", user_id };
    case "cursorMoved": {
      const { cursor } = message;
      const selection = selectionJson(message.selection);
      return { type: "cursor_moved", user_id, cursor, selection };
    }
    case "typingChanged":
      return { type: "typing_changed", user_id, is_typing: message.isTyping };
    case "viewportChanged": {
      const viewport = message.viewport && viewportJson(message.viewport);
      return { type: "viewport_changed", user_id, viewport };
    }
    case "activityChanged":
      return { type: "activity_changed", user_id, activity: message.activity };
    case "colorChanged":
      return { type: "color_changed", user_id, color: message.color };
  }
}

/**
 * Converts a selection to JSON.
 *
 * @param selection The selection, if any.
 * @returns The JSON.
 */
export function selectionJson(
  selection: Selection | null,
): SelectionJson | null {
  if (selection === null) return null;
  const { anchor, head, isBackward } = selection;
  return { anchor, head, is_backward: isBackward };
}

/**
 * Converts a viewport to JSON.
 *
 * @param viewport The viewport.
 * @returns The JSON.
 */
export function viewportJson(viewport: Viewport): ViewportJson {
  return {
    top_line: viewport.topLine,
    bottom_line: viewport.bottomLine,
    scroll_percentage: viewport.scrollPercentage,
  };
}
