import {
  assertEntryKey,
  assertFunction,
  assertKey,
  assertNoOtherOptions,
  assertOptions,
  assertTimestamp,
  assertUpdate,
  assertUpdateBody,
} from "../core/assert.ts";
import {
  type Duration,
  type EntryKey,
  entryKeyOf,
  InvalidValueError,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  type Timestamp,
} from "../core/mod.ts";
import type {
  ChangesResult,
  ChangeStatus,
  CursorPosition,
  PresenceChange,
  Sequence,
  VisibleChange,
} from "./change.ts";
import { ChangeLog } from "./change_log.ts";
import type { ContextEntries } from "./context_entries.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { Entry } from "./entry.ts";
import { EntryIndex } from "./entry_index.ts";
import { StaleUpdateError } from "./errors.ts";
import { type SubjectSummary, summarize, summaryOf } from "./projection.ts";
import type {
  Liveness,
  PresenceCount,
  PresenceStoreOptions,
  SnapshotQuery,
  SummaryOptions,
  SummaryPage,
  SummaryPageOptions,
  SummaryQuery,
  VisibleOptions,
} from "./options.ts";
import { groupBy } from "./group_by.ts";
import { clearFacets, isRefresh, reduce } from "./reduce.ts";
import { isVisible, visibleChange } from "./visible_change.ts";
import {
  type ChangesOptions,
  type ChangeSource,
  type CursorStart,
  WatcherCursor,
} from "./watcher_cursor.ts";

/**
 * Presence in memory: one snapshot per subject, context, resource and origin,
 * summaries per subject, and the changes that watchers need. It reads no clock:
 * time comes in with updates and with {@linkcode PresenceStore.expire}.
 *
 * Snapshots, summaries and changes are immutable values; a read returns the
 * store's own object.
 *
 * @typeParam M The application's model.
 *
 * @example Usage
 * ```ts
 * import { PresenceStore } from "@ruthere/presence/store";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new PresenceStore();
 * store.publish({
 *   subject: "alice",
 *   context: "doc-42",
 *   resource: "browser-tab",
 *   origin: "session/browser",
 *   visibility: "public",
 *   observedAt: 100,
 *   expiry: 160,
 *   facets: { availability: "available", activity: "editing" },
 * });
 * assertEquals(store.subjectSummary("alice", "doc-42")?.activity, "editing");
 *
 * store.expire(160);
 * assertEquals(store.subjectSummary("alice", "doc-42"), undefined);
 * ```
 */
export class PresenceStore<M extends PresenceModel = PresenceModel>
  implements ChangeSource<M> {
  /** The name of this life of the store. */
  readonly epoch: string;
  readonly #silentRefreshes: boolean;
  readonly #refusesStale: boolean;
  readonly #onChange: PresenceStoreOptions<M>["onChange"];
  readonly #entries = new EntryIndex<M>();
  readonly #deadlines = new DeadlineQueue<Entry<M>>();
  readonly #log: ChangeLog<M>;

  /**
   * Makes an empty store.
   *
   * @param options How the store behaves.
   * @throws {InvalidValueError} If the retention is neither a whole number of
   * zero or more nor `Infinity`, or another option has the wrong type.
   */
  constructor(options: PresenceStoreOptions<M> = {}) {
    assertOptions(options, CREATE);
    const { retention = 10_000, onChange, ...rest } = options;
    const { epoch = randomEpoch(), ...more } = rest;
    const { refreshes = "change", staleUpdates = "accept", ...others } = more;
    assertNoOtherOptions(others, CREATE);
    if (retention !== Infinity) assertCount(retention, 0, "retention", CREATE);
    assertOneOf(["change", "silent"], refreshes, "refreshes");
    assertOneOf(["accept", "refuse"], staleUpdates, "staleUpdates");
    if (typeof epoch !== "string") {
      throw new InvalidValueError(CREATE, "epoch", "must be a string", epoch);
    }
    if (onChange !== undefined) assertFunction(onChange, "onChange", CREATE);
    this.epoch = epoch;
    this.#silentRefreshes = refreshes === "silent";
    this.#refusesStale = staleUpdates === "refuse";
    this.#onChange = onChange;
    this.#log = new ChangeLog(retention);
  }

  /** How many entries there are. */
  get size(): number {
    return this.#entries.tree.size;
  }

  /** How many distinct subjects have an entry, in any context. O(1). */
  get subjectCount(): number {
    return this.#entries.tree.subjectCount;
  }

  /** How many contexts have an entry. O(1). */
  get contextCount(): number {
    return this.#entries.occupied;
  }

  /** The sequence of the newest change; 0 before the first. */
  get lastSequence(): Sequence {
    return this.#log.last;
  }

  /** Changes up to this sequence are no longer retained. */
  get retainedFloorSequence(): Sequence {
    return this.#log.floor;
  }

  // Writes

  /**
   * Publishes an update. The order of calls is authoritative, not the times in
   * the updates. O(1), or O(log n) if the entry has a first or an earlier
   * deadline.
   *
   * @param update The update. Do not change it afterwards.
   * @param shift How much later its deadlines are by the clock of
   * {@linkcode PresenceStore.expire} than by that of its publisher.
   * @param cause Why it is written, for `onChange`.
   * @returns The sequence of the change. A silent refresh takes none; then it is
   * the newest sequence.
   * @throws {InvalidValueError} If the update is not well-formed, or the shift
   * is not a finite number.
   * @throws {StaleUpdateError} If it is older than the stored one, and the store
   * refuses stale updates.
   */
  publish(
    update: PresenceUpdate<M>,
    shift: Duration = 0,
    cause?: string,
  ): Sequence {
    assertTimestamp(shift, "shift", "publish update");
    assertUpdateBody(update);
    return this.#publishValid(update, shift, cause);
  }

  /**
   * Publishes updates in order: all of them or, if one is invalid, none.
   *
   * @param updates The updates.
   * @param shift How much later their deadlines are, as of
   * {@linkcode PresenceStore.publish}.
   * @returns The sequence of each.
   * @throws {InvalidValueError} If one of them is not well-formed, or the shift
   * is not a finite number.
   * @throws {StaleUpdateError} If one of them is older than the stored one or
   * than one before it, and the store refuses stale updates.
   */
  publishAll(
    updates: readonly PresenceUpdate<M>[],
    shift: Duration = 0,
  ): Sequence[] {
    assertTimestamp(shift, "shift", "publish updates");
    for (const update of updates) assertUpdate(update);
    if (this.#refusesStale) this.#assertNoneStale(updates);
    return updates.map((update) => this.#publishValid(update, shift));
  }

  /**
   * Removes one entry because its publisher says goodbye. O(1).
   *
   * @param key The key of the entry.
   * @param cause Why it is withdrawn, for `onChange`.
   * @returns The sequence of the change, `undefined` if there is no such
   * entry.
   * @throws {InvalidValueError} If the key is not well-formed.
   */
  withdraw(key: EntryKey<M>, cause?: string): Sequence | undefined {
    assertEntryKey(key, "withdraw entry");
    const entry = this.#entries.tree.get(key);
    return entry && this.#remove(entry, "withdrawn", cause);
  }

  /**
   * Removes all entries of an origin. O(entries).
   *
   * @param origin The key of the origin.
   * @returns How many entries were removed.
   * @throws {InvalidValueError} If the key is not well-formed.
   */
  withdrawOrigin(origin: M["origin"]): number {
    assertKey(origin, "origin", "withdraw origin");
    const entries = this.#entries.entriesFrom.get(origin);
    for (const entry of entries) this.#remove(entry, "withdrawn");
    return entries.length;
  }

  /**
   * Removes the entries that are due, and clears the facets that are due. If
   * both are due, the only change is the entry's expiry. O(log n) for each
   * deadline that is due, or that was extended and reaches the front; O(1) if
   * there is none.
   *
   * @param now The present.
   * @returns How many entries were removed.
   * @throws {InvalidValueError} If `now` is not a finite number.
   */
  expire(now: Timestamp): number {
    assertTimestamp(now, "now", "expire entries");
    let removed = 0;
    while (true) {
      const entry = this.#deadlines.takeDue(now);
      if (entry === undefined) return removed;
      if (entry.expiresAt <= now) {
        this.#remove(entry, "expired");
        removed++;
      } else {
        this.#expireFacets(entry, now);
      }
    }
  }

  /**
   * Makes every `seenAt` earlier, because the publishers' clock was set back:
   * no `seenAt` may lie in the future, and later updates are not stale.
   * O(entries).
   *
   * @param by By how much.
   * @throws {InvalidValueError} If that is not a finite number.
   */
  setBack(by: Duration): void {
    assertTimestamp(by, "by", "set back");
    this.#entries.tree.forEach((entry) => {
      entry.refreshedAt = entry.seenAt - by;
    });
  }

  /**
   * Returns when {@linkcode PresenceStore.expire} has something to do next.
   * Exact. O(1), and O(log n) for each deadline before it that was extended
   * since the last call.
   *
   * @returns The time, `undefined` if nothing has a deadline.
   */
  nextDeadline(): Timestamp | undefined {
    const next = this.#deadlines.next();
    return next === Infinity ? undefined : next;
  }

  /**
   * Returns a time before which {@linkcode PresenceStore.expire} has nothing to
   * do. It may be earlier than the next deadline if that was extended or
   * removed. It always costs O(1), which suits a timer.
   *
   * @returns The time, `undefined` if nothing is scheduled.
   */
  nextSweep(): Timestamp | undefined {
    const earliest = this.#deadlines.earliest();
    return earliest === Infinity ? undefined : earliest;
  }

  /**
   * Drops changes. Watchers that have not seen them get a gap.
   *
   * @param through The newest sequence to drop.
   * @returns How many changes were dropped.
   * @throws {InvalidValueError} If the sequence is not a whole number of zero
   * or more.
   */
  compact(through: Sequence): number {
    assertCount(through, 0, "through", "compact changes");
    const removed = this.#log.compact(through);
    this.#entries.dropVacant(this.#log.floor);
    return removed;
  }

  // Reads

  /**
   * Reads one entry. O(1).
   *
   * @param key The key of the entry.
   * @param options What may be seen.
   * @returns The snapshot, `undefined` if there is none or it is not visible.
   */
  snapshot(
    key: EntryKey<M>,
    options: VisibleOptions<M> = {},
  ): PresenceSnapshot<M> | undefined {
    const snapshot = this.#entries.tree.get(key)?.snapshot;
    return snapshot && isVisible(snapshot, options.visible)
      ? snapshot
      : undefined;
  }

  /**
   * Reads the entries that match every field of a query. O(answer) for a
   * context, a subject, both, an address or an origin; for an origin in a
   * context, O(entries of the origin).
   *
   * @param query What to read: everything, if it is empty.
   * @returns The snapshots, in no particular order: sort them by
   * `compareEntryKeys` to show them.
   *
   * @example Usage
   * ```ts
   * import { PresenceStore } from "@ruthere/presence/store";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new PresenceStore();
   * const address = { subject: "alice", context: "doc-42", resource: "tab" };
   * store.publish({
   *   ...address,
   *   origin: "session/browser",
   *   visibility: "private",
   *   observedAt: 100,
   *   expiry: "never",
   *   facets: {},
   * });
   * assertEquals(store.snapshots({ context: "doc-42" }).length, 1);
   * assertEquals(store.snapshots({ address }).length, 1);
   * assertEquals(
   *   store.snapshots({ subject: "alice", visible: (v) => v === "public" }),
   *   [],
   * );
   * ```
   */
  snapshots(query: SnapshotQuery<M> = {}): PresenceSnapshot<M>[] {
    const { visible } = query;
    const snapshots = this.#entries.snapshots(query);
    return visible === undefined
      ? snapshots
      : snapshots.filter((snapshot) => isVisible(snapshot, visible));
  }

  /**
   * Summarizes one subject in one context. O(the subject's entries there).
   *
   * @param subject The subject.
   * @param context The context.
   * @param options What may be seen, and the ranks.
   * @returns The summary, `undefined` if no entry is visible.
   */
  subjectSummary(
    subject: M["subject"],
    context: M["context"],
    options: SummaryOptions<M> = {},
  ): SubjectSummary<M> | undefined {
    const { visible, projection } = options;
    return summarize(this.snapshots({ subject, context, visible }), projection);
  }

  /**
   * Summarizes every subject of a context, or one subject in every context that
   * has it. O(entries).
   *
   * @param query Which subjects, what may be seen, and the ranks.
   * @returns The summaries, in no particular order.
   */
  subjectSummaries(query: SummaryQuery<M>): SubjectSummary<M>[] {
    const { subject, context, visible, projection } = query;
    const snapshots = this.snapshots({ subject, context, visible });
    const home = context === undefined
      ? undefined
      : this.#entries.contexts.get(context);
    if (home?.areAlone) {
      return snapshots.map((snapshot) => summaryOf([snapshot], projection));
    }
    const groups = groupBy(
      snapshots,
      (snapshot) => subject === undefined ? snapshot.subject : snapshot.context,
    );
    return Array.from(groups.values(), (group) => summaryOf(group, projection));
  }

  /**
   * Reads a large context page by page, in the order of `compareKeys`. A subject
   * that is there throughout is on exactly one page, even if others join and
   * leave meanwhile. O(log n + page), and O(n) for each part of a large context
   * that is read for the first time: about a 32nd of it.
   *
   * @param context The context.
   * @param options Which page, what may be seen, and the ranks.
   * @returns The page.
   * @throws {InvalidValueError} If the limit is not a whole number of 1 or
   * more.
   *
   * @example Usage
   * ```ts
   * import { PresenceStore } from "@ruthere/presence/store";
   * import { assertEquals } from "@std/assert";
   *
   * const store = new PresenceStore();
   * for (const subject of ["carol", "alice", "bob"]) {
   *   store.publish({
   *     subject,
   *     context: "doc-42",
   *     origin: "session/browser",
   *     visibility: "public",
   *     observedAt: 100,
   *     expiry: "never",
   *     facets: {},
   *   });
   * }
   * const first = store.summaryPage("doc-42", { limit: 2 });
   * assertEquals(first.summaries.map(({ subject }) => subject), ["alice", "bob"]);
   * const second = store.summaryPage("doc-42", { limit: 2, after: first.next });
   * assertEquals(second.summaries.map(({ subject }) => subject), ["carol"]);
   * assertEquals(second.next, undefined);
   * ```
   */
  summaryPage(
    context: M["context"],
    options: SummaryPageOptions<M>,
  ): SummaryPage<M> {
    const { limit, after, visible, projection } = options;
    assertCount(limit, 1, "limit", "read page");
    const groups: PresenceSnapshot<M>[][] = [];
    let next: M["subject"] | undefined;
    const entries = this.#entries.contexts.get(context)?.after(after) ?? [];
    for (const { snapshot } of entries) {
      if (!isVisible(snapshot, visible)) continue;
      const last = groups.at(-1);
      if (last?.[0]?.subject === snapshot.subject) {
        last.push(snapshot);
      } else if (groups.length < limit) {
        groups.push([snapshot]);
      } else {
        next = last?.[0]?.subject;
        break;
      }
    }
    const summaries = groups.map((group) => summaryOf(group, projection));
    return { summaries, next };
  }

  /**
   * Counts a context without listing it. O(1) without a policy, else O(entries
   * of the context).
   *
   * @param context The context.
   * @param options What may be seen.
   * @returns How many subjects and entries there are.
   */
  count(
    context: M["context"],
    options: VisibleOptions<M> = {},
  ): PresenceCount {
    const there = this.#entries.contexts.get(context);
    const { visible } = options;
    if (there === undefined) return { subjects: 0, entries: 0 };
    if (visible === undefined) {
      return { subjects: there.subjectCount, entries: there.size };
    }
    const snapshots = this.snapshots({ context, visible });
    const subjects = new Set(snapshots.map(({ subject }) => subject));
    return { subjects: subjects.size, entries: snapshots.length };
  }

  /**
   * Lists the contexts that have an entry, or one of a subject. O(contexts)
   * without a subject and a policy, else O(entries that may match).
   *
   * @param options Which subject, and what may be seen.
   * @returns The contexts with a visible entry.
   */
  contexts(
    options: VisibleOptions<M> & {
      readonly subject?: M["subject"] | undefined;
    } = {},
  ): M["context"][] {
    const { subject, visible } = options;
    if (subject === undefined && visible === undefined) {
      return [...this.#entries.contexts.values()]
        .filter(({ size }) => size > 0)
        .map(({ context }) => context);
    }
    const contexts = this.snapshots({ subject, visible })
      .map(({ context }) => context);
    return [...new Set(contexts)];
  }

  /**
   * Returns what keeps an entry alive, silent refreshes included. O(1).
   *
   * @param key The key of the entry.
   * @returns The liveness, `undefined` if there is no such entry.
   */
  liveness(key: EntryKey<M>): Liveness | undefined {
    const entry = this.#entries.tree.get(key);
    return entry && {
      seenAt: entry.seenAt,
      expiry: entry.expiresAt === Infinity ? "never" : entry.expiresAt,
      facetDeadlines: new Map(entry.facetDeadlines),
    };
  }

  // Changes

  /**
   * Makes a cursor.
   *
   * @param from Where it starts.
   * @returns The cursor.
   */
  watcherCursor(from: CursorStart): WatcherCursor {
    return new WatcherCursor(this.#position(this.#startSequence(from)));
  }

  /**
   * Reads the changes after a sequence, or after a position, which has an epoch
   * too. O(changes examined), regardless of the position; O(1) if there are
   * none.
   *
   * The result is a gap if a change that belongs to it is no longer retained.
   * For a read of one context, changes of others don't count, unless the context
   * was empty for so long that the store has dropped it.
   *
   * @param since The last change that the reader has seen.
   * @param options Which changes.
   * @returns The changes and the position to continue from, or a gap.
   */
  changesSince(
    since: Sequence | CursorPosition,
    options: ChangesOptions<M> = {},
  ): ChangesResult<M> {
    const requested = typeof since === "number" ? this.#position(since) : since;
    const changes = this.#changesAfter(requested, options);
    if (changes === undefined) {
      return {
        type: "gap",
        requested,
        retainedFloorSequence: this.retainedFloorSequence,
        last: this.#position(this.lastSequence),
      };
    }
    const sequence = Math.max(requested.sequence, this.lastSequence);
    return { type: "changes", position: this.#position(sequence), changes };
  }

  /**
   * Reports whether there are changes after a sequence or a position. O(changes
   * examined); O(1) if there are none.
   *
   * @param since The last change that the reader has seen.
   * @param options Which changes.
   * @returns `"pending"`, `"up-to-date"`, or a gap.
   */
  changeStatusSince(
    since: Sequence | CursorPosition,
    options: ChangesOptions<M> = {},
  ): ChangeStatus {
    const result = this.changesSince(since, options);
    if (result.type === "gap") return result;
    return result.changes.length > 0 ? "pending" : "up-to-date";
  }

  // Internals

  #publishValid(
    update: PresenceUpdate<M>,
    shift: Duration,
    cause?: string,
  ): Sequence {
    const entry = this.#entries.tree.get(update);
    if (entry === undefined) return this.#insert(update, shift, cause);
    if (this.#refusesStale && update.observedAt < entry.seenAt) {
      throw new StaleUpdateError(update.observedAt, entry.seenAt);
    }
    const previous = entry.snapshot;
    const silent = this.#silentRefreshes && isRefresh(previous, update);
    if (!silent) {
      entry.home.set(entry, reduce(previous, previous.facets, update));
    }
    const { due: formerlyDue } = entry;
    entry.refreshedAt = silent ? update.observedAt : undefined;
    entry.setDeadlines(update, shift);
    // The queue ignores other deadlines anyway, and asking it costs a cache miss.
    if (entry.due < formerlyDue) this.#deadlines.schedule(entry);
    if (silent) return this.lastSequence;
    const { snapshot } = entry;
    const sequence = this.lastSequence + 1;
    return this.#append(
      { type: "published", sequence, update, snapshot, previous },
      entry.home,
      cause,
    );
  }

  #insert(
    update: PresenceUpdate<M>,
    shift: Duration,
    cause: string | undefined,
  ): Sequence {
    assertEntryKey(update, "publish update");
    const home = this.#entries.open(update.context, this.#log.floor);
    // The context's own key, so that its entries share one string.
    const { context } = home;
    const snapshot = reduce<M>({ ...entryKeyOf(update), context }, {}, update);
    const entry = new Entry(home, snapshot, update, shift);
    this.#entries.add(entry);
    this.#deadlines.schedule(entry);
    return this.#append(
      {
        type: "published",
        sequence: this.lastSequence + 1,
        update,
        snapshot,
        previous: undefined,
      },
      home,
      cause,
    );
  }

  #remove(
    entry: Entry<M>,
    type: "expired" | "withdrawn",
    cause?: string,
  ): Sequence {
    const { home, snapshot: previous, seenAt } = entry;
    this.#entries.delete(entry);
    this.#deadlines.forget(entry);
    const sequence = this.lastSequence + 1;
    return this.#append({ type, sequence, previous, seenAt }, home, cause);
  }

  #expireFacets(entry: Entry<M>, now: Timestamp): void {
    const { snapshot: previous } = entry;
    const names = entry.takeDueFacets(now);
    const facets = clearFacets<M>(previous.facets, names);
    entry.home.set(entry, { ...previous, facets });
    this.#deadlines.schedule(entry);
    this.#append(
      {
        type: "facetsExpired",
        sequence: this.lastSequence + 1,
        facets: names,
        snapshot: entry.snapshot,
        previous,
      },
      entry.home,
    );
  }

  #append(
    change: PresenceChange<M>,
    home: ContextEntries<M>,
    cause?: string,
  ): Sequence {
    this.#log.append(change, home);
    this.#entries.dropVacant(this.#log.floor);
    this.#onChange?.(change, cause);
    return change.sequence;
  }

  #assertNoneStale(updates: readonly PresenceUpdate<M>[]): void {
    // Publishes them elsewhere, to find one that is older than one before it.
    const trial = new PresenceStore<M>({
      retention: 0,
      staleUpdates: "refuse",
      epoch: this.epoch,
    });
    for (const update of updates) {
      const stored = this.#entries.tree.get(update)?.seenAt;
      if (stored !== undefined && update.observedAt < stored) {
        throw new StaleUpdateError(update.observedAt, stored);
      }
      trial.#publishValid(update, 0);
    }
  }

  #position(sequence: Sequence): CursorPosition {
    return { epoch: this.epoch, sequence };
  }

  #startSequence(from: CursorStart): Sequence {
    if (from === "zero") return 0;
    if (from === "floor") return this.retainedFloorSequence;
    if (from === "tail") return this.lastSequence;
    assertCount(from, 0, "from", "create cursor");
    return from;
  }

  /** Returns the changes after a position, `undefined` if some are missing. */
  #changesAfter(
    { epoch, sequence }: CursorPosition,
    { context, visible }: ChangesOptions<M>,
  ): VisibleChange<M>[] | undefined {
    // NaN would mean "up to date" for ever.
    if (epoch !== this.epoch || Number.isNaN(sequence)) return undefined;
    if (sequence >= this.lastSequence) return [];
    const entries = context === undefined
      ? undefined
      : this.#entries.contexts.get(context);
    if (context !== undefined && entries === undefined) {
      return sequence < this.retainedFloorSequence ? undefined : [];
    }
    const changes = this.#log.since(sequence, entries);
    if (changes === undefined || visible === undefined) return changes;
    return changes
      .map((change) => visibleChange(change, visible))
      .filter((change) => change !== undefined);
  }

  /** For the tests. */
  private get parts(): {
    readonly entries: EntryIndex<M>;
    readonly deadlines: DeadlineQueue<Entry<M>>;
    readonly log: ChangeLog<M>;
  } {
    return {
      entries: this.#entries,
      deadlines: this.#deadlines,
      log: this.#log,
    };
  }
}

const CREATE = "create store";

function assertOneOf(
  [first, second]: readonly [string, string],
  value: string,
  field: string,
): void {
  if (value === first || value === second) return;
  const rule = `must be "${first}" or "${second}"`;
  throw new InvalidValueError(CREATE, field, rule, value);
}

function assertCount(
  value: number,
  least: number,
  field: string,
  action: string,
): void {
  if (Number.isInteger(value) && value >= least) return;
  const rule = `must be a whole number of ${least} or more`;
  throw new InvalidValueError(action, field, rule, value);
}

/** Returns 72 random bits in letters and digits: unique for each store. */
function randomEpoch(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0"))
    .join("");
}
