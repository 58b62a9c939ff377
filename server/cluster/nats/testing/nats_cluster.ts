import { jetstreamManager } from "@nats-io/jetstream";
import { eventually } from "../../../testing/waiting.ts";
import { NatsServer } from "../../testing/nats_server.ts";
import { freePort } from "../../testing/real_server.ts";

/** Servers of NATS that are one cluster, for a test. */
export class NatsCluster implements AsyncDisposable {
  /** The servers. */
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  /** Starts one of three servers, and waits until it keeps buckets. */
  static async start(): Promise<NatsCluster> {
    const ports = [freePort(), freePort(), freePort()];
    const routes = ports.map((port) => `"nats-route://127.0.0.1:${port}"`);
    const servers = await Promise.all(
      ports.map((port, index) =>
        NatsServer.start(
          `server_name: "server-${index}"
        cluster {
          name: "test"
          listen: "127.0.0.1:${port}"
          routes: [${routes.join()}]
        }`,
        )
      ),
    );
    const cluster = new NatsCluster(servers);
    await eventually(() => cluster.#canKeep(), "the cluster keeps buckets");
    return cluster;
  }

  /** The server that leads a bucket. */
  async leaderOf(bucket: string): Promise<NatsServer> {
    const nats = await NatsServer.dial({ port: this.#first.port });
    const { streams } = await jetstreamManager(nats, { checkAPI: false });
    const { cluster } = await streams.info(`KV_${bucket}`);
    await nats.close();
    const index = Number(cluster?.leader?.replace("server-", ""));
    const leader = this.servers[index];
    if (leader === undefined) throw new Error("The bucket has no leader");
    return leader;
  }

  /** Ends it, and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }

  get #first(): NatsServer {
    const [first] = this.servers;
    if (first === undefined) throw new Error("There is no server");
    return first;
  }

  async #canKeep(): Promise<boolean> {
    const nats = await NatsServer.dial({ port: this.#first.port });
    try {
      const { streams } = await jetstreamManager(nats, {
        checkAPI: false,
        timeout: 1_000,
      });
      await streams.add({
        name: "probe",
        subjects: ["probe"],
        num_replicas: 3,
      });
      return await streams.delete("probe");
    } catch {
      return false;
    } finally {
      await nats.close();
    }
  }
}
