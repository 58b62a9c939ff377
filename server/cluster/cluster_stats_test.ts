import { assert, assertEquals } from "@std/assert";
import { countedSignal, keyOf, Reader } from "../testing/harness.ts";
import { Lab, TIMES } from "./testing/lab.ts";

Deno.test("Cluster.stats returns how many rows each living node owns", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  const b = await lab.start("b");
  for (const node of [a, b]) await node.watch();
  await lab.pass();
  await a.receive({ subject: "alice" });
  await a.receive({ subject: "adam" });
  await b.receive({ subject: "bob" });
  await lab.pass();
  for (const node of [a, b]) {
    const { rows, nodes, contexts } = node.cluster.stats;
    assertEquals([...rows], [["a", 2], ["b", 1]]);
    assertEquals([nodes, contexts], [["a", "b"], 1]);
  }
  lab.kill(a);
  await lab.pass(TIMES.leaseTtlMs * 2);
  assertEquals([...b.cluster.stats.rows], [["b", 1]]);
});

Deno.test("Cluster.stats counts the nodes that join and leave", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  assertEquals(a.cluster.stats.nodesCame, 0);
  const b = await lab.start("b");
  const c = await lab.start("c");
  await lab.pass();
  lab.kill(b);
  await c.run(() => c.cluster.leave());
  await lab.pass(TIMES.leaseTtlMs * 2);
  const { nodesCame, nodesWent, nodes } = a.cluster.stats;
  assertEquals({ nodesCame, nodesWent, nodes }, {
    nodesCame: 2,
    nodesWent: 2,
    nodes: ["a"],
  });
});

Deno.test("Cluster.stats returns how many changes wait, and since when", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  assertEquals(a.cluster.stats.lagMs, 0);
  lab.network.setAway(true);
  await lab.pass(TIMES.leaseTtlMs);
  assertEquals(a.cluster.stats.status, "isolated");
  await a.receive({ subject: "alice" });
  await lab.pass(100);
  await a.receive({ subject: "bob" });
  await lab.pass(100);
  const behind = a.cluster.stats;
  assertEquals(behind.unwritten, 2);
  assertEquals(behind.lagMs, 200);
  lab.network.setAway(false);
  await lab.pass();
  const { written, unwritten, lagMs } = a.cluster.stats;
  assertEquals({ written, unwritten, lagMs }, {
    written: 2,
    unwritten: 0,
    lagMs: 0,
  });
});

Deno.test("Cluster.stats has no lag for entries that came and went while nothing could be written", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  lab.network.setAway(true);
  await lab.pass(TIMES.leaseTtlMs);
  await a.receive({ subject: "alice" });
  await lab.pass(100);
  await a.run(() => a.server.withdraw(keyOf({ subject: "alice" })));
  assertEquals(a.cluster.stats.unwritten, 0);
  assertEquals(a.cluster.stats.lagMs, 0);
  await lab.pass(100);
  await a.receive({ subject: "bob" });
  await lab.pass(50);
  assertEquals(a.cluster.stats.lagMs, 50);
});

Deno.test("Cluster.stats lists no nodes after the node has left", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.start("b");
  await a.watch();
  await lab.pass();
  await a.run(() => a.cluster.leave());
  await lab.pass();
  const { status, nodes, rows, contexts } = a.cluster.stats;
  assertEquals([status, nodes, [...rows], contexts], ["left", [], [], 0]);
});

Deno.test("Cluster.watchNodes() yields the present nodes and each change, and ends after the node has left", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  const nodes = new Reader(a.cluster.watchNodes());
  assertEquals(await nodes.read(), [["a"]]);
  const b = await lab.start("b");
  await lab.pass();
  assertEquals(await nodes.read(), [["a", "b"]]);
  lab.kill(b);
  await lab.pass(TIMES.leaseTtlMs * 2);
  assertEquals(await nodes.read(), [["a"]]);
  await a.run(() => a.cluster.leave());
  await lab.pass();
  assertEquals(await nodes.read(), [[]]);
  assert(nodes.done);
});

Deno.test("Cluster.watchNodes() ends without an error when it is aborted, and leaks nothing", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  const counted = countedSignal();
  const nodes = new Reader(a.cluster.watchNodes({ signal: counted.signal }));
  await nodes.read();
  assertEquals(counted.listeners, 1);
  counted.controller.abort();
  assertEquals(await nodes.read(), []);
  assert(nodes.done);
  assertEquals(counted.listeners, 0);
});
