import type {
  CursorBox,
  CursorCoordinates,
  CursorEditor,
  CursorPosition,
  CursorSelection,
} from "./cursor_renderer.ts";
import { made, place } from "./elements.ts";
import { type ScrolledView, scrolledView } from "./follow.ts";
import {
  editBetween,
  edited,
  movedBy,
  type Place,
  positionAt,
  selectionAt,
  type TextEdit,
} from "./text_edit.ts";

/** Has no width; it makes the end of the text measurable. */
const END = "\u200b";

/** Scripts that are written from right to left. */
const RIGHT_TO_LEFT =
  /\p{Script=Hebrew}|\p{Script=Arabic}|\p{Script=Syriac}|\p{Script=Thaana}|\p{Script=Nko}/u;

/** The box of a letter while nothing is shown. */
const NOWHERE: CursorBox = { left: 0, top: 0, width: 0, height: 0 };

/** The width of a selected line break, in parts of the height of a line. */
const BREAK_WIDTH = 0.2;

/** The properties of CSS that decide where letters are. */
const OF_LETTERS =
  /^(direction|font|hyph|letter|line-|overflow-wrap|padding-(bottom|top)|tab-|text-|unicode-bidi|white-space|word-)/;

/**
 * A `<textarea>` as an editor for `CursorRenderer`. Browsers can't measure the
 * letters of a textarea. So they measure an invisible copy of the text, which has
 * the same width and font.
 *
 * @example Usage
 * ```ts
 * import { CursorRenderer, TextareaEditor } from "@ruthere/presence/views";
 *
 * function showAda(textarea: HTMLTextAreaElement): void {
 *   const editor = new TextareaEditor(textarea);
 *   const renderer = new CursorRenderer(editor);
 *   const position = editor.positionAt(48);
 *   renderer.updateCursor({ userId: "ada", name: "Ada", position });
 *   textarea.addEventListener("scroll", () => renderer.refresh());
 * }
 * ```
 */
export class TextareaEditor implements CursorEditor {
  readonly #textarea: HTMLTextAreaElement;
  readonly #mirror = made("div", "", "textarea-mirror");
  readonly #letters = document.createTextNode(END);
  readonly #line = made("div", "");
  readonly #range = document.createRange();
  #lineHeight = 0;

  /** Lies above the lines of the textarea, right after it in the page. */
  readonly container: HTMLElement = made("div", "", "textarea-cursors");

  /**
   * Makes it, for a textarea that is in the page and wraps its lines. The element
   * around it needs `position: relative`.
   */
  constructor(textarea: HTMLTextAreaElement) {
    this.#textarea = textarea;
    this.container.ariaHidden = "true";
    this.container.style.cssText =
      "position: absolute; left: 0; top: 0; overflow-y: clip; pointer-events: none";
    this.#line.style.height = "1lh";
    this.#mirror.append(this.#letters, this.#line);
    this.container.append(this.#mirror);
    textarea.after(this.container);
    this.update();
  }

  /** The present text. */
  get text(): string {
    return this.#textarea.value.toWellFormed();
  }

  /** What the user has selected, as a document wants it. */
  get selection(): CursorSelection & { readonly isBackward: boolean } {
    return selectionAt(this.text, this.#selected);
  }

  /** The part of the text on the screen, as a document wants it. */
  get viewport():
    & ScrolledView
    & { readonly topLine: number; readonly bottomLine: number } {
    return {
      topLine: this.#lineAt(0),
      bottomLine: this.#lineAt(this.#textarea.clientHeight),
      ...scrolledView(this.#textarea),
    };
  }

  /**
   * Returns the position at an offset in the present text. It is never within a
   * surrogate pair.
   */
  positionAt(offset: number): CursorPosition {
    return positionAt(this.text, offset);
  }

  /**
   * Looks at the textarea again. Call it when its text, size or style has changed,
   * and `refresh()` of the renderer after it.
   */
  update(): void {
    const textarea = this.#textarea;
    const { clientLeft, clientTop, clientWidth, clientHeight } = textarea;
    const style = getComputedStyle(textarea);
    const left = parseFloat(style.paddingLeft);
    const right = parseFloat(style.paddingRight);
    const ofLetters = [...style].filter((name) => OF_LETTERS.test(name))
      .map((name) => `${name}: ${style.getPropertyValue(name)};`);
    const there = textarea.getBoundingClientRect();
    const here = this.container.getBoundingClientRect();
    const { style: own } = this.container;
    const zoom = this.#zoom;
    place(this.container, {
      left: parseFloat(own.left) + (there.left - here.left) / zoom +
        clientLeft + left,
      top: parseFloat(own.top) + (there.top - here.top) / zoom + clientTop,
      // The client width is without the scroll bar.
      width: clientWidth - left - right,
      height: clientHeight,
    });
    this.#mirror.style.cssText =
      `position: absolute; width: 100%; visibility: hidden; ${
        ofLetters.join(" ")
      }`;
    const letters = this.text + END;
    if (this.#letters.data !== letters) this.#letters.data = letters;
    this.#lineHeight = this.#line.getBoundingClientRect().height / zoom;
  }

  /**
   * Applies edits of others, each to the text that the one before it left. The same
   * letters stay selected. A line end is always one unit, as in any textarea.
   */
  apply(edits: readonly TextEdit[]): void {
    const own = edits.map(({ start, end, inserted }) => {
      return { start, end, inserted: inserted.replaceAll(/\r\n?/g, "\n") };
    });
    const { anchor, head } = own.reduce(movedBy, this.#selected);
    // As one edit: the browser lays out the whole text for each.
    const text = own.reduce(edited, this.text);
    const { start, end, inserted } = editBetween(this.text, text, 0);
    this.#textarea.setRangeText(inserted, start, end);
    const selected = this.#selected;
    // Some browsers focus the textarea when a script selects.
    if (selected.anchor !== anchor || selected.head !== head) {
      this.#textarea.setSelectionRange(
        Math.min(anchor, head),
        Math.max(anchor, head),
        head < anchor ? "backward" : "forward",
      );
    }
    this.update();
  }

  /**
   * Returns where a position is now: before the letter that follows it, which is
   * on its right if it is written from right to left. At the end of a line it is
   * behind the last letter. Only the offset of the position counts.
   */
  getCoordinates({ offset }: CursorPosition): CursorCoordinates {
    const { text } = this;
    const at = positionAt(text, offset).offset;
    const isLineEnd = at === text.length || text[at] === "\n";
    const isBehind = isLineEnd && at > 0 && text[at - 1] !== "\n";
    const letterAt = isBehind ? positionAt(text, at - 1).offset : at;
    const letter = this.#boxesOf(letterAt, letterAt + 1)[0] ?? NOWHERE;
    const [left, right] = [letter.left, letter.left + letter.width];
    const code = text.codePointAt(letterAt) ?? 0;
    const isRightToLeft = RIGHT_TO_LEFT.test(String.fromCodePoint(code));
    const edges = this.#boxesOf(at, at)
      .filter(({ top }) => Math.abs(top - letter.top) < 1);
    // Within a letter of several code points there is no edge.
    const isWithin = edges.some(({ width }) => width > 0);
    const [edge, opposite] = isRightToLeft === (isBehind || isWithin)
      ? [left, right]
      : [right, left];
    // Spaces and the like have the direction of what surrounds them.
    const isEdge = (x: number) =>
      edges.some(({ left }) => Math.abs(left - x) < 0.5);
    return {
      left: isWithin || isEdge(edge) || !isEdge(opposite) ? edge : opposite,
      top: letter.top,
      height: letter.height,
    };
  }

  /**
   * Returns the visible boxes that a part of the text covers now: one for each
   * piece of a line, and a narrow one for each line break. Only the offsets of the
   * positions count.
   */
  getBoxes(start: CursorPosition, end: CursorPosition): readonly CursorBox[] {
    const { text } = this;
    const first = positionAt(text, start.offset).offset;
    const last = positionAt(text, end.offset).offset;
    if (first >= last) return [];
    const { clientHeight } = this.#textarea;
    return joined(
      this.#boxesOf(first, last)
        .filter(({ top, height }) => top + height > 0 && top < clientHeight)
        // A line break has no width.
        .map((box) => ({
          ...box,
          width: box.width || this.#lineHeight * BREAK_WIDTH,
        })),
    );
  }

  get #selected(): Place {
    const { selectionStart, selectionEnd, selectionDirection } = this.#textarea;
    return selectionDirection === "backward"
      ? { anchor: selectionEnd, head: selectionStart }
      : { anchor: selectionStart, head: selectionEnd };
  }

  get #zoom(): number {
    return this.container.currentCSSZoom ?? 1;
  }

  /**
   * Measures a part of the text. The boxes are relative to the container, and as
   * high as lines.
   */
  #boxesOf(start: number, end: number): CursorBox[] {
    this.#range.setStart(this.#letters, start);
    this.#range.setEnd(this.#letters, end);
    const container = this.container.getBoundingClientRect();
    const zoom = this.#zoom;
    return [...this.#range.getClientRects()].map((rect) => {
      // A letter stands in the middle of its line.
      const middle = (rect.top + rect.height / 2 - container.top) / zoom;
      return {
        left: (rect.left - container.left) / zoom,
        top: middle - this.#lineHeight / 2 - this.#textarea.scrollTop,
        width: rect.width / zoom,
        height: this.#lineHeight,
      };
    });
  }

  /** Finds the last line that begins above a height, which is in pixels. */
  #lineAt(height: number): number {
    let [first, last] = [0, this.text.length];
    while (first < last) {
      const middle = Math.ceil((first + last) / 2);
      const { top } = this.getCoordinates(this.positionAt(middle));
      if (top < height) first = middle;
      else last = middle - 1;
    }
    return this.positionAt(first).line;
  }
}

/**
 * Joins boxes that touch each other in a line: where translucent boxes overlap,
 * their colour would be seen twice.
 */
function joined(boxes: readonly CursorBox[]): CursorBox[] {
  const sorted = boxes.toSorted((one, other) => {
    const below = one.top - other.top;
    return Math.abs(below) < 1 ? one.left - other.left : below;
  });
  const found: { -readonly [K in keyof CursorBox]: CursorBox[K] }[] = [];
  for (const box of sorted) {
    const last = found.at(-1);
    const touches = last !== undefined && box.top - last.top < 1 &&
      box.left <= last.left + last.width + 0.5;
    if (!touches) found.push({ ...box });
    else last.width = Math.max(last.width, box.left + box.width - last.left);
  }
  return found;
}
