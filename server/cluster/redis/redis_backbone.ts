import { assertMethods, assertNoOtherOptions } from "../../../core/assert.ts";
import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../mod.ts";
import type { RedisConnector } from "./connector.ts";
import { eventSettings, type RedisEventOptions } from "./event_stream.ts";
import { RedisConnection } from "./redis_connection.ts";

/** What a backbone on Redis may be told. */
export interface RedisBackboneOptions {
  /**
   * What the names of all keys and channels begin with. Those with the same one
   * are one cluster. What is in braces in it would have all of them in one place
   * of a Redis Cluster.
   *
   * @default {"ruthere"}
   */
  readonly prefix?: string | undefined;
  /** Has events written to a stream; none, if it is left out. */
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
   * @param connector What `fromIoredis` or `fromNodeRedis` makes of a client.
   * @param options How it behaves.
   * @throws {InvalidValueError} If `connector` is none, or an option is not
   * known.
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
   * Connects a node, by connections of its own.
   *
   * @param node Its name.
   * @param listener What is told.
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
