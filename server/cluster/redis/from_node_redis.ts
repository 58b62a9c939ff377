import type {
  RedisConnector,
  RedisLine,
  RedisLines,
  RedisLinesListener,
  RedisServerLines,
} from "./connector.ts";

/** What `node-redis` calls a client, as far as it is needed. */
export interface NodeRedisClient {
  /** What it was made with. */
  readonly options: { readonly socket?: object | undefined };
  /** Makes a client with the same options, but for some. */
  duplicate(overrides: Readonly<Record<string, unknown>>): NodeRedisClient;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Disconnects at once. */
  destroy(): void;
  /** Sends a command. */
  sendCommand(args: readonly string[]): Promise<unknown>;
  /** Subscribes to a channel. */
  subscribe(
    channel: string,
    listener: (message: string, channel: string) => void,
  ): Promise<unknown>;
  /** Unsubscribes from a channel. */
  unsubscribe(channel: string): Promise<unknown>;
  /** Subscribes to a sharded channel. */
  sSubscribe(
    channel: string,
    listener: (message: string, channel: string) => void,
  ): Promise<unknown>;
  /** Unsubscribes from a sharded channel. */
  sUnsubscribe(channel: string): Promise<unknown>;
  /** Listens to an event. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** A server of a Redis Cluster, to `node-redis`. */
export interface NodeRedisServer {
  /** Its host and port. */
  readonly address: string;
}

/** What `node-redis` calls a cluster, as far as it is needed. */
export interface NodeRedisCluster {
  /** The servers. */
  readonly masters: readonly NodeRedisServer[];
  /** The client of a server. */
  nodeClient(server: NodeRedisServer): Promise<NodeRedisClient>;
  /** Makes a cluster with the same options, but for some. */
  duplicate(overrides: Readonly<Record<string, unknown>>): NodeRedisCluster;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Disconnects at once. */
  destroy(): void;
  /** Listens to an event. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** How our own connections differ from the user's; times are milliseconds. */
function optionsOf({ options }: NodeRedisClient) {
  return {
    clientSideCache: undefined,
    commandOptions: undefined,
    disableOfflineQueue: true,
    emitInvalidate: false,
    keyPrefix: undefined,
    pingInterval: undefined,
    readonly: false,
    socket: {
      ...options.socket,
      connectTimeout: 5_000,
      reconnectStrategy: false,
      socketTimeout: undefined,
    },
  };
}

const CLUSTER_OPTIONS = {
  clientSideCache: undefined,
  commandOptions: undefined,
  keyPrefix: undefined,
  minimizeConnections: true,
  useReplicas: false,
};

/**
 * Lets a backbone use a client of the package `redis`, of version 5 or later. It
 * serves as a pattern: the backbone makes connections of its own like it, two
 * for each node, and never closes it.
 *
 * @param client What `createClient` or `createCluster` has made, connected or
 * not. Its `keyPrefix` is not used: see the option `prefix`.
 * @returns What a {@linkcode RedisBackbone} takes.
 *
 * @example Usage
 * ```ts
 * import {
 *   fromNodeRedis,
 *   RedisBackbone,
 * } from "@ruthere/presence/server/cluster/redis";
 * import { createClient } from "redis";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * const backbone = new RedisBackbone(fromNodeRedis(client));
 * ```
 */
export function fromNodeRedis(
  client: NodeRedisClient | NodeRedisCluster,
): RedisConnector {
  return { lines: (listener) => new NodeRedisLines(client, listener) };
}

class NodeRedisLines implements RedisLines {
  readonly #client: NodeRedisClient | NodeRedisCluster;
  readonly #listener: RedisLinesListener;
  readonly #open = new Set<NodeRedisClient | NodeRedisCluster>();
  #servers: readonly RedisServerLines[] = [];
  #isClosed = false;

  constructor(
    client: NodeRedisClient | NodeRedisCluster,
    listener: RedisLinesListener,
  ) {
    this.#client = client;
    this.#listener = listener;
  }

  get servers(): readonly RedisServerLines[] {
    return this.#servers;
  }

  async open(): Promise<void> {
    const client = this.#client;
    if ("masters" in client) this.#servers = await this.#openAll(client);
    else this.#servers = [await this.#openOne(client)];
  }

  close(): Promise<void> {
    this.#isClosed = true;
    for (const client of this.#open) client.destroy();
    return Promise.resolve();
  }

  async #openAll(client: NodeRedisCluster): Promise<RedisServerLines[]> {
    const cluster = client.duplicate(CLUSTER_OPTIONS);
    try {
      await this.#connect(cluster);
      // Its clients are used as patterns alone.
      return await Promise.all(
        cluster.masters.map(async (master) =>
          this.#openOne(await cluster.nodeClient(master))
        ),
      );
    } finally {
      this.#open.delete(cluster);
      cluster.destroy();
    }
  }

  async #openOne(server: NodeRedisClient): Promise<RedisServerLines> {
    const mouth = await this.#line(server);
    return { mouth, ear: await this.#line(server) };
  }

  async #line(server: NodeRedisClient): Promise<NodeRedisLine> {
    const client = server.duplicate(optionsOf(server));
    await this.#connect(client);
    // It does not come back by itself: any error is its end.
    client.on("error", (error) => this.#listener.onEnd(error));
    client.on("end", () => {
      this.#listener.onEnd(new Error("the connection has ended"));
    });
    return new NodeRedisLine(client, this.#listener);
  }

  async #connect(client: NodeRedisClient | NodeRedisCluster): Promise<void> {
    if (this.#isClosed) throw new Error("it has been closed");
    this.#open.add(client);
    // Without a listener an error would end the process.
    client.on("error", () => {});
    await client.connect();
  }
}

class NodeRedisLine implements RedisLine {
  readonly #client: NodeRedisClient;
  readonly #tell: (message: string, channel: string) => void;

  constructor(client: NodeRedisClient, listener: RedisLinesListener) {
    this.#client = client;
    this.#tell = (message, channel) => listener.onMessage(channel, message);
    client.on("sharded-channel-moved", () => {
      listener.onEnd(new Error("a channel has moved to another server"));
    });
  }

  send(args: readonly string[]): Promise<unknown> {
    return this.#client.sendCommand(args);
  }

  async subscribe(channel: string, isSharded: boolean): Promise<void> {
    await (isSharded
      ? this.#client.sSubscribe(channel, this.#tell)
      : this.#client.subscribe(channel, this.#tell));
  }

  async unsubscribe(channel: string, isSharded: boolean): Promise<void> {
    await (isSharded
      ? this.#client.sUnsubscribe(channel)
      : this.#client.unsubscribe(channel));
  }
}
