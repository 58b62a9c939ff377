import type {
  Duration,
  FacetDeadlines,
  FacetName,
  FacetPatch,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../core/mod.ts";
import type { ContextEntries } from "./context_entries.ts";
import type { Leaf } from "./entry_tree.ts";
import type { Scheduled } from "./deadline_queue.ts";

/**
 * One entry of the store: its snapshot, and beside it the liveness, which moves
 * with every update even if the snapshot stays.
 */
export class Entry<M extends PresenceModel> implements Leaf, Scheduled {
  /** The current snapshot. */
  snapshot: PresenceSnapshot<M>;
  /** The context that the entry is in. */
  readonly home: ContextEntries<M>;
  /** The entry's place among those of its context. */
  place = 0;
  /** The `observedAt` of the last update, if that was a silent refresh. */
  refreshedAt: Timestamp | undefined = undefined;
  /** When the whole entry expires; `Infinity` for never. */
  expiresAt: Timestamp = Infinity;
  /** When single facets are cleared. */
  facetDeadlines: Map<FacetName<M>, Timestamp> | undefined = undefined;
  /** See {@linkcode Scheduled}. */
  queuedAt: Timestamp = Infinity;

  /** Makes an entry from its first update, with shifted deadlines. */
  constructor(
    home: ContextEntries<M>,
    snapshot: PresenceSnapshot<M>,
    update: PresenceUpdate<M>,
    shift: Duration,
  ) {
    this.home = home;
    this.snapshot = snapshot;
    this.setDeadlines(update, shift);
  }

  /** The `observedAt` of the last update. */
  get seenAt(): Timestamp {
    return this.refreshedAt ?? this.snapshot.observedAt;
  }

  /** The earliest deadline of the entry and its facets. */
  get due(): Timestamp {
    let due = this.expiresAt;
    if (this.facetDeadlines !== undefined) {
      for (const deadline of this.facetDeadlines.values()) {
        if (deadline < due) due = deadline;
      }
    }
    return due;
  }

  /** Sets the deadlines of an update, shifted. */
  setDeadlines(update: PresenceUpdate<M>, shift: Duration): void {
    const { expiry } = update;
    this.expiresAt = expiry === "never" ? Infinity : expiry + shift;
    moveFacetDeadlines(this, update, shift);
  }

  /** Drops the facet deadlines that are due; returns the facets' names. */
  takeDueFacets(now: Timestamp): FacetName<M>[] {
    const names: FacetName<M>[] = [];
    for (const [name, deadline] of this.facetDeadlines ?? []) {
      if (deadline <= now) names.push(name);
    }
    dropFacetDeadlines(this, names);
    return names;
  }
}

// Functions, since private methods would make each entry one field larger.

function moveFacetDeadlines<M extends PresenceModel>(
  entry: Entry<M>,
  { facets, facetDeadlines }: PresenceUpdate<M>,
  shift: Duration,
): void {
  if (entry.facetDeadlines !== undefined) {
    dropFacetDeadlines(entry, namesIn<M>(facets));
  }
  if (facetDeadlines === undefined) return;
  for (const name of namesIn<M>(facetDeadlines)) {
    entry.facetDeadlines ??= new Map();
    entry.facetDeadlines.set(name, facetDeadlines[name]! + shift);
  }
}

function dropFacetDeadlines<M extends PresenceModel>(
  entry: Entry<M>,
  names: Iterable<FacetName<M>>,
): void {
  for (const name of names) entry.facetDeadlines?.delete(name);
  if (entry.facetDeadlines?.size === 0) entry.facetDeadlines = undefined;
}

/** Returns the names that have a value. */
function namesIn<M extends PresenceModel>(
  byName: FacetPatch<M> | FacetDeadlines<M>,
): FacetName<M>[] {
  const names = Object.keys(byName) as FacetName<M>[];
  return names.filter((name) => byName[name] !== undefined);
}
