import type { Duration } from "../../core/mod.ts";

/**
 * Whether a node is connected to its cluster: `connecting` before the first
 * connection; `isolated` while the node can't renew its lease, and the entries of
 * others may be stale; `left` after the node has left.
 */
export type ClusterStatus = "connecting" | "connected" | "isolated" | "left";

/** The state of a node of a cluster, and its event counts since it joined. */
export interface ClusterStats {
  /** The name of the node. */
  readonly node: string;
  /** Whether it is connected to its cluster. */
  readonly status: ClusterStatus;
  /** The names of the living nodes, including it; none after it has left. */
  readonly nodes: readonly string[];
  /** How many other nodes have joined. */
  readonly nodesCame: number;
  /** How many other nodes have left or were given up. */
  readonly nodesWent: number;
  /** How many contexts it follows. */
  readonly contexts: number;
  /** How many rows of these contexts each living node owns, by name. */
  readonly rows: ReadonlyMap<string, number>;
  /** How many changes wait to be written, at most one for each row. */
  readonly unwritten: number;
  /**
   * The age of the oldest change that may not be written, in milliseconds; 0 for
   * none. While more changes wait than one call writes, it is how long changes
   * have been waiting.
   */
  readonly lagMs: Duration;
  /** How many changes were written, or refused for newer ones of other nodes. */
  readonly written: number;
  /** How many calls to write have failed; their changes wait. */
  readonly writeFailures: number;
}
