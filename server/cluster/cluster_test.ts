import { assert, assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  ContextAtCapacityError,
  PresenceServer,
  PUBLIC_VIEWER,
} from "../mod.ts";
import { type TopicModel, TopicPresence } from "../topics/mod.ts";
import { keyOf, update } from "../testing/harness.ts";
import {
  type BackboneListener,
  joinCluster,
  MemoryBackbone,
  type PresenceBackbone,
} from "./mod.ts";
import { Lab, type LabNode, SOON, TIMES } from "./testing/lab.ts";

const { leaseTtlMs, holdMs } = TIMES;
const HALF_AN_HOUR = 30 * 60_000;

/** Two connected nodes with a watcher of doc-1 at each. */
async function pair(lab: Lab): Promise<[LabNode, LabNode]> {
  const a = await lab.start("a");
  const b = await lab.start("b", {
    clock: () => Date.now() + HALF_AN_HOUR,
  });
  await a.watch();
  await b.watch();
  await lab.pass();
  return [a, b];
}

function fail(): never {
  throw new Error("There is nothing");
}

function facetsAt(node: LabNode, fields = {}): unknown {
  return node.server.store.snapshot(keyOf(fields))?.facets;
}

// Together

Deno.test("joinCluster() shows people at two nodes to each other, whatever their clocks", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "alice", facets: { activity: "editing" } });
  await b.receive({ subject: "bob" });
  await lab.pass();
  assertEquals(a.shows(), ["alice", "bob"]);
  assertEquals(b.shows(), ["alice", "bob"]);
  assertEquals(facetsAt(b), { activity: "editing" });
  assertEquals([a.cluster.status, b.cluster.status], [
    "connected",
    "connected",
  ]);
  assertEquals(a.cluster.nodes(), ["a", "b"]);
  assertEquals([a.errors, b.errors], [[], []]);
});

/** Runs the next task, and all that follows from it. */
async function nextTask(time: FakeTime): Promise<void> {
  await time.tickAsync(0);
  await time.runMicrotasks();
}

/** A server with many entries, which may not all be shared in one task. */
function crowded(count: number, clock = Date.now): PresenceServer {
  const server = new PresenceServer({ clock });
  for (let n = 0; n < count; n++) {
    server.receive(update({ subject: `s${n}`, expiry: "never" }));
  }
  return server;
}

Deno.test("joinCluster() takes over many entries in slices, and other tasks run in between", async () => {
  using time = new FakeTime();
  using here = crowded(2_500);
  using there = new PresenceServer();
  const backbone = new MemoryBackbone();
  await using a = joinCluster(here, backbone);
  const waiting = [a.stats.unwritten];
  here.withdraw(keyOf({ subject: "s2400" }));
  here.receive(update({ subject: "new", expiry: "never" }));
  while (a.status === "connecting") {
    await nextTask(time);
    waiting.push(a.stats.unwritten);
  }
  assertEquals(waiting, [1_000, 2_001, 0]);
  await using b = joinCluster(there, backbone);
  await nextTask(time);
  assertEquals(b.status, "connected");
  const followed = there.follow("doc-1");
  await time.runMicrotasks();
  const shown = [there.store.size];
  while (shown.at(-1) !== here.store.size) {
    await nextTask(time);
    shown.push(there.store.size);
  }
  assertEquals(shown, [1_000, 2_000, 2_500]);
  await time.tickAsync(10);
  assert(await followed);
  const subjects = ({ store }: PresenceServer) =>
    store.snapshots({ context: "doc-1" }).map(({ subject }) => subject).sort();
  assertEquals(subjects(there), subjects(here));
});

Deno.test("joinCluster() reports once that entries can't be taken over, and shares them later", async () => {
  using time = new FakeTime();
  let isBroken = false;
  using here = crowded(2_500, () => {
    if (isBroken) throw new Error("The clock is broken");
    return Date.now();
  });
  using there = new PresenceServer();
  const backbone = new MemoryBackbone();
  const errors: string[] = [];
  await using a = joinCluster(here, backbone, {
    onError: (error) => errors.push(String(error)),
  });
  isBroken = true;
  await nextTask(time);
  isBroken = false;
  while (a.status === "connecting") await time.tickAsync(1_000);
  await using b = joinCluster(there, backbone);
  await nextTask(time);
  assertEquals(b.status, "connected");
  there.follow("doc-1");
  for (let task = 0; task < 10; task++) await nextTask(time);
  assertEquals(errors, ["Error: The clock is broken"]);
  assertEquals(there.store.size, 2_500);
});

Deno.test("joinCluster() can be left before all entries are taken over", async () => {
  using time = new FakeTime();
  using server = crowded(2_500);
  const backbone = new MemoryBackbone();
  const cluster = joinCluster(server, backbone);
  await cluster.leave();
  await time.tickAsync(60_000);
  assertEquals(cluster.status, "left");
  await using again = joinCluster(server, backbone);
  while (again.status === "connecting") await time.tickAsync(0);
  assertEquals(again.status, "connected");
  assertEquals(again.stats.unwritten, 0);
});

Deno.test("joinCluster() shares updates, goodbyes and expiries", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ facets: { activity: "editing" } });
  await a.receive({
    subject: "bob",
    origin: "bob",
    expiry: Date.now() + 1_000,
  });
  await lab.pass();
  const mirror = await b.watch();
  await mirror.read();
  await a.receive({ facets: { activity: null, availability: "busy" } });
  await lab.pass();
  assertEquals(await mirror.events(), ["updated alice"]);
  assertEquals(facetsAt(b), { availability: "busy" });
  await a.run(() => a.server.withdraw(keyOf()));
  await lab.pass();
  assertEquals(await mirror.events(), ["left alice"]);
  await lab.pass(600);
  assertEquals(await mirror.events(), ["left bob"]);
});

Deno.test("joinCluster() shares the entries that the server received before", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const server = new PresenceServer();
  await b.receive();
  const early = new PresenceServer();
  early.receive({
    subject: "early",
    context: "doc-1",
    origin: "x",
    visibility: "public",
    observedAt: Date.now(),
    expiry: "never",
    facets: {},
  });
  const cluster = joinCluster(early, lab.network.for(a.process), {
    node: "c",
    ...TIMES,
  });
  await lab.pass();
  assertEquals(a.shows(), ["alice", "early"]);
  assertEquals(early.store.size, 2);
  await a.run(() => cluster.leave());
  await lab.pass();
  assertEquals(a.shows(), ["alice"]);
  early[Symbol.dispose]();
  server[Symbol.dispose]();
});

Deno.test("joinCluster() connects two nodes that start at once, and a third one that is late", async () => {
  using lab = new Lab();
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await a.receive({ subject: "alice" });
  await b.receive({ subject: "bob" });
  await lab.pass(1_000);
  const c = await lab.start("c");
  await c.watch();
  await lab.pass();
  assertEquals(c.shows(), ["alice", "bob"]);
  assertEquals(b.shows(), ["alice", "bob"]);
  for (const node of [a, b, c]) {
    assertEquals(node.cluster.nodes(), ["a", "b", "c"]);
  }
});

Deno.test("joinCluster() keeps restricted labels, and shows hidden entries to nobody", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ visibility: "private" });
  await a.receive({ subject: "bob" });
  await lab.pass();
  const mirror = await b.watch();
  await mirror.read();
  assertEquals(b.server.store.snapshot(keyOf())?.visibility, "private");
  assertEquals(
    b.server.store.snapshots({ visible: (label) => label === "public" }).length,
    1,
  );
  await a.run(() => a.server.withdraw(keyOf()));
  await lab.pass();
  assertEquals(b.server.lastSeen("alice", "doc-1", PUBLIC_VIEWER), undefined);
});

Deno.test("joinCluster() checks the capacity at the node that admits a publisher", async () => {
  using lab = new Lab();
  const a = await lab.start("a", { maxSubjectsPerContext: 1 });
  const b = await lab.start("b", { maxSubjectsPerContext: 1 });
  await b.watch();
  await lab.pass();
  await a.receive({ subject: "alice" });
  await lab.pass();
  let refused: unknown;
  await b.run(() => {
    try {
      b.server.receive({
        ...keyOf({ subject: "bob" }),
        visibility: "public",
        observedAt: 0,
        expiry: "never",
        facets: {},
      });
    } catch (error) {
      refused = error;
    }
  });
  assert(refused instanceof ContextAtCapacityError);
});

Deno.test("joinCluster() makes all nodes list the metas of a key in one order", async () => {
  using lab = new Lab();
  const nodes = await Promise.all(
    ["a", "b", "c"].map((name) => lab.start(name)),
  );
  const topics: TopicPresence[] = [];
  for (const { server } of nodes) {
    const typed: PresenceServer<TopicModel> = Object.assign(server);
    topics.push(new TopicPresence(typed));
  }
  for (const node of nodes) await node.watch("post:1");
  for (const turn of [0, 1, 2, 3, 4, 5]) {
    const index = (turn * 2) % 3;
    await nodes[index]?.run(() =>
      topics[index]?.track("post:1", "ada", { turn }, { ttlMs: Infinity })
    );
  }
  await lab.pass();
  const [first, ...others] = topics.map((topic) => topic.list("post:1"));
  assertEquals(first?.[0]?.metas.length, 6);
  for (const other of others) assertEquals(other, first);
});

// Ownership

Deno.test("joinCluster() moves an entry to the node that its publisher uses", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const mirror = await a.watch();
  await a.receive({ facets: { activity: "editing" } });
  await lab.pass();
  await mirror.read();
  await b.receive({ facets: { availability: "busy" } });
  await lab.pass();
  const merged = { activity: "editing", availability: "busy" };
  assertEquals([facetsAt(a), facetsAt(b)], [merged, merged]);
  assertEquals(await mirror.events(), ["updated alice"]);

  // The late end of the old connection.
  await a.run(() => a.server.disconnect("tab"));
  await lab.pass(5_000);
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
  assertEquals(await mirror.events(), []);

  await b.run(() => b.server.withdraw(keyOf()));
  await lab.pass();
  assertEquals(await mirror.events(), ["left alice"]);
});

Deno.test("joinCluster() accepts the posts of one publisher at two nodes in turn", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const mirror = await a.watch();
  for (const turn of Array(20).keys()) {
    const node = turn % 2 === 0 ? a : b;
    await node.receive({ expiry: node.server.now + 400 });
    await lab.pass(150);
  }
  assertEquals(await mirror.events(), ["joined alice"]);
  await lab.pass(1_000);
  assertEquals(await mirror.events(), ["left alice"]);
  assertEquals(b.shows(), []);
});

Deno.test("joinCluster() accepts a goodbye at any node", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive();
  await lab.pass();
  await b.run(() => b.server.withdraw(keyOf()));
  await lab.pass(5_000);
  assertEquals([a.shows(), b.shows()], [[], []]);
});

Deno.test("joinCluster() takes no entry over for a delayed update of a publisher that has moved", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ facets: { activity: "editing" } });
  await lab.pass();
  lab.network.cut(b.process, true);
  await b.receive({ facets: { activity: "idle" } });
  await lab.pass(100);
  await b.run(() => b.server.disconnect("tab"));
  await a.receive({ facets: { activity: "presenting" } });
  await lab.pass(100);
  lab.network.cut(b.process, false);
  await lab.pass(5_000);
  const presenting = { activity: "presenting" };
  assertEquals([facetsAt(a), facetsAt(b)], [presenting, presenting]);
});

Deno.test("joinCluster() ignores a delayed goodbye of a publisher that is back", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive();
  await lab.pass();
  lab.network.cut(b.process, true);
  await b.run(() => b.server.withdraw(keyOf()));
  await lab.pass(100);
  await a.receive({ facets: { activity: "idle" } });
  await lab.pass(100);
  lab.network.cut(b.process, false);
  await lab.pass(1_000);
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
});

Deno.test("joinCluster() reports no departure when a page reloads at another node", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const c = await lab.start("c");
  const mirror = await c.watch();
  await a.receive({ origin: "tab/1" });
  await lab.pass();
  await a.run(() => a.server.disconnect("tab/1"));
  await lab.pass(500);
  await b.receive({ origin: "tab/2" });
  await lab.pass(5_000);
  const told = await mirror.events();
  assertEquals(told.filter((event) => event !== "updated alice"), [
    "joined alice",
  ]);
  assertEquals(a.server.store.size, 1);
});

// Interest and traffic

Deno.test("joinCluster() follows only contexts with watchers or own subjects", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ context: "doc-2" });
  await lab.pass();
  assertFalse(b.follows("doc-2"));
  assertEquals(b.shows("doc-2"), []);
  const mirror = await b.watch("doc-2");
  await lab.pass();
  assertEquals(b.shows("doc-2"), ["alice"]);
  await b.run(() => mirror.reader.watch.return?.());
  await lab.pass(leaseTtlMs * 2);
  assertFalse(b.follows("doc-2"));
  assertEquals(b.shows("doc-2"), []);
  assert(a.follows("doc-2"));
});

Deno.test("joinCluster() keeps following a watched context after its last own subject has left", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive();
  await b.receive({ subject: "bob" });
  await lab.pass();
  await a.run(() => a.server.withdraw(keyOf()));
  await lab.pass(leaseTtlMs * 4);
  assertEquals(a.shows(), ["bob"]);
});

Deno.test("joinCluster() writes nothing for a heartbeat", async () => {
  using lab = new Lab();
  const [a] = await pair(lab);
  await a.receive({ facets: { activity: "editing" } });
  await lab.pass();
  const writes = lab.network.calls.get("write");
  for (let beat = 0; beat < 20; beat++) {
    await a.receive({ facets: { activity: "editing" } });
    await lab.pass(50);
  }
  assertEquals(lab.network.calls.get("write"), writes);
});

Deno.test("joinCluster() writes many changes at once", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const before = lab.network.calls.get("write") ?? 0;
  await a.run(() => {
    for (let index = 0; index < 1_200; index++) {
      a.server.receive({
        ...keyOf({ subject: `s${index}` }),
        visibility: "public",
        observedAt: Date.now(),
        expiry: "never",
        facets: {},
      });
    }
  });
  await lab.pass(500);
  assertEquals(b.shows().length, 1_200);
  assertEquals((lab.network.calls.get("write") ?? 0) - before, 3);
});

Deno.test("joinCluster() remembers only those own writes whose changes it has not received", async () => {
  using lab = new Lab();
  const [a] = await pair(lab);
  for (let turn = 0; turn < 100; turn++) {
    await a.receive({ origin: `tab/${turn}` });
    await lab.pass(20);
    await a.run(() => a.server.withdrawOrigin(`tab/${turn}`));
    await lab.pass(10);
  }
  await lab.pass();
  assertEquals(a.unheard("doc-1"), 0);
  assert((lab.network.calls.get("read") ?? 0) < 10, "nor reads it for that");
});

// Loss

Deno.test("joinCluster() detects a lost change by the next one, and the last one by a lease", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const { weather } = lab.network;
  lab.network.weather = { ...weather, loss: 1 };
  await a.receive({ subject: "lost" });
  await lab.pass(50);
  lab.network.weather = weather;
  assertEquals(b.shows(), []);
  await a.receive({ subject: "next" });
  await lab.pass(90);
  assertEquals(b.shows(), ["lost", "next"]);

  lab.network.weather = { ...weather, loss: 1 };
  await a.run(() => a.server.withdraw(keyOf({ subject: "lost" })));
  await lab.pass(50);
  lab.network.weather = weather;
  await lab.pass(leaseTtlMs);
  assertEquals(b.shows(), ["next"]);
});

Deno.test("joinCluster() detects missed leases by their count", async () => {
  using lab = new Lab();
  const options = { renewalMs: 30 };
  const a = await lab.start("a", {}, options);
  const b = await lab.start("b", {}, options);
  await b.watch();
  await a.receive({ context: "doc-2" });
  await lab.pass();
  const { weather } = lab.network;
  lab.network.weather = { ...weather, loss: 1 };
  await a.receive();
  await lab.pass(leaseTtlMs - 50);
  lab.network.weather = weather;
  // No lease names the change now.
  await lab.pass(90);
  assertEquals(b.shows(), ["alice"]);
});

Deno.test("joinCluster() applies no change after an interruption before it has read the context again", async () => {
  using lab = new Lab();
  using server = new PresenceServer();
  const memory = new MemoryBackbone();
  let node: BackboneListener | undefined;
  const backbone: PresenceBackbone = {
    connect: (name, listener) => memory.connect(name, node = listener),
  };
  await using _cluster = joinCluster(server, backbone, { node: "a" });
  server.receive(update());
  await lab.pass();
  const reader = await memory.connect("reader", node ?? fail());
  const { memory: name, revision, rows } = await reader.read('"doc-1"');
  await reader.close();
  const [{ id } = fail()] = rows;
  // A replica that knows only a former owner purges the row.
  node?.onInterrupted();
  node?.onChange({
    context: '"doc-1"',
    memory: name,
    revision: revision + 1,
    previous: revision,
    change: { type: "removed", id, age: 0 },
  });
  await lab.pass();
  assertEquals(server.store.size, 1);
});

// Ends of nodes

Deno.test("joinCluster() drops the entries of a dead node in one batch, and purges them once", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const c = await lab.start("c");
  await c.watch();
  for (let index = 0; index < 30; index++) {
    await a.receive({ subject: `s${index}` });
  }
  await b.receive({ subject: "bob" });
  await lab.pass();
  const mirror = await b.watch();
  await mirror.read();
  lab.kill(a);
  await lab.pass(leaseTtlMs / 2);
  assertEquals(await mirror.read(), [], "not before the lease has run out");
  await lab.pass(leaseTtlMs * 2);
  const batches = await mirror.read();
  assertEquals(batches.length, 1);
  assertEquals(batches[0]?.map(({ type }) => type), Array(30).fill("left"));
  assertEquals([b.shows(), c.shows()], [["bob"], ["bob"]]);
  assertEquals([b.cluster.nodes(), c.cluster.nodes()], [["b", "c"], [
    "b",
    "c",
  ]]);
  assertEquals(lab.network.calls.get("purge"), 1);
});

Deno.test("joinCluster() finds the last writes of a node that died before others received them", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive();
  await lab.pass(150);
  const { weather } = lab.network;
  lab.network.weather = { ...weather, loss: 1 };
  await b.receive();
  await lab.pass(45);
  lab.kill(b);
  lab.network.weather = weather;
  await lab.pass(leaseTtlMs + SOON);
  assertEquals(a.shows(), ["alice"]);
  const late = await lab.start("late");
  await late.watch();
  await lab.pass();
  assertEquals(late.shows(), ["alice"]);
});

Deno.test("joinCluster() begins another life after a pause that was longer than the lease", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "stays", origin: "stays" });
  await a.receive({ subject: "moves", origin: "moves" });
  await lab.pass();
  a.process.isPaused = true;
  await lab.pass(leaseTtlMs * 3);
  assertEquals(b.shows(), []);
  await b.receive({
    subject: "moves",
    origin: "moves",
    facets: { activity: "idle" },
  });
  await lab.pass();
  await lab.processes.resume(a.process);
  await lab.pass(leaseTtlMs);
  for (const node of [a, b]) {
    assertEquals(node.shows(), ["moves", "stays"]);
    assertEquals(
      facetsAt(node, { subject: "moves", origin: "moves" }),
      { activity: "idle" },
    );
  }
  await a.run(() => a.server.disconnect("moves"));
  await lab.pass(5_000);
  assertEquals(b.shows(), ["moves", "stays"]);
});

Deno.test("joinCluster() accepts a restarted node by its old name", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "old" });
  await lab.pass();
  lab.kill(a);
  const again = await lab.start("a");
  await again.watch();
  await again.receive({ subject: "new" });
  await lab.pass();
  assertEquals([again.shows(), b.shows()], [["new"], ["new"]]);
  assertEquals(b.cluster.nodes(), ["a", "b"]);
  await lab.pass(leaseTtlMs * 3);
  assertEquals([again.shows(), b.shows()], [["new"], ["new"]]);
});

Deno.test("Cluster.leave() retracts own entries at once, and drops those of others", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive();
  await b.receive({ subject: "bob" });
  await lab.pass();
  await a.run(() => a.cluster.leave());
  await lab.pass(100);
  assertEquals(b.shows(), ["bob"]);
  assertEquals(a.shows(), ["alice"]);
  assertEquals(b.cluster.nodes(), ["b"]);
  assertEquals(a.cluster.status, "left");
  await a.run(() => a.cluster.leave());
  await a.receive({ subject: "carol" });
  await lab.pass(1_000);
  assertEquals(b.shows(), ["bob"]);
});

Deno.test("Cluster.leave() keeps rows for a rolling restart, so that nobody is shown to leave", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ origin: "tab/1" });
  await lab.pass();
  const mirror = await b.watch();
  await mirror.read();
  await a.run(() => a.cluster.leave({ keep: true }));
  await lab.pass(100);
  lab.kill(a);
  const again = await lab.start("a2");
  await again.watch();
  await again.receive({ origin: "tab/2" });
  await lab.pass(leaseTtlMs * 3);
  const told = await mirror.events();
  assertEquals(told.filter((event) => event !== "updated alice"), []);
  assertEquals(b.server.store.size, 1);
});

// The backbone

Deno.test("joinCluster() holds the entries of others while the backbone is away, and is isolated", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "alice" });
  await lab.pass();
  const mirror = await b.watch();
  await mirror.read();
  lab.network.setAway(true);
  await lab.pass(holdMs - 500);
  assertEquals([a.cluster.status, b.cluster.status], ["isolated", "isolated"]);
  assertEquals(b.shows(), ["alice"]);
  lab.network.setAway(false);
  await lab.pass(1_000);
  assertEquals([a.cluster.status, b.cluster.status], [
    "connected",
    "connected",
  ]);
  assertEquals(await mirror.events(), []);
});

Deno.test("joinCluster() empties no context when the backbone forgets within the hold", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "alice" });
  await b.receive({ subject: "bob" });
  await lab.pass();
  const mirrors = [await a.watch(), await b.watch()];
  for (const mirror of mirrors) await mirror.read();
  lab.network.setAway(true, "everything");
  await lab.pass(holdMs - 500);
  lab.network.setAway(false);
  await lab.pass(1_000);
  for (const mirror of mirrors) assertEquals(await mirror.events(), []);
  const late = await lab.start("late");
  await late.watch();
  await lab.pass();
  assertEquals(late.shows(), ["alice", "bob"]);
});

Deno.test("joinCluster() shows only own entries after the hold, and all when it is connected again", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "alice" });
  await b.receive({ subject: "bob" });
  await lab.pass();
  lab.network.setAway(true, "everything");
  await lab.pass(holdMs + 500);
  assertEquals([a.shows(), b.shows()], [["alice"], ["bob"]]);
  lab.network.setAway(false);
  await lab.pass(1_000);
  assertEquals([a.shows(), b.shows()], [["alice", "bob"], ["alice", "bob"]]);
});

Deno.test("joinCluster() holds no entry of a node that died while the backbone forgot", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "alice" });
  await lab.pass();
  lab.network.setAway(true, "everything");
  lab.kill(a);
  await lab.pass(500);
  lab.network.setAway(false);
  await lab.pass(leaseTtlMs * 2 + SOON);
  assertEquals(b.shows(), []);
  assertEquals(b.cluster.nodes(), ["b"]);
});

Deno.test("joinCluster() blocks nobody while the backbone is away, and keeps at most one write for each row", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  lab.network.setAway(true);
  await lab.pass(100);
  for (let turn = 0; turn < 100; turn++) {
    await a.receive({
      subject: `s${turn % 5}`,
      facets: { activity: turn % 2 ? "idle" : "editing" },
    });
  }
  assertEquals(a.shows().length, 5);
  assertEquals(a.waiting, 5);
  lab.network.setAway(false);
  await lab.pass(1_000);
  assertEquals(b.shows().length, 5);
  assertEquals(a.waiting, 0);
});

Deno.test("joinCluster() keeps nothing of subjects that come and go while the backbone is away", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "stays" });
  await a.receive({ subject: "goes" });
  await lab.pass();
  lab.network.setAway(true);
  await lab.pass(100);
  await a.run(() => a.server.withdraw(keyOf({ subject: "goes" })));
  for (let turn = 0; turn < 50; turn++) {
    const key = { context: `doc/${turn}`, origin: `tab/${turn}` };
    await a.receive(key);
    await a.receive({ origin: `tab/${turn}` });
    await a.run(() => a.server.withdrawOrigin(`tab/${turn}`));
  }
  await lab.pass();
  assertEquals([a.waiting, a.followed], [0, 1]);
  lab.network.setAway(false);
  await lab.pass(400);
  assertEquals([a.shows(), b.shows()], [["stays"], ["stays"]]);
  const { connection } = await lab.connect("stranger");
  assertEquals((await connection.read('"doc-1"')).rows.length, 1);
});

Deno.test("joinCluster() starts without a backbone, and connects when there is one", async () => {
  using lab = new Lab();
  lab.network.setAway(true);
  const a = await lab.start("a");
  await a.receive();
  await lab.pass(1_000);
  assertEquals(a.cluster.status, "connecting");
  assertEquals(a.shows(), ["alice"]);
  lab.network.setAway(false);
  await lab.pass();
  assertEquals(a.cluster.status, "connected");
  const b = await lab.start("b");
  await b.watch();
  await lab.pass();
  assertEquals(b.shows(), ["alice"]);
});

Deno.test("MemoryBackbone connects servers of one process", async () => {
  using lab = new Lab();
  const backbone = new MemoryBackbone();
  using one = new PresenceServer();
  using other = new PresenceServer();
  await using _a = joinCluster(one, backbone, { node: "a" });
  await using _b = joinCluster(other, backbone, { node: "b" });
  await lab.pass();
  one.receive(update());
  const watch = other.watch({ context: "doc-1" });
  const first = watch.next();
  await lab.pass();
  await first;
  assertEquals(other.store.size, 1);
  await watch.return?.();
});
