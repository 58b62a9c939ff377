import type {
  Duration,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../../core/mod.ts";
import type { RemoteEntry } from "./replication.ts";

/**
 * How much longer than its owner other servers keep a facet that expires, in
 * milliseconds. Within that time the news that it lasts, or is gone, arrives.
 * Since two clocks differ, a facet with more than 250 seconds left is kept
 * longer by a thousandth of that time.
 */
export const FACET_ALLOWANCE_MS = 250;

/** The deadlines of an entry's facets, by their names: steady time. */
export type Deadlines = ReadonlyMap<string, Timestamp>;

/** The greatest drift of a clock that is being corrected. */
const MAX_DRIFT = 1 / 1_000;

/** Returns when the facets of another server's entry expire there. */
export function deadlinesOf<M extends PresenceModel>(
  { facets, facetsLeft = {} }: RemoteEntry<M>,
  now: Timestamp,
): Deadlines {
  const deadlines = Object.entries(facetsLeft)
    .filter(([name]) => Object.hasOwn(facets, name))
    .map(([name, left]) => [name, now + left] as const);
  return new Map(deadlines);
}

/**
 * Returns the patch that gives an entry the facets it has at another server. A
 * facet that expires lasts a little longer here, so that the news that it lasts
 * can arrive in time.
 *
 * @param former The entry as it is here, if it is.
 * @param deadlines When facets expire there.
 */
export function heldFacets<M extends PresenceModel>(
  { facets }: RemoteEntry<M>,
  former: PresenceSnapshot<M> | undefined,
  deadlines: Deadlines,
  now: Timestamp,
): Pick<PresenceUpdate<M>, "facets" | "facetDeadlines"> {
  // Most entries are new here, and nothing of them ends by itself.
  if (former === undefined && deadlines.size === 0) {
    return { facets, facetDeadlines: {} };
  }
  const cleared = Object.keys(former?.facets ?? {}).map((name) => [name, null]);
  const lasting = Array.from(deadlines, ([name, deadline]) => {
    const allowance = (deadline - now) * MAX_DRIFT;
    return [name, deadline + Math.max(FACET_ALLOWANCE_MS, allowance)] as const;
  });
  const over = lasting.filter(([, until]) => until <= now)
    .map(([name]) => [name, null]);
  const held = lasting.filter(([, until]) => until > now)
    .map(([name, until]) => [name, until]);
  return {
    facets: Object.fromEntries(
      [...cleared, ...Object.entries(facets), ...over],
    ),
    facetDeadlines: Object.fromEntries(held),
  };
}

/**
 * Returns the update that makes another server's entry an own one. A facet that
 * the update leaves alone keeps the deadline that it has there.
 *
 * @param former The entry as it is here.
 * @param deadlines When facets expire there.
 * @param shift How far the steady clock is ahead of the clock of the update.
 */
export function takeOver<M extends PresenceModel>(
  update: PresenceUpdate<M>,
  former: PresenceSnapshot<M>,
  deadlines: Deadlines,
  shift: Duration,
): PresenceUpdate<M> {
  const updated = new Map<string, unknown>(Object.entries(update.facets));
  const values = new Map<string, unknown>(Object.entries(former.facets));
  const kept = [...deadlines].filter(([name]) =>
    values.has(name) && updated.get(name) === undefined
  );
  if (kept.length === 0) return update;
  const facets = kept.map(([name]) => [name, values.get(name)]);
  const facetDeadlines = kept.map(([name, end]) => [name, end - shift]);
  return {
    ...update,
    facets: { ...update.facets, ...Object.fromEntries(facets) },
    facetDeadlines: {
      ...update.facetDeadlines,
      ...Object.fromEntries(facetDeadlines),
    },
  };
}

/**
 * Reports whether deadlines differ from the ones that were sent: by their names,
 * or by a move that matters.
 */
export function haveMoved(
  deadlines: Deadlines,
  sent: Deadlines,
  matters: (by: Duration) => boolean,
): boolean {
  if (deadlines.size !== sent.size) return true;
  for (const [name, deadline] of deadlines) {
    if (matters(deadline - (sent.get(name) ?? Infinity))) return true;
  }
  return false;
}
