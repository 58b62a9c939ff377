import type {
  FacetDeadlines,
  PresenceModel,
  PresenceUpdate,
  Timestamp,
} from "../../../core/mod.ts";
import type { FacetTtls, WireUpdate } from "../../http/mod.ts";

/**
 * Converts an update of a beacon or its heartbeat to publish it over HTTP: times
 * become times to live, and `lastSeen`, which the server sets, is omitted.
 *
 * @typeParam M The application's model.
 * @param update The update, with times in milliseconds.
 * @returns The update to publish.
 * @throws {TypeError} If the entry never expires: over HTTP each entry must.
 *
 * @example Usage
 * ```ts
 * import { PresenceBeacon } from "@ruthere/presence/beacon";
 * import { wireUpdateOf } from "@ruthere/presence/client";
 * import { assertEquals } from "@std/assert";
 *
 * const beacon = new PresenceBeacon({
 *   subject: "alice",
 *   context: "doc-42",
 *   origin: "session/browser",
 *   expiry: { after: 30_000 },
 * });
 * const update = wireUpdateOf(beacon.heartbeatAt(100, { activity: "editing" }));
 * assertEquals(update.ttlMs, 30_000);
 * assertEquals(update.facets, { activity: "editing" });
 * ```
 */
export function wireUpdateOf<M extends PresenceModel>(
  { expiry, observedAt, facetDeadlines, ...update }: PresenceUpdate<M>,
): WireUpdate<M> {
  if (expiry === "never") {
    throw new TypeError(
      `Cannot publish update: expiry must be a time over HTTP: received "never"`,
    );
  }
  const { subject, context, resource, origin, visibility } = update;
  const { lastSeen: _, ...facets } = update.facets;
  return {
    subject,
    context,
    resource,
    origin,
    visibility,
    ttlMs: expiry - observedAt,
    facets,
    facetTtlsMs: facetDeadlines && facetTtls(facetDeadlines, observedAt),
  };
}

function facetTtls<M extends PresenceModel>(
  deadlines: FacetDeadlines<M>,
  observedAt: Timestamp,
): FacetTtls<M> {
  const { lastSeen: _, ...others } = deadlines;
  const ttls: Record<string, number | undefined> = Object.fromEntries(
    Object.entries<number | undefined>(others)
      .map(([name, at]) => [name, at === undefined ? at : at - observedAt]),
  );
  return ttls;
}
