import { connectorOf, type Library, type RedisConnector } from "./connector.ts";

/** The part of a client of `node-redis` that a backbone uses. */
export interface NodeRedisClient {
  /** What it was made with. */
  readonly options: { readonly socket?: object | undefined };
  /** Makes a client with the same options, except for some. */
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
  /** Adds a listener of an event. */
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** A server of a cluster of `node-redis`. */
export interface NodeRedisServer {
  /** Its host and port. */
  readonly address: string;
}

/** The part of a cluster of `node-redis` that a backbone uses. */
export interface NodeRedisCluster
  extends Pick<NodeRedisClient, "connect" | "destroy" | "on"> {
  /** The servers. */
  readonly masters: readonly NodeRedisServer[];
  /** Returns the client of a server. */
  nodeClient(server: NodeRedisServer): Promise<NodeRedisClient>;
  /** Makes a cluster with the same options, except for some. */
  duplicate(overrides: Readonly<Record<string, unknown>>): NodeRedisCluster;
}

/** How a node's connections differ from the user's; times are milliseconds. */
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

const NODE_REDIS: Library<NodeRedisClient, NodeRedisCluster> = {
  like: (client) => client.duplicate(optionsOf(client)),
  likeCluster: (cluster) => cluster.duplicate(CLUSTER_OPTIONS),
  isCluster: (client) => "masters" in client,
  masters: (cluster) =>
    Promise.all(cluster.masters.map((master) => cluster.nodeClient(master))),
  line(client, { onMessage, onEnd }) {
    const take = (message: string, channel: string) =>
      onMessage(channel, message);
    client.on("sharded-channel-moved", () => {
      onEnd(new Error("a channel has moved to another server"));
    });
    return {
      send: (args) => client.sendCommand(args),
      subscribe: (channel, isSharded) =>
        isSharded
          ? client.sSubscribe(channel, take)
          : client.subscribe(channel, take),
      unsubscribe: (channel, isSharded) =>
        isSharded ? client.sUnsubscribe(channel) : client.unsubscribe(channel),
    };
  },
  close: (client) => Promise.resolve(client.destroy()),
};

/**
 * Makes a connector of a client of the package `redis`, version 5 or later. The
 * client serves as a pattern: the backbone makes connections of its own like it,
 * two for each node, and never closes it.
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
  return connectorOf(NODE_REDIS, client);
}
