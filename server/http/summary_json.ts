import type { SubjectSummary } from "../../store/mod.ts";
import type { ServedStore } from "./served.ts";
import type { WireSummary } from "./wire.ts";

/** Writes a summary as it goes over the wire. O(the subject's entries). */
export function summaryJson(
  store: ServedStore,
  summary: SubjectSummary,
  withResources: boolean,
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
    resources: withResources ? snapshots : undefined,
  };
}
