import { InvalidValueError } from "../../../core/mod.ts";
import { isJsonObject } from "../../internal.ts";

/** A position in a text. */
export interface Cursor {
  /** The line, from 0. */
  readonly line: number;
  /** The column in the line, from 0. */
  readonly column: number;
  /** The offset from the beginning of the text, from 0. */
  readonly offset: number;
}

/** A selected part of a text; an empty one counts as none. */
export interface Selection {
  /** Where the selection began. */
  readonly anchor: Cursor;
  /** Where it ends: the position of the cursor. */
  readonly head: Cursor;
  /** Whether the head comes before the anchor. */
  readonly isBackward: boolean;
}

/** The part of a text on the screen. */
export interface Viewport {
  /** The first visible line, from 0. */
  readonly topLine: number;
  /** The last visible line; not before the first. */
  readonly bottomLine: number;
  /** How far the text is scrolled, from 0 to 100. */
  readonly scrollPercentage: number;
}

/** An object whose fields are unchecked. */
type Unchecked<T> = { readonly [Name in keyof T]?: unknown };

/** The names of fields in messages. */
type Names<T> = { readonly [Name in keyof T]: string };

/**
 * Checks a cursor and copies it, so that the caller may go on changing it.
 *
 * @param value The value.
 * @param field The name of the field, for the message.
 * @param action The action that a malformed value prevents, for the message.
 * @returns The copy, without any other fields.
 * @throws {InvalidValueError} If a field is not a whole number of zero or more.
 */
export function cursorOf(
  value: unknown,
  field: string,
  action: string,
): Cursor {
  assertRecord<Cursor>(value, field, action);
  const { line, column, offset } = value;
  assertPlace(line, `${field}.line`, action);
  assertPlace(column, `${field}.column`, action);
  assertPlace(offset, `${field}.offset`, action);
  return { line, column, offset };
}

/**
 * Checks a selection and copies it.
 *
 * @param value The value.
 * @param direction The name of its field that is `isBackward` in the copy.
 * @param action The action that a malformed value prevents, for the message.
 * @returns The copy, without any other fields.
 * @throws {InvalidValueError} If it is malformed.
 */
export function selectionOf(
  value: unknown,
  direction: "isBackward" | "is_backward",
  action: string,
): Selection {
  assertRecord(value, "selection", action);
  const selection = {
    anchor: cursorOf(value.anchor, "selection.anchor", action),
    head: cursorOf(value.head, "selection.head", action),
  };
  const isBackward = value[direction];
  assertFlag(isBackward, `selection.${direction}`, action);
  return { ...selection, isBackward };
}

/** Checks the parts of a viewport and copies them. */
export function viewportOf(
  { topLine, bottomLine, scrollPercentage }: Unchecked<Viewport>,
  names: Names<Viewport>,
  action: string,
): Viewport {
  assertPlace(topLine, names.topLine, action);
  assertPlace(bottomLine, names.bottomLine, action);
  if (bottomLine < topLine) {
    const rule = "must not be above the top line";
    throw new InvalidValueError(action, names.bottomLine, rule, bottomLine);
  }
  if (!isPercentage(scrollPercentage)) {
    throw new InvalidValueError(
      action,
      names.scrollPercentage,
      "must be a number from 0 to 100",
      scrollPercentage,
    );
  }
  return { topLine, bottomLine, scrollPercentage };
}

/** Reports whether a selection is empty: editors report a caret as one. */
export function isEmpty({ anchor, head }: Selection): boolean {
  return anchor.line === head.line && anchor.column === head.column &&
    anchor.offset === head.offset;
}

/**
 * Copies a cursor that anyone may have published, for instance over HTTP;
 * `undefined` if it is malformed.
 */
export function cursorIn(value: unknown): Cursor | undefined {
  if (!isJsonObject(value)) return undefined;
  const { line, column, offset } = value;
  return isPlace(line) && isPlace(column) && isPlace(offset)
    ? { line, column, offset }
    : undefined;
}

/** Copies a selection like `cursorIn()`; an empty one is none. */
export function selectionIn(value: unknown): Selection | undefined {
  if (!isJsonObject(value)) return undefined;
  const { isBackward } = value;
  const anchor = cursorIn(value.anchor);
  const head = cursorIn(value.head);
  if (!anchor || !head || typeof isBackward !== "boolean") return undefined;
  const selection = { anchor, head, isBackward };
  return isEmpty(selection) ? undefined : selection;
}

/** Copies a viewport like `cursorIn()`. */
export function viewportIn(value: unknown): Viewport | undefined {
  if (!isJsonObject(value)) return undefined;
  const { topLine, bottomLine, scrollPercentage } = value;
  return isPlace(topLine) && isPlace(bottomLine) && bottomLine >= topLine &&
      isPercentage(scrollPercentage)
    ? { topLine, bottomLine, scrollPercentage }
    : undefined;
}

function isPlace(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isPercentage(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 100;
}

/** Throws unless a value is an object. */
export function assertRecord<T = Record<string, unknown>>(
  value: unknown,
  field: string,
  action: string,
): asserts value is Unchecked<T> {
  if (isJsonObject(value)) return;
  throw new InvalidValueError(action, field, "must be an object", value);
}

/** Throws unless a value is `true` or `false`. */
export function assertFlag(
  value: unknown,
  field: string,
  action: string,
): asserts value is boolean {
  if (typeof value === "boolean") return;
  throw new InvalidValueError(action, field, "must be true or false", value);
}

function assertPlace(
  value: unknown,
  field: string,
  action: string,
): asserts value is number {
  if (isPlace(value)) return;
  const rule = "must be a whole number of zero or more";
  throw new InvalidValueError(action, field, rule, value);
}
