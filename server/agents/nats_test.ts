/**
 * Agents on a real NATS, by connections alone.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { NatsServer } from "../cluster/testing/nats_server.ts";
import { eventually } from "../cluster/testing/real_server.ts";
import { AgentPresence, AgentPresenceError, DisplacedError } from "./mod.ts";

/** Slow enough for a machine that has much to do. */
const HEARTBEAT = 700;

function test(name: string, run: (desk: Desk) => Promise<void>): void {
  Deno.test({
    name: `AgentPresence on NATS ${name}`,
    ignore: !NatsServer.isInstalled,
    async fn() {
      await using server = await NatsServer.start();
      await using desk = new Desk(server);
      await run(desk);
    },
  });
}

/** An agent with a connection of its own, and what it was told. */
interface Manned {
  readonly presence: AgentPresence;
  readonly nats: NatsConnection;
  readonly told: string[];
}

/** Starts agents, and ends them. */
class Desk implements AsyncDisposable {
  readonly server: NatsServer;
  readonly #manned: Manned[] = [];
  readonly #connections: NatsConnection[] = [];

  constructor(server: NatsServer) {
    this.server = server;
  }

  async open(
    agentId: string,
    project = "shop",
    heartbeatIntervalMs = HEARTBEAT,
  ): Promise<Manned> {
    const nats = await this.server.connect();
    this.#connections.push(nats);
    const presence = await AgentPresence.open({
      agentId,
      project,
      connection: nats,
      bucket: "agents",
      heartbeatIntervalMs,
    });
    const told: string[] = [];
    const manned = { presence, nats, told };
    this.#manned.push(manned);
    watch(manned);
    return manned;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { presence } of this.#manned) await presence.close();
    for (const nats of this.#connections) await nats.close();
  }
}

async function watch({ presence, told }: Manned): Promise<void> {
  try {
    const { signal } = new AbortController();
    for await (const { kind, agentId } of presence.watch(signal)) {
      told.push(`${kind} ${agentId}`);
    }
  } catch (error) {
    told.push(error instanceof Error ? error.name : "unknown");
  }
}

async function sees({ presence }: Manned): Promise<string[]> {
  return (await presence.who()).map(({ agentId }) => agentId);
}

/** Waits until all of some agents see each other, and nobody else. */
async function allSee(agents: readonly Manned[]): Promise<void> {
  const ids = agents.map(({ presence }) => presence.agentId).sort().join();
  await eventually(async () => {
    for (const agent of agents) {
      const seen = await sees(agent).catch(() => []);
      if (seen.join() !== ids) return false;
    }
    return true;
  }, `all see ${ids}`);
}

test("makes a bucket, or attaches to one, that projects share", async (desk) => {
  const a = await desk.open("a");
  const b = await desk.open("b");
  const other = await desk.open("b", "farm");
  assertEquals(await sees(a), ["a", "b"]);
  assertEquals(await sees(b), ["a", "b"]);
  assertEquals(await sees(other), ["b"]);
  assertEquals(await other.presence.present("a"), false);
  assertEquals(await a.presence.present("b"), true);
  await eventually(() => a.told.length === 1, "a is told of b");
  await b.presence.close();
  await eventually(() => a.told.length === 2, "a is told of b's end");
  assertEquals(a.told, ["up b", "down b"]);
  assertEquals(await a.presence.present("b"), false);
  assertEquals(await other.presence.present("b"), true);
  assertEquals(other.told, []);
  assert(!b.nats.isClosed(), "the connection is the caller's");
  const buckets = [];
  for await (const { bucket } of new Kvm(a.nats).list()) buckets.push(bucket);
  assertEquals(buckets, ["agents"]);
});

test("takes names of any kind and length", async (desk) => {
  const project = "☃".repeat(255);
  const ids = ["x".repeat(255), "é\u0301 .*>\n{}", "__proto__"].sort();
  const agents: Manned[] = [];
  for (const id of ids) agents.push(await desk.open(id, project));
  for (const agent of agents) assertEquals(await sees(agent), ids);
});

test("tells of one that is gone without a word", async (desk) => {
  const a = await desk.open("a");
  const b = await desk.open("b");
  const c = await desk.open("c", "shop", 200);
  await eventually(() => a.told.length === 2, "a is told of both");
  await c.nats.close();
  await eventually(() => a.told.length === 3, "a is told of c's end");
  await eventually(() => b.told.length === 2, "b is told of c's end");
  assertEquals(a.told, ["up b", "up c", "down c"]);
  assertEquals(b.told, ["up c", "down c"]);
  assertEquals(await a.presence.present("c"), false);
  assertEquals(await sees(b), ["a", "b"]);
});

test("tells nothing where the server is killed and started again", async (desk) => {
  const agents = [await desk.open("a"), await desk.open("b")];
  const [a, b] = agents;
  assert(a !== undefined && b !== undefined);
  await eventually(() => a.told.length === 1, "a is told of b");
  const before = await a.presence.who();
  await desk.server.kill();
  await eventually(
    () => a.presence.who().then(() => false, () => true),
    "the server is away",
  );
  const error = await assertRejects(
    () => a.presence.who(),
    AgentPresenceError,
  );
  assert(error.message.startsWith("presence.Who: "));
  await desk.server.start();
  await allSee(agents);
  const after = await a.presence.who();
  assertEquals(
    after.map(({ startedAt }) => startedAt),
    before.map(({ startedAt }) => startedAt),
  );
  assertEquals([a.told, b.told], [["up b"], []]);
  await b.presence.close();
  await eventually(() => a.told.length === 2, "a is told of b's end");
});

test("tells nothing where the bucket is deleted under the agents", async (desk) => {
  const agents = [await desk.open("a"), await desk.open("b")];
  const [a, b] = agents;
  assert(a !== undefined && b !== undefined);
  await eventually(() => a.told.length === 1, "a is told of b");
  const { streams } = await jetstreamManager(a.nats);
  await streams.delete("KV_agents");
  await allSee(agents);
  assertEquals([a.told, b.told], [["up b"], []]);
  const c = await desk.open("c");
  await allSee([...agents, c]);
  await eventually(() => a.told.length === 2, "a is told of c");
  await eventually(() => b.told.length === 1, "b is told of c");
});

test("gives the id to the later one of two", async (desk) => {
  const a = await desk.open("a");
  const earlier = await desk.open("b");
  const later = await desk.open("b");
  await eventually(() => earlier.told.length > 0, "the earlier one stops");
  assertEquals(earlier.told, ["DisplacedError"]);
  await assertRejects(() => earlier.presence.who(), DisplacedError);
  await allSee([a, later]);
  await eventually(() => a.told.length === 3, "a is told of both");
  assertEquals(a.told, ["up b", "down b", "up b"]);
});

test("can't use a bucket that is of no use, and leaves it alone", async (desk) => {
  const nats = await desk.server.connect();
  const bucket = await new Kvm(nats).create("agents", { history: 5 });
  await bucket.put("x", "y");
  const error = await assertRejects(
    () => desk.open("a"),
    AgentPresenceError,
  );
  assert(error.message.startsWith("presence.Open: "), error.message);
  assert(error.cause instanceof Error);
  assertEquals((await bucket.get("x"))?.string(), "y");
  await nats.close();
});
