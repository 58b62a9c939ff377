import { assertEquals, assertThrows } from "@std/assert";
import { parseExposition } from "./testing/exposition.ts";

const HEAD = "# HELP a_total Help.\n# TYPE a_total counter\n";

Deno.test("parseExposition() reads a scrape", () => {
  const text = `${HEAD}a_total{x="1",y="\\"\\\\\\n"} 2\na_total 1e+21\n`;
  assertEquals(parseExposition(text), [{
    name: "a_total",
    help: "Help.",
    type: "counter",
    samples: [
      { name: "a_total", labels: { x: "1", y: '"\\\n' }, value: 2 },
      { name: "a_total", labels: {}, value: 1e21 },
    ],
  }]);
});

const BAD: Readonly<Record<string, string>> = {
  "no end": `${HEAD}a_total 1`,
  "no help": "# TYPE a_total counter\na_total 1\n",
  "a type that is unknown": HEAD.replace("counter", "number"),
  "a counter without _total": HEAD.replaceAll("a_total", "a"),
  "a metric twice": HEAD + HEAD,
  "another comment": `${HEAD}# nothing\n`,
  "a sample of another metric": `${HEAD}b_total 1\n`,
  "a sample twice": `${HEAD}a_total{x="1"} 1\na_total{x="1"} 2\n`,
  "a label twice": `${HEAD}a_total{x="1",x="2"} 1\n`,
  "a label that does not end": `${HEAD}a_total{x="1} 1\n`,
  "a label with a bad escape": `${HEAD}a_total{x="\\t"} 1\n`,
  "no value": `${HEAD}a_total{x="1"}\n`,
  "a value that is none": `${HEAD}a_total undefined\n`,
  "a count below zero": `${HEAD}a_total -1\n`,
  "buckets that shrink": `# HELP h Help.
# TYPE h histogram
h_bucket{le="1"} 2
h_bucket{le="+Inf"} 1
h_sum 1
h_count 1
`,
};

for (const [what, text] of Object.entries(BAD)) {
  Deno.test(`parseExposition() refuses ${what}`, () => {
    assertThrows(() => parseExposition(text), SyntaxError);
  });
}
