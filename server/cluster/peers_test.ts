import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer } from "../mod.ts";
import { update } from "../testing/harness.ts";
import {
  type BackboneConnection,
  type BackboneListener,
  type Cluster,
  type ClusterOptions,
  joinCluster,
  type Lease,
  MemoryBackbone,
  type PresenceBackbone,
} from "./mod.ts";
import { UNKNOWN_AGE } from "./age.ts";
import { SILENT } from "./testing/silent_listener.ts";

const leaseTtlMs = 300;

/** Nodes at a backbone in memory, in fake time. */
class Room implements Disposable {
  /** How far the backbone's clock is ahead of the nodes'. */
  aheadMs = 0;
  readonly backbone = new MemoryBackbone({
    clock: () => Date.now() + this.aheadMs,
  });
  readonly errors: unknown[] = [];
  readonly #time = new FakeTime(1_000_000);
  readonly #servers: PresenceServer[] = [];

  /** Starts a node that follows doc-1. */
  async join(
    node: string,
    backbone: PresenceBackbone = this.backbone,
    options: ClusterOptions = {},
  ): Promise<[Cluster, PresenceServer]> {
    const server = new PresenceServer();
    this.#servers.push(server);
    const onError = (error: unknown) => this.errors.push(error);
    const cluster = joinCluster(server, backbone, {
      node,
      leaseTtlMs,
      onError,
      ...options,
    });
    server.watch({ context: "doc-1" }).next();
    await this.pass(20);
    return [cluster, server];
  }

  /** Connects a client that does what a test says and has a row in doc-1. */
  async stranger(
    node: string,
    lease: Partial<Lease> = {},
  ): Promise<{ connection: BackboneConnection; lease: Lease }> {
    const connection = await this.backbone.connect(node, SILENT);
    const life = { node, epoch: `${node}/1` };
    const news = { count: 1, announced: "", written: [] };
    const said = { ...life, ...news, ...lease };
    await connection.acquire(said);
    const id = JSON.stringify([`at ${node}`, null, "x"]);
    const entry = { visibility: "public", observedAt: 1, facets: {} };
    const value = JSON.stringify(entry);
    await connection.write(life, [
      { type: "put", context: '"doc-1"', id, value, age: 0 },
    ]);
    return { connection, lease: said };
  }

  /** Advances the time and runs all microtasks. */
  async pass(duration: number): Promise<void> {
    for (let gone = 0; gone < duration; gone += 5) {
      this.#time.tick(5);
      for (let turn = 0; turn < 60; turn++) await Promise.resolve();
    }
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server[Symbol.dispose]();
    this.#time.restore();
  }
}

function shown({ store }: PresenceServer): unknown[] {
  return store.snapshots({ context: "doc-1" }).map(({ subject }) => subject)
    .sort();
}

// Old leases and answers

for (const call of ["leases()", "leases(node)"] as const) {
  Deno.test(`joinCluster() lists no node whose end arrives before the answer to ${call}`, async () => {
    using room = new Room();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let isHeld = false;
    const told: BackboneListener[] = [];
    const slow: PresenceBackbone = {
      async connect(node, listener) {
        told.push(listener);
        const connection = await room.backbone.connect(node, listener);
        const leases = connection.leases.bind(connection);
        connection.leases = async (node) => {
          const answer = await leases(node);
          if (isHeld) await gate;
          return answer;
        };
        return connection;
      },
    };
    const [a] = await room.join("a", slow);
    const { connection, lease } = await room.stranger("b");
    await room.pass(20);
    assertEquals(a.nodes(), ["a", "b"]);
    isHeld = true;
    if (call === "leases()") {
      for (const { onInterrupted } of told) onInterrupted();
    } else {
      // The node asks for the lease of an unknown life.
      await connection.end(lease, lease.count);
      await connection.acquire({ ...lease, epoch: "b/2" });
      await room.pass(20);
    }
    await room.pass(20);
    const epoch = call === "leases()" ? "b/1" : "b/2";
    await connection.end({ node: "b", epoch }, lease.count);
    await room.pass(20);
    assertEquals(a.nodes(), ["a"]);
    isHeld = false;
    open();
    for (let turn = 0; turn < 10; turn++) {
      await room.pass(leaseTtlMs / 5);
      assertEquals(a.nodes(), ["a"]);
    }
    await a.leave();
  });
}

Deno.test("joinCluster() ignores a life whose end arrives before the answer to leases()", async () => {
  using room = new Room();
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  let isHeld = false;
  const told: BackboneListener[] = [];
  const slow: PresenceBackbone = {
    async connect(node, listener) {
      told.push(listener);
      const connection = await room.backbone.connect(node, listener);
      const leases = connection.leases.bind(connection);
      connection.leases = async (node) => {
        const answer = await leases(node);
        if (isHeld) await gate;
        return answer;
      };
      return connection;
    },
  };
  const [a, server] = await room.join("a", slow);
  await room.stranger("b");
  await room.pass(20);
  isHeld = true;
  for (const { onInterrupted } of told) onInterrupted();
  await room.pass(20);
  await room.stranger("b", { epoch: "b/2" });
  await room.pass(20);
  isHeld = false;
  open();
  await room.pass(20);
  assertEquals(a.nodes(), ["a", "b"]);
  assertEquals(a.stats.nodesWent, 1, "it has not gone once more");
  server[Symbol.dispose]();
});

Deno.test("joinCluster() shows nothing of nodes that died before it started, and ends their lives in time", async () => {
  using room = new Room();
  const { connection } = await room.stranger("dead");
  await room.pass(leaseTtlMs * 3);
  const [a, server] = await room.join("a");
  for (let gone = 0; gone < leaseTtlMs - 40; gone += 20) {
    assertEquals([shown(server), a.nodes()], [[], ["a"]]);
    assertEquals((await connection.leases()).length, 2, "they had their time");
    await room.pass(20);
  }
  await room.pass(60);
  assertEquals((await connection.leases()).map(({ node }) => node), ["a"]);
  assertEquals((await connection.read('"doc-1"')).rows, []);
  await a.leave();
});

Deno.test("joinCluster() shows a node with an old lease once it renews, and has purged nothing", async () => {
  using room = new Room();
  const { connection, lease } = await room.stranger("slow");
  await room.pass(leaseTtlMs * 3);
  const [a, server] = await room.join("a");
  await room.pass(leaseTtlMs / 2);
  assertEquals(shown(server), []);
  await connection.renew({ ...lease, count: 2 });
  await room.pass(20);
  assertEquals([shown(server), a.nodes()], [["at slow"], ["a", "slow"]]);
  await room.pass(leaseTtlMs / 2);
  assertEquals(shown(server), ["at slow"], "the lease begins anew");
  await a.leave();
});

Deno.test("joinCluster() ends and drops nothing when a backbone returns with old leases and a node is new", async () => {
  using room = new Room();
  let isAway = false;
  const lossy: PresenceBackbone = {
    async connect(node, listener) {
      const connection = await room.backbone.connect(node, listener);
      const renew = connection.renew.bind(connection);
      connection.renew = (lease) =>
        isAway ? Promise.reject(new Error("away")) : renew(lease);
      return connection;
    },
  };
  const times = { holdMs: leaseTtlMs * 100 };
  const [a, hereA] = await room.join("a", lossy, times);
  const [b, hereB] = await room.join("b", lossy, times);
  hereA.receive(update({ subject: "alice", observedAt: hereA.now }));
  hereB.receive(update({ subject: "bob", observedAt: hereB.now }));
  await room.pass(50);
  isAway = true;
  await room.pass(leaseTtlMs * 4);
  const [c, hereC] = await room.join("c");
  await room.pass(leaseTtlMs / 2);
  assertEquals([shown(hereC), c.nodes()], [[], ["c"]]);
  isAway = false;
  for (let gone = 0; gone < leaseTtlMs * 3; gone += 50) {
    await room.pass(50);
    for (const server of [hereA, hereB]) {
      assertEquals(shown(server), ["alice", "bob"]);
    }
  }
  assertEquals(shown(hereC), ["alice", "bob"]);
  for (const node of [a, b, c]) assertEquals(node.nodes(), ["a", "b", "c"]);
  for (const node of [a, b, c]) await node.leave();
});

Deno.test("joinCluster() removes no row of a process that has taken its name unnoticed", async () => {
  using room = new Room();
  let isHeld = false;
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const slow: PresenceBackbone = {
    async connect(node, listener) {
      const connection = await room.backbone.connect(node, listener);
      const renew = connection.renew.bind(connection);
      connection.renew = async (lease) => {
        if (isHeld) await gate;
        return await renew(lease);
      };
      return connection;
    },
  };
  const [a, server] = await room.join("a", slow);
  isHeld = true;
  const { connection, lease } = await room.stranger("a");
  await room.pass(50);
  assertEquals(a.node, "a", "it has not noticed");
  assertEquals((await connection.read('"doc-1"')).rows.length, 1);
  isHeld = false;
  open();
  await room.pass(20);
  await connection.renew({ ...lease, count: 2 });
  await room.pass(20);
  assertEquals(shown(server), ["at a"]);
  assertEquals(a.nodes(), ["a", a.node]);
  await a.leave();
});

// Clocks

Deno.test("joinCluster() gives up a node that dies as the backbone's clock is set back", async () => {
  using room = new Room();
  const [a, server] = await room.join("a");
  const [b] = await room.join("b");
  await room.stranger("dead");
  await room.pass(20);
  assertEquals(shown(server), ["at dead"]);
  room.aheadMs = -3_600_000;
  const { connection } = await room.stranger("slow");
  let count = 1;
  for (let gone = 0; gone < leaseTtlMs * 8; gone += leaseTtlMs / 2) {
    // No node gives up a node that renews, however seldom.
    await connection.renew({
      node: "slow",
      epoch: "slow/1",
      count: ++count,
      announced: "",
      written: [],
    });
    await room.pass(leaseTtlMs / 2);
    assert(a.nodes().includes("slow"));
    if (gone >= leaseTtlMs * 2) assertEquals(shown(server), ["at slow"]);
  }
  assertEquals(a.nodes(), ["a", "b", "slow"]);
  assertEquals(b.nodes(), ["a", "b", "slow"]);
  for (const node of [a, b]) await node.leave();
});

Deno.test("MemoryBackbone accepts takeovers and returns ages of leases after its clock was set back", async () => {
  using room = new Room();
  const { connection } = await room.stranger("a");
  const other = await room.backbone.connect("b", SILENT);
  const id = JSON.stringify(["at a", null, "x"]);
  room.aheadMs = -3_600_000;
  assertEquals((await other.leases("a"))[0]?.age, 0);
  assertEquals((await other.read('"doc-1"')).rows[0]?.age, UNKNOWN_AGE);
  const [withdrawn] = await other.write({ node: "b", epoch: "b/1" }, [
    { type: "withdraw", context: '"doc-1"', id, age: 0 },
  ]);
  assertEquals(withdrawn?.isDone, true);
  assertEquals((await connection.read('"doc-1"')).rows, []);
});

// Unreadable leases

Deno.test("joinCluster() ignores the parts of a lease that it can't read", async () => {
  using room = new Room();
  const [a, server] = await room.join("a");
  const told: BackboneListener[] = [];
  const tapped: PresenceBackbone = {
    connect(node, listener) {
      told.push(listener);
      return room.backbone.connect(node, listener);
    },
  };
  const [b] = await room.join("b", tapped);
  const bad: unknown[] = [undefined, null, 1, "x", [null], [[1, 2], ["c"]]];
  for (const [index, written] of bad.entries()) {
    const count = index + 1;
    const lease = JSON.parse(JSON.stringify({ count, written }));
    const { connection } = await room.stranger(`s${index}`, lease);
    await room.pass(20);
    await connection.renew({
      ...JSON.parse(JSON.stringify({ announced: null, written })),
      node: `s${index}`,
      epoch: `s${index}/1`,
      count: count + 1,
    });
    await room.pass(20);
  }
  for (const lease of ["{}", '{"node":"s9"}', '{"node":"s9","epoch":1}']) {
    for (const { onLease } of told) onLease(JSON.parse(lease));
  }
  await room.pass(20);
  const names = bad.map((_, index) => `s${index}`);
  assertEquals(a.nodes(), ["a", "b", ...names]);
  assertEquals(shown(server), names.map((name) => `at ${name}`));
  assertEquals(room.errors, []);
  for (const node of [a, b]) await node.leave();
});

// Purges

Deno.test("joinCluster() purges a life once at a time, however often renewals return it", async () => {
  using room = new Room();
  let atOnce = 0;
  let isDone = false;
  let most = 0;
  const slow: PresenceBackbone = {
    async connect(node, listener) {
      const connection = await room.backbone.connect(node, listener);
      const purge = connection.purge.bind(connection);
      connection.purge = async (life, context) => {
        if (context !== undefined) return purge(life, context);
        most = Math.max(most, ++atOnce);
        await new Promise((resolve) => setTimeout(resolve, leaseTtlMs));
        atOnce--;
        return isDone;
      };
      return connection;
    },
  };
  const { connection, lease } = await room.stranger("dead");
  await connection.end(lease, lease.count);
  const [a] = await room.join("a", slow);
  await room.pass(leaseTtlMs * 5);
  assertEquals(most, 1);
  isDone = true;
  a.leave();
  await room.pass(leaseTtlMs * 2);
});

// Leaving

Deno.test("Cluster.leave() forgets the others: nodes() is empty, and list() returns only own entries", async () => {
  using room = new Room();
  const [a, here] = await room.join("a");
  await room.stranger("b");
  here.receive(update({ subject: "alice", observedAt: here.now }));
  await room.pass(50);
  assertEquals(shown(here), ["alice", "at b"]);
  const left = a.leave({ keep: true });
  for (let turn = 0; turn < 2; turn++) {
    assertEquals(a.nodes(), []);
    const { snapshots, missing, isComplete } = await a.list("doc-1");
    assertEquals(snapshots.map(({ subject }) => subject), ["alice"]);
    assertEquals([missing, isComplete], [[], false]);
    await left;
  }
});
