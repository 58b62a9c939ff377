import { assertEquals } from "@std/assert";
import { joinCluster } from "../cluster/mod.ts";
import { RedisBackbone } from "../cluster/redis/mod.ts";
import { connectorOf } from "../cluster/redis/testing/connectors.ts";
import { RedisServer } from "../cluster/testing/redis_server.ts";
import type { DocumentModel } from "../documents/mod.ts";
import { PresenceServer } from "../mod.ts";
import { eventually } from "../testing/waiting.ts";
import { Service } from "./testing/service.ts";
import { TcpClient } from "../phoenix/testing/tcp_client.ts";
import { Readiness } from "./readiness.ts";

/** The status of an answer, and the reason. */
type Answer = [status: number, reason: unknown];

async function read(answer: Response | Promise<Response>): Promise<Answer> {
  const response = await answer;
  const { status, reason } = await response.json();
  assertEquals(status, response.ok ? "ok" : "not ready");
  return [response.status, reason];
}

const READY: Answer = [200, undefined];

Deno.test("/readyz reports that a service without a backbone is draining", async () => {
  await using service = await Service.start();
  const ask = () => read(fetch(`${service.url}readyz`));
  assertEquals(await ask(), READY);
  // This client does not answer the goodbye, so the service waits for it.
  using _client = await TcpClient.connect({ port: Number(service.port) });
  service.stop("SIGTERM");
  await eventually(async () => (await ask())[0] === 503, "it is not ready");
  assertEquals(await ask(), [503, "the service is draining"]);
  const health = await fetch(`${service.url}healthz`);
  assertEquals(await health.json(), { status: "ok" });
});

Deno.test({
  name: "/readyz waits for the backbone, and tolerates a short outage",
  ignore: !RedisServer.isInstalled,
  async fn() {
    await using redis = new RedisServer();
    await using service = await Service.start([
      ...["--backbone", `redis://127.0.0.1:${redis.port}`],
      ...["--lease-ms", "1000"],
    ]);
    const ask = () => read(fetch(`${service.url}readyz`));
    const isWhole = async () => {
      const answer = await fetch(`${service.url}v1/presence?context=a`);
      return (await answer.json()).incomplete !== true;
    };
    const unreached: Answer = [503, "the backbone has not been reached yet"];
    assertEquals(await ask(), unreached);
    const health = await fetch(`${service.url}healthz`);
    assertEquals(await health.json(), { status: "ok" });

    await redis.start();
    await eventually(async () => (await ask())[0] === 200, "it is ready");
    await eventually(isWhole, "it is one with the others");
    await redis.kill();
    await eventually(async () => !await isWhole(), "it is cut off");
    assertEquals(await ask(), READY);
  },
});

Deno.test({
  name: "Readiness ends when the backbone is down for longer than the hold",
  ignore: !RedisServer.isInstalled,
  async fn() {
    await using redis = await RedisServer.start();
    using server = new PresenceServer<DocumentModel>();
    const connector = connectorOf("node-redis", redis.port);
    await using cluster = joinCluster(server, new RedisBackbone(connector), {
      leaseTtlMs: 900,
      holdMs: 600,
      onError() {},
    });
    const readiness = new Readiness();
    const ask = () =>
      read(readiness.answer(new Request("http://localhost/readyz")));
    assertEquals(await ask(), [503, "the service is starting"]);
    readiness.serving(cluster);
    await eventually(async () => (await ask())[0] === 200, "it is ready");
    await redis.kill();
    await eventually(async () => (await ask())[0] === 503, "it is not ready");
    assertEquals(await ask(), [503, "the backbone has been down for too long"]);
    await redis.start();
    await eventually(async () => (await ask())[0] === 200, "it is ready again");
  },
});

Deno.test("Readiness answers GET and HEAD only", async () => {
  const readiness = new Readiness();
  readiness.serving(undefined);
  const answers = ["GET", "HEAD", "POST"].map((method) =>
    readiness.answer(new Request("http://localhost/readyz", { method }))
  );
  assertEquals(answers.map(({ status }) => status), [200, 200, 405]);
  const texts = await Promise.all(answers.map((answer) => answer.text()));
  assertEquals(texts, ['{"status":"ok"}', "", ""]);
});
