import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  colorOf as documentColorOf,
  labelColorOf,
} from "../../documents/mod.ts";
import { colorOf, contrast, inkOn, readColor } from "./color.ts";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 200);

Deno.test("colorOf() gives a key the colour that documents give it", () => {
  for (const key of ["robot", "ada", "", "ä", "\ud800"]) {
    assertEquals(colorOf(key), readColor(documentColorOf(key)));
  }
});

Deno.test("colorOf() gives any key a colour (property)", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (key) => {
      assertEquals(readColor(colorOf(key)), colorOf(key));
    }),
    { numRuns },
  );
});

Deno.test("inkOn() is readable on any colour (property)", () => {
  const part = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(fc.tuple(part, part, part), (parts) => {
      const color = `#${
        parts.map((part) => part.toString(16).padStart(2, "0")).join("")
      }`;
      assert(contrast(color, inkOn(color)) >= 4.5);
    }),
    { numRuns },
  );
});

Deno.test("contrast() is that of WCAG", () => {
  assertEquals(contrast("#000000", "#ffffff"), 21);
  assertEquals(contrast("#ffffff", "#ffffff"), 1);
  assertEquals(contrast("#777777", "#ffffff").toFixed(2), "4.48");
  assertEquals(contrast("#ffffff", "#777777").toFixed(2), "4.48");
});

Deno.test("readColor() accepts the colours of documents, and inkOn() agrees with their labels", () => {
  assertEquals(readColor("hsl(0, 70%, 50%)"), "#d92626");
  for (let hue = 0; hue < 360; hue++) {
    const said = `hsl(${hue}, 70%, 50%)`;
    const color = readColor(said) ?? "";
    // Near the middle both are readable.
    const ink = labelColorOf(said) === "black" ? "#000000" : "#ffffff";
    const differs = contrast(color, inkOn(color)) - contrast(color, ink);
    assert(differs < 0.05, said);
  }
});

Deno.test("readColor() accepts colours, and nothing else that styles", () => {
  assertEquals(readColor("#aB01ff"), "#ab01ff");
  const bad = [
    "red",
    "#fff",
    "#ab01ff80",
    "#ab01ff;",
    "url(https://evil.example/)",
    "var(--ink)",
    "\n#ab01ff",
    "#ab01ff\n",
    0xab01ff,
    "hsl(0 70% 50%)",
    "hsl(0, 70%, 50%, 0.5)",
    "hsl(0, 170%, 50%)",
    null,
    undefined,
    ["#ab01ff"],
  ];
  for (const value of bad) assertEquals(readColor(value), undefined);
});
