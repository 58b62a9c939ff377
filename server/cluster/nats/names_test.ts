import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Names, token } from "./names.ts";

const runs = Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000);

/** What a server takes as one token of a key. */
const TOKEN = /^[-/=\w]+$/;

Deno.test("token() leaves plain names as they are, and tells what others are", () => {
  assertEquals(token("doc-1_A"), "doc-1_A");
  assertEquals(token('"doc 1"'), "=22doc=201=22");
  assertEquals(token("é.*>="), "=C3=A9=2E=2A=3E=3D");
  assertEquals(token(""), "=e");
  assert(/^=h[0-9a-f]{64}$/.test(token("x".repeat(121))));
});

Deno.test("token() is short, and another one for another name: property", () => {
  const name = fc.string({ unit: "binary", maxLength: 200 });
  fc.assert(
    fc.property(name, name, (a, b) => {
      assert(TOKEN.test(token(a)));
      assert(token(a).length <= 120);
      assertEquals(token(a) === token(b), a === b);
    }),
    { numRuns: runs },
  );
});

Deno.test("Names tells keys from subjects, and a context from all", () => {
  const names = new Names("rooms");
  const key = names.row('"doc"', "[1]");
  assertEquals(key, "rows.=22doc=22.=5B1=5D");
  assertEquals(names.subject(key), `$KV.rooms.${key}`);
  assertEquals(names.key(names.subject(key)), key);
  assertEquals(names.rows('"doc"'), "rows.=22doc=22.*");
  assertEquals(names.changes(key), `ruthere.rooms.changes.${key}`);
});
