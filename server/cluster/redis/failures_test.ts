import { assertEquals } from "@std/assert";
import { eventually } from "../../testing/waiting.ts";
import { RedisServer } from "../testing/redis_server.ts";
import { TcpProxy } from "../testing/tcp_proxy.ts";
import { RedisBackbone } from "./mod.ts";
import { allAre, allShow, flaps, TestNode } from "../testing/test_node.ts";
import { connectorOf } from "./testing/connectors.ts";

/** Two nodes, each with a client of another package, and somebody at each. */
async function pair(
  ports: { readonly port: number },
): Promise<[TestNode, TestNode] & AsyncDisposable> {
  const nodes = ["ioredis", "node-redis"].map((client) => {
    const connector = connectorOf(client, ports.port);
    return new TestNode(client, new RedisBackbone(connector));
  });
  const [a, b] = nodes;
  if (a === undefined || b === undefined) throw new Error("No nodes");
  a.put("ann");
  b.put("bob");
  await allShow([a, b], "ann editing", "bob editing");
  return Object.assign<[TestNode, TestNode], AsyncDisposable>([a, b], {
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
    },
  });
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `RedisBackbone: ${name}`,
    ignore: !RedisServer.isInstalled,
    fn,
  });
}

for (
  const [disk, options] of Object.entries({
    "without a disk": [],
    "with one": ["--appendonly", "yes", "--appendfsync", "always"],
  })
) {
  test(`a server that is killed and started again ${disk} empties no room`, async () => {
    await using server = await RedisServer.start(...options);
    await using nodes = await pair(server);
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
}

test("a client that leaves while the server is away is gone when it is back", async () => {
  await using server = await RedisServer.start("--appendonly", "yes");
  await using nodes = await pair(server);
  const [a] = nodes;
  await server.kill();
  await allAre(nodes, "isolated");
  a.remove("ann");
  await server.start();
  await allShow(nodes, "bob editing");
});

test("nodes write again what Redis forgets while they are connected", async () => {
  await using server = await RedisServer.start();
  await using nodes = await pair(server);
  const [a, b] = nodes;
  for (const turn of ["idle", "acting", "observing", "editing"]) {
    await server.ask("FLUSHALL");
    a.put("ann", turn);
    a.put("cyd");
    await allShow(nodes, `ann ${turn}`, "bob editing", "cyd editing");
    b.put("bob");
    a.remove("cyd");
    await allShow(nodes, `ann ${turn}`, "bob editing");
    await eventually(async () => {
      const answer = await server.ask("GET", "ruthere:{nodes}:memory");
      const memory = answer.split("\r\n")[1] ?? "";
      const leases = await server.ask("HVALS", "ruthere:{nodes}:leases");
      return memory !== "" && leases.split(memory).length === 3;
    }, "both have told all that they have");
  }
  assertEquals(flaps(a, b), []);
});

test("a context that alone is lost is written again when it is read", async () => {
  await using server = await RedisServer.start();
  await using nodes = await pair(server);
  const keys = ["rows", "owners", "last"]
    .map((key) => `ruthere:{context:"doc-1"}:${key}`);
  for (let turn = 0; turn < 3; turn++) {
    assertEquals(await server.ask("DEL", ...keys), ":3\r\n");
    await server.ask("CLIENT", "KILL", "TYPE", "pubsub");
    await eventually(
      async () => await server.ask("HLEN", keys[0] ?? "") === ":2\r\n",
      "both are written",
    );
    await allShow(nodes, "ann editing", "bob editing");
  }
});

test("scripts that are forgotten are loaded again", async () => {
  await using server = await RedisServer.start();
  await using nodes = await pair(server);
  const [a, b] = nodes;
  for (const activity of ["observing", "editing", "idle"]) {
    await server.ask("SCRIPT", "FLUSH");
    a.put("ann", activity);
    b.put("bob", activity);
    await allShow(nodes, `ann ${activity}`, `bob ${activity}`);
  }
  assertEquals(flaps(a, b), []);
});

test("a replica that has not heard of the last writes takes over", async () => {
  await using master = await RedisServer.start(
    ...["--repl-diskless-sync-delay", "0"],
  );
  await using replica = await RedisServer.start(
    ...["--replicaof", `127.0.0.1 ${master.port}`],
  );
  await using proxy = await TcpProxy.start(master.port);
  await using nodes = await pair(proxy);
  const [a, b] = nodes;
  a.put("cyd");
  await allShow(nodes, "ann editing", "bob editing", "cyd editing");
  await master.ask("WAIT", "1", "0");

  await replica.ask("REPLICAOF", "NO", "ONE");
  a.put("ann", "observing");
  b.put("dan");
  a.remove("cyd");
  await allShow(nodes, "ann observing", "bob editing", "dan editing");
  proxy.lead(replica.port);
  await master.kill();
  await allShow(nodes, "ann observing", "bob editing", "dan editing");
  b.put("eve");
  a.remove("ann");
  await allShow(nodes, "bob editing", "dan editing", "eve editing");
  assertEquals(flaps(b), ["left ann"]);
});

test("a master that becomes a replica is left for the new one", async () => {
  await using master = await RedisServer.start(
    ...["--repl-diskless-sync-delay", "0"],
  );
  await using replica = await RedisServer.start(
    ...["--replicaof", `127.0.0.1 ${master.port}`],
  );
  await using proxy = await TcpProxy.start(master.port);
  await using nodes = await pair(proxy);
  const [a, b] = nodes;
  await master.ask("WAIT", "1", "0");
  await replica.ask("REPLICAOF", "NO", "ONE");
  // The connections stay; only what they lead to has changed.
  await master.ask("REPLICAOF", "127.0.0.1", String(replica.port));
  proxy.leadLater(replica.port);
  a.put("ann", "observing");
  await allShow(nodes, "ann observing", "bob editing");
  assertEquals(flaps(a, b), []);
});

test("a connection that is cut comes back", async () => {
  await using server = await RedisServer.start();
  await using proxy = await TcpProxy.start(server.port);
  await using nodes = await pair(proxy);
  const [a, b] = nodes;
  await using c = new TestNode(
    "c",
    new RedisBackbone(connectorOf("ioredis", server.port)),
  );
  await allShow([c], "ann editing", "bob editing");
  proxy.cut();
  await allAre(nodes, "isolated");
  c.put("cyd");
  a.put("ann", "observing");
  proxy.heal();
  await allShow([a, b, c], "ann observing", "bob editing", "cyd editing");
  assertEquals(flaps(a, b, c), []);
});

for (
  const key of [
    '{context:"doc-1"}:rows',
    '{context:"doc-1"}:owners',
    '{context:"doc-1"}:last',
    "{nodes}:leases",
    "{nodes}:unpurged",
    "{nodes}:memory",
  ].map((key) => `ruthere:${key}`)
) {
  const type = /last|memory/.test(key) ? "string" : "hash";
  const sentence = `Cannot ask Redis: the key ${key} was a list, and not a ` +
    `${type}; its name is ${key}:foreign now, and nodes write again what they have`;

  /** The report, and the type and the value of the key afterwards. */
  const outcome = async (server: RedisServer, nodes: readonly TestNode[]) => [
    ...nodes.flatMap(({ failures }) => failures).map(String)
      .filter((text) => text.includes("was a list")),
    await server.ask("TYPE", key),
    await server.ask("LRANGE", `${key}:foreign`, "0", "-1"),
  ];
  const healed = [
    `RedisUnavailableError: ${sentence}`,
    `+${key.endsWith("unpurged") ? "none" : type}\r\n`,
    "*1\r\n$6\r\ntheirs\r\n",
  ];

  test(`a key of another type is set aside and reported once: ${key}`, async () => {
    await using server = await RedisServer.start();
    await server.ask("LPUSH", key, "theirs");
    // Where nobody can join, that is what joining fails with.
    await using nodes = await pair(server);
    assertEquals(await outcome(server, nodes), healed);
    await using c = new TestNode(
      "c",
      new RedisBackbone(connectorOf("ioredis", server.port)),
    );
    await allShow([c], "ann editing", "bob editing");
  });

  test(`a key that gets another type is set aside, and what was lost is written again: ${key}`, async () => {
    await using server = await RedisServer.start();
    await using nodes = await pair(server);
    const [a, b] = nodes;
    // At once: in between, a node may write it anew.
    const script = `redis.call("DEL", KEYS[1])
      redis.call("LPUSH", KEYS[1], "theirs")`;
    await server.ask("EVAL", script, "1", key);
    a.put("cyd");
    await allShow(nodes, "ann editing", "bob editing", "cyd editing");
    await using c = new TestNode(
      "c",
      new RedisBackbone(connectorOf("ioredis", server.port)),
    );
    await allShow([c], "ann editing", "bob editing", "cyd editing");
    assertEquals(await outcome(server, [...nodes, c]), healed);
    assertEquals(flaps(a, b), []);
  });
}

test("values in keys of ours that are none of ours count for nothing", async () => {
  await using server = await RedisServer.start();
  const context = 'ruthere:{context:"doc-1"}';
  const id = JSON.stringify(["ann", null, "session/ann"]);
  for (const value of ["", "theirs", "{}", "[]", "null", "1 2", '1 ["a"]']) {
    await server.ask("SET", `${context}:last`, value);
    await server.ask("HSET", `${context}:owners`, value, value, id, value);
    await server.ask("HSET", `${context}:rows`, value, value, id, value);
    for (const key of ["leases", "unpurged"]) {
      await server.ask("HSET", `ruthere:{nodes}:${key}`, value, value);
      await server.ask("HSET", `ruthere:{nodes}:${key}`, "ioredis", value);
    }
    await using nodes = await pair(server);
    assertEquals(nodes.flatMap(({ failures }) => failures), []);
  }
});

test("a read-only Redis is reported in one sentence", async () => {
  await using server = await RedisServer.start();
  await using nodes = await pair(server);
  await server.ask("REPLICAOF", "127.0.0.1", "1");
  const sentences = () =>
    new Set(nodes.flatMap(({ failures }) => failures).map(String));
  await eventually(
    () => nodes.every(({ failures }) => failures.length > 4),
    "it was tried again and again",
  );
  assertEquals([...sentences()], [
    "RedisUnavailableError: Cannot ask Redis: it is read-only, as a replica " +
    "is; nodes need a master",
  ]);
  await server.ask("REPLICAOF", "NO", "ONE");
  await allAre(nodes, "connected");
  await allShow(nodes, "ann editing", "bob editing");
});

test("a connection that is silent is replaced", async () => {
  await using server = await RedisServer.start();
  await using proxy = await TcpProxy.start(server.port);
  await using nodes = await pair(proxy);
  const [a, b] = nodes;
  proxy.stall();
  await allAre(nodes, "isolated");
  a.put("ann", "observing");
  proxy.heal();
  await allShow(nodes, "ann observing", "bob editing");
  assertEquals(flaps(a, b), []);
});
