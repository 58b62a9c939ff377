import { assertEquals, assertNotEquals } from "@std/assert";
import type { Viewer } from "../mod.ts";
import { PositionTokens } from "./position_token.ts";

const VIEWER: Viewer = { restricted: ["b", "a"], private: false, subject: "x" };
const HERE = { epoch: "e", sequence: 7 };

Deno.test("PositionTokens.read() reads what was written", async () => {
  const tokens = await PositionTokens.of("doc-1", VIEWER);
  for (const epoch of ["e", "", "a.b.1", "ü\n😀", "\ud800", "%"]) {
    const last = { epoch, sequence: 9 };
    const token = tokens.write({ epoch, sequence: 7 });
    assertEquals(tokens.read(token, last), { epoch, sequence: 7 });
    assertEquals(new Headers({ id: token }).get("id"), token);
  }
});

Deno.test("PositionTokens.read() finds out who comes from elsewhere", async () => {
  const tokens = await PositionTokens.of("doc-1", VIEWER);
  const token = tokens.write(HERE);
  const others: [string, Viewer][] = [
    ["doc-2", VIEWER],
    ["doc-1", { ...VIEWER, private: true }],
    ["doc-1", { ...VIEWER, restricted: ["a"] }],
    ["doc-1", { ...VIEWER, subject: "y" }],
    ["doc-1", { ...VIEWER, subject: undefined }],
  ];
  for (const [context, viewer] of others) {
    const other = await PositionTokens.of(context, viewer);
    assertNotEquals(other.write(HERE), token);
    assertEquals(other.read(token, HERE), "elsewhere");
  }
  const same = await PositionTokens.of("doc-1", {
    ...VIEWER,
    restricted: ["a", "b", "a"],
  });
  assertEquals(same.read(token, HERE), HERE);
  assertEquals(tokens.read(token, { epoch: "f", sequence: 7 }), "elsewhere");
  assertEquals(
    tokens.read(token, { epoch: "e", sequence: 6 }),
    "elsewhere",
    "a position that is yet to come",
  );
});

Deno.test("PositionTokens.read() refuses what was never written", async () => {
  const tokens = await PositionTokens.of("doc-1", VIEWER);
  const token = tokens.write(HERE);
  const bad = ["", "7", "e.7", "e.x.AAAAAAAAAAAAAAAA", `${token}A`, ` ${token}`]
    .concat(token.replace(".7.", ".07."), token.replace(".7.", ".-7."))
    .concat(token.replace(".7.", ".9999999999999999."));
  for (const text of bad) {
    assertEquals(tokens.read(text, HERE), undefined, text);
  }
});
