// @ts-check
/// <reference lib="dom" />

import { Throttle } from "../../../../beacon/mod.ts";
import { PointerRenderer } from "../../../client/views/mod.ts";
import { fieldsOf } from "../people/wire.js";

/** How long to show a pointer that does not move. */
const SILENCE_MS = 5_000;

/**
 * A message about somebody's pointer.
 *
 * @typedef {object} Sighting
 * @property {string} key the person
 * @property {string} connection the tab: each tab has its own pointer
 * @property {{ x: number, y: number } | undefined} at `undefined` after it has
 * left the area
 */

/**
 * Reads a pointer from the wire.
 *
 * @param {unknown} message
 * @returns {Sighting | undefined}
 */
export function readSighting(message) {
  const fields = fieldsOf(message);
  const sender = fieldsOf(fields.get("sender"));
  const key = sender.get("key");
  if (typeof key !== "string") return undefined;
  const [x, y] = [fields.get("x"), fields.get("y")];
  return {
    key,
    connection: String(sender.get("connection")),
    at: typeof x !== "number" || typeof y !== "number" || isNaN(x + y)
      ? undefined
      : { x: within(x), y: within(y) },
  };
}

/**
 * @typedef {object} Shown
 * @property {string} key
 * @property {import("../../../client/views/mod.ts").RemotePointer} pointer
 * @property {ReturnType<typeof setTimeout>} timer
 */

/** The pointers of the others, above an area. */
export class Pointers {
  #renderer;
  /** @type {Map<string, Shown>} */
  #pointers = new Map();

  /** @param {HTMLElement} area */
  constructor(area) {
    this.#renderer = new PointerRenderer(area);
  }

  /**
   * Shows a pointer, or hides one that has left the area.
   *
   * @param {Sighting} sighting
   * @param {string} name
   * @param {string} color
   */
  show({ key, connection, at }, name, color) {
    const id = JSON.stringify([key, connection]);
    if (at === undefined) return this.#hide(id);
    clearTimeout(this.#pointers.get(id)?.timer);
    const timer = setTimeout(() => this.#hide(id), SILENCE_MS);
    const pointer = { userId: id, name, color, ...at };
    this.#pointers.set(id, { key, pointer, timer });
    this.#draw();
  }

  /**
   * Hides all pointers but those of some people.
   *
   * @param {ReadonlySet<string>} keys
   */
  keepOnly(keys) {
    for (const [id, { key }] of this.#pointers) {
      if (!keys.has(key)) this.#hide(id);
    }
  }

  /** @param {string} id */
  #hide(id) {
    clearTimeout(this.#pointers.get(id)?.timer);
    this.#pointers.delete(id);
    this.#draw();
  }

  #draw() {
    const shown = [...this.#pointers.values()];
    this.#renderer.update(shown.map(({ pointer }) => pointer));
  }
}

/** Twenty a second. */
const INTERVAL_MS = 50;

/** How far an arrow key moves the pointer, as a part of the area. */
const STEP = 0.03;

/** @typedef {{ x: number | null, y: number | null }} Place */

/** @type {ReadonlyMap<string, readonly [number, number]>} */
const ARROWS = new Map([
  ["ArrowLeft", [-STEP, 0]],
  ["ArrowRight", [STEP, 0]],
  ["ArrowUp", [0, -STEP]],
  ["ArrowDown", [0, STEP]],
]);

/**
 * Sends where one's own pointer is in an area: the mouse, a finger, or the arrow
 * keys.
 *
 * @param {HTMLElement} area
 * @param {HTMLElement} marker shows it while the keys move it
 * @param {(place: Place) => void} send called twenty times a second at most
 */
export function followPointer(area, marker, send) {
  const throttle = new Throttle({ intervalMs: INTERVAL_MS, send });
  let [x, y] = [0.5, 0.5];

  const moveTo = (/** @type {number} */ toX, /** @type {number} */ toY) => {
    [x, y] = [rounded(toX), rounded(toY)];
    throttle.push({ x, y });
  };
  const leave = () => throttle.push({ x: null, y: null });

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
  return Math.round(within(part) * 10_000) / 10_000;
}

/** @param {number} part */
function within(part) {
  return Math.min(1, Math.max(0, part));
}
