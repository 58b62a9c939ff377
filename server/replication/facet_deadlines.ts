import type {
  Duration,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../../core/mod.ts";
import { FACET_ALLOWANCE_MS, type RemoteEntry } from "./replication.ts";

/** When facets of an entry expire, by their names: steady time. */
export type Deadlines = ReadonlyMap<string, Timestamp>;

/** A clock that is being corrected runs faster than others by this at most. */
const MAX_DRIFT = 1 / 1_000;

/** When the facets of another server's entry expire there. */
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
 * The patch that gives an entry the facets of another server's. A facet that
 * expires there lasts a little longer here, until word that it goes on would
 * have arrived.
 *
 * @param former What the entry is here, if it is.
 * @param deadlines When facets expire there.
 */
export function heldFacets<M extends PresenceModel>(
  { facets }: RemoteEntry<M>,
  former: PresenceSnapshot<M> | undefined,
  deadlines: Deadlines,
  now: Timestamp,
): Pick<PresenceUpdate<M>, "facets" | "facetDeadlines"> {
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
 * The update that makes another server's entry an own one: a facet that it
 * leaves alone expires when it was to expire there.
 *
 * @param former What the entry is here.
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
 * Reports whether deadlines differ from those that were sent: by their names,
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
