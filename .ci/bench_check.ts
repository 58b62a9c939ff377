/**
 * Runs the benchmarks in a short form, and compares each ratio to its baseline
 * with the one in the README. Fails if a ratio has grown by more than half:
 * less is noise.
 *
 * @module
 */

import { benchStore } from "../store/testing/bench.ts";

/** Ratios below this are too small to compare. */
const LEAST = 0.2;

interface Line {
  readonly what: string;
  readonly ratio: number;
  readonly expected: number;
}

/**
 * Reads figures from a table of a README: by row, those in parentheses, or the
 * only ones, of a column.
 */
async function figuresIn(
  readme: string,
  column: string,
): Promise<Map<string, number>> {
  const text = await Deno.readTextFile(new URL(readme, import.meta.url));
  const rows = text.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  const head = rows.findIndex((cells) => cells.includes(column));
  const index = rows[head]?.indexOf(column) ?? -1;
  return new Map(
    rows.slice(head + 1).flatMap((cells) => {
      const figure = /([\d.]+)\)?$/.exec(cells[index] ?? "")?.[1];
      return figure === undefined ? [] : [[cells[0]!, Number(figure)]];
    }),
  );
}

async function storeLines(): Promise<Line[]> {
  const figures = await figuresIn("../store/README.md", "100,000 entries");
  const costs = await benchStore(100_000, 7);
  return costs.map(({ operation, ours, ratio }) => ({
    what: operation,
    ratio: Number.isNaN(ratio) ? ours : ratio,
    expected: figures.get(operation) ?? NaN,
  }));
}

const lines = await storeLines();
console.log("| operation | README | now |\n| --- | ---: | ---: |");
for (const { what, expected, ratio } of lines) {
  console.log(`| ${what} | ${expected} | ${ratio.toFixed(1)} |`);
}
// A row that the README lacks fails as well.
const grown = lines.filter(({ expected, ratio }) =>
  !(ratio <= 1.5 * Math.max(expected, LEAST))
);
for (const { what } of grown) console.error(`grown by more than half: ${what}`);
Deno.exit(grown.length === 0 ? 0 : 1);
