import type { Duration } from "../../core/mod.ts";
import type { ClusterStatus } from "./status.ts";

/** The state of a node of a cluster, and what has happened since it joined. */
export interface ClusterStats {
  /** The name of the node. */
  readonly node: string;
  /** Whether it is connected to its cluster. */
  readonly status: ClusterStatus;
  /** The names of the living nodes, with its own; none after it has left. */
  readonly nodes: readonly string[];
  /** How many other nodes have joined. */
  readonly nodesCame: number;
  /** How many other nodes have left or were given up. */
  readonly nodesWent: number;
  /** How many contexts it follows. */
  readonly contexts: number;
  /** How many rows of these contexts each living node owns, by its name. */
  readonly rows: ReadonlyMap<string, number>;
  /** How many changes wait to be written: of each row only the latest. */
  readonly unwritten: number;
  /**
   * The age of the oldest change that is not known to be written, in
   * milliseconds; 0 if all are. While more wait than one call writes, it is how
   * long that has been so.
   */
  readonly lagMs: Duration;
  /** How many changes were written, or refused for a newer one of another node. */
  readonly written: number;
  /** How many calls that write have failed; their changes wait. */
  readonly writeFailures: number;
}
