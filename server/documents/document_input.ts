import { InvalidValueError } from "../../core/mod.ts";
import type { SelectionJson, ViewportJson } from "./document_json.ts";
import {
  assertFlag,
  assertPercentage,
  assertPlace,
  type Cursor,
  cursorOf,
  type Selection,
  type Viewport,
} from "./positions.ts";

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
  const { cursor, selection = null } = recordOf<"cursor" | "selection">(
    json,
    "payload",
    action,
  );
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
  const fields = recordOf<keyof ViewportJson>(json, "payload", action);
  const { top_line, bottom_line, scroll_percentage } = fields;
  assertPlace(top_line, "top_line", action);
  assertPlace(bottom_line, "bottom_line", action);
  if (bottom_line < top_line) {
    const rule = "must not be above top_line";
    throw new InvalidValueError(action, "bottom_line", rule, bottom_line);
  }
  assertPercentage(scroll_percentage, "scroll_percentage", action);
  return {
    topLine: top_line,
    bottomLine: bottom_line,
    scrollPercentage: scroll_percentage,
  };
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
  const { focused, hidden = false } = recordOf<keyof FocusChange>(
    json,
    "payload",
    action,
  );
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
  const { is_typing = true } = recordOf<"is_typing">(json, "payload", action);
  assertFlag(is_typing, "is_typing", action);
  return is_typing;
}

function readSelection(json: unknown, action: string): Selection {
  const { anchor, head, is_backward } = recordOf<keyof SelectionJson>(
    json,
    "selection",
    action,
  );
  const selection = {
    anchor: cursorOf(anchor, "selection.anchor", action),
    head: cursorOf(head, "selection.head", action),
  };
  assertFlag(is_backward, "selection.is_backward", action);
  return { ...selection, isBackward: is_backward };
}

function recordOf<Name extends string>(
  value: unknown,
  field: string,
  action: string,
): { readonly [N in Name]?: unknown } {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value;
  }
  throw new InvalidValueError(action, field, "must be an object", value);
}
