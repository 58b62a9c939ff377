import { assertEquals, assertMatch } from "@std/assert";
import { SignJWT } from "jose";
import {
  itemOf,
  loadProfile,
  saveProfile,
  storeOf,
} from "../people/profile.ts";
import { keepToken, loadToken, readToken, refusalOf } from "./token.ts";

function signed(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode("a secret of at least thirty-two bytes"));
}

/** Returns the store of a browser that keeps nothing. */
function forgetful() {
  return storeOf(() => {
    throw new Error("not allowed");
  });
}

/** An address, and what replaces it. */
function visit(url: string) {
  const { hash, pathname, search } = new URL(url, "http://localhost");
  const replaced: unknown[] = [];
  return {
    place: { hash, pathname, search },
    replaced,
    history: {
      state: 7,
      replaceState: (...args: unknown[]) => void replaced.push(args),
    },
  };
}

Deno.test("readToken() reads the subject and the name", async () => {
  const text = await signed({ sub: "user/ä 1", name: " Ada\nLovelace " });
  const token = { text, subject: "user/ä 1", name: "Ada Lovelace" };
  assertEquals(readToken(text), token);
  const nameless = await signed({ sub: "ada" });
  assertEquals(readToken(nameless).name, "ada");
});

Deno.test("readToken() returns no subject for a malformed token", async () => {
  const [header = "", , signature = ""] = (await signed({})).split(".");
  const payloads = ["null", "7", "{", '"ada"', '{"sub":7}', '{"sub":""}'];
  const texts = [
    "x",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "ä.b.c",
    "a?.b.c",
    await signed({}),
    ...payloads.map((json) => `${header}.${btoa(json)}.${signature}`)
      .map((text) => text.replaceAll("=", "")),
  ];
  for (const text of texts) {
    assertEquals(readToken(text), {
      text,
      subject: undefined,
      name: undefined,
    });
  }
});

Deno.test("keepToken() removes the token from the address, and nothing else", async () => {
  const text = await signed({ sub: "ada" });
  const store = forgetful();
  const { place, history, replaced } = visit(`/document?a=1#token=${text}`);
  assertEquals(loadToken(store), undefined);
  assertEquals(keepToken(place, history, store), true);
  assertEquals(replaced, [[7, "", "/document?a=1"]]);
  assertEquals(loadToken(store)?.text, text);
});

Deno.test("keepToken() keeps the stored token if the address has none", async () => {
  const store = forgetful();
  const first = visit(`/#token=${await signed({ sub: "ada" })}`);
  keepToken(first.place, first.history, store);
  for (const url of ["/", "/#headline", "/?token=x", "/#mytoken=x"]) {
    const { place, history, replaced } = visit(url);
    assertEquals(keepToken(place, history, store), false);
    assertEquals(replaced, []);
    assertEquals(loadToken(store)?.subject, "ada");
  }
});

Deno.test("keepToken() replaces the stored token, or removes it", async () => {
  const store = forgetful();
  const keep = (token: string) => {
    const { place, history } = visit(`/#token=${token}`);
    keepToken(place, history, store);
    return loadToken(store)?.subject;
  };
  assertEquals(keep(await signed({ sub: "ada" })), "ada");
  assertEquals(keep(await signed({ sub: "bob" })), "bob");
  assertEquals(keep(""), undefined);
  assertEquals(loadToken(store), undefined);
});

Deno.test("loadProfile() loads the profile of a token beside that of the browser", async () => {
  const store = forgetful();
  const guest = loadProfile(store);
  const ada = readToken(await signed({ sub: "ada", name: "Ada" }));
  const bob = readToken(await signed({ sub: "bob" }));
  const profile = loadProfile(store, ada);
  assertEquals([profile.key, profile.name], ["ada", "Ada"]);
  saveProfile(store, { ...profile, status: "reading" }, ada);
  assertEquals(loadProfile(store, bob).status, "");
  assertEquals(loadProfile(store, bob).name, "bob");
  assertEquals(loadProfile(store, ada).status, "reading");
  assertEquals(loadProfile(store), guest);
  assertEquals(itemOf(undefined), "ruthere profile");
  assertEquals(itemOf(ada), "ruthere profile of ada");
});

Deno.test("refusalOf() explains why a page is not let in", () => {
  const token = { text: "a.b.c", subject: "ada", name: "ada" };
  const said = (reason: string) => refusalOf(reason, "room:lobby", token);
  assertEquals(
    refusalOf("Cannot connect: not authorized", "room:lobby", undefined),
    "This service wants a token: open the page with #token=… at the end of its address.",
  );
  const sentences = {
    "Cannot connect: the token has expired": /^Your token has expired\./,
    "Cannot connect: the token is malformed": /^Your token is malformed\./,
    "Cannot connect: the token is of another issuer":
      /^The service does not take your token: the token is of another issuer\. /,
    "revoked": /^Your token has been revoked\./,
    "kicked": /^The service has sent you away\./,
    "unauthorized": /^Your token does not let you into room:lobby\./,
    "the topic is full": /^The room says no: the topic is full\. Trying again/,
  };
  for (const [reason, sentence] of Object.entries(sentences)) {
    assertMatch(said(reason), sentence);
  }
});
