import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { InvalidValueError, type Key } from "../../core/mod.ts";
import {
  type ChangesResult,
  type CursorPosition,
  type PresenceChange,
  PresenceStore,
  type PresenceStoreOptions,
  StaleUpdateError,
  type VisibleChange,
  type WatcherCursor,
} from "../mod.ts";
import {
  type FuzzKey,
  type FuzzModel,
  type FuzzPolicy,
  type FuzzUpdate,
  keyOf,
  pick,
  policiesOf,
  type Pools,
  PROJECTIONS,
  type Question,
  type Turn,
  updateOf,
  type Write,
} from "./arbitraries.ts";
import { NaiveStore, placeOf } from "./naive_store.ts";
import { keyText } from "./text.ts";

interface Watcher {
  readonly context: Key | undefined;
  readonly visible: FuzzPolicy;
  cursor: WatcherCursor;
  position: CursorPosition;
}

interface PageReader {
  readonly context: Key;
  readonly visible: FuzzPolicy;
  readonly limit: number;
  after: Key | undefined;
  seen: Key[];
  /** The subjects that were visible all the time since the first page. */
  throughout: Set<Key> | undefined;
}

/** A store beside the naive model, with the same writes and reads. */
export class ModelPair {
  readonly store: PresenceStore<FuzzModel>;
  readonly #naive: NaiveStore<FuzzModel>;
  readonly #pools: Pools;
  readonly #policies: readonly FuzzPolicy[];
  readonly #told: PresenceChange<FuzzModel>[] = [];
  readonly #watchers: Watcher[];
  readonly #readers: PageReader[];

  constructor(pools: Pools, options: PresenceStoreOptions<FuzzModel>) {
    const onChange = (change: PresenceChange<FuzzModel>) => {
      this.#told.push(change);
    };
    this.store = new PresenceStore({ ...options, onChange });
    this.#naive = new NaiveStore(options);
    this.#pools = pools;
    this.#policies = policiesOf(pools);
    this.#watchers = this.#policies.map((visible, index) => ({
      context: index % 3 === 0 ? undefined : pick(pools.contexts, index),
      visible,
      cursor: this.store.watcherCursor("zero"),
      position: this.#naive.position("zero"),
    }));
    this.#readers = this.#policies.map((visible, index) => ({
      context: pick(pools.contexts, index),
      visible,
      limit: 1 + index % 3,
      after: undefined,
      seen: [],
      throughout: undefined,
    }));
  }

  /** Performs a write on both, and compares the results. */
  write(write: Write): void {
    const before = this.#told.length;
    this.#apply(write);
    const told = this.#told.slice(before);
    assertSame(
      told.map(inOrder),
      this.#naive.history.slice(before).map(inOrder),
      "changes told",
    );
    for (const change of told) this.#assertSharesSnapshots(change);
    assertSame(
      [
        this.store.size,
        this.store.lastSequence,
        this.store.retainedFloorSequence,
      ],
      [
        this.#naive.size,
        this.#naive.lastSequence,
        this.#naive.retainedFloorSequence,
      ],
      "size, last sequence, floor",
    );
    assertSameInAnyOrder(
      this.store.snapshots(),
      this.#naive.snapshots(),
      "all snapshots",
    );
    const next = this.#naive.nextDeadline() ?? Infinity;
    assert((this.store.nextSweep() ?? Infinity) <= next, "nextSweep is late");
    for (const reader of this.#readers) {
      const there = new Set(this.#visibleTo(reader));
      reader.throughout = reader.throughout?.intersection(there);
    }
  }

  #apply(write: Write): void {
    const store = this.store;
    const naive = this.#naive;
    switch (write.type) {
      case "publish": {
        const { update } = write;
        return this.#publish(updateOf(keyOf(this.#pools, update.key), update));
      }
      case "publishAll": {
        const updates = write.updates.map((update) =>
          updateOf(keyOf(this.#pools, update.key), update)
        );
        return this.#publishAll(updates, write.bad);
      }
      case "refresh":
      case "flip":
      case "nearly": {
        const update = this.#again(write);
        if (update !== undefined) this.#publish(update);
        return;
      }
      case "withdraw":
      case "withdrawEntry": {
        const key = write.type === "withdraw"
          ? keyOf(this.#pools, write.key)
          : this.#entry(write.entry);
        if (key === undefined) return;
        assertSame(store.withdraw(key), naive.withdraw(key), "withdraw");
        return;
      }
      case "withdrawOrigin": {
        const origin = pick(this.#pools.origins, write.origin);
        const before = this.#told.length;
        const count = store.withdrawOrigin(origin);
        const order = this.#told.slice(before).map(placeOf);
        assertSame(
          count,
          naive.withdrawOrigin(origin, order),
          "withdrawOrigin",
        );
        return;
      }
      case "expire": {
        const before = this.#told.length;
        const count = store.expire(write.now);
        const order = this.#told.slice(before).map(placeOf);
        assertSame(count, naive.expire(write.now, order), "expire");
        const next = naive.nextDeadline() ?? Infinity;
        assert(next > write.now, "the model has a bug");
        return;
      }
      case "compact": {
        const through = naive.retainedFloorSequence + write.beyondFloor;
        assertSame(store.compact(through), naive.compact(through), "compact");
        return;
      }
      case "nextDeadline":
        assertSame(store.nextDeadline(), naive.nextDeadline(), "nextDeadline");
    }
  }

  #publish(update: FuzzUpdate): void {
    const former = this.store.snapshot(update);
    const last = this.store.lastSequence;
    let expected: number;
    try {
      expected = this.#naive.publish(update);
    } catch (error) {
      assert(error instanceof StaleUpdateError);
      const { observedAt, stored } = assertThrows(
        () => this.store.publish(update),
        StaleUpdateError,
      );
      assertSame(
        [observedAt, stored],
        [error.observedAt, error.stored],
        "stale",
      );
      return;
    }
    assertSame(this.store.publish(update), expected, "publish");
    if (expected === last) {
      assertStrictEquals(this.store.snapshot(update), former);
    }
  }

  #publishAll(updates: FuzzUpdate[], bad: boolean): void {
    const [first] = updates;
    if (bad && first !== undefined) {
      assertThrows(
        () => this.store.publishAll([...updates, { ...first, expiry: NaN }]),
        InvalidValueError,
      );
      return;
    }
    let expected: number[];
    try {
      expected = this.#naive.publishAll(updates);
    } catch (error) {
      assert(error instanceof StaleUpdateError);
      assertThrows(() => this.store.publishAll(updates), StaleUpdateError);
      return;
    }
    assertSame(this.store.publishAll(updates), expected, "publishAll");
  }

  /** An update of an entry that changes only times, a label or one facet. */
  #again(
    { type, entry, update, value, again }: Extract<Write, { again: boolean }>,
  ): FuzzUpdate | undefined {
    const snapshot = this.#entry(entry);
    if (snapshot === undefined) return undefined;
    const { availability, activity, lastSeen, ...own } = structuredClone(
      snapshot.facets,
    );
    const [changed] = type === "nearly" ? Object.keys(own) : [];
    const facets = Object.entries({ availability, activity, ...own })
      .filter(([name]) => again || name === changed)
      .map(([name, kept]) => [name, name === changed ? value : kept] as const);
    if (lastSeen !== undefined) facets.push(["lastSeen", update.observedAt]);
    const { visibility } = type === "flip" ? update : snapshot;
    return updateOf(snapshot, {
      ...update,
      visibility: structuredClone(visibility),
      facets: facets.map(([name, value], index) => ({
        name,
        value,
        deadline: index === entry % 3 ? update.observedAt + 5 : undefined,
      })),
    });
  }

  #entry(index: number): ReturnType<NaiveStore<FuzzModel>["snapshot"]> {
    const snapshots = this.#naive.snapshots();
    return snapshots.length > 0 ? pick(snapshots, index) : undefined;
  }

  /** Checks that changes and reads share objects. */
  #assertSharesSnapshots(change: PresenceChange<FuzzModel>): void {
    const newest = this.#told.findLast((other) =>
      keyText(keyIn(placeOf(other))) === keyText(keyIn(placeOf(change)))
    );
    const there = this.store.snapshot(placeOf(change));
    assertStrictEquals(
      there,
      newest !== undefined && "snapshot" in newest
        ? newest.snapshot
        : undefined,
    );
  }

  /** Performs the same read on both. */
  ask(question: Question): void {
    const { type, parts, limit, since } = question;
    const key = keyOf(this.#pools, question.key);
    const { subject, context, resource, origin } = key;
    const visible = pick(this.#policies, question.policy);
    const projection = pick(PROJECTIONS, question.projection);
    const store = this.store;
    const naive = this.#naive;
    switch (type) {
      case "snapshots": {
        const query = {
          subject: parts & 1 ? subject : undefined,
          context: parts & 2 ? context : undefined,
          origin: parts & 4 ? origin : undefined,
          address: parts & 8 ? { subject, context, resource } : undefined,
          visible,
        };
        const snapshots = store.snapshots(query);
        assertSameInAnyOrder(snapshots, naive.snapshots(query), type);
        for (const snapshot of snapshots) {
          assertStrictEquals(store.snapshot(snapshot), snapshot);
        }
        return;
      }
      case "snapshot": {
        const there = this.#entry(question.limit) ?? key;
        for (const each of [there, key]) {
          assertSame(
            store.snapshot(each, { visible }),
            naive.snapshot(each, { visible }),
            type,
          );
        }
        return;
      }
      case "subjectSummary":
        return assertSame(
          store.subjectSummary(subject, context, { visible, projection }),
          naive.subjectSummary(subject, context, { visible, projection }),
          type,
        );
      case "subjectSummaries": {
        const query = parts & 1 ? { subject } : { context };
        return assertSameInAnyOrder(
          store.subjectSummaries({ ...query, visible, projection }),
          naive.subjectSummaries({ ...query, visible, projection }),
          type,
        );
      }
      case "page": {
        const after = parts & 1 ? subject : undefined;
        const options = { limit, after, visible, projection };
        return assertSame(
          store.summaryPage(context, options),
          naive.summaryPage(context, options),
          type,
        );
      }
      case "count":
        return assertSame(
          store.count(context, { visible }),
          naive.count(context, { visible }),
          type,
        );
      case "contexts": {
        const query = parts & 1 ? { subject, visible } : { visible };
        return assertSameInAnyOrder(
          store.contexts(query),
          naive.contexts(query),
          type,
        );
      }
      case "liveness": {
        const there = this.#entry(question.limit) ?? key;
        return assertSame(store.liveness(there), naive.liveness(there), type);
      }
      case "changes": {
        const position = naive.position(since);
        const asked = parts & 4 ? position : position.sequence;
        const options = { context: parts & 1 ? context : undefined, visible };
        assertSame(
          resultInOrder(store.changesSince(asked, options)),
          resultInOrder(naive.changesSince(asked, options)),
          type,
        );
        return assertSame(
          store.changeStatusSince(asked, options),
          naive.changeStatusSince(asked, options),
          "status",
        );
      }
    }
  }

  /** Advances a watcher or a reader of pages. */
  turn({ type, who, start }: Turn): void {
    if (type === "page") return this.#readPage(pick(this.#readers, who));
    const watcher = pick(this.#watchers, who);
    const { context, visible } = watcher;
    const options = { context, visible };
    switch (type) {
      case "new":
        watcher.cursor = this.store.watcherCursor(start);
        watcher.position = this.#naive.position(start);
        break;
      case "reset":
        watcher.position = this.#naive.position(start);
        watcher.cursor.reset(watcher.position.sequence);
        // A cursor of another epoch stays in it when moved by number.
        if (watcher.cursor.position.epoch !== watcher.position.epoch) {
          watcher.cursor.reset(watcher.position);
        }
        break;
      case "elsewhere":
        watcher.position = {
          epoch: "another life",
          sequence: this.#naive.position(start).sequence,
        };
        watcher.cursor.reset(watcher.position);
        break;
      case "status":
        assertSame(
          watcher.cursor.status(this.store, options),
          this.#naive.changeStatusSince(watcher.position, options),
          "status of a cursor",
        );
        break;
      case "poll": {
        const expected = this.#naive.changesSince(watcher.position, options);
        if (expected.type === "changes") watcher.position = expected.position;
        assertSame(
          resultInOrder(watcher.cursor.poll(this.store, options)),
          resultInOrder(expected),
          "poll of a cursor",
        );
      }
    }
    assertSame(watcher.cursor.position, watcher.position, "cursor");
  }

  #readPage(reader: PageReader): void {
    const { context, visible, limit, after } = reader;
    reader.throughout ??= new Set(this.#visibleTo(reader));
    const { summaries, next } = this.store.summaryPage(context, {
      limit,
      after,
      visible,
    });
    reader.seen.push(...summaries.map(({ subject }) => plusZero(subject)));
    reader.after = next;
    if (next !== undefined) return;
    const seen = new Set(reader.seen);
    assertEquals(seen.size, reader.seen.length, "somebody is on two pages");
    assert(reader.throughout.isSubsetOf(seen), "somebody is on no page");
    reader.seen = [];
    reader.throughout = undefined;
  }

  #visibleTo({ context, visible }: PageReader): Key[] {
    return this.#naive.snapshots({ context, visible })
      .map(({ subject }) => plusZero(subject));
  }
}

/** Makes -0 a 0, as a set does. */
function plusZero(key: Key): Key {
  return key === 0 ? 0 : key;
}

function keyIn({ subject, context, resource, origin }: FuzzKey): FuzzKey {
  return { subject, context, resource, origin };
}

/** A change with the names of its facets in order. */
function inOrder(change: VisibleChange<FuzzModel>): VisibleChange<FuzzModel> {
  return change.type === "facetsExpired"
    ? { ...change, facets: change.facets.toSorted() }
    : change;
}

function resultInOrder(
  result: ChangesResult<FuzzModel>,
): ChangesResult<FuzzModel> {
  return result.type === "gap"
    ? result
    : { ...result, changes: result.changes.map(inOrder) };
}

function assertSame(actual: unknown, expected: unknown, what: string): void {
  if (keyText(actual) === keyText(expected)) return;
  assertEquals(actual, expected, what);
  // The two may differ only in details that the texts show.
  assertEquals(keyText(actual), keyText(expected), what);
}

function assertSameInAnyOrder(
  actual: readonly unknown[],
  expected: readonly unknown[],
  what: string,
): void {
  const byText = (values: readonly unknown[]) =>
    values.map((value) => [keyText(value), value] as const)
      .toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
      .map(([, value]) => value);
  assertSame(byText(actual), byText(expected), what);
}
