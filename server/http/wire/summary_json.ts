import type { SubjectSummary } from "../../../store/mod.ts";
import type { ServedStore } from "../served.ts";
import type { WireSummary } from "./wire.ts";

/**
 * Writes summaries as they go over the wire, until there are too many resources:
 * those of the last one may be cut, and those after it are left out. O(entries).
 */
export function summariesJson(
  store: ServedStore,
  summaries: readonly SubjectSummary[],
  { withResources, maxResources }: {
    readonly withResources: boolean;
    readonly maxResources: number;
  },
): WireSummary[] {
  const written: WireSummary[] = [];
  let room = maxResources;
  for (const summary of summaries) {
    if (withResources && room === 0) break;
    const json = summaryJson(store, summary);
    const resources = summary.snapshots.slice(0, room);
    written.push(withResources ? { ...json, resources } : json);
    if (withResources) room -= resources.length;
  }
  return written;
}

function summaryJson(
  store: ServedStore,
  summary: SubjectSummary,
): WireSummary {
  const { subject, context, dominant, snapshots } = summary;
  let lastSeen = summary.lastSeen ?? summary.observedAt;
  for (const snapshot of snapshots) {
    const seenAt = store.liveness(snapshot)?.seenAt ?? lastSeen;
    lastSeen = Math.max(lastSeen, seenAt);
  }
  return {
    subject,
    context,
    resource: dominant.resource,
    origin: dominant.origin,
    availability: summary.availability,
    activity: summary.activity,
    observedAt: summary.observedAt,
    lastSeen,
    facets: dominant.facets,
  };
}
