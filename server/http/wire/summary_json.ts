import type { SubjectSummary } from "../../../store/mod.ts";
import type { ServedStore } from "../served.ts";
import type { WireSummary } from "./wire.ts";

/**
 * Converts summaries to their wire format, with a largest number of resources:
 * it may cut those of the last summary, and omit the summaries after that.
 * Without a number it omits all resources. O(entries).
 */
export function summariesJson(
  store: ServedStore,
  summaries: readonly SubjectSummary[],
  maxResources: number | undefined,
): WireSummary[] {
  if (maxResources === undefined) {
    return summaries.map((summary) => summaryJson(store, summary));
  }
  const written: WireSummary[] = [];
  let room = maxResources;
  for (const summary of summaries) {
    if (room === 0) break;
    const resources = summary.snapshots.slice(0, room);
    written.push({ ...summaryJson(store, summary), resources });
    room -= resources.length;
  }
  return written;
}

function summaryJson(
  store: ServedStore,
  { dominant, snapshots, ...summary }: SubjectSummary,
): WireSummary {
  let lastSeen = summary.lastSeen ?? summary.observedAt;
  for (const snapshot of snapshots) {
    const seenAt = store.liveness(snapshot)?.seenAt ?? lastSeen;
    lastSeen = Math.max(lastSeen, seenAt);
  }
  const { resource, origin, facets } = dominant;
  return { ...summary, resource, origin, facets, lastSeen };
}
