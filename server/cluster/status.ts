import type { Watch } from "../mod.ts";

/**
 * Whether a node is one with its cluster: `connecting` before it is for the
 * first time; `isolated` while its lease can't be renewed, and what others have
 * may be old; `left` after it has left.
 */
export type ClusterStatus = "connecting" | "connected" | "isolated" | "left";

/** The statuses of a node, one after the other. */
export type StatusWatch = Watch<ClusterStatus>;
