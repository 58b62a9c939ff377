import { assert, assertEquals } from "@std/assert";
import { documentContext, workspaceContext } from "../documents/mod.ts";
import { type Family, parseExposition } from "./testing/exposition.ts";
import { Measured } from "./testing/measured.ts";

/** Returns a scrape of all sources after some events. */
async function everything(): Promise<Family[]> {
  await using measured = new Measured({ documentLabels: 10 });
  for (const context of [documentContext("42"), workspaceContext("acme")]) {
    measured.receive({ context });
  }
  await measured.pass(10_000);
  return parseExposition(await measured.metrics.text());
}

/** Returns the labels of all samples, by their names. */
function labelsOf(families: readonly Family[]): Map<string, Set<string>> {
  const labels = new Map<string, Set<string>>();
  for (
    const { name, labels: own } of families.flatMap(({ samples }) => samples)
  ) {
    const known = labels.get(name) ?? new Set();
    for (const label of Object.keys(own)) known.add(label);
    labels.set(name, known);
  }
  return labels;
}

function read(file: string): string {
  return Deno.readTextFileSync(new URL(file, import.meta.url));
}

/** Returns all strings below a name, at any depth. */
function stringsOf(json: unknown, name: string): string[] {
  if (typeof json !== "object" || json === null) return [];
  return Object.entries(json).flatMap(([key, value]) =>
    key === name && typeof value === "string" ? [value] : stringsOf(value, name)
  );
}

/** Returns the metrics that a text queries. */
function asked(text: string): string[] {
  return text.match(/\bruthere_\w+/g) ?? [];
}

/** The words of PromQL besides metrics and labels. */
const WORDS = new Set(
  "sum max min by rate increase topk histogram_quantile label_values"
    .split(" "),
);

/** The labels that Prometheus adds to each sample. */
const ADDED = ["job", "instance"];

/** Returns the labels of an expression, and all unknown words. */
function namesIn(expression: string): string[] {
  const bare = expression.replaceAll(/"[^"]*"|\$\w+|\[[^\]]*\]/g, "");
  return (bare.match(/[a-z_]\w*/gi) ?? [])
    .filter((name) => !name.startsWith("ruthere_") && !WORDS.has(name));
}

const DASHBOARD: unknown = JSON.parse(read("dashboard.json"));

Deno.test("dashboard.json queries only metrics and labels of a scrape", async () => {
  const labels = labelsOf(await everything());
  const expressions = stringsOf(DASHBOARD, "expr");
  assert(expressions.length > 20, "the expressions were not found");
  for (const expression of expressions) {
    const metrics = asked(expression);
    assertEquals(metrics.length, 1, expression);
    for (const metric of metrics) {
      const there = labels.get(metric);
      assert(there !== undefined, `${metric} is not in a scrape`);
      for (const name of namesIn(expression)) {
        assert(
          there.has(name) || ADDED.includes(name),
          `${name}: ${expression}`,
        );
      }
    }
  }
  for (const query of stringsOf(DASHBOARD, "definition")) {
    for (const metric of asked(query)) assert(labels.has(metric), query);
  }
});

Deno.test("dashboard.json names its lines by labels of their metrics", async () => {
  const labels = labelsOf(await everything());
  assertEquals(
    targetsOf(DASHBOARD).length,
    stringsOf(DASHBOARD, "expr").length,
  );
  for (const { expr, legendFormat } of targetsOf(DASHBOARD)) {
    const [metric = ""] = asked(expr);
    const [, grouping] = /\bby \(([^)]*)\)/.exec(expr) ?? [];
    const kept = grouping?.split(/, */) ??
      (/\bsum\(/.test(expr) ? [] : [...labels.get(metric) ?? [], ...ADDED]);
    for (const [, label = ""] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
      assert(kept.includes(label), `${legendFormat}: ${expr}`);
    }
  }
});

Deno.test("dashboard.json shows every metric", async () => {
  const shown = stringsOf(DASHBOARD, "expr").flatMap(asked)
    .map((name) => name.replace(/_(bucket|count)$/, ""));
  const all = (await everything()).map(({ name }) => name);
  assertEquals([...new Set(shown)].sort(), all.sort());
});

Deno.test("the README lists every metric with its type and labels, and no other", async () => {
  const families = await everything();
  const rows = read("README.md")
    .matchAll(/^\| `(\w+)` +\| (counter|gauge|histogram) +\| ([^|]*?) *\|/gm);
  const listed = Array.from(rows, ([, name, type, labels = ""]) => {
    const names = Array.from(labels.matchAll(/`(\w+)`/g), ([, label]) => label);
    return `${name} ${type} ${names.sort().join(" ")}`;
  });
  const labels = labelsOf(families);
  const there = families.map(({ name, type }) => {
    const names = [...labels.get(name) ?? []].sort().join(" ");
    return `${name.replace("ruthere_", "")} ${type} ${names}`;
  });
  assertEquals(listed.sort(), there.sort());
});

Deno.test("the rules of the README query only metrics and labels of a scrape", async () => {
  const labels = labelsOf(await everything());
  const rules = [...read("README.md").matchAll(/^ +expr: (.+)$/gm)];
  assert(rules.length > 5, "the rules were not found");
  for (const [, rule = ""] of rules) {
    for (const metric of asked(rule)) assert(labels.has(metric), metric);
  }
});

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

function targetsOf(json: unknown): Target[] {
  if (typeof json !== "object" || json === null) return [];
  return isTarget(json) ? [json] : Object.values(json).flatMap(targetsOf);
}

function isTarget(json: object): json is Target {
  return "expr" in json && typeof json.expr === "string" &&
    "legendFormat" in json && typeof json.legendFormat === "string";
}
