import type { ClusterStatus } from "../cluster/mod.ts";
import { type HttpStats, PROBLEM_KINDS } from "../http/mod.ts";
import type { EventCounts } from "../mod.ts";
import type { DropKind, PhoenixStats, RejectionKind } from "../phoenix/mod.ts";
import type { Labelled, Metrics, Reading } from "./instruments.ts";

// Counters have all their labels from the start, with the value 0.

const SOCKET_REASONS: Readonly<Record<RejectionKind, 0>> = {
  "invalid-request": 0,
  "unauthorized": 0,
  "refused": 0,
  "not-found": 0,
  "context-at-capacity": 0,
  "too-large": 0,
  "misdirected": 0,
  "too-many-requests": 0,
  "internal-error": 0,
  "closed": 0,
};

const HTTP_REASONS: Readonly<Record<string, 0>> = Object.fromEntries(
  PROBLEM_KINDS.map((kind) => [kind, 0]),
);

const DROPS: Readonly<Record<DropKind, 0>> = { slow: 0, dead: 0 };

const STATUSES: Readonly<Record<ClusterStatus, 0>> = {
  connecting: 0,
  connected: 0,
  isolated: 0,
  left: 0,
};

/** Returns all metrics except those of single documents. */
export function metricsTable(eventLabel: "event" | "event_type"): Metrics {
  return {
    presence_active_contexts: [
      "Contexts with an entry.",
      { server: ({ contexts }) => contexts },
    ],
    presence_updates_total: [
      "Events of entries that were received here.",
      { server: ({ events }) => eventsOf(events) },
      eventLabel,
    ],
    presence_replicated_updates_total: [
      "Events of entries that other nodes replicated.",
      { server: ({ replicated }) => eventsOf(replicated) },
      eventLabel,
    ],
    store_entries: [
      "Entries in the store: received here, or replicated.",
      {
        server: ({ entries, remoteEntries: replicated }) => ({
          own: entries - replicated,
          replicated,
        }),
      },
      "source",
    ],
    store_lingering_entries: [
      "Entries that have lost their connection and whose grace is running.",
      { server: ({ lingering }) => lingering },
    ],
    store_retained_changes: [
      "Changes that are retained for slow readers and resumes.",
      { server: ({ retainedChanges }) => retainedChanges },
    ],
    watches: [
      "Watches that are open.",
      { server: ({ watches }) => watches },
    ],
    watch_lag_changes: [
      "Changes that the slowest watch has not read.",
      { server: ({ watchLag }) => watchLag },
    ],
    connections: [
      "Open connections: streams of server-sent events, and sockets.",
      {
        http: ({ streams }) => ({ http: streams }),
        phoenix: ({ sockets }) => ({ socket: sockets }),
      },
      "face",
    ],
    rejected_total: [
      "Requests and messages that were refused, by reason.",
      {
        http: (stats) => rejections("http", HTTP_REASONS, stats),
        phoenix: (stats) => rejections("socket", SOCKET_REASONS, stats),
      },
      "face",
      "reason",
    ],
    http_requests_total: [
      "Requests over HTTP.",
      { http: ({ requests }) => requests },
    ],
    socket_messages_total: [
      "Messages from sockets, including heartbeats.",
      { phoenix: ({ received }) => received },
    ],
    baselines_resent_total: [
      "Baselines and states that were sent again to slow readers.",
      {
        server: ({ baselinesResent: watch }) => ({ watch }),
        phoenix: ({ statesResent: socket }) => ({ socket }),
        documents: ({ statesResent: document }) => ({ document }),
      },
      "to",
    ],
    socket_frames_left_out_total: [
      "Broadcasts that were skipped because the reader was slow.",
      { phoenix: ({ framesLeftOut }) => framesLeftOut },
    ],
    sockets_dropped_total: [
      "Sockets that were closed because they were slow or dead.",
      {
        phoenix: ({ dropped }) => withNone(DROPS, dropped),
      },
      "reason",
    ],
    socket_backlog_bytes: [
      "Bytes that wait for the slowest reader.",
      { phoenix: ({ backlogBytes }) => backlogBytes },
    ],
    document_events_coalesced_total: [
      "Events of documents that a later event replaced before they were read.",
      { documents: ({ coalesced }) => coalesced },
    ],
    cluster_status: [
      "1 for the current status of this node in its cluster, otherwise 0.",
      {
        cluster: ({ status }) => ({ ...STATUSES, [status]: 1 }),
      },
      "status",
    ],
    cluster_nodes: [
      "Nodes that are alive, including this one.",
      { cluster: ({ nodes }) => nodes.length },
    ],
    cluster_node_changes_total: [
      "Other nodes that joined, and that left.",
      {
        cluster: ({ nodesCame: came, nodesWent: went }) => ({ came, went }),
      },
      "change",
    ],
    cluster_followed_contexts: [
      "Contexts that this node follows.",
      { cluster: ({ contexts }) => contexts },
    ],
    cluster_rows: [
      "Rows of the contexts that this node follows, by their owner.",
      {
        cluster: ({ rows }) => Object.fromEntries(rows),
      },
      "owner",
    ],
    cluster_unwritten_changes: [
      "Changes that wait to be written to the backbone.",
      { cluster: ({ unwritten }) => unwritten },
    ],
    cluster_replication_lag_seconds: [
      "Age of the oldest change that is not known to be written.",
      { cluster: ({ lagMs }) => lagMs / 1_000 },
    ],
    cluster_writes_total: [
      "Changes that were written to the backbone.",
      { cluster: ({ written }) => written },
    ],
    cluster_write_failures_total: [
      "Failed writes to the backbone.",
      { cluster: ({ writeFailures }) => writeFailures },
    ],
  };
}

function eventsOf({ facetsExpired, ...events }: EventCounts): Reading {
  return { ...events, facets_expired: facetsExpired };
}

function rejections(
  face: string,
  none: Readonly<Record<string, 0>>,
  { rejected }: HttpStats | PhoenixStats,
): Labelled[] {
  return Object.entries(withNone(none, rejected))
    .map(([reason, count]) => [{ face, reason }, count]);
}

function withNone(
  none: Readonly<Record<string, 0>>,
  counts: ReadonlyMap<string, number>,
): Record<string, number> {
  return { ...none, ...Object.fromEntries(counts) };
}
