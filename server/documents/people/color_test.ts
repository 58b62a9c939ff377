import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvalidValueError } from "../../../core/mod.ts";
import { colorOf, labelColorOf } from "../mod.ts";
import { RUNS } from "../testing/harness.ts";

Deno.test("labelColorOf() is black on light colours and white on dark ones", () => {
  assertEquals(labelColorOf("hsl(0, 0%, 100%)"), "black");
  assertEquals(labelColorOf("hsl(0, 0%, 0%)"), "white");
  assertEquals(labelColorOf("hsl(60, 70%, 50%)"), "black");
  assertEquals(labelColorOf("hsl(120, 70%, 50%)"), "black");
  assertEquals(labelColorOf("hsl(240, 70%, 50%)"), "white");
});

Deno.test("labelColorOf() is readable on the colour of every id (property)", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (userId) => {
      const color = colorOf(userId);
      const best = labelColorOf(color);
      const other = best === "black" ? "white" : "black";
      const contrast = contrastOf(color, best);
      assertEquals(contrast >= contrastOf(color, other), true);
      assertEquals(contrast >= 4.5, true, `${color} ${contrast}`);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("labelColorOf() refuses another form of colour", () => {
  for (const color of ["red", "#ff0000", "", "hsl(0, 70%, 50%"]) {
    assertThrows(
      () => labelColorOf(color),
      InvalidValueError,
      "Cannot choose label: color must have the form",
    );
  }
});

/** Computed independently: through red, green and blue of 0 to 255. */
function contrastOf(color: string, label: "black" | "white"): number {
  const hue = Number(/\d+/.exec(color)?.[0]);
  const chroma = 0.7;
  const x = chroma * (1 - Math.abs(hue / 60 % 2 - 1));
  const sectors = [
    [chroma, x, 0],
    [x, chroma, 0],
    [0, chroma, x],
    [0, x, chroma],
    [x, 0, chroma],
    [chroma, 0, x],
  ];
  const [r = 0, g = 0, b = 0] = (sectors[Math.floor(hue / 60)] ?? [])
    .map((part) => part + 0.15)
    .map((part) =>
      part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    );
  const luminance = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return label === "black"
    ? (luminance + 0.05) / 0.05
    : 1.05 / (luminance + 0.05);
}
