// @ts-check
/// <reference lib="dom" />

/** How long to show a pointer that does not move. */
const SILENCE_MS = 5_000;

/** How far an arrow key moves the pointer, as a part of the area. */
const STEP = 0.03;

/** @type {ReadonlyMap<string, readonly [number, number]>} */
const ARROWS = new Map([
  ["ArrowLeft", [-STEP, 0]],
  ["ArrowRight", [STEP, 0]],
  ["ArrowUp", [0, -STEP]],
  ["ArrowDown", [0, STEP]],
]);

/**
 * Tells where one's own pointer is in an area: the mouse, a finger, or the arrow
 * keys.
 *
 * @param {HTMLElement} area
 * @param {HTMLElement} marker shows it while the keys move it
 * @param {(place: { x: number, y: number } | null) => void} tell gets parts of the
 * area; `null` after the pointer has left it, or has not moved for long
 */
export function followPointer(area, marker, tell) {
  let [x, y] = [0.5, 0.5];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;

  const leave = () => {
    clearTimeout(silence);
    tell(null);
  };
  const moveTo = (/** @type {number} */ toX, /** @type {number} */ toY) => {
    [x, y] = [rounded(toX), rounded(toY)];
    tell({ x, y });
    clearTimeout(silence);
    silence = setTimeout(leave, SILENCE_MS);
  };
  const follow = (/** @type {PointerEvent} */ event) => {
    const { left, top, width, height } = area.getBoundingClientRect();
    marker.hidden = true;
    moveTo((event.clientX - left) / width, (event.clientY - top) / height);
  };
  area.addEventListener("pointermove", follow);
  area.addEventListener("pointerdown", follow);
  area.addEventListener("pointerleave", (event) => {
    // A finger that is lifted still points; a mouse has left.
    if (event.pointerType === "mouse") leave();
  });
  area.addEventListener("keydown", (event) => {
    const [dx, dy] = ARROWS.get(event.key) ?? [];
    if (dx === undefined || dy === undefined) return;
    event.preventDefault();
    moveTo(x + dx, y + dy);
    marker.style.left = `${x * 100}%`;
    marker.style.top = `${y * 100}%`;
    marker.hidden = false;
  });
  area.addEventListener("blur", () => {
    if (marker.hidden) return;
    marker.hidden = true;
    leave();
  });
}

/** @param {number} part */
function rounded(part) {
  return Math.round(Math.min(1, Math.max(0, part)) * 10_000) / 10_000;
}
