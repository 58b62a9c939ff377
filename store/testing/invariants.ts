import {
  assert,
  assertEquals,
  assertObjectMatch,
  assertStrictEquals,
} from "@std/assert";
import {
  compareEntryKeys,
  type EntryKey,
  type Key,
  type PresenceModel,
} from "../../core/mod.ts";
import type { ChangeLog } from "../change_log.ts";
import type { ContextEntries } from "../context_entries.ts";
import {
  ARITY,
  type DeadlineQueue,
  type Scheduled,
} from "../deadline_queue.ts";
import type { Entry } from "../entry.ts";
import type { EntryIndex } from "../entry_index.ts";
import { Branch, type EntryTree, FIELDS, type Node } from "../entry_tree.ts";
import type { PresenceStore } from "../mod.ts";
import type { OneOrMany } from "../one_or_many.ts";
import { placeOf } from "./naive_store.ts";

/**
 * Walks all parts of a store, and throws unless each part holds exactly what
 * the others require.
 */
export function assertInvariants<M extends PresenceModel>(
  store: PresenceStore<M>,
): void {
  const { entries, deadlines, log } = store["parts"];
  const all = assertIndex(entries, log);
  assertEquals(store.size, all.size, "size of the store");
  for (const entry of all) assertEntry(entry);
  assertQueue(deadlines, all);
  assertLog(log, entries.contexts);
}

/** Returns all entries that the index holds. */
function assertIndex<M extends PresenceModel>(
  index: EntryIndex<M>,
  log: ChangeLog<M>,
): Set<Entry<M>> {
  const { tree, contexts, entriesFrom } = index;
  const vacant = new Set<ContextEntries<M>>();
  const all = assertTree(tree);
  const expectedEntriesFrom = new Map<Key, Set<Entry<M>>>();
  let listed = 0;
  for (const [context, home] of contexts) {
    // Not Object.is: a map makes 0 of -0, and the two are one key.
    assert(home.context === context, "a context stands below another key");
    const { sorted } = home;
    const entries = home.entries();
    const snapshots = home.snapshots();
    const subjects = new Set<Key>();
    let lastPlace = -1;
    for (const [place, entry] of entries.entries()) {
      const { snapshot } = entry;
      assert(all.has(entry), "a context has an entry that the tree lacks");
      assert(snapshot.context === context, "an entry is elsewhere");
      assertStrictEquals(entry.home, home, "home of an entry");
      assert(entry.place > lastPlace, "place of an entry");
      lastPlace = entry.place;
      assertStrictEquals(snapshots[place], snapshot, "a listed snapshot");
      subjects.add(snapshot.subject);
      addTo(expectedEntriesFrom, snapshot.origin, entry);
      listed++;
    }
    assertEquals(home.size, entries.length, "size of a context");
    assertEquals(home.size, snapshots.length, "snapshots of a context");
    assertEquals(home.subjectCount, subjects.size, "subjects of a context");
    if (entries.length === 0) vacant.add(home);
    if (sorted !== undefined) {
      const keys = [...sorted.from()].map(({ snapshot }) => snapshot);
      assertEquals(
        keys,
        snapshots.toSorted(compareEntryKeys),
        "sorted entries",
      );
    }
  }
  assertEquals(listed, all.size, "entries of all contexts");
  assertEquals(index.occupied, contexts.size - vacant.size, "contexts");
  assertSameSets(entriesFrom, expectedEntriesFrom, "entries of origins");
  assertQueue(index.vacant, vacant);
  for (const { queuedAt, tail } of vacant) {
    assert(queuedAt !== Infinity, "a vacant context is kept for ever");
    assert(tail > log.floor, "a vacant context is kept for too long");
  }
  return all;
}

/** Walks a tree; returns its leaves. */
function assertTree<M extends PresenceModel>(
  tree: EntryTree<Entry<M>>,
): Set<Entry<M>> {
  const all = new Set<Entry<M>>();
  const walk = (node: Node<Entry<M>>, above: Partial<EntryKey>) => {
    if (!(node instanceof Branch)) {
      assertObjectMatch(node.snapshot, above, "a leaf stands elsewhere");
      assertStrictEquals(tree.get(node.snapshot), node, "get() of a leaf");
      all.add(node);
      return;
    }
    const field = FIELDS[node.depth]!;
    assert(!(field in above), "a branch by a field of one above");
    assert(node.below.size > 1, "a branch without need");
    for (const [value, deeper] of node.below) {
      walk(deeper, { ...above, [field]: value });
    }
  };
  for (const [subject, node] of tree["nodes"]) {
    walk(node, { subject });
  }
  assertEquals(tree.size, all.size, "size of the tree");
  return all;
}

function addTo<V>(sets: Map<Key, Set<V>>, key: Key, value: V): void {
  const there = sets.get(key);
  if (there === undefined) sets.set(key, new Set([value]));
  else there.add(value);
}

function assertSameSets<V extends object>(
  actual: OneOrMany<Key, V>,
  expected: ReadonlyMap<Key, ReadonlySet<V>>,
  what: string,
): void {
  const parts = actual.values;
  assertEquals(parts.size, expected.size, `number of keys: ${what}`);
  for (const [key, values] of expected) {
    const there = parts.get(key);
    assert(
      there instanceof Set
        ? there.size > 1 && there.size === values.size &&
          values.isSubsetOf(there)
        : values.size === 1 && there !== undefined && values.has(there as V),
      what,
    );
  }
}

function assertEntry<M extends PresenceModel>(entry: Entry<M>): void {
  const { snapshot, facetDeadlines } = entry;
  assertStrictEquals(
    Object.getPrototypeOf(snapshot.facets),
    Object.prototype,
    "facets are a plain object",
  );
  for (const value of Object.values<unknown>(snapshot.facets)) {
    assert(value !== null && value !== undefined, "a facet without a value");
  }
  if (facetDeadlines === undefined) return;
  assert(facetDeadlines.size > 0, "an empty map of deadlines");
  for (const [name, deadline] of facetDeadlines) {
    assert(Object.hasOwn(snapshot.facets, name), "a deadline without a facet");
    assert(Number.isFinite(deadline), "a deadline that is no time");
  }
}

/**
 * Walks a queue, which must hold all scheduled elements and no others.
 */
export function assertQueue<T extends Scheduled>(
  queue: DeadlineQueue<T>,
  all: ReadonlySet<T>,
): void {
  const { times, items, stale } = queue;
  assertEquals(times.length, items.length, "a time for each item");
  assert(items.length <= 1.5 * all.size, "the queue holds more than 1.5n");
  const queued = new Set<T>();
  for (const [index, item] of items.entries()) {
    const time = times[index]!;
    const parent = Math.floor((index - 1) / ARITY);
    assert(index === 0 || times[parent]! <= time, "the heap is out of order");
    // Two items of one element may have the same time: one of them is stale.
    if (item.queuedAt === time) queued.add(item);
  }
  assertEquals(stale, items.length - queued.size, "count of stale items");
  assert(queued.isSubsetOf(all), "the queue holds what it should forget");
  for (const scheduled of all) {
    if (scheduled.queuedAt !== Infinity) {
      assert(queued.has(scheduled), "something only thinks that it is queued");
    }
    assert(scheduled.queuedAt <= scheduled.due, "something is queued too late");
  }
}

function assertLog<M extends PresenceModel>(
  log: ChangeLog<M>,
  contexts: ReadonlyMap<Key, ContextEntries<M>>,
): void {
  const { floor, last } = log;
  const { changes, links } = log;
  assert(0 <= floor && floor <= last, "the floor is at or below the last");
  assertEquals(links.length, changes.length, "a link for each change");
  assertEquals(log.get(floor), undefined, "the floor is not retained");
  assertEquals(log.get(last + 1), undefined, "what comes is not there yet");
  const tails = new Map<Key, number>();
  for (let sequence = floor + 1; sequence <= last; sequence++) {
    const change = log.get(sequence);
    assertEquals(change?.sequence, sequence, "sequence of a change");
    const { context } = placeOf(change!);
    const link = links[changes.indexOf(change)]!;
    const former = tails.get(context);
    if (former === undefined) assert(link <= floor, "a first link");
    else assertEquals(link, former, "a link");
    assert(link < sequence, "a link goes on");
    tails.set(context, sequence);
    assert(contexts.has(context), "a retained change of an unknown context");
  }
  const occupied = changes.filter((change) => change !== undefined);
  assertEquals(occupied.length, last - floor, "what the ring holds on to");
  for (const [context, { tail }] of contexts) {
    const newest = tails.get(context);
    if (newest === undefined) assert(tail <= floor, "an old tail");
    else assertEquals(tail, newest, "tail of a context");
  }
}
