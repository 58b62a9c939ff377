import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { eventually } from "../../testing/waiting.ts";
import type { RowWrite } from "../mod.ts";
import { RedisServer } from "../testing/redis_server.ts";
import { RedisBackbone } from "./mod.ts";
import {
  leaseOf,
  putOf,
  QuietListener,
  retractOf,
} from "./testing/quiet_listener.ts";
import { connectorOf } from "./testing/connectors.ts";

const ignore = !RedisServer.isInstalled;
const LIFE = { node: "a", epoch: "a/1" };
const CONTEXTS = 'ruthere:{life:["a","a/1"]}:contexts';

async function connect(server: RedisServer) {
  const connector = connectorOf("ioredis", server.port);
  const connection = await new RedisBackbone(connector)
    .connect("a", new QuietListener());
  await connection.acquire(leaseOf("a"));
  return connection;
}

/** The names of all keys, as they come over the wire. */
async function keysOf(server: RedisServer): Promise<string[]> {
  const answer = await server.ask("KEYS", "*");
  return answer.split("\r\n").filter((line) => line.startsWith("ruthere"))
    .sort();
}

Deno.test({
  name: "an empty context leaves its last revision behind, and not for ever",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const connection = await connect(server);
    const last = 'ruthere:{context:"doc-1"}:last';
    await connection.write(LIFE, [putOf("ann")]);
    assertEquals(await server.ask("PTTL", last), ":-1\r\n");
    await connection.write(LIFE, [retractOf("ann")]);
    assertEquals(await keysOf(server), [
      last,
      CONTEXTS,
      "ruthere:{nodes}:leases",
      "ruthere:{nodes}:memory",
    ]);
    const ttl = Number((await server.ask("PTTL", last)).slice(1));
    assert(ttl > 0 && ttl <= 600_000, `${ttl}`);
    await connection.write(LIFE, [putOf("ann")]);
    assertEquals(await server.ask("PTTL", last), ":-1\r\n");
    await connection.end(LIFE, 1);
    await connection.purge(LIFE, '"doc-1"');
    const swept = Number((await server.ask("PTTL", last)).slice(1));
    assert(swept > 0 && swept <= 600_000, `${swept}`);
    await connection.close();
  },
});

Deno.test({
  name: "contexts that are empty are not remembered for a life",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const connection = await connect(server);
    await connection.write(LIFE, [putOf("ann")]);
    for (let index = 0; index < 300; index++) {
      const context = JSON.stringify(index);
      await connection.write(LIFE, [{ ...putOf("bob"), context }]);
      await connection.write(LIFE, [{ ...retractOf("bob"), context }]);
    }
    await eventually(async () => {
      const count = Number((await server.ask("SCARD", CONTEXTS)).slice(1));
      return count < 10;
    }, "few contexts are remembered");
    const isKnown = await server.ask("SISMEMBER", CONTEXTS, '"doc-1"');
    assertEquals(isKnown, ":1\r\n");
    await connection.close();
  },
});

Deno.test({
  name: "a life that is purged leaves nothing",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const connection = await connect(server);
    const writes = Array.from({ length: 1_500 }, (_, index): RowWrite => ({
      ...putOf(`${index}`),
      context: JSON.stringify(index % 250),
    }));
    for (let first = 0; first < writes.length; first += 500) {
      await connection.write(LIFE, writes.slice(first, first + 500));
    }
    await connection.end(LIFE, 1);
    let steps = 1;
    while (!await connection.purge(LIFE)) steps++;
    assert(steps > 1, "it was one step");
    const left = (await keysOf(server))
      .filter((key) => !/:last$/.test(key) && key !== "ruthere:{nodes}:memory");
    assertEquals(left, []);
    await connection.close();
  },
});

Deno.test({
  name: "acquire() removes what the former life has written after its purge",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const connection = await connect(server);
    await connection.end(LIFE, 1);
    while (!await connection.purge(LIFE));
    await connection.write(LIFE, [putOf("late")]);
    await connection.acquire(leaseOf("a", "a/2"));
    await eventually(
      async () => await server.ask("EXISTS", CONTEXTS) === ":0\r\n",
      "nothing is left of the former life",
    );
    assertEquals((await connection.read('"doc-1"')).rows, []);
    await connection.close();
  },
});

Deno.test({
  name:
    "rows that were written before the clock of Redis was set back are taken over, and what is later stays",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const a = await connect(server);
    const b = await new RedisBackbone(connectorOf("ioredis", server.port))
      .connect("b", new QuietListener());
    await b.acquire(leaseOf("b"));
    const life = { node: "b", epoch: "b/1" };
    await a.write(LIFE, [putOf("ann"), putOf("bob")]);
    // As if they had been written by a clock that is an hour ahead.
    await server.ask(
      "EVAL",
      `local hour = 3600 * 1000000
       redis.call('INCRBY', KEYS[2], hour)
       local owners = redis.call('HGETALL', KEYS[1])
       for index = 1, #owners, 2 do
         local time, life = string.match(owners[index + 1], '^(%S+) (.*)')
         redis.call('HSET', KEYS[1], owners[index],
           string.format('%.0f %s', time + hour, life))
       end`,
      "2",
      'ruthere:{context:"doc-1"}:owners',
      'ruthere:{context:"doc-1"}:last',
    );
    const before = await b.read('"doc-1"');
    assert(before.rows.every(({ age }) => age > 3_600_000));
    const moved = putOf("ann", "2", 50);
    const [put] = await b.write(life, [moved]);
    assert(put?.isDone && put.revision > before.revision);
    const { rows } = await a.read('"doc-1"');
    const ann = rows.find(({ value }) => value === "2");
    assertEquals(ann?.node, "b");
    assert(ann !== undefined && ann.age >= 50 && ann.age < 3_600_000);
    const late = putOf("ann", "1", 3_600_000);
    assertEquals((await a.write(LIFE, [late]))[0]?.isDone, false);
    for (const connection of [a, b]) await connection.close();
  },
});

Deno.test({
  name: "a key that is set aside replaces none that was set aside before",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const connection = await connect(server);
    const key = 'ruthere:{context:"doc-1"}:rows';
    for (const value of ["first", "second", "third"]) {
      await server.ask("DEL", key);
      await server.ask("LPUSH", key, value);
      await assertRejects(() => connection.read('"doc-1"'), Error, key);
      await eventually(
        () => connection.read('"doc-1"').then(() => true, () => false),
        "it is connected again",
      );
    }
    const kept = await Promise.all(
      ["", ":2", ":3"].map((end) =>
        server.ask("LRANGE", `${key}:foreign${end}`, "0", "-1")
      ),
    );
    assertEquals(kept.map((text) => text.split("\r\n")[2]), [
      "first",
      "second",
      "third",
    ]);
    await connection.close();
  },
});

Deno.test({
  name: "a memory of another type is set aside, and not overwritten",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const connection = await connect(server);
    const memory = "ruthere:{nodes}:memory";
    await server.ask("DEL", memory);
    await server.ask("LPUSH", memory, "theirs");
    await server.ask("LPUSH", 'ruthere:{context:"doc-1"}:rows', "theirs");
    const error = await assertRejects(() => connection.read('"doc-1"'), Error);
    for (const name of ["rows", "memory"]) {
      assertMatch(error.message, RegExp(`:${name}:foreign now`));
    }
    const kept = await server.ask("LRANGE", `${memory}:foreign`, "0", "-1");
    assertEquals(kept.split("\r\n")[2], "theirs");
    await connection.close();
  },
});

Deno.test({
  name: "a life is purged whose contexts have got another type",
  ignore,
  async fn() {
    await using server = await RedisServer.start();
    const connection = await connect(server);
    await connection.write(LIFE, [putOf("ann")]);
    assert(await connection.end(LIFE, 1));
    await server.ask("DEL", CONTEXTS);
    await server.ask("LPUSH", CONTEXTS, "theirs");
    await eventually(
      () => connection.purge(LIFE).catch(() => false),
      "it is purged",
    );
    assertEquals(await server.ask("TYPE", CONTEXTS), "+none\r\n");
    await connection.close();
  },
});
