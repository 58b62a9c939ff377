import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { exportSPKI, type JWK } from "jose";
import { InvalidValueError } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import { createHttpHandler } from "../http/mod.ts";
import { TokenAuthority, TokenKeysError } from "./mod.ts";
import { authority, issuer, NOT_SIGNED, pair } from "./testing/issuer.ts";
import {
  AUDIENCE,
  ISSUER,
  NOW,
  reasonOf,
  SECRET,
  signed,
} from "./testing/tokens.ts";

for (const alg of ["RS256", "PS256", "ES256", "EdDSA"]) {
  Deno.test(`a token that is signed by ${alg} with a published key is accepted`, async () => {
    const { jwk, sign } = await pair("one", alg);
    await using it = issuer([jwk]);
    const tokens = authority(it.url);
    assertEquals(await reasonOf(tokens, await sign()), undefined);
    const expired = await sign({ exp: NOW - 6 });
    assertEquals(await reasonOf(tokens, expired), "the token has expired");
    assertEquals(it.asked, 1, "the keys are loaded once");
  });
}

Deno.test("a token that is signed with the public key as a secret is refused", async () => {
  const { jwk, publicKey, sign } = await pair("one", "RS256");
  await using it = issuer([jwk]);
  const tokens = authority(it.url);
  assertEquals(await reasonOf(tokens, await sign()), undefined);
  const forms = [
    await exportSPKI(publicKey),
    (await exportSPKI(publicKey)).trim(),
    JSON.stringify(jwk),
    jwk.n ?? "",
  ];
  for (const form of forms) {
    const key = new TextEncoder().encode(form);
    for (const kid of ["one", undefined]) {
      const forged = await signed({ key, alg: "HS256", kid });
      assertEquals(await reasonOf(tokens, forged), NOT_SIGNED);
    }
  }
});

Deno.test("a secret among the published keys verifies no token", async () => {
  const secret: JWK = {
    kty: "oct",
    k: btoa(SECRET).replaceAll("=", "").replaceAll("+", "-"),
    kid: "one",
  };
  await using it = issuer([secret]);
  const forged = await signed({ kid: "one" });
  assertEquals(await reasonOf(authority(it.url), forged), NOT_SIGNED);
});

Deno.test("a token of another key with a known name is refused", async () => {
  const known = await pair("one");
  const other = await pair("one");
  await using it = issuer([known.jwk]);
  const tokens = authority(it.url);
  assertEquals(await reasonOf(tokens, await other.sign()), NOT_SIGNED);
});

Deno.test("a token of an unknown key is refused, and does not load the keys again", async () => {
  const known = await pair("one");
  const unknown = await pair("two");
  await using it = issuer([known.jwk]);
  const tokens = authority(it.url);
  for (let turn = 0; turn < 5; turn++) {
    assertEquals(await reasonOf(tokens, await unknown.sign()), NOT_SIGNED);
  }
  assertEquals(it.asked, 1);
});

Deno.test("rotated keys: a new one is found, an old one is forgotten", async () => {
  const [old, fresh] = [await pair("old"), await pair("fresh")];
  await using it = issuer([old.jwk]);
  const tokens = authority(it.url, { jwksCooldownMs: 0 });
  assertEquals(await reasonOf(tokens, await old.sign()), undefined);
  it.published = [old.jwk, fresh.jwk];
  assertEquals(await reasonOf(tokens, await fresh.sign()), undefined);
  assertEquals(await reasonOf(tokens, await old.sign()), undefined);
  it.published = [fresh.jwk];
  const unknown = await pair("unknown");
  assertEquals(await reasonOf(tokens, await unknown.sign()), NOT_SIGNED);
  assertEquals(await reasonOf(tokens, await old.sign()), NOT_SIGNED);
});

Deno.test("a token that does not name its key may have any key", async () => {
  const keys = [await pair(undefined), await pair(undefined)];
  await using it = issuer(keys.map(({ jwk }) => jwk));
  const tokens = authority(it.url);
  for (const { sign } of keys) {
    assertEquals(await reasonOf(tokens, await sign()), undefined);
    const foreign = await sign({ aud: "mail" });
    const reason = "the token is for another audience";
    assertEquals(await reasonOf(tokens, foreign), reason);
  }
  const other = await pair(undefined);
  assertEquals(await reasonOf(tokens, await other.sign()), NOT_SIGNED);
});

Deno.test("clients are let in only when the keys can be loaded", async () => {
  const { jwk, sign } = await pair("one");
  const token = await sign();
  const answers = [
    new Response("no", { status: 500 }),
    new Response("<html>"),
    Response.json({}),
    Response.json({ keys: 7 }),
    Response.json(null),
    new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
  ];
  await using it = issuer([]);
  const tokens = authority(it.url, { jwksCooldownMs: 0 });
  using server = new PresenceServer();
  const errors: unknown[] = [];
  const handler = createHttpHandler(server, {
    authorize: tokens.authorize,
    onError: (error) => void errors.push(error),
  });
  const ask = async () => {
    const headers = { authorization: `Bearer ${token}` };
    const url = "http://localhost/v1/presence?context=doc-1";
    const response = await handler(new Request(url, { headers }));
    await response.body?.cancel();
    return response.status;
  };
  for (const answer of answers) {
    it.published = answer;
    await assertRejects(() => tokens.verify(token), TokenKeysError);
    assertEquals(await ask(), 500);
  }
  assertEquals(errors.length, answers.length);
  assert(errors.every((error) => error instanceof TokenKeysError));
  it.published = [jwk];
  assertEquals(await ask(), 200);
});

Deno.test("an unreachable issuer lets nobody in", async () => {
  const { jwk, sign } = await pair("one");
  const it = issuer([jwk]);
  await it[Symbol.asyncDispose]();
  const token = await sign();
  const error = await assertRejects(
    () => authority(it.url).verify(token),
    TokenKeysError,
  );
  assert(
    error.message.startsWith("Cannot verify token: its keys can't be loaded"),
  );
});

Deno.test("keys are not loaded for a token that can't be of the issuer", async () => {
  await using it = issuer([]);
  const tokens = authority(it.url);
  for (const token of ["", "garbage", "a.b.c", await signed()]) {
    assert(await reasonOf(tokens, token) !== undefined);
  }
  assertEquals(it.asked, 0);
});

Deno.test("keys are loaded by https, or from this machine", () => {
  const trusted = [
    "https://login.example/jwks",
    "http://localhost:1/jwks",
    "http://127.0.0.1/jwks",
    "http://[::1]:8080/jwks",
  ];
  for (const url of trusted) {
    authority(url);
    new TokenAuthority({
      jwksUrl: new URL(url),
      issuer: ISSUER,
      audience: AUDIENCE,
    });
  }
  const others = [
    "http://login.example/jwks",
    "http://localhost.example/jwks",
    "http://127.0.0.1.example/jwks",
    "file:///jwks.json",
    "data:application/json,{}",
    "jwks.json",
    "",
  ];
  for (const url of others) {
    const error = assertThrows(() => authority(url), InvalidValueError);
    assertEquals(error.field, "jwksUrl");
  }
});

Deno.test("a URL with a user or a password is refused, and its error hides them", () => {
  const urls = [
    "https://ada:hunter2@login.example/jwks",
    "https://hunter2@login.example/jwks",
    "http://login.example/jwks?key=hunter2#hunter2",
    "http://ada:hunter2@login example/jwks",
  ];
  for (const url of urls) {
    const error = assertThrows(() => authority(url), InvalidValueError);
    assertEquals(error.field, "jwksUrl");
    assert(!`${error.message} ${error.value}`.includes("hunter2"), url);
  }
  const error = assertThrows(() => authority(urls[2] ?? ""));
  assert(error instanceof InvalidValueError);
  assert(error.message.endsWith('received "http://login.example/jwks"'));
});

Deno.test("published keys need algorithms of public keys", () => {
  const url = "https://login.example/jwks";
  for (const algorithms of [["HS256"], ["RS256", "HS256"], ["none"], []]) {
    const error = assertThrows(
      () => authority(url, { algorithms }),
      InvalidValueError,
    );
    assertEquals(error.field, "algorithms");
  }
});
