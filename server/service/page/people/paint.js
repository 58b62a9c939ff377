// @ts-check
/// <reference lib="dom" />

import { inkOn } from "./color.js";

/**
 * Gives an element a person's colour, and an ink that can be read on it.
 *
 * @param {HTMLElement | SVGElement} element
 * @param {string} color
 */
export function paint(element, color) {
  if (element.style.getPropertyValue("--color") === color) return;
  element.style.setProperty("--color", color);
  element.style.setProperty("--ink-on-color", inkOn(color));
}
