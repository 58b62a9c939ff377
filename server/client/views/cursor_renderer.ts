import { steadyNow } from "../../../core/mod.ts";
import { paintAs } from "./color.ts";
import {
  made,
  madeLabel,
  missingFrom,
  nameOf,
  place,
  show,
} from "./elements.ts";
import { adoptStyles } from "./styles.ts";

/** A place in a text. */
export interface CursorPosition {
  /** The line, from 0. */
  readonly line: number;
  /** The column in the line, from 0. */
  readonly column: number;
  /** The offset from the beginning of the text, in UTF-16 units. */
  readonly offset: number;
}

/** A selected part of a text. */
export interface CursorSelection {
  /** Where it began. */
  readonly anchor: CursorPosition;
  /** Where the cursor is. */
  readonly head: CursorPosition;
}

/** A place in a line, in pixels from the upper left corner of the container. */
export interface CursorCoordinates {
  /** The distance from the left edge. */
  readonly left: number;
  /** The distance from the upper edge to the line. */
  readonly top: number;
  /** The height of the line. */
  readonly height: number;
}

/** A part of a line. */
export interface CursorBox extends CursorCoordinates {
  /** The width. */
  readonly width: number;
}

/** An editor of a text, as a `CursorRenderer` needs it. */
export interface CursorEditor {
  /**
   * An element above the text, which is positioned and as wide as the lines. What
   * is scrolled out of it is hidden.
   */
  readonly container: HTMLElement;
  /** Returns where a position is now, after scrolling. */
  getCoordinates(position: CursorPosition): CursorCoordinates;
  /** Returns what a part of the text covers now. */
  getBoxes(start: CursorPosition, end: CursorPosition): readonly CursorBox[];
}

/** Somebody's cursor. */
export interface RemoteCursor {
  /** Who it is. */
  readonly userId: string;
  /** The name on the label. */
  readonly name: string;
  /**
   * Their colour: `#rrggbb` or `hsl(210, 70%, 50%)`.
   *
   * @default {the one that documents give this person}
   */
  readonly color?: string | undefined;
  /** Where the cursor is. */
  readonly position: CursorPosition;
  /** What is selected; an empty selection is none. */
  readonly selection?: CursorSelection | null | undefined;
  /**
   * Whether they are typing.
   *
   * @default {false}
   */
  readonly isTyping?: boolean | undefined;
  /**
   * When they were last active, by the clock of this page. After 30 seconds the
   * cursor is faint.
   *
   * @default {Infinity}
   */
  readonly lastActive?: number | undefined;
  /**
   * When the cursor last moved. Each new value shows the label, which fades after 3
   * seconds, so that it covers no words for long. Without it, the label stays.
   */
  readonly lastMoved?: number | undefined;
}

/** How long somebody is inactive before their cursor becomes faint. */
const FAINT_AFTER_MS = 30_000;

/** How long to show a name after its cursor has moved. */
const NAME_MS = 3_000;

/**
 * Shows where others are in a text. Each person has an element of the class
 * `remote-cursor` with a `cursor-label` in it, and an element of the class
 * `remote-selection` for each selected line.
 *
 * A cursor that somebody moves glides to its new place. A cursor that the text
 * moves stays beside its letters.
 *
 * @example Usage
 * ```ts
 * import { type CursorEditor, CursorRenderer } from "@ruthere/presence/views";
 *
 * function showAda(editor: CursorEditor): void {
 *   const renderer = new CursorRenderer(editor);
 *   const position = { line: 2, column: 5, offset: 48 };
 *   renderer.updateCursor({ userId: "ada", name: "Ada", position });
 *   addEventListener("resize", () => renderer.refresh());
 * }
 * ```
 */
export class CursorRenderer {
  readonly #editor: CursorEditor;
  readonly #drawn = new Map<string, DrawnCursor>();

  /** Makes it, for an editor whose container is in the page. */
  constructor(editor: CursorEditor) {
    this.#editor = editor;
    adoptStyles(editor.container);
  }

  /** Shows these cursors, and no others. One without a position is not shown. */
  update(cursors: readonly RemoteCursor[]): void {
    for (const userId of missingFrom(cursors, this.#drawn)) {
      this.removeCursor(userId);
    }
    // To measure after each change would lay out the page each time.
    const draws = cursors.map((cursor) => this.#measure(cursor));
    for (const draw of draws) draw();
  }

  /** Shows or updates somebody's cursor. */
  updateCursor(cursor: RemoteCursor): void {
    const draw = this.#measure(cursor);
    draw();
  }

  /** Removes somebody's cursor. Does nothing if there is none. */
  removeCursor(userId: string): void {
    this.#drawn.get(userId)?.remove();
    this.#drawn.delete(userId);
  }

  /**
   * Moves all cursors to where their positions are now. Call it when the text has
   * moved: by scrolling, by an edit, or with another width. Call it every few
   * seconds too, if cursors have a `lastActive`.
   */
  refresh(): void {
    const draws = [...this.#drawn.values()].map((drawn) => drawn.measure());
    for (const draw of draws) draw();
  }

  #measure(cursor: RemoteCursor): () => void {
    const { userId, position } = cursor;
    if (!isPosition(position)) return () => this.removeCursor(userId);
    const drawn = this.#drawn.get(userId) ??
      new DrawnCursor(this.#editor, cursor);
    this.#drawn.set(userId, drawn);
    return drawn.update(cursor);
  }
}

/** Reports whether a value is a position: others may send anything. */
function isPosition(
  value: CursorPosition | null | undefined,
): value is CursorPosition {
  return [value?.line, value?.column, value?.offset]
    .every((count) => Number.isSafeInteger(count) && Number(count) >= 0);
}

function isSelection(
  value: CursorSelection | null | undefined,
): value is CursorSelection {
  return isPosition(value?.anchor) && isPosition(value?.head);
}

/** The elements of one cursor. */
class DrawnCursor {
  readonly #editor: CursorEditor;
  readonly #element = made("div", "", "remote-cursor");
  readonly #label = madeLabel();
  #cursor: RemoteCursor;
  /** `lastMoved` when the name began to fade. */
  #fadesFrom: number | undefined;
  #fading: Animation | undefined;
  #blocks: HTMLElement[] = [];

  constructor(editor: CursorEditor, cursor: RemoteCursor) {
    this.#editor = editor;
    this.#cursor = cursor;
    this.#element.dataset.user = cursor.userId;
    this.#element.ariaHidden = "true";
    this.#element.append(this.#label);
    editor.container.append(this.#element);
  }

  update(cursor: RemoteCursor): () => void {
    const { position, lastMoved } = this.#cursor;
    this.#cursor = cursor;
    // An edit of somebody else moves the text at once, and the cursor with it.
    const isMove = lastMoved === undefined || cursor.lastMoved !== lastMoved;
    return this.measure(isMove && cursor.position.offset !== position.offset);
  }

  /** Measures where all is now, and returns a function that draws it there. */
  measure(hasMoved = false): () => void {
    this.#describe();
    const { position, selection } = this.#cursor;
    const { left, top, height } = this.#editor.getCoordinates(position);
    const selected = isSelection(selection) ? this.#boxesOf(selection) : [];
    const { offsetWidth, offsetHeight } = this.#label;
    const { clientWidth, clientHeight } = this.#editor.container;
    return () => {
      const { classList, style } = this.#element;
      const [formerLeft, formerTop] = [style.left, style.top];
      place(this.#element, { left, top, height });
      if (style.left !== formerLeft || style.top !== formerTop) {
        classList.toggle("is-gliding", hasMoved);
      }
      classList.toggle("is-out", top + height <= 0 || top >= clientHeight);
      // The label stays within the container.
      classList.toggle("is-below", top < offsetHeight);
      classList.toggle("is-leftward", left + offsetWidth > clientWidth);
      this.#drawBlocks(selected);
    };
  }

  remove(): void {
    for (const element of [this.#element, ...this.#blocks]) element.remove();
  }

  #describe(): void {
    const { isTyping = false, lastActive } = this.#cursor;
    show(this.#label, nameOf(this.#cursor));
    paintAs(this.#element, this.#cursor);
    const isFaint = typeof lastActive === "number" &&
      steadyNow() - lastActive >= FAINT_AFTER_MS;
    this.#element.classList.toggle("is-typing", isTyping);
    this.#element.classList.toggle("is-faint", isFaint);
    this.#fade();
  }

  /** Shows the name, and fades it while the cursor stays where it is. */
  #fade(): void {
    const { isTyping, lastMoved } = this.#cursor;
    const from = isTyping ? undefined : lastMoved;
    if (from === this.#fadesFrom) return;
    this.#fadesFrom = from;
    this.#fading?.cancel();
    this.#fading = from === undefined ? undefined : this.#label.animate(
      [{ opacity: 1 }, { opacity: 1, offset: 0.9 }, { opacity: 0 }],
      { duration: NAME_MS, fill: "forwards" },
    );
  }

  #boxesOf({ anchor, head }: CursorSelection): readonly CursorBox[] {
    return anchor.offset < head.offset
      ? this.#editor.getBoxes(anchor, head)
      : this.#editor.getBoxes(head, anchor);
  }

  #drawBlocks(boxes: readonly CursorBox[]): void {
    for (const block of this.#blocks) block.remove();
    this.#blocks = boxes.map(({ left, top, width, height }) => {
      const block = made("div", "", "remote-selection");
      paintAs(block, this.#cursor);
      place(block, { left, top, width, height });
      return block;
    });
    // Below all cursors.
    this.#editor.container.prepend(...this.#blocks);
  }
}
