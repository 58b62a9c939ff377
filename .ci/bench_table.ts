/**
 * Makes a table from the output of `deno bench --json`: a row per operation, a
 * column per size; each cell has the nanoseconds and the ratio to the baseline.
 *
 * @example
 * ```sh
 * deno task bench --json | deno run .ci/bench_table.ts
 * ```
 *
 * @module
 */

interface Bench {
  group: string;
  baseline: boolean;
  results: { ok?: { avg: number } }[];
}

const { benches }: { benches: Bench[] } = await new Response(
  Deno.stdin.readable,
).json();
const groups = Map.groupBy(benches, ({ group }) => group);
const rows = new Map<string, Map<string, string>>();
const columns = new Set<string>();

for (const [group, members] of groups) {
  const comma = group.lastIndexOf(", ");
  const column = group.slice(comma + 2);
  const operation = group.slice(0, comma);
  const ours = averageOf(members.find(({ baseline }) => !baseline));
  const baseline = averageOf(members.find(({ baseline }) => baseline));
  columns.add(column);
  const cells = rows.get(operation) ?? new Map<string, string>();
  const ratio = (ours / baseline).toFixed(1);
  rows.set(operation, cells.set(column, `${show(ours)} (${ratio})`));
}

function averageOf(bench: Bench | undefined): number {
  return bench?.results[0]?.ok?.avg ?? NaN;
}

function show(ns: number): string {
  return ns < 10_000
    ? `${Math.round(ns)} ns`
    : `${Math.round(ns / 1000).toLocaleString("en")} µs`;
}

console.log(`| operation | ${[...columns].join(" | ")} |`);
console.log(`| --- |${" ---: |".repeat(columns.size)}`);
for (const [operation, cells] of rows) {
  const row = [...columns].map((column) => cells.get(column) ?? "");
  console.log(`| ${operation} | ${row.join(" | ")} |`);
}
