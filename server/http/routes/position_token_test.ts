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

/** Reads a token. */
function readAs(
  tokens: PositionTokens,
  token: string,
  holder = HOLDER,
  last: CursorPosition = LAST,
): CursorPosition | "elsewhere" | undefined {
  const place = tokens.read(token, last, holder);
  return typeof place === "object" ? place.position : place;
}

/** Issues a token for a later position than the start. */
function issue(
  tokens: PositionTokens,
  holder = HOLDER,
): string {
  return tokens.begin(START, holder)(HERE);
}

Deno.test("PositionTokens.read() reads a written token", () => {
  const tokens = new PositionTokens();
  for (const epoch of ["e", "", "a.b.1", "ü\n😀", "\ud800", "%"]) {
    const write = tokens.begin({ epoch, sequence: 5 }, HOLDER);
    const token = write({ epoch, sequence: 7 });
    const last = { epoch, sequence: 9 };
    assertEquals(readAs(tokens, token, HOLDER, last), {
      epoch,
      sequence: 7,
    });
    assertEquals(new Headers({ id: token }).get("id"), token);
  }
});

Deno.test("PositionTokens.read() returns a writer of later tokens", () => {
  const tokens = new PositionTokens();
  const token = issue(tokens);
  const place = tokens.read(token, LAST, HOLDER);
  assert(typeof place === "object");
  assertEquals(place.write(HERE), token);
  assertEquals(readAs(tokens, place.write(LAST)), LAST);
});

Deno.test("PositionTokens.read() refuses positions before the start", () => {
  const tokens = new PositionTokens();
  const token = issue(tokens);
  const at = (start: number, sequence: number) =>
    token.replace("e.5.7.", `e.${start}.${sequence}.`);
  assertEquals(readAs(tokens, at(5, 5)), START);
  assertEquals(readAs(tokens, at(5, 9)), LAST);
  for (const forged of [at(5, 4), at(5, 0), at(4, 7), at(0, 0), at(4, 4)]) {
    assertEquals(readAs(tokens, forged), "elsewhere", forged);
  }
  assertEquals(readAs(tokens, at(5, 10)), "elsewhere", "in the future");
  const tag = token.slice(-16);
  const other = tag.startsWith("A") ? "B" : "A";
  const forged = `e.5.7.${other}${tag.slice(1)}`;
  assertEquals(readAs(tokens, forged), "elsewhere");
});

Deno.test("PositionTokens.read() detects tokens from elsewhere", () => {
  const tokens = new PositionTokens();
  const token = issue(tokens);
  const others: TokenHolder[] = [
    { ...HOLDER, context: "doc-2" },
    { ...HOLDER, account: "mallory" },
    { ...HOLDER, viewer: { ...VIEWER, private: true } },
    { ...HOLDER, viewer: { ...VIEWER, restricted: ["a"] } },
    { ...HOLDER, viewer: { ...VIEWER, subject: "y" } },
    { ...HOLDER, viewer: { ...VIEWER, subject: undefined } },
  ];
  for (const other of others) {
    assertNotEquals(issue(tokens, other), token);
    assertEquals(readAs(tokens, token, other), "elsewhere");
  }
  const restricted = ["a", "b", "a"];
  const same = { ...HOLDER, viewer: { ...VIEWER, restricted } };
  assertEquals(readAs(tokens, token, same), HERE);
  const reborn = { epoch: "f", sequence: 9 };
  assertEquals(readAs(tokens, token, HOLDER, reborn), "elsewhere");
  const younger = { epoch: "e", sequence: 6 };
  assertEquals(readAs(tokens, token, HOLDER, younger), "elsewhere");
});

Deno.test("PositionTokens.read() refuses tokens of another handler", () => {
  const token = issue(new PositionTokens());
  assertEquals(readAs(new PositionTokens(), token), "elsewhere");
});

Deno.test("PositionTokens.read() refuses what is not a token", () => {
  const tokens = new PositionTokens();
  const token = issue(tokens);
  const bad = ["", "7", "e.7", "e.5.x.AAAAAAAAAAAAAAAA", `${token}A`]
    .concat(` ${token}`, "e.7.AAAAAAAAAAAAAAAA")
    .concat(token.replace(".7.", ".07."), token.replace(".7.", ".-7."))
    .concat(token.replace(".5.", ".05."), token.replace(".5.", ".-5."))
    .concat(token.replace(".7.", ".9999999999999999."));
  for (const text of bad) {
    assertEquals(readAs(tokens, text), undefined, text);
  }
});
