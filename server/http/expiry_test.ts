import { assertEquals, assertStringIncludes } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer } from "../mod.ts";
import { flush, update } from "../testing/harness.ts";
import {
  createHttpHandler,
  type HttpHandlerOptions,
  type Identity,
} from "./mod.ts";
import {
  blamed,
  EventReader,
  identity,
  posting,
  read,
  type Send,
  sendTo,
  sent,
} from "./testing/service.ts";

const PATH = "/v1/changes?context=doc-1";

/** Starts a handler for an identity under fake time. */
function serve(
  fields: (now: number) => Partial<Identity>,
  options: Partial<HttpHandlerOptions> = {},
): {
  readonly time: FakeTime;
  readonly server: PresenceServer;
  readonly send: Send;
} & Disposable {
  const time = new FakeTime();
  const server = new PresenceServer();
  const handler = createHttpHandler(server, {
    authorize: () => identity({ subject: "alice", ...fields(server.now) }),
    ...options,
  });
  return {
    time,
    server,
    send: sendTo(handler),
    [Symbol.dispose]() {
      server[Symbol.dispose]();
      time.restore();
    },
  };
}

/** Reads a stream to its end and returns its events. */
async function rest(events: EventReader): Promise<string> {
  let text = "";
  for (let block = await events.next(); block; block = await events.next()) {
    text += block.data ?? "";
  }
  return text;
}

Deno.test("an update is granted no more time than its identity has left", async () => {
  using service = serve((now) => ({ expiresAt: now + 20_000 }));
  const body = posting(sent({ ttlMs: 60_000 }));
  const answer = await read(await service.send("/v1/updates", body));
  assertEquals(answer.granted, [{ ttlMs: 20_000 }]);
});

Deno.test("a stream ends with its identity, and not before", async () => {
  using service = serve((now) => ({ expiresAt: now + 60_000 }));
  const events = new EventReader(await service.send(PATH));
  await events.data();
  const end = rest(events);
  let hasEnded = false;
  end.then(() => hasEnded = true);
  await service.time.tickAsync(59_000);
  service.server.receive(update({ subject: "bob" }));
  await flush();
  assertEquals(hasEnded, false);
  await service.time.tickAsync(1_000);
  assertStringIncludes(await end, "bob");
});

Deno.test("a stream whose identity has ended makes room for another", async () => {
  using service = serve((now) => ({ expiresAt: now + 60_000 }), {
    limits: { streams: 1 },
  });
  const events = new EventReader(await service.send(PATH));
  await events.data();
  assertEquals((await service.send(PATH)).status, 429);
  // It is not read.
  await service.time.tickAsync(60_000);
  const second = new EventReader(await service.send(PATH));
  assertEquals((await second.data()).type, "baseline");
  assertEquals(await rest(events), "");
  await second.cancel();
});

Deno.test("a stream that is first read after its identity has ended sends nothing", async () => {
  using service = serve((now) => ({ expiresAt: now + 60_000 }));
  service.server.receive(update({ subject: "bob" }));
  const response = await service.send(PATH);
  await service.time.tickAsync(60_000);
  assertEquals(await rest(new EventReader(response)), "");
});

Deno.test("a stream sends nothing after its identity has ended, even while no timer runs", async () => {
  let slept = 0;
  using server = new PresenceServer({ clock: () => Date.now() + slept });
  const authorize = () => identity({ expiresAt: server.now + 600_000 });
  const send = sendTo(createHttpHandler(server, { authorize }));
  const events = new EventReader(await send(PATH));
  await events.data();
  const end = rest(events);
  // While a machine sleeps, its clock runs, but its timers do not.
  slept = 3_600_000;
  server.receive(update({ subject: "bob", observedAt: server.now }));
  assertEquals(await end, "");
});

Deno.test("entries expire with the identity that published them", async () => {
  using service = serve((now) => ({ expiresAt: now + 20_000 }));
  const facets = { activity: "editing", note: "x" };
  const facetTtlsMs = { activity: 10_000, note: 600_000 };
  const update = sent({ ttlMs: 600_000, facets, facetTtlsMs });
  await read(await service.send("/v1/updates", posting(update)));
  const key = { subject: "alice", context: "doc-1", origin: "session" };
  const liveness = service.server.store.liveness(key);
  const { now } = service.server;
  assertEquals(liveness?.expiry, now + 20_000);
  assertEquals(Object.fromEntries(liveness?.facetDeadlines ?? []), {
    activity: now + 10_000,
    note: now + 20_000,
  });
  await service.time.tickAsync(20_000);
  assertEquals(service.server.store.size, 0);
});

Deno.test("entries stay if an identity with a later expiry publishes them again", async () => {
  let end = 20_000;
  using service = serve((now) => ({ expiresAt: now + end }));
  const publish = async () => {
    const update = posting(sent({ ttlMs: 600_000 }));
    await read(await service.send("/v1/updates", update));
  };
  await publish();
  await service.time.tickAsync(10_000);
  end = 60_000;
  await publish();
  await service.time.tickAsync(59_000);
  assertEquals(service.server.store.size, 1);
  await service.time.tickAsync(1_000);
  assertEquals(service.server.store.size, 0);
});

Deno.test("an expired identity is refused with 401 without effect", async () => {
  for (const expiresAt of [() => 0, (now: number) => now, () => NaN]) {
    using service = serve((now) => ({ expiresAt: expiresAt(now) }));
    const { send } = service;
    await blamed(await send("/v1/presence?context=doc-1"), 401);
    await blamed(await send(PATH), 401);
    const refused = await send("/v1/updates", posting(sent()));
    const challenge = refused.headers.get("www-authenticate") ?? "";
    assertStringIncludes(challenge, 'error="invalid_token"');
    await blamed(refused, 401);
    assertEquals(service.server.store.size, 0);
  }
});

Deno.test("an identity that expires while its request is read has no effect", async () => {
  using service = serve((now) => ({ expiresAt: now + 1_000 }));
  const body = new TransformStream<Uint8Array, Uint8Array>();
  const writer = body.writable.getWriter();
  const answer = service.send("/v1/updates", {
    ...posting(sent()),
    body: body.readable,
  });
  await flush();
  await service.time.tickAsync(1_000);
  await writer.write(new TextEncoder().encode(JSON.stringify(sent())));
  await writer.close();
  await blamed(await answer, 401);
  assertEquals(service.server.store.size, 0);
});

Deno.test("a client without a token gets only the scheme, by RFC 6750", async () => {
  using service = serve(() => ({}), { authorize: () => undefined });
  const refused = await service.send("/v1/presence?context=doc-1");
  assertEquals(
    refused.headers.get("www-authenticate"),
    'Bearer realm="presence"',
  );
  await blamed(refused, 401);
});

Deno.test("a client gets the reason of authorize, in the characters of a header", async () => {
  const reason = 'the token is of "bob" \\ Ω\r\nSet-Cookie: a=b';
  using service = serve(() => ({}), { authorize: () => ({ reason }) });
  const refused = await service.send("/v1/presence?context=doc-1");
  assertEquals(
    refused.headers.get("www-authenticate"),
    'Bearer realm="presence", error="invalid_token", ' +
      'error_description="the token is of ?bob? ? ???Set-Cookie: a=b"',
  );
  assertEquals((await read(refused, 401)).detail, `Cannot answer: ${reason}`);
});

Deno.test("an ended stream no longer waits for the expiry of its identity", async () => {
  // A timer that remains at the end fails the test.
  using server = new PresenceServer();
  const authorize = () => identity({ expiresAt: Date.now() + 3_600_000 });
  const send = sendTo(createHttpHandler(server, { authorize }));
  const events = new EventReader(await send(PATH));
  await events.data();
  await events.cancel();
});
