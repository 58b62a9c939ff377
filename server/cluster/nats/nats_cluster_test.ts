/**
 * A bucket on three servers, with each node at another one.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals } from "@std/assert";
import { type BackboneCase, backboneSuite } from "../backbone_suite.ts";
import { CONTEXT, idOf, Lab } from "../backbone_suite/lab.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { allAre, allShow, flaps } from "../testing/test_node.ts";
import { NatsBackbone } from "./mod.ts";
import { NatsCluster } from "./testing/nats_cluster.ts";
import { NatsNode } from "./testing/nats_node.ts";

/**
 * What the servers have to agree on. The other cases are the same on one, and
 * those of many who write at once may fail: a server of version 2.9 does not
 * always answer then.
 */
const CASES = [/^read\(\) sees/, /^end\(\)/, /^purge\(\)/, /forgotten/];

const cases = backboneSuite()
  .filter(({ name }) => CASES.some((some) => some.test(name)));

/** Runs a case of the suite, with each connection at the next server. */
async function runCase(
  { run }: BackboneCase,
  { servers }: NatsCluster,
  bucket: string,
): Promise<void> {
  const connections: NatsConnection[] = [];
  const connect = async () => {
    const server = servers[connections.length % servers.length];
    if (server === undefined) throw new Error("There is no server");
    const nats = await server.connect();
    connections.push(nats);
    return nats;
  };
  const open = async () =>
    new NatsBackbone(await connect(), { bucket, replicas: 3 });
  const forget = async () => {
    const { streams } = await jetstreamManager(await connect());
    await streams.delete(`KV_${bucket}`);
  };
  try {
    await run({ open, forget });
  } finally {
    for (const nats of connections) await nats.close();
  }
}

/** A step of a purge ends at the last row that there is. */
async function purgeToTheEnd({ servers: [to] }: NatsCluster): Promise<void> {
  const nats = await to?.connect();
  if (nats === undefined) throw new Error("There is no server");
  const lab = new Lab({
    open: () => new NatsBackbone(nats, { bucket: "many", replicas: 3 }),
    forget() {},
  });
  const [a, b] = await lab.pair();
  const ids = Array.from({ length: 1_000 }, (_, index) => idOf(`${index}`));
  await a.write(...ids.map((id) => (
    { type: "put", context: CONTEXT, id, value: "1", age: 0 } as const
  )));
  assert(await b.connection.end(a.life, a.lease.count));
  while (!await b.connection.purge(a.life));
  assertEquals(await b.rows(), []);
  await lab.close();
  await nats.close();
}

/** The server that leads the bucket dies, and comes back. */
async function loseLeader(cluster: NatsCluster): Promise<void> {
  const nodes = await Promise.all(
    cluster.servers.map((to, index) =>
      NatsNode.start(`n${index}`, { to, replicas: 3, leaseTtlMs: 60_000 })
    ),
  );
  try {
    const names = ["ann", "bob", "cyd"];
    for (const [index, node] of nodes.entries()) node.put(names[index] ?? "");
    await allShow(nodes, ...names.map((name) => `${name} editing`));
    const leader = await cluster.leaderOf("ruthere");
    await leader.kill();
    for (const [index, node] of nodes.entries()) {
      node.put(names[index] ?? "", "observing");
    }
    const now = names.map((name) => `${name} observing`);
    await allShow(nodes, ...now);
    await leader.start();
    await allAre(nodes, "connected");
    nodes[0]?.put("dan");
    await allShow(nodes, ...now, "dan editing");
    assertEquals(flaps(...nodes), []);
  } finally {
    for (const node of nodes) await node[Symbol.asyncDispose]();
  }
}

Deno.test({
  name: "NatsBackbone does what a backbone must do, on three servers",
  ignore: !NatsServer.isInstalled,
  async fn(t) {
    await using cluster = await NatsCluster.start();
    for (const [index, some] of cases.entries()) {
      await t.step(
        some.name,
        () => runCase(some, cluster, `case-${index}`),
      );
    }
    await t.step(
      "purge() ends if its first step has removed the last row",
      () => purgeToTheEnd(cluster),
    );
    await t.step(
      "the server that leads the bucket dies, and does no harm",
      () => loseLeader(cluster),
    );
  },
});
