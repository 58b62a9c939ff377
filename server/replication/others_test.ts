import { assert, assertEquals, assertFalse } from "@std/assert";
import {
  PresenceServer,
  PUBLIC_VIEWER,
  type RemoteEntry,
  type Replication,
  type ReplicationListener,
} from "../mod.ts";
import { update } from "../testing/harness.ts";

/** Connects a replicator that does nothing unless a listener says otherwise. */
function replicate(
  server: PresenceServer,
  listener: Partial<ReplicationListener> = {},
): Replication {
  return server.replicate({
    put: () => {},
    removed: () => {},
    watched: () => {},
    ...listener,
  });
}

/** An entry of another server. */
function remote(fields: Partial<RemoteEntry> = {}): RemoteEntry {
  const { subject, context, origin } = update();
  const resource = undefined;
  const key = { subject, context, resource, origin };
  return { ...key, visibility: "public", observedAt: 0, facets: {}, ...fields };
}

Deno.test("PresenceServer.follow() returns true at once without other servers", async () => {
  using server = new PresenceServer();
  assert(await server.follow("doc-1"));
  replicate(server);
  assert(await server.follow("doc-1"));
});

Deno.test("PresenceServer.follow() returns the answer of the replicator", async () => {
  using server = new PresenceServer();
  const asked: unknown[] = [];
  replicate(server, {
    follow: (context) => {
      asked.push(context);
      return Promise.resolve(context === "doc-1");
    },
  });
  assert(await server.follow("doc-1"));
  assertFalse(await server.follow("doc-2"));
  assertEquals(asked, ["doc-1", "doc-2"]);
});

Deno.test("PresenceServer.locate() returns the entries of this server", async () => {
  using server = new PresenceServer();
  server.receive(update({ context: "doc-1" }));
  server.receive(update({ context: "doc-2", subject: "bob" }));
  const { snapshots, isComplete, missing } = await server.locate("alice");
  assert(isComplete);
  assertEquals(snapshots, server.store.snapshots({ subject: "alice" }));
  assertEquals(missing, []);
});

Deno.test("PresenceServer.locate() returns each entry once, and the servers that have not answered", async () => {
  using server = new PresenceServer();
  server.receive(update({ context: "doc-1" }));
  const elsewhere = remote({ context: "doc-2" });
  replicate(server, {
    locate: (subject) =>
      Promise.resolve({
        entries: subject === "alice" ? [elsewhere, remote()] : [],
        isComplete: false,
        missing: ["node-3"],
      }),
  });
  const { snapshots, isComplete, missing } = await server.locate("alice");
  assertFalse(isComplete);
  const own = server.store.snapshots({ subject: "alice" });
  assertEquals(snapshots.length, 2);
  assertEquals(
    snapshots.filter(({ context }) => context === "doc-1"),
    own,
  );
  assertEquals(
    snapshots.filter(({ context }) => context === "doc-2"),
    [{ ...elsewhere, expiry: "never" }],
  );
  assertEquals(missing, ["node-3"]);
});

Deno.test("PresenceServer.count() counts the visible subjects of this server without other servers", async () => {
  using server = new PresenceServer();
  server.receive(update());
  server.receive(update({ origin: "phone" }));
  server.receive(update({ subject: "bob", visibility: "private" }));
  server.receive(update({ context: "doc-2" }));
  const contexts = ["doc-1", "doc-2", "doc-3", "doc-1"];
  assertEquals(await server.count(contexts), {
    subjects: new Map([["doc-1", 2], ["doc-2", 1], ["doc-3", 0]]),
    isComplete: true,
    missing: [],
  });
  const { subjects } = await server.count(contexts, PUBLIC_VIEWER);
  assertEquals(subjects.get("doc-1"), 1);
  replicate(server);
  assertEquals((await server.count(["doc-1"])).subjects.get("doc-1"), 2);
});

Deno.test("PresenceServer.count() returns the answer of the replicator", async () => {
  using server = new PresenceServer();
  server.receive(update());
  const asked: unknown[] = [];
  const answer = {
    subjects: new Map([["doc-1", 7]]),
    isComplete: false,
    missing: ["node-3"],
  };
  replicate(server, {
    count: (...question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  });
  assertEquals(await server.count(["doc-1"], PUBLIC_VIEWER), answer);
  assertEquals(asked, [[["doc-1"], PUBLIC_VIEWER]]);
});

Deno.test("PresenceServer.relay.publish() sends to the replicator, if there is one", () => {
  using server = new PresenceServer();
  assertFalse(server.replicated);
  server.relay.publish("doc-1", "not delivered");
  const sent: unknown[] = [];
  const replication = replicate(server, {
    tell: (context, text) => void sent.push([context, text]),
  });
  assert(server.replicated);
  server.relay.publish("doc-1", "hello");
  assertEquals(sent, [["doc-1", "hello"]]);
  replication[Symbol.dispose]();
  assertFalse(server.replicated);
  server.relay.publish("doc-1", "not delivered");
  assertEquals(sent.length, 1);
});

Deno.test("PresenceServer.relay.subscribe() delivers the texts of others until it is disposed of", () => {
  using server = new PresenceServer();
  const replication = replicate(server);
  const texts: string[] = [];
  const handler = (text: string) => void texts.push(text);
  const first = server.relay.subscribe("doc-1", handler);
  const second = server.relay.subscribe("doc-1", handler);
  replication.told("doc-1", "hello");
  replication.told("doc-2", "not delivered");
  assertEquals(texts, ["hello", "hello"]);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  replication.told("doc-1", "again");
  assertEquals(texts.length, 3);
  second[Symbol.dispose]();
  replication.told("doc-1", "not delivered");
  assertEquals(texts.length, 3);
});

Deno.test("PresenceServer.relay.subscribe() needs its context, as a watch does", async () => {
  using server = new PresenceServer();
  const notices: unknown[] = [];
  const replication = replicate(server, {
    watched: (...what) => void notices.push(what),
  });
  const hearing = server.relay.subscribe("doc-1", () => {});
  const other = server.relay.subscribe("doc-1", () => {});
  assertEquals(notices, [["doc-1", true]]);
  assertEquals(replication.watched(), ["doc-1"]);
  const watch = server.watch({ context: "doc-1" });
  await watch.next();
  assertEquals(replication.watched(), ["doc-1"]);
  hearing[Symbol.dispose]();
  other[Symbol.dispose]();
  assertEquals(notices, [["doc-1", true]]);
  const last = server.relay.subscribe("doc-1", () => {});
  await watch[Symbol.asyncDispose]();
  assertEquals(notices, [["doc-1", true]]);
  last[Symbol.dispose]();
  assertEquals(notices, [["doc-1", true], ["doc-1", false]]);
  assertEquals(replication.watched(), []);
});

Deno.test("PresenceServer.locate() trusts other servers about their own entries, if they answer", async () => {
  for (const isComplete of [true, false]) {
    using server = new PresenceServer();
    const replication = replicate(server, {
      locate: () => Promise.resolve({ entries: [], isComplete, missing: [] }),
    });
    replication.put([remote()]);
    server.receive(update({ context: "doc-2" }));
    const { snapshots } = await server.locate("alice");
    assertEquals(
      snapshots.map(({ context }) => context).sort(),
      isComplete ? ["doc-2"] : ["doc-1", "doc-2"],
    );
  }
});

Deno.test("PresenceServer.lastSeen() ignores entries that are only no longer followed", () => {
  using server = new PresenceServer();
  const replication = replicate(server);
  const [first, second] = ["ann", "bob"].map((subject) => remote({ subject }));
  assert(first && second);
  replication.put([first, second]);
  replication.forget([first]);
  replication.drop([second]);
  assertEquals(server.store.size, 0);
  assertEquals(server.lastSeen("ann", "doc-1"), undefined);
  assert(server.lastSeen("bob", "doc-1"));
});

Deno.test("PresenceServer notifies its replicator once that it is disposed of", () => {
  const server = new PresenceServer();
  let closed = 0;
  replicate(server, { closed: () => void closed++ });
  server[Symbol.dispose]();
  server[Symbol.dispose]();
  assertEquals(closed, 1);
});
