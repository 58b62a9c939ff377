import type { Kind } from "./wires.ts";

/** The figures of one server in one scenario. */
export interface Figures {
  /** Messages a second that should arrive. */
  readonly offered?: number;
  /** Messages a second that arrive. */
  readonly delivered?: number;
  /** Milliseconds of the server's processor for 100,000 delivered messages. */
  readonly cpuMs?: number;
  /** The median delay in milliseconds. */
  readonly p50?: number;
  /** The delay that 1 % exceed. */
  readonly p99?: number;
  /** Bytes of memory a connection, before anything moves. */
  readonly bytesEach?: number;
  /** What has no column. */
  readonly others?: string;
}

/** Formats a number without fractions. */
export function round(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Prints the figures of a scenario, with the ratio to the bare `ws`. */
export function report(name: string, all: ReadonlyMap<Kind, Figures>): void {
  const base = (all.get("ws") ?? all.get("bare"))?.cpuMs ?? NaN;
  const cell = (value: number | undefined, digits = 0) =>
    value === undefined || Number.isNaN(value)
      ? ""
      : value.toLocaleString("en", {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
      });
  const rows = [...all].map(([kind, figures]) => [
    name,
    kind,
    cell(figures.offered),
    cell(figures.delivered),
    cell(figures.cpuMs),
    cell(figures.cpuMs && figures.cpuMs / base, 2),
    cell(figures.p50, 1),
    cell(figures.p99, 1),
    cell(figures.bytesEach && figures.bytesEach / 1_000),
    figures.others ?? "",
  ]);
  for (const row of rows) printRow(row);
}

/** Prints the head of the table. */
export function reportHead(): void {
  printRow(HEADS);
  console.log(`| ${WIDTHS.map((width) => "-".repeat(width)).join(" | ")} |`);
}

function printRow(cells: readonly string[]): void {
  const padded = cells.map((cell, n) => cell.padStart(WIDTHS[n]!));
  console.log(`| ${padded.join(" | ")} |`);
}

const HEADS = [
  "scenario",
  "server",
  "offered/s",
  "delivered/s",
  "CPU ms",
  "ratio",
  "p50 ms",
  "p99 ms",
  "kB each",
  "others",
];
const WIDTHS = HEADS.map((head, n) => n < 2 ? 10 : head.length);
