// @ts-check
/// <reference lib="dom" />

/**
 * The colour of a person, always as `#rrggbb`.
 *
 * @module
 */

import { luminanceOf, rgbOf } from "../../../documents/people/color.ts";
import { hueOf } from "../../../documents/people/hue.ts";

/**
 * Returns the default colour of a key: the one that the service gives it in
 * documents.
 *
 * @param {string} key
 * @returns {string}
 */
export function colorOf(key) {
  return fromHsl(hueOf(key), 0.7, 0.5);
}

/**
 * Reads a colour of another program: `#rrggbb`, or `hsl(210, 70%, 50%)` as the
 * service gives people in documents.
 *
 * @param {unknown} value
 * @returns {string | undefined}
 */
export function readColor(value) {
  if (typeof value !== "string") return undefined;
  if (/^#[0-9a-f]{6}$/i.test(value)) return value.toLowerCase();
  const [, ...parts] =
    /^hsl\((\d{1,3}), (\d{1,2}|100)%, (\d{1,2}|100)%\)$/.exec(value) ?? [];
  if (parts.length === 0) return undefined;
  const [hue = 0, saturation = 0, lightness = 0] = parts.map(Number);
  return fromHsl(hue, saturation / 100, lightness / 100);
}

/**
 * Gives an element a person's colour, and an ink that is readable on it.
 *
 * @param {HTMLElement} element
 * @param {string} color
 */
export function paint(element, color) {
  if (element.style.getPropertyValue("--color") === color) return;
  element.style.setProperty("--color", color);
  element.style.setProperty("--ink-on-color", inkOn(color));
}

/**
 * Returns black or white, whichever is easier to read on a colour.
 *
 * @param {string} color
 * @returns {"#000000" | "#ffffff"}
 */
export function inkOn(color) {
  const black = contrast(color, "#000000");
  return black > contrast(color, "#ffffff") ? "#000000" : "#ffffff";
}

/**
 * Returns the contrast of two colours, from 1 to 21, as WCAG defines it.
 *
 * @param {string} one
 * @param {string} other
 * @returns {number}
 */
export function contrast(one, other) {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)]
    .sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

/** @param {string} color */
function luminance(color) {
  return luminanceOf(
    [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16) / 255),
  );
}

/**
 * @param {number} hue in degrees
 * @param {number} saturation from 0 to 1
 * @param {number} lightness from 0 to 1
 */
function fromHsl(hue, saturation, lightness) {
  const digits = rgbOf(hue, saturation, lightness).map((part) =>
    Math.round(part * 255).toString(16).padStart(2, "0")
  );
  return `#${digits.join("")}`;
}
