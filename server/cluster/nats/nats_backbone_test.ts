import {
  DiscardPolicy,
  jetstreamManager,
  RetentionPolicy,
  type StreamConfig,
} from "@nats-io/jetstream";
import {
  type NatsConnection,
  PermissionViolationError,
} from "@nats-io/nats-core";
import { Kvm } from "@nats-io/kv";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../../core/mod.ts";
import { eventually } from "../../testing/waiting.ts";
import type { BackboneConnection, BackboneListener } from "../mod.ts";
import { NatsServer } from "../testing/nats_server.ts";
import { TcpProxy } from "../testing/tcp_proxy.ts";
import {
  BucketUnfitError,
  JetStreamOffError,
  NatsAwayError,
  NatsBackbone,
  type NatsBackboneOptions,
  NatsClosedError,
  TooLargeError,
} from "./mod.ts";

const CONTEXT = '"doc-1"';
const LIFE = { node: "a", epoch: "1" };
const LEASE = { ...LIFE, count: 1, announced: "", written: [] };

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !NatsServer.isInstalled, fn });
}

/** A listener that counts its notifications. */
class Heard implements BackboneListener {
  changes = 0;
  interruptions = 0;
  /** How many changes were told before each interruption. */
  readonly changesBefore: number[] = [];
  onChange(): void {
    this.changes++;
  }
  onLease(): void {}
  onEnded(): void {}
  onMessage(): void {}
  onInterrupted(): void {
    this.interruptions++;
    this.changesBefore.push(this.changes);
  }
}

/** A connected node, how much it was told, and of what errors. */
async function connect(
  nats: NatsConnection,
  options: NatsBackboneOptions = {},
) {
  const heard = new Heard();
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const backbone = new NatsBackbone(nats, {
    timeoutMs: 1_000,
    onError,
    ...options,
  });
  const connection = await backbone.connect("a", heard);
  return { connection, heard, errors };
}

function put(connection: BackboneConnection, id: string) {
  const write = { type: "put", context: CONTEXT, id, value: "1" } as const;
  return connection.write(LIFE, [{ ...write, age: 0 }]);
}

/** Whatever a connection can be asked. */
function callsOf(
  connection: BackboneConnection,
): Record<string, () => Promise<unknown>> {
  return {
    acquire: () => connection.acquire(LEASE),
    renew: () => connection.renew({ ...LEASE, count: 2 }),
    leases: () => connection.leases(),
    "leases of a node": () => connection.leases("b"),
    end: () => connection.end(LIFE, 1),
    purge: () => connection.purge(LIFE),
    "purge of a context": () => connection.purge(LIFE, CONTEXT),
    write: () => put(connection, "away"),
    follow: () => connection.follow(CONTEXT),
    read: () => connection.read(CONTEXT),
  };
}

test("NatsBackbone has calls fail at once while the server is away, and sends nothing later", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const { connection, heard } = await connect(nats);
  await connection.acquire(LEASE);
  await put(connection, "before");
  server.pause();
  const waiting = assertRejects(
    () => put(connection, "waiting"),
    NatsAwayError,
  );
  await server.kill();
  await waiting;
  for (const call of Object.values(callsOf(connection))) {
    await Promise.all(
      Array.from({ length: 100 }, () => assertRejects(call, NatsAwayError)),
    );
  }
  connection.send(CONTEXT, "lost");
  await server.start();
  await eventually(() => heard.interruptions > 0, "it is interrupted");
  const { rows } = await connection.read(CONTEXT);
  assertEquals(rows.map(({ id }) => id), ["before"]);
  await connection.close();
  await nats.close();
});

test("NatsBackbone refuses a bucket whose values expire, or that has a history", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const kvm = new Kvm(nats);
  for (const options of [{ history: 2 }, { ttl: 60_000 }]) {
    const kv = await kvm.create("ruthere", options);
    await assertRejects(() => connect(nats), BucketUnfitError);
    await kv.destroy();
  }
  await nats.close();
});

test("NatsBackbone refuses a stream of that name that is made otherwise, says why, and writes nothing", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const { streams } = await jetstreamManager(nats);
  const fit = {
    name: "KV_ruthere",
    subjects: ["$KV.ruthere.>"],
    max_msgs_per_subject: 1,
  };
  await streams.add({ ...fit, name: "KV_other", subjects: ["$KV.other.>"] });
  const { Workqueue, Interest } = RetentionPolicy;
  const { Old: discard } = DiscardPolicy;
  const flaws: [string, Partial<StreamConfig>][] = [
    ["its stream must have the subject $KV.ruthere.>", { subjects: ["x.>"] }],
    ["its stream must have the subject $KV.ruthere.>", {
      subjects: undefined,
      mirror: { name: "KV_other" },
    }],
    ["it must keep values until there are others", { retention: Workqueue }],
    ["it must keep values until there are others", { retention: Interest }],
    ["it must refuse values when it is full, and discard none", {
      discard,
      max_msgs: 3,
    }],
    ["it must refuse values when it is full, and discard none", {
      discard,
      max_bytes: 4_096,
    }],
    ["it must have a history of 1", { max_msgs_per_subject: 2 }],
    ["it must not have a time to live", { max_age: 1e12 }],
    ["it must take values of 4096 bytes", { max_msg_size: 1_000 }],
    ["its stream must acknowledge what is written", { no_ack: true }],
  ];
  for (const [reason, flaw] of flaws) {
    await streams.add({ ...fit, ...flaw });
    const error = await assertRejects(() => connect(nats), BucketUnfitError);
    assertEquals(error.message, `Cannot use bucket "ruthere": ${reason}`);
    assertEquals((await streams.info(fit.name)).state.messages, 0);
    await streams.delete(fit.name);
  }
  await nats.close();
});

test("NatsBackbone says that the bucket is full", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  await new Kvm(nats).create("ruthere", { max_bytes: 8_192 });
  const { connection } = await connect(nats);
  await connection.acquire(LEASE);
  const error = await assertRejects(async () => {
    for (let row = 0; row < 100; row++) await put(connection, `${row}`);
  }, BucketUnfitError);
  assertEquals(
    error.message,
    'Cannot use bucket "ruthere": maximum bytes exceeded',
  );
  await connection.close();
  await nats.close();
});

test("NatsBackbone leaves out a row that is larger than the bucket takes, and no other", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  await new Kvm(nats).create("ruthere", { maxValueSize: 8_000 });
  const { connection, errors } = await connect(nats);
  await connection.acquire(LEASE);
  const row = { type: "put", context: CONTEXT, age: 0 } as const;
  await connection.write(LIFE, [
    { ...row, id: "large", value: "x".repeat(8_000) },
    { ...row, id: "small", value: "x" },
  ]);
  const { rows } = await connection.read(CONTEXT);
  assertEquals(rows.map(({ id }) => id), ["small"]);
  assertEquals(errors.map((error) => error instanceof TooLargeError), [true]);
  await connection.close();
  await nats.close();
});

test("NatsBackbone refuses options that make no sense", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const wrong: Record<string, readonly unknown[]> = {
    bucket: ["", "a.b", "a b", "*", "é", null, 5],
    storage: ["disk", "", null, 1],
    replicas: [0, -1, 6, 1.5, NaN, "3", null],
    timeoutMs: [0, -1, NaN, Infinity, 2 ** 31, "5", null],
    onError: [null, "console"],
  };
  for (const [field, values] of Object.entries(wrong)) {
    for (const value of values) {
      const error = assertThrows(
        () => new NatsBackbone(nats, { [field]: value }),
        InvalidValueError,
      );
      assertEquals([error.field, error.value], [field, value]);
    }
  }
  await nats.close();
});

Deno.test("NatsBackbone refuses what is no connection", () => {
  const methods = ["publish", "request", "subscribe", "status", "isClosed"];
  const almost = Object.fromEntries(methods.map((name) => [name, () => {}]));
  for (const nats of ["nats://x", undefined, null, 5, {}, almost]) {
    const error = assertThrows(
      () => Reflect.construct(NatsBackbone, [nats]),
      InvalidValueError,
    );
    assert(error.message.startsWith("Cannot make backbone: nats must be"));
  }
});

test("NatsBackbone says what to do where JetStream is not enabled", async () => {
  await using server = await NatsServer.start("jetstream: false");
  const nats = await server.connect();
  const error = await assertRejects(() => connect(nats), JetStreamOffError);
  assertEquals(
    error.message,
    'Cannot make bucket "ruthere": JetStream is not enabled; ' +
      "start the server with -js, or enable it for the account",
  );
  await nats.close();
});

test("NatsBackbone says what to do where the account has no JetStream", async () => {
  await using server = await NatsServer.start(
    "accounts { A { users = [{ user: u, password: p }] } }",
  );
  const { port } = server;
  const nats = await NatsServer.dial({ port, user: "u", pass: "p" });
  await assertRejects(() => connect(nats), JetStreamOffError);
  await nats.close();
});

test("NatsBackbone has all that waits fail with the first when a server does not answer", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start(server.port);
  const nats = await NatsServer.dial({ port: proxy.port });
  const { connection } = await connect(nats, { timeoutMs: 200 });
  await connection.acquire(LEASE);
  const renew = () => connection.renew({ ...LEASE, count: 2 });
  const lease = async () => (await connection.leases("b"))[0];
  const leases = () => connection.leases();
  const withdraw = () =>
    connection.write(LIFE, [
      { type: "withdraw", context: CONTEXT, id: "whose", age: 0 },
    ]);
  const rows = [
    [lease, lease, lease, renew],
    [leases, leases, leases, renew],
    [withdraw, withdraw, withdraw, withdraw],
  ];
  for (const row of rows) {
    proxy.stall();
    const [first, ...others] = row.map((call) => call());
    let failures = 0;
    const failing = others.map((other) => other.catch(() => failures++));
    await assertRejects(async () => await first);
    // No timer that is armed only now is due by then.
    await new Promise((resolve) => setTimeout(resolve, 0));
    assertEquals(failures, others.length);
    await Promise.all(failing);
    proxy.heal();
    await eventually(
      () => renew().then(() => true, () => false),
      "it answers",
    );
  }
  await connection.close();
  await nats.close();
});

test("NatsBackbone does not complain of a connection that is lost once more", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start(server.port);
  const nats = await NatsServer.dial({ port: proxy.port });
  const { connection, heard, errors } = await connect(nats);
  const cutting = (async () => {
    for await (const { type } of nats.status()) {
      if (type === "reconnect") return proxy.cut();
    }
  })();
  proxy.cut();
  proxy.heal();
  await cutting;
  await eventually(() => heard.interruptions === 1, "it is interrupted");
  proxy.heal();
  await eventually(() => heard.interruptions === 2, "it is so once more");
  assertEquals(errors, []);
  await connection.close();
  await nats.close();
});

test("NatsBackbone tells that it was interrupted before what comes after that", async () => {
  await using server = await NatsServer.start();
  await using proxy = await TcpProxy.start(server.port);
  const nats = await NatsServer.dial({ port: proxy.port });
  const { connection, heard } = await connect(nats);
  await connection.follow(CONTEXT);
  const other = await server.connect();
  const writer = await connect(other);
  await writer.connection.acquire(LEASE);
  await put(writer.connection, "before");
  await eventually(() => heard.changes === 1, "it is heard");
  const lost = (async () => {
    for await (const { type } of nats.status()) {
      if (type === "disconnect") return;
    }
  })();
  proxy.cut();
  await lost;
  const { changes } = heard;
  proxy.heal();
  let isOver = false;
  const writing = (async () => {
    for (let turn = 0; !isOver; turn++) {
      await Promise.all(
        ["1", "2", "3"].map((id) => put(writer.connection, `${turn}-${id}`)),
      );
    }
  })();
  await eventually(() => heard.changesBefore.length > 0, "it is interrupted");
  await eventually(() => heard.changes > changes, "it hears again");
  isOver = true;
  await writing;
  assertEquals(heard.changesBefore, [changes]);
  await writer.connection.close();
  await connection.close();
  await other.close();
  await nats.close();
});

test("NatsBackbone refuses to call a life purged whose rows it may not remove", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const { streams } = await jetstreamManager(nats);
  await streams.add({
    name: "KV_ruthere",
    subjects: ["$KV.ruthere.>"],
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
    deny_delete: true,
  });
  const { connection } = await connect(nats);
  await put(connection, "1");
  await assertRejects(() => connection.purge(LIFE));
  await connection.close();
  await nats.close();
});

test("NatsBackbone survives an onError that throws", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const failure = new Error("of the user");
  let calls = 0;
  const onError = () => {
    calls++;
    throw failure;
  };
  const { connection } = await connect(nats, { onError });
  const { error } = console;
  const told: unknown[] = [];
  console.error = (error) => told.push(error);
  try {
    await nats.close();
    await eventually(() => calls > 0, "it is notified");
  } finally {
    console.error = error;
  }
  assertEquals(told, [failure]);
  await connection.close();
});

for (const isOwners of [false, true]) {
  const by = isOwners ? "its owner has closed" : "the client has given up";
  test(`NatsBackbone says once, and whenever it is asked, that ${by} the connection`, async () => {
    await using server = await NatsServer.start();
    const nats = await NatsServer.dial({
      port: server.port,
      maxReconnectAttempts: 2,
    });
    const { connection, errors } = await connect(nats);
    await connection.acquire(LEASE);
    await connection.follow(CONTEXT);
    if (isOwners) await nats.close();
    else await server.kill();
    const reason = await nats.closed();
    await eventually(() => errors.length > 0, "it is notified");
    for (const call of Object.values(callsOf(connection))) {
      await assertRejects(call, NatsClosedError);
    }
    connection.send(CONTEXT, "lost");
    await assertRejects(() => connect(nats), NatsClosedError);
    await connection.close();
    assertEquals(errors.length, 1);
    const [error] = errors;
    assert(error instanceof NatsClosedError);
    assertEquals(reason instanceof Error, !isOwners);
    assertEquals(error.cause, reason);
  });
}

test("NatsBackbone leaves the connection as it was", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const { connection } = await connect(nats);
  await connection.follow(CONTEXT);
  await connection.close();
  assert(!nats.isClosed());
  await nats.close();
});

test("NatsBackbone fails to connect where nobody is, and may be asked again", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  await server.kill();
  await assertRejects(() => connect(nats));
  await server.start();
  let connected: BackboneConnection | undefined;
  await eventually(async () => {
    connected = await connect(nats).then(
      ({ connection }) => connection,
      () => undefined,
    );
    return connected !== undefined;
  }, "it is connected");
  await connected?.close();
  await nats.close();
});

test("NatsBackbone needs no rights but those of the README", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", import.meta.url));
  const permissions = /```conf\n([^]*?)```/.exec(readme)?.[1];
  assert(permissions);
  await using server = await NatsServer.start(
    `authorization { users = [{ user: u, password: p, ${permissions} }] }`,
  );
  const errors: unknown[] = [];
  const open = async (node: string) => {
    const nats = await NatsServer.dial({
      port: server.port,
      user: "u",
      pass: "p",
    });
    const backbone = new NatsBackbone(nats, {
      onError: (error) => errors.push(error),
    });
    const heard = new Heard();
    return { nats, heard, connection: await backbone.connect(node, heard) };
  };
  // One after the other: this is about rights, not about who makes the bucket.
  const a = await open("a");
  const b = await open("b");
  await a.connection.acquire(LEASE);
  await b.connection.follow(CONTEXT);
  await put(a.connection, "1");
  await put(a.connection, "2");
  await a.connection.write(LIFE, [{
    type: "retract",
    context: CONTEXT,
    id: "1",
  }]);
  await eventually(() => b.heard.changes === 3, "all changes are heard");
  assertEquals((await b.connection.read(CONTEXT)).rows.length, 1);
  assertEquals((await b.connection.leases()).length, 1);
  a.connection.send(CONTEXT, "hello");
  await a.connection.renew({ ...LEASE, count: 2 });
  assertEquals(await b.connection.end(LIFE, 2), true);
  await b.connection.purge(LIFE, CONTEXT);
  assertEquals(await b.connection.purge(LIFE), true);
  assertEquals((await b.connection.read(CONTEXT)).rows, []);
  assertEquals(errors, []);
  for (const { nats, connection } of [a, b]) {
    await connection.close();
    await nats.close();
  }
});

test("NatsBackbone fails at once where a write is not permitted", async () => {
  await using server = await NatsServer.start(
    `authorization { users = [{ user: u, password: p,
      permissions { publish { deny: "$KV.ruthere.rows.>" } } }] }`,
  );
  const { port } = server;
  const nats = await NatsServer.dial({ port, user: "u", pass: "p" });
  const { connection } = await connect(nats, { timeoutMs: 60_000 });
  await connection.acquire(LEASE);
  await assertRejects(() => put(connection, "1"), PermissionViolationError);
  await connection.renew({ ...LEASE, count: 2 });
  await connection.close();
  await nats.close();
});

test("NatsBackbone hears answers again once the permission that it lost is back", async () => {
  const user = (permissions = "") =>
    `authorization { users = [{ user: u, password: p, ${permissions} }] }`;
  await using server = await NatsServer.start(user());
  const { port } = server;
  const nats = await NatsServer.dial({ port, user: "u", pass: "p" });
  const { connection } = await connect(nats);
  await connection.acquire(LEASE);
  await put(connection, "1");
  server.reload(
    user(`permissions { subscribe { deny: "ruthere.*.answers.>" } }`),
  );
  await eventually(
    () => put(connection, "2").then(() => false, () => true),
    "writes fail",
  );
  server.reload(user());
  await eventually(
    () => put(connection, "3").then(() => true, () => false),
    "writes are answered",
  );
  await connection.close();
  await nats.close();
});

test("NatsBackbone reads many contexts at once, all of them right", async () => {
  await using server = await NatsServer.start();
  const nats = await server.connect();
  const { connection } = await connect(nats);
  const contexts = Array.from({ length: 200 }, (_, n) => `"doc-${n}"`);
  const writes = contexts.flatMap((context, n) =>
    Array.from({ length: n % 3 }, (_, id) => ({
      ...{ type: "put", context, id: `${id}`, value: context, age: 0 } as const,
    }))
  );
  const written = await connection.write(LIFE, writes);
  let scans = 0;
  nats.subscribe("$JS.API.CONSUMER.CREATE.>", { callback: () => void scans++ });
  const all = await Promise.all(
    contexts.map((context) => connection.read(context)),
  );
  for (const [n, { rows, revision }] of all.entries()) {
    const context = contexts[n];
    assertEquals(
      rows.map(({ id, value }) => [id, value]),
      Array.from({ length: n % 3 }, (_, id) => [`${id}`, context]),
    );
    const last = writes.findLastIndex((write) => write.context === context);
    assertEquals(revision, written[last]?.revision ?? 0);
  }
  // A server without an index looks at all keys for each scan.
  const isIndexed = !nats.info?.version.startsWith("2.9.");
  assertEquals(scans <= 64, !isIndexed);
  await connection.close();
  await nats.close();
});
