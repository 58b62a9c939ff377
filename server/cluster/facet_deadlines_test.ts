/**
 * Facets with deadlines: they end at all nodes, whatever happens to the node
 * that their publisher uses.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { FACET_ALLOWANCE_MS } from "../internal.ts";
import { PresenceServer } from "../mod.ts";
import { flush, keyOf, update } from "../testing/harness.ts";
import { joinCluster, MemoryBackbone, type PresenceBackbone } from "./mod.ts";
import { Lab, type LabNode } from "./testing/lab.ts";

const HALF_AN_HOUR = 30 * 60_000;
const EDITING = { activity: "editing" } as const;
/** How long a publisher is editing after a key. */
const LASTS_MS = 500;
/** How long an update takes to reach the other node. */
const WAY_MS = 50;
/** The shortest pause between two sweeps of a server. */
const SWEEP_MS = 100;

/** Two watched nodes with long leases and different clocks. */
async function pair(lab: Lab): Promise<[LabNode, LabNode]> {
  const a = await start(lab, "a");
  const b = await start(lab, "b", HALF_AN_HOUR);
  await a.watch();
  await b.watch();
  await lab.pass();
  return [a, b];
}

function start(lab: Lab, name: string, offset = 0): Promise<LabNode> {
  const clock = () => Date.now() + offset;
  return lab.start(name, { clock }, { leaseTtlMs: 15_000, renewalMs: 300 });
}

/** Publishes a key press of alice. */
function key(node: LabNode): Promise<void> {
  const facetDeadlines = { activity: node.server.now + LASTS_MS };
  return node.receive({ facets: EDITING, facetDeadlines });
}

function facetsAt(node: LabNode): unknown {
  return node.server.store.snapshot(keyOf())?.facets;
}

Deno.test("joinCluster() ends a facet at the other node soon after it is due, although its owner was killed", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await key(a);
  await lab.pass(WAY_MS);
  const mirror = await b.watch();
  lab.kill(a);
  await lab.pass(LASTS_MS);
  assertEquals(facetsAt(b), EDITING);
  await lab.pass(FACET_ALLOWANCE_MS);
  assertEquals(facetsAt(b), {});
  assertEquals(await mirror.events(), ["updated alice"]);
  await lab.pass(10_000);
  assertEquals(b.shows(), ["alice"], "the lease has not run out");
  assertEquals(await mirror.events(), []);
  await lab.pass(6_000);
  assertEquals(b.shows(), []);
});

Deno.test("joinCluster() ends a facet that was renewed until its owner was killed", async () => {
  for (let keys = 1; keys <= 12; keys++) {
    using lab = new Lab();
    const [a, b] = await pair(lab);
    for (let count = 0; count < keys; count++) {
      await key(a);
      await lab.pass(100);
    }
    lab.kill(a);
    await lab.pass(FACET_ALLOWANCE_MS - 100);
    assertEquals(facetsAt(b), EDITING, `${keys} keys`);
    await lab.pass(LASTS_MS + SWEEP_MS);
    assertEquals(facetsAt(b), {}, `${keys} keys`);
    assertEquals(b.shows(), ["alice"]);
  }
});

Deno.test("joinCluster() shows a renewed facet all the time, with one write at each shared deadline", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  await key(a);
  await lab.pass(WAY_MS);
  const mirrors = [await a.watch(), await b.watch()];
  const before = lab.network.calls.get("write") ?? 0;
  for (let turn = 0; turn < 200; turn++) {
    await key(a);
    await lab.pass(25);
    assertEquals([facetsAt(a), facetsAt(b)], [EDITING, EDITING]);
  }
  const writes = (lab.network.calls.get("write") ?? 0) - before;
  assert(writes >= 9 && writes <= 11, `${writes} writes in five seconds`);
  for (const mirror of mirrors) assertEquals(await mirror.events(), []);
  await lab.pass(LASTS_MS + SWEEP_MS + WAY_MS);
  assertEquals([facetsAt(a), facetsAt(b)], [{}, {}]);
  for (const mirror of mirrors) {
    assertEquals(await mirror.events(), ["updated alice"]);
  }
  const after = lab.network.calls.get("write");
  await lab.pass(5_000);
  assertEquals(lab.network.calls.get("write"), after);
});

Deno.test("joinCluster() hides a facet from watchers that come after it was due, although its owner was killed", async () => {
  using lab = new Lab();
  const [a] = await pair(lab);
  await key(a);
  await lab.pass(WAY_MS);
  lab.kill(a);
  await lab.pass(2_000);
  const late = await start(lab, "late", -HALF_AN_HOUR);
  const mirror = await late.watch();
  await lab.pass();
  assertEquals(late.shows(), ["alice"]);
  assertEquals(facetsAt(late), {});
  await lab.pass(5_000);
  assertEquals(await mirror.events(), ["joined alice"]);
});

Deno.test("joinCluster() ends a facet at a node that is cut off, and shows it again when the node is back", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const type = async (duration: number) => {
    for (let gone = 0; gone < duration; gone += WAY_MS) {
      await key(a);
      await lab.pass(WAY_MS);
    }
  };
  await type(200);
  lab.network.cut(b.process, true);
  await type(1_000);
  assertEquals([facetsAt(a), facetsAt(b)], [EDITING, {}]);
  lab.network.cut(b.process, false);
  await type(1_000);
  assertEquals([facetsAt(a), facetsAt(b)], [EDITING, EDITING]);
});

Deno.test("joinCluster() writes a row again if a replica has lost how long its facet lasts", async () => {
  for (const lasts of [undefined, 5_000]) {
    using lab = new Lab();
    const [a, b] = await pair(lab);
    await key(a);
    await lab.pass(WAY_MS);
    lab.network.checkpoint();
    const activity = lasts && a.server.now + lasts;
    await a.receive({ facets: EDITING, facetDeadlines: { activity } });
    await lab.pass(LASTS_MS);
    lab.network.setAway(true, "the latest");
    await lab.pass(WAY_MS);
    lab.network.setAway(false);
    await lab.pass(3_000);
    assertEquals([facetsAt(a), facetsAt(b)], [EDITING, EDITING]);
    await lab.pass(4_000);
    const expected = lasts === undefined ? EDITING : {};
    assertEquals([facetsAt(a), facetsAt(b)], [expected, expected]);
  }
});

Deno.test("joinCluster() writes a row again if a replica has lost that its facet ends earlier", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const end = (lasts: number) =>
    a.receive({
      facets: EDITING,
      facetDeadlines: { activity: a.server.now + lasts },
    });
  await end(10_000);
  await lab.pass(WAY_MS);
  lab.network.checkpoint();
  await end(2_000);
  await lab.pass(WAY_MS);
  lab.network.setAway(true, "the latest");
  await lab.pass(WAY_MS);
  lab.network.setAway(false);
  await lab.pass(500);
  lab.kill(a);
  assertEquals(facetsAt(b), EDITING);
  await lab.pass(2_000);
  assertEquals(facetsAt(b), {});
});

Deno.test("joinCluster() shows a facet again within a minute if a clock that jumped has ended it too early", async () => {
  using lab = new Lab();
  let jump = 0;
  const a = await start(lab, "a");
  const b = await lab.start("b", { clock: () => Date.now() + jump }, {
    leaseTtlMs: 15_000,
    renewalMs: 300,
  });
  await a.watch();
  await b.watch();
  await lab.pass();
  const lasting = () =>
    a.receive({
      facets: EDITING,
      facetDeadlines: { activity: a.server.now + HALF_AN_HOUR },
    });
  await lasting();
  await lab.pass(WAY_MS);
  jump = 2 * HALF_AN_HOUR;
  b.server.expire();
  jump = 0;
  assertEquals(facetsAt(b), {});
  await lasting();
  await lab.pass(60_000 + SWEEP_MS);
  assertEquals(facetsAt(b), EDITING);
});

Deno.test("joinCluster() shows a facet no longer because a reading is slow", async () => {
  using time = new FakeTime(1_000_000);
  const pass = async (duration: number) => {
    for (let gone = 0; gone < duration; gone += 10) {
      time.tick(10);
      await flush();
    }
  };
  const backbone = new MemoryBackbone();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const slow: PresenceBackbone = {
    async connect(node, listener) {
      const connection = await backbone.connect(node, listener);
      const read = connection.read.bind(connection);
      connection.read = async (context) => {
        const rows = await read(context);
        await gate;
        return rows;
      };
      return connection;
    },
  };
  using there = new PresenceServer();
  using here = new PresenceServer();
  const a = joinCluster(there, backbone, { node: "a" });
  const b = joinCluster(here, slow, { node: "b" });
  await pass(100);
  const put = (subject: string) => {
    const facetDeadlines = { activity: Date.now() + LASTS_MS };
    there.receive(update({ subject, facets: EDITING, facetDeadlines }));
  };
  put("alice");
  await pass(WAY_MS);
  await using watch = here.watch({ context: "doc-1" });
  const first = watch.next();
  await pass(WAY_MS);
  // While the reading is in progress.
  put("bob");
  await pass(WAY_MS);
  await a.leave({ keep: true });
  await pass(1_000);
  open();
  await pass(10);
  await first;
  const shown = here.store.snapshots({ context: "doc-1" });
  assertEquals(
    shown.map(({ subject, facets }) => [subject, facets]),
    [["alice", {}], ["bob", {}]],
  );
  await b.leave();
});

Deno.test("joinCluster() clears a facet when it is due, wherever its publisher posts next", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  const { now } = a.server;
  await a.receive({
    facets: { ...EDITING, availability: "available" },
    facetDeadlines: { activity: now + LASTS_MS },
    expiry: now + 60_000,
  });
  for (const node of [b, a, b]) {
    await lab.pass(100);
    await node.receive({ expiry: node.server.now + 60_000 });
  }
  await lab.pass(150);
  const editing = { ...EDITING, availability: "available" };
  assertEquals([facetsAt(a), facetsAt(b)], [editing, editing]);
  // A little later, for the delays between nodes.
  await lab.pass(250);
  const facets = { availability: "available" };
  assertEquals([facetsAt(a), facetsAt(b)], [facets, facets]);
});

Deno.test("joinCluster() continues a renewed facet at the node that its publisher moves to, and ends it in time", async () => {
  using lab = new Lab();
  const [a, b] = await pair(lab);
  for (let turn = 0; turn < 10; turn++) {
    await key(a);
    await lab.pass(100);
  }
  await b.receive({ facets: { availability: "busy" } });
  await lab.pass(100);
  const editing = { ...EDITING, availability: "busy" };
  assertEquals([facetsAt(a), facetsAt(b)], [editing, editing]);
  await lab.pass(LASTS_MS - 200 + SWEEP_MS + WAY_MS);
  const busy = { availability: "busy" };
  assertEquals([facetsAt(a), facetsAt(b)], [busy, busy]);
});

Deno.test("joinCluster() does not write rows again whose facets last about as long", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await a.watch();
  await lab.pass();
  await key(a);
  await lab.pass(100);
  await key(a);
  const calls = (name: string) => lab.network.calls.get(name) ?? 0;
  const [reads, writes] = [calls("read"), calls("write")];
  lab.network.cut(a.process, true);
  lab.network.cut(a.process, false);
  await lab.pass(300);
  assert(calls("read") > reads);
  assertEquals(calls("write"), writes);
});
