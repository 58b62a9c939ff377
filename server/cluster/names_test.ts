import { assert, assertEquals } from "@std/assert";
import { keyOf } from "../testing/harness.ts";
import { NodeNameTakenError } from "./mod.ts";
import { Lab, type LabNode, TIMES } from "./testing/lab.ts";

const { leaseTtlMs } = TIMES;

/** Two processes that have joined as "a", and a node that watches. */
async function twins(lab: Lab): Promise<[LabNode, LabNode, LabNode]> {
  const [a, other] = [await lab.start("a"), await lab.start("other")];
  for (const node of [a, other]) await node.watch();
  await a.receive({ subject: "alice" });
  await lab.pass();
  const twin = await lab.start("a");
  await twin.watch();
  await twin.receive({ subject: "bob" });
  await lab.pass(leaseTtlMs * 2);
  return [a, twin, other];
}

Deno.test("joinCluster() takes another name when another process has taken the old one, and reports it once", async () => {
  using lab = new Lab();
  const [a, twin, other] = await twins(lab);
  const { node } = a.cluster;
  assert(/^a~[0-9a-f]{8}$/.test(node), node);
  assertEquals(twin.cluster.node, "a");
  const [error, ...more] = a.errors;
  assert(error instanceof NodeNameTakenError);
  assertEquals([error.node, error.newName, more], ["a", node, []]);
  assertEquals([twin.errors, other.errors], [[], []]);
  for (const { cluster } of [a, twin, other]) {
    assertEquals(cluster.nodes(), ["a", node, "other"]);
    assertEquals(cluster.status, "connected");
  }
  for (const one of [a, twin, other]) {
    assertEquals(one.shows(), ["alice", "bob"]);
  }
});

Deno.test("joinCluster() of two nodes by one name costs a few calls, and no more later", async () => {
  using lab = new Lab();
  await twins(lab);
  assertEquals(lab.network.calls.get("acquire"), 4);
  const before = new Map(lab.network.calls);
  await lab.pass(leaseTtlMs * 10);
  for (const [call, count] of lab.network.calls) {
    if (call === "renew") continue;
    assertEquals(count, before.get(call), call);
  }
});

Deno.test("joinCluster() by another name shares, answers and ends as before", async () => {
  using lab = new Lab();
  const [a, twin, other] = await twins(lab);
  const mirror = await other.watch();
  await mirror.read();
  await a.receive({ facets: { activity: "editing" } });
  await twin.receive({ subject: "carol" });
  await lab.pass();
  assertEquals((await mirror.events()).sort(), [
    "joined carol",
    "updated alice",
  ]);
  assertEquals(
    twin.server.store.snapshot(keyOf())?.facets,
    { activity: "editing" },
  );
  let found: unknown;
  await other.run(async () => found = await other.cluster.locate("alice"));
  await lab.pass();
  assert(typeof found === "object" && found !== null);
  assertEquals("isComplete" in found && found.isComplete, true);
  await a.run(() => a.cluster.leave());
  await lab.pass();
  assertEquals(other.shows(), ["bob", "carol"]);
  assertEquals(other.cluster.nodes(), ["a", "other"]);
  lab.kill(twin);
  await lab.pass(leaseTtlMs * 2);
  assertEquals([other.shows(), other.cluster.nodes()], [[], ["other"]]);
});

Deno.test("joinCluster() connects two nodes that start by one name at once", async () => {
  using lab = new Lab();
  const nodes = await Promise.all(
    ["a", "a", "a"].map((name) => lab.start(name)),
  );
  await lab.pass(leaseTtlMs * 3);
  const names = nodes.map(({ cluster }) => cluster.node).sort();
  assertEquals(new Set(names).size, 3);
  assert(names.includes("a"));
  for (const { cluster } of nodes) assertEquals(cluster.nodes(), names);
});

Deno.test("joinCluster() renames a paused process whose successor has taken its name", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await a.watch();
  await a.receive({ subject: "alice" });
  await lab.pass();
  a.process.isPaused = true;
  await lab.pass(leaseTtlMs * 2);
  const successor = await lab.start("a");
  await successor.watch();
  await successor.receive({ subject: "bob" });
  await lab.pass(leaseTtlMs);
  await lab.processes.resume(a.process);
  await lab.pass(leaseTtlMs);
  assertEquals(successor.cluster.node, "a");
  assert(a.cluster.node !== "a");
  for (const { cluster } of [a, successor]) {
    assertEquals(cluster.nodes(), ["a", a.cluster.node]);
  }
  for (const node of [a, successor]) {
    assertEquals(node.shows(), ["alice", "bob"]);
  }
});

Deno.test("joinCluster() keeps the name of a node that was killed, cut off or given up", async () => {
  using lab = new Lab();
  const other = await lab.start("other");
  lab.kill(await lab.start("a"));
  await lab.pass();
  const a = await lab.start("a");
  await lab.pass();
  lab.network.cut(a.process, true);
  await lab.pass(leaseTtlMs * 3);
  lab.network.cut(a.process, false);
  await lab.pass(leaseTtlMs);
  a.process.isPaused = true;
  await lab.pass(leaseTtlMs * 3);
  await lab.processes.resume(a.process);
  await lab.pass();
  assertEquals(a.cluster.node, "a");
  assertEquals(other.cluster.nodes(), ["a", "other"]);
});

Deno.test("joinCluster() keeps the name of a node whose former life a replica brings back", async () => {
  using lab = new Lab();
  const predecessor = await lab.start("a");
  await lab.pass(100);
  lab.kill(predecessor);
  await lab.pass(20);
  lab.network.checkpoint();
  await lab.pass(20);
  const a = await lab.start("a");
  await lab.pass(80);
  lab.network.setAway(true, "the latest");
  await lab.pass(30);
  lab.network.setAway(false);
  await lab.pass();
  assertEquals([a.cluster.node, a.cluster.status], ["a", "connected"]);
  assertEquals(
    a.errors.some((one) => one instanceof NodeNameTakenError),
    false,
  );
});

Deno.test("Cluster.leave() during a change of the name ends, and leaves nothing behind", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await a.receive();
  await lab.pass();
  await lab.start("a");
  await lab.pass(25);
  let hasLeft = false;
  await a.run(() => a.cluster.leave().then(() => hasLeft = true));
  await lab.pass(leaseTtlMs);
  assert(hasLeft);
  const { connection } = await lab.connect("stranger");
  const leases = await connection.leases();
  assertEquals(leases.map(({ node }) => node), ["a"]);
  assertEquals((await connection.read('"doc-1"')).rows, []);
});
