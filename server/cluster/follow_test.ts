import { assert, assertEquals, assertFalse } from "@std/assert";
import { Lab, SOON, TIMES } from "./testing/lab.ts";

const { leaseTtlMs } = TIMES;

Deno.test("Cluster.follow() loads the entries of others without a watch", async () => {
  using lab = new Lab();
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await a.receive();
  await lab.pass();
  assertEquals(b.shows(), []);
  let isWhole: boolean | undefined;
  await b.run(async () => isWhole = await b.cluster.follow("doc-1"));
  assertEquals(isWhole, undefined, "not before it was read");
  await lab.pass(100);
  assertEquals(isWhole, true);
  assertEquals(b.shows(), ["alice"]);
});

Deno.test("Cluster.follow() is what the server calls to load a whole context", async () => {
  using lab = new Lab();
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await a.receive();
  await lab.pass();
  let shown: unknown[] = [];
  await b.run(async () => {
    assert(await b.server.follow("doc-1"));
    shown = b.shows();
  });
  await lab.pass(100);
  assertEquals(shown, ["alice"]);
});

Deno.test("Cluster.follow() reads once for all callers, and keeps the context current for as long as a lease lives", async () => {
  using lab = new Lab();
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await lab.pass();
  const reads = () => lab.network.calls.get("read") ?? 0;
  const before = reads();
  const answers: boolean[] = [];
  const ask = () =>
    b.run(async () => answers.push(await b.cluster.follow("doc-1")));
  await ask();
  await ask();
  await lab.pass(100);
  for (let turn = 0; turn < 6; turn++) {
    await ask();
    await lab.pass(leaseTtlMs / 2);
  }
  assertEquals(answers, Array(8).fill(true));
  assertEquals(reads() - before, 1);
  await a.receive();
  await lab.pass();
  assertEquals(b.shows(), ["alice"]);
  await lab.pass(leaseTtlMs * 2);
  assertFalse(b.follows("doc-1"));
  assertEquals(b.shows(), []);
});

Deno.test("Cluster.follow() returns false at once before the node is connected and while it is cut off", async () => {
  using lab = new Lab();
  lab.network.setAway(true);
  const a = await lab.start("a");
  assertFalse(await a.cluster.follow("doc-1"));
  lab.network.setAway(false);
  await lab.pass();
  let isWhole: boolean | undefined;
  await a.run(async () => isWhole = await a.cluster.follow("doc-1"));
  await lab.pass();
  assertEquals(isWhole, true);
  lab.network.setAway(true);
  await lab.pass(leaseTtlMs + SOON);
  assertFalse(await a.cluster.follow("doc-1"));
});

Deno.test("Cluster.follow() returns false if the backbone fails while it reads", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  let isWhole: boolean | undefined;
  await a.run(async () => isWhole = await a.cluster.follow("doc-1"));
  lab.network.setAway(true);
  await lab.pass();
  assertEquals(isWhole, false);
});

Deno.test("Cluster.follow() reads a context again that may have changed", async () => {
  using lab = new Lab();
  const [a, b] = await Promise.all([lab.start("a"), lab.start("b")]);
  await b.watch();
  await lab.pass();
  // Between two renewals.
  await lab.pass(50);
  lab.network.cut(b.process, true);
  await a.receive();
  await lab.pass(30);
  lab.network.cut(b.process, false);
  await lab.pass(20);
  assertEquals([b.cluster.status, b.shows()], ["connected", []]);
  let isWhole: boolean | undefined;
  await b.run(async () => isWhole = await b.cluster.follow("doc-1"));
  await lab.pass(100);
  assertEquals(isWhole, true);
  assertEquals(b.shows(), ["alice"]);
});

Deno.test("Cluster.follow() does not wait for a backbone that does not answer", async () => {
  using lab = new Lab();
  const a = await lab.start("a");
  await lab.pass();
  lab.network.weather = { ...lab.network.weather, maxDelay: 1_000_000 };
  let isWhole: boolean | undefined;
  await a.run(async () => isWhole = await a.cluster.follow("doc-1"));
  await lab.pass(400);
  assertEquals(isWhole, undefined);
  await lab.pass(100);
  assertEquals(isWhole, false);
});
