import type { JsonValue, TopicMeta } from "../../topics/mod.ts";

export type { JsonValue };

/**
 * An object that JSON can say. Any name may be in it, `__proto__` too, as a
 * property of its own: copy it by spreading, never by assigning. A number like
 * `1e999` has been read as `Infinity`, and is written as `null`.
 */
export interface JsonObject {
  /** The value of a name. */
  readonly [name: string]: JsonValue;
}

/**
 * How deep the values in a frame may be nested, the frame itself included:
 * whoever walks them needs a stack, here and at those who get them.
 */
export const MAX_DEPTH = 64;

/** Tells whether a value is an object, not an array. */
export function isJsonObject(
  value: TopicMeta | undefined,
): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a text as JSON. O(text), whatever is in it.
 *
 * @param text The text.
 * @param maxDepth How many arrays and objects may be within each other.
 * @returns The value; `undefined` if the text is not JSON; `"too deep"` if it is
 * nested deeper than that.
 */
export function parseJson(
  text: string,
  maxDepth: number,
): { readonly value: JsonValue } | "too deep" | undefined {
  // Before it is parsed: no parser's stack is relied on.
  if (isDeeperThan(text, maxDepth)) return "too deep";
  return parse(text);
}

/**
 * Reads the outermost level of a text as JSON: each array and each object within
 * is `false`. O(text), whatever is in it.
 *
 * @param text The text, nested however deep.
 * @returns The value; `undefined` if the outermost level is not JSON. What is
 * further in is not looked at.
 */
export function parseOutline(
  text: string,
): { readonly value: JsonValue } | undefined {
  let outline = "";
  let from = 0;
  walkBrackets(text, (depth, at, isOpen) => {
    if (isOpen && depth === 2) outline += `${text.slice(from, at)}false`;
    // What is never closed is left out, and so is the end that it would need.
    if (isOpen) from = depth === 1 ? from : text.length;
    else if (depth === 1) from = at + 1;
    return false;
  });
  return parse(outline + text.slice(from));
}

function parse(text: string): { readonly value: JsonValue } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/**
 * Tells whether a text opens more than so many brackets at once. It reads like
 * a parser up to where one would give up; what it says of a text that is not
 * JSON after that does no harm.
 */
function isDeeperThan(text: string, maxDepth: number): boolean {
  return walkBrackets(text, (depth) => depth > maxDepth);
}

/**
 * Goes from bracket to bracket of a text, those in strings aside.
 *
 * @param isEnough Told how many are open after each, where it is, and whether it
 * opens one; says whether to stop.
 * @returns Whether that was said.
 */
function walkBrackets(
  text: string,
  isEnough: (depth: number, at: number, isOpen: boolean) => boolean,
): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) {
      isInString = true;
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      if (isEnough(++depth, at, true)) return true;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
      if (isEnough(--depth, at, false)) return true;
    }
  }
  return false;
}

const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
