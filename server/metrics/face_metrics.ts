import type { DocumentStats } from "../documents/mod.ts";
import type { HttpStats, ProblemKind } from "../http/mod.ts";
import type { ServerStats } from "../mod.ts";
import type { DropKind, PhoenixStats, RejectionKind } from "../phoenix/mod.ts";
import type { Instruments, Samples } from "./instruments.ts";

/** All kinds, so that a counter is there before it counts anything. */
const HTTP_REASONS: Readonly<Record<ProblemKind, 0>> = {
  "invalid-request": 0,
  "unauthorized": 0,
  "forbidden": 0,
  "not-found": 0,
  "method-not-allowed": 0,
  "too-slow": 0,
  "context-at-capacity": 0,
  "too-many-entries": 0,
  "stale-update": 0,
  "gap": 0,
  "too-large": 0,
  "unsupported-media-type": 0,
  "misdirected": 0,
  "too-many-requests": 0,
  "internal-error": 0,
  "unavailable": 0,
  "closed": 0,
};

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

const DROPS: Readonly<Record<DropKind, 0>> = { slow: 0, dead: 0 };

/** Measures what serves clients. */
export function measureFaces(
  instruments: Instruments,
  server: () => ServerStats,
  http: () => HttpStats | undefined,
  phoenix: () => PhoenixStats | undefined,
  documents: () => DocumentStats | undefined,
): void {
  instruments.gauges(
    "connections",
    "Open connections: streams of server-sent events, and sockets.",
    ["face"],
    () =>
      labelled("face", {
        http: http()?.streams,
        socket: phoenix()?.sockets,
      }),
  );
  instruments.counters(
    "rejected_total",
    "Requests and messages that were refused, by the kind of the reason.",
    ["face", "reason"],
    {
      http: () => reasons("http", HTTP_REASONS, http()?.rejected),
      phoenix: () => reasons("socket", SOCKET_REASONS, phoenix()?.rejected),
    },
  );
  instruments.counter(
    "http_requests_total",
    "Requests that have come in over HTTP.",
    "http",
    () => http()?.requests,
  );
  instruments.counter(
    "socket_messages_total",
    "Messages that have come in by sockets, heartbeats too.",
    "phoenix",
    () => phoenix()?.received,
  );
  instruments.counters(
    "baselines_resent_total",
    "Baselines and states that were sent anew to readers who were behind.",
    ["to"],
    {
      server: () => labelled("to", { watch: server().baselinesResent }),
      phoenix: () => labelled("to", { socket: phoenix()?.statesResent }),
      documents: () => labelled("to", { document: documents()?.statesResent }),
    },
  );
  instruments.counter(
    "socket_frames_left_out_total",
    "Broadcasts that were left out because their reader was behind.",
    "phoenix",
    () => phoenix()?.framesLeftOut,
  );
  instruments.counters(
    "sockets_dropped_total",
    "Sockets that were closed because they read too slowly, or not at all.",
    ["reason"],
    {
      phoenix: () => {
        const dropped = phoenix()?.dropped;
        if (dropped === undefined) return [];
        return Object.entries({ ...DROPS, ...Object.fromEntries(dropped) })
          .map(([reason, count]) => [{ reason }, count] as const);
      },
    },
  );
  instruments.gauge(
    "socket_backlog_bytes",
    "Bytes that wait to be sent to the slowest reader.",
    () => phoenix()?.backlogBytes,
  );
}

/** A sample for each value that there is. */
function labelled(
  label: string,
  values: Readonly<Record<string, number | undefined>>,
): Samples {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [[{ [label]: name }, value] as const]
  );
}

function reasons(
  face: string,
  none: Readonly<Record<string, number>>,
  counts: ReadonlyMap<string, number> | undefined,
): Samples {
  if (counts === undefined) return [];
  return Object.entries({ ...none, ...Object.fromEntries(counts) })
    .map(([reason, count]) => [{ face, reason }, count] as const);
}
