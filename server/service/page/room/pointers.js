// @ts-check
/// <reference lib="dom" />

import { copyOf, find, show } from "../people/dom.js";
import { paint } from "../people/paint.js";

/** How long a pointer that does not move is shown. */
const SILENCE_MS = 5_000;

/**
 * A message about somebody's pointer.
 *
 * @typedef {object} Sighting
 * @property {string} key the person
 * @property {string} connection the tab: each has a pointer of its own
 * @property {{ x: number, y: number } | undefined} at `undefined` when it has
 * left the area
 */

/**
 * Takes a pointer from the wire, if it is one.
 *
 * @param {unknown} message
 * @returns {Sighting | undefined}
 */
export function readSighting(message) {
  if (!isRecord(message) || !isRecord(message.sender)) return undefined;
  const { key, connection } = message.sender;
  if (typeof key !== "string") return undefined;
  const { x, y } = message;
  return {
    key,
    connection: String(connection),
    at: isPart(x) && isPart(y) ? { x: within(x), y: within(y) } : undefined,
  };
}

/** The pointers of the others, above an area. */
export class Pointers {
  #area;
  /** @type {Map<string, { key: string, element: HTMLElement, timer: number | undefined }>} */
  #pointers = new Map();

  /** @param {HTMLElement} area */
  constructor(area) {
    this.#area = area;
  }

  /**
   * @param {Sighting} sighting
   * @param {string} name
   * @param {string} color
   */
  show({ key, connection, at }, name, color) {
    const id = JSON.stringify([key, connection]);
    if (at === undefined) return this.#hide(id);
    const known = this.#pointers.get(id);
    const element = known?.element ?? this.#add(key);
    show(find(".pointer-name", HTMLElement, element), name);
    paint(element, color);
    element.style.left = `${at.x * 100}%`;
    element.style.top = `${at.y * 100}%`;
    // The name stays within the area, as it is at most half as wide.
    element.toggleAttribute("data-flip-x", at.x > 0.5);
    element.toggleAttribute("data-flip-y", at.y > 0.8);
    clearTimeout(known?.timer);
    const timer = globalThis.setTimeout(() => this.#hide(id), SILENCE_MS);
    this.#pointers.set(id, { key, element, timer: Number(timer) });
  }

  /**
   * Hides the pointers of all others.
   *
   * @param {ReadonlySet<string>} keys
   */
  keepOnly(keys) {
    for (const [id, { key }] of this.#pointers) {
      if (!keys.has(key)) this.#hide(id);
    }
  }

  /** @param {string} key */
  #add(key) {
    const element = copyOf("#pointer");
    element.dataset.key = key;
    this.#area.append(element);
    return element;
  }

  /** @param {string} id */
  #hide(id) {
    const pointer = this.#pointers.get(id);
    if (pointer === undefined) return;
    clearTimeout(pointer.timer);
    pointer.element.remove();
    this.#pointers.delete(id);
  }
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isPart(value) {
  return typeof value === "number" && !Number.isNaN(value);
}

/** @param {number} part */
function within(part) {
  return Math.min(1, Math.max(0, part));
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null;
}
