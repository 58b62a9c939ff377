import {
  assert,
  assertEquals,
  assertGreater,
  assertObjectMatch,
  assertStringIncludes,
} from "@std/assert";
import { InvalidValueError, type PresenceModel } from "../../core/mod.ts";
import { PresenceServer, type PresenceServerOptions } from "../mod.ts";
import { listen } from "../testing/listen.ts";
import { createHttpHandler, type HttpHandlerOptions } from "./mod.ts";
import {
  blamed,
  EventReader,
  posting,
  read,
  records,
  type Send,
  sendTo,
  sent,
} from "./testing/service.ts";

interface Setup {
  readonly server?: PresenceServerOptions;
  readonly handler?: HttpHandlerOptions;
}

/** A service, and requests to it. */
interface Service extends AsyncDisposable {
  readonly server: PresenceServer;
  readonly send: Send;
}

/** Publishes a well-formed update. */
async function publish({ send }: Service, body: unknown): Promise<void> {
  await read(await send("/v1/updates", posting(body)));
}

function inProcess({ server: options, handler }: Setup = {}): Service {
  const server = new PresenceServer(options);
  return {
    server,
    send: sendTo(createHttpHandler(server, handler)),
    [Symbol.asyncDispose]() {
      server[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

function overSocket({ server: options, handler }: Setup = {}): Service {
  const server = new PresenceServer(options);
  const http = listen(createHttpHandler(server, handler));
  const base = `http://127.0.0.1:${http.addr.port}`;
  return {
    server,
    send: (path, init) => fetch(`${base}${path}`, init),
    async [Symbol.asyncDispose]() {
      server[Symbol.dispose]();
      await http.shutdown();
    },
  };
}

const TRANSPORTS = { "": inProcess, " over a socket": overSocket };

for (const [where, start] of Object.entries(TRANSPORTS)) {
  Deno.test(`createHttpHandler()${where} publishes one update`, async () => {
    await using service = start({ server: { epoch: "e" } });
    const before = Date.now();
    const answer = await read(
      await service.send(
        "/v1/updates",
        posting(
          sent({
            resource: "tab",
            facets: { activity: "editing", mood: { color: "red" } },
            facetTtlsMs: { activity: 2_000 },
          }),
        ),
      ),
    );
    const granted = [{ ttlMs: 30_000, facetTtlsMs: { activity: 2_000 } }];
    assertEquals(answer, { sequences: [1], granted, sequence: 1, epoch: "e" });
    const key = {
      subject: "alice",
      context: "doc-1",
      resource: "tab",
      origin: "http",
    };
    const snapshot = service.server.store.snapshot(key);
    assert(snapshot !== undefined);
    const { observedAt, expiry } = snapshot;
    assertGreater(observedAt, before - 1);
    assertEquals(expiry, observedAt + 30_000);
    assertEquals(snapshot.visibility, "public");
    assertObjectMatch(snapshot, {
      ...key,
      facets: { activity: "editing", mood: { color: "red" } },
    });
    assertEquals(
      service.server.store.liveness(key)?.facetDeadlines,
      new Map([["activity", observedAt + 2_000]]),
    );
  });

  Deno.test(`createHttpHandler()${where} publishes an array and NDJSON`, async () => {
    await using service = start();
    const updates = [sent(), sent({ subject: "bob" }), sent()];
    const array = await service.send("/v1/updates", posting(updates));
    assertEquals(
      (await read(array)).sequences,
      [1, 2, 2],
      "a refresh has none",
    );
    const lines = await service.send("/v1/updates", {
      method: "POST",
      headers: { "content-type": "application/x-ndjson; charset=UTF-8" },
      body: `${JSON.stringify(sent({ subject: "carol" }))}\r\n\n${
        JSON.stringify(sent({ subject: "dave" }))
      }\n`,
    });
    assertEquals((await read(lines)).sequences, [3, 4]);
    const none = await service.send("/v1/updates", posting([]));
    assertObjectMatch(await read(none), { sequences: [], sequence: 4 });
  });

  Deno.test(`createHttpHandler()${where} publishes all of an array or none`, async () => {
    await using service = start();
    const updates = [sent(), sent({ subject: "bob", ttlMs: "long" })];
    const refused = await service.send("/v1/updates", posting(updates));
    assertEquals(await blamed(refused, 400), ["[1].ttlMs"]);
    assertEquals(service.server.store.size, 0);
  });

  Deno.test(`createHttpHandler()${where} lists a context`, async () => {
    await using service = start({ server: { epoch: "e" } });
    await publish(service, [
      sent({ facets: { availability: "away" } }),
      sent({ resource: "tab", facets: { activity: "editing" } }),
      sent({ subject: "bob", origin: "bot" }),
      sent({ context: "doc-2" }),
    ]);
    const path = "/v1/presence?context=doc-1";
    const answer = await read(await service.send(path));
    const [alice, bob] = records(answer.summaries);
    assertObjectMatch(answer, {
      context: "doc-1",
      count: 2,
      sequence: 4,
      epoch: "e",
    });
    assertEquals("next" in answer, false);
    assertStringIncludes(String(answer.cursor), "e.4.4.");
    assert(alice !== undefined && bob !== undefined);
    const { observedAt, lastSeen, ...rest } = alice;
    assertEquals(typeof observedAt, "number");
    assertEquals(lastSeen, observedAt);
    assertEquals(rest, {
      subject: "alice",
      context: "doc-1",
      resource: "tab",
      origin: "http",
      availability: "away",
      activity: "editing",
      facets: { activity: "editing" },
    });
    assertObjectMatch(bob, { subject: "bob", origin: "bot", facets: {} });
    assertEquals("resource" in bob, false);

    const raw = await read(await service.send(`${path}&resources=true`));
    const resources = records(records(raw.summaries)[0]?.resources);
    assertEquals(resources.map(({ resource }) => resource), [undefined, "tab"]);
    assertObjectMatch(resources[1] ?? {}, {
      visibility: "public",
      facets: { activity: "editing" },
    });
  });

  Deno.test(`createHttpHandler()${where} pages through a context`, async () => {
    await using service = start();
    const subjects = ["", "..", "a&b", "null", "é"];
    const named = subjects.filter((subject) => subject !== "");
    await publish(service, named.map((subject) => sent({ subject })));
    // HTTP refuses an empty key; a program may use one.
    service.server.receive({
      subject: "",
      context: "doc-1",
      origin: "program",
      visibility: "public",
      observedAt: service.server.now,
      expiry: "never",
      facets: {},
    });
    const seen: unknown[] = [];
    let after: unknown;
    do {
      const query = new URLSearchParams({ context: "doc-1", limit: "2" });
      if (after !== undefined) query.set("after", String(after));
      const page = await read(await service.send(`/v1/presence?${query}`));
      const count = after === undefined ? 5 : undefined;
      assertEquals(page.count, count, "the count is of all pages");
      seen.push(...records(page.summaries).map(({ subject }) => subject));
      after = page.next;
    } while (after !== undefined);
    assertEquals(seen, subjects);
  });

  Deno.test(`createHttpHandler()${where} finds one subject, or when they were last seen`, async () => {
    await using service = start();
    const path = "/v1/presence?context=doc-1&subject=alice";
    const never = await read(await service.send(path));
    assertObjectMatch(never, { subject: "alice", summary: null });
    assertEquals("lastSeen" in never, false);
    await publish(service, sent());
    const here = await read(await service.send(path));
    assertObjectMatch(here, { summary: { subject: "alice" } });
    await read(await service.send(path, { method: "DELETE" }));
    const gone = await read(await service.send(path));
    assertEquals(gone.summary, null);
    assertEquals(typeof gone.lastSeen, "number");
  });

  Deno.test(`createHttpHandler()${where} finds the contexts of a subject`, async () => {
    await using service = start();
    const updates = [
      sent(),
      sent({ context: "doc-2" }),
      sent({ subject: "b" }),
    ];
    await publish(service, updates);
    const answer = await read(await service.send("/v1/presence?subject=alice"));
    assertEquals(answer.subject, "alice");
    assertEquals(
      records(answer.summaries).map(({ context }) => context).sort(),
      ["doc-1", "doc-2"],
    );
  });

  Deno.test(`createHttpHandler()${where} withdraws one entry, or all of the client's own`, async () => {
    await using service = start();
    const resources = [undefined, "", "tab", "phone"];
    await publish(service, [
      ...resources.map((resource) => sent({ resource })),
      sent({ origin: "bot" }),
      sent({ context: "doc-2" }),
    ]);
    const own = "/v1/presence?context=doc-1&subject=alice";
    const withdraw = async (path: string) => {
      const response = await service.send(path, { method: "DELETE" });
      return (await read(response)).withdrawn;
    };
    assertEquals(await withdraw(own), 1, "only the entry without a resource");
    assertEquals(await withdraw(own), 0);
    assertEquals(await withdraw(`${own}&resource=`), 1);
    assertEquals(service.server.store.size, 4);
    assertEquals(await withdraw(`${own}&all=true`), 2);
    assertEquals(await withdraw(`${own}&all=true&origin=bot`), 1);
    assertEquals(service.server.store.size, 1, "doc-2 is another context");
  });

  Deno.test(`createHttpHandler()${where} streams a baseline, then changes`, async () => {
    await using service = start({ server: { epoch: "e" } });
    await publish(service, sent());
    const events = new EventReader(
      await service.send("/v1/changes?context=doc-1"),
    );
    const baseline = await events.next();
    assertEquals(baseline?.event, "baseline");
    assertStringIncludes(baseline?.id ?? "", "e.1.1.");
    assertObjectMatch(JSON.parse(baseline?.data ?? ""), {
      type: "baseline",
      position: { epoch: "e", sequence: 1 },
      snapshots: [{ subject: "alice", context: "doc-1" }],
      last: true,
    });
    await publish(service, sent({ context: "doc-2" }));
    await publish(service, sent({ subject: "bob" }));
    const change = await events.next();
    assertEquals(change?.event, "change");
    assertStringIncludes(change?.id ?? "", "e.1.3.");
    assertObjectMatch(JSON.parse(change?.data ?? ""), {
      type: "changes",
      position: { epoch: "e", sequence: 3 },
      changes: [{ type: "published", snapshot: { subject: "bob" } }],
    });
    await events.cancel();
  });

  Deno.test(`createHttpHandler()${where} ends its streams with the server`, async () => {
    await using service = start();
    const events = new EventReader(
      await service.send("/v1/changes?context=doc-1"),
    );
    await events.next();
    service.server[Symbol.dispose]();
    assertEquals(await events.next(), undefined);
    const late = await service.send("/v1/updates", posting(sent()));
    assertEquals(await blamed(late, 503), []);
  });

  Deno.test(`createHttpHandler()${where} answers with changes as JSON, or 410`, async () => {
    await using service = start({ server: { epoch: "e", retention: 2 } });
    const headers = { accept: "application/json" };
    const since = (token: unknown) =>
      service.send(
        `/v1/changes?${new URLSearchParams({
          context: "doc-1",
          since: String(token),
        })}`,
        { headers },
      );
    const { cursor } = await read(
      await service.send("/v1/presence?context=doc-1"),
    );
    assertObjectMatch(await read(await since(cursor)), { changes: [], cursor });
    await publish(service, [sent(), sent({ subject: "b" })]);
    const answer = await read(await since(cursor));
    assertObjectMatch(answer, { sequence: 2, epoch: "e" });
    assertEquals(records(answer.changes).map(({ type }) => type), [
      "published",
      "published",
    ]);
    assertObjectMatch(await read(await since(answer.cursor)), { changes: [] });

    await publish(service, sent({ subject: "c" }));
    const gap = await since(cursor);
    assertEquals(gap.headers.get("content-type"), "application/problem+json");
    assertObjectMatch(await read(gap, 410), {
      type: "urn:ruthere:gap",
      gap: { retainedFloorSequence: 1, last: { epoch: "e", sequence: 3 } },
      errors: [{ field: "since" }],
    });
    const elsewhere = String(cursor).replace("e.", "f.");
    assertEquals(await blamed(await since(elsewhere), 410), ["since"]);
    assertEquals(await blamed(await since("rubbish"), 400), ["since"]);
    const none = await service.send("/v1/changes?context=doc-1", { headers });
    assertEquals(await blamed(none, 400), ["since"]);
  });

  Deno.test(`createHttpHandler()${where} answers HEAD and OPTIONS`, async () => {
    await using service = start();
    for (const path of ["/healthz", "/v1/presence?context=doc-1"]) {
      const head = await service.send(path, { method: "HEAD" });
      assertEquals(head.status, 200);
      assertEquals(await head.text(), "");
      assertEquals(head.headers.get("content-type"), "application/json");
    }
    const stream = await service.send("/v1/changes?context=doc-1", {
      method: "HEAD",
    });
    assertEquals(await stream.text(), "");
    assertEquals(stream.headers.get("content-type"), "text/event-stream");
    const options = await service.send("/v1/presence", { method: "OPTIONS" });
    assertEquals(options.status, 204);
    assertEquals(options.headers.get("allow"), "DELETE, GET, HEAD, OPTIONS");
    await options.body?.cancel();
  });

  Deno.test(`createHttpHandler()${where} reads a body only up to the limit`, async () => {
    await using service = start({ handler: { limits: { bodyBytes: 1_000 } } });
    const big = posting(sent({ facets: { note: "x".repeat(1_000) } }));
    assertEquals(await blamed(await service.send("/v1/updates", big), 413), []);
    assertEquals(service.server.store.size, 0);
  });
}

Deno.test("createHttpHandler() stops reading an endless body", async () => {
  await using service = inProcess({
    handler: { limits: { bodyBytes: 1_000 } },
  });
  let pulled = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(400).fill(0x20));
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  const headers = { "content-type": "application/json" };
  const init = { method: "POST", headers, body: endless };
  assertEquals(await blamed(await service.send("/v1/updates", init), 413), []);
  assertEquals(pulled, 3);
  assert(cancelled);
});

Deno.test("createHttpHandler() serves a server of any model", async () => {
  interface DocModel extends PresenceModel {
    subject: string & { readonly user?: never };
    label: "members";
    facets: { cursor: { readonly line: number } };
  }
  using server = new PresenceServer<DocModel>();
  const send = sendTo(createHttpHandler(server));
  await send("/v1/updates", posting(sent({ facets: { cursor: { line: 1 } } })));
  const [snapshot] = server.store.snapshots();
  assertEquals(snapshot?.facets.cursor?.line, 1);
});

Deno.test("createHttpHandler() clamps times to live", async () => {
  await using service = inProcess({ server: { clock: () => 100 } });
  const ttls = { short: 0.5, long: 1e300, fits: 2_000 };
  const facets = { short: 1, long: 1, fits: 1 };
  for (const [ttlMs, expiry] of [[1, 1_100], [1e300, 600_100], [5e3, 5_100]]) {
    const body = posting(sent({ ttlMs, facets, facetTtlsMs: ttls }));
    await read(await service.send("/v1/updates", body));
    const [snapshot] = service.server.store.snapshots();
    assert(snapshot !== undefined);
    const { expiry: kept, facetDeadlines } = service.server.store
      .liveness(snapshot)!;
    assertEquals(kept, expiry);
    assertEquals(facetDeadlines.get("short"), 1_100);
    assertEquals(facetDeadlines.get("fits"), 2_100);
  }
  await using strict = inProcess({
    server: { clock: () => 0 },
    handler: { ttlMs: { max: 2_000 } },
  });
  await publish(strict, sent());
  assertEquals(strict.server.store.snapshots()[0]?.expiry, 2_000);
});

Deno.test("createHttpHandler() returns the granted times to live", async () => {
  await using service = inProcess({ server: { clock: () => 100 } });
  const stream = await service.send("/v1/changes?context=doc-1");
  const events = new EventReader(stream);
  await events.next();
  const facets = { typing: true };
  const updates = [
    sent({ ttlMs: 7_200_000, facets, facetTtlsMs: { typing: 7_200_000 } }),
    sent({ subject: "bob", ttlMs: 1 }),
    sent({ subject: "carol", ttlMs: 5_000 }),
  ];
  const answer = await read(
    await service.send("/v1/updates", posting(updates)),
  );
  assertEquals(answer.granted, [
    { ttlMs: 600_000, facetTtlsMs: { typing: 600_000 } },
    { ttlMs: 1_000 },
    { ttlMs: 5_000 },
  ]);
  // A refresh causes no event, but has an answer.
  const again = await read(await service.send("/v1/updates", posting(updates)));
  assertEquals(again.granted, answer.granted);

  const told = JSON.parse((await events.next())?.data ?? "");
  assertEquals(
    records(told.changes).map(({ snapshot }) => Object(snapshot).expiry),
    [600_100, 1_100, 5_100],
  );
  await events.cancel();
});

Deno.test("createHttpHandler() returns the last sign of life, including refreshes", async () => {
  let now = 100;
  await using service = inProcess({ server: { clock: () => now } });
  await publish(service, sent());
  now = 200;
  await publish(service, sent());
  const answer = await read(
    await service.send("/v1/presence?context=doc-1&subject=alice"),
  );
  assertObjectMatch(answer, {
    sequence: 1,
    lastSeen: 200,
    summary: { observedAt: 100, lastSeen: 200 },
  });
});

const BAD_UPDATES: [field: string, fields: Record<string, unknown>][] = [
  ["subject", { subject: 7 }],
  ["subject", { subject: undefined }],
  ["subject", { subject: "\ud800" }],
  ["subject", { subject: "" }],
  ["context", { context: "" }],
  ["subject", { subject: "x".repeat(257) }],
  ["context", { context: undefined }],
  ["context", { context: null }],
  ["resource", { resource: 1 }],
  ["origin", { origin: null }],
  ["visibility", { visibility: "secret" }],
  ["visibility", { visibility: { restricted: 1 } }],
  ["visibility", { visibility: { restricted: "a", more: "b" } }],
  ["visibility", { visibility: { restricted: "x".repeat(257) } }],
  ["ttlMs", { ttlMs: undefined }],
  ["ttlMs", { ttlMs: "30000" }],
  ["ttlMs", { ttlMs: 0 }],
  ["ttlMs", { ttlMs: -1 }],
  ["observedAt", { observedAt: 1 }],
  ["expiry", { expiry: "never" }],
  ["facetDeadlines", { facetDeadlines: {} }],
  ["ttl", { ttl: 5 }],
  ["constructor", { constructor: 5 }],
  ["facets", { facets: [] }],
  ["facets", { facets: null }],
  ["facets.lastSeen", { facets: { lastSeen: 1 } }],
  ["facets.lastSeen", { facets: { lastSeen: null } }],
  ["facets.availability", { facets: { availability: "asleep" } }],
  ["facets.activity", { facets: { activity: { custom: true } } }],
  ["facetTtlsMs", { facetTtlsMs: 5 }],
  ["facetTtlsMs.mood", { facetTtlsMs: { mood: 5 } }],
  ["facetTtlsMs.mood", { facets: { mood: null }, facetTtlsMs: { mood: 5 } }],
  ["facetTtlsMs.mood", { facets: { mood: 1 }, facetTtlsMs: { mood: "5" } }],
];

for (const [field, fields] of BAD_UPDATES) {
  Deno.test(`createHttpHandler() refuses ${JSON.stringify(fields).slice(0, 80)}`, async () => {
    await using service = inProcess();
    const one = await service.send("/v1/updates", posting(sent(fields)));
    assertEquals(await blamed(one, 400), [field]);
    const two = [sent(), sent(fields)];
    const many = await service.send("/v1/updates", posting(two));
    assertEquals(await blamed(many, 400), [`[1].${field}`]);
    assertEquals(service.server.store.size, 0);
  });
}

Deno.test("createHttpHandler() lists the allowed activities and availabilities in its errors", async () => {
  await using service = inProcess();
  for (const name of ["activity", "availability"]) {
    const bad = posting(sent({ facets: { [name]: "asleep" } }));
    const refused = await read(await service.send("/v1/updates", bad), 400);
    const [, rule = ""] = String(refused.detail).split(" must be ");
    const words = [...rule.matchAll(/"(\w+)"(?!:)/g)].map(([, word]) => word);
    assert(words.length >= 5);
    for (const word of words) {
      const good = posting(sent({ facets: { [name]: word } }));
      await read(await service.send("/v1/updates", good));
    }
  }
});

Deno.test("createHttpHandler() names all faulty fields, up to a limit", async () => {
  await using service = inProcess();
  const refused = await service.send(
    "/v1/updates",
    posting({ subject: 1, facets: { activity: 5, availability: 6 } }),
  );
  assertEquals((await blamed(refused, 400)).sort(), [
    "context",
    "facets.activity",
    "facets.availability",
    "subject",
    "ttlMs",
  ]);
  const many = await service.send("/v1/updates", posting(Array(500).fill(7)));
  assertEquals((await blamed(many, 400)).length, 20);
  const unknown = Object.fromEntries(
    Array.from({ length: 20_000 }, (_, index) => [`field${index}`, 1]),
  );
  const wide = await service.send("/v1/updates", posting(sent(unknown)));
  assertEquals((await blamed(wide, 400)).length, 20);
});

Deno.test("createHttpHandler() refuses bodies that are not updates", async () => {
  await using service = inProcess();
  const json = { "content-type": "application/json" };
  const post = (body: BodyInit, headers: HeadersInit = json) =>
    service.send("/v1/updates", { method: "POST", headers, body });
  for (const body of ["", "{", "nothing", "[{}", "\u0000"]) {
    assertEquals(await blamed(await post(body), 400), []);
  }
  for (const body of ["null", "7", '"x"', "[[]]", "[null]"]) {
    assertEquals((await blamed(await post(body), 400)).length, 1);
  }
  const noText = new Uint8Array([0x22, 0xff, 0x22]);
  assertEquals(await blamed(await post(noText), 400), []);
  const lines = { "content-type": "application/x-ndjson" };
  const line = await read(await post(`{}\n{`, lines), 400);
  assertStringIncludes(String(line.detail), "line 2 of the body is not JSON");
  const types: HeadersInit[] = [
    {},
    { "content-type": "text/plain" },
    { "content-type": "application/jsonp" },
    { "content-type": "application/json; charset=latin1" },
    { ...json, "content-encoding": "gzip" },
  ];
  for (const headers of types) {
    const bytes = new TextEncoder().encode("{}");
    const refused = await post(bytes, headers);
    assertEquals(
      refused.headers.get("accept-post"),
      "application/json, application/x-ndjson",
    );
    assertEquals(await blamed(refused, 415), ["content-type"]);
  }
  const huge = await service.send("/v1/updates", {
    ...posting(sent()),
    headers: { ...json, "content-length": "99999999" },
  });
  assertEquals(await blamed(huge, 413), []);
});

Deno.test("createHttpHandler() refuses bad parameters", async () => {
  await using service = inProcess();
  const long = "x".repeat(257);
  const bad: [field: string, path: string, method?: string][] = [
    ["context", "/v1/presence"],
    ["context", `/v1/presence?context=${long}`],
    ["context", "/v1/presence?context=a&context=b"],
    ["subject", `/v1/presence?subject=${long}`],
    ["limit", "/v1/presence?context=a&limit=0"],
    ["limit", "/v1/presence?context=a&limit=ten"],
    ["limit", "/v1/presence?context=a&limit=1e3"],
    ["after", `/v1/presence?context=a&after=${long}`],
    ["resources", "/v1/presence?context=a&resources=yes"],
    ["resources", "/v1/presence?context=a&subject=b&resources=1"],
    ["context", "/v1/changes"],
    ["since", "/v1/changes?context=a&since=b"],
    ["context", "/v1/presence?subject=a", "DELETE"],
    ["subject", "/v1/presence?context=a", "DELETE"],
    ["all", "/v1/presence?context=a&subject=b&all=1", "DELETE"],
    ["resource", "/v1/presence?context=a&all=true&resource=b", "DELETE"],
  ];
  for (const [field, path, method = "GET"] of bad) {
    const refused = await service.send(path, { method });
    assertEquals(await blamed(refused, 400), [field], path);
  }
});

Deno.test("createHttpHandler() refuses other paths and methods", async () => {
  await using service = inProcess();
  for (const path of ["/", "/v1", "/v1/presence/", "/v2/presence", "//"]) {
    assertEquals(await blamed(await service.send(path), 404), [], path);
  }
  const wrong = [
    ["/v1/updates", "GET", "OPTIONS, POST"],
    ["/v1/updates", "HEAD", "OPTIONS, POST"],
    ["/v1/presence", "PUT", "DELETE, GET, HEAD, OPTIONS"],
    ["/v1/changes", "POST", "GET, HEAD, OPTIONS"],
    ["/healthz", "DELETE", "GET, HEAD, OPTIONS"],
  ] as const;
  for (const [path, method, allow] of wrong) {
    const refused = await service.send(path, { method });
    assertEquals(refused.status, 405);
    assertEquals(refused.headers.get("allow"), allow);
    await refused.body?.cancel();
  }
});

Deno.test("createHttpHandler() keeps hostile names as they are", async () => {
  await using service = inProcess();
  const names = ["__proto__", "constructor", "toString", "", "hasOwnProperty"];
  const facets = JSON.stringify(names).slice(1, -1).split(",")
    .map((name) => `${name}:{"__proto__":{"polluted":1}}`).join();
  const keys = names.filter((name) => name !== "");
  for (const key of [...keys, "null", "..", "a\u0000b", "a/b"]) {
    const quoted = JSON.stringify(key);
    const body =
      `{"subject":${quoted},"context":${quoted},"resource":${quoted},"origin":${quoted},"ttlMs":5000,"facets":{${facets}},"facetTtlsMs":{"__proto__":2000}}`;
    await read(
      await service.send("/v1/updates", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      }),
    );
    const query = new URLSearchParams({ context: key, subject: key });
    const answer = await service.send(`/v1/presence?${query}&resources=true`);
    const text = await answer.text();
    assertStringIncludes(text, `"subject":${quoted}`);
    assertStringIncludes(text, `"__proto__":{"__proto__":{"polluted":1}}`);
    const [snapshot] = service.server.store.snapshots({ context: key });
    assert(snapshot !== undefined);
    assertEquals(Object.keys(snapshot.facets), names);
    const { facetDeadlines } = service.server.store.liveness(snapshot)!;
    assertEquals([...facetDeadlines.keys()], ["__proto__"]);
  }
  assertEquals(Reflect.get({}, "polluted"), undefined);
});

Deno.test("createHttpHandler() checks an application's own rules", async () => {
  await using service = inProcess({
    handler: {
      checkUpdate({ facets }) {
        if (!Object.hasOwn(facets, "cursor")) {
          const rule = "must be there";
          throw new InvalidValueError("publish", "facets.cursor", rule, 0);
        }
      },
    },
  });
  const updates = [sent({ facets: { cursor: 1 } }), sent()];
  const refused = await service.send("/v1/updates", posting(updates));
  assertEquals(await blamed(refused, 400), ["[1].facets.cursor"]);
  assertEquals(service.server.store.size, 0);
  const taken = await service.send("/v1/updates", posting(updates[0]));
  assertEquals(taken.status, 200);
});

Deno.test("createHttpHandler() publishes nothing that is checked asynchronously", async () => {
  const errors: unknown[] = [];
  const checks = [
    async () => {},
    () => Promise.reject(new InvalidValueError("publish", "x", "is bad", 0)),
  ];
  for (const checkUpdate of checks) {
    await using service = inProcess({
      handler: { checkUpdate, onError: (error) => errors.push(error) },
    });
    await read(await service.send("/v1/updates", posting(sent())), 500);
    assertEquals(service.server.store.size, 0);
  }
  assertEquals(
    errors.map(String),
    Array(2).fill(
      "TypeError: Cannot publish update: checkUpdate is asynchronous",
    ),
  );
});

Deno.test("createHttpHandler() answers each request that the server is closed", async () => {
  await using service = inProcess({
    handler: { authorize: () => undefined },
  });
  service.server[Symbol.dispose]();
  const requests: [string, RequestInit?][] = [
    ["/healthz"],
    ["/v1/presence?context=doc-1"],
    ["/v1/changes?context=doc-1"],
    ["/v1/presence?context=doc-1&subject=alice", { method: "DELETE" }],
    ["/v1/updates", posting(sent())],
  ];
  for (const [path, init] of requests) {
    const refused = await service.send(path, init);
    assertEquals((await read(refused, 503)).type, "urn:ruthere:closed", path);
  }
});

Deno.test("createHttpHandler() limits the changes in a JSON answer", async () => {
  await using service = inProcess({ handler: { limits: { changes: 2 } } });
  const headers = { accept: "application/json" };
  const first = await read(await service.send("/v1/presence?context=doc-1"));
  const subjects = ["a", "b", "c", "d", "e"];
  for (const subject of subjects) {
    // Changes of another context lie between them.
    await publish(service, [sent({ subject }), sent({ context: "doc-2" })]);
  }
  let { cursor } = first;
  const told: unknown[] = [];
  const more: unknown[] = [];
  do {
    const query = new URLSearchParams({
      context: "doc-1",
      since: String(cursor),
    });
    const answer = await read(
      await service.send(`/v1/changes?${query}`, { headers }),
    );
    told.push(records(answer.changes).map(({ sequence }) => sequence));
    more.push(answer.more);
    cursor = answer.cursor;
  } while (more.at(-1) === true);
  assertEquals(told, [[1, 3], [4, 5], [6]]);
  assertEquals(more, [true, true, undefined]);
});

Deno.test("createHttpHandler() loses no change between the pages of a context", async () => {
  await using service = inProcess();
  const subjects = ["a", "b", "c"];
  await publish(service, subjects.map((subject) => sent({ subject })));
  const path = "/v1/presence?context=doc-1&limit=1";
  const first = await read(await service.send(path));
  assertEquals([first.count, first.next], [3, "a"]);
  await publish(service, sent({ subject: "a", facets: { mood: "new" } }));
  const second = await read(await service.send(`${path}&after=a`));
  assertEquals(
    ["cursor" in second, "count" in second],
    [false, false],
    "changes to the first page do not come after the second",
  );
  const since = encodeURIComponent(String(first.cursor));
  const events = new EventReader(
    await service.send(`/v1/changes?context=doc-1&since=${since}`),
  );
  assertObjectMatch(await events.data(), {
    type: "changes",
    changes: [{ snapshot: { subject: "a", facets: { mood: "new" } } }],
  });
  await events.cancel();
});

Deno.test("createHttpHandler() withdraws all entries of one subject, not of others", async () => {
  await using service = inProcess();
  await publish(service, [sent(), sent({ subject: "bob" })]);
  const path = "/v1/presence?context=doc-1&all=true";
  const refused = await service.send(path, { method: "DELETE" });
  assertEquals(await blamed(refused, 400), ["subject"]);
  assertEquals(service.server.store.size, 2);
});

Deno.test("createHttpHandler() refuses new subjects in a full context", async () => {
  await using service = inProcess({ server: { maxSubjectsPerContext: 1 } });
  await publish(service, sent());
  const refused = await service.send(
    "/v1/updates",
    posting([sent({ context: "doc-2" }), sent({ subject: "bob" })]),
  );
  assertObjectMatch(await read(refused, 409), {
    type: "urn:ruthere:context-at-capacity",
    detail:
      'Cannot publish update: context "doc-1" is at its capacity of 1 subjects',
  });
  assertEquals(service.server.store.size, 1);
});

Deno.test("createHttpHandler() refuses a stale update if the server does", async () => {
  let now = 200;
  await using service = inProcess({
    server: { clock: () => now, staleUpdates: "refuse" },
  });
  await publish(service, sent());
  now = 100;
  const refused = await service.send("/v1/updates", posting(sent()));
  assertEquals((await read(refused, 409)).type, "urn:ruthere:stale-update");
});

Deno.test("createHttpHandler() reports failures only to onError", async () => {
  const errors: unknown[] = [];
  await using service = inProcess({
    handler: {
      checkUpdate() {
        throw new Error("the password is 1234");
      },
      onError(error) {
        errors.push(error);
        throw error;
      },
    },
  });
  const failed = await service.send("/v1/updates", posting(sent()));
  const text = JSON.stringify(await read(failed, 500));
  assertEquals(text.includes("1234"), false);
  assertEquals(errors.length, 1);
  assertEquals(service.server.store.size, 0);
});

Deno.test("createHttpHandler() answers load balancers for any host", async () => {
  await using service = inProcess({
    handler: { authorize: () => undefined },
  });
  const health = await service.send("/healthz", {
    headers: { host: "10.0.0.1" },
  });
  assertEquals(await read(health), { status: "ok" });
});
