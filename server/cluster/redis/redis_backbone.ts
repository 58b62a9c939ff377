import { assertMethods, assertNoOtherOptions } from "../../../core/assert.ts";
import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../mod.ts";
import type { RedisConnector } from "./connector.ts";
import { eventSettings, type RedisEventOptions } from "./event_stream.ts";
import { RedisConnection } from "./redis_connection.ts";

/** Options of a {@linkcode RedisBackbone}. */
export interface RedisBackboneOptions {
  /**
   * What the names of all keys and channels begin with. Nodes with the same
   * prefix are one cluster. A prefix with braces puts everything into one slot of
   * a Redis Cluster.
   *
   * @default {"ruthere"}
   */
  readonly prefix?: string | undefined;
  /** Writes events to a stream. There is none if this is left out. */
  readonly events?: RedisEventOptions | undefined;
}

/**
 * Replicates servers by Redis 7 or Valkey: one server, one behind sentinels, or
 * a Redis Cluster.
 *
 * @example Usage
 * ```ts ignore
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { joinCluster } from "@ruthere/presence/server/cluster";
 * import {
 *   fromIoredis,
 *   RedisBackbone,
 * } from "@ruthere/presence/server/cluster/redis";
 * import { Redis } from "ioredis";
 *
 * const redis = new Redis("redis://127.0.0.1:6379");
 * const backbone = new RedisBackbone(fromIoredis(redis));
 * await using cluster = joinCluster(new PresenceServer(), backbone);
 * ```
 */
export class RedisBackbone implements PresenceBackbone {
  readonly #connector: RedisConnector;
  readonly #prefix: string;
  readonly #events: Required<RedisEventOptions> | undefined;

  /**
   * Makes a backbone. It connects when a server joins.
   *
   * @param connector What `fromIoredis` or `fromNodeRedis` returns.
   * @param options Options of the backbone.
   * @throws {InvalidValueError} If `connector` is no connector, or an option is
   * unknown.
   */
  constructor(connector: RedisConnector, options: RedisBackboneOptions = {}) {
    const { prefix = "ruthere", events, ...others } = options;
    const action = "make backbone";
    const rule = "must be what fromIoredis() or fromNodeRedis() gives";
    assertMethods(connector, ["lines"], "connector", rule, action);
    assertNoOtherOptions(others, action);
    this.#connector = connector;
    this.#prefix = prefix;
    this.#events = events && eventSettings(prefix, events);
  }

  /**
   * Connects a node by connections of its own.
   *
   * @param node The name of the node.
   * @param listener Notified of what others do.
   * @throws {RedisUnavailableError} If Redis can't be reached within seconds.
   */
  async connect(
    node: string,
    listener: BackboneListener,
  ): Promise<BackboneConnection> {
    const connection = new RedisConnection(
      this.#connector,
      this.#prefix,
      node,
      listener,
      this.#events,
    );
    await connection.open();
    return connection;
  }
}
