import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { CursorPosition } from "../../../store/mod.ts";
import type { Viewer } from "../../mod.ts";
import { PositionTokens, type TokenHolder } from "./position_token.ts";

const VIEWER: Viewer = { restricted: ["b", "a"], private: false, subject: "x" };
const HOLDER: TokenHolder = {
  account: "alice",
  context: "doc-1",
  viewer: VIEWER,
};
const START = { epoch: "e", sequence: 5 };
const HERE = { epoch: "e", sequence: 7 };
const LAST = { epoch: "e", sequence: 9 };

/** What a token is read as. */
async function readAs(
  tokens: PositionTokens,
  token: string,
  holder = HOLDER,
  last: CursorPosition = LAST,
): Promise<CursorPosition | "elsewhere" | undefined> {
  const place = await tokens.read(token, last, holder);
  return typeof place === "object" ? place.position : place;
}

/** The token of somebody who began at the start and has come on. */
async function issue(
  tokens: PositionTokens,
  holder = HOLDER,
): Promise<string> {
  return (await tokens.begin(START, holder)).write(HERE);
}

Deno.test("PositionTokens.read() reads what was written", async () => {
  const tokens = new PositionTokens();
  for (const epoch of ["e", "", "a.b.1", "ü\n😀", "\ud800", "%"]) {
    const writer = await tokens.begin({ epoch, sequence: 5 }, HOLDER);
    const token = writer.write({ epoch, sequence: 7 });
    const last = { epoch, sequence: 9 };
    assertEquals(await readAs(tokens, token, HOLDER, last), {
      epoch,
      sequence: 7,
    });
    assertEquals(new Headers({ id: token }).get("id"), token);
  }
});

Deno.test("PositionTokens.read() lets its holder write on", async () => {
  const tokens = new PositionTokens();
  const token = await issue(tokens);
  const place = await tokens.read(token, LAST, HOLDER);
  assert(typeof place === "object");
  assertEquals(place.writer.write(HERE), token);
  assertEquals(await readAs(tokens, place.writer.write(LAST)), LAST);
});

Deno.test("PositionTokens.read() lets nobody go back to before they began", async () => {
  const tokens = new PositionTokens();
  const token = await issue(tokens);
  const at = (start: number, sequence: number) =>
    token.replace("e.5.7.", `e.${start}.${sequence}.`);
  assertEquals(await readAs(tokens, at(5, 5)), START);
  assertEquals(await readAs(tokens, at(5, 9)), LAST);
  for (const forged of [at(5, 4), at(5, 0), at(4, 7), at(0, 0), at(4, 4)]) {
    assertEquals(await readAs(tokens, forged), "elsewhere", forged);
  }
  assertEquals(await readAs(tokens, at(5, 10)), "elsewhere", "yet to come");
  const tag = token.slice(-16);
  const other = tag.startsWith("A") ? "B" : "A";
  const forged = `e.5.7.${other}${tag.slice(1)}`;
  assertEquals(await readAs(tokens, forged), "elsewhere");
});

Deno.test("PositionTokens.read() finds out who comes from elsewhere", async () => {
  const tokens = new PositionTokens();
  const token = await issue(tokens);
  const others: TokenHolder[] = [
    { ...HOLDER, context: "doc-2" },
    { ...HOLDER, account: "mallory" },
    { ...HOLDER, viewer: { ...VIEWER, private: true } },
    { ...HOLDER, viewer: { ...VIEWER, restricted: ["a"] } },
    { ...HOLDER, viewer: { ...VIEWER, subject: "y" } },
    { ...HOLDER, viewer: { ...VIEWER, subject: undefined } },
  ];
  for (const other of others) {
    assertNotEquals(await issue(tokens, other), token);
    assertEquals(await readAs(tokens, token, other), "elsewhere");
  }
  const restricted = ["a", "b", "a"];
  const same = { ...HOLDER, viewer: { ...VIEWER, restricted } };
  assertEquals(await readAs(tokens, token, same), HERE);
  const reborn = { epoch: "f", sequence: 9 };
  assertEquals(await readAs(tokens, token, HOLDER, reborn), "elsewhere");
  const younger = { epoch: "e", sequence: 6 };
  assertEquals(await readAs(tokens, token, HOLDER, younger), "elsewhere");
});

Deno.test("PositionTokens.read() knows no other handler's tokens", async () => {
  const token = await issue(new PositionTokens());
  assertEquals(await readAs(new PositionTokens(), token), "elsewhere");
});

Deno.test("PositionTokens.read() refuses what was never written", async () => {
  const tokens = new PositionTokens();
  const token = await issue(tokens);
  const bad = ["", "7", "e.7", "e.5.x.AAAAAAAAAAAAAAAA", `${token}A`]
    .concat(` ${token}`, "e.7.AAAAAAAAAAAAAAAA")
    .concat(token.replace(".7.", ".07."), token.replace(".7.", ".-7."))
    .concat(token.replace(".5.", ".05."), token.replace(".5.", ".-5."))
    .concat(token.replace(".7.", ".9999999999999999."));
  for (const text of bad) {
    assertEquals(await readAs(tokens, text), undefined, text);
  }
});
