import { assertEquals } from "@std/assert";
import { Cluster } from "ioredis";
import { createCluster } from "redis";
import { backboneSuite } from "../backbone_suite.ts";
import { RedisServer } from "../testing/redis_server.ts";
import { fromIoredis, fromNodeRedis, RedisBackbone } from "./mod.ts";
import { RedisNames } from "./names.ts";
import { slotOf } from "./slots.ts";
import { RedisCluster } from "./testing/redis_cluster.ts";
import { allShow, TestNode } from "../testing/test_node.ts";

const ignore = !RedisServer.isInstalled;

const CONNECTORS = {
  ioredis: ({ nodes }: RedisCluster) =>
    fromIoredis(new Cluster(nodes, { lazyConnect: true })),
  "node-redis": ({ nodes }: RedisCluster) =>
    fromNodeRedis(
      createCluster({ rootNodes: nodes.map((socket) => ({ socket })) }),
    ),
};

Deno.test({
  name: "RedisBackbone does what a backbone must do on a Redis Cluster",
  ignore,
  async fn(t) {
    await using redis = await RedisCluster.start(3);
    for (const [client, connectorOf] of Object.entries(CONNECTORS)) {
      for (const { name, run } of backboneSuite()) {
        await t.step(`with ${client}: ${name}`, async () => {
          await redis.flush();
          await run({
            open: () => new RedisBackbone(connectorOf(redis)),
            forget: () => redis.flush(),
          });
        });
      }
    }
  },
});

Deno.test({
  name: "RedisBackbone: a server of a Redis Cluster is killed and comes back",
  ignore,
  async fn() {
    await using redis = await RedisCluster.start(
      3,
      ...["--appendonly", "yes", "--appendfsync", "always"],
    );
    await using a = new TestNode(
      "a",
      new RedisBackbone(CONNECTORS.ioredis(redis)),
    );
    await using b = new TestNode(
      "b",
      new RedisBackbone(CONNECTORS["node-redis"](redis)),
    );
    a.put("ann");
    b.put("bob");
    await allShow([a, b], "ann editing", "bob editing");
    for (const [index, server] of redis.servers.entries()) {
      await server.kill();
      a.put("ann", index % 2 === 0 ? "observing" : "idle");
      await server.start();
      await redis.isReady();
      const ann = index % 2 === 0 ? "ann observing" : "ann idle";
      await allShow([a, b], ann, "bob editing");
    }
    const left = [...a.told, ...b.told].filter((told) => /^left/.test(told));
    assertEquals(left, []);
  },
});

Deno.test({
  name: "RedisBackbone: a context moves to another server of a Redis Cluster",
  ignore,
  async fn() {
    await using redis = await RedisCluster.start(3);
    await using a = new TestNode(
      "a",
      new RedisBackbone(CONNECTORS.ioredis(redis)),
    );
    await using b = new TestNode(
      "b",
      new RedisBackbone(CONNECTORS["node-redis"](redis)),
    );
    a.put("ann");
    b.put("bob");
    await allShow([a, b], "ann editing", "bob editing");
    const names = new RedisNames("ruthere");
    for (const keys of [names.context('"doc-1"'), [names.leases]]) {
      await redis.move(slotOf(keys[0] ?? ""));
      a.put("ann", "observing");
      b.put("cyd");
      await allShow([a, b], "ann observing", "bob editing", "cyd editing");
      a.put("ann");
      b.remove("cyd");
      await allShow([a, b], "ann editing", "bob editing");
    }
    const left = [...a.told, ...b.told].filter((told) => /^left/.test(told));
    assertEquals(new Set(left), new Set(["left cyd"]));
  },
});

Deno.test({
  name: "slotOf() is the slot that Redis says",
  ignore,
  async fn() {
    await using redis = await RedisCluster.start(1);
    const [server] = redis.servers;
    for (
      const key of [
        ...["", "a", "123456789", "ruthere:{nodes}:leases", "{}", "{}a", "a{b"],
        ...["{a}{b}", "{{a}}", 'ruthere:{context:"☃"}:rows', "}{a}", "{a\nb}"],
      ]
    ) {
      const slot = await server?.ask("CLUSTER", "KEYSLOT", key);
      assertEquals(`:${slotOf(key)}\r\n`, slot, JSON.stringify(key));
    }
  },
});
