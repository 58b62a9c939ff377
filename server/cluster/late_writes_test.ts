import { assert, assertEquals } from "@std/assert";
import type { PresenceUpdate } from "../../core/mod.ts";
import { keyOf } from "../testing/harness.ts";
import type { BackboneConnection, NodeLife, RowWrite } from "./mod.ts";
import { contextName, rowId } from "./row_codec.ts";
import { Lab, type LabNode, TIMES } from "./testing/lab.ts";

const { leaseTtlMs } = TIMES;

/** A life without a lease. */
const GHOST: NodeLife = { node: "ghost", epoch: "over" };

const CONTEXT = contextName("doc-1");
const VALUE = JSON.stringify({
  visibility: "public",
  observedAt: 1,
  facets: { activity: "idle" },
});

/** Two nodes with a watcher of doc-1 at each; alice is at the first. */
async function pair(lab: Lab): Promise<[LabNode, LabNode, BackboneConnection]> {
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await a.watch();
  await b.watch();
  await a.receive({ facets: { activity: "editing" } });
  await lab.pass();
  return [a, b, (await lab.connect("stranger")).connection];
}

function put(subject: string, age = 0): Extract<RowWrite, { type: "put" }> {
  const id = rowId(keyOf({ subject }));
  return { type: "put", context: CONTEXT, id, value: VALUE, age };
}

async function shared(connection: BackboneConnection): Promise<unknown[]> {
  const { rows } = await connection.read(CONTEXT);
  return rows.map(({ node, id }) => [node, JSON.parse(id)[0]]).sort();
}

Deno.test("joinCluster() writes an entry again that an ended life has overwritten, and nobody is shown to leave", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  const mirrors = [await a.watch(), await b.watch()];
  for (const mirror of mirrors) await mirror.read();
  await stranger.write(GHOST, [put("alice")]);
  await lab.pass();
  for (const [index, node] of [a, b].entries()) {
    assertEquals(await mirrors[index]?.events(), []);
    const snapshot = node.server.store.snapshot(keyOf());
    assertEquals(snapshot?.facets, { activity: "editing" });
  }
  assertEquals(await shared(stranger), [["a", "alice"]]);
  await lab.pass(leaseTtlMs * 2);
  for (const mirror of mirrors) assertEquals(await mirror.events(), []);
});

Deno.test("joinCluster() ignores the rows of an ended life, and purges them", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  await stranger.write(GHOST, [put("ghost")]);
  await lab.pass();
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
  assertEquals(await shared(stranger), [["a", "alice"]]);
  await stranger.write(GHOST, [{ ...put("ghost"), context: '"doc-2"' }]);
  await b.watch("doc-2");
  await lab.pass();
  assertEquals(b.shows("doc-2"), []);
  assertEquals((await stranger.read('"doc-2"')).rows, []);
});

Deno.test("joinCluster() takes a row over from an ended life, however late that life heard from the publisher", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  // By a clock that was ahead.
  await stranger.write(GHOST, [put("bob", -60_000), put("alice", -60_000)]);
  await a.receive({ subject: "bob" });
  await lab.pass();
  assertEquals([a.shows(), b.shows()], [["alice", "bob"], ["alice", "bob"]]);
  assertEquals(await shared(stranger), [["a", "alice"], ["a", "bob"]]);
});

Deno.test("joinCluster() treats late writes of its own former life like those of others", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  await stranger.write({ node: "a", epoch: "over" }, [put("alice"), put("x")]);
  await lab.pass();
  assertEquals([a.shows(), b.shows()], [["alice"], ["alice"]]);
  assertEquals(
    b.server.store.snapshot(keyOf())?.facets,
    { activity: "editing" },
  );
  assertEquals(await shared(stranger), [["a", "alice"]]);
});

Deno.test("joinCluster() holds an overwritten row only until its node has had time to write it again", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  // The node receives nothing, and alice leaves there: it has nothing to remove.
  lab.network.cut(a.process, true);
  await stranger.write(GHOST, [put("alice")]);
  await a.run(() => a.server.withdraw(keyOf()));
  await lab.pass(50);
  assertEquals(b.shows(), ["alice"]);
  lab.network.cut(a.process, false);
  await lab.pass(leaseTtlMs * 2);
  assertEquals([a.shows(), b.shows()], [[], []]);
});

Deno.test("joinCluster() does not hold a row by the renewal count of its node's former life", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  await lab.pass(leaseTtlMs * 10);
  lab.network.cut(a.process, true);
  await stranger.write(GHOST, [put("alice")]);
  await a.run(() => a.server.withdraw(keyOf()));
  await lab.pass(50);
  assertEquals(b.shows(), ["alice"], "the node may write her again");
  lab.network.setAway(true, "everything");
  await lab.pass(50);
  lab.network.setAway(false);
  lab.network.cut(a.process, false);
  await lab.pass(leaseTtlMs * 2);
  assertEquals([a.shows(), b.shows()], [[], []]);
});

Deno.test("joinCluster() gives an entry up to a newer node whose row it can't read", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  const life = { node: "newer", epoch: "1" };
  await stranger.acquire({ ...life, count: 1, announced: "", written: [] });
  await lab.pass();
  const bad = ["", "{", "[]", "null", '{"visibility":"what"}'];
  for (const [index, value] of bad.entries()) {
    await stranger.write(life, [
      { ...put(`s${index}`), value },
      { ...put(""), id: value, value },
    ]);
  }
  await stranger.write(life, [{ ...put("alice"), value: "newer" }]);
  const before = lab.network.calls.get("write");
  await lab.pass(100);
  assertEquals([a.shows(), b.shows()], [[], []]);
  assertEquals(lab.network.calls.get("write"), before);
  const c = await lab.start("c");
  await c.watch();
  await lab.pass(100);
  assertEquals(c.shows(), []);
  assertEquals([...a.errors, ...b.errors, ...c.errors], []);
  // The rows of the stranger go with it.
  await lab.pass(leaseTtlMs * 3);
  await a.receive({ facets: { activity: "presenting" } });
  await lab.pass();
  assertEquals(b.shows(), ["alice"]);
});

Deno.test("joinCluster() retries a write that the backbone ignores at most twice for each renewal", async () => {
  using lab = new Lab();
  const [a] = await pair(lab);
  const { weather } = lab.network;
  lab.network.weather = { ...weather, maxDelay: 0 };
  lab.network.refuses = true;
  await a.receive({ subject: "bob" });
  const calls = () => lab.network.calls.get("write") ?? 0;
  await lab.pass(1_000);
  const before = calls();
  await lab.pass(1_000);
  assert(calls() > before, "it goes on trying");
  assert(calls() - before <= 2 * 11, `${calls() - before} writes`);
  assertEquals(a.shows(), ["alice", "bob"]);
  lab.network.refuses = false;
  await lab.pass();
  const { connection } = await lab.connect("other");
  assertEquals(await shared(connection), [["a", "alice"], ["a", "bob"]]);
});

Deno.test("joinCluster() takes over a purge that another node has not finished", async () => {
  using lab = new Lab();
  const [a, b, stranger] = await pair(lab);
  lab.kill(a);
  const [life] = await stranger.leases("a");
  assert(life !== undefined);
  assert(await stranger.end(life, life.count));
  assertEquals(await shared(stranger), [["a", "alice"]]);
  await lab.pass(90);
  assertEquals(lab.network.calls.get("purge"), undefined, "it may be at it");
  await lab.pass(300);
  assertEquals(lab.network.calls.get("purge"), 1);
  assertEquals(await shared(stranger), []);
  assertEquals(b.shows(), []);
});

Deno.test("joinCluster() skips entries that JSON can't express, and shares all others", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const activity: PresenceUpdate["facets"] = { activity: "editing" };
  await a.receive({ subject: "bob", facets: { ...activity, ...{ circle } } });
  await a.receive({ subject: "carol" });
  await lab.pass();
  assertEquals(a.shows(), ["alice", "bob", "carol"]);
  assertEquals(b.shows(), ["alice", "carol"]);
  assert(a.errors[0] instanceof TypeError);
});
