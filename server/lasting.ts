import type {
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../core/mod.ts";
import { FACET_ALLOWANCE_MS, type RemoteEntry } from "./replication.ts";
import type { Deadlines } from "./told_deadlines.ts";

/**
 * The facets of another server's entry as they are held here: each that goes by
 * itself until it is over there and the word that it goes on would have come.
 */
export function heldFacets<M extends PresenceModel>(
  { facets, facetsLeft = {} }: RemoteEntry<M>,
  now: Timestamp,
): Pick<PresenceUpdate<M>, "facets" | "facetDeadlines"> {
  const ends = Object.entries(facetsLeft)
    .filter(([name]) => Object.hasOwn(facets, name))
    .map(([name, left]) => [name, now + left + FACET_ALLOWANCE_MS] as const);
  const over = ends.filter(([, deadline]) => deadline <= now)
    .map(([name]) => [name, null]);
  const held = ends.filter(([, deadline]) => deadline > now)
    .map(([name, deadline]) => [name, deadline]);
  return {
    facets: { ...facets, ...Object.fromEntries(over) },
    facetDeadlines: Object.fromEntries(held),
  };
}

/**
 * The update by which an entry of another server becomes an own one: what it
 * leaves as it was, ends when it was to end there.
 */
export function takeOver<M extends PresenceModel>(
  update: PresenceUpdate<M>,
  former: PresenceSnapshot<M>,
  held: Deadlines,
): PresenceUpdate<M> {
  const said = new Map<string, unknown>(Object.entries(update.facets));
  const there = new Map<string, unknown>(Object.entries(former.facets));
  const lasting = [...held].filter(([name]) => said.get(name) === undefined);
  if (lasting.length === 0) return update;
  const values = lasting.map(([name]) => [name, there.get(name)]);
  const deadlines = lasting
    .map(([name, deadline]) => [name, deadline - FACET_ALLOWANCE_MS]);
  return {
    ...update,
    facets: { ...update.facets, ...Object.fromEntries(values) },
    facetDeadlines: {
      ...update.facetDeadlines,
      ...Object.fromEntries(deadlines),
    },
  };
}
