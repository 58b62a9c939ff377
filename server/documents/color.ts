import { InvalidValueError } from "../../core/mod.ts";

/**
 * The colour of a person: the same at every server and in every document, for
 * as long as the id is the same.
 *
 * It is `hsl(H, 70%, 50%)`, where H is the remainder by 360 of the id's hash:
 * FNV-1a with 32 bits (offset 2166136261, prime 16777619) over its UTF-8 bytes.
 *
 * @param userId The id of the person.
 * @returns The colour, as CSS has it.
 *
 * @example Usage
 * ```ts
 * import { colorOf } from "@ruthere/presence/server/documents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(colorOf("ada"), "hsl(163, 70%, 50%)");
 * ```
 */
export function colorOf(userId: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(userId)) {
    hash = Math.imul(hash ^ byte, 0x01000193);
  }
  return `hsl(${(hash >>> 0) % 360}, 70%, 50%)`;
}

/**
 * Tells which colour a label must be written in to be read on a colour: the one
 * with more contrast, as the Web Content Accessibility Guidelines reckon it.
 *
 * @param color The colour, in the form that `colorOf()` gives.
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
  const luminance = luminanceOf(color);
  const onBlack = (luminance + 0.05) / 0.05;
  const onWhite = 1.05 / (luminance + 0.05);
  return onBlack >= onWhite ? "black" : "white";
}

/** How bright a colour is, from 0 to 1. */
function luminanceOf(color: string): number {
  const [, ...parts] = /^hsl\((\d+), (\d+)%, (\d+)%\)$/.exec(color) ?? [];
  const [hue, saturation, lightness] = parts.map(Number);
  if (
    hue === undefined || saturation === undefined || lightness === undefined
  ) {
    const rule = 'must have the form "hsl(0, 70%, 50%)"';
    throw new InvalidValueError("choose label", "color", rule, color);
  }
  const light = lightness / 100;
  const reach = saturation / 100 * Math.min(light, 1 - light);
  const channel = (offset: number): number => {
    const step = (offset + hue / 30) % 12;
    const value = light - reach * Math.max(-1, Math.min(step - 3, 9 - step, 1));
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(0) + 0.7152 * channel(8) + 0.0722 * channel(4);
}
