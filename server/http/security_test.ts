import { assert, assertEquals, assertFalse } from "@std/assert";
import type { Key } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import { update } from "../testing/harness.ts";
import { createHttpHandler, type Identity } from "./mod.ts";
import {
  blamed,
  byCookie,
  EventReader,
  identity,
  oneOf,
  posting,
  read,
  records,
  type Send,
  sendTo,
  sent,
} from "./testing/service.ts";

const SECRET = "the-secret";

/** Sends requests as a user. */
function as(send: Send, user: string): Send {
  return (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("cookie", `theme=dark; user=${user}`);
    return send(path, { ...init, headers });
  };
}

function start(
  server: PresenceServer,
  people: Record<string, Identity>,
): (user: string) => Send {
  const handler = createHttpHandler(server, { authorize: byCookie(people) });
  return (user) => as(sendTo(handler), user);
}

function person(subject: string, fields: Partial<Identity> = {}): Identity {
  return identity({ subject, origin: `session/${subject}`, ...fields });
}

Deno.test("authorize lets no unknown client in", async () => {
  using server = new PresenceServer();
  const send = start(server, { alice: person("alice") })("mallory");
  const requests: [string, RequestInit?][] = [
    ["/v1/presence?context=doc-1"],
    ["/v1/presence?subject=alice"],
    ["/v1/changes?context=doc-1"],
    ["/v1/presence?context=doc-1&subject=alice", { method: "DELETE" }],
    ["/v1/updates", posting(sent())],
  ];
  for (const [path, init] of requests) {
    const refused = await send(path, init);
    assert(refused.headers.has("www-authenticate"));
    assertEquals(await blamed(refused, 401), []);
  }
  assertEquals(server.store.size, 0);
});

Deno.test("authorize that fails or returns no identity grants no access", async () => {
  using server = new PresenceServer();
  const failures: (() => Identity | Promise<Identity>)[] = [
    () => {
      throw new Error("no database");
    },
    () => Promise.reject(new Error("no database")),
    () => identity({ origin: "\ud800" }),
    () => identity({ subject: "\ud800" }),
    () => JSON.parse("{}"),
    () => JSON.parse('{"origin":"a","viewer":{}}'),
    () => JSON.parse('{"origin":7,"viewer":{"restricted":[]}}'),
    () => JSON.parse("true"),
  ];
  for (const authorize of failures) {
    const errors: unknown[] = [];
    const onError = (error: unknown) => errors.push(error);
    const send = sendTo(createHttpHandler(server, { authorize, onError }));
    await read(await send("/v1/presence?context=doc-1"), 500);
    await read(await send("/v1/updates", posting(sent())), 500);
    assertEquals(errors.length, 2);
  }
  assertEquals(server.store.size, 0);
});

Deno.test("only true from canRead and canWrite allows anything", async () => {
  using server = new PresenceServer();
  const yes: (context: Key) => boolean = () => JSON.parse('"yes"');
  const send = start(server, {
    alice: person("alice", { canRead: yes, canWrite: yes }),
  })("alice");
  const context = "/v1/presence?context=doc-1";
  assertEquals(await blamed(await send(context), 403), ["context"]);
  const written = await send("/v1/updates", posting(sent()));
  assertEquals(await blamed(written, 403), ["context"]);
});

Deno.test("authorize works with a cookie or a ticket, which EventSource can send", async () => {
  using server = new PresenceServer();
  const send = start(server, { alice: person("alice") })("alice");
  const events = new EventReader(await send("/v1/changes?context=doc-1"));
  assertEquals((await events.data()).type, "baseline");
  await events.cancel();

  const tickets = new Map([["t-1", person("alice")]]);
  const byTicket = sendTo(createHttpHandler(server, {
    authorize(request) {
      const ticket = new URL(request.url).searchParams.get("ticket") ?? "";
      const owner = tickets.get(ticket);
      tickets.delete(ticket);
      return owner;
    },
  }));
  const path = "/v1/changes?context=doc-1&ticket=t-1";
  const ticketed = new EventReader(await byTicket(path));
  assertEquals((await ticketed.data()).type, "baseline");
  await ticketed.cancel();
  await read(await byTicket(path), 401);
});

Deno.test("a client can't publish for another", async () => {
  using server = new PresenceServer();
  const send = start(server, {
    alice: person("alice"),
    mallory: person("mallory"),
  });
  await read(
    await send("alice")(
      "/v1/updates",
      posting({ context: "doc-1", ttlMs: 5_000 }),
    ),
  );
  const before = server.store.snapshots();
  const mallory = send("mallory");
  const lies: [string[], unknown][] = [
    [["subject"], sent()],
    [["origin"], sent({ subject: undefined, origin: "session/alice" })],
    [["[1].subject"], [sent({ subject: "mallory" }), sent()]],
  ];
  for (const [fields, body] of lies) {
    const refused = await mallory("/v1/updates", posting(body));
    assertEquals(await blamed(refused, 403), fields);
  }
  const stamped = sent({ subject: undefined, facets: { activity: "editing" } });
  await read(await mallory("/v1/updates", posting(stamped)));
  const [own] = server.store.snapshots({ subject: "mallory" });
  assertEquals(own?.origin, "session/mallory");
  assertEquals(server.store.snapshots({ subject: "alice" }), before);
});

Deno.test("a client can't withdraw another's entries", async () => {
  using server = new PresenceServer();
  const send = start(server, {
    alice: person("alice"),
    phone: person("alice", { origin: "session/phone" }),
    mallory: person("mallory"),
    gateway: identity({ origin: "gateway" }),
  });
  for (const user of ["alice", "phone"]) {
    await read(await send(user)("/v1/updates", posting(sent())));
  }
  const gone = async (user: string, query: string, status = 200) => {
    const path = `/v1/presence?context=doc-1&${query}`;
    const answer = await send(user)(path, { method: "DELETE" });
    return (await read(answer, status)).withdrawn;
  };
  await gone("mallory", "subject=alice", 403);
  await gone("mallory", "all=true&subject=alice", 403);
  await gone("mallory", "origin=session/alice", 403);
  await gone("gateway", "subject=alice&origin=session/alice", 403);
  assertEquals(await gone("mallory", "all=true"), 0);
  assertEquals(await gone("gateway", "subject=alice"), 0, "another origin");
  await gone("gateway", "all=true", 400);
  assertEquals(server.store.size, 2);
  assertEquals(await gone("alice", "all=true"), 1, "only their own session's");
  assertEquals(
    server.store.snapshots().map(({ origin }) => origin),
    ["session/phone"],
  );
});

Deno.test("a client can't write without the right", async () => {
  using server = new PresenceServer();
  const send = start(server, {
    alice: person("alice", { canWrite: oneOf("doc-1") }),
  })("alice");
  const updates = [sent(), sent({ context: "doc-2" })];
  const refused = await send("/v1/updates", posting(updates));
  assertEquals(await blamed(refused, 403), ["[1].context"]);
  assertEquals(server.store.size, 0, "none of them");
  const gone = await send("/v1/presence?context=doc-2", { method: "DELETE" });
  assertEquals(await blamed(gone, 403), ["context"]);
});

Deno.test("a client can't read a context without the right, by any route", async () => {
  using server = new PresenceServer();
  const send = start(server, {
    alice: person("alice", { canRead: oneOf("doc-1") }),
  })("alice");
  server.receive(update({ subject: "bob" }));
  server.receive(update({ subject: "bob", context: SECRET }));
  server.receive(update({ subject: "alice", context: SECRET }));
  const secret = `context=${SECRET}`;
  for (
    const path of [
      `/v1/presence?${secret}`,
      `/v1/presence?${secret}&subject=bob`,
      `/v1/presence?${secret}&subject=alice`,
      `/v1/changes?${secret}`,
      `/v1/changes?${secret}&since=x.0.AAAAAAAAAAAAAAAA`,
      "/v1/presence?context=doc-none",
    ]
  ) {
    assertEquals(await blamed(await send(path), 403), ["context"], path);
    const json = { headers: { accept: "application/json" } };
    assertEquals(await blamed(await send(path, json), 403), ["context"]);
  }
  for (const subject of ["bob", "alice"]) {
    const answer = await send(`/v1/presence?subject=${subject}&resources=true`);
    assertFalse((await answer.text()).includes(SECRET));
  }
});

Deno.test("a client can't see a hidden entry, by any route", async () => {
  let now = 1_000;
  using server = new PresenceServer({ clock: () => now, retention: 50 });
  const viewer = { restricted: ["team"], private: false };
  const send = start(server, { alice: person("alice", { viewer }) })("alice");
  const streamed = new EventReader(await send("/v1/changes?context=doc-1"));
  await streamed.next();
  const { cursor } = await read(await send("/v1/presence?context=doc-1"));
  const hidden = {
    subject: SECRET,
    resource: SECRET,
    origin: SECRET,
    observedAt: now,
  };
  const labels = ["private", { restricted: "other" }] as const;
  for (const visibility of labels) {
    server.receive(update({ ...hidden, visibility, facets: {} }));
    // A visible entry of the same subject beside it.
    const bob = { subject: "bob", origin: SECRET, visibility };
    server.receive(update({ ...bob, observedAt: 5e12 }));
    server.receive(
      update({ subject: "bob", visibility: { restricted: "team" } }),
    );
  }
  now = 2_000;
  const paths = [
    "/v1/presence?context=doc-1&resources=true",
    "/v1/presence?context=doc-1&limit=1",
    "/v1/presence?context=doc-1&limit=1&after=b",
    "/v1/presence?subject=bob&resources=true",
    "/v1/presence?context=doc-1&subject=bob&resources=true",
    `/v1/changes?context=doc-1&since=${cursor}`,
  ];
  const headers = { accept: "application/json" };
  for (const path of paths) {
    const text = await (await send(path, { headers })).text();
    assertFalse(text.includes(SECRET), path);
    assertFalse(text.includes("5000000000000"), path);
  }
  const page = await read(await send("/v1/presence?context=doc-1&limit=1"));
  assertEquals([page.count, page.next], [1, undefined]);
  const one = `/v1/presence?context=doc-1&subject=${SECRET}`;
  const there = await read(await send(one));
  const nobody = await read(await send(one.replace(SECRET, "nobody")));
  assertEquals({ ...there, subject: 0 }, { ...nobody, subject: 0 });
  const where = await read(await send(`/v1/presence?subject=${SECRET}`));
  assertEquals(where.summaries, []);

  // Nor that it was there.
  const { visibility: _, ...key } = update(hidden);
  server.withdraw(key);
  const gone = await read(await send(one));
  assertEquals("lastSeen" in gone, false);
  server.receive(update({ subject: "carol" }));
  let text = "";
  while (!text.includes("carol")) text += (await streamed.next())?.data;
  assertFalse(text.includes(SECRET));
  await streamed.cancel();
});

Deno.test("a client sees its own entries, whatever the label", async () => {
  using server = new PresenceServer();
  const send = start(server, {
    alice: person("alice"),
    bob: person("bob"),
  });
  const body = sent({ visibility: "private" });
  await read(await send("alice")("/v1/updates", posting(body)));
  const path = "/v1/presence?context=doc-1";
  assertEquals((await read(await send("alice")(path))).count, 1);
  assertEquals((await read(await send("bob")(path))).count, 0);
});

Deno.test("a client that resumes with other rights gets a baseline", async () => {
  using server = new PresenceServer();
  const member = { restricted: ["team"], private: false };
  const people: Record<string, Identity> = {
    alice: person("alice", { viewer: member }),
  };
  const send = start(server, people)("alice");
  server.receive(
    update({ subject: "bob", visibility: { restricted: "team" } }),
  );
  const events = new EventReader(await send("/v1/changes?context=doc-1"));
  const { id = "", data = "" } = await events.next() ?? {};
  assert(data.includes("bob"));
  await events.cancel();

  people.alice = person("alice");
  server.receive(update({ subject: "carol" }));
  const headers = { "last-event-id": id };
  const resumed = new EventReader(
    await send("/v1/changes?context=doc-1", { headers }),
  );
  const baseline = await resumed.data();
  assertEquals(baseline.type, "baseline", "so a view forgets bob");
  assertEquals(
    records(baseline.snapshots).map(({ subject }) => subject),
    ["carol"],
  );
  await resumed.cancel();
  const asked = await send(
    `/v1/changes?context=doc-1&since=${encodeURIComponent(id)}`,
    { headers: { accept: "application/json" } },
  );
  assertEquals(await blamed(asked, 410), ["since"]);

  people.alice = person("alice", { viewer: member, canRead: () => false });
  const shut = await send("/v1/changes?context=doc-1", { headers });
  assertEquals(await blamed(shut, 403), ["context"]);
});

Deno.test("a token of one context is not valid for another", async () => {
  using server = new PresenceServer();
  const send = start(server, { alice: person("alice") })("alice");
  const { cursor } = await read(await send("/v1/presence?context=doc-1"));
  server.receive(update({ subject: "bob", context: "doc-2" }));
  const headers = { "last-event-id": String(cursor) };
  const events = new EventReader(
    await send("/v1/changes?context=doc-2", { headers }),
  );
  assertEquals((await events.data()).type, "baseline");
  await events.cancel();
});

Deno.test("a token can't resume before its start", async () => {
  using server = new PresenceServer({ epoch: "e" });
  const send = start(server, { bob: person("bob") })("bob");
  server.receive(update({ resource: undefined }));
  server.receive(update({ resource: undefined, visibility: "private" }));
  const { cursor } = await read(await send("/v1/presence?context=doc-1"));
  const own = String(cursor);
  assert(own.startsWith("e.2.2."));
  const accept = { accept: "application/json" };
  for (const place of ["e.2.0.", "e.2.1.", "e.0.0.", "e.0.2.", "e.1.1."]) {
    const forged = own.replace("e.2.2.", place);
    const path = `/v1/changes?context=doc-1&since=${forged}`;
    const polled = await send(path, { headers: accept });
    assertEquals(await blamed(polled, 410), ["since"], place);
    const resuming: HeadersInit[] = [{}, { "last-event-id": forged }];
    for (const headers of resuming) {
      const events = new EventReader(await send(path, { headers }));
      const baseline = await events.data();
      assertEquals([baseline.type, baseline.snapshots], ["baseline", []]);
      await events.cancel();
    }
  }
});

Deno.test("a client whose rights are revoked does and learns nothing more", async () => {
  using server = new PresenceServer();
  let rights = new AbortController();
  const handler = createHttpHandler(server, {
    authorize: () => person("alice", { signal: rights.signal }),
  });
  const send = sendTo(handler);
  server.receive(update({ origin: "session/alice" }));
  const { cursor } = await read(await send("/v1/presence?context=doc-1"));
  const revoked = async (path: string, init?: RequestInit) => {
    rights = new AbortController();
    const answer = send(path, init);
    // The handler has authorized the request, and waits for something else.
    await Promise.resolve();
    await Promise.resolve();
    rights.abort();
    assertEquals(await blamed(await answer, 401), [], path);
  };
  const headers = { accept: "application/json" };
  await revoked("/v1/updates", posting(sent({ resource: "late" })));
  await revoked("/v1/presence?context=doc-1");
  await revoked(`/v1/changes?context=doc-1&since=${cursor}`, { headers });
  // A stream waits for nothing: it ends without an event.
  rights = new AbortController();
  const stream = await send(`/v1/changes?context=doc-1&since=${cursor}`);
  rights.abort();
  assertEquals(await new EventReader(stream).next(), undefined);
  assertEquals(handler.stats.streams, 0);
  // Nor does a client whose rights were revoked from the start.
  assertEquals(await blamed(await send("/v1/changes?context=doc-1"), 401), []);
  const gone = await send("/v1/presence?context=doc-1&all=true", {
    method: "DELETE",
  });
  assertEquals(await blamed(gone, 401), []);
  assertEquals(server.store.size, 1);
});
