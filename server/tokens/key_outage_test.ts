import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { createHttpHandler } from "../http/mod.ts";
import { PresenceServer } from "../mod.ts";
import { PhoenixEndpoint } from "../phoenix/mod.ts";
import { listen } from "../testing/listen.ts";
import { type TopicModel, TopicPresence } from "../topics/mod.ts";
import { TokenKeysError, UnusableKeyError } from "./mod.ts";
import {
  authority,
  forged,
  issuer,
  NOT_SIGNED,
  pair,
} from "./testing/issuer.ts";
import { reasonOf } from "./testing/tokens.ts";

const OUT_OF_ORDER = new Response("no", { status: 500 });

/** Creates tokens that name unknown keys. */
function strangers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => forged(`key ${index}`));
}

Deno.test("keys that can't be loaded are requested and reported once in a cooldown", async () => {
  using time = new FakeTime();
  await using it = issuer(OUT_OF_ORDER);
  const { authorize } = authority(it.url);
  using server = new PresenceServer<TopicModel>();
  const [told, toldBySockets]: [unknown[], unknown[]] = [[], []];
  const onError = (error: unknown) => void told.push(error);
  const handler = createHttpHandler(server, { authorize, onError });
  using endpoint = new PhoenixEndpoint(new TopicPresence(server), {
    authorize,
    onError: (error) => void toldBySockets.push(error),
  });
  const ask = async (token: string) => {
    const url = `http://localhost/v1/presence?context=doc-1&token=${token}`;
    const response = await handler(new Request(url));
    await response.body?.cancel();
    return response.status;
  };
  const connect = async (token: string) => {
    const url = `http://localhost/socket/websocket?vsn=2.0.0&token=${token}`;
    const headers = { upgrade: "websocket" };
    const answer = await endpoint.accept(new Request(url, { headers }));
    return answer instanceof Response ? answer.status : "accepted";
  };
  for (const round of [1, 2]) {
    for (const token of strangers(5)) {
      assertEquals([await ask(token), await connect(token)], [500, 500]);
    }
    await Promise.all(strangers(5).map(ask));
    assertEquals(it.asked, round);
    assertEquals([told.length, toldBySockets.length], [round, round]);
    assert(told.every((error) => error instanceof TokenKeysError));
    time.tick(30_000);
  }
});

Deno.test("while there are keys, an outage refuses only tokens of unknown keys", async () => {
  using time = new FakeTime();
  const { jwk, sign } = await pair("one");
  await using it = issuer([jwk]);
  const told: unknown[] = [];
  const tokens = authority(it.url, { onError: (error) => told.push(error) });
  const known = await sign();
  assertEquals(await reasonOf(tokens, known), undefined);
  it.published = OUT_OF_ORDER;
  time.tick(30_000);
  const reasons = await Promise.all(
    strangers(20).map((token) => reasonOf(tokens, token)),
  );
  assertEquals(new Set(reasons), new Set([NOT_SIGNED]));
  assertEquals(await reasonOf(tokens, forged("later")), NOT_SIGNED);
  assertEquals(await reasonOf(tokens, known), undefined);
  assertEquals(it.asked, 2);
  assertEquals(told.length, 1);
  assert(told[0] instanceof TokenKeysError);
  // Keys older than ten minutes are no longer used.
  time.tick(570_000);
  await assertRejects(() => tokens.verify(known), TokenKeysError);
  it.published = [jwk];
  time.tick(30_000);
  assertEquals(await reasonOf(tokens, known), undefined);
});

Deno.test("a key set that is too large is not read to its end", async () => {
  const chunk = new Uint8Array(65_536).fill(32);
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(chunk),
    cancel: () => leave(),
  });
  await using http = listen(() => new Response(endless));
  const tokens = authority(`http://127.0.0.1:${http.addr.port}/`);
  const error = await assertRejects(
    () => tokens.verify(forged("one")),
    TokenKeysError,
  );
  assert(error.message.endsWith("the answer has more than 1048576 bytes"));
  await left;
});

Deno.test("a key set may have a mebibyte, but no more", async () => {
  const { jwk, sign } = await pair("one");
  const token = await sign();
  const json = JSON.stringify({ keys: [jwk] });
  await using it = issuer(new Response(json.padEnd(1_048_576)));
  assertEquals(await reasonOf(authority(it.url), token), undefined);
  it.published = new Response(json.padEnd(1_048_577));
  await assertRejects(() => authority(it.url).verify(token), TokenKeysError);
});

Deno.test("the tokens of an unusable published key are refused, it is reported once, and other keys work", async () => {
  const good = await pair("good");
  const weak = await weakKey();
  const { y: _, ...half } = good.jwk;
  await using it = issuer([
    good.jwk,
    { ...half, kid: "half" },
    { ...weak, kid: "weak" },
    { ...weak, kid: undefined },
    { ...weak, kid: undefined },
  ]);
  const told: unknown[] = [];
  const tokens = authority(it.url, { onError: (error) => told.push(error) });
  const broken = [
    forged("half"),
    forged("weak", "RS256"),
    forged(undefined, "RS256"),
  ];
  for (const token of [...broken, ...broken]) {
    assertEquals(await reasonOf(tokens, token), NOT_SIGNED);
  }
  assertEquals(told.length, broken.length);
  assert(told.every((error) => error instanceof UnusableKeyError));
  assertEquals(await reasonOf(tokens, await good.sign()), undefined);
  assertEquals(it.asked, 1);
});

Deno.test("an invalid key in a key set does not affect the others", async () => {
  const { jwk, sign } = await pair("one");
  const json = JSON.stringify({ keys: [null, 7, {}, [], jwk] });
  await using it = issuer(new Response(json));
  assertEquals(await reasonOf(authority(it.url), await sign()), undefined);
});

/** An RSA key that is too short. */
async function weakKey() {
  const { publicKey } = await crypto.subtle.generateKey(
    {
      name: "RSASSA-PKCS1-v1_5",
      hash: "SHA-256",
      modulusLength: 1_024,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ["sign", "verify"],
  );
  const { kty = "RSA", n, e } = await crypto.subtle
    .exportKey("jwk", publicKey);
  return { kty, n, e };
}
