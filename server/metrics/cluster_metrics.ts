import type { ClusterStats, ClusterStatus } from "../cluster/mod.ts";
import type { Instruments } from "./instruments.ts";

const STATUSES: readonly ClusterStatus[] = [
  "connecting",
  "connected",
  "isolated",
  "left",
];

/** Measures a node of a cluster. */
export function measureCluster(
  instruments: Instruments,
  stats: () => ClusterStats | undefined,
): void {
  instruments.gauges(
    "cluster_status",
    "1 for what this node is to its cluster, 0 for what it is not.",
    ["status"],
    () => {
      const current = stats()?.status;
      if (current === undefined) return [];
      return STATUSES.map((status) =>
        [{ status }, status === current ? 1 : 0] as const
      );
    },
  );
  instruments.gauge(
    "cluster_nodes",
    "Nodes that live, as this one sees it, itself among them.",
    () => stats()?.nodes.length,
  );
  instruments.counters(
    "cluster_node_changes_total",
    "Other nodes that were seen to come, and to go.",
    ["change"],
    {
      cluster: () => {
        const now = stats();
        if (now === undefined) return [];
        return [
          [{ change: "came" }, now.nodesCame],
          [{ change: "went" }, now.nodesWent],
        ];
      },
    },
  );
  instruments.gauge(
    "cluster_followed_contexts",
    "Contexts of which this node has the rows of all.",
    () => stats()?.contexts,
  );
  instruments.gauges(
    "cluster_rows",
    "Rows of the contexts that this node follows, by the node that owns them.",
    ["owner"],
    () =>
      Array.from(
        stats()?.rows ?? [],
        ([owner, rows]) => [{ owner }, rows] as const,
      ),
  );
  instruments.gauge(
    "cluster_unwritten_changes",
    "Changes that wait to be written to the backbone.",
    () => stats()?.unwritten,
  );
  instruments.gauge(
    "cluster_replication_lag_seconds",
    "How long ago the oldest change was made that is not known to be written.",
    () => {
      const now = stats();
      return now && now.lagMs / 1_000;
    },
  );
  instruments.counter(
    "cluster_writes_total",
    "Changes that were written to the backbone.",
    "cluster",
    () => stats()?.written,
  );
  instruments.counter(
    "cluster_write_failures_total",
    "How often writing to the backbone has failed.",
    "cluster",
    () => stats()?.writeFailures,
  );
}
