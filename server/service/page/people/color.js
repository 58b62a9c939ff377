// @ts-check
/// <reference lib="dom" />

/**
 * The colour of a person, always as `#rrggbb`.
 *
 * @module
 */

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
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const part = parseInt(color.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {number} hue in degrees
 * @param {number} saturation from 0 to 1
 * @param {number} lightness from 0 to 1
 */
function fromHsl(hue, saturation, lightness) {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const parts = [0, 8, 4].map((offset) => {
    const turn = (offset + hue / 30) % 12;
    const part = lightness -
      reach * Math.max(-1, Math.min(turn - 3, 9 - turn, 1));
    return Math.round(part * 255).toString(16).padStart(2, "0");
  });
  return `#${parts.join("")}`;
}
