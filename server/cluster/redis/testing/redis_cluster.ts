import { eventually } from "../../../testing/waiting.ts";
import { freePort } from "../../testing/real_server.ts";
import { RedisServer } from "../../testing/redis_server.ts";

/** How many slots there are. */
const SLOTS = 16_384;

/** A Redis Cluster of its own for a test: so many masters, no replicas. */
export class RedisCluster implements AsyncDisposable {
  /** The servers; each has an equal share of the slots. */
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  /** Starts one. It keeps nothing on disk, unless options say so. */
  static async start(
    count: number,
    ...options: string[]
  ): Promise<RedisCluster> {
    const buses = Array.from({ length: count }, freePort);
    const servers = await Promise.all(
      buses.map((bus) =>
        RedisServer.start(
          ...["--cluster-enabled", "yes", "--cluster-port", String(bus)],
          ...["--cluster-announce-ip", "127.0.0.1"],
          ...options,
        )
      ),
    );
    const share = Math.ceil(SLOTS / count);
    for (const [index, server] of servers.entries()) {
      const first = index * share;
      const last = Math.min(SLOTS, first + share) - 1;
      await server.ask("CLUSTER", "ADDSLOTSRANGE", `${first}`, `${last}`);
      await servers[0]?.ask(
        ...["CLUSTER", "MEET", "127.0.0.1"],
        ...[String(server.port), String(buses[index])],
      );
    }
    const cluster = new RedisCluster(servers);
    await cluster.isReady();
    return cluster;
  }

  /** Where the servers listen. */
  get nodes(): { readonly host: string; readonly port: number }[] {
    return this.servers.map(({ port }) => ({ host: "127.0.0.1", port }));
  }

  /** Waits until all servers know all slots. */
  async isReady(): Promise<void> {
    await eventually(async () => {
      const states = await Promise.all(this.servers.map(async (server) => {
        const info = await server.ask("CLUSTER", "INFO");
        return info.includes("cluster_state:ok") &&
          info.includes(`cluster_slots_ok:${SLOTS}`) &&
          info.includes(`cluster_size:${this.servers.length}`);
      }));
      return states.every((isOk) => isOk);
    }, "the cluster is ready");
  }

  /** Has all servers forget everything. */
  async flush(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.ask("FLUSHALL")));
  }

  /** Moves a slot, and what is in it, to the next server. */
  async move(slot: number): Promise<void> {
    const from = Math.floor(slot / Math.ceil(SLOTS / this.servers.length));
    const source = this.servers[from];
    const target = this.servers[(from + 1) % this.servers.length];
    if (source === undefined || target === undefined) return;
    const [sourceId, targetId] = await Promise.all(
      [source, target].map(async (server) =>
        (await server.ask("CLUSTER", "MYID")).split("\r\n")[1] ?? ""
      ),
    );
    const name = String(slot);
    await target.ask("CLUSTER", "SETSLOT", name, "IMPORTING", `${sourceId}`);
    await source.ask("CLUSTER", "SETSLOT", name, "MIGRATING", `${targetId}`);
    const list = await source.ask("CLUSTER", "GETKEYSINSLOT", name, "100");
    const keys = list.split("\r\n").filter((line) => line.includes("{"));
    await source.ask(
      ...["MIGRATE", "127.0.0.1", String(target.port), "", "0", "5000"],
      ...["KEYS", ...keys],
    );
    for (const server of this.servers) {
      await server.ask("CLUSTER", "SETSLOT", name, "NODE", `${targetId}`);
    }
  }

  /** Ends it, and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.servers.map((server) => server[Symbol.asyncDispose]()),
    );
  }
}
