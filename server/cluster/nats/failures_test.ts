/**
 * What may happen to a server, and to the way there, on a real one: in the end
 * all nodes show the same, and those who have not left were never gone.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { assert, assertEquals } from "@std/assert";
import { eventually } from "../../testing/waiting.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { TcpProxy } from "../testing/tcp_proxy.ts";
import { allAre, allShow, flaps } from "../testing/test_node.ts";
import { TooLargeError } from "./mod.ts";
import { Names } from "./names.ts";
import { NatsNode, pair } from "./testing/nats_node.ts";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `NatsBackbone: ${name}`,
    ignore: !NatsServer.isInstalled,
    fn,
  });
}

/** Deletes the bucket under the feet of all. */
async function deleteBucket(server: NatsServer): Promise<void> {
  const nats = await server.connect();
  const { streams } = await jetstreamManager(nats);
  await streams.delete("KV_ruthere");
  await nats.close();
}

/** The keys that there are, and the markers of deleted ones. */
async function keysOf(server: NatsServer): Promise<string[]> {
  const nats = await server.connect();
  const { streams } = await jetstreamManager(nats);
  const { state } = await streams.info("KV_ruthere", { subjects_filter: ">" });
  await nats.close();
  return Object.keys(state.subjects ?? {})
    .map((subject) => subject.replace("$KV.ruthere.", "")).sort();
}

for (const storage of ["file", "memory"] as const) {
  test(`a server that is killed and started again empties no room, ${storage} storage`, async () => {
    await using server = await NatsServer.start();
    await using nodes = await pair({ to: server, storage });
    const [a, b] = nodes;
    await server.kill();
    await allAre(nodes, "isolated");
    a.put("ann", "observing");
    a.put("cyd");
    b.put("dan");
    b.remove("dan");
    await allShow([b], "ann editing", "bob editing");
    await server.start();
    await allShow(nodes, "ann observing", "bob editing", "cyd editing");
    await allAre(nodes, "connected");
    b.put("bob", "observing");
    a.remove("cyd");
    await allShow(nodes, "ann observing", "bob observing");
    assertEquals(flaps(a, b), []);
  });

  test(`who goes while the server is away is gone when it is back, ${storage} storage`, async () => {
    await using server = await NatsServer.start();
    await using nodes = await pair({ to: server, storage });
    const [a] = nodes;
    await server.kill();
    await allAre(nodes, "isolated");
    a.remove("ann");
    await server.start();
    await allShow(nodes, "bob editing");
  });
}

for (const isMadeByOthers of [false, true]) {
  const kind = isMadeByOthers ? "that others have made" : "of its own";
  test(`a bucket ${kind} that is deleted under the feet of all is filled again`, async () => {
    await using server = await NatsServer.start();
    if (isMadeByOthers) {
      const nats = await server.connect();
      await new Kvm(nats).create("ruthere");
      await nats.close();
    }
    await using nodes = await pair({ to: server });
    const [a, b] = nodes;
    for (const doing of ["observing", "editing", "idling"]) {
      await deleteBucket(server);
      a.put("ann", doing);
      a.put("cyd");
      await allShow(nodes, `ann ${doing}`, "bob editing", "cyd editing");
      b.put("bob");
      a.remove("cyd");
      await allShow(nodes, `ann ${doing}`, "bob editing");
    }
    assertEquals(flaps(a, b), []);
  });

  test(`a node that misses revisions of a bucket ${kind} catches up`, async () => {
    await using server = await NatsServer.start();
    if (isMadeByOthers) {
      const nats = await server.connect();
      await new Kvm(nats).create("ruthere");
      await nats.close();
    }
    await using proxy = await TcpProxy.start(server.port);
    await using nodes = await pair({ to: proxy });
    const [a, b] = nodes;
    await using c = await NatsNode.start("c", { to: server });
    await allShow([c], "ann editing", "bob editing");
    c.put("fay");
    await allShow([a, b, c], "ann editing", "bob editing", "fay editing");
    proxy.cut();
    await allAre(nodes, "isolated");
    for (let turn = 0; turn < 100; turn++) c.put("cyd", `${turn}`);
    c.remove("fay");
    c.put("eve");
    c.remove("eve");
    a.put("ann", "observing");
    await allShow([c], "ann editing", "bob editing", "cyd 99");
    proxy.heal();
    await allShow([a, b, c], "ann observing", "bob editing", "cyd 99");
    b.put("dan");
    await allShow(
      [a, b, c],
      ...["ann observing", "bob editing", "cyd 99", "dan editing"],
    );
    assertEquals(flaps(a, b, c), []);
  });
}

test("values under keys of ours that are none of ours count for nothing, and are overwritten", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const kv = await new Kvm(nats).create("ruthere");
  const names = new Names("ruthere");
  const id = JSON.stringify(["ann", null, "session/ann"]);
  const scribble = async (value: string) => {
    for (const node of ["a", "b", "c"]) await kv.put(names.lease(node), value);
    await kv.put(names.row('"doc-1"', id), value);
    await kv.put(names.row('"doc-1"', value), value);
    await kv.put("elsewhere", value);
  };
  for (const value of ["", "theirs", "{}\n", "null\n", '{"lease":{}}\n']) {
    await scribble(value);
    await kv.put(names.memory, value);
    await using nodes = await pair({ to: server });
    const [a, b] = nodes;
    await scribble(value);
    a.put("cyd");
    await allShow(nodes, "ann editing", "bob editing", "cyd editing");
    await using c = await NatsNode.start("c", { to: server });
    await allShow([c], "ann editing", "bob editing", "cyd editing");
    assertEquals([...a.errors, ...b.errors], []);
  }
  await nats.close();
});

test("a connection that is silent does no harm", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start(server.port);
  await using nodes = await pair({ to: proxy, timeoutMs: 300 });
  await using c = await NatsNode.start("c", { to: server });
  const [a, b] = nodes;
  proxy.stall();
  await allAre(nodes, "isolated");
  a.put("ann", "observing");
  c.put("cyd");
  proxy.heal();
  await allShow([a, b, c], "ann observing", "bob editing", "cyd editing");
  assertEquals(flaps(a, b, c), []);
});

test("a server that stands still for a while does no harm", async () => {
  await using server = await NatsServer.start();
  await using nodes = await pair({ to: server, timeoutMs: 300 });
  const [a, b] = nodes;
  server.pause();
  await allAre(nodes, "isolated");
  a.put("ann", "observing");
  b.put("cyd");
  server.resume();
  await allShow(nodes, "ann observing", "bob editing", "cyd editing");
  assertEquals(flaps(a, b), []);
});

test("a node that reads too slowly is cut off by the server, and catches up", async () => {
  await using server = await NatsServer.start(
    // No more than one row waits for a, which reads on.
    "max_payload: 600000\nmax_pending: 4000000",
  );
  await using proxy = await TcpProxy.start(server.port);
  await using a = await NatsNode.start("a", { to: server });
  await using b = await NatsNode.start("b", { to: proxy });
  a.put("ann");
  b.put("bob");
  await allShow([a, b], "ann editing", "bob editing");
  let reconnects = 0;
  const counting = (async () => {
    for await (const { type } of b.nats.status()) {
      if (type === "reconnect" && ++reconnects > 0) return;
    }
  })();
  proxy.stall();
  // More than what the ways there hold.
  const text = "x".repeat(500_000);
  for (let turn = 0; turn < 60; turn++) {
    a.put("cyd", `${turn}${text}`);
    await eventually(
      () => a.shows().includes(`cyd ${turn}${text}`),
      "a shows it",
    );
    await a.nats.flush();
  }
  a.put("cyd", "done");
  proxy.heal();
  await counting;
  await allShow([a, b], "ann editing", "bob editing", "cyd done");
  assertEquals(flaps(a, b), []);
});

test("a row that is too large is reported, and harms nothing else", async () => {
  await using server = await NatsServer.start("max_payload: 32768");
  await using nodes = await pair({ to: server });
  const [a, b] = nodes;
  a.put("ann", "x".repeat(40_000));
  a.put("cyd");
  b.put("bob", "observing");
  await allShow([b], "ann editing", "bob observing", "cyd editing");
  const [error] = a.errors;
  assert(error instanceof TooLargeError);
  assert(/^Cannot share row .*ann.* of context "doc-1"/.test(error.message));
  a.put("ann", "observing");
  await allShow(nodes, "ann observing", "bob observing", "cyd editing");
  assertEquals(flaps(a, b), []);
  assertEquals(nodes.map(({ cluster }) => cluster.status), [
    "connected",
    "connected",
  ]);
});

test("a row that somebody deletes by hand is written again", async () => {
  await using server = await NatsServer.start();
  await using nodes = await pair({ to: server });
  const nats = await server.connect();
  const kv = await new Kvm(nats).open("ruthere");
  const rows = (await keysOf(server)).filter((key) => key.startsWith("rows."));
  assertEquals(rows.length, 2);
  for (const row of rows) await kv.delete(row);
  await eventually(async () => {
    const there = await Promise.all(rows.map((row) => kv.get(row)));
    return there.every((entry) => entry?.operation === "PUT");
  }, "they are there again");
  await nats.close();
  await allShow(nodes, "ann editing", "bob editing");
});

for (const kept of ["leases.a", "memory"]) {
  test(`the key ${kept} that somebody deletes by hand is made again`, async () => {
    await using server = await NatsServer.start();
    await using nodes = await pair({ to: server, leaseTtlMs: 1_500 });
    const [a, b] = nodes;
    const nats = await server.connect();
    const kv = await new Kvm(nats).open("ruthere");
    await kv.delete(kept);
    await using c = await NatsNode.start("c", { to: server });
    c.put("cyd");
    a.put("ann", "observing");
    await allShow(
      [a, b, c],
      ...["ann observing", "bob editing", "cyd editing"],
    );
    await eventually(async () => {
      const entry = await kv.get(kept);
      return entry?.operation === "PUT" && entry.string() !== "";
    }, "it is there again");
    await nats.close();
    await allAre([a, b, c], "connected");
  });
}

test("a node that dies leaves nobody in the room, and nothing in the bucket", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start(server.port);
  await using dead = await NatsNode.start("d", {
    to: proxy,
    leaseTtlMs: 1_500,
  });
  await using b = await NatsNode.start("b", {
    to: server,
    leaseTtlMs: 1_500,
  });
  dead.put("ann");
  dead.put("eve");
  b.put("bob");
  await allShow([dead, b], "ann editing", "bob editing", "eve editing");
  dead.remove("eve");
  await allShow([dead, b], "ann editing", "bob editing");
  proxy.cut();
  await allShow([b], "bob editing");
  await eventually(
    async () => (await keysOf(server)).length === 3,
    "its rows, its lease and its markers are gone",
  );
  const [lease, memory, row] = await keysOf(server);
  assertEquals([lease, memory], ["leases.b", "memory"]);
  assert(row?.includes("bob"));
  assertEquals(b.told.filter((told) => told.startsWith("left")), [
    "left eve",
    "left ann",
  ]);
});
