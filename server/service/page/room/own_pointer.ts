/** How long to show a pointer that does not move. */
const SILENCE_MS = 5_000;

/** How far an arrow key moves the pointer, as a part of the area. */
const STEP = 0.03;

const ARROWS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ["ArrowLeft", [-STEP, 0]],
  ["ArrowRight", [STEP, 0]],
  ["ArrowUp", [0, -STEP]],
  ["ArrowDown", [0, STEP]],
]);

/**
 * Tells where one's own pointer is in an area: the mouse, a finger, or the arrow
 * keys. The marker shows it while the keys move it. It tells parts of the area, and
 * `null` after the pointer has left it, or has not moved for long.
 */
export function followPointer(
  area: HTMLElement,
  marker: HTMLElement,
  tell: (place: { x: number; y: number } | null) => void,
) {
  let [x, y] = [0.5, 0.5];
  let silence: ReturnType<typeof setTimeout> | undefined;

  const leave = () => {
    clearTimeout(silence);
    tell(null);
  };
  const moveTo = (toX: number, toY: number) => {
    [x, y] = [rounded(toX), rounded(toY)];
    tell({ x, y });
    clearTimeout(silence);
    silence = setTimeout(leave, SILENCE_MS);
  };
  const follow = (event: PointerEvent) => {
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

function rounded(part: number) {
  return Math.round(Math.min(1, Math.max(0, part)) * 10_000) / 10_000;
}
