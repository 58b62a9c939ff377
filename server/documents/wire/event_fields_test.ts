import { assertEquals } from "@std/assert";
import { Redis } from "ioredis";
import { type Cluster, joinCluster } from "../../cluster/mod.ts";
import { fromIoredis, RedisBackbone } from "../../cluster/redis/mod.ts";
import { RedisServer } from "../../cluster/testing/redis_server.ts";
import { PresenceServer } from "../../mod.ts";
import { eventually } from "../../testing/waiting.ts";
import {
  documentEventFields,
  type DocumentModel,
  DocumentPresence,
} from "../mod.ts";
import { at, join, update } from "../testing/harness.ts";

const STREAM = "materi:events:presence";

/** A server that publishes events like Materi's. */
class Teller implements AsyncDisposable {
  readonly server = new PresenceServer<DocumentModel>();
  readonly presence = new DocumentPresence(this.server, {
    cursorThrottleMs: 1,
  });
  readonly #redis: Redis;
  readonly #cluster: Cluster<DocumentModel>;

  constructor(port: number) {
    this.#redis = new Redis({ port });
    const backbone = new RedisBackbone(fromIoredis(this.#redis), {
      events: { stream: STREAM, fields: documentEventFields },
    });
    this.#cluster = joinCluster(this.server, backbone);
  }

  static async start(port: number): Promise<Teller> {
    const teller = new Teller(port);
    await eventually(() => teller.status === "connected", "it is connected");
    return teller;
  }

  get status(): string {
    return this.#cluster.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster.leave();
    this.presence[Symbol.dispose]();
    this.server[Symbol.dispose]();
    this.#redis.disconnect();
  }
}

/** Reads the events of a stream in short form. */
class Stream implements Disposable {
  readonly #redis: Redis;

  constructor(port: number) {
    this.#redis = new Redis({ port });
  }

  async told(): Promise<string[]> {
    const entries = await this.#redis.xrange(STREAM, "-", "+");
    return entries.map(([, fields]) => {
      const all = new Map<string, string>();
      for (let index = 0; index < fields.length; index += 2) {
        all.set(fields[index] ?? "", fields[index + 1] ?? "");
      }
      return ["type", "user_id", "document_id", "workspace_id"]
        .map((name) => all.get(name)).join(" ");
    });
  }

  /** Waits for exactly these events. */
  async tells(...expected: string[]): Promise<void> {
    const isTold = async () => (await this.told()).length >= expected.length;
    await eventually(isTold, `${expected} is in the stream`);
    assertEquals(await this.told(), expected);
  }

  [Symbol.dispose](): void {
    this.#redis.disconnect();
  }
}

function test(name: string, fn: (redis: RedisServer) => Promise<void>): void {
  Deno.test({
    name: `documentEventFields() ${name}`,
    ignore: !RedisServer.isInstalled,
    async fn() {
      await using redis = await RedisServer.start();
      await fn(redis);
    },
  });
}

/** Waits until a server has so many sessions in document 42. */
async function knows({ server }: Teller, sessions: number): Promise<void> {
  const context = "document:42";
  const isKnown = () => server.store.snapshots({ context }).length === sessions;
  await eventually(isKnown, `there are ${sessions} sessions`);
}

test("publishes one join and one leave of a person to Materi's stream", async ({ port }) => {
  await using teller = await Teller.start(port);
  using stream = new Stream(port);
  const ada = await join(teller.presence);
  for (let line = 0; line < 20; line++) {
    ada.updateCursor(at(line));
    ada.typed();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  ada[Symbol.dispose]();
  const told = ["joined ada 42 acme", "left ada 42 acme"];
  await stream.tells(...told);
  const bob = await join(teller.presence, "bob", { workspaceId: undefined });
  await stream.tells(...told, "joined bob 42 ");
  bob[Symbol.dispose]();
  await stream.tells(...told, "joined bob 42 ", "left bob 42 ");
});

test("publishes events of people, not of tabs, and none of hidden entries", async ({ port }) => {
  await using a = await Teller.start(port);
  await using b = await Teller.start(port);
  using stream = new Stream(port);
  a.server.receive(update({ context: "room:1", subject: "zoe" }));
  const first = await join(a.presence);
  const second = await join(a.presence);
  const third = await join(b.presence);
  // Each server learns from Redis what the other one has written.
  await knows(a, 3);
  await knows(b, 3);
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  await knows(b, 1);
  // A reload: the new tab joins before the old one ends.
  const again = await join(b.presence);
  third[Symbol.dispose]();
  await stream.tells("joined ada 42 acme");
  again[Symbol.dispose]();
  await stream.tells("joined ada 42 acme", "left ada 42 acme");
  b.server.receive(update({ subject: "eve", visibility: "private" }));
  b.server.receive(update({ subject: "robot" }));
  await stream.tells(
    "joined ada 42 acme",
    "left ada 42 acme",
    "joined robot 42 ",
  );
});
