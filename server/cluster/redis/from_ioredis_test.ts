import { assertEquals, assertRejects } from "@std/assert";
import { fromIoredis, type IoredisCluster } from "./from_ioredis.ts";

Deno.test("fromIoredis() keeps what the servers of a Cluster are connected with", async () => {
  const overrides: unknown[] = [];
  const cluster: IoredisCluster = {
    status: "wait",
    options: { redisOptions: { password: "secret", disconnectTimeout: 2_000 } },
    duplicate: (_startupNodes, { redisOptions }) => {
      overrides.push(redisOptions);
      return { ...cluster, status: "end" };
    },
    connect: () => Promise.reject(new Error("no servers")),
    disconnect: () => {},
    nodes: () => [],
    on: () => {},
  };
  const lines = fromIoredis(cluster)
    .lines({ onMessage: () => {}, onEnd: () => {} });
  await assertRejects(() => lines.open(), Error, "no servers");
  assertEquals(overrides, [{ password: "secret", disconnectTimeout: 100 }]);
});
