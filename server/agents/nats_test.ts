/**
 * Agents on a real NATS server, with nothing but connections.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/nats-core";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { NatsServer } from "../cluster/testing/nats_server.ts";
import { eventually } from "../testing/waiting.ts";
import { AgentPresence, AgentPresenceError, DisplacedError } from "./mod.ts";

/** Slow enough for a busy machine. */
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

/** An agent with a connection of its own, and its events. */
interface Manned {
  readonly presence: AgentPresence;
  readonly nats: NatsConnection;
  readonly reported: string[];
}

/** Starts agents, and stops them. */
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
    const reported: string[] = [];
    const manned = { presence, nats, reported };
    this.#manned.push(manned);
    watch(manned);
    return manned;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { presence } of this.#manned) await presence.close();
    for (const nats of this.#connections) await nats.close();
  }
}

async function watch({ presence, reported }: Manned): Promise<void> {
  try {
    const { signal } = new AbortController();
    for await (const { kind, agentId } of presence.watch(signal)) {
      reported.push(`${kind} ${agentId}`);
    }
  } catch (error) {
    reported.push(error instanceof Error ? error.name : "unknown");
  }
}

async function sees({ presence }: Manned): Promise<string[]> {
  return (await presence.who()).map(({ agentId }) => agentId);
}

/** Waits until some agents see each other, and nobody else. */
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

test("creates a bucket that projects share, or uses an existing one", async (desk) => {
  const a = await desk.open("a");
  const b = await desk.open("b");
  const other = await desk.open("b", "farm");
  assertEquals(await sees(a), ["a", "b"]);
  assertEquals(await sees(b), ["a", "b"]);
  assertEquals(await sees(other), ["b"]);
  assertEquals(await other.presence.present("a"), false);
  assertEquals(await a.presence.present("b"), true);
  await eventually(() => a.reported.length === 1, "a is reported of b");
  await b.presence.close();
  await eventually(() => a.reported.length === 2, "a is reported of b's end");
  assertEquals(a.reported, ["up b", "down b"]);
  assertEquals(await a.presence.present("b"), false);
  assertEquals(await other.presence.present("b"), true);
  assertEquals(other.reported, []);
  assert(!b.nats.isClosed(), "the connection is the caller's");
  const buckets = [];
  for await (const { bucket } of new Kvm(a.nats).list()) buckets.push(bucket);
  assertEquals(buckets, ["agents"]);
});

test("accepts names of any kind and length", async (desk) => {
  const project = "☃".repeat(255);
  const ids = ["x".repeat(255), "é\u0301 .*>\n{}", "__proto__"].sort();
  const agents: Manned[] = [];
  for (const id of ids) agents.push(await desk.open(id, project));
  for (const agent of agents) assertEquals(await sees(agent), ids);
});

test("reports an agent that is gone without a goodbye", async (desk) => {
  const a = await desk.open("a");
  const b = await desk.open("b");
  const c = await desk.open("c", "shop", 200);
  await eventually(() => a.reported.length === 2, "a is reported of both");
  await c.nats.close();
  await eventually(() => a.reported.length === 3, "a is reported of c's end");
  await eventually(() => b.reported.length === 2, "b is reported of c's end");
  assertEquals(a.reported, ["up b", "up c", "down c"]);
  assertEquals(b.reported, ["up c", "down c"]);
  assertEquals(await a.presence.present("c"), false);
  assertEquals(await sees(b), ["a", "b"]);
});

test("reports nothing when the server is killed and started again", async (desk) => {
  const agents = [await desk.open("a"), await desk.open("b")];
  const [a, b] = agents;
  assert(a !== undefined && b !== undefined);
  await eventually(() => a.reported.length === 1, "a is reported of b");
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
  assertEquals([a.reported, b.reported], [["up b"], []]);
  await b.presence.close();
  await eventually(() => a.reported.length === 2, "a is reported of b's end");
});

test("reports nothing when the bucket is deleted", async (desk) => {
  const agents = [await desk.open("a"), await desk.open("b")];
  const [a, b] = agents;
  assert(a !== undefined && b !== undefined);
  await eventually(() => a.reported.length === 1, "a is reported of b");
  const { streams } = await jetstreamManager(a.nats);
  await streams.delete("KV_agents");
  await allSee(agents);
  assertEquals([a.reported, b.reported], [["up b"], []]);
  const c = await desk.open("c");
  await allSee([...agents, c]);
  await eventually(() => a.reported.length === 2, "a is reported of c");
  await eventually(() => b.reported.length === 1, "b is reported of c");
});

test("gives the id to the later of two processes", async (desk) => {
  const a = await desk.open("a");
  const earlier = await desk.open("b");
  const later = await desk.open("b");
  await eventually(() => earlier.reported.length > 0, "the earlier one stops");
  assertEquals(earlier.reported, ["DisplacedError"]);
  await assertRejects(() => earlier.presence.who(), DisplacedError);
  await allSee([a, later]);
  await eventually(() => a.reported.length === 3, "a is reported of both");
  assertEquals(a.reported, ["up b", "down b", "up b"]);
});

test("refuses an unsuitable bucket, and leaves it unchanged", async (desk) => {
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
