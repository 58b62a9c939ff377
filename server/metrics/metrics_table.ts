import type { ClusterStatus } from "../cluster/mod.ts";
import { type HttpStats, PROBLEM_KINDS } from "../http/mod.ts";
import type { EventCounts } from "../mod.ts";
import type { DropKind, PhoenixStats, RejectionKind } from "../phoenix/mod.ts";
import type { Labelled, Metric, Reading } from "./instruments.ts";

// Counters tell of all their kinds, so that they are there before anything is
// counted.

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

/** The metrics of a server and what serves it, but for those of documents. */
export function metricsTable(eventLabel: "event" | "event_type"): Metric[] {
  return [
    [
      "presence_active_contexts",
      "Contexts that somebody is present in.",
      { server: ({ contexts }) => contexts },
    ],
    [
      "presence_updates_total",
      "What has happened to entries by what was received here.",
      { server: ({ events }) => eventsOf(events) },
      eventLabel,
    ],
    [
      "presence_replicated_updates_total",
      "What has happened to entries by what other nodes have told.",
      { server: ({ replicated }) => eventsOf(replicated) },
      eventLabel,
    ],
    [
      "store_entries",
      "Entries in the store: received here, or told by other nodes.",
      {
        server: ({ entries, remoteEntries: replicated }) => ({
          own: entries - replicated,
          replicated,
        }),
      },
      "source",
    ],
    [
      "store_lingering_entries",
      "Entries whose connection is lost and whose grace is running.",
      { server: ({ lingering }) => lingering },
    ],
    [
      "store_retained_changes",
      "Changes that are kept for readers who are behind or come back.",
      { server: ({ retainedChanges }) => retainedChanges },
    ],
    [
      "watches",
      "Watches that have begun and not ended.",
      { server: ({ watches }) => watches },
    ],
    [
      "watch_lag_changes",
      "Changes of what it watches that the slowest watch has not looked at.",
      { server: ({ watchLag }) => watchLag },
    ],
    [
      "connections",
      "Open connections: streams of server-sent events, and sockets.",
      {
        http: ({ streams }) => ({ http: streams }),
        phoenix: ({ sockets }) => ({ socket: sockets }),
      },
      "face",
    ],
    [
      "rejected_total",
      "Requests and messages that were refused, by the kind of the reason.",
      {
        http: (stats) => rejections("http", HTTP_REASONS, stats),
        phoenix: (stats) => rejections("socket", SOCKET_REASONS, stats),
      },
      "face",
      "reason",
    ],
    [
      "http_requests_total",
      "Requests that have come in over HTTP.",
      { http: ({ requests }) => requests },
    ],
    [
      "socket_messages_total",
      "Messages that have come in by sockets, heartbeats too.",
      { phoenix: ({ received }) => received },
    ],
    [
      "baselines_resent_total",
      "Baselines and states that were sent anew to readers who were behind.",
      {
        server: ({ baselinesResent: watch }) => ({ watch }),
        phoenix: ({ statesResent: socket }) => ({ socket }),
        documents: ({ statesResent: document }) => ({ document }),
      },
      "to",
    ],
    [
      "socket_frames_left_out_total",
      "Broadcasts that were left out because their reader was behind.",
      { phoenix: ({ framesLeftOut }) => framesLeftOut },
    ],
    [
      "sockets_dropped_total",
      "Sockets that were closed because they read too slowly, or not at all.",
      {
        phoenix: ({ dropped }) => ({
          ...DROPS,
          ...Object.fromEntries(dropped),
        }),
      },
      "reason",
    ],
    [
      "socket_backlog_bytes",
      "Bytes that wait to be sent to the slowest reader.",
      { phoenix: ({ backlogBytes }) => backlogBytes },
    ],
    [
      "document_events_coalesced_total",
      "Events of documents that a later one has replaced before they were read.",
      { documents: ({ coalesced }) => coalesced },
    ],
    [
      "cluster_status",
      "1 for what this node is to its cluster, 0 for what it is not.",
      {
        cluster: ({ status }) => ({ ...STATUSES, [status]: 1 }),
      },
      "status",
    ],
    [
      "cluster_nodes",
      "Nodes that live, as this one sees it, itself among them.",
      { cluster: ({ nodes }) => nodes.length },
    ],
    [
      "cluster_node_changes_total",
      "Other nodes that were seen to come, and to go.",
      {
        cluster: ({ nodesCame: came, nodesWent: went }) => ({ came, went }),
      },
      "change",
    ],
    [
      "cluster_followed_contexts",
      "Contexts of which this node has the rows of all.",
      { cluster: ({ contexts }) => contexts },
    ],
    [
      "cluster_rows",
      "Rows of the contexts that this node follows, by the node that owns them.",
      {
        cluster: ({ rows }) => Object.fromEntries(rows),
      },
      "owner",
    ],
    [
      "cluster_unwritten_changes",
      "Changes that wait to be written to the backbone.",
      { cluster: ({ unwritten }) => unwritten },
    ],
    [
      "cluster_replication_lag_seconds",
      "How long ago the oldest change was made that is not known to be written.",
      { cluster: ({ lagMs }) => lagMs / 1_000 },
    ],
    [
      "cluster_writes_total",
      "Changes that were written to the backbone.",
      { cluster: ({ written }) => written },
    ],
    [
      "cluster_write_failures_total",
      "How often writing to the backbone has failed.",
      { cluster: ({ writeFailures }) => writeFailures },
    ],
  ];
}

function eventsOf({ facetsExpired, ...events }: EventCounts): Reading {
  return { ...events, facets_expired: facetsExpired };
}

function rejections(
  face: string,
  none: Readonly<Record<string, 0>>,
  { rejected }: HttpStats | PhoenixStats,
): Labelled[] {
  return Object.entries({ ...none, ...Object.fromEntries<number>(rejected) })
    .map(([reason, count]) => [{ face, reason }, count]);
}
