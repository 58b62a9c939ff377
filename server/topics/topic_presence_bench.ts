/**
 * Measures connections that leave, until all watches have received it: fifty
 * thousand of one origin at once beside fifty thousand one by one, and one
 * connection that joins and leaves in a small and in a large topic. Also
 * measures many that join one topic and receive its state.
 */

import { PresenceServer, type Watch } from "../mod.ts";
import {
  type PresenceHandle,
  stateJson,
  type TopicMessage,
  type TopicModel,
  TopicPresence,
} from "./mod.ts";
import { flush } from "./testing/harness.ts";

const CONNECTIONS = 50_000;
const ORIGIN = "gateway";

/** Topics with connections of one origin, and a watch of each. */
class Filled implements Disposable {
  readonly server = new PresenceServer<TopicModel>();
  readonly presence = new TopicPresence(this.server, { ttlMs: Infinity });
  readonly handles: PresenceHandle[] = [];
  readonly watches: Watch<TopicMessage>[] = [];

  /** Fills topics; each watcher has read the state. */
  static async make(connections: number, topics: number): Promise<Filled> {
    const filled = new Filled();
    const { presence, handles, watches } = filled;
    for (let n = 0; n < connections; n++) {
      const topic = `topic-${n % topics}`;
      const meta = { name: `Person ${n}`, device: "laptop" };
      const options = { origin: ORIGIN };
      handles.push(presence.track(topic, `person-${n}`, meta, options));
    }
    for (let n = 0; n < topics; n++) {
      const watch = presence.watch(`topic-${n}`);
      await watch.next();
      watches.push(watch);
    }
    return filled;
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
  }
}

for (const topics of [1, 500]) {
  const column = topics === 1 ? "1 topic" : `${topics} topics`;
  const group = `50,000 connections leave, ${column}`;
  const settings = { group, n: 10, warmup: 2 };
  Deno.bench(
    { name: "each by itself", baseline: true, ...settings },
    async (bench) => {
      using filled = await Filled.make(CONNECTIONS, topics);
      const { handles, watches } = filled;
      bench.start();
      for (const [n, handle] of handles.entries()) {
        handle[Symbol.dispose]();
        await watches[n % topics]?.next();
      }
      bench.end();
    },
  );
  Deno.bench({ name: "their origin", ...settings }, async (bench) => {
    using filled = await Filled.make(CONNECTIONS, topics);
    const { server, watches } = filled;
    bench.start();
    server.withdrawOrigin(ORIGIN);
    const told = await Promise.all(watches.map((watch) => watch.next()));
    bench.end();
    let leaves = 0;
    for (const { value } of told) {
      if (value?.type === "diff") {
        leaves += Object.keys(value.diff.leaves).length;
      }
    }
    if (leaves !== CONNECTIONS) throw new Error(`Only ${leaves} have left`);
  });
}

for (const connections of [100, CONNECTIONS]) {
  const group = `a connection comes and goes, ${
    connections.toLocaleString("en")
  } connections`;
  const { presence, watches: [watch] } = await Filled.make(connections, 1);
  const map = new Map(
    Array.from({ length: connections }, (_, n) => [`${n}`, n]),
  );
  // Another key each time: what is deleted from a map of V8's stays in its
  // bucket until the map is made anew, and the same key would find it all
  // there.
  let next = 0;
  Deno.bench({ name: "Map", group, baseline: true }, async () => {
    const key = `newcomer-${next++}`;
    map.set(key, 1);
    await undefined;
    map.delete(key);
    await undefined;
  });
  Deno.bench({ name: "TopicPresence", group }, async () => {
    const key = `newcomer-${next++}`;
    const handle = presence.track("topic-0", key, { name: "Ada" });
    await watch?.next();
    handle[Symbol.dispose]();
    await watch?.next();
  });
}

/** Joins a topic as a socket does: tracks, reads a state and writes it. */
async function join(
  presence: TopicPresence,
  n: number,
  hidden: boolean,
): Promise<void> {
  const key = `person-${n}`;
  const meta = { name: `Person ${n}`, device: "laptop" };
  const visibility = hidden ? "private" : "public";
  presence.track("room", key, meta, { visibility });
  // The server handles sockets one by one: present readers receive it first.
  await flush();
  const viewer = { restricted: [], private: false, subject: key };
  const { value } = await presence.watch("room", { viewer }).next();
  if (value?.type !== "state" || stateJson(value).length < key.length) {
    throw new Error("There is no state");
  }
}

for (const joins of [1_000, 4_000]) {
  const group = `${joins.toLocaleString("en")} connections join a topic`;
  for (
    const [name, isHidden] of [
      ["all shown", () => false],
      ["every other one hidden", (n: number) => n % 2 === 1],
    ] as const
  ) {
    Deno.bench({ name, group, n: 5, warmup: 1 }, async (bench) => {
      using server = new PresenceServer<TopicModel>();
      const presence = new TopicPresence(server, { ttlMs: Infinity });
      bench.start();
      for (let n = 0; n < joins; n++) await join(presence, n, isHidden(n));
      bench.end();
    });
  }
}
