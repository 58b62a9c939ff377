import { assert, assertEquals, assertRejects } from "@std/assert";
import { Cluster } from "ioredis";
import { eventually } from "../../testing/waiting.ts";
import { Party } from "../backbone_suite/lab.ts";
import { RedisServer } from "../testing/redis_server.ts";
import {
  fromIoredis,
  RedisBackbone,
  type RedisConnector,
  type RedisLine,
  RedisUnavailableError,
} from "./mod.ts";
import { RedisNames } from "./names.ts";
import { SCRIPTS } from "./scripts.ts";
import { connectorOf } from "./testing/connectors.ts";
import { RedisCluster } from "./testing/redis_cluster.ts";
import { leaseOf, putOf, QuietListener } from "./testing/quiet_listener.ts";

/**
 * Has something done after each script, before its answer is heard, and before
 * each script.
 */
function withPause(
  connector: RedisConnector,
  onAnswer: (sha1: string) => Promise<void>,
  onSend: (sha1: string) => void = () => {},
): RedisConnector {
  const pausing = (line: RedisLine): RedisLine => ({
    async send(args) {
      const [, sha1 = ""] = args;
      onSend(sha1);
      const answer = await line.send(args);
      await onAnswer(sha1);
      return answer;
    },
    subscribe: (channel, isSharded) => line.subscribe(channel, isSharded),
    unsubscribe: (channel, isSharded) => line.unsubscribe(channel, isSharded),
  });
  return {
    lines(listener) {
      const lines = connector.lines(listener);
      return {
        open: () => lines.open(),
        close: () => lines.close(),
        get servers() {
          return lines.servers.map(({ commands, subscriptions }) => (
            { commands: pausing(commands), subscriptions }
          ));
        },
      };
    },
  };
}

const LIFE = { node: "a", epoch: "a/1" };

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !RedisServer.isInstalled, fn });
}

test("read() gives no rows of a memory that was lost meanwhile", async () => {
  await using server = await RedisServer.start();
  let flushes = 0;
  const connector = withPause(
    connectorOf("ioredis", server.port),
    async (sha1) => {
      if (sha1 !== SCRIPTS.read.sha1 || flushes > 0) return;
      flushes++;
      await server.ask("FLUSHALL");
    },
  );
  const connection = await new RedisBackbone(connector)
    .connect("a", new QuietListener());
  const former = await connection.acquire(leaseOf("a"));
  await connection.write(LIFE, [putOf("ann")]);
  const { memory, rows } = await connection.read('"doc-1"');
  assertEquals(flushes, 1);
  assertEquals(memory === former, false);
  assertEquals(rows, []);
  // What is written next is found again when the life is over.
  await connection.acquire(leaseOf("a"));
  await connection.write(LIFE, [putOf("ann")]);
  assertEquals(
    await server.ask("SCARD", new RedisNames("ruthere").contextsOf(LIFE)),
    ":1\r\n",
  );
  await connection.close();
});

test("read() lets other tasks run while it decodes the rows of a large context", async () => {
  await using server = await RedisServer.start();
  let turns = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const count = () => {
    turns++;
    timer = setTimeout(count);
  };
  const connector = withPause(
    connectorOf("ioredis", server.port),
    (sha1) => {
      if (sha1 === SCRIPTS.read.sha1) timer = setTimeout(count);
      return Promise.resolve();
    },
    // It is asked for once all rows are decoded.
    (sha1) => {
      if (sha1 === SCRIPTS.memory.sha1) clearTimeout(timer);
    },
  );
  const connection = await new RedisBackbone(connector)
    .connect("a", new QuietListener());
  await connection.acquire(leaseOf("a"));
  const puts = Array.from({ length: 2_500 }, (_, n) => putOf(`s${n}`));
  await connection.write(LIFE, puts);
  const { rows } = await connection.read('"doc-1"');
  assertEquals(
    rows.map(({ id }) => id).sort(),
    puts.map(({ id }) => id).sort(),
  );
  assert(turns >= 2, `there were ${turns} turns`);
  await connection.close();
});

test("RedisBackbone ignores leases that are none, in messages and in the key", async () => {
  await using server = await RedisServer.start();
  const listener = new Party("a", "a/1");
  const backbone = new RedisBackbone(connectorOf("ioredis", server.port));
  const connection = await backbone.connect("a", listener);
  await connection.acquire(leaseOf("a"));
  const { leases, news } = new RedisNames("ruthere");
  const bad = ["null", "1", "{}", '{"node":"x","epoch":"y","count":1}'];
  for (const lease of bad) {
    const stored = JSON.stringify({ at: "1", lease });
    await server.ask("HSET", leases, `node ${lease}`, stored);
    const message = JSON.stringify(["lease", "x", lease]);
    await server.ask("SPUBLISH", news, message);
  }
  const good = leaseOf("b");
  const message = JSON.stringify(["lease", "x", JSON.stringify(good)]);
  await server.ask("SPUBLISH", news, message);
  await eventually(() => listener.leases.length > 0, "a lease is received");
  assertEquals(listener.leases, [good]);
  const kept = await connection.leases();
  assertEquals(kept.map(({ node }) => node), ["a"]);
  await connection.close();
});

const CONTEXTS = Array.from({ length: 10 }, (_, n) => `"doc-${n}"`);

const IDS = [putOf("ann").id, putOf("bob").id];

/** Puts of two rows in each of many contexts, in turn. */
const PUTS = ["ann", "bob"].flatMap((id) =>
  CONTEXTS.map((context) => ({ ...putOf(id), context }))
);

/** Returns a connector, and how often the script of writes has run by it. */
function countingWrites(
  port: number,
): { connector: RedisConnector; scripts: () => number } {
  let scripts = 0;
  const connector = withPause(connectorOf("ioredis", port), (sha1) => {
    if (sha1 === SCRIPTS.write.sha1) scripts++;
    return Promise.resolve();
  });
  return { connector, scripts: () => scripts };
}

test("write() of many contexts is one script, with the results in order", async () => {
  await using server = await RedisServer.start();
  const { connector, scripts } = countingWrites(server.port);
  const connection = await new RedisBackbone(connector)
    .connect("a", new QuietListener());
  await connection.acquire(leaseOf("a"));
  const written = await connection.write(LIFE, [
    ...PUTS,
    { type: "retract", context: '"doc-3"', id: "nobody" },
  ]);
  assertEquals(scripts(), 1);
  assertEquals(written.map(({ isDone }) => isDone), [
    ...PUTS.map(() => true),
    false,
  ]);
  for (const [n, context] of CONTEXTS.entries()) {
    const { rows, revision } = await connection.read(context);
    assertEquals(rows.map(({ id }) => id).sort(), IDS);
    assertEquals(written[n + CONTEXTS.length]?.revision, revision);
  }
  await connection.close();
});

test("write() runs a script for each context where events are wanted", async () => {
  await using server = await RedisServer.start();
  const { connector, scripts } = countingWrites(server.port);
  const connection = await new RedisBackbone(connector, { events: {} })
    .connect("a", new QuietListener());
  await connection.acquire(leaseOf("a"));
  const written = await connection.write(LIFE, PUTS);
  assertEquals(scripts(), CONTEXTS.length);
  assertEquals(written.map(({ isDone }) => isDone), PUTS.map(() => true));
  await connection.close();
});

test("write() of many contexts is done on a Redis Cluster of one server", async () => {
  await using redis = await RedisCluster.start(1);
  const cluster = new Cluster(redis.nodes, { lazyConnect: true });
  const connection = await new RedisBackbone(fromIoredis(cluster))
    .connect("a", new QuietListener());
  await connection.acquire(leaseOf("a"));
  const written = await connection.write(LIFE, PUTS);
  assertEquals(written.map(({ isDone }) => isDone), PUTS.map(() => true));
  await connection.close();
});

test("write() sets a key of another type aside, and keeps the other contexts", async () => {
  await using server = await RedisServer.start();
  const backbone = new RedisBackbone(connectorOf("ioredis", server.port));
  const connection = await backbone.connect("a", new QuietListener());
  await connection.acquire(leaseOf("a"));
  await connection.write(LIFE, PUTS);
  const names = new RedisNames("ruthere");
  const [theirs = ""] = names.context('"doc-5"');
  const [ours = ""] = names.context('"doc-6"');
  await server.ask("DEL", theirs);
  await server.ask("LPUSH", theirs, "theirs");
  const error = await assertRejects(
    () => connection.write(LIFE, PUTS),
    RedisUnavailableError,
  );
  assert(error.message.includes(`${theirs}:foreign`));
  assertEquals(await server.ask("HLEN", ours), ":2\r\n");
  assertEquals(await server.ask("LLEN", `${theirs}:foreign`), ":1\r\n");
  await connection.close();
});
