/**
 * Several servers as one: what one of them receives, all of them show. They
 * are connected by a backbone: in memory, Redis, NATS, or one of your own.
 *
 * @module
 */

export { ageOf } from "./age.ts";
export type {
  BackboneConnection,
  BackboneListener,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  PresenceBackbone,
  Renewal,
  Row,
  RowChange,
  RowWrite,
  Written,
} from "./backbone.ts";
export { Cluster, joinCluster } from "./cluster.ts";
export type { ClusterOptions } from "./cluster_options.ts";
export type { ClusterStats } from "./cluster_stats.ts";
export { NodeNameTakenError } from "./errors.ts";
export type {
  Completeness,
  CountAnswer,
  EntriesAnswer,
  QuestionOptions,
} from "./survey.ts";
export {
  MemoryBackbone,
  type MemoryBackboneOptions,
} from "./memory_backbone.ts";
export { decodeKey } from "./row_codec.ts";
export type { ClusterStatus, StatusWatch } from "./status.ts";
