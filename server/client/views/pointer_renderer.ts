import { paintAs } from "./color.ts";
import { made, madeLabel, missingFrom, nameOf, show } from "./elements.ts";
import { adoptStyles } from "./styles.ts";

/** Somebody's pointer in an area. */
export interface RemotePointer {
  /** Who it is; or an id of its own for each pointer of somebody. */
  readonly userId: string;
  /** The name beside the pointer. */
  readonly name: string;
  /**
   * Their colour: `#rrggbb` or `hsl(210, 70%, 50%)`.
   *
   * @default {the one that documents give this person}
   */
  readonly color?: string | undefined;
  /** The distance from the left edge of the area: 1 is its width. */
  readonly x: number;
  /** The distance from the upper edge of the area: 1 is its height. */
  readonly y: number;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Shows where others point in an area, such as a canvas. Each pointer is an element
 * of the class `remote-pointer`. It glides to its last known place, never beyond,
 * and stays there.
 *
 * @example Usage
 * ```ts
 * import { PointerRenderer } from "@ruthere/presence/views";
 *
 * function showAda(area: HTMLElement): void {
 *   const renderer = new PointerRenderer(area);
 *   renderer.update([{ userId: "ada", name: "Ada", x: 0.5, y: 0.5 }]);
 * }
 * ```
 */
export class PointerRenderer {
  readonly #area: HTMLElement;
  readonly #drawn = new Map<string, DrawnPointer>();

  /** Makes it, for a positioned element that is in the page. */
  constructor(area: HTMLElement) {
    this.#area = area;
    adoptStyles(area);
  }

  /**
   * Shows these pointers, and no others. One that is outside is at the edge, and one
   * whose place is no number is not shown.
   */
  update(pointers: readonly RemotePointer[]): void {
    // Others may send anything.
    const placed = pointers
      .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
    for (const userId of missingFrom(placed, this.#drawn)) {
      this.#drawn.get(userId)?.element.remove();
      this.#drawn.delete(userId);
    }
    for (const pointer of placed) {
      const { userId } = pointer;
      const drawn = this.#drawn.get(userId) ?? new DrawnPointer(userId);
      drawn.show(pointer);
      if (!this.#drawn.has(userId)) this.#area.append(drawn.element);
      this.#drawn.set(userId, drawn);
    }
  }
}

/** The elements of one pointer. */
class DrawnPointer {
  readonly element: HTMLElement = made("div", "", "remote-pointer");
  readonly #label = madeLabel();

  constructor(userId: string) {
    this.element.dataset.user = userId;
    this.element.ariaHidden = "true";
    this.element.append(arrow(), this.#label);
  }

  show(pointer: RemotePointer): void {
    const { classList, style } = this.element;
    const [x, y] = [within(pointer.x), within(pointer.y)];
    show(this.#label, nameOf(pointer));
    paintAs(this.element, pointer);
    style.left = `${x * 100}%`;
    style.top = `${y * 100}%`;
    // The name is at most half as wide as the area, and stays within it.
    classList.toggle("is-leftward", x > 0.5);
    classList.toggle("is-above", y > 0.8);
  }
}

function within(part: number): number {
  return Math.min(1, Math.max(0, part));
}

function arrow(): Element {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 20 20");
  path.setAttribute("d", "M3 2l5.6 15.2 2.3-6.3 6.3-2.3z");
  svg.append(path);
  return svg;
}
