import { InvalidValueError } from "../../core/mod.ts";

/** A place in a text. */
export interface Cursor {
  /** The line, from 0. */
  readonly line: number;
  /** The column in the line, from 0. */
  readonly column: number;
  /** How far from the beginning of the text, from 0. */
  readonly offset: number;
}

/** A part of a text that is selected; an empty one counts as none. */
export interface Selection {
  /** Where the selection was begun. */
  readonly anchor: Cursor;
  /** Where it has been drawn to: where the cursor is. */
  readonly head: Cursor;
  /** Whether the head comes before the anchor. */
  readonly isBackward: boolean;
}

/** What part of a text is on the screen. */
export interface Viewport {
  /** The first line that is seen, from 0. */
  readonly topLine: number;
  /** The last one; not before the first. */
  readonly bottomLine: number;
  /** How far the text is scrolled, from 0 to 100. */
  readonly scrollPercentage: number;
}

type Unknown<T> = { readonly [Name in keyof T]?: unknown };

/**
 * Checks a cursor and copies it, so that whoever gave it may go on changing it.
 *
 * @param value The value.
 * @param field Its name, for the message.
 * @param action What can't be done with a bad one, for the message.
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
 * @param field Its name, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @returns The copy, without any other fields; `null` for an empty selection,
 * as editors give one for a caret.
 * @throws {InvalidValueError} If it does not have two places and a direction.
 */
export function selectionOf(
  value: unknown,
  field: string,
  action: string,
): Selection | null {
  assertRecord<Selection>(value, field, action);
  const { isBackward } = value;
  const anchor = cursorOf(value.anchor, `${field}.anchor`, action);
  const head = cursorOf(value.head, `${field}.head`, action);
  assertFlag(isBackward, `${field}.isBackward`, action);
  return isSamePlace(anchor, head) ? null : { anchor, head, isBackward };
}

/**
 * Checks a viewport and copies it.
 *
 * @param value The value.
 * @param field Its name, for the message.
 * @param action What can't be done with a bad one, for the message.
 * @returns The copy, without any other fields.
 * @throws {InvalidValueError} If a line is not a whole number of zero or more,
 * the bottom is above the top, or the percentage is not from 0 to 100.
 */
export function viewportOf(
  value: unknown,
  field: string,
  action: string,
): Viewport {
  assertRecord<Viewport>(value, field, action);
  const { topLine, bottomLine, scrollPercentage } = value;
  assertPlace(topLine, `${field}.topLine`, action);
  assertPlace(bottomLine, `${field}.bottomLine`, action);
  if (bottomLine < topLine) {
    const rule = "must not be above the top line";
    throw new InvalidValueError(
      action,
      `${field}.bottomLine`,
      rule,
      bottomLine,
    );
  }
  assertPercentage(scrollPercentage, `${field}.scrollPercentage`, action);
  return { topLine, bottomLine, scrollPercentage };
}

/** A cursor, without any other fields that it may have. */
export function copyOfCursor({ line, column, offset }: Cursor): Cursor {
  return { line, column, offset };
}

/** A selection, likewise. */
export function copyOfSelection(
  { anchor, head, isBackward }: Selection,
): Selection {
  return {
    anchor: copyOfCursor(anchor),
    head: copyOfCursor(head),
    isBackward,
  };
}

/** A viewport, likewise. */
export function copyOfViewport(
  { topLine, bottomLine, scrollPercentage }: Viewport,
): Viewport {
  return { topLine, bottomLine, scrollPercentage };
}

/** Whether a value is a cursor: anyone can publish anything over HTTP. */
export function isCursor(value: unknown): value is Cursor {
  return isRecord<Cursor>(value) && isPlace(value.line) &&
    isPlace(value.column) && isPlace(value.offset);
}

/** Whether a value is a selection that is not empty. */
export function isSelection(value: unknown): value is Selection {
  return isRecord<Selection>(value) && isCursor(value.anchor) &&
    isCursor(value.head) && typeof value.isBackward === "boolean" &&
    !isSamePlace(value.anchor, value.head);
}

/** Whether a value is a viewport. */
export function isViewport(value: unknown): value is Viewport {
  return isRecord<Viewport>(value) && isPlace(value.topLine) &&
    isPlace(value.bottomLine) && value.bottomLine >= value.topLine &&
    isPercentage(value.scrollPercentage);
}

function isRecord<T>(value: unknown): value is Unknown<T> {
  return typeof value === "object" && value !== null;
}

function isSamePlace(a: Cursor, b: Cursor): boolean {
  return a.line === b.line && a.column === b.column && a.offset === b.offset;
}

function isPlace(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isPercentage(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 100;
}

function assertRecord<T>(
  value: unknown,
  field: string,
  action: string,
): asserts value is Unknown<T> {
  if (isRecord<T>(value)) return;
  throw new InvalidValueError(action, field, "must be an object", value);
}

/** Throws unless a value is a line, a column or an offset. */
export function assertPlace(
  value: unknown,
  field: string,
  action: string,
): asserts value is number {
  if (isPlace(value)) return;
  const rule = "must be a whole number of zero or more";
  throw new InvalidValueError(action, field, rule, value);
}

/** Throws unless a value is how far a text is scrolled. */
export function assertPercentage(
  value: unknown,
  field: string,
  action: string,
): asserts value is number {
  if (isPercentage(value)) return;
  const rule = "must be a number from 0 to 100";
  throw new InvalidValueError(action, field, rule, value);
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
