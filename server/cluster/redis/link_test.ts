import { assertEquals, assertRejects } from "@std/assert";
import { Redis } from "ioredis";
import { Buffer } from "node:buffer";
import { createClient, RESP_TYPES } from "redis";
import { eventually } from "../../testing/waiting.ts";
import { backboneSuite } from "../backbone_suite.ts";
import { freePort } from "../testing/real_server.ts";
import { RedisServer } from "../testing/redis_server.ts";
import { TcpProxy } from "../testing/tcp_proxy.ts";
import {
  fromIoredis,
  fromNodeRedis,
  RedisBackbone,
  RedisUnavailableError,
} from "./mod.ts";
import { leaseOf, putOf, QuietListener } from "./testing/quiet_listener.ts";
import { connectorOf, CONNECTORS } from "./testing/connectors.ts";

const ignore = !RedisServer.isInstalled;

/** How many clients a server has, the one that asks not counted. */
async function clientsOf(server: RedisServer): Promise<number> {
  const list = await server.ask("CLIENT", "LIST");
  return list.split("\n").filter((line) => line.startsWith("id=")).length - 1;
}

for (const [client, connect] of Object.entries(CONNECTORS)) {
  Deno.test(`connect() fails with ${client} where nobody listens, and leaves nothing`, async () => {
    const backbone = new RedisBackbone(connect(freePort()));
    const error = await assertRejects(
      () => backbone.connect("a", new QuietListener()),
      RedisUnavailableError,
      "Cannot ask Redis: ",
    );
    assertEquals(error.cause instanceof Error, true);
  });

  Deno.test({
    name:
      `calls fail with ${client} while Redis is away, and are not done later`,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      const backbone = new RedisBackbone(connect(server.port));
      const listener = new QuietListener();
      const connection = await backbone.connect("a", listener);
      await connection.acquire(leaseOf("a"));
      const life = { node: "a", epoch: "a/1" };
      await server.kill();
      await eventually(async () => {
        const write = connection.write(life, [putOf("ann")]);
        return await write.then(() => false, () => true);
      }, "a write fails");
      const calls = Array.from({ length: 5_000 }, (_, index) => [
        connection.write(life, [putOf(`late ${index}`)]),
        connection.read('"doc-1"'),
        connection.follow(`"doc-${index}"`),
      ]).flat();
      for (const settled of await Promise.allSettled(calls)) {
        assertEquals(settled.status, "rejected");
      }
      assertEquals(listener.interruptions, 0);
      await server.start();
      await eventually(() => listener.interruptions === 1, "it is back");
      assertEquals((await connection.read('"doc-1"')).rows, []);
      await connection.write(life, [putOf("ann")]);
      assertEquals((await connection.read('"doc-1"')).rows.length, 1);
      await connection.close();
    },
  });

  Deno.test({
    name: `renew() with ${client} finds that all is heard, or makes it so`,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      const backbone = new RedisBackbone(connect(server.port));
      const listener = new QuietListener();
      const connection = await backbone.connect("a", listener);
      await connection.acquire(leaseOf("a"));
      for (let count = 2; count < 10; count++) {
        await connection.renew({ ...leaseOf("a"), count });
      }
      assertEquals(await clientsOf(server), 2);
      assertEquals(listener.interruptions, 0);
      const killed = await server.ask("CLIENT", "KILL", "TYPE", "pubsub");
      assertEquals(killed, ":1\r\n");
      await eventually(() => listener.interruptions === 1, "it is back");
      const { isKept } = await connection.renew({ ...leaseOf("a"), count: 10 });
      assertEquals(isKept, true);
      assertEquals(await clientsOf(server), 2);
      await connection.close();
    },
  });

  Deno.test({
    name:
      `close() with ${client} leaves no connection, also while Redis is away`,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      const backbone = new RedisBackbone(connect(server.port));
      const connection = await backbone.connect("a", new QuietListener());
      assertEquals(await clientsOf(server), 2);
      await connection.close();
      await eventually(async () => await clientsOf(server) === 0, "all left");
      const again = await backbone.connect("a", new QuietListener());
      await server.kill();
      await eventually(
        () => again.leases().then(() => false, () => true),
        "a call fails",
      );
      await again.close();
      await server.start();
      assertEquals(await clientsOf(server), 0);
    },
  });
}

for (const client of ["ioredis", "node-redis"]) {
  Deno.test({
    name: `connect() fails with ${client} where nobody answers`,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      await using proxy = await TcpProxy.start(server.port);
      proxy.stall();
      const backbone = new RedisBackbone(connectorOf(client, proxy.port));
      await assertRejects(
        () => backbone.connect("a", new QuietListener()),
        RedisUnavailableError,
        "within 5000 ms",
      );
    },
  });
}

Deno.test({
  name: "the user's client stays as it is, whatever its options",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const { port } = server;
    const first = new Redis({
      port,
      keyPrefix: "theirs:",
      stringNumbers: true,
      enableAutoPipelining: true,
      replyMapping: "resp3",
    });
    const second = createClient({
      socket: { port },
      keyPrefix: "theirs:",
      commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
      pingInterval: 1_000,
    });
    await second.connect();
    await first.set("key", "1");
    for (const connector of [fromIoredis(first), fromNodeRedis(second)]) {
      await server.ask("DEL", "ruthere:{nodes}:leases");
      const connection = await new RedisBackbone(connector)
        .connect("a", new QuietListener());
      await connection.acquire(leaseOf("a"));
      assertEquals((await connection.leases()).map(({ node }) => node), ["a"]);
      await connection.close();
      const theirs = await server.ask("EXISTS", "ruthere:{nodes}:leases");
      assertEquals(theirs, ":1\r\n");
    }
    assertEquals(await first.get("key"), "1");
    assertEquals(String(await second.get("key")), "1");
    first.disconnect();
    second.destroy();
    await eventually(async () => await clientsOf(server) === 0, "all left");
  },
});

/** What the README says that a user must be allowed to do. */
const PERMISSIONS = [
  ...["reset", "on", ">secret", "~ruthere:*", "&ruthere:*"],
  ..."+ping +info +script|load +evalsha +time +exists +get +set".split(
    " ",
  ),
  ..."+type +rename +del".split(" "),
  ..."+hget +hmget +hset +hdel +hgetall +hkeys".split(" "),
  ..."+hvals +hscan +sadd +srem +srandmember +xadd".split(" "),
  ..."+publish +subscribe +unsubscribe".split(" "),
  ..."+spublish +ssubscribe +sunsubscribe".split(" "),
];

const LIMITED = {
  "a user who may do what the README says": {
    options: [],
    prepare: async (server: RedisServer) => {
      const set = await server.ask("ACL", "SETUSER", "app", ...PERMISSIONS);
      assertEquals(set, "+OK\r\n");
    },
    connectors: (port: number) => [
      fromIoredis(
        new Redis({
          port,
          username: "app",
          password: "secret",
          lazyConnect: true,
        }),
      ),
      fromNodeRedis(
        createClient({ socket: { port }, username: "app", password: "secret" }),
      ),
    ],
  },
  "a server without sharded channels": {
    options: [
      ...["--rename-command", "SPUBLISH", ""],
      ...["--rename-command", "SSUBSCRIBE", ""],
    ],
    prepare: () => Promise.resolve(),
    connectors: (port: number) =>
      Object.values(CONNECTORS).map((connect) => connect(port)),
  },
};

for (
  const [what, { options, prepare, connectors }] of Object.entries(LIMITED)
) {
  Deno.test({
    name: `RedisBackbone does what a backbone must do with ${what}`,
    ignore,
    async fn(t) {
      await using server = await RedisServer.start(...options);
      await prepare(server);
      for (const [index, connector] of connectors(server.port).entries()) {
        for (const { name, run } of backboneSuite()) {
          await t.step(`${index}: ${name}`, async () => {
            await server.ask("FLUSHALL");
            await run({
              open: () => new RedisBackbone(connector),
              forget: async () => {
                await server.ask("FLUSHALL");
              },
            });
          });
        }
      }
    },
  });
}
