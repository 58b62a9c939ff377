/**
 * Makes a cluster of servers, under Node or Bun:
 * `cluster.js REDIS_PORT NATS_PORT`, each of which may be empty.
 * `npm_consumer_test.ts` runs this too. It prints its results.
 *
 * @module
 */

import { connect } from "@nats-io/transport-node";
import { AgentPresence } from "@ruthere/presence/server/agents";
import { PresenceServer, PresenceView } from "@ruthere/presence/server";
import { joinCluster, MemoryBackbone } from "@ruthere/presence/server/cluster";
import { NatsBackbone } from "@ruthere/presence/server/cluster/nats";
import {
  fromIoredis,
  fromNodeRedis,
  RedisBackbone,
} from "@ruthere/presence/server/cluster/redis";
import { backboneSuite } from "@ruthere/presence/server/cluster/testing";
import { Redis } from "ioredis";
import { createClient } from "redis";

const [redisPort, natsPort] = process.argv.slice(2);

/** Watches at one server a subject that joins and leaves at another. */
async function told(backbone) {
  const [here, there] = [new PresenceServer(), new PresenceServer()];
  const clusters = [here, there].map((server) => joinCluster(server, backbone));
  const view = new PresenceView();
  const seen = [];
  here.receive({
    subject: "alice",
    context: "doc-1",
    origin: "tab",
    visibility: "public",
    observedAt: Date.now(),
    expiry: "never",
    facets: {},
  });
  for await (const batch of there.watch({ context: "doc-1" })) {
    for (const { type, subject } of view.apply(batch)) {
      seen.push(`${subject} ${type}`);
      if (type === "joined") here.withdrawOrigin("tab");
    }
    if (seen.length === 2) break;
  }
  for (const cluster of clusters) await cluster.leave();
  for (const server of [here, there]) server[Symbol.dispose]();
  return seen;
}

/** Returns the agents that an agent finds. */
async function found(backbone) {
  const config = { project: "p", heartbeatIntervalMs: 1_000, backbone };
  const agents = [];
  for (const agentId of ["a", "b"]) {
    agents.push(await AgentPresence.open({ agentId, ...config }));
  }
  const entries = await agents[0].who();
  for (const agent of agents) await agent.close();
  return entries.map(({ agentId }) => agentId).sort();
}

const passed = [];
const failed = [];
for (const { name, run } of backboneSuite()) {
  const backbone = new MemoryBackbone();
  try {
    await run({ open: () => backbone, forget: () => backbone.restart() });
    passed.push(name);
  } catch (error) {
    failed.push(`${name}: ${error.message}`);
  }
}

const all = [["memory", ...await told(new MemoryBackbone())]];
if (redisPort) {
  const ioredis = new Redis(Number(redisPort));
  all.push(["ioredis", ...await told(new RedisBackbone(fromIoredis(ioredis)))]);
  await ioredis.quit();
  const redis = createClient({ url: `redis://127.0.0.1:${redisPort}` });
  await redis.connect();
  all.push(["redis", ...await told(new RedisBackbone(fromNodeRedis(redis)))]);
  await redis.close();
}
if (natsPort) {
  const nats = await connect({ port: Number(natsPort) });
  all.push(["nats", ...await told(new NatsBackbone(nats))]);
  await nats.close();
}
console.log(JSON.stringify({
  passed: passed.length,
  failed,
  told: all,
  agents: await found(new MemoryBackbone()),
}));
