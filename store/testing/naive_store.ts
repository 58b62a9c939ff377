import type {
  Activity,
  Availability,
  EntryKey,
  FacetName,
  Facets,
  Key,
  PresenceModel,
  PresenceSnapshot,
  PresenceUpdate,
  Timestamp,
} from "../../core/mod.ts";
import type {
  ChangesOptions,
  ChangesResult,
  ChangeStatus,
  CursorPosition,
  CursorStart,
  Gap,
  Liveness,
  PresenceChange,
  PresenceCount,
  PresenceStoreOptions,
  Sequence,
  SnapshotQuery,
  SubjectSummary,
  SummaryOptions,
  SummaryPage,
  SummaryPageOptions,
  VisibleChange,
  VisibleOptions,
} from "../mod.ts";
import { StaleUpdateError } from "../mod.ts";
import { exactText } from "./text.ts";

interface NaiveEntry<M extends PresenceModel> {
  readonly snapshot: PresenceSnapshot<M>;
  readonly seenAt: Timestamp;
  readonly expiresAt: Timestamp;
  readonly facetDeadlines: ReadonlyMap<string, Timestamp>;
}

/** The default ranks, best first. */
const ACTIVITIES: readonly unknown[] = [
  "editing",
  "presenting",
  "acting",
  "navigating",
  "observing",
  "idle",
];
const AVAILABILITIES: readonly unknown[] = [
  "busy",
  "available",
  "away",
  "unknown",
  "offline",
];

/**
 * The model for comparison with `PresenceStore`: an array of entries and an
 * array of all changes ever. It has no index, no heap and no ring, and reads
 * everything for every answer.
 *
 * The rules leave the order in which one call removes several entries open.
 * So `expire` and `withdrawOrigin` take the order that the store chose, and
 * throw if it is not an order of the entries to remove.
 */
export class NaiveStore<M extends PresenceModel = PresenceModel> {
  readonly #options: PresenceStoreOptions<M>;
  #entries: readonly NaiveEntry<M>[] = [];
  #changes: readonly PresenceChange<M>[] = [];
  #floor: Sequence = 0;
  /**
   * The floor from which on the changes of a context are certain. A context
   * without an entry and without a retained change is dropped. When a subject
   * enters it again, changes below the floor of that moment are unknown.
   */
  #known: readonly { readonly context: Key; readonly from: Sequence }[] = [];

  constructor(options: PresenceStoreOptions<M>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.length;
  }

  get lastSequence(): Sequence {
    return this.#changes.length;
  }

  get retainedFloorSequence(): Sequence {
    return this.#floor;
  }

  /** All changes ever, retained or not. */
  get history(): readonly PresenceChange<M>[] {
    return this.#changes;
  }

  // Writes

  publish(update: PresenceUpdate<M>): Sequence {
    const { subject, context, resource, origin } = update;
    const { visibility, observedAt, expiry } = update;
    const entry = this.#find(update);
    if (
      entry !== undefined && this.#options.staleUpdates === "refuse" &&
      observedAt < entry.seenAt
    ) {
      throw new StaleUpdateError(observedAt, entry.seenAt);
    }
    const previous = entry?.snapshot;
    const facets = new Map(Object.entries(previous?.facets ?? {}));
    const facetDeadlines = new Map(entry?.facetDeadlines);
    for (const [name, value] of Object.entries<unknown>(update.facets)) {
      if (value === undefined) continue;
      facetDeadlines.delete(name);
      if (value === null) facets.delete(name);
      else facets.set(name, value);
    }
    const deadlines = Object.entries<Timestamp | undefined>(
      update.facetDeadlines ?? {},
    );
    for (const [name, deadline] of deadlines) {
      if (deadline !== undefined) facetDeadlines.set(name, deadline);
    }
    let snapshot: PresenceSnapshot<M> = {
      subject,
      context,
      resource,
      origin,
      visibility,
      observedAt,
      expiry,
      facets: Object.fromEntries(facets) as Facets<M>,
    };
    const silent = this.#options.refreshes === "silent" &&
      previous !== undefined &&
      besidesTimes(previous) === besidesTimes(snapshot);
    if (silent) snapshot = previous;
    this.#entries = [...this.#entries.filter((other) => other !== entry), {
      snapshot,
      seenAt: observedAt,
      expiresAt: expiry === "never" ? Infinity : expiry,
      facetDeadlines,
    }];
    if (!silent) {
      if (!this.#known.some((known) => known.context === context)) {
        this.#known = [...this.#known, { context, from: this.#floor }];
      }
      const sequence = this.lastSequence + 1;
      this.#append({ type: "published", sequence, update, snapshot, previous });
    }
    return this.lastSequence;
  }

  publishAll(updates: readonly PresenceUpdate<M>[]): Sequence[] {
    const entries = this.#entries;
    const changes = this.#changes;
    const floor = this.#floor;
    const known = this.#known;
    try {
      return updates.map((update) => this.publish(update));
    } catch (error) {
      this.#entries = entries;
      this.#changes = changes;
      this.#floor = floor;
      this.#known = known;
      throw error;
    }
  }

  withdraw(key: EntryKey<M>): Sequence | undefined {
    const entry = this.#find(key);
    return entry && this.#remove(entry, "withdrawn");
  }

  withdrawOrigin(
    origin: M["origin"],
    order: readonly EntryKey<M>[],
  ): number {
    const leaving = this.#entries.filter(({ snapshot }) =>
      snapshot.origin === origin
    );
    for (const entry of this.#inOrder(leaving, order)) {
      this.#remove(entry, "withdrawn");
    }
    return leaving.length;
  }

  expire(now: Timestamp, order: readonly EntryKey<M>[]): number {
    const due = this.#entries.filter((entry) => dueAt(entry) <= now);
    let removed = 0;
    for (const entry of this.#inOrder(due, order)) {
      if (entry.expiresAt <= now) {
        this.#remove(entry, "expired");
        removed++;
      } else {
        this.#expireFacets(entry, now);
      }
    }
    return removed;
  }

  nextDeadline(): Timestamp | undefined {
    const next = Math.min(...this.#entries.map(dueAt));
    return next === Infinity ? undefined : next;
  }

  compact(through: Sequence): number {
    const before = this.#floor;
    this.#floor = Math.max(before, Math.min(through, this.lastSequence));
    this.#forgetContexts();
    return this.#floor - before;
  }

  // Reads

  snapshot(
    key: EntryKey<M>,
    { visible }: VisibleOptions<M> = {},
  ): PresenceSnapshot<M> | undefined {
    return this.snapshots({ visible }).find((there) => sameKey(there, key));
  }

  snapshots(query: SnapshotQuery<M> = {}): PresenceSnapshot<M>[] {
    const { subject, context, origin, address, visible } = query;
    return this.#entries.map(({ snapshot }) => snapshot).filter((snapshot) =>
      (subject === undefined || snapshot.subject === subject) &&
      (context === undefined || snapshot.context === context) &&
      (origin === undefined || snapshot.origin === origin) &&
      (address === undefined ||
        sameKey(snapshot, { ...address, origin: snapshot.origin })) &&
      (visible === undefined || visible(snapshot.visibility, snapshot.subject))
    );
  }

  subjectSummary(
    subject: M["subject"],
    context: M["context"],
    { visible, projection }: SummaryOptions<M> = {},
  ): SubjectSummary<M> | undefined {
    const snapshots = this.snapshots({ subject, context, visible });
    const activityRank = projection
      ? (activity: Activity | undefined) => projection.activityRank(activity)
      : (activity: Activity | undefined) =>
        defaultRank(ACTIVITIES, 8, activity);
    const availabilityRank = projection
      ? (availability: Availability | undefined) =>
        projection.availabilityRank(availability)
      : (availability: Availability | undefined) =>
        defaultRank(AVAILABILITIES, 6, availability);
    const bestFirst = snapshots.toSorted((a, b) => {
      const [first, second] = [builtIn(a), builtIn(b)];
      return activityRank(second.activity) - activityRank(first.activity) ||
        b.observedAt - a.observedAt ||
        availabilityRank(second.availability) -
          availabilityRank(first.availability) ||
        Number(second.lastSeen !== undefined) -
          Number(first.lastSeen !== undefined) ||
        (second.lastSeen ?? 0) - (first.lastSeen ?? 0) ||
        orderOfKeys(a, b);
    });
    const [dominant] = bestFirst;
    if (dominant === undefined) return undefined;
    const facets = bestFirst.map(builtIn);
    // Having none has a rank too, and only higher ranks count.
    const [best] = facets.map(({ availability }) => availability)
      .filter((it) => availabilityRank(it) > availabilityRank(undefined))
      .toSorted((a, b) => availabilityRank(b) - availabilityRank(a));
    const lastSeen = facets.flatMap(({ lastSeen }) => lastSeen ?? []);
    return {
      subject,
      context,
      dominant,
      availability: builtIn(dominant).availability ?? best,
      activity: builtIn(dominant).activity,
      observedAt: Math.max(...snapshots.map(({ observedAt }) => observedAt)),
      lastSeen: lastSeen.length > 0 ? Math.max(...lastSeen) : undefined,
      snapshots: snapshots.toSorted(orderOfKeys),
    };
  }

  subjectSummaries(
    query: SummaryOptions<M> & {
      readonly subject?: M["subject"] | undefined;
      readonly context?: M["context"] | undefined;
    },
  ): SubjectSummary<M>[] {
    const { subject, context } = query;
    const places: PresenceSnapshot<M>[] = [];
    for (const snapshot of this.snapshots({ subject, context })) {
      const isNew = places.every((place) =>
        place.subject !== snapshot.subject || place.context !== snapshot.context
      );
      if (isNew) places.push(snapshot);
    }
    return places.flatMap((place) =>
      this.subjectSummary(place.subject, place.context, query) ?? []
    );
  }

  summaryPage(
    context: M["context"],
    options: SummaryPageOptions<M>,
  ): SummaryPage<M> {
    const { limit, after } = options;
    const left = this.subjectSummaries({ ...options, context })
      .filter(({ subject }) => orderOf(subject, after) > 0)
      .toSorted((a, b) => orderOf(a.subject, b.subject));
    const summaries = left.slice(0, limit);
    return {
      summaries,
      next: left.length > limit ? summaries.at(-1)?.subject : undefined,
    };
  }

  count(context: M["context"], options: VisibleOptions<M> = {}): PresenceCount {
    const snapshots = this.snapshots({ context, visible: options.visible });
    return {
      subjects: new Set(snapshots.map(({ subject }) => subject)).size,
      entries: snapshots.length,
    };
  }

  contexts(
    options: VisibleOptions<M> & { readonly subject?: M["subject"] } = {},
  ): M["context"][] {
    const { subject, visible } = options;
    const snapshots = this.snapshots({ subject, visible });
    return [...new Set(snapshots.map(({ context }) => context))];
  }

  liveness(key: EntryKey<M>): Liveness | undefined {
    const entry = this.#find(key);
    if (entry === undefined) return undefined;
    const { seenAt, expiresAt, facetDeadlines } = entry;
    const expiry = expiresAt === Infinity ? "never" : expiresAt;
    return { seenAt, expiry, facetDeadlines };
  }

  // Changes

  position(from: CursorStart): CursorPosition {
    const sequence = from === "zero"
      ? 0
      : from === "floor"
      ? this.#floor
      : from === "tail"
      ? this.lastSequence
      : from;
    return { epoch: this.#options.epoch ?? "", sequence };
  }

  changesSince(
    since: Sequence | CursorPosition,
    { context, visible }: ChangesOptions<M> = {},
  ): ChangesResult<M> {
    const requested = typeof since === "number" ? this.position(since) : since;
    const { sequence } = requested;
    if (this.#hasGap(requested, context)) {
      const gap: Gap = {
        type: "gap",
        requested,
        retainedFloorSequence: this.#floor,
        last: this.position("tail"),
      };
      return gap;
    }
    return {
      type: "changes",
      position: this.position(Math.max(sequence, this.lastSequence)),
      changes: this.#changesOf(context)
        .filter((change) => change.sequence > sequence)
        .flatMap((change) => asSeen(change, visible) ?? []),
    };
  }

  changeStatusSince(
    since: Sequence | CursorPosition,
    options: ChangesOptions<M> = {},
  ): ChangeStatus {
    const result = this.changesSince(since, options);
    if (result.type === "gap") return result;
    return result.changes.length > 0 ? "pending" : "up-to-date";
  }

  // Internals

  #find(key: EntryKey<M>): NaiveEntry<M> | undefined {
    return this.#entries.find(({ snapshot }) => sameKey(snapshot, key));
  }

  #remove(entry: NaiveEntry<M>, type: "expired" | "withdrawn"): Sequence {
    this.#entries = this.#entries.filter((other) => other !== entry);
    const { snapshot: previous, seenAt } = entry;
    const sequence = this.lastSequence + 1;
    return this.#append({ type, sequence, previous, seenAt });
  }

  #expireFacets(entry: NaiveEntry<M>, now: Timestamp): void {
    const { snapshot: previous } = entry;
    const isDue = ([, deadline]: [string, Timestamp]) => deadline <= now;
    const due = [...entry.facetDeadlines].filter(isDue).map(([name]) => name);
    const kept = Object.entries(previous.facets)
      .filter(([name]) => !due.includes(name));
    const snapshot = {
      ...previous,
      facets: Object.fromEntries(kept) as Facets<M>,
    };
    const facetDeadlines = new Map(
      [...entry.facetDeadlines].filter((pair) => !isDue(pair)),
    );
    this.#entries = this.#entries.map((other) =>
      other === entry ? { ...entry, snapshot, facetDeadlines } : other
    );
    this.#append({
      type: "facetsExpired",
      sequence: this.lastSequence + 1,
      facets: due as FacetName<M>[],
      snapshot,
      previous,
    });
  }

  #append(change: PresenceChange<M>): Sequence {
    this.#changes = [...this.#changes, change];
    const { retention = 10_000 } = this.#options;
    this.#floor = Math.max(this.#floor, this.lastSequence - retention);
    this.#forgetContexts();
    return change.sequence;
  }

  #forgetContexts(): void {
    this.#known = this.#known.filter(({ context }) =>
      this.snapshots({ context }).length > 0 ||
      this.#changesOf(context).some(({ sequence }) => sequence > this.#floor)
    );
  }

  #changesOf(context: Key | undefined): readonly PresenceChange<M>[] {
    return context === undefined
      ? this.#changes
      : this.#changes.filter((change) => placeOf(change).context === context);
  }

  #hasGap({ epoch, sequence }: CursorPosition, context?: Key): boolean {
    if (epoch !== this.#options.epoch) return true;
    if (sequence >= this.lastSequence) return false;
    const known = this.#known.find((known) => known.context === context);
    if (sequence < (known?.from ?? this.#floor)) return true;
    return this.#changesOf(context).some((change) =>
      change.sequence > sequence && change.sequence <= this.#floor
    );
  }

  #inOrder(
    entries: readonly NaiveEntry<M>[],
    order: readonly EntryKey<M>[],
  ): NaiveEntry<M>[] {
    const ordered = order.map((key) =>
      entries.find(({ snapshot }) => sameKey(snapshot, key))
    ).filter((entry) => entry !== undefined);
    const expected = entries.length;
    if (order.length !== expected || new Set(ordered).size !== expected) {
      throw new Error(
        `${order.length} entries have changed, ${expected} had to: ` +
          `${exactText(order)} of ${exactText(entries)}`,
      );
    }
    return ordered;
  }
}

/** Returns a snapshot of the changed entry. */
export function placeOf<M extends PresenceModel>(
  change: PresenceChange<M>,
): PresenceSnapshot<M> {
  return change.type === "published" ? change.snapshot : change.previous;
}

function sameKey(a: EntryKey, b: EntryKey): boolean {
  return a.subject === b.subject && a.context === b.context &&
    a.resource === b.resource && a.origin === b.origin;
}

/** The parts of an entry that a refresh keeps. */
function besidesTimes(snapshot: PresenceSnapshot): string {
  const facets = Object.entries(snapshot.facets)
    .map(([name, value]) => [name, name === "lastSeen" ? "some" : value]);
  return exactText([snapshot.visibility, Object.fromEntries(facets)]);
}

function dueAt<M extends PresenceModel>(entry: NaiveEntry<M>): Timestamp {
  return Math.min(entry.expiresAt, ...entry.facetDeadlines.values());
}

/** Returns a change as a reader with a policy may see it. */
function asSeen<M extends PresenceModel>(
  change: PresenceChange<M>,
  visible: ChangesOptions<M>["visible"],
): VisibleChange<M> | undefined {
  const may = (snapshot: PresenceSnapshot<M> | undefined) =>
    snapshot !== undefined &&
    (visible === undefined || visible(snapshot.visibility, snapshot.subject));
  const before = may(change.previous);
  const after = "snapshot" in change && may(change.snapshot);
  if (!before && !after) return undefined;
  if (change.type === "published") {
    if (!after) {
      const { subject, context, resource, origin } = change.snapshot;
      return {
        type: "hidden",
        sequence: change.sequence,
        key: { subject, context, resource, origin },
      };
    }
    return { ...change, previous: before ? change.previous : undefined };
  }
  return change;
}

function builtIn(snapshot: PresenceSnapshot): Facets<PresenceModel> {
  return snapshot.facets;
}

/** Ranks by the place in a list; 1 for others, 0 for none. */
function defaultRank(
  bestFirst: readonly unknown[],
  most: number,
  value: unknown,
): number {
  if (value === undefined) return 0;
  const index = bestFirst.indexOf(value);
  return index < 0 ? 1 : most - 1 - index;
}

/** Orders absent keys, then numbers, then strings. */
function orderOf(a: Key | undefined, b: Key | undefined): number {
  const kinds = ["undefined", "number", "string"];
  const byKind = kinds.indexOf(typeof a) - kinds.indexOf(typeof b);
  if (byKind !== 0 || a === undefined || b === undefined) return byKind;
  return a < b ? -1 : a > b ? 1 : 0;
}

function orderOfKeys(a: EntryKey, b: EntryKey): number {
  return orderOf(a.subject, b.subject) || orderOf(a.context, b.context) ||
    orderOf(a.resource, b.resource) || orderOf(a.origin, b.origin);
}
