import { assert, assertEquals } from "@std/assert";
import { PresenceServer } from "../mod.ts";
import { keyOf, update } from "../testing/harness.ts";
import { joinCluster, MemoryBackbone, type PresenceBackbone } from "./mod.ts";
import { Lab, type LabNode, SOON, TIMES } from "./testing/lab.ts";
import { SILENT } from "./testing/silent_listener.ts";

const { leaseTtlMs } = TIMES;
const HOUR = 3_600_000;

async function start(lab: Lab, ...names: string[]): Promise<LabNode[]> {
  const nodes = await Promise.all(names.map((name) => lab.start(name)));
  for (const node of nodes) await node.watch();
  await lab.pass();
  return nodes;
}

// Clocks

for (const jump of [HOUR, -HOUR]) {
  const way = jump > 0 ? "forward" : "back";
  Deno.test(`joinCluster() gives up no node because a clock is set ${way}`, async () => {
    using lab = new Lab();
    let offset = 0;
    const a = await lab.start("a");
    const b = await lab.start("b", { clock: () => Date.now() + offset });
    for (const node of [a, b]) await node.watch();
    await a.receive({ subject: "alice" });
    await b.receive({ subject: "bob" });
    await lab.pass();
    const mirrors = [await a.watch(), await b.watch()];
    for (const mirror of mirrors) await mirror.read();
    offset = jump;
    await lab.pass(leaseTtlMs * 3);
    for (const mirror of mirrors) assertEquals(await mirror.events(), []);
    assertEquals(b.cluster.nodes(), ["a", "b"]);
    lab.kill(a);
    await lab.pass(leaseTtlMs * 2);
    assertEquals(b.shows(), ["bob"], "of a dead one it does");
  });
}

// Ends

Deno.test("joinCluster() drops the entries of several nodes that die at once", async () => {
  using lab = new Lab();
  const [a, b, c, d] = await start(lab, "a", "b", "c", "d");
  assert(a && b && c && d);
  for (const node of [a, b, c, d]) {
    await node.receive({ subject: node.cluster.node, origin: "x" });
  }
  await lab.pass();
  assertEquals(d.shows(), ["a", "b", "c", "d"]);
  for (const node of [a, b, c]) lab.kill(node);
  await lab.pass(leaseTtlMs + SOON);
  assertEquals([d.shows(), d.cluster.nodes()], [["d"], ["d"]]);
  assertEquals(lab.network.calls.get("purge"), 3);
});

Deno.test("joinCluster() drops the entries of a dead node soon after its lease has run out", async () => {
  using lab = new Lab();
  const [a, b] = await start(lab, "a", "b");
  assert(a && b);
  const contexts = Array.from({ length: 100 }, (_, index) => `doc/${index}`);
  for (const context of contexts) {
    await a.receive({ context });
    await b.watch(context);
  }
  await lab.pass();
  assertEquals(b.server.store.size, 100);
  lab.kill(a);
  // The last renewal arrived no later than now.
  await lab.pass(leaseTtlMs + 130);
  assertEquals(b.server.store.size, 0);
});

Deno.test("joinCluster() gives up a node that flaps no sooner than its lease has run out", async () => {
  using lab = new Lab();
  const [a, b] = await start(lab, "a", "b");
  assert(a && b);
  await a.receive();
  await lab.pass();
  const mirror = await b.watch();
  await mirror.read();
  for (let turn = 0; turn < 10; turn++) {
    lab.network.cut(a.process, true);
    await lab.pass(leaseTtlMs / 2);
    lab.network.cut(a.process, false);
    await lab.pass(leaseTtlMs / 2);
  }
  assertEquals(await mirror.events(), []);
});

Deno.test("joinCluster() agrees on one owner of an entry that two nodes receive at once", async () => {
  using lab = new Lab();
  const [a, b, c] = await start(lab, "a", "b", "c");
  assert(a && b && c);
  await Promise.all([
    a.receive({ facets: { activity: "editing" } }),
    b.receive({ facets: { activity: "idle" } }),
  ]);
  await lab.pass();
  const said = [a, b, c].map(({ server }) =>
    server.store.snapshot(keyOf())?.facets.activity
  );
  assertEquals(new Set(said).size, 1);
  const { connection } = await lab.connect("stranger");
  const [row, ...others] = (await connection.read('"doc-1"')).rows;
  assertEquals(others, []);
  // The present owner gives it up; the former owner removes nothing.
  const [owner, loser] = row?.node === "a" ? [a, b] : [b, a];
  await loser.run(() => loser.server.disconnect("tab"));
  await lab.pass(2_000);
  assertEquals(c.shows(), ["alice"]);
  await owner.run(() => owner.server.withdraw(keyOf()));
  await lab.pass();
  for (const node of [a, b, c]) assertEquals(node.shows(), []);
});

Deno.test("joinCluster() leaves nothing of a subject that comes and goes at once", async () => {
  using lab = new Lab();
  const [a, b] = await start(lab, "a", "b");
  assert(a && b);
  await a.run(() => {
    a.server.receive(update());
    a.server.withdraw(keyOf());
  });
  await b.receive({ subject: "bob" });
  await b.run(() => b.server.withdraw(keyOf({ subject: "bob" })));
  await lab.pass();
  assertEquals([a.shows(), b.shows()], [[], []]);
  const { connection } = await lab.connect("stranger");
  assertEquals((await connection.read('"doc-1"')).rows, []);
});

Deno.test("joinCluster() keeps two clusters apart", async () => {
  using lab = new Lab();
  const [a] = await start(lab, "a");
  assert(a);
  using server = new PresenceServer();
  await using other = joinCluster(server, new MemoryBackbone(), { node: "a" });
  await a.receive();
  await lab.pass();
  assertEquals(server.store.size, 0);
  assertEquals(await other.follow("doc-1"), true);
  assertEquals(other.nodes(), ["a"]);
});

// Leaving

Deno.test("Cluster.leave() leaves once, and returns the same promise again", async () => {
  using lab = new Lab();
  const [a, b] = await start(lab, "a", "b");
  assert(a && b);
  await a.receive();
  await lab.pass();
  let left = 0;
  await a.run(() => {
    for (let turn = 0; turn < 3; turn++) {
      a.cluster.leave({ keep: turn > 0 }).then(() => left++);
    }
  });
  assertEquals(left, 0);
  await lab.pass();
  assertEquals([left, lab.network.calls.get("end")], [3, 1]);
  assertEquals(b.shows(), []);
});

Deno.test("Cluster.leave() shares the last entries with the other nodes if they are kept", async () => {
  using lab = new Lab();
  const [a, b] = await start(lab, "a", "b");
  assert(a && b);
  await a.run(() => {
    a.server.receive(update({ observedAt: a.server.now }));
    a.cluster.leave({ keep: true });
  });
  await lab.pass(100);
  assertEquals(b.shows(), ["alice"]);
  assertEquals(b.cluster.nodes(), ["a", "b"]);
  await lab.pass(leaseTtlMs * 2);
  assertEquals([b.shows(), b.cluster.nodes()], [[], ["b"]]);
});

Deno.test("Cluster.leave() of a node that is cut off ends, and reports the failure", async () => {
  using lab = new Lab();
  const [a, b] = await start(lab, "a", "b");
  assert(a && b);
  await a.receive();
  await b.receive({ subject: "bob" });
  await lab.pass();
  lab.network.cut(a.process, true);
  let hasLeft = false;
  await a.run(() => a.cluster.leave().then(() => hasLeft = true));
  await lab.pass();
  assert(hasLeft);
  assertEquals(a.errors.length > 0, true);
  assertEquals(a.shows(), ["alice"]);
  await lab.pass(leaseTtlMs * 2);
  assertEquals(b.shows(), ["bob"]);
});

Deno.test("Cluster.leave() before the connection is there closes it when it comes", async () => {
  using lab = new Lab();
  using server = new PresenceServer();
  const memory = new MemoryBackbone();
  const open = Promise.withResolvers<void>();
  let closed = 0;
  const backbone: PresenceBackbone = {
    async connect(node, listener) {
      await open.promise;
      const connection = await memory.connect(node, listener);
      const close = connection.close.bind(connection);
      connection.close = () => {
        closed++;
        return close();
      };
      return connection;
    },
  };
  const cluster = joinCluster(server, backbone, { node: "a" });
  await cluster.leave();
  open.resolve();
  await lab.pass();
  assertEquals(closed, 1);
  const other = await memory.connect("b", SILENT);
  assertEquals(await other.leases(), []);
});

Deno.test("Cluster leaves by `await using`, and its server may join again", async () => {
  using lab = new Lab();
  const backbone = new MemoryBackbone();
  using one = new PresenceServer();
  using other = new PresenceServer();
  await using stays = joinCluster(other, backbone, { node: "stays" });
  one.receive(update());
  for (let turn = 0; turn < 2; turn++) {
    await using _cluster = joinCluster(one, backbone);
    await lab.pass();
    assertEquals(await stays.follow("doc-1"), true);
    assertEquals(other.store.size, 1);
    assertEquals(stays.nodes().length, 2);
  }
  await lab.pass();
  assertEquals([other.store.size, stays.nodes()], [0, ["stays"]]);
  assertEquals(one.store.size, 1);
});

// Texts

Deno.test("joinCluster() sends a text to the servers that follow its context, and not back", async () => {
  using lab = new Lab();
  const [a, b] = await start(lab, "a", "b");
  const c = await lab.start("c");
  assert(a && b);
  await lab.pass();
  const heard: unknown[] = [];
  for (const node of [a, b, c]) {
    const context = node === c ? "doc-2" : "doc-1";
    const { server, cluster } = node;
    await node.run(() =>
      server.relay.subscribe(
        context,
        (text) => heard.push([cluster.node, text]),
      )
    );
  }
  await lab.pass();
  await a.run(() => a.server.relay.publish("doc-1", "hello"));
  await lab.pass();
  assertEquals(heard, [["b", "hello"]]);
  lab.network.cut(a.process, true);
  await a.run(() => a.server.relay.publish("doc-1", "lost"));
  await lab.pass();
  assertEquals(heard.length, 1);
});

Deno.test("Cluster.leave() is called when the server is disposed of", async () => {
  using lab = new Lab();
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await b.watch();
  await a.receive();
  await lab.pass();
  assertEquals(b.shows(), ["alice"]);
  await a.run(() => a.server[Symbol.dispose]());
  await lab.pass();
  assertEquals(a.cluster.status, "left");
  assertEquals(b.shows(), []);
  assertEquals(b.cluster.nodes(), ["b"]);
});
