import { assert, assertEquals } from "@std/assert";
import { keyOf } from "../testing/harness.ts";
import { Lab, type LabNode, TIMES } from "./testing/lab.ts";

const { leaseTtlMs } = TIMES;

/** Two nodes with a watcher of doc-1 at each; alice is at the first. */
async function pair(lab: Lab): Promise<[LabNode, LabNode]> {
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await a.watch();
  await b.watch();
  await a.receive();
  await lab.pass();
  return [a, b];
}

/** Lets a replica take over that lacks the latest writes. */
async function failOver(lab: Lab): Promise<void> {
  lab.network.setAway(true, "the latest");
  await lab.pass(50);
  lab.network.setAway(false);
  await lab.pass();
}

Deno.test("joinCluster() writes again what a replica has lost, and nobody is shown to leave", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  lab.network.checkpoint();
  await a.receive({ subject: "new" });
  await a.receive({ facets: { activity: "editing" } });
  await b.receive({ subject: "bob" });
  await lab.pass(100);
  const mirrors = [await a.watch(), await b.watch()];
  for (const mirror of mirrors) await mirror.read();
  await failOver(lab);
  await lab.pass(leaseTtlMs * 2);
  for (const mirror of mirrors) {
    const told = await mirror.events();
    assertEquals(told.filter((event) => event !== "updated alice"), []);
  }
  const late = await lab.start("late");
  await late.watch();
  await lab.pass();
  assertEquals(late.shows(), ["alice", "bob", "new"]);
  assertEquals(
    late.server.store.snapshot(keyOf())?.facets,
    { activity: "editing" },
  );
});

Deno.test("joinCluster() removes again the subjects that a replica brings back", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await a.receive({ subject: "gone" });
  await lab.pass(100);
  lab.network.checkpoint();
  await a.run(() => a.server.withdraw(keyOf({ subject: "gone" })));
  await a.run(() => a.server.withdraw(keyOf()));
  await lab.pass(100);
  await failOver(lab);
  assertEquals([a.shows(), b.shows()], [[], []]);
  const { connection } = await lab.connect("stranger");
  assertEquals((await connection.read('"doc-1"')).rows, []);
});

Deno.test("joinCluster() repeats a move that a replica has lost, unnoticed by watchers", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  lab.network.checkpoint();
  await lab.pass(50);
  await b.receive();
  await lab.pass(50);
  const mirrors = [await a.watch(), await b.watch()];
  for (const mirror of mirrors) await mirror.read();
  await failOver(lab);
  await lab.pass(leaseTtlMs * 2);
  for (const mirror of mirrors) assertEquals(await mirror.events(), []);
  const { connection } = await lab.connect("stranger");
  const [row] = (await connection.read('"doc-1"')).rows;
  assertEquals(row?.node, "b");
});

Deno.test("joinCluster() begins another life if a replica has lost the lease", async () => {
  using lab = new Lab();
  lab.network.checkpoint();
  const [a, b] = await pair(lab);
  await failOver(lab);
  await lab.pass();
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
  assertEquals([a.cluster.nodes(), b.cluster.nodes()], [["a", "b"], [
    "a",
    "b",
  ]]);
});

Deno.test("joinCluster() shows the entries of an ended life once a replica has brought its lease back and it renews", async () => {
  for (let away = 10; away < 50; away++) {
    const isHeard = away % 2 === 0;
    using lab = new Lab();
    const a = await lab.start("a");
    const b = await lab.start("b");
    await b.watch();
    await a.receive({ subject: "bob" });
    await lab.pass(leaseTtlMs);
    lab.network.checkpoint();
    lab.network.cut(a.process, true);
    // Another process takes the name, and ends the life that had it.
    await lab.start("a");
    await lab.pass(130);
    assertEquals(b.shows(), []);
    const sweeps = lab.network.calls.get("sweep");
    lab.network.setAway(true, "the latest");
    lab.network.cut(a.process, false);
    await lab.pass(away);
    lab.network.setAway(false);
    if (isHeard) await a.receive();
    const expected = isHeard ? ["alice", "bob"] : ["bob"];
    await lab.pass(leaseTtlMs * 2);
    assertEquals(b.shows(), expected, `after ${away} ms`);
    assertEquals(lab.network.calls.get("sweep"), sweeps, "nothing is over");
    await lab.pass(leaseTtlMs * 5);
    assertEquals(b.shows(), expected, `after ${away} ms`);
  }
});

Deno.test("joinCluster() lists no node whose former life a replica has brought back, if none of its lives continues", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  const b = await lab.start("b");
  await b.watch();
  await a.receive();
  await lab.pass();
  lab.network.checkpoint();
  lab.kill(a);
  const next = await lab.start("a");
  await lab.pass(110);
  lab.kill(next);
  assertEquals([b.cluster.nodes(), b.shows()], [["a", "b"], []]);
  await failOver(lab);
  for (let turn = 0; turn < 10; turn++) {
    assertEquals([b.cluster.nodes(), b.shows()], [["b"], []]);
    await lab.pass(leaseTtlMs / 2);
  }
  const { nodesCame, nodesWent } = b.cluster.stats;
  assertEquals(nodesCame, nodesWent);
});

Deno.test("joinCluster() shows the subjects of a dead node that a replica brings back for at most one lease", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  lab.kill(a);
  await lab.pass(leaseTtlMs - 20);
  lab.network.checkpoint();
  await lab.pass(130);
  assertEquals([b.shows(), b.cluster.nodes()], [[], ["b"]]);
  await failOver(lab);
  await lab.pass(leaseTtlMs * 2);
  assertEquals([b.shows(), b.cluster.nodes()], [[], ["b"]]);
});

Deno.test("joinCluster() keeps the entries of a renamed node when a replica brings its former life back", async () => {
  using lab = new Lab();
  const options = { leaseTtlMs: 1_500, renewalMs: 100 };
  const a = await lab.start("a", {}, options);
  const b = await lab.start("b", {}, options);
  for (const node of [a, b]) await node.watch();
  await a.receive();
  await lab.pass();
  lab.network.checkpoint();
  const twin = await lab.start("a", {}, options);
  await lab.pass(leaseTtlMs);
  assert(a.cluster.node !== "a", "another process has its name");
  lab.kill(twin);
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
  const mirrors = [await a.watch(), await b.watch()];
  for (const mirror of mirrors) await mirror.read();
  await failOver(lab);
  await lab.pass(options.leaseTtlMs * 3);
  for (const mirror of mirrors) assertEquals(await mirror.events(), []);
  for (const node of [a, b]) {
    assertEquals(node.cluster.nodes(), [a.cluster.node, "b"]);
  }
  const { connection } = await lab.connect("stranger");
  const [row, ...more] = (await connection.read('"doc-1"')).rows;
  assertEquals([row?.node, more], [a.cluster.node, []]);
});

Deno.test("joinCluster() keeps the entries of a server that has joined again by another name when a replica brings its former life back", async () => {
  using lab = new Lab();
  const options = { leaseTtlMs: 1_500, renewalMs: 100 };
  const a = await lab.start("a", {}, options);
  const b = await lab.start("b", {}, options);
  for (const node of [a, b]) await node.watch();
  await a.receive();
  await lab.pass();
  lab.network.checkpoint();
  const mirror = await b.watch();
  await mirror.read();
  await a.run(() => a.cluster.leave({ keep: true }));
  await lab.pass(50);
  await a.run(() => a.join({ ...options, node: "again" }));
  await lab.pass(100);
  await failOver(lab);
  await lab.pass(options.leaseTtlMs * 3);
  assertEquals(await mirror.events(), []);
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
  assertEquals(b.cluster.nodes(), ["again", "b"]);
});

Deno.test("joinCluster() detects that a backbone has forgotten everything without an interruption", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await b.receive({ subject: "bob" });
  await lab.pass(100);
  const mirrors = [await a.watch(), await b.watch()];
  for (const mirror of mirrors) await mirror.read();
  lab.network.backbone.restart();
  await a.receive({ subject: "carol" });
  await lab.pass(leaseTtlMs);
  for (const mirror of mirrors) {
    assertEquals(await mirror.events(), ["joined carol"]);
  }
  const late = await lab.start("late");
  await late.watch();
  await lab.pass();
  assertEquals(late.shows(), ["alice", "bob", "carol"]);
});

Deno.test("joinCluster() survives a backbone that forgets again and again", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const mirror = await b.watch();
  await mirror.read();
  for (let turn = 0; turn < 20; turn++) {
    lab.network.setAway(true, "everything");
    await lab.pass(30 + turn * 10);
    lab.network.setAway(false);
    await lab.pass(10 + turn * 15);
  }
  await lab.pass(leaseTtlMs);
  assertEquals(await mirror.events(), []);
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
  assert(a.errors.length > 0, "it has told of it");
});
