import { assert, assertEquals } from "@std/assert";
import { Redis } from "ioredis";
import type { NodeLife, RowWrite } from "../mod.ts";
import { RedisServer } from "../testing/redis_server.ts";
import { fromIoredis, RedisBackbone, type RedisEventOptions } from "./mod.ts";
import {
  leaseOf,
  putOf,
  QuietListener,
  retractOf,
} from "./testing/quiet_listener.ts";

const ignore = !RedisServer.isInstalled;

/** Nodes that write events, and the reader of the stream. */
class Stage implements AsyncDisposable {
  readonly server: RedisServer;
  readonly redis: Redis;
  readonly #options: RedisEventOptions;
  readonly #closing: (() => Promise<void>)[] = [];

  private constructor(server: RedisServer, options: RedisEventOptions) {
    this.server = server;
    this.redis = new Redis({ port: server.port });
    this.#options = options;
  }

  static async start(options: RedisEventOptions = {}): Promise<Stage> {
    return new Stage(await RedisServer.start(), options);
  }

  async join(node: string, epoch = `${node}/1`) {
    const backbone = new RedisBackbone(fromIoredis(this.redis), {
      events: this.#options,
    });
    const connection = await backbone.connect(node, new QuietListener());
    this.#closing.push(() => connection.close());
    await connection.acquire(leaseOf(node, epoch));
    const life: NodeLife = { node, epoch };
    const write = (...writes: RowWrite[]) => connection.write(life, writes);
    return { connection, life, write };
  }

  /** The fields of all events so far. */
  async events(stream = "ruthere:events"): Promise<Record<string, string>[]> {
    const entries = await this.redis.xrange(stream, "-", "+");
    return entries.map(([, fields]) =>
      Object.fromEntries(
        fields.flatMap((name, index) =>
          index % 2 === 0 ? [[name, fields[index + 1] ?? ""]] : []
        ),
      )
    );
  }

  /** All events so far, in short. */
  async told(): Promise<string[]> {
    return (await this.events()).map(({ type, subject }) =>
      `${type} ${subject}`
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close();
    this.redis.disconnect();
    await this.server[Symbol.asyncDispose]();
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `events ${name}`, ignore, fn });
}

test("report entries that join, change and leave", async () => {
  await using stage = await Stage.start({ updates: true });
  const { write } = await stage.join("a");
  await write(putOf("ann"));
  await write(putOf("ann", "2"), putOf("bob"));
  await write(retractOf("ann"), retractOf("nobody"));
  const events = await stage.events();
  assertEquals(
    events.map(({ type, subject, context }) => [type, subject, context]),
    [
      ["joined", "ann", "doc-1"],
      ["updated", "ann", "doc-1"],
      ["joined", "bob", "doc-1"],
      ["left", "ann", "doc-1"],
    ],
  );
  const times = events.map(({ timestamp }) => Number(timestamp));
  assert(times.every((time) => Math.abs(time - Date.now()) < 3_600_000));
  assertEquals(times, times.toSorted((one, other) => one - other));
  assertEquals(Object.keys(events[0] ?? {}).sort(), [
    "context",
    "subject",
    "timestamp",
    "type",
  ]);
});

test("leave out updates by default", async () => {
  await using stage = await Stage.start();
  const { write } = await stage.join("a");
  await write(putOf("ann"), putOf("ann", "2"), retractOf("ann"));
  assertEquals(await stage.told(), ["joined ann", "left ann"]);
});

test("are left out for which `fields` returns undefined", async () => {
  await using stage = await Stage.start({
    fields: ({ subject }) => subject === "ann" ? undefined : {},
  });
  const { write } = await stage.join("a");
  await write(putOf("ann"), putOf("bob"));
  assertEquals(await stage.told(), ["joined bob"]);
});

test("are not written for unchanged or refused rows", async () => {
  await using stage = await Stage.start({ updates: true });
  const a = await stage.join("a");
  const b = await stage.join("b");
  await a.write(putOf("ann"));
  await a.write(putOf("ann"));
  await b.write(putOf("ann", "older", 60_000));
  // It moves, and is as it was.
  await b.write(putOf("ann"));
  await a.write(retractOf("ann"));
  assertEquals(await stage.told(), ["joined ann"]);
  await a.write(putOf("ann", "2"));
  assertEquals(await stage.told(), ["joined ann", "updated ann"]);
});

test("report each entry of an ended node as left once", async () => {
  await using stage = await Stage.start();
  const a = await stage.join("a");
  const others = [await stage.join("b"), await stage.join("c")];
  await a.write(putOf("ann"), putOf("bob"));
  // Bob comes back elsewhere before the node is given up.
  await others[0]?.write(putOf("bob"));
  await a.connection.close();
  for (const { connection } of others) await connection.end(a.life, 1);
  await Promise.all(others.map(async ({ connection }) => {
    while (!await connection.purge(a.life));
  }));
  assertEquals(await stage.told(), ["joined ann", "joined bob", "left ann"]);
});

test("report whether their subject has other entries", async () => {
  await using stage = await Stage.start({
    updates: true,
    fields: ({ hasOthers }) => ({ others: `${hasOthers}` }),
  });
  const told = async () =>
    (await stage.events()).map(({ type, subject, others }) =>
      `${type} ${subject} ${others}`
    );
  const a = await stage.join("a");
  const b = await stage.join("b");
  const tab = (id: string, value = "1"): RowWrite => ({
    ...putOf("ann", value),
    id,
  });
  const [one, two] = ['["ann","one","o"]', '["ann","two","o"]'];
  await a.write(tab(one), tab(two), putOf("an"), tab(two, "2"));
  assertEquals(await told(), [
    "joined ann false",
    "joined ann true",
    "joined an false",
    "updated ann false",
  ]);
  await b.write(putOf("ann"));
  await a.connection.close();
  await b.connection.end(a.life, 1);
  while (!await b.connection.purge(a.life));
  await b.write(retractOf("ann"));
  const left = (await told()).slice(5).sort();
  assertEquals(left, [
    "left an false",
    "left ann false",
    "left ann true",
    "left ann true",
  ]);
});

test("have the further fields, and go to another stream", async () => {
  await using stage = await Stage.start({
    stream: "materi:events:presence",
    fields: ({ type, subject, context, resource, origin, value }) => ({
      user_id: subject,
      document_id: context,
      workspace_id: `${JSON.parse(value).workspace}`,
      by: `${resource} ${origin}`,
      type: `never ${type}`,
    }),
  });
  const { write } = await stage.join("a");
  await write(putOf("ann", '{"workspace":"w1"}'));
  await write(retractOf("ann"));
  const events = await stage.events("materi:events:presence");
  assertEquals(
    events.map(({ timestamp: _, ...fields }) => fields),
    ["joined", "left"].map((type) => ({
      by: "tab session/ann",
      context: "doc-1",
      document_id: "doc-1",
      subject: "ann",
      type,
      user_id: "ann",
      workspace_id: "w1",
    })),
  );
});

test("are written without further fields if `fields` throws, which is reported", async () => {
  const errors: unknown[] = [];
  await using stage = await Stage.start({
    fields: ({ subject }) => {
      if (subject === "ann") throw new Error("no");
      return {};
    },
    onError: (error) => errors.push(error),
  });
  const { write } = await stage.join("a");
  const written = await write(putOf("ann"), putOf("bob"));
  assertEquals(written.map(({ isDone }) => isDone), [true, true]);
  assertEquals(await stage.told(), ["joined ann", "joined bob"]);
  assertEquals(errors.length, 1);
});

test("are about as many as maxLength", async () => {
  await using stage = await Stage.start({ maxLength: 100 });
  const { write } = await stage.join("a");
  for (let batch = 0; batch < 5; batch++) {
    await write(
      ...Array.from({ length: 200 }, (_, n) => putOf(`${batch}-${n}`)),
    );
  }
  const length = await stage.redis.xlen("ruthere:events");
  assert(length >= 100 && length < 400, `${length}`);
});

test("are dropped while their key is not a stream, which is reported once", async () => {
  const errors: unknown[] = [];
  await using stage = await Stage.start({
    onError: (error) => errors.push(error),
  });
  const key = "ruthere:events";
  await stage.redis.lpush(key, "theirs");
  const { write } = await stage.join("a");
  await write(putOf("ann"), putOf("bob"));
  await write(retractOf("ann"));
  assertEquals(errors.map(String), [
    `RedisUnavailableError: Cannot ask Redis: the key ${key} is not a stream, ` +
    "so events are not written",
  ]);
  assertEquals(await stage.redis.lrange(key, 0, -1), ["theirs"]);
  await stage.redis.del(key);
  await write(retractOf("bob"));
  assertEquals(await stage.told(), ["left bob"]);
  await stage.redis.del(key);
  await stage.redis.lpush(key, "theirs");
  await write(putOf("cyd"));
  assertEquals(errors.length, 2);
});
