import { assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../core/mod.ts";
import { FakeTime } from "@std/testing/time";
import { PresenceServer } from "../mod.ts";
import {
  createHttpHandler,
  type HttpHandlerOptions,
  type HttpLimits,
} from "./mod.ts";
import {
  blamed,
  byCookie,
  EventReader,
  identity,
  posting,
  read,
  records,
  type Send,
  sendTo,
  sent,
} from "./testing/service.ts";

const PEOPLE = {
  alice: identity({ subject: "alice", origin: "session/alice" }),
  bob: identity({ subject: "bob", origin: "session/bob" }),
  gateway: identity({ origin: "gateway" }),
};

function start(
  server: PresenceServer,
  limits: Partial<HttpLimits>,
  options: HttpHandlerOptions = { authorize: byCookie(PEOPLE) },
): (user?: string) => Send {
  const send = sendTo(createHttpHandler(server, { ...options, limits }));
  return (user = "alice") => (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("cookie", `user=${user}`);
    return send(path, { ...init, headers });
  };
}

const own = (fields: Record<string, unknown> = {}) =>
  posting(sent({ subject: undefined, ...fields }));

Deno.test("limits.updates limits a request", async () => {
  using server = new PresenceServer();
  const send = start(server, { updates: 2 }, {})();
  const updates = [sent(), sent(), sent()];
  const refused = await send("/v1/updates", posting(updates));
  assertEquals(await blamed(refused, 400), ["body"]);
  await read(await send("/v1/updates", posting(updates.slice(1))));
});

Deno.test("limits.keyLength limits keys, labels and names of facets", async () => {
  using server = new PresenceServer();
  const send = start(server, { keyLength: 8 }, {})();
  const long = "123456789";
  const bad: [string, Record<string, unknown>][] = [
    ["resource", { resource: long }],
    ["visibility", { visibility: { restricted: long } }],
    [`facets.${long}`, { facets: { [long]: 1 } }],
  ];
  for (const [field, fields] of bad) {
    const refused = await send("/v1/updates", posting(sent(fields)));
    assertEquals(await blamed(refused, 400), [field]);
  }
  const huge = sent({ facets: { ["x".repeat(500_000)]: 1 } });
  const refused = await send("/v1/updates", posting(huge));
  const [field] = await blamed(refused, 400);
  assertEquals(String(field).length, "facets.".length + 61);
});

Deno.test("limits.facets limits an entry over several updates", async () => {
  using server = new PresenceServer();
  const send = start(server, { facets: 2 }, {})();
  const post = (facets: unknown) =>
    send("/v1/updates", posting(sent({ facets })));
  assertEquals(await blamed(await post({ a: 1, b: 1, c: 1 }), 400), ["facets"]);
  await read(await post({ a: 1, b: 1 }));
  assertEquals(await blamed(await post({ c: 1 }), 400), ["facets"]);
  await read(await post({ a: null, c: 1 }));
  const both = [
    sent({ facets: { b: null } }),
    sent({ facets: { d: 1 } }),
    sent({ facets: { e: 1 } }),
  ];
  const refused = await send("/v1/updates", posting(both));
  assertEquals(await blamed(refused, 400), ["[2].facets"]);
  const facets = server.store.snapshots()[0]?.facets ?? {};
  assertEquals(Object.entries(facets), [["b", 1], ["c", 1]]);
});

Deno.test("limits.facetBytes limits an entry over several updates", async () => {
  using server = new PresenceServer();
  const send = start(server, { facetBytes: 30 }, {})();
  const post = (facets: unknown) =>
    send("/v1/updates", posting(sent({ facets })));
  assertEquals(await blamed(await post({ a: "x".repeat(26) }), 400), [
    "facets",
  ]);
  await read(await post({ a: "x".repeat(25) }));
  assertEquals(await blamed(await post({ b: 1 }), 400), ["facets"]);
  await read(await post({ a: "é".repeat(12), b: null }));
  assertEquals(await blamed(await post({ a: "é".repeat(13) }), 400), [
    "facets",
  ]);
});

Deno.test("limits.facetDepth limits the nesting, however deep it is", async () => {
  using server = new PresenceServer();
  const send = start(server, { facetDepth: 3 }, {})();
  const nested = (depth: number) =>
    `{"subject":"a","context":"b","ttlMs":1000,"facets":{"deep":${
      "[".repeat(depth)
    }${"]".repeat(depth)}}}`;
  const post = (body: string) =>
    send("/v1/updates", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
  await read(await post(nested(3)));
  for (const depth of [4, 100, 500_000]) {
    assertEquals(await blamed(await post(nested(depth)), 400), ["facets.deep"]);
  }
  const elsewhere = nested(500_000).replace('"facets"', '"visibility"');
  assertEquals(await blamed(await post(elsewhere), 400), ["visibility"]);
  const infinite = nested(0).replace(":}", ":[1e999]}");
  assertEquals(await blamed(await post(infinite), 400), ["facets.deep"]);
});

Deno.test("limits.page limits an answer", async () => {
  using server = new PresenceServer();
  const send = start(server, { page: 2 }, {})();
  const updates = ["a", "b", "c"].map((subject) => sent({ subject }));
  await read(await send("/v1/updates", posting(updates)));
  for (const limit of ["", "&limit=100"]) {
    const page = await read(await send(`/v1/presence?context=doc-1${limit}`));
    assertEquals([page.count, page.next], [3, "b"]);
  }
});

Deno.test("limits.page limits the resources of an answer as well", async () => {
  using server = new PresenceServer();
  const send = start(server, { page: 3 }, {})();
  const updates = ["a", "b", "c"].flatMap((subject) =>
    ["tab", "phone"].map((resource) => sent({ subject, resource }))
  );
  const elsewhere = ["doc-2", "doc-3", "doc-4"]
    .map((context) => sent({ subject: "a", context }));
  await read(await send("/v1/updates", posting([...updates, ...elsewhere])));

  const page = await read(
    await send("/v1/presence?context=doc-1&resources=true"),
  );
  assertEquals(
    records(page.summaries).map(({ subject, resources }) => [
      subject,
      records(resources).length,
    ]),
    [["a", 2], ["b", 1]],
  );
  assertEquals(page.next, "b");

  const where = await read(await send("/v1/presence?subject=a"));
  assertEquals(records(where.summaries).length, 3);
  assertEquals(where.more, true);
});

Deno.test("createHttpHandler() reports some of very many faults", async () => {
  using server = new PresenceServer();
  const send = start(server, { bodyBytes: 4_000_000 }, {})();
  const names = Array.from({ length: 200_000 }, (_, index) => `x${index}`);
  const faulty = sent(Object.fromEntries(names.map((name) => [name, 0])));
  const fields = await blamed(await send("/v1/updates", posting(faulty)), 400);
  assertEquals(fields.length, 20);
});

Deno.test("limits.entries limits the entries of an identity, not of others", async () => {
  using server = new PresenceServer();
  const send = start(server, { entries: 2 });
  await read(await send()("/v1/updates", own({ resource: "a" })));
  const two = ["b", "c"].map((resource) => sent({ resource }));
  const refused = await send()("/v1/updates", posting(two));
  assertEquals((await read(refused, 409)).type, "urn:ruthere:too-many-entries");
  await read(await send()("/v1/updates", own({ resource: "b" })));
  await read(await send()("/v1/updates", own({ resource: "a" })));
  await read(await send()("/v1/updates", own({ resource: "c" })), 409);
  await read(await send("bob")("/v1/updates", own({ resource: "c" })));
  assertEquals(server.store.size, 3);
  await read(
    await send()("/v1/presence?context=doc-1&all=true", { method: "DELETE" }),
  );
  await read(await send()("/v1/updates", own({ resource: "c" })));
});

Deno.test("limits.entries counts all subjects of a gateway", async () => {
  using server = new PresenceServer();
  const send = start(server, { entries: 2 })("gateway");
  const updates = ["a", "b", "c"].map((subject) => sent({ subject }));
  await read(await send("/v1/updates", posting(updates)), 409);
  await read(await send("/v1/updates", posting(updates.slice(1))));
});

Deno.test("limits.entries and limits.contexts count by subject, for all origins", async () => {
  using server = new PresenceServer();
  const subject = "carol";
  const authorize = byCookie({
    laptop: identity({ subject, origin: "session/laptop" }),
    phone: identity({ subject, origin: "session/phone" }),
  });
  const send = start(server, { entries: 2 }, { authorize });
  await read(await send("laptop")("/v1/updates", own()));
  await read(await send("phone")("/v1/updates", own()));
  await read(
    await send("phone")("/v1/updates", own({ resource: "x" })),
    409,
  );
  const strict = start(server, { contexts: 1 }, { authorize });
  await read(await strict("phone")("/v1/updates", own({ resource: "x" })));
  await read(
    await strict("phone")("/v1/updates", own({ context: "doc-2" })),
    409,
  );
  const path = "/v1/changes?context=doc-1";
  const streams = start(server, { streams: 1 }, { authorize });
  const events = new EventReader(await streams("laptop")(path));
  await events.next();
  assertEquals(await blamed(await streams("phone")(path), 429), []);
  await events.cancel();
});

Deno.test("limits.entries and limits.contexts limit all clients without authorize", async () => {
  using server = new PresenceServer();
  const limited = start(server, { entries: 2 }, {})();
  const post = async (fields: Record<string, unknown>, status = 200) => {
    await read(await limited("/v1/updates", posting(sent(fields))), status);
  };
  await post({ origin: "a" });
  await post({ origin: "b", context: "doc-2" });
  await post({ origin: "c" }, 409);
  await post({ origin: "a", facets: { mood: "new" } });

  const send = start(server, { contexts: 2 }, {})();
  const third = posting(sent({ context: "doc-3" }));
  const refused = await read(await send("/v1/updates", third), 409);
  assertEquals(refused.type, "urn:ruthere:too-many-entries");
  await read(await send("/v1/updates", posting(sent({ resource: "x" }))));
});

Deno.test("limits.contexts limits the contexts of an identity", async () => {
  using server = new PresenceServer();
  const send = start(server, { contexts: 2 })();
  await read(await send("/v1/updates", own({ context: "a" })));
  await read(await send("/v1/updates", own({ context: "b" })));
  await read(await send("/v1/updates", own({ context: "c" })), 409);
  await read(await send("/v1/updates", own({ context: "b", resource: "x" })));
});

Deno.test("limits.streams limits the streams of an identity", async () => {
  using server = new PresenceServer();
  const send = start(server, { streams: 1 });
  const path = "/v1/changes?context=doc-1";
  const first = new EventReader(await send()(path));
  await first.next();
  const refused = await send()(path);
  assertEquals(refused.headers.get("retry-after"), "10");
  assertEquals(await blamed(refused, 429), []);
  await (await send("bob")(path)).body?.cancel();
  await first.cancel();
  await (await send()(path)).body?.cancel();
});

Deno.test("limits.streams does not count unread responses", async () => {
  using server = new PresenceServer();
  const send = start(server, { streams: 1 })();
  const path = "/v1/changes?context=doc-1";
  const dropped = await send(path);
  const late = await send(path);
  const events = new EventReader(await send(path));
  await events.next();
  assertEquals(await late.text(), "", "other streams were faster");
  await blamed(await send(path), 429);
  await events.cancel();
  await dropped.body?.cancel();
  const again = new EventReader(await send(path));
  assertEquals((await again.data()).type, "baseline");
  await again.cancel();
});

Deno.test("limits.requestsPerSecond limits the requests of an identity", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const send = start(server, { requestsPerSecond: 2 });
  const path = "/v1/presence?context=doc-1";
  for (let n = 0; n < 2; n++) await read(await send()(path));
  const refused = await send()(path);
  assertEquals(refused.headers.get("retry-after"), "1");
  assertEquals(await blamed(refused, 429), []);
  await read(await send("bob")(path));
  const posted = await send()("/v1/updates", own());
  assertEquals(await blamed(posted, 429), []);
  assertEquals(server.store.size, 0);
  time.tick(500);
  await read(await send()(path));
});

Deno.test("limits of an identity don't apply without authorize", async () => {
  using server = new PresenceServer();
  const send = start(server, {}, {})();
  const updates = Array.from(
    { length: 1_000 },
    (_, n) => sent({ context: `c${n}` }),
  );
  await read(await send("/v1/updates", posting(updates)));
  const more = updates.map((update) => ({ ...update, resource: "tab" }));
  await read(await send("/v1/updates", posting(more)));
  for (let n = 0; n < 200; n++) {
    await (await send("/v1/presence?context=c1")).body?.cancel();
  }
  assertEquals(server.store.size, 2_000);
});

Deno.test("createHttpHandler() refuses invalid options", () => {
  using server = new PresenceServer();
  const bad: [string, HttpHandlerOptions][] = [
    ["limits.bodyBytes", { limits: { bodyBytes: NaN } }],
    ["limits.streams", { limits: { streams: -1 } }],
    ["limits.requestsPerSecond", { limits: { requestsPerSecond: 0 } }],
    ["limits.entries", { limits: { entries: 0 } }],
    ["limits.changes", { limits: { changes: 1.5 } }],
    ["limits.page", { limits: { page: Infinity } }],
    ["ttlMs.min", { ttlMs: { min: 0 } }],
    ["ttlMs.max", { ttlMs: { max: 10 } }],
    ["ttlMs.max", { ttlMs: { max: Infinity } }],
    ["keepAliveMs", { keepAliveMs: 0 }],
    ["keepAliveMs", { keepAliveMs: Infinity }],
    ["hosts", { hosts: ["localhost:8787"] }],
    ["hosts", { hosts: ["::1"] }],
    ["hosts", { hosts: ["http://localhost"] }],
    ["hosts", { hosts: [""] }],
    ["origins", { origins: ["https://app.example/"] }],
    ["origins", { origins: ["https://app.example:443"] }],
    ["origins", { origins: ["https://APP.example"] }],
    ["origins", { origins: ["app.example"] }],
    ["origins", { origins: ["localhost:3000"] }],
    ["origins", { origins: ["*"] }],
    ["origins", { origins: ["null"] }],
  ];
  for (const [field, options] of bad) {
    const error = assertThrows(
      () => createHttpHandler(server, options),
      InvalidValueError,
      // The check is shared with the Phoenix endpoint, so its errors name neither.
      /^(hosts|origins)$/.test(field)
        ? "Cannot serve presence: "
        : "Cannot create HTTP handler: ",
    );
    assertEquals(error.field, field);
  }
});

Deno.test("limits that are undefined have their defaults", async () => {
  using server = new PresenceServer();
  const send = start(server, { facets: undefined }, {})();
  const facets = Object.fromEntries(
    Array.from({ length: 65 }, (_, n) => [`f${n}`, 1]),
  );
  const refused = await send("/v1/updates", posting(sent({ facets })));
  assertEquals(await blamed(refused, 400), ["facets"]);
});
