import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { PresenceModel } from "../../../core/mod.ts";
import { PresenceBeacon, startHeartbeat } from "../../../beacon/mod.ts";
import { type DocumentModel, DocumentPresence } from "../../documents/mod.ts";
import { PresenceServer, PresenceView } from "../../mod.ts";
import { flush, update } from "../../testing/harness.ts";
import { listen } from "../../testing/listen.ts";
import {
  PresenceClient,
  type PresenceClientOptions,
  PresenceRequestError,
  wireUpdateOf,
} from "../mod.ts";
import {
  createHttpHandler,
  type HttpHandlerOptions,
  type ServedPresence,
} from "../../http/mod.ts";
import { identity } from "../../http/testing/service.ts";

interface PageModel extends PresenceModel {
  facets: { meta: { value: { scrolled: number } } };
}

type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

function fetchFrom(
  server: ServedPresence,
  options?: HttpHandlerOptions,
): Fetch {
  const handler = createHttpHandler(server, options);
  return (url, init) => handler(new Request(url, init));
}

function clientOf(
  fetch: Fetch,
  options: Partial<PresenceClientOptions> = {},
): PresenceClient {
  return new PresenceClient({ url: "http://localhost", fetch, ...options });
}

/** Answers each request with the next response, and records the requests. */
function scripted(
  ...answers: (() => Response | Promise<Response>)[]
): Fetch & { readonly asked: Headers[] } {
  const asked: Headers[] = [];
  const fetch = (_url: URL, init: RequestInit) => {
    asked.push(new Headers(init.headers));
    const answer = answers.shift();
    return answer === undefined
      ? Promise.reject(new TypeError("Nobody there"))
      : Promise.resolve(answer());
  };
  return Object.assign(fetch, { asked });
}

/** Creates an event stream of a text, which then ends or falls silent. */
function stream(text: string, then: "ends" | "silent" = "ends"): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      if (then === "ends") controller.close();
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream" },
  });
}

const baseline = (sequence: number) =>
  `event: baseline\ndata: {"type":"baseline","position":{"epoch":"e","sequence":${sequence}},"snapshots":[],"part":0,"last":true}\nid: ${sequence}\n\n`;

Deno.test("PresenceClient publishes, queries and withdraws", async () => {
  using server = new PresenceServer({ epoch: "e" });
  const client = clientOf(fetchFrom(server));
  const answer = await client.publish([
    { subject: "alice", context: "doc 1", ttlMs: 5_000, resource: null },
    {
      subject: "alice",
      context: "doc 1",
      resource: "tab",
      ttlMs: 5_000,
      facets: { activity: "editing" },
      facetTtlsMs: { activity: 1_000 },
    },
  ]);
  assertEquals(answer, {
    sequences: [1, 2],
    granted: [
      { ttlMs: 5_000 },
      { ttlMs: 5_000, facetTtlsMs: { activity: 1_000 } },
    ],
    sequence: 2,
    epoch: "e",
  });
  await client.publish({ subject: "bob", context: "doc 1", ttlMs: 5_000 });

  const page = await client.presence({ context: "doc 1", limit: 1 });
  assertEquals([page.count, page.next], [2, "alice"]);
  const { next: after } = page;
  const last = await client.presence({ context: "doc 1", limit: 1, after });
  assertEquals(last.summaries.map(({ subject }) => subject), ["bob"]);

  const one = { context: "doc 1", subject: "alice", resources: true };
  const { summary } = await client.presence(one);
  assertEquals(summary?.activity, "editing");
  assertEquals(
    summary?.resources,
    server.store.subjectSummary("alice", "doc 1")?.snapshots,
  );
  const where = await client.presence({ subject: "alice" });
  assertEquals(where.summaries.map(({ context }) => context), ["doc 1"]);

  const gone = await client.withdraw({ context: "doc 1", subject: "alice" });
  assertEquals(gone.withdrawn, 1);
  const all = { context: "doc 1", subject: "alice", all: true };
  assertEquals((await client.withdraw(all)).withdrawn, 1);
  const { lastSeen } = await client.presence({
    context: "doc 1",
    subject: "alice",
  });
  assertEquals(typeof lastSeen, "number");
});

Deno.test("PresenceClient lists and counts the people in documents", async () => {
  using server = new PresenceServer<DocumentModel>();
  using documents = new DocumentPresence(server);
  const workspaceId = "the workspace?";
  const ids = ["a/b", "100%", "ü"];
  for (const documentId of ids) {
    await documents.join("ada", { documentId, workspaceId, name: "Ada" });
  }
  await documents.join("bob", { documentId: "a/b", name: "Bob" });
  const client = clientOf(fetchFrom(server, { documents }));

  const people = await client.documentPresence("a/b");
  assertEquals(people.active_users.map(({ name }) => name), ["Ada", "Bob"]);
  const { next: after } = await client.documentPresence("a/b", { limit: 1 });
  const last = await client.documentPresence("a/b", { limit: 1, after });
  assertEquals(last.active_users.map(({ name }) => name), ["Bob"]);
  assertEquals([last.total_count, last.next], [2, undefined]);
  assertEquals((await client.documentPresence("none")).active_users, []);

  const used = await client.workspaceDocuments(workspaceId, { limit: 2 });
  const found = used.documents.map(({ document_id }) => document_id);
  assertEquals(found, ["100%", "a/b"]);
  assertEquals([used.total_count, used.next], [3, "a/b"]);

  const { counts } = await client.documentCounts([...ids, "__proto__"]);
  assertEquals(Object.entries(counts), [
    ["a/b", 2],
    ["100%", 1],
    ["ü", 1],
    ["__proto__", 0],
  ]);
});

Deno.test("PresenceClient throws if a service has no documents, or sends something else", async () => {
  using server = new PresenceServer();
  const strange = () => Response.json({ timestamp: 1, documents: null });
  const ways: ((client: PresenceClient) => Promise<unknown>)[] = [
    (client) => client.documentPresence("1"),
    (client) => client.workspaceDocuments("1"),
    (client) => client.documentCounts(["1"]),
    // In a path, these are no names.
    (client) => client.documentPresence(""),
    (client) => client.documentPresence(".."),
  ];
  for (const way of ways) {
    const none = () => way(clientOf(fetchFrom(server)));
    await assertRejects(none, PresenceRequestError);
    const answers = clientOf(scripted(strange));
    await assertRejects(() => way(answers), TypeError, "unexpected answer");
  }
});

Deno.test("PresenceClient gets a ticket, with which a page says goodbye", async () => {
  using server = new PresenceServer();
  const fetch = fetchFrom(server);
  const client = clientOf(fetch);
  const update = { subject: "alice", context: "doc-1", ttlMs: 5_000 };
  assertEquals((await client.publish(update)).goodbye, undefined);
  const { goodbye } = await client.publish(update, { goodbye: true });
  const body = goodbye ?? null;
  const url = new URL("http://localhost/v1/goodbye");
  // As `sendBeacon()` does, which only browsers have.
  assertEquals((await fetch(url, { method: "POST", body })).status, 200);
  assertEquals(server.store.size, 0);
});

Deno.test("PresenceClient.withdraw() can outlive its page", async () => {
  using server = new PresenceServer();
  const fetch = fetchFrom(server);
  const kept: unknown[] = [];
  const client = clientOf((url, init) => {
    kept.push(init.keepalive);
    return fetch(url, init);
  }, { headers: { authorization: "Bearer token" } });
  const entry = { subject: "alice", context: "doc-1" };
  await client.publish({ ...entry, ttlMs: 5_000 });
  const leaving = client.withdraw(entry, { keepalive: true });
  // At once, since a page that closes has no later turn.
  assertEquals(kept, [undefined, true]);
  assertEquals((await leaving).withdrawn, 1);
});

Deno.test("a reloaded page keeps its resource, and nobody leaves", async () => {
  using server = new PresenceServer();
  const page = {
    subject: "alice",
    context: "doc-1",
    // The id that the tab keeps in `sessionStorage`.
    resource: "tab-1",
    ttlMs: 30_000,
  };
  const watcher = clientOf(fetchFrom(server)).watch({ context: "doc-1" });
  const view = new PresenceView();
  const told: string[] = [];
  for (const scrolled of [0, 0.5]) {
    // Each load of the page creates a new client.
    const client = new PresenceClient<PageModel>({
      url: "http://localhost",
      fetch: fetchFrom(server),
    });
    const meta = { value: { scrolled } };
    await client.publish({ ...page, facets: { meta } });
    const { value: batch } = await watcher.next();
    assert(batch !== undefined);
    told.push(...view.apply(batch).map(({ type }) => type));
    const query = { context: "doc-1", resources: true } as const;
    const [summary, ...others] = (await client.presence(query)).summaries;
    assertEquals(others, []);
    assertEquals(summary?.resources?.length, 1);
    assertEquals(summary?.facets.meta, meta);
  }
  assertEquals(told, ["joined", "updated"]);
  await watcher[Symbol.asyncDispose]();
});

Deno.test("PresenceClient throws the problem of the service", async () => {
  using server = new PresenceServer();
  const client = clientOf(fetchFrom(server));
  const error = await assertRejects(
    () => client.publish({ subject: "alice", context: "doc-1", ttlMs: -1 }),
    PresenceRequestError,
    "Cannot publish update: ttlMs must be",
  );
  assertEquals(error.status, 400);
  assertEquals(error.problem?.errors?.map(({ field }) => field), ["ttlMs"]);

  const busy = new Response("busy", {
    status: 503,
    headers: { "retry-after": "7" },
  });
  const plain = await assertRejects(
    () => clientOf(scripted(() => busy)).presence({ context: "doc-1" }),
    PresenceRequestError,
    "Cannot read presence: the service answered with 503",
  );
  assertEquals([plain.problem, plain.retryAfterMs], [undefined, 7_000]);
  const other = () => Response.json({ hello: "world" });
  await assertRejects(
    () => clientOf(scripted(other)).presence({ context: "doc-1" }),
    TypeError,
    "the service sent an unexpected answer",
  );
});

Deno.test("PresenceClient refuses answers that are not of the service", async () => {
  const html = () => new Response("<h1>Sign in</h1>");
  await assertRejects(
    () => clientOf(scripted(html)).presence({ context: "doc-1" }),
    TypeError,
    "Cannot read presence: the service sent an unexpected answer",
  );
});

Deno.test("PresenceClient aborts a request by its signal or the client's", async () => {
  const hang: Fetch = (_url, { signal }) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  const query = { context: "doc-1" };
  const calls = [
    (client: PresenceClient, signal: AbortSignal) =>
      client.publish([], { signal }),
    (client: PresenceClient, signal: AbortSignal) =>
      client.withdraw(query, { signal }),
    (client: PresenceClient, signal: AbortSignal) =>
      client.presence(query, { signal }),
    (client: PresenceClient, signal: AbortSignal) =>
      client.presence({ subject: "alice" }, { signal }),
    (client: PresenceClient, signal: AbortSignal) =>
      client.presence({ ...query, subject: "alice" }, { signal }),
  ];
  for (const call of calls) {
    for (const which of ["own", "general"] as const) {
      const abort = {
        own: new AbortController(),
        general: new AbortController(),
      };
      const client = clientOf(hang, { signal: abort.general.signal });
      const pending = assertRejects(
        () => call(client, abort.own.signal),
        Error,
        "enough",
      );
      await flush();
      abort[which].abort(new Error("enough"));
      await pending;
      // An aborted request sends nothing.
      const unheard = clientOf(() => Promise.reject(new Error("sent")), {
        signal: abort.general.signal,
      });
      await assertRejects(
        () => call(unheard, abort.own.signal),
        Error,
        "enough",
      );
    }
  }
});

Deno.test("PresenceClient keeps the path of its URL and gets new headers for each request", async () => {
  const urls: string[] = [];
  const tokens: (string | null)[] = [];
  let token = 0;
  const client = new PresenceClient({
    url: "https://example.org/presence",
    headers: () => Promise.resolve({ authorization: `Bearer ${++token}` }),
    fetch: (url, init) => {
      urls.push(url.href);
      tokens.push(new Headers(init.headers).get("authorization"));
      return Promise.resolve(
        Response.json({ sequences: [], granted: [], sequence: 0, epoch: "e" }),
      );
    },
  });
  await client.publish([]);
  await client.publish([]);
  assertEquals(urls, Array(2).fill("https://example.org/presence/v1/updates"));
  assertEquals(tokens, ["Bearer 1", "Bearer 2"]);
});

Deno.test("PresenceClient lets a heartbeat publish over HTTP", async () => {
  using _time = new FakeTime(1_000);
  using server = new PresenceServer();
  const client = clientOf(fetchFrom(server));
  const beacon = new PresenceBeacon({
    subject: "alice",
    context: "doc-1",
    origin: "tab",
    expiry: { after: 20_000 },
  });
  const errors: unknown[] = [];
  const heartbeat = startHeartbeat({
    beacon,
    facets: { activity: "editing" },
    publish: (update) => client.publish(wireUpdateOf(update)),
    goodbye: () => client.withdraw(beacon.key),
    onError: (error) => errors.push(error),
    intervalMs: 10_000,
  });
  await heartbeat.stop();
  assertEquals(errors, []);
  assertEquals([server.lastSequence, server.store.size], [2, 0]);
});

Deno.test("wireUpdateOf() converts times to times to live", () => {
  const fields = { observedAt: 100, expiry: 5_100, resource: "tab" };
  assertEquals(
    wireUpdateOf(update({
      ...fields,
      facets: { activity: "editing", availability: null, lastSeen: 100 },
      facetDeadlines: { activity: 2_100, lastSeen: 300 },
    })),
    {
      subject: "alice",
      context: "doc-1",
      resource: "tab",
      origin: "tab",
      visibility: "public",
      ttlMs: 5_000,
      facets: { activity: "editing", availability: null },
      facetTtlsMs: { activity: 2_000 },
    },
  );
  const never = assertRejects(() =>
    Promise.resolve().then(() => wireUpdateOf(update()))
  );
  return never.then((error) => assertInstanceOf(error, TypeError));
});

Deno.test("PresenceClient.watch() yields the batches of the server's watch", async () => {
  using server = new PresenceServer();
  server.receive(update({ resource: "tab" }));
  server.receive(update({ subject: "bob", facets: { activity: "editing" } }));
  const remote = clientOf(fetchFrom(server)).watch({ context: "doc-1" });
  const local = server.watch({ context: "doc-1" });
  const view = new PresenceView();
  const next = async () => {
    const [there, here] = await Promise.all([remote.next(), local.next()]);
    assert(!there.done);
    const { cursor, ...batch } = there.value;
    assertEquals(batch, here.value);
    assertEquals(typeof cursor, "string");
    return view.apply(there.value).map(({ type, subject }) => [type, subject]);
  };
  assertEquals(await next(), [["joined", "alice"], ["joined", "bob"]]);
  server.receive(update({ resource: "tab", visibility: "private" }));
  assertEquals(await next(), [["updated", "alice"]]);
  server.withdraw({ subject: "bob", context: "doc-1", origin: "tab" });
  assertEquals(await next(), [["left", "bob"]]);
  await remote.return?.();
  await local.return?.();
});

Deno.test("PresenceClient.watch() starts after a cursor", async () => {
  using server = new PresenceServer();
  const client = clientOf(fetchFrom(server));
  const { cursor: since } = await client.presence({ context: "doc-1" });
  server.receive(update());
  for await (const batch of client.watch({ context: "doc-1", since })) {
    assertEquals(batch.type, "changes");
    break;
  }
});

Deno.test("PresenceClient.watch() gives a cursor with each complete state", async () => {
  using server = new PresenceServer();
  const subjects = Array.from({ length: 3_000 }, (_, n) => `subject ${n}`);
  server.receiveAll(subjects.map((subject) => update({ subject })));
  const client = clientOf(fetchFrom(server));
  const cursors: (string | undefined)[] = [];
  for await (const batch of client.watch({ context: "doc-1" })) {
    cursors.push(batch.cursor);
    if (batch.type === "baseline" && batch.last) break;
  }
  const since = cursors.pop();
  assertEquals(cursors, Array(cursors.length).fill(undefined));
  assertGreaterOrEqual(cursors.length, 1);
  server.receive(update({ subject: "late" }));
  for await (const batch of client.watch({ context: "doc-1", since })) {
    assert(batch.type === "changes");
    assertEquals(batch.changes.length, 1);
    break;
  }
});

Deno.test("PresenceClient.watch() reconnects and continues where it was", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  const real = fetchFrom(server);
  const cut: AbortController[] = [];
  const asked: (string | null)[] = [];
  const retries: unknown[] = [];
  const client = clientOf(async (url, init) => {
    asked.push(new Headers(init.headers).get("last-event-id"));
    const response = await real(url, init);
    const end = new AbortController();
    cut.push(end);
    const body = response.body?.pipeThrough(new TransformStream(), {
      signal: end.signal,
    });
    return new Response(body, response);
  }, { onRetry: (error) => retries.push(error) });
  const watch = client.watch({ context: "doc-1" });
  const first = await watch.next();
  assertEquals(first.value?.type, "baseline");
  const pending = watch.next();
  await time.delay(0);
  cut[0]?.abort(new Error("the network is gone"));
  await time.tickAsync(0);
  server.receive(update());
  while (asked.length < 2) await time.tickAsync(100);
  assertLessOrEqual(time.now, 1_100);
  const { value } = await pending;
  assert(value?.type === "changes");
  assertEquals(value.changes.length, 1);
  assertEquals(asked[0], null);
  assert(asked[1]?.includes(".0."));
  assertEquals(retries.length, 1);
  await watch.return?.();
});

Deno.test("PresenceClient.watch() gives up a silent connection", async () => {
  using time = new FakeTime(0);
  const fetch = scripted(
    () => stream(`${baseline(1)}id: 2\n\n`, "silent"),
    () => stream(baseline(3), "silent"),
  );
  const retries: unknown[] = [];
  const client = clientOf(fetch, {
    keepAliveMs: 1_000,
    onRetry: (error) => retries.push(error),
  });
  const watch = client.watch({ context: "doc-1" });
  await watch.next();
  const pending = watch.next();
  await time.tickAsync(2_499);
  assertEquals(retries, []);
  await time.tickAsync(1);
  await flush();
  assertEquals(
    String(retries[0]),
    "Error: Cannot read changes: there is no sign of life",
  );
  await time.tickAsync(1_000);
  assertEquals((await pending).value?.position.sequence, 3);
  assertEquals(fetch.asked[1]?.get("last-event-id"), "2");
  await watch.return?.();
});

Deno.test("PresenceClient.watch() uses the keep-alive interval of the service", async () => {
  using time = new FakeTime(0);
  using server = new PresenceServer();
  let asked = 0;
  const real = fetchFrom(server, { keepAliveMs: 60_000 });
  const client = clientOf((url, init) => {
    asked++;
    return real(url, init);
  });
  const watch = client.watch({ context: "doc-1" });
  await watch.next();
  const pending = watch.next();
  for (let minute = 0; minute < 5; minute++) await time.tickAsync(60_000);
  assertEquals(asked, 1);
  await watch.return?.();
  assertEquals((await pending).done, true);
});

Deno.test("PresenceClient.watch() waits for a slow reader", async () => {
  using time = new FakeTime(0);
  const fetch = scripted(
    () => stream(baseline(1) + baseline(2), "silent"),
  );
  const watch = clientOf(fetch).watch({ context: "doc-1" });
  await watch.next();
  await time.tickAsync(3_600_000);
  assertEquals((await watch.next()).value?.position.sequence, 2);
  assertEquals(fetch.asked.length, 1);
  await watch.return?.();
});

Deno.test("PresenceClient.watch() backs off up to a limit", async () => {
  using time = new FakeTime(0);
  const at: number[] = [];
  const fetch: Fetch = () => {
    at.push(time.now);
    if (at.length === 3) {
      return Promise.resolve(new Response("", { status: 502 }));
    }
    return Promise.reject(new TypeError("Nobody there"));
  };
  const abort = new AbortController();
  const watch = clientOf(fetch).watch({
    context: "doc-1",
    signal: abort.signal,
  });
  const pending = watch.next();
  while (at.length < 8) {
    await flush();
    await time.nextAsync();
  }
  const pauses = at.slice(1).map((time, index) => time - at[index]!);
  [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000].forEach((most, n) => {
    assertLessOrEqual(pauses[n]!, most);
    assertGreaterOrEqual(pauses[n]!, most / 2);
  });
  abort.abort();
  assertEquals((await pending).done, true);
});

Deno.test("PresenceClient.watch() waits for Retry-After", async () => {
  using time = new FakeTime(0);
  const at: number[] = [];
  const answers = [
    () => new Response("", { status: 429, headers: { "retry-after": "20" } }),
    () => stream(`retry: 100\n\n${baseline(1)}`),
    () => stream(baseline(2)),
  ];
  const scriptedFetch = scripted(...answers);
  const watch = clientOf((url, init) => {
    at.push(time.now);
    return scriptedFetch(url, init);
  }).watch({ context: "doc-1" });
  const both = (async () => [await watch.next(), await watch.next()])();
  for (let n = 0; n < 220; n++) await time.tickAsync(100);
  await both;
  assertGreaterOrEqual(at[1]!, 20_000);
  assertLessOrEqual(at[2]! - at[1]!, 200);
  await watch.return?.();
});

Deno.test("PresenceClient.watch() ends with an error when it is refused permanently", async () => {
  using server = new PresenceServer();
  const refusals: [number, HttpHandlerOptions, string][] = [
    [401, { authorize: () => null }, "doc-1"],
    [403, { authorize: () => identity({ canRead: () => false }) }, "doc-1"],
    [400, {}, "x".repeat(1_000)],
    [421, { hosts: [] }, "doc-1"],
  ];
  for (const [status, options, context] of refusals) {
    let asked = 0;
    const real = fetchFrom(server, options);
    const watch = clientOf((url, init) => {
      asked++;
      return real(url, init);
    }).watch({ context });
    const error = await assertRejects(() => watch.next(), PresenceRequestError);
    assertEquals([error.status, asked], [status, 1]);
    assertEquals(error.problem?.status, status);
    assertEquals((await watch.next()).done, true);
  }
});

Deno.test("PresenceClient.watch() retries after an answer that is not a stream", async () => {
  using time = new FakeTime(0);
  const at: number[] = [];
  const html = { headers: { "content-type": "text/html" } };
  const fetch = scripted(
    () => new Response("<h1>Sign in to the hotel's network</h1>", html),
    () => new Response(null, { status: 204 }),
    () => stream("retry: 0\nevent: change\ndata: 7\nid: 7\n\n"),
    () => stream("event: change\ndata: {\nid: 7\n\n"),
    () => stream(baseline(1)),
    () => stream("id: \u2603\n\n"),
    () => stream(baseline(2), "silent"),
  );
  const retries: unknown[] = [];
  const watch = clientOf((url, init) => {
    at.push(time.now);
    return fetch(url, init);
  }, { onRetry: (error) => retries.push(error) }).watch({ context: "doc-1" });
  const both = (async () => [await watch.next(), await watch.next()])();
  while (at.length < 7) {
    await flush();
    await time.nextAsync();
  }
  assertEquals(
    (await both).map(({ value }) => value?.position.sequence),
    [1, 2],
  );
  for (const [n, time] of at.slice(1).entries()) {
    assertGreaterOrEqual(time - at[n]!, 50);
  }
  const noStream = "TypeError: Cannot read changes: the service sent no event" +
    " stream: received ";
  const noBatch = "TypeError: Cannot read changes: the service sent no batch";
  assertEquals(retries.map(String), [
    `${noStream}"text/html"`,
    `${noStream}""`,
    noBatch,
    noBatch,
    "undefined",
    "undefined",
  ]);
  assertEquals(
    fetch.asked.map((headers) => headers.get("last-event-id")),
    [null, null, null, null, null, "1", null],
  );
  await watch.return?.();
});

Deno.test("PresenceClient.watch() waits at most as long as a timer can", async () => {
  using time = new FakeTime(0);
  const far = { "retry-after": "3000000" };
  const fetch = scripted(
    () => new Response("", { status: 429, headers: far }),
    () => stream(baseline(1), "silent"),
  );
  const retries: unknown[] = [];
  const watch = clientOf(fetch, {
    keepAliveMs: 2 ** 31 - 1,
    onRetry: (error) => retries.push(error),
  }).watch({ context: "doc-1" });
  const first = watch.next();
  await time.tickAsync(299_000);
  assertEquals(fetch.asked.length, 1);
  await time.tickAsync(2_000);
  assertEquals((await first).value?.position.sequence, 1);
  const second = watch.next();
  await time.tickAsync(3_600_000);
  assertEquals([fetch.asked.length, retries.length], [2, 1]);
  await watch.return?.();
  assertEquals((await second).done, true);
});

Deno.test("PresenceClient.watch() gives up a refusal without an end", async () => {
  using time = new FakeTime(0);
  const headers = { "content-type": "application/problem+json" };
  const fetch = scripted(
    () => new Response(new ReadableStream(), { status: 503, headers }),
    () => stream(baseline(1), "silent"),
  );
  const watch = clientOf(fetch, { keepAliveMs: 1_000 })
    .watch({ context: "doc-1" });
  const first = watch.next();
  await time.tickAsync(2_500);
  await time.tickAsync(1_000);
  assertEquals((await first).value?.position.sequence, 1);
  await watch.return?.();
});

Deno.test("PresenceClient.watch() cancels an answer that is too late", async () => {
  using time = new FakeTime(0);
  const cancelled: string[] = [];
  const answers: (() => void)[] = [];
  const fetch: Fetch = () => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    const name = `answer ${answers.length}`;
    const body = new ReadableStream({
      cancel() {
        cancelled.push(name);
      },
    });
    answers.push(() => resolve(new Response(body)));
    return promise;
  };
  const watch = clientOf(fetch, { keepAliveMs: 1_000 })
    .watch({ context: "doc-1" });
  const pending = watch.next();
  await time.tickAsync(2_500);
  await time.tickAsync(1_000);
  assertEquals(answers.length, 2);
  await watch.return?.();
  assertEquals((await pending).done, true);
  for (const answer of answers) answer();
  await flush();
  assertEquals(cancelled, ["answer 0", "answer 1"]);
});

Deno.test("PresenceClient.watch() releases everything at its end", async () => {
  using server = new PresenceServer();
  const outer = new AbortController();
  const client = clientOf(fetchFrom(server), { signal: outer.signal });
  const byReturn = client.watch({ context: "doc-1" });
  const byClient = client.watch({ context: "doc-1" });
  const own = new AbortController();
  const bySignal = client.watch({ context: "doc-1", signal: own.signal });
  const watches = [byReturn, byClient, bySignal];
  for (const watch of watches) await watch.next();
  const pending = watches.map((watch) => watch.next());
  await flush();
  await byReturn.return?.();
  own.abort();
  outer.abort();
  for (const next of pending) assertEquals((await next).done, true);
  const late = client.watch({ context: "doc-1" });
  assertEquals((await late.next()).done, true);
});

Deno.test("PresenceClient is typed by the application's model", () => {
  interface DocModel extends PresenceModel {
    subject: string;
    label: "members";
    facets: { cursor: number };
  }
  const client = new PresenceClient<DocModel>({ url: "http://localhost" });
  const never = () => [
    client.publish({
      subject: "a",
      context: "b",
      ttlMs: 1,
      visibility: { restricted: "members" },
      facets: { cursor: 1, activity: null },
      facetTtlsMs: { cursor: 1 },
    }),
    // @ts-expect-error: there is no such label
    client.publish({ context: "b", ttlMs: 1, visibility: { restricted: "x" } }),
    // @ts-expect-error: the facet is a number
    client.publish({ context: "b", ttlMs: 1, facets: { cursor: "1" } }),
    // @ts-expect-error: the server sets when a subject was last seen
    client.publish({ context: "b", ttlMs: 1, facets: { lastSeen: 1 } }),
    // @ts-expect-error: there is no such facet
    client.publish({ context: "b", ttlMs: 1, facetTtlsMs: { other: 1 } }),
    // @ts-expect-error: a time to live is required
    client.publish({ context: "b" }),
  ];
  assertEquals(typeof never, "function");
});

Deno.test("PresenceClient works over a socket, and over a restart of the service", async () => {
  const before = new PresenceServer();
  let http = listen(createHttpHandler(before));
  const { port } = http.addr;
  const client = new PresenceClient({ url: `http://127.0.0.1:${port}` });
  await client.publish({ subject: "alice", context: "doc-1", ttlMs: 5_000 });
  const watch = client.watch({ context: "doc-1" });
  const view = new PresenceView();
  const next = async () => {
    const { value } = await watch.next();
    assert(value !== undefined);
    return view.apply(value).map(({ type, subject }) => `${subject} ${type}`);
  };
  assertEquals(await next(), ["alice joined"]);
  before[Symbol.dispose]();
  await http.shutdown();
  using after = new PresenceServer();
  http = listen(createHttpHandler(after), port);
  after.receive(update({ subject: "bob" }));
  assertEquals((await next()).sort(), ["alice left", "bob joined"]);
  await watch.return?.();
  after[Symbol.dispose]();
  await http.shutdown();
});
