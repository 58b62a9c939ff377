/**
 * Single calls that fail or are slow, in histories that the simulation finds
 * only by luck.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { PresenceUpdate } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import { keyOf, update } from "../testing/harness.ts";
import { type Cluster, joinCluster } from "./cluster.ts";
import type { RowWrite } from "./backbone.ts";
import { MemoryBackbone } from "./memory_backbone.ts";
import { contextName, rowId } from "./row_codec.ts";
import { Gate } from "./testing/gate.ts";
import { SILENT } from "./testing/silent_listener.ts";

const LEASE_TTL = 300;
const RENEWAL = LEASE_TTL / 3;
const HOLD = 2_000;

/** Puts a subject into doc-1. */
function rowOf(subject: string): RowWrite {
  return {
    type: "put",
    context: contextName("doc-1"),
    id: rowId(keyOf({ subject })),
    value: JSON.stringify({ visibility: "public", observedAt: 1, facets: {} }),
    age: 0,
  };
}

/** Two nodes that both watch doc-1; the gate is before the first. */
class Pair implements Disposable {
  readonly time = new FakeTime(1_000_000);
  readonly backbone = new MemoryBackbone();
  readonly gate = new Gate(this.backbone);
  readonly servers = [new PresenceServer(), new PresenceServer()] as const;
  readonly #clusters: readonly [Cluster, Cluster];

  constructor() {
    const [a, b] = this.servers;
    const times = { leaseTtlMs: LEASE_TTL, holdMs: HOLD, onError() {} };
    this.#clusters = [
      joinCluster(a, this.gate, { node: "a", ...times }),
      joinCluster(b, this.backbone, { node: "b", ...times }),
    ];
  }

  static async connected(watches = true): Promise<Pair> {
    const pair = new Pair();
    if (watches) {
      for (const server of pair.servers) {
        server.watch({ context: "doc-1" }).next();
      }
    }
    await pair.pass(RENEWAL);
    return pair;
  }

  get a(): Cluster {
    return this.#clusters[0];
  }

  get b(): Cluster {
    return this.#clusters[1];
  }

  /** Advances the time and runs all microtasks. */
  async pass(duration: number): Promise<void> {
    for (let gone = 0; gone < duration; gone += 5) {
      this.time.tick(5);
      for (let turn = 0; turn < 60; turn++) await Promise.resolve();
    }
  }

  /** Receives an update at the first node. */
  receive(fields: Partial<PresenceUpdate> = {}): void {
    const [a] = this.servers;
    a.receive(update({ observedAt: a.now, ...fields }));
  }

  /** Returns the subjects of doc-1 that each node shows. */
  shown(): unknown[][] {
    return this.servers.map(({ store }) =>
      store.snapshots({ context: "doc-1" }).map(({ subject }) => subject).sort()
    );
  }

  [Symbol.dispose](): void {
    for (const server of this.servers) server[Symbol.dispose]();
    this.time.restore();
  }
}

Deno.test("joinCluster() removes the row of a subject that leaves while the node is cut off and the row is being written", async () => {
  using pair = await Pair.connected();
  const { a, gate, servers } = pair;
  gate.hold("write");
  gate.failing.add("renew");
  pair.receive();
  await pair.pass(RENEWAL + 10);
  assertEquals(a.status, "isolated");
  servers[0].withdraw(keyOf());
  gate.failing.delete("renew");
  await pair.pass(RENEWAL + 20);
  assertEquals(a.status, "connected");
  // The write is done only now, long after the reading.
  gate.release("write");
  await pair.pass(LEASE_TTL * 2);
  assertEquals(pair.shown(), [[], []]);
});

Deno.test("joinCluster() unfollows no context that may have a stale own row before it has read it", async () => {
  using pair = await Pair.connected(false);
  const { a, gate, servers } = pair;
  const context = contextName("doc-1");
  const isFollowed = () => a["parts"].contexts.all.has(context);
  servers[1].watch({ context: "doc-1" }).next();
  pair.receive();
  await pair.pass(20);
  assertEquals(pair.shown(), [["alice"], ["alice"]]);
  gate.failing.add("renew");
  await pair.pass(RENEWAL + 10);
  assertEquals(a.status, "isolated");
  servers[0].withdraw(keyOf());
  gate.failing.clear();
  gate.failing.add("read");
  await pair.pass(LEASE_TTL * 4);
  assertEquals([a.status, isFollowed()], ["connected", true]);
  gate.failing.clear();
  await pair.pass(RENEWAL + 10);
  assertEquals(pair.shown(), [[], []]);
  await pair.pass(LEASE_TTL * 2);
  assert(!isFollowed());
});

Deno.test("joinCluster() unfollows no context with a held row that replaces an own one", async () => {
  using pair = await Pair.connected(false);
  const { b, backbone, gate } = pair;
  await b.leave();
  const stranger = await backbone.connect("c", SILENT);
  const life = { node: "c", epoch: "1" };
  await stranger.acquire({ ...life, count: 1, announced: "", written: [] });
  pair.receive();
  await pair.pass(20);
  const goBack = backbone["checkpoint"]();
  await stranger.write(life, [rowOf("alice")]);
  await pair.pass(20);
  // A replica takes over that lacks the move, and no node can detect that the
  // other node has died.
  gate.failing.add("lease");
  goBack();
  await pair.pass(LEASE_TTL * 3);
  assertEquals(pair.shown(), [["alice"], []]);
  gate.failing.clear();
  await pair.pass(LEASE_TTL);
  assertEquals(pair.shown(), [[], []]);
  assertEquals((await stranger.read(contextName("doc-1"))).rows, []);
});

Deno.test("joinCluster() removes the other node's row of a subject that leaves before its takeover is written", async () => {
  using pair = await Pair.connected();
  const { gate, servers } = pair;
  const [a, b] = servers;
  b.receive(update({ observedAt: b.now }));
  await pair.pass(20);
  assertEquals(pair.shown(), [["alice"], ["alice"]]);
  gate.hold("write");
  pair.receive({ facets: { activity: "idle" } });
  await pair.pass(5);
  a.withdraw(keyOf());
  gate.failing.add("write");
  gate.release("write");
  await pair.pass(5);
  gate.failing.clear();
  await pair.pass(RENEWAL + 20);
  assertEquals(pair.shown(), [[], []]);
});

Deno.test("joinCluster() removes the other node's row of a subject whose own row a replica brings back before it is retracted", async () => {
  using pair = await Pair.connected();
  const { backbone, gate, servers } = pair;
  const [a, b] = servers;
  pair.receive();
  await pair.pass(20);
  const goBack = backbone["checkpoint"]();
  gate.hold("write");
  a.withdraw(keyOf());
  await pair.pass(5);
  b.receive(update({ observedAt: b.now }));
  await pair.pass(5);
  assertEquals(pair.shown(), [["alice"], ["alice"]]);
  // The replica lacks the move.
  goBack();
  gate.failing.add("renew");
  b.withdraw(keyOf());
  b.receive(update({ subject: "bob", observedAt: b.now }));
  await pair.pass(RENEWAL + 10);
  gate.hold("read");
  gate.failing.clear();
  await pair.pass(RENEWAL + 10);
  gate.release("write");
  await pair.pass(5);
  gate.release("read");
  await pair.pass(RENEWAL * 4);
  assertEquals(pair.shown(), [["bob"], ["bob"]]);
});

Deno.test("joinCluster() keeps a subject that is back at another node before its end is written", async () => {
  using pair = await Pair.connected();
  const { gate, servers } = pair;
  const [a, b] = servers;
  gate.hold("write");
  pair.receive({ subject: "bob" });
  await pair.pass(5);
  pair.receive({ expiry: a.now + 10 });
  await pair.pass(5);
  b.receive(update({ observedAt: b.now }));
  await pair.pass(10);
  gate.release("write");
  await pair.pass(RENEWAL + 20);
  assertEquals(pair.shown(), [["alice", "bob"], ["alice", "bob"]]);
});

Deno.test("joinCluster() keeps a subject that its owner has heard from since another node lost it", async () => {
  using pair = await Pair.connected();
  const { gate, servers } = pair;
  const [a, b] = servers;
  b.receive(update({ observedAt: b.now }));
  await pair.pass(20);
  gate.hold("write");
  pair.receive({ expiry: a.now + 10 });
  await pair.pass(5);
  // A heartbeat, which changes nothing, so that its time is not written.
  b.receive(update({ observedAt: b.now }));
  await pair.pass(10);
  gate.failing.add("write");
  gate.release("write");
  await pair.pass(5);
  gate.failing.clear();
  await pair.pass(RENEWAL + 20);
  assertEquals(pair.shown(), [["alice"], ["alice"]]);
});

Deno.test("joinCluster() removes an own entry whose goodbye at another node arrives while the context is read", async () => {
  using pair = await Pair.connected();
  const { backbone, gate, servers } = pair;
  pair.receive();
  pair.receive({ subject: "bob" });
  await pair.pass(20);
  gate.hold("read");
  // An interruption that loses nothing.
  const goBack = backbone["checkpoint"]();
  goBack();
  await pair.pass(5);
  servers[1].withdraw(keyOf({ subject: "bob" }));
  await pair.pass(5);
  gate.release("read");
  await pair.pass(RENEWAL * 2);
  assertEquals(pair.shown(), [["alice"], ["alice"]]);
});

Deno.test("joinCluster() shows the rows of a new life that arrive while the context is read", async () => {
  using pair = await Pair.connected(false);
  const { backbone, gate, servers } = pair;
  const stranger = await backbone.connect("c", SILENT);
  gate.holdAnswer("read");
  gate.holdAnswer("lease");
  servers[0].watch({ context: "doc-1" }).next();
  await pair.pass(5);
  const life = { node: "c", epoch: "1" };
  await stranger.acquire({ ...life, count: 1, announced: "", written: [] });
  await stranger.write(life, [rowOf("carol")]);
  await pair.pass(5);
  gate.release("read");
  await pair.pass(5);
  gate.release("lease");
  await pair.pass(20);
  assertEquals(pair.shown(), [["carol"], []]);
});

Deno.test("joinCluster() reads at most 64 contexts at once, however often it is interrupted", async () => {
  using pair = await Pair.connected(false);
  const { a, backbone, gate } = pair;
  const reads = () => gate.calls.get("read") ?? 0;
  const many = 300;
  for (let index = 0; index < many; index++) {
    pair.receive({ context: `doc-${index}` });
  }
  await pair.pass(50);
  assertEquals(a["parts"].contexts.all.size, many);
  const before = reads();
  gate.holdAnswer("read");
  for (let turn = 0; turn < 5; turn++) {
    backbone.restart();
    await pair.pass(10);
  }
  assertEquals(reads() - before, 64);
  gate.release("read");
  await pair.pass(50);
  // The interrupted reading is repeated.
  assertEquals(reads() - before, many + 64);
});

Deno.test("joinCluster() reads a context once for two reasons", async () => {
  using pair = await Pair.connected(false);
  const { backbone, gate } = pair;
  const reads = () => gate.calls.get("read") ?? 0;
  const many = 300;
  for (let index = 0; index < many; index++) {
    pair.receive({ context: `doc-${index}` });
  }
  await pair.pass(50);
  const before = reads();
  gate.holdAnswer("read");
  backbone.restart();
  await pair.pass(10);
  await pair.b.leave();
  await pair.pass(10);
  gate.release("read");
  await pair.pass(RENEWAL - 50);
  // The reading during which the other node left is repeated.
  assertEquals(reads() - before, many + 64);
});

/** Two nodes, the first of which reads a context row by row, and has begun. */
async function readingRowByRow(): Promise<Pair> {
  const pair = await Pair.connected(false);
  const { a, servers } = pair;
  const [here, there] = servers;
  a["parts"].contexts.pace.size = 1;
  for (let n = 0; n < 200; n++) {
    there.receive(update({ subject: `s${n}`, observedAt: there.now }));
  }
  await pair.pass(20);
  here.watch({ context: "doc-1" }).next();
  await pair.pass(20);
  const shown = here.store.size;
  assert(shown > 0 && shown < 200, `${shown}`);
  return pair;
}

Deno.test("joinCluster() shows no more of a reading once the node is cut off, and all of it when it is back", async () => {
  using pair = await readingRowByRow();
  const { a, gate } = pair;
  const [here] = pair.servers;
  gate.failing.add("renew");
  while (a.status === "connected") await pair.pass(5);
  const shown = here.store.size;
  await pair.pass(RENEWAL);
  assertEquals([a.status, here.store.size], ["isolated", shown]);
  assert(shown < 200);
  gate.failing.clear();
  await pair.pass(HOLD);
  assertEquals([a.status, here.store.size], ["connected", 200]);
});

Deno.test("joinCluster() shows nothing of a reading whose answer comes after the hold", async () => {
  using pair = await Pair.connected(false);
  const { a, gate, servers } = pair;
  const [here, there] = servers;
  there.receive(update({ observedAt: there.now }));
  await pair.pass(20);
  gate.holdAnswer("read");
  here.watch({ context: "doc-1" }).next();
  await pair.pass(20);
  gate.failing.add("renew");
  await pair.pass(HOLD + RENEWAL * 3);
  gate.release("read");
  await pair.pass(5);
  assertEquals([a.status, here.store.size], ["isolated", 0]);
  gate.failing.clear();
  await pair.pass(RENEWAL * 2);
  assertEquals([a.status, here.store.size], ["connected", 1]);
});

Deno.test("joinCluster() shows no more of a reading once the node leaves", async () => {
  using pair = await readingRowByRow();
  const { a, gate, servers } = pair;
  gate.hold("write");
  servers[0].receive(update({ context: "doc-2", observedAt: servers[0].now }));
  const left = a.leave();
  await pair.pass(50);
  assertEquals(servers[0].store.size, 1);
  gate.release("write");
  await left;
});

Deno.test("joinCluster() shows no more of a reading once the node has another name, and all of it by that name", async () => {
  using pair = await readingRowByRow();
  const { a, backbone, gate } = pair;
  const [here] = pair.servers;
  const stranger = await backbone.connect("a", SILENT);
  const life = { node: "a", epoch: "stranger" };
  await stranger.acquire({ ...life, count: 1, announced: "", written: [] });
  gate.hold("follow");
  while (a.node === "a") await pair.pass(5);
  const shown = here.store.size;
  await pair.pass(20);
  assertEquals(here.store.size, shown);
  assert(shown < 200);
  gate.release("follow");
  await pair.pass(HOLD);
  assertEquals([a.status, here.store.size], ["connected", 200]);
});

Deno.test("joinCluster() removes entries whose ends a reading reveals in slices", async () => {
  using pair = await Pair.connected();
  const { a, backbone, gate } = pair;
  const [here, there] = pair.servers;
  a["parts"].contexts.pace.size = 100;
  for (let n = 0; n < 250; n++) {
    there.receive(update({ subject: `s${n}`, observedAt: there.now }));
  }
  await pair.pass(RENEWAL * 3);
  assertEquals(here.store.size, 250);
  gate.hold("read");
  // An interruption that loses nothing.
  const goBack = backbone["checkpoint"]();
  goBack();
  await pair.pass(5);
  for (const snapshot of there.store.snapshots()) there.withdraw(snapshot);
  await pair.pass(5);
  gate.release("read");
  const shown: number[] = [];
  while (here.store.size > 0) {
    await pair.pass(5);
    shown.push(here.store.size);
  }
  assertEquals(shown, [150, 50, 0]);
});

Deno.test("joinCluster() removes the row of an entry that JSON can't express any more, once it reads the context", async () => {
  using pair = await Pair.connected();
  const { backbone } = pair;
  pair.receive({ facets: { activity: "editing" } });
  await pair.pass(20);
  const facets = { activity: "idle", note: 10n } as const;
  pair.receive({ facets });
  await pair.pass(20);
  assertEquals(pair.shown(), [["alice"], ["alice"]]);
  // An interruption that loses nothing.
  const goBack = backbone["checkpoint"]();
  goBack();
  await pair.pass(20);
  assertEquals(pair.shown(), [["alice"], []]);
});
