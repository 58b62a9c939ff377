import type {
  Duration,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../core/mod.ts";
import { FACET_ALLOWANCE_MS, type RemoteEntry } from "./replication.ts";
import type { Deadlines } from "./told_deadlines.ts";

/** Clocks that are set right run up to so much faster than others meanwhile. */
const MAX_DRIFT = 1 / 1_000;

/** What is known here of an entry of another server. */
export interface Theirs {
  /** As it is there. */
  readonly observedAt: Timestamp;
  /** When facets go by themselves there, by the steady clock here. */
  readonly ends: Deadlines;
}

/** What is known of an entry that another server has put. */
export function theirsOf<M extends PresenceModel>(
  { observedAt, facets, facetsLeft = {} }: RemoteEntry<M>,
  now: Timestamp,
): Theirs {
  const ends = Object.entries(facetsLeft)
    .filter(([name]) => Object.hasOwn(facets, name))
    .map(([name, left]) => [name, now + left] as const);
  return { observedAt, ends: new Map(ends) };
}

/**
 * The facets of another server's entry as they are held here: each that goes by
 * itself until it is over there and the word that it goes on would have come.
 */
export function heldFacets<M extends PresenceModel>(
  { facets }: RemoteEntry<M>,
  { ends }: Theirs,
  now: Timestamp,
): Pick<PresenceUpdate<M>, "facets" | "facetDeadlines"> {
  const deadlines = Array.from(ends, ([name, end]) => {
    const allowance = Math.max(FACET_ALLOWANCE_MS, (end - now) * MAX_DRIFT);
    return [name, end + allowance] as const;
  });
  const over = deadlines.filter(([, deadline]) => deadline <= now)
    .map(([name]) => [name, null]);
  const held = deadlines.filter(([, deadline]) => deadline > now)
    .map(([name, deadline]) => [name, deadline]);
  return {
    facets: { ...facets, ...Object.fromEntries(over) },
    facetDeadlines: Object.fromEntries(held),
  };
}

/**
 * The update by which an entry of another server becomes an own one: what it
 * leaves as it was, ends when it was to end there.
 *
 * @param held What is still held here, and until when.
 * @param shift By how much the steady clock is ahead of the update's.
 */
export function takeOver<M extends PresenceModel>(
  update: PresenceUpdate<M>,
  former: PresenceSnapshot<M>,
  held: Deadlines,
  { ends }: Theirs,
  shift: Duration,
): PresenceUpdate<M> {
  const said = new Map<string, unknown>(Object.entries(update.facets));
  const there = new Map<string, unknown>(Object.entries(former.facets));
  const lasting = [...held].filter(([name]) => said.get(name) === undefined);
  if (lasting.length === 0) return update;
  const values = lasting.map(([name]) => [name, there.get(name)]);
  const deadlines = lasting
    .map(([name, deadline]) => [name, (ends.get(name) ?? deadline) - shift]);
  return {
    ...update,
    facets: { ...update.facets, ...Object.fromEntries(values) },
    facetDeadlines: {
      ...update.facetDeadlines,
      ...Object.fromEntries(deadlines),
    },
  };
}
