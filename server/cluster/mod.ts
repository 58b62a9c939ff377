/**
 * Connects several servers into one: all of them show what each one receives.
 * A backbone connects them: in memory, Redis, NATS, or one of your own.
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
export type { ClusterStats, ClusterStatus } from "./cluster_stats.ts";
export { NodeNameTakenError } from "./errors.ts";
export type { QuestionOptions } from "./survey.ts";
export {
  MemoryBackbone,
  type MemoryBackboneOptions,
} from "./memory_backbone.ts";
export { isLease, isLife } from "./readable.ts";
export { decodeKey } from "./row_codec.ts";
