import { connectorOf, type Library, type RedisConnector } from "./connector.ts";

/** The part of a client of `ioredis` that a backbone uses. */
export interface IoredisClient {
  /** Whether it is connected. */
  readonly status: string;
  /** Makes a client with the same options, except for some. */
  duplicate(override: Readonly<Record<string, unknown>>): IoredisClient;
  /** Connects. */
  connect(): Promise<unknown>;
  /** Disconnects. */
  disconnect(): void;
  /** Sends a command. */
  call(...args: [command: string, ...args: string[]]): Promise<unknown>;
  /** Adds a listener of an event. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** The part of a cluster of `ioredis` that a backbone uses. */
export interface IoredisCluster
  extends Pick<IoredisClient, "connect" | "disconnect" | "on" | "status"> {
  /** What it was made with. */
  readonly options: { readonly redisOptions?: object | undefined };
  /** Makes a cluster with the same options, except for some. */
  duplicate(
    startupNodes: [],
    override: Readonly<Record<string, unknown>>,
  ): IoredisCluster;
  /** Returns the clients of the servers. */
  nodes(role: "master"): IoredisClient[];
}

/** How a node's connections differ from the user's; times are milliseconds. */
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

/** How long to wait for the end of a connection, in milliseconds. */
const MAX_DISCONNECT_MS = 1_000;

const IOREDIS: Library<IoredisClient, IoredisCluster> = {
  like: (client) => client.duplicate(OPTIONS),
  likeCluster: (cluster) =>
    cluster.duplicate([], {
      clusterRetryStrategy: null,
      lazyConnect: true,
      shardedSubscribers: false,
      // Version 5 takes these for all of them, the password too.
      redisOptions: {
        ...cluster.options.redisOptions,
        disconnectTimeout: OPTIONS.disconnectTimeout,
      },
    }),
  isCluster: (client) => "nodes" in client,
  masters: (cluster) => Promise.resolve(cluster.nodes("master")),
  line(client, { onMessage, onEnd }) {
    for (const event of ["message", "smessage"]) {
      client.on(event, (channel, message) => {
        onMessage(String(channel), String(message));
      });
    }
    client.on("moved", () => {
      onEnd(new Error("a channel has moved to another server"));
    });
    return {
      // It knows commands by their names in small letters.
      send: ([command = "", ...rest]) =>
        client.call(command.toLowerCase(), ...rest),
      subscribe: (channel, isSharded) =>
        client.call(isSharded ? "ssubscribe" : "subscribe", channel),
      unsubscribe: (channel, isSharded) =>
        client.call(isSharded ? "sunsubscribe" : "unsubscribe", channel),
    };
  },
  close: (client) =>
    new Promise((resolve) => {
      if (client.status === "end") return resolve();
      const timer = setTimeout(resolve, MAX_DISCONNECT_MS);
      client.on("end", () => {
        clearTimeout(timer);
        resolve();
      });
      client.disconnect();
    }),
};

/**
 * Makes a connector of a client of the package `ioredis`, version 5 or later.
 * The client serves as a pattern: the backbone makes connections of its own like
 * it, two for each node, and never closes it.
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
  return connectorOf(IOREDIS, client);
}
