/**
 * How many levels the values in a frame may be nested, the frame included: code
 * that walks them needs a stack, here and at the receivers.
 */
export const MAX_DEPTH = 64;

/**
 * Reports whether a JSON text opens more brackets at once than a limit: check
 * it before parsing, not to depend on the stack of a parser. O(text), whatever
 * is in it. Behind the place where a parser would give up, the answer may be
 * wrong, which does no harm.
 */
export function isDeeperThan(text: string, maxDepth: number): boolean {
  return walkBrackets(text, (depth) => depth > maxDepth);
}

/**
 * Reduces a JSON text to its outermost level: each array and each object within
 * becomes `false`. O(text), however deep it is nested. A text whose outermost
 * level is not JSON stays one that is not JSON.
 */
export function outlineOf(text: string): string {
  let outline = "";
  let from = 0;
  walkBrackets(text, (depth, at, isOpen) => {
    if (isOpen && depth === 2) outline += `${text.slice(from, at)}false`;
    // What is never closed is left out, and so is the end that it would need.
    if (isOpen) from = depth === 1 ? from : text.length;
    else if (depth === 1) from = at + 1;
    return false;
  });
  return outline + text.slice(from);
}

/**
 * Visits each bracket of a text outside of strings.
 *
 * @param visit Receives how many brackets are open after this one, its index,
 * and whether it opens; returns whether to stop.
 * @returns Whether a visit has stopped the walk.
 */
function walkBrackets(
  text: string,
  visit: (depth: number, at: number, isOpen: boolean) => boolean,
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
      if (visit(++depth, at, true)) return true;
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) {
      if (visit(--depth, at, false)) return true;
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
