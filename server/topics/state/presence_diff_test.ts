import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { joinDiffJson, leaveDiffJson } from "./mod.ts";

const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

Deno.test("joinDiffJson() says that a meta came", () => {
  assertEquals(
    joinDiffJson("ada", '{"phx_ref":"a","mood":"fine"}'),
    '{"joins":{"ada":{"metas":[{"phx_ref":"a","mood":"fine"}]}},"leaves":{}}',
  );
});

Deno.test("leaveDiffJson() says that a meta went", () => {
  assertEquals(
    leaveDiffJson("ada", '{"phx_ref":"a","mood":"fine"}'),
    '{"joins":{},"leaves":{"ada":{"metas":[{"phx_ref":"a","mood":"fine"}]}}}',
  );
});

Deno.test("joinDiffJson() and leaveDiffJson() put the meta in as it is", () => {
  for (const meta of ["null", '"a\\u0062"', "[1.0, 1e2]", ' { "b" : 1 } ']) {
    assertEquals(
      joinDiffJson("k", meta),
      `{"joins":{"k":{"metas":[${meta}]}},"leaves":{}}`,
    );
    assertEquals(
      leaveDiffJson("k", meta),
      `{"joins":{},"leaves":{"k":{"metas":[${meta}]}}}`,
    );
  }
});

Deno.test("joinDiffJson() and leaveDiffJson() escape the key", () => {
  const keys = {
    "": '""',
    'a"b\\c': '"a\\"b\\\\c"',
    "a\nb\0": '"a\\nb\\u0000"',
    "\ud800": '"\\ud800"',
    ["__proto__"]: '"__proto__"',
  };
  for (const [key, json] of Object.entries(keys)) {
    assertEquals(
      joinDiffJson(key, "1"),
      `{"joins":{${json}:{"metas":[1]}},"leaves":{}}`,
    );
    assertEquals(
      leaveDiffJson(key, "1"),
      `{"joins":{},"leaves":{${json}:{"metas":[1]}}}`,
    );
  }
});

Deno.test("joinDiffJson() and leaveDiffJson() property: any key and meta can be read back", () => {
  const key = fc.oneof(
    fc.constantFrom("__proto__", "constructor", "metas", "joins"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(key, fc.json(), (key, meta) => {
      const presence = Object.fromEntries([[
        key,
        { metas: [JSON.parse(meta)] },
      ]]);
      assertEquals(
        JSON.parse(joinDiffJson(key, meta)),
        { joins: presence, leaves: {} },
      );
      assertEquals(
        JSON.parse(leaveDiffJson(key, meta)),
        { joins: {}, leaves: presence },
      );
    }),
    { numRuns: RUNS },
  );
});
