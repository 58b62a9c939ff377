import type { ViewportJson } from "./document_json.ts";
import {
  assertFlag,
  assertRecord,
  type Cursor,
  cursorOf,
  type Selection,
  selectionOf,
  type Viewport,
  viewportOf,
} from "../people/positions.ts";

/** A move of a cursor. */
export interface CursorMove {
  /** The position of the cursor. */
  readonly cursor: Cursor;
  /** The selection; `null` for none. */
  readonly selection: Selection | null;
}

/** A change of the focus of a document. */
export interface FocusChange {
  /** Whether it is in focus. */
  readonly focused: boolean;
  /** Whether its page is hidden. */
  readonly hidden: boolean;
}

/**
 * Reads a position of the cursor from a client:
 * `{ cursor: { line, column, offset }, selection? }`.
 *
 * @param json What the client has sent, unchecked.
 * @returns The cursor and the selection.
 * @throws {InvalidValueError} If a position is not three whole numbers of zero
 * or more, or the selection is malformed.
 */
export function readCursorMove(json: unknown): CursorMove {
  const action = "move cursor";
  assertRecord<CursorMove>(json, "payload", action);
  const { cursor, selection = null } = json;
  return {
    cursor: cursorOf(cursor, "cursor", action),
    selection: selection === null
      ? null
      : selectionOf(selection, "is_backward", action),
  };
}

/**
 * Reads a viewport from a client:
 * `{ top_line, bottom_line, scroll_percentage }`.
 *
 * @param json What the client has sent, unchecked.
 * @returns The viewport.
 * @throws {InvalidValueError} If a line is not a whole number of zero or more,
 * the bottom is above the top, or the percentage is not from 0 to 100.
 */
export function readViewport(json: unknown): Viewport {
  const action = "change viewport";
  assertRecord<ViewportJson>(json, "payload", action);
  const {
    top_line: topLine,
    bottom_line: bottomLine,
    scroll_percentage: scrollPercentage,
  } = json;
  return viewportOf({ topLine, bottomLine, scrollPercentage }, {
    topLine: "top_line",
    bottomLine: "bottom_line",
    scrollPercentage: "scroll_percentage",
  }, action);
}

/**
 * Reads a change of the focus from a client: `{ focused, hidden? }`.
 *
 * @param json What the client has sent, unchecked.
 * @returns The focus, and whether the page is hidden.
 * @throws {InvalidValueError} If a field is not `true` or `false`.
 */
export function readFocus(json: unknown): FocusChange {
  const action = "change focus";
  assertRecord<FocusChange>(json, "payload", action);
  const { focused, hidden = false } = json;
  assertFlag(focused, "focused", action);
  assertFlag(hidden, "hidden", action);
  return { focused, hidden };
}

/**
 * Reads from a client whether a person types: `{ is_typing? }`. A client sends
 * it at each key and may omit the field. It need not report the end.
 *
 * @param json What the client has sent, unchecked.
 * @returns Whether the person types.
 * @throws {InvalidValueError} If it is not `true` or `false`.
 */
export function readTyping(json: unknown): boolean {
  const action = "change typing";
  assertRecord<{ is_typing: boolean }>(json, "payload", action);
  const { is_typing = true } = json;
  assertFlag(is_typing, "is_typing", action);
  return is_typing;
}
