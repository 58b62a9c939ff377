/**
 * The colour of a person, always as `#rrggbb`.
 *
 * @module
 */

import { hueOf, luminanceOf, rgbOf } from "../../documents/people/internal.ts";

/** Returns the default colour of a person: the one they have in documents. */
export function colorOf(userId: string): string {
  return fromHsl(hueOf(userId), 0.7, 0.5);
}

/**
 * Reads a colour of another program: `#rrggbb`, or `hsl(210, 70%, 50%)` as people
 * have them in documents.
 */
export function readColor(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (/^#[0-9a-f]{6}$/i.test(value)) return value.toLowerCase();
  const [, ...parts] =
    /^hsl\((\d{1,3}), (\d{1,2}|100)%, (\d{1,2}|100)%\)$/.exec(value) ?? [];
  if (parts.length === 0) return undefined;
  const [hue = 0, saturation = 0, lightness = 0] = parts.map(Number);
  return fromHsl(hue, saturation / 100, lightness / 100);
}

/** Gives an element a colour, and an ink that is readable on it. */
export function paint(element: HTMLElement, color: string): void {
  if (element.style.getPropertyValue("--color") === color) return;
  element.style.setProperty("--color", color);
  element.style.setProperty("--ink-on-color", inkOn(color));
}

/** Gives an element a person's colour: the default one if theirs is malformed. */
export function paintAs(
  element: HTMLElement,
  { userId, color }: { readonly userId: string; readonly color?: unknown },
): void {
  paint(element, readColor(color) ?? colorOf(userId));
}

/** Returns black or white: the one that is easier to read on a colour. */
export function inkOn(color: string): "#000000" | "#ffffff" {
  const black = contrast(color, "#000000");
  return black > contrast(color, "#ffffff") ? "#000000" : "#ffffff";
}

/** Returns the contrast of two colours, from 1 to 21, as WCAG defines it. */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)]
    .sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  return luminanceOf(
    [1, 3, 5].map((start) => parseInt(color.slice(start, start + 2), 16) / 255),
  );
}

/** Hue in degrees, saturation and lightness from 0 to 1. */
function fromHsl(hue: number, saturation: number, lightness: number): string {
  const digits = rgbOf(hue, saturation, lightness).map((part) =>
    Math.round(part * 255).toString(16).padStart(2, "0")
  );
  return `#${digits.join("")}`;
}
