import { assert, assertEquals } from "@std/assert";
import { countedSignal, Reader, settles } from "../testing/harness.ts";
import { Lab, SOON, TIMES } from "./testing/lab.ts";

Deno.test("Cluster.watchStatus() begins with the present status, and ends after the node has left", async () => {
  using lab = new Lab();
  lab.network.setAway(true);
  const a = await lab.start("a");
  const statuses = new Reader(a.cluster.watchStatus());
  assertEquals(await statuses.read(), ["connecting"]);
  lab.network.setAway(false);
  await lab.pass();
  assertEquals(await statuses.read(), ["connected"]);
  lab.network.setAway(true);
  await lab.pass();
  assertEquals(await statuses.read(), ["isolated"]);
  lab.network.setAway(false);
  await lab.pass();
  await a.run(() => a.cluster.leave());
  await lab.pass();
  assertEquals(await statuses.read(), ["connected", "left"]);
  assert(statuses.done);
});

Deno.test("Cluster.watchStatus() yields only the latest status to a slow reader", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  const watch = a.cluster.watchStatus();
  assertEquals(await watch.next(), { done: false, value: "connecting" });
  await lab.pass();
  lab.network.setAway(true);
  await lab.pass();
  assertEquals(await watch.next(), { done: false, value: "isolated" });
  assertEquals(await watch.return?.(), { done: true, value: undefined });
});

Deno.test("Cluster.watchStatus() ends without an error when it is aborted, and leaks nothing", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  const counted = countedSignal();
  const { signal } = counted;
  const statuses = new Reader(a.cluster.watchStatus({ signal }));
  assertEquals(await statuses.read(), ["connected"]);
  assertEquals(counted.listeners, 1);
  counted.controller.abort();
  assertEquals(await statuses.read(), []);
  assert(statuses.done);
  assertEquals(counted.listeners, 0);
  const late = new Reader(a.cluster.watchStatus({ signal }));
  assertEquals(await late.read(), []);
  assert(late.done);
});

Deno.test("Cluster.watchStatus() ends at once by return()", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  const watch = a.cluster.watchStatus();
  await watch.next();
  const next = watch.next();
  assert(!await settles(next));
  await watch[Symbol.asyncDispose]();
  assertEquals(await next, { done: true, value: undefined });
});

Deno.test("Cluster.status is isolated while the node is cut off, and others give it up", async () => {
  using lab = new Lab();
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await lab.pass();
  lab.network.cut(b.process, true);
  await lab.pass(TIMES.leaseTtlMs * 2 + SOON);
  assertEquals([a.cluster.status, b.cluster.status], ["connected", "isolated"]);
  assertEquals(a.cluster.nodes(), ["a"]);
  assertEquals(b.cluster.nodes(), ["a", "b"], "as it knew them");
  lab.network.cut(b.process, false);
  await lab.pass(SOON + 50);
  assertEquals([a.cluster.nodes(), b.cluster.nodes()], [["a", "b"], [
    "a",
    "b",
  ]]);
});

Deno.test("Cluster.isReady is true after the first connection, and for the hold while the node is cut off", async () => {
  using lab = new Lab();
  lab.network.setAway(true);
  const { cluster } = await lab.start("a");
  await lab.pass(TIMES.holdMs * 2);
  assertEquals([cluster.status, cluster.isReady], ["connecting", false]);
  lab.network.setAway(false);
  await lab.pass();
  assertEquals([cluster.status, cluster.isReady], ["connected", true]);
  lab.network.setAway(true);
  await lab.pass(TIMES.leaseTtlMs + SOON);
  assertEquals([cluster.status, cluster.isReady], ["isolated", true]);
  await lab.pass(TIMES.holdMs);
  assertEquals([cluster.status, cluster.isReady], ["isolated", false]);
  lab.network.setAway(false);
  await lab.pass();
  assert(cluster.isReady);
  const left = cluster.leave();
  assert(!cluster.isReady);
  await lab.pass();
  await left;
});
