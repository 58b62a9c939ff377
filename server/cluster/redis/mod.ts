/**
 * A backbone of a cluster on Redis: `RedisBackbone`, made of a client of the
 * package `ioredis` or `redis`.
 *
 * @module
 */

export type {
  RedisConnector,
  RedisLine,
  RedisLines,
  RedisLinesListener,
  RedisServerLines,
} from "./connector.ts";
export { RedisReplyError, RedisUnavailableError } from "./errors.ts";
export type { RedisEventOptions, RedisPresenceEvent } from "./event_stream.ts";
export {
  fromIoredis,
  type IoredisClient,
  type IoredisCluster,
} from "./from_ioredis.ts";
export {
  fromNodeRedis,
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisServer,
} from "./from_node_redis.ts";
export { RedisBackbone, type RedisBackboneOptions } from "./redis_backbone.ts";
