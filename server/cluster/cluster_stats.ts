import type { Duration } from "../../core/mod.ts";
import type { ClusterStatus } from "./status.ts";

/**
 * What has happened at a node of a cluster since it was made, and how it
 * stands, as far as is known there.
 */
export interface ClusterStats {
  /** The name of the node. */
  readonly node: string;
  /** Whether it is one with its cluster. */
  readonly status: ClusterStatus;
  /** The nodes that live, itself among them; none after it has left. */
  readonly nodes: readonly string[];
  /** How many other nodes were seen to come. */
  readonly nodesCame: number;
  /** How many of them were seen to go. */
  readonly nodesWent: number;
  /** Contexts that it follows. */
  readonly contexts: number;
  /** How many rows of these contexts each living node owns. */
  readonly rows: ReadonlyMap<string, number>;
  /** Changes that wait to be written; of each row the latest. */
  readonly unwritten: number;
  /**
   * How long ago the oldest change was made that is not known to be written; 0
   * if all are. As long as more wait than are written at once, it is how long
   * that has been so. In milliseconds.
   */
  readonly lagMs: Duration;
  /** Changes that were written, or refused because another node's is newer. */
  readonly written: number;
  /** How often writing has failed; what was to be written waits. */
  readonly writeFailures: number;
}
