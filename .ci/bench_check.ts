/**
 * Runs the benchmarks of the store and of sockets in a short form, and compares
 * each ratio to its baseline with that in the README of the room. Fails if one
 * has grown by more than half: less is noise. A growth is measured twice.
 *
 * @module
 */

import {
  DOCUMENT,
  DOCUMENTS,
  traffic,
} from "../server/documents/testing/load/traffic.ts";
import { benchStore } from "../store/testing/bench.ts";

/** A figure, now and in the README. */
interface Line {
  readonly what: string;
  readonly now: number;
  readonly expected: number;
}

/** A smaller ratio is not compared: the README has one digit of it. */
const LEAST = 0.2;

/** Those of the README, by their names there. */
const SCENARIOS = {
  "100 in one document, 10 moves a second each": DOCUMENT,
  "20 in each of 50 documents, 2 moves a second each": DOCUMENTS,
};

/** Reads the tables of a README. An empty first cell repeats the one above. */
async function rowsOf(readme: string): Promise<readonly string[][]> {
  const text = await Deno.readTextFile(new URL(readme, import.meta.url));
  let first = "";
  return text.split("\n").filter((line) => line.startsWith("|")).map((line) => {
    const cells = line.split("|").slice(1, -1).map((cell) => cell.trim());
    first = cells[0] || first;
    return [first, ...cells.slice(1)];
  });
}

/** Returns the number at the end of a cell, also in parentheses. */
function figureOf(cell: string | undefined): number {
  return Number(/([\d.]+)\)?$/.exec(cell ?? "")?.[1]);
}

async function storeLines(): Promise<Line[]> {
  const rows = await rowsOf("../store/README.md");
  const column = rows.find((row) => row.includes("100,000 entries"))
    ?.indexOf("100,000 entries") ?? -1;
  return (await benchStore(100_000, 7)).map(({ operation, ours, ratio }) => ({
    what: operation,
    now: Number.isNaN(ratio) ? ours : ratio,
    expected: figureOf(rows.find(([what]) => what === operation)?.[column]),
  }));
}

async function socketLines(): Promise<Line[]> {
  const rows = await rowsOf("../server/documents/README.md");
  const column = rows.find((row) => row.includes("ratio"))
    ?.indexOf("ratio") ?? -1;
  const lines: Line[] = [];
  for (const [what, settings] of Object.entries(SCENARIOS)) {
    const figures = await traffic(["ws", "presence"], settings);
    const ours = figures.get("presence")?.cpuMs ?? NaN;
    const base = figures.get("ws")?.cpuMs ?? NaN;
    const row = rows.find((row) => row[0] === what && row[1] === "presence");
    lines.push({ what, now: ours / base, expected: figureOf(row?.[column]) });
  }
  return lines;
}

/** Reports whether a figure has grown, or is missing in the README. */
function hasGrown({ now, expected }: Line): boolean {
  return !(now <= 1.5 * Math.max(expected, LEAST));
}

let failed = false;
console.log("| operation | README | now |\n| --- | ---: | ---: |");
for (const measure of [storeLines, socketLines]) {
  let lines = await measure();
  if (lines.some(hasGrown)) {
    const again = await measure();
    lines = lines.map((line, n) => hasGrown(line) ? again[n]! : line);
  }
  for (const line of lines) {
    const { what, expected, now } = line;
    const mark = hasGrown(line) ? " **grown by more than half**" : "";
    console.log(`| ${what} | ${expected} | ${now.toFixed(2)}${mark} |`);
    failed ||= mark !== "";
  }
}
Deno.exit(failed ? 1 : 0);
