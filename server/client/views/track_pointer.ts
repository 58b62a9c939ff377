/** A place in an area: parts of its width and height, from 0 to 1. */
export interface PointerPlace {
  /** The distance from the left edge: 1 is the width. */
  readonly x: number;
  /** The distance from the upper edge: 1 is the height. */
  readonly y: number;
}

/** How long a pointer is shown that does not move. */
const SILENCE_MS = 5_000;

/** How far an arrow key moves the pointer. */
const STEP = 0.03;

const ARROWS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["ArrowLeft", [-STEP, 0]],
  ["ArrowRight", [STEP, 0]],
  ["ArrowUp", [0, -STEP]],
  ["ArrowDown", [0, STEP]],
]);

/**
 * Tells where the user points in an area, for `PointerRenderer` of the others: with
 * a mouse, with a finger, or with the arrow keys while the area has the focus, for
 * which it needs a `tabindex`. A page without a pointer tells nothing.
 *
 * @param area The area.
 * @param tell Called with each move, and with `null` once the pointer has left the
 * area or has not moved for five seconds.
 * @returns Ends it.
 *
 * @example Usage
 * ```ts
 * import type { LiveModel, LiveRoom } from "@ruthere/presence/client";
 * import { trackPointer } from "@ruthere/presence/views";
 *
 * interface Model extends LiveModel {
 *   facets: { pointer: { x: number; y: number } };
 * }
 *
 * function share(room: LiveRoom<Model>, area: HTMLElement): () => void {
 *   return trackPointer(area, (pointer) => room.update({ pointer }));
 * }
 * ```
 */
export function trackPointer(
  area: HTMLElement,
  tell: (place: PointerPlace | null) => void,
): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  let [x, y] = [0.5, 0.5];
  let hasKeys = false;
  let silence: ReturnType<typeof setTimeout> | undefined;

  const leave = () => {
    if (silence === undefined) return;
    clearTimeout(silence);
    silence = undefined;
    tell(null);
  };
  const moveTo = (toX: number, toY: number, byKeys: boolean) => {
    [x, y] = [rounded(toX), rounded(toY)];
    hasKeys = byKeys;
    clearTimeout(silence);
    silence = setTimeout(leave, SILENCE_MS);
    tell({ x, y });
  };
  const follow = ({ clientX, clientY }: PointerEvent) => {
    const { left, top, width, height } = area.getBoundingClientRect();
    moveTo((clientX - left) / width, (clientY - top) / height, false);
  };
  area.addEventListener("pointermove", follow, { signal });
  area.addEventListener("pointerdown", follow, { signal });
  area.addEventListener("pointerleave", ({ pointerType }) => {
    // A finger that is lifted still points; a mouse has left.
    if (pointerType === "mouse") leave();
  }, { signal });
  area.addEventListener("keydown", (event) => {
    const [dx, dy] = ARROWS.get(event.key) ?? [];
    if (dx === undefined || dy === undefined) return;
    // A field in the area has a caret that they move.
    if (event.target !== area) return;
    event.preventDefault();
    moveTo(x + dx, y + dy, true);
  }, { signal });
  area.addEventListener("blur", () => {
    if (hasKeys) leave();
  }, { signal });
  return () => {
    listening.abort();
    leave();
  };
}

function rounded(part: number): number {
  return Math.round(Math.min(1, Math.max(0, part)) * 10_000) / 10_000;
}
