import type { SelectionJson, ViewportJson } from "./document_json.ts";
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

/** Where somebody has moved to. */
export interface CursorMove {
  /** Where the cursor is. */
  readonly cursor: Cursor;
  /** What is selected; `null` for nothing. */
  readonly selection: Selection | null;
}

/** Whether somebody looks at a document. */
export interface FocusChange {
  /** Whether it is in focus. */
  readonly focused: boolean;
  /** Whether its page can't be seen. */
  readonly hidden: boolean;
}

/**
 * Reads what a client says of its cursor:
 * `{ cursor: { line, column, offset }, selection? }`.
 *
 * @param json What it says; nothing is believed of it.
 * @returns The cursor, and what is selected.
 * @throws {InvalidValueError} If a place is not three whole numbers of zero or
 * more, or the selection is none.
 */
export function readCursorMove(json: unknown): CursorMove {
  const action = "move cursor";
  assertRecord<CursorMove>(json, "payload", action);
  const { cursor, selection = null } = json;
  return {
    cursor: cursorOf(cursor, "cursor", action),
    selection: selection === null ? null : readSelection(selection, action),
  };
}

/**
 * Reads what a client says of its screen:
 * `{ top_line, bottom_line, scroll_percentage }`.
 *
 * @param json What it says; nothing is believed of it.
 * @returns What is on the screen.
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
 * Reads whether a client has a document in focus: `{ focused, hidden? }`.
 *
 * @param json What it says; nothing is believed of it.
 * @returns Whether it is in focus, and whether its page is hidden.
 * @throws {InvalidValueError} If one of them is not `true` or `false`.
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
 * Reads whether a client types: `{ is_typing? }`. It says so at each key, where
 * it may leave the field out; that it has stopped it need not say.
 *
 * @param json What it says; nothing is believed of it.
 * @returns Whether it types.
 * @throws {InvalidValueError} If it is not `true` or `false`.
 */
export function readTyping(json: unknown): boolean {
  const action = "change typing";
  assertRecord<{ is_typing: boolean }>(json, "payload", action);
  const { is_typing = true } = json;
  assertFlag(is_typing, "is_typing", action);
  return is_typing;
}

function readSelection(json: unknown, action: string): Selection {
  assertRecord<SelectionJson>(json, "selection", action);
  const { anchor, head, is_backward: isBackward } = json;
  return selectionOf({ anchor, head, isBackward }, {
    anchor: "selection.anchor",
    head: "selection.head",
    isBackward: "selection.is_backward",
  }, action);
}
