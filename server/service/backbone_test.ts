import { assertEquals } from "@std/assert";
import { NatsServer } from "../cluster/testing/nats_server.ts";
import { freePort } from "../cluster/testing/real_server.ts";
import { RedisServer } from "../cluster/testing/redis_server.ts";
import { TcpProxy } from "../cluster/testing/tcp_proxy.ts";
import { eventually } from "../testing/waiting.ts";
import { Service } from "./testing/service.ts";

function start(backbone: string): Promise<Service> {
  return Service.start([
    ...["--backbone", backbone, "--node", "a", "--lease-ms", "1000"],
  ]);
}

const CONNECTS = "ruthere connects to its backbone, as node a";
const CONNECTED = "ruthere is connected to its backbone";
const CUT_OFF = "ruthere is cut off from its backbone, and shows what it knew";

Deno.test({
  name: "main says once, in one sentence, that Redis is read-only",
  ignore: !RedisServer.isInstalled,
  async fn() {
    await using redis = await RedisServer.start();
    await using service = await start(`redis://127.0.0.1:${redis.port}`);
    await service.says(CONNECTED);
    await redis.ask("REPLICAOF", "127.0.0.1", "1");
    await eventually(async () => {
      const stats = await redis.ask("INFO", "errorstats");
      return Number(/READONLY:count=(\d+)/.exec(stats)?.[1]) > 5;
    }, "it was refused again and again");
    const readOnly = "Cannot ask Redis: it is read-only, as a replica is; " +
      "nodes need a master";
    assertEquals(service.lines, [CONNECTS, CONNECTED, readOnly, CUT_OFF]);
    await redis.ask("REPLICAOF", "NO", "ONE");
    await eventually(
      () => service.lines.filter((line) => line === CONNECTED).length === 2,
      "it is connected again",
    );
  },
});

Deno.test({
  name: "main says once, in one sentence, that JetStream is off",
  ignore: !NatsServer.isInstalled,
  async fn() {
    await using nats = await NatsServer.start();
    const port = freePort();
    await using off = await NatsServer.start(
      `jetstream: false, http: "127.0.0.1:${port}"`,
    );
    await using proxy = await TcpProxy.start(nats.port);
    await using service = await start(`nats://127.0.0.1:${proxy.port}`);
    await service.says(CONNECTED);
    proxy.lead(off.port);
    await nats.kill();
    await eventually(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/varz`);
      return (await answer.json()).in_msgs > 20;
    }, "it has asked again and again");
    const isOff = 'Cannot make bucket "ruthere": JetStream is not enabled; ' +
      "start the server with -js, or enable it for the account";
    const said = service.lines.filter((line) => !line.startsWith("ruthere "));
    assertEquals(said, ["Cannot ask NATS: the connection is lost", isOff]);
  },
});

Deno.test("main says in one sentence that NATS can't be reached", async () => {
  await using service = await start(`nats://127.0.0.1:${freePort()}`);
  await service.says("Cannot connect to NATS: connection refused");
});
