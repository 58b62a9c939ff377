import type { EventCounts, ServerStats } from "../mod.ts";
import type { Instruments, Samples } from "./instruments.ts";

/** Measures a server. */
export function measureServer(
  instruments: Instruments,
  stats: () => ServerStats,
): void {
  instruments.gauge(
    "presence_active_users",
    "Distinct subjects that are present, in whatever contexts.",
    () => stats().subjects,
  );
  instruments.gauge(
    "presence_active_contexts",
    "Contexts that somebody is present in.",
    () => stats().contexts,
  );
  instruments.counters(
    "presence_updates_total",
    "What has happened to entries by what was received here.",
    ["event"],
    { server: () => eventSamples(stats().events) },
  );
  instruments.counters(
    "presence_replicated_updates_total",
    "What has happened to entries by what other nodes have told.",
    ["event"],
    { server: () => eventSamples(stats().replicated) },
  );
  instruments.gauges(
    "store_entries",
    "Entries in the store: received here, or told by other nodes.",
    ["source"],
    () => {
      const { entries, remoteEntries } = stats();
      return [
        [{ source: "own" }, entries - remoteEntries],
        [{ source: "replicated" }, remoteEntries],
      ];
    },
  );
  instruments.gauge(
    "store_lingering_entries",
    "Entries whose connection is lost and whose grace is running.",
    () => stats().lingering,
  );
  instruments.gauge(
    "store_retained_changes",
    "Changes that are kept for readers who are behind or come back.",
    () => stats().retainedChanges,
  );
  instruments.gauge(
    "watches",
    "Watches that have begun and not ended.",
    () => stats().watches,
  );
  instruments.gauge(
    "watch_lag_changes",
    "Changes of what it watches that the slowest watch has not looked at.",
    () => stats().watchLag,
  );
}

function eventSamples(counts: EventCounts): Samples {
  const { published, refreshed, withdrawn, expired, facetsExpired } = counts;
  return [
    [{ event: "published" }, published],
    [{ event: "refreshed" }, refreshed],
    [{ event: "withdrawn" }, withdrawn],
    [{ event: "expired" }, expired],
    [{ event: "facets_expired" }, facetsExpired],
  ];
}
