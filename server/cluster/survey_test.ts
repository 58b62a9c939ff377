import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer, PUBLIC_VIEWER } from "../mod.ts";
import { keyOf, update } from "../testing/harness.ts";
import { type BackboneListener, joinCluster, MemoryBackbone } from "./mod.ts";
import { ANSWER_TIMEOUT_MS } from "./questions.ts";

const NEVER = new Promise<never>(() => {});

/**
 * Two nodes. The first has followed doc-1 and has received nothing since. `read`
 * replaces its further readings.
 */
async function withStaleRows(
  read: () => Promise<never>,
  check: (
    stale: ReturnType<typeof joinCluster>,
    pass: (duration: number) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  using time = new FakeTime(1_000_000);
  const pass = async (duration: number) => {
    for (let gone = 0; gone < duration; gone += 5) {
      time.tick(5);
      for (let turn = 0; turn < 60; turn++) await Promise.resolve();
    }
  };
  const backbone = new MemoryBackbone();
  let isDeaf = false;
  const told: BackboneListener[] = [];
  const tapped: MemoryBackbone["connect"] = async (node, listener) => {
    told.push(listener);
    const connection = await backbone.connect(node, {
      onChange: (change) => isDeaf || listener.onChange(change),
      onLease: (lease) => isDeaf || listener.onLease(lease),
      onEnded: (life) => listener.onEnded(life),
      onMessage: (context, from, text) =>
        listener.onMessage(context, from, text),
      onInterrupted: () => listener.onInterrupted(),
    });
    const really = connection.read.bind(connection);
    connection.read = (context) => isDeaf ? read() : really(context);
    return connection;
  };
  using here = new PresenceServer();
  using there = new PresenceServer();
  const onError = () => {};
  const stale = joinCluster(here, { connect: tapped }, { node: "a", onError });
  const owner = joinCluster(there, backbone, { node: "b", onError });
  here.watch({ context: "doc-1" }).next();
  await pass(50);
  for (const subject of ["alice", "bob"]) {
    there.receive(update({ subject, observedAt: there.now }));
  }
  await pass(50);
  assertEquals(here.store.size, 2);
  isDeaf = true;
  there.receive(update({ observedAt: there.now, visibility: "private" }));
  there.withdraw(keyOf({ subject: "bob" }));
  await pass(50);
  for (const listener of told) listener.onInterrupted();
  await pass(50);
  assertEquals(stale.status, "connected");
  await check(stale, pass);
  isDeaf = false;
  await Promise.all([stale.leave(), owner.leave()]);
}

for (
  const [what, read] of [
    ["can't be read", () => Promise.reject(new Error("no"))],
    ["is being read", () => NEVER],
  ] as const
) {
  Deno.test(`Cluster.list(), count() and locate() return nothing stale of a context that ${what}`, async () => {
    await withStaleRows(read, async (stale, pass) => {
      const viewer = PUBLIC_VIEWER;
      const located = Promise.all([
        stale.locate("alice", { viewer }),
        stale.locate("bob", { viewer }),
        stale.locate("alice"),
      ]);
      await pass(50);
      const [alice, bob, all] = await located;
      for (const { snapshots, isComplete } of [alice, bob]) {
        assertEquals([snapshots, isComplete], [[], true]);
      }
      const [entry, ...more] = all.snapshots;
      assertEquals([entry?.subject, entry?.visibility], ["alice", "private"]);
      assertEquals(more, []);
      const listed = Promise.all([stale.list("doc-1"), stale.count(["doc-1"])]);
      await pass(ANSWER_TIMEOUT_MS);
      const [list, count] = await listed;
      const missing = ["b"];
      assertEquals(list, { snapshots: [], isComplete: false, missing });
      assertEquals([...count.subjects], [["doc-1", 0]]);
      assertEquals([count.isComplete, count.missing], [false, missing]);
    });
  });
}
