import { assertEquals } from "@std/assert";
import { SignJWT } from "jose";
import {
  forgetfulStore,
  itemOf,
  loadProfile,
  saveProfile,
} from "../people/profile.js";
import { keepToken, loadToken, readToken } from "./token.js";

function signed(claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode("a secret of at least thirty-two bytes"));
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
  const store = forgetfulStore();
  const { place, history, replaced } = visit(`/document?a=1#token=${text}`);
  assertEquals(loadToken(store), undefined);
  assertEquals(keepToken(place, history, store), true);
  assertEquals(replaced, [[7, "", "/document?a=1"]]);
  assertEquals(loadToken(store)?.text, text);
});

Deno.test("keepToken() keeps the stored token if the address has none", async () => {
  const store = forgetfulStore();
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
  const store = forgetfulStore();
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
  const store = forgetfulStore();
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
