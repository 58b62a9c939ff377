import { InvalidValueError } from "../../../core/mod.ts";
import { hueOf } from "./hue.ts";

/**
 * Returns the colour of a person's id: the same on every server and for every
 * document. A person may have another colour in a document where somebody with
 * a similar one is already present: see `DocumentUser.color`.
 *
 * It is `hsl(H, 70%, 50%)`, where H is the remainder by 360 of the id's hash:
 * FNV-1a with 32 bits (offset 2166136261, prime 16777619) over its UTF-8 bytes,
 * then the final mix of MurmurHash3.
 *
 * @param userId The id of the person.
 * @returns The colour in CSS.
 *
 * @example Usage
 * ```ts
 * import { colorOf } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(colorOf("ada"), "hsl(358, 70%, 50%)");
 * ```
 */
export function colorOf(userId: string): string {
  return colorOfHue(hueOf(userId));
}

/** Returns the colour of a hue. */
export function colorOfHue(hue: number): string {
  return `hsl(${hue}, 70%, 50%)`;
}

/** Returns the hue of a colour; `undefined` if it has another form. */
export function hueIn(color: unknown): number | undefined {
  if (typeof color !== "string") return undefined;
  const [, digits] = /^hsl\((0|[1-9]\d{0,2}), 70%, 50%\)$/.exec(color) ?? [];
  const hue = Number(digits ?? NaN);
  return hue < 360 ? hue : undefined;
}

/**
 * Returns the colour of a readable label on a colour: the one with more
 * contrast by the Web Content Accessibility Guidelines.
 *
 * @param color The colour, in the form of `colorOf()`.
 * @returns `black` or `white`.
 * @throws {InvalidValueError} If the colour has another form.
 *
 * @example Usage
 * ```ts
 * import { labelColorOf } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(labelColorOf("hsl(60, 70%, 50%)"), "black");
 * assertEquals(labelColorOf("hsl(240, 70%, 50%)"), "white");
 * ```
 */
export function labelColorOf(color: string): "black" | "white" {
  const [, ...parts] = /^hsl\((\d+), (\d+)%, (\d+)%\)$/.exec(color) ?? [];
  const [hue = 0, saturation = 0, lightness = 0] = parts.map(Number);
  if (parts.length === 0) {
    const rule = 'must have the form "hsl(0, 70%, 50%)"';
    throw new InvalidValueError("choose label", "color", rule, color);
  }
  const luminance = luminanceOf(rgbOf(hue, saturation / 100, lightness / 100));
  const onBlack = (luminance + 0.05) / 0.05;
  const onWhite = 1.05 / (luminance + 0.05);
  return onBlack >= onWhite ? "black" : "white";
}

/**
 * Returns the red, green and blue of a colour, from 0 to 1. Browsers load this
 * file too.
 *
 * @param hue In degrees.
 * @param saturation From 0 to 1.
 * @param lightness From 0 to 1.
 */
export function rgbOf(
  hue: number,
  saturation: number,
  lightness: number,
): number[] {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  return [0, 8, 4].map((offset) => {
    const step = (offset + hue / 30) % 12;
    return lightness - reach * Math.max(-1, Math.min(step - 3, 9 - step, 1));
  });
}

/**
 * Returns how bright a colour is, from 0 to 1, as WCAG defines it.
 *
 * @param rgb Its red, green and blue, from 0 to 1.
 */
export function luminanceOf(rgb: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((part) =>
    part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
