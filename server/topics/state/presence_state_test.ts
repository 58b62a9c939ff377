import {
  assert,
  assertEquals,
  assertFalse,
  assertLessOrEqual,
  assertNotStrictEquals,
  assertStrictEquals,
} from "@std/assert";
import fc from "fast-check";
import { compareKeys } from "../../../core/mod.ts";
import {
  connectionCount,
  countPresences,
  entryCount,
  entryMetas,
  isPresent,
  listState,
  makeEntry,
  makeMeta,
  metaData,
  metaPid,
  newState,
  type PresenceMeta,
  type PresenceState,
  type PresenceTree,
  trackState,
  untrackState,
} from "./mod.ts";

const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

const ODD_KEYS = ["", "__proto__", "constructor", "toString", "a\0b", "\ud800"];

/** A state in which each row of topic, key, process and JSON is tracked. */
function tracked(
  ...rows: [topic: string, key: string, pid: string, json: string][]
): PresenceState {
  return rows.reduce((state, row) => trackState(state, ...row), newState());
}

/** The metas of a topic as text, key by key. */
function listed(state: PresenceState, topic: string): [string, string[]][] {
  return Array.from(listState(state, topic), ([key, entry]) => [
    key,
    entryMetas(entry).map((meta) => `${metaPid(meta)} ${metaData(meta)}`),
  ]);
}

/** Makes every write to a value throw. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

Deno.test("newState() has nobody in any topic", () => {
  const state = newState();
  assertEquals(listState(state, "room"), new Map());
  assertEquals(countPresences(state, "room"), 0);
  assertFalse(isPresent(state, "room", "ada"));
  assertEquals(connectionCount(state, "room", "ada"), 0);
});

Deno.test("trackState() adds metas in the order they are tracked", () => {
  const state = tracked(
    ["room", "ada", "tab-2", "1"],
    ["room", "ada", "tab-1", "2"],
    ["room", "ada", "tab-3", "3"],
  );
  assertEquals(listed(state, "room"), [
    ["ada", ["tab-2 1", "tab-1 2", "tab-3 3"]],
  ]);
  assertEquals(countPresences(state, "room"), 1);
  assertEquals(connectionCount(state, "room", "ada"), 3);
});

Deno.test("trackState() adds a meta for each time a process is tracked", () => {
  const state = tracked(
    ["room", "ada", "tab", "1"],
    ["room", "ada", "tab", "1"],
    ["room", "ada", "tab", "2"],
  );
  assertEquals(listed(state, "room"), [["ada", ["tab 1", "tab 1", "tab 2"]]]);
});

Deno.test("trackState() keeps the data of a meta as it is", () => {
  for (const json of ["null", "1.0", ' {"b":1, "a":"\\u0061"} ', "", "{oops"]) {
    const state = tracked(["room", "ada", "tab", json]);
    const entry = listState(state, "room").get("ada");
    assert(entry);
    assertEquals(entryMetas(entry).map(metaData), [json]);
  }
});

Deno.test("trackState() keeps topics and keys apart", () => {
  const state = tracked(
    ["room", "ada", "tab", "1"],
    ["room", "bob", "tab", "2"],
    ["hall", "ada", "tab", "3"],
  );
  assertEquals(listed(state, "room"), [["ada", ["tab 1"]], ["bob", ["tab 2"]]]);
  assertEquals(listed(state, "hall"), [["ada", ["tab 3"]]]);
  assertFalse(isPresent(state, "hall", "bob"));
  assertEquals(connectionCount(state, "hall", "bob"), 0);
});

Deno.test("trackState() accepts any text as a topic, key and process", () => {
  for (const odd of ODD_KEYS) {
    const state = newState();
    assertFalse(isPresent(state, odd, odd));
    const here = trackState(state, odd, odd, odd, "1");
    assert(isPresent(here, odd, odd));
    assertEquals(listed(here, odd), [[odd, [`${odd} 1`]]]);
    assertEquals(listed(untrackState(here, odd, odd, odd), odd), []);
  }
});

Deno.test("trackState() does not change the former state", () => {
  const before = frozen(tracked(
    ["room", "ada", "tab-1", "1"],
    ["hall", "bob", "tab-1", "2"],
  ));
  const copy = structuredClone(before);
  trackState(before, "room", "ada", "tab-2", "3");
  trackState(before, "room", "cleo", "tab-2", "3");
  trackState(before, "yard", "ada", "tab-2", "3");
  assertEquals(before, copy);
});

Deno.test("trackState() shares unchanged parts with the former state", () => {
  const before = tracked(
    ["hall", "ada", "tab", "1"],
    ["room", "ada", "tab", "1"],
    ["room", "bob", "tab", "1"],
  );
  const after = trackState(before, "room", "bob", "tab", "2");
  for (const topic of ["hall", "room"]) {
    assertStrictEquals(
      listState(after, topic).get("ada"),
      listState(before, topic).get("ada"),
    );
  }
  assertNotStrictEquals(
    listState(after, "room").get("bob"),
    listState(before, "room").get("bob"),
  );
});

Deno.test("untrackState() removes all metas of the process", () => {
  const state = tracked(
    ["room", "ada", "tab-1", "1"],
    ["room", "ada", "tab-2", "2"],
    ["room", "ada", "tab-1", "3"],
    ["room", "bob", "tab-1", "4"],
  );
  assertEquals(listed(untrackState(state, "room", "ada", "tab-1"), "room"), [
    ["ada", ["tab-2 2"]],
    ["bob", ["tab-1 4"]],
  ]);
});

Deno.test("untrackState() removes a key without metas, and a topic without keys", () => {
  let state = tracked(
    ["room", "ada", "tab", "1"],
    ["room", "bob", "tab", "2"],
  );
  state = untrackState(state, "room", "ada", "tab");
  assertFalse(isPresent(state, "room", "ada"));
  assertEquals(listed(state, "room"), [["bob", ["tab 2"]]]);
  state = untrackState(state, "room", "bob", "tab");
  assertEquals(state, newState());
});

Deno.test("untrackState() returns the same state if there is nothing to remove", () => {
  const state = tracked(["room", "ada", "tab", "1"]);
  assertStrictEquals(untrackState(state, "hall", "ada", "tab"), state);
  assertStrictEquals(untrackState(state, "room", "bob", "tab"), state);
  assertStrictEquals(untrackState(state, "room", "ada", "tab-2"), state);
  const empty = newState();
  assertStrictEquals(untrackState(empty, "room", "ada", "tab"), empty);
});

Deno.test("untrackState() does not change the former state", () => {
  const before = frozen(tracked(
    ["room", "ada", "tab-1", "1"],
    ["room", "ada", "tab-2", "2"],
    ["room", "bob", "tab-1", "3"],
    ["hall", "bob", "tab-1", "4"],
  ));
  const copy = structuredClone(before);
  untrackState(before, "room", "ada", "tab-1");
  untrackState(before, "room", "bob", "tab-1");
  untrackState(before, "hall", "bob", "tab-1");
  assertEquals(before, copy);
});

Deno.test("listState() sorts by key, whatever the order of the joins", () => {
  const keys = ["b", "\u{1f600}", "", "a", "\uff5e", "B", "__proto__", "10"];
  const state = tracked(
    ...keys.map((key): [string, string, string, string] => [
      "room",
      key,
      "tab",
      "1",
    ]),
  );
  assertEquals(
    [...listState(state, "room").keys()],
    keys.toSorted(compareKeys),
  );
});

Deno.test("makeMeta() is read by metaPid() and metaData()", () => {
  const meta = makeMeta("tab", ' {"a":1}');
  assertEquals(metaPid(meta), "tab");
  assertEquals(metaData(meta), ' {"a":1}');
});

Deno.test("makeEntry() is read by entryMetas() and entryCount()", () => {
  const metas = [makeMeta("tab-2", "1"), makeMeta("tab-1", "2")];
  const entry = makeEntry(metas);
  assertEquals(entryMetas(entry), metas);
  assertEquals(entryCount(entry), 2);
  assertEquals(entryCount(makeEntry([])), 0);
});

Deno.test("makeEntry() copies the given metas", () => {
  const metas = [makeMeta("tab", "1")];
  const entry = makeEntry(metas);
  metas.push(makeMeta("tab", "2"));
  assertEquals(entryCount(entry), 1);
});

Deno.test("makeEntry() makes what a state lists", () => {
  const state = tracked(["room", "ada", "tab", "1"]);
  assertEquals(
    listState(state, "room"),
    new Map([["ada", makeEntry([makeMeta("tab", "1")])]]),
  );
});

/** Checks that a tree is sorted, counted and balanced; returns its height. */
function checkTree<V>(
  tree: PresenceTree<V> | undefined,
  checkValue: (value: V) => void,
): number {
  if (tree === undefined) return 0;
  const { left, right, key, value, size } = tree;
  checkValue(value);
  assert(left === undefined || left.key < key);
  assert(right === undefined || right.key > key);
  const weights = [1 + (left?.size ?? 0), 1 + (right?.size ?? 0)];
  assert(Math.max(...weights) <= 3 * Math.min(...weights));
  assert(size === weights.reduce((a, b) => a + b) - 1);
  const heights = [left, right].map((side) => checkTree(side, checkValue));
  return 1 + Math.max(...heights);
}

/** Checks the invariants of a state. */
function checkState(state: PresenceState): void {
  checkTree(state.topics, (keys) => {
    checkTree(keys, (entry) => assert(entryCount(entry) > 0));
  });
}

Deno.test("trackState() and untrackState() keep large topics flat, in any order", () => {
  const names = Array.from(
    { length: 2_000 },
    (_, i) => `${i}`.padStart(4, "0"),
  );
  const orders = [names, names.toReversed(), names.toSorted(byLastDigits)];
  for (const order of orders) {
    let state = newState();
    for (const key of order) state = trackState(state, "t", key, "p", "1");
    checkState(state);
    assertEquals(countPresences(state, "t"), 2_000);
    // At most log(2001) to the base 4/3, that is 26.
    assertLessOrEqual(checkTree(state.topics?.value, () => {}), 26);
    for (const key of order.slice(0, 1_900)) {
      state = untrackState(state, "t", key, "p");
    }
    checkState(state);
    assertEquals(
      [...listState(state, "t").keys()],
      order.slice(1_900).toSorted(compareKeys),
    );
  }
});

Deno.test("trackState() and untrackState() property: a topic stays flat and sorted through any joins and leaves", () => {
  const key = fc.integer({ min: 0, max: 99 }).map(String);
  const first = fc.uniqueArray(key, { minLength: 20, maxLength: 60 });
  const turns = fc.array(key, { minLength: 20, maxLength: 100 });
  fc.assert(
    fc.property(first, turns, (first, turns) => {
      let state = newState();
      const here = new Set<string>();
      // A present one leaves, an absent one joins.
      for (const key of [...first, ...turns]) {
        const turn = here.has(key) ? untrackState : trackState;
        state = turn(state, "t", key, "p", "1");
        if (!here.delete(key)) here.add(key);
        checkState(state);
      }
      assertEquals(
        [...listState(state, "t").keys()],
        [...here].toSorted(compareKeys),
      );
    }),
    { numRuns: RUNS },
  );
});

function byLastDigits(a: string, b: string): number {
  return compareKeys([...a].reverse().join(""), [...b].reverse().join(""));
}

const step = fc.record({
  track: fc.boolean(),
  topic: fc.constantFrom("t0", "t1", "__proto__"),
  key: fc.oneof(
    fc.constantFrom(...ODD_KEYS),
    fc.integer({ min: 0, max: 30 }).map(String),
  ),
  pid: fc.constantFrom("p0", "p1", "p2"),
});

/** The state as a table of rows, which is slow and simple. */
type Row = { topic: string; key: string; meta: PresenceMeta };

Deno.test("trackState() and untrackState() property: any history equals a table and changes no former state", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      let state = frozen(newState());
      let rows: Row[] = [];
      const history: [PresenceState, string][] = [];
      for (const [index, { track, topic, key, pid }] of steps.entries()) {
        if (track) {
          const data = String(index);
          state = frozen(trackState(state, topic, key, pid, data));
          rows = [...rows, { topic, key, meta: makeMeta(pid, data) }];
        } else {
          const rest = rows.filter((row) =>
            row.topic !== topic || row.key !== key || row.meta.pid !== pid
          );
          const next = frozen(untrackState(state, topic, key, pid));
          assertEquals(next === state, rest.length === rows.length);
          state = next;
          rows = rest;
        }
        checkState(state);
        checkTable(state, rows);
        history.push([state, JSON.stringify(state)]);
      }
      for (const [former, text] of history) {
        assertEquals(JSON.stringify(former), text);
      }
    }),
    { numRuns: RUNS },
  );
});

function checkTable(state: PresenceState, rows: Row[]): void {
  for (const topic of ["t0", "t1", "__proto__"]) {
    const here = rows.filter((row) => row.topic === topic);
    const byKey = Map.groupBy(here, ({ key }) => key);
    assertEquals(
      [...listState(state, topic)],
      [...byKey.keys()].toSorted(compareKeys).map((key) => [
        key,
        makeEntry((byKey.get(key) ?? []).map(({ meta }) => meta)),
      ]),
    );
    assertEquals(countPresences(state, topic), byKey.size);
    for (const key of [...ODD_KEYS, "0"]) {
      const count = byKey.get(key)?.length ?? 0;
      assertEquals(connectionCount(state, topic, key), count);
      assertEquals(isPresent(state, topic, key), count > 0);
    }
  }
}

Deno.test("listState() returns the same list until the topic changes", () => {
  const one = trackState(newState(), "room", "ada", "tab-1", "{}");
  const list = listState(one, "room");
  assertStrictEquals(listState(one, "room"), list);
  const two = trackState(one, "hall", "bob", "tab-2", "{}");
  assertStrictEquals(listState(two, "room"), list);
  const three = trackState(two, "room", "bob", "tab-2", "{}");
  assertEquals([...listState(three, "room").keys()], ["ada", "bob"]);
  assertEquals([...list.keys()], ["ada"]);
  assertStrictEquals(listState(one, "none"), listState(two, "none"));
});
