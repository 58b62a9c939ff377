import type { EventCounts, ServerStats } from "../mod.ts";
import type { Instruments, Samples } from "./instruments.ts";

/** Tells how many people there are, in one number. */
export function countPeople(
  instruments: Instruments,
  stats: () => ServerStats,
): void {
  instruments.gauge(
    "presence_active_users",
    "Distinct subjects that are present, in whatever contexts.",
    () => stats().subjects,
  );
}

/** Measures a server; updates are told by a label of that name. */
export function measureServer(
  instruments: Instruments,
  stats: () => ServerStats,
  label: "event" | "event_type",
): void {
  instruments.gauge(
    "presence_active_contexts",
    "Contexts that somebody is present in.",
    () => stats().contexts,
  );
  instruments.counters(
    "presence_updates_total",
    "What has happened to entries by what was received here.",
    [label],
    { server: () => eventSamples(stats().events, label) },
  );
  instruments.counters(
    "presence_replicated_updates_total",
    "What has happened to entries by what other nodes have told.",
    [label],
    { server: () => eventSamples(stats().replicated, label) },
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

function eventSamples(counts: EventCounts, label: string): Samples {
  const { published, refreshed, withdrawn, expired, facetsExpired } = counts;
  return [
    [{ [label]: "published" }, published],
    [{ [label]: "refreshed" }, refreshed],
    [{ [label]: "withdrawn" }, withdrawn],
    [{ [label]: "expired" }, expired],
    [{ [label]: "facets_expired" }, facetsExpired],
  ];
}
