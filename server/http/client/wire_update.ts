import type {
  Expiry,
  FacetDeadlines,
  PresenceModel,
  PresenceUpdate,
  Timestamp,
} from "../../../core/mod.ts";
import type { FacetTtls, WireUpdate } from "../wire/wire.ts";

/**
 * Makes of an update what can be sent: times become times to live, and
 * `lastSeen`, which is the server's to say, is left out. So a beacon and its
 * heartbeat publish over HTTP.
 *
 * @typeParam M The application's model.
 * @param update The update, whose times are milliseconds.
 * @returns What to publish.
 * @throws {TypeError} If the entry never ends: over HTTP each one has to.
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
  update: PresenceUpdate<M>,
): WireUpdate<M> {
  const { subject, context, resource, origin, visibility } = update;
  const { lastSeen: _, ...facets } = update.facets;
  return {
    subject,
    context,
    resource,
    origin,
    visibility,
    ttlMs: timeToLive(update.expiry, update.observedAt),
    facets,
    facetTtlsMs: update.facetDeadlines &&
      facetTtls(update.facetDeadlines, update.observedAt),
  };
}

function timeToLive(expiry: Expiry, observedAt: Timestamp): number {
  if (expiry !== "never") return expiry - observedAt;
  throw new TypeError(
    `Cannot publish update: expiry must be a time over HTTP: received "never"`,
  );
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
