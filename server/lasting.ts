import type {
  Duration,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../core/mod.ts";
import type { Liveness } from "../store/mod.ts";

/** For how long facets of another server's entry last, and since when. */
export interface Lasting {
  /** By the names of the facets. */
  readonly facetsLeft: Readonly<Record<string, Duration>>;
  /** By the clock of this server. */
  readonly since: Timestamp;
}

/**
 * The update by which an entry of another server becomes an own one: what it
 * leaves as it was, ends when it was to end there.
 */
export function takeOver<M extends PresenceModel>(
  update: PresenceUpdate<M>,
  former: PresenceSnapshot<M>,
  { facetsLeft, since }: Lasting,
  now: Timestamp,
): PresenceUpdate<M> {
  const said = new Map<string, unknown>(Object.entries(update.facets));
  const there = new Map<string, unknown>(Object.entries(former.facets));
  const lasting = Object.entries(facetsLeft).filter(([name]) =>
    there.has(name) && said.get(name) === undefined
  );
  if (lasting.length === 0) return update;
  // One that is overdue but there was renewed, of which nobody else is told.
  const due = (left: Duration) => (since + left > now ? since : now) + left;
  const values = lasting.map(([name]) => [name, there.get(name)]);
  const deadlines = lasting.map(([name, left]) => [name, due(left)]);
  return {
    ...update,
    facets: { ...update.facets, ...Object.fromEntries(values) },
    facetDeadlines: {
      ...update.facetDeadlines,
      ...Object.fromEntries(deadlines),
    },
  };
}

/** Which facets of an entry go by themselves, as one text; "" for none. */
export function briefFacets(liveness: Liveness | undefined): string {
  const { facetDeadlines } = liveness ?? {};
  if (facetDeadlines === undefined || facetDeadlines.size === 0) return "";
  return JSON.stringify([...facetDeadlines.keys()].sort());
}
