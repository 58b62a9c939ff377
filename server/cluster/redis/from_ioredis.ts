import type {
  RedisConnector,
  RedisLine,
  RedisLines,
  RedisLinesListener,
  RedisServerLines,
} from "./connector.ts";

/** What `ioredis` calls a client, as far as it is needed. */
export interface IoredisClient {
  /** Whether it is connected. */
  readonly status: string;
  /** Makes a client with the same options, but for some. */
  duplicate(override: Readonly<Record<string, unknown>>): IoredisClient;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Disconnects. */
  disconnect(): void;
  /** Sends a command. */
  call(...args: [command: string, ...args: string[]]): Promise<unknown>;
  /** Subscribes to a channel. */
  subscribe(...channels: string[]): Promise<unknown>;
  /** Unsubscribes from a channel. */
  unsubscribe(...channels: string[]): Promise<unknown>;
  /** Subscribes to a sharded channel. */
  ssubscribe(...channels: string[]): Promise<unknown>;
  /** Unsubscribes from a sharded channel. */
  sunsubscribe(...channels: string[]): Promise<unknown>;
  /** Listens to an event. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** What `ioredis` calls a cluster, as far as it is needed. */
export interface IoredisCluster {
  /** Whether it is connected. */
  readonly status: string;
  /** What it was made with. */
  readonly options: { readonly redisOptions?: object | undefined };
  /** Makes a cluster with the same options, but for some. */
  duplicate(
    startupNodes: [],
    override: Readonly<Record<string, unknown>>,
  ): IoredisCluster;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Disconnects. */
  disconnect(): void;
  /** The servers. */
  nodes(role: "master"): IoredisClient[];
  /** Listens to an event. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** How our own connections differ from the user's; times are milliseconds. */
const OPTIONS = {
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  commandTimeout: undefined,
  connectTimeout: 5_000,
  disconnectTimeout: 100,
  enableAutoPipelining: false,
  enableOfflineQueue: false,
  keyPrefix: "",
  lazyConnect: true,
  maxRetriesPerRequest: 0,
  monitor: false,
  readOnly: false,
  reconnectOnError: null,
  retryStrategy: null,
};

/** For how many milliseconds is waited for the end of a connection. */
const MAX_DISCONNECT_MS = 1_000;

const CLUSTER_OPTIONS = {
  clusterRetryStrategy: null,
  lazyConnect: true,
  shardedSubscribers: false,
};

/**
 * Lets a backbone use a client of the package `ioredis`, of version 5 or later.
 * It serves as a pattern: the backbone makes connections of its own like it,
 * two for each node, and never closes it.
 *
 * @param client The client, connected or not: one server, one behind sentinels,
 * or a `Cluster`. Its `keyPrefix` is not used: see the option `prefix`.
 * @returns What a {@linkcode RedisBackbone} takes.
 *
 * @example Usage
 * ```ts
 * import {
 *   fromIoredis,
 *   RedisBackbone,
 * } from "@ruthere/presence/server/cluster/redis";
 * import { Redis } from "ioredis";
 *
 * const redis = new Redis("redis://127.0.0.1:6379", { lazyConnect: true });
 * const backbone = new RedisBackbone(fromIoredis(redis));
 * ```
 */
export function fromIoredis(
  client: IoredisClient | IoredisCluster,
): RedisConnector {
  return { lines: (listener) => new IoredisLines(client, listener) };
}

class IoredisLines implements RedisLines {
  readonly #client: IoredisClient | IoredisCluster;
  readonly #listener: RedisLinesListener;
  readonly #open = new Set<IoredisClient | IoredisCluster>();
  #servers: readonly RedisServerLines[] = [];
  #isClosed = false;

  constructor(
    client: IoredisClient | IoredisCluster,
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
    const masters = "nodes" in client ? await this.#discover(client) : [client];
    this.#servers = await Promise.all(masters.map(async (master) => {
      const mouth = await this.#line(master);
      return { mouth, ear: await this.#line(master) };
    }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((client) => disconnect(client)));
  }

  async #discover(client: IoredisCluster): Promise<IoredisClient[]> {
    const { disconnectTimeout } = OPTIONS;
    const cluster = client.duplicate([], {
      ...CLUSTER_OPTIONS,
      // Version 5 takes these for all of them, the password too.
      redisOptions: { ...client.options.redisOptions, disconnectTimeout },
    });
    try {
      await this.#connect(cluster);
      // They are used as patterns alone.
      return cluster.nodes("master");
    } finally {
      this.#open.delete(cluster);
      await disconnect(cluster);
    }
  }

  async #line(server: IoredisClient): Promise<IoredisLine> {
    const client = server.duplicate(OPTIONS);
    const lastError = await this.#connect(client);
    client.on("close", () => {
      const ended = new Error("the connection has ended");
      this.#listener.onEnd(lastError() ?? ended);
    });
    return new IoredisLine(client, this.#listener);
  }

  async #connect(
    client: IoredisClient | IoredisCluster,
  ): Promise<() => unknown> {
    if (this.#isClosed) throw new Error("it has been closed");
    this.#open.add(client);
    let lastError: unknown;
    client.on("error", (error) => lastError = error);
    try {
      await client.connect();
    } catch (error) {
      throw lastError ?? error;
    }
    return () => lastError;
  }
}

/** Disconnects, and waits until that is so, or has taken too long. */
function disconnect(client: IoredisClient | IoredisCluster): Promise<void> {
  return new Promise((resolve) => {
    if (client.status === "end") return resolve();
    const timer = setTimeout(resolve, MAX_DISCONNECT_MS);
    client.on("end", () => {
      clearTimeout(timer);
      resolve();
    });
    client.disconnect();
  });
}

class IoredisLine implements RedisLine {
  readonly #client: IoredisClient;

  constructor(client: IoredisClient, listener: RedisLinesListener) {
    this.#client = client;
    const tell = (channel: unknown, message: unknown) =>
      listener.onMessage(String(channel), String(message));
    client.on("message", tell);
    client.on("smessage", tell);
    client.on("moved", () => {
      listener.onEnd(new Error("a channel has moved to another server"));
    });
  }

  send([command = "", ...rest]: readonly string[]): Promise<unknown> {
    // It knows commands by what is spelled so.
    return this.#client.call(command.toLowerCase(), ...rest);
  }

  async subscribe(channel: string, isSharded: boolean): Promise<void> {
    await (isSharded
      ? this.#client.ssubscribe(channel)
      : this.#client.subscribe(channel));
  }

  async unsubscribe(channel: string, isSharded: boolean): Promise<void> {
    await (isSharded
      ? this.#client.sunsubscribe(channel)
      : this.#client.unsubscribe(channel));
  }
}
