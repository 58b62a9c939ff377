import type { Watch } from "../mod.ts";

/**
 * Whether a node is connected to its cluster: `connecting` before the first
 * connection; `isolated` while its lease can't be renewed, and the entries of
 * others may be old; `left` after it has left.
 */
export type ClusterStatus = "connecting" | "connected" | "isolated" | "left";

/** Yields the statuses of a node, one after the other. */
export type StatusWatch = Watch<ClusterStatus>;
