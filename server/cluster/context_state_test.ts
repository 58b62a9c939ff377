import { assert, assertEquals, assertFalse } from "@std/assert";
import type { Lease, NodeLife } from "./backbone.ts";
import {
  ContextState,
  type KnownRow,
  type OwnRow,
  type Read,
  type Received,
  type Repair,
  type Surroundings,
} from "./context_state.ts";

const HERE: NodeLife = { node: "here", epoch: "here/1" };
const THERE: NodeLife = { node: "there", epoch: "there/1" };
const GHOST: NodeLife = { node: "ghost", epoch: "over" };
const NOTHING: Repair = { shown: [], gone: [], missing: [], surplus: [] };

/** Surroundings that a test sets: the other nodes, and the writes that wait. */
class Around implements Surroundings {
  readonly node = HERE.node;
  now = 1_000;
  lease: Lease | undefined = {
    ...THERE,
    count: 7,
    announced: "memory",
    written: [],
  };
  readonly writes = new Map<string, "put" | "retract" | "withdraw">();
  readonly entries = new Map<string, OwnRow>();

  lives = ({ epoch }: NodeLife) =>
    epoch === HERE.epoch || epoch === this.lease?.epoch;
  leaseOf = (node: string) => node === THERE.node ? this.lease : undefined;
  pending = (id: string) => this.writes.get(id);
  own = (id: string) => this.entries.get(id);

  /** The other node renews its lease. */
  renew(changes: Partial<Lease> = {}): void {
    const { lease } = this;
    if (lease) this.lease = { ...lease, count: lease.count + 1, ...changes };
  }
}

function row(id: string, life = THERE, heardAt = 0, value = "{}"): KnownRow {
  return { ...life, id, value, heardAt };
}

function own(id: string, heardAt = 0, value = "{}"): OwnRow {
  return { id, value, left: [], heardAt };
}

function put(row: KnownRow, revision: number, previous = revision - 1) {
  const { id, heardAt: at } = row;
  return { memory: "memory", revision, previous, id, row, at };
}

function removed(id: string, revision: number, at = 0): Received {
  const previous = revision - 1;
  return { memory: "memory", revision, previous, id, row: undefined, at };
}

/** Applies an answer, some rows at a time. */
function* steps(
  state: ContextState,
  around: Around,
  answer: Read,
  ownRows: readonly OwnRow[],
  size: number,
): Generator<Repair> {
  around.entries.clear();
  for (const row of ownRows) {
    around.entries.set(row.id, row);
    state.own.add(row.id);
  }
  let judged = 0;
  for (const _ of state.read(answer)) {
    if (judged > 0 && judged % size === 0) yield state.takeRepair();
    judged++;
  }
  yield state.takeRepair();
}

/** Applies an answer. */
function apply(
  state: ContextState,
  answer: Read,
  ownRows: readonly OwnRow[],
  around: Around,
): Repair {
  const [repair = NOTHING] = steps(state, around, answer, ownRows, Infinity);
  return repair;
}

/** A context that has been read. */
function read(
  state: ContextState,
  around: Around,
  rows: readonly KnownRow[],
  { revision = 10, memory = "memory", ownRows = [] as OwnRow[] } = {},
): Repair {
  const answer: Read = { memory, revision, rows };
  state.begin();
  const repair = apply(state, answer, ownRows, around);
  state.end();
  return repair;
}

function known(...rows: KnownRow[]): [ContextState, Around] {
  const around = new Around();
  const state = new ContextState(around);
  read(state, around, rows);
  return [state, around];
}

function ids({ rows }: ContextState): string[] {
  return [...rows.keys()].sort();
}

// Readings

Deno.test("ContextState is doubtful until it is read", () => {
  const around = new Around();
  const state = new ContextState(around);
  assert(state.isDoubtful);
  const repair = read(state, around, [row("a"), row("b")]);
  assertFalse(state.isDoubtful);
  assertEquals(repair, { ...NOTHING, shown: [row("a"), row("b")] });
  assertEquals([ids(state), state.revision], [["a", "b"], 10]);
});

Deno.test("ContextState.read() ignores the rows of a life that is over", () => {
  const [state, around] = known(row("a"), row("ghost", GHOST));
  assertEquals(ids(state), ["a"]);
  around.lease = undefined;
  assertEquals(read(state, around, [row("a")]), { ...NOTHING, gone: ["a"] });
});

Deno.test("ContextState.read() returns which rows are gone", () => {
  const [state, around] = known(row("a"), row("b"));
  const repair = read(state, around, [row("b")], { revision: 11 });
  assertEquals(repair, { ...NOTHING, shown: [row("b")], gone: ["a"] });
});

Deno.test("ContextState.read() returns own entries whose rows are missing or differ", () => {
  const [state, around] = known();
  const rows = [row("same", HERE), row("other", HERE)];
  const ownRows = [own("same"), own("other", 0, '{"a":1}'), own("new")];
  const repair = read(state, around, rows, { ownRows });
  assertEquals(repair, { ...NOTHING, missing: ownRows.slice(1) });
});

Deno.test("ContextState.read() returns that an own entry is gone whose goodbye arrives meanwhile", () => {
  const [state, around] = known();
  const ownRows = [own("left", 5), own("back", 7), own("retracted", 5)];
  state.begin();
  state.receive(removed("left", 11, 6));
  state.receive(removed("back", 12, 6));
  state.receive(removed("retracted", 13, -Infinity));
  const answer: Read = { memory: "memory", revision: 13, rows: [] };
  const repair = apply(state, answer, ownRows, around);
  const missing = ownRows.slice(1);
  assertEquals(repair, { ...NOTHING, gone: ["left"], missing });
});

Deno.test("ContextState.read() returns that an own entry is gone whose goodbye a retraction follows meanwhile", () => {
  const [state, around] = known();
  const ownRows = [own("a", 500)];
  state.begin();
  state.receive(removed("a", 11, 600));
  state.receive(removed("a", 12, -Infinity));
  const answer: Read = { memory: "memory", revision: 12, rows: [] };
  const repair = apply(state, answer, ownRows, around);
  assertEquals(repair, { ...NOTHING, gone: ["a"] });
});

Deno.test("ContextState.read() returns own rows whose entries are gone", () => {
  const [state, around] = known();
  const repair = read(state, around, [row("a", HERE)]);
  assertEquals(repair, { ...NOTHING, surplus: ["a"] });
});

Deno.test("ContextState.read() returns own rows whose entries can't be written any more", () => {
  const [state, around] = known();
  state.own.add("a");
  const rows = [row("a", HERE)];
  assertEquals(read(state, around, rows), { ...NOTHING, surplus: ["a"] });
  around.writes.set("a", "retract");
  assertEquals(read(state, around, rows), NOTHING);
  around.writes.clear();
  assertEquals(read(state, around, []), NOTHING);
});

Deno.test("ContextState.read() gives an entry to the node that heard from its publisher last", () => {
  const [state, around] = known();
  const rows = [row("mine", THERE, 5), row("theirs", THERE, 7)];
  const ownRows = [own("mine", 6), own("theirs", 6)];
  assertEquals(
    read(state, around, rows, { ownRows }),
    { ...NOTHING, shown: [row("theirs", THERE, 7)], missing: [own("mine", 6)] },
  );
});

Deno.test("ContextState.read() leaves rows alone that this node has yet to write", () => {
  const [state, around] = known(row("taken"), row("withdrawn"), row("gone"));
  around.writes.set("taken", "put").set("withdrawn", "withdraw")
    .set("new", "put").set("retracted", "retract").set("theirs", "retract");
  const rows = [
    row("taken"),
    row("withdrawn"),
    row("retracted", HERE),
    row("theirs"),
  ];
  const ownRows = [own("taken"), own("new")];
  assertEquals(
    read(state, around, rows, { ownRows }),
    { ...NOTHING, shown: [row("theirs")], gone: ["gone"] },
  );
});

Deno.test("ContextState.read() returns that a row of another node is gone while an own one waits to be retracted", () => {
  const [state, around] = known(row("moved"));
  around.writes.set("moved", "retract");
  assertEquals(read(state, around, []), { ...NOTHING, gone: ["moved"] });
});

Deno.test("ContextState.read() returns what to do for some rows at a time, and shows rows before others are gone", () => {
  const [state, around] = known(row("gone"), row("moved"));
  state.begin();
  const rows = [row("moved", HERE), row("a"), row("b"), row("c")];
  const answer: Read = { memory: "memory", revision: 11, rows };
  const ownRows = [own("moved"), own("new")];
  assertEquals([...steps(state, around, answer, ownRows, 2)], [
    { ...NOTHING, shown: [row("a")] },
    { ...NOTHING, shown: [row("b"), row("c")] },
    { ...NOTHING, gone: ["gone"] },
    { ...NOTHING, missing: [own("new")] },
  ]);
});

Deno.test("ContextState.read() judges each row by what has happened until then", () => {
  const [state, around] = known();
  state.begin();
  const rows = [row("a"), row("published"), row("written"), row("ended")];
  const answer: Read = { memory: "memory", revision: 11, rows };
  const all = steps(state, around, answer, [], 1);
  assertEquals(all.next().value, { ...NOTHING, shown: [row("a")] });
  around.writes.set("published", "put");
  assert(state.wrote("written", row("written", HERE), "memory", 12));
  assertEquals(all.next().value, NOTHING);
  assertEquals(all.next().value, NOTHING);
  around.lease = undefined;
  assertEquals(all.next().value, NOTHING);
  assertEquals(state.rows.get("written"), row("written", HERE));
});

Deno.test("ContextState.end() doubts a row that was judged before an earlier own write was known", () => {
  for (const [life, isDoubtful] of [[THERE, true], [HERE, false]] as const) {
    const [state, around] = known();
    read(state, around, [row("a", life)], { revision: 11 });
    state.begin();
    apply(
      state,
      { memory: "memory", revision: 11, rows: [row("a", life)] },
      [own("a")],
      around,
    );
    assert(state.wrote("a", row("a", HERE), "memory", 10));
    state.end();
    assertEquals([state.isDoubtful, state.unheard], [isDoubtful, 0]);
  }
});

// Changes

Deno.test("ContextState.receive() applies the changes of a context in order", () => {
  const [state] = known(row("a"));
  assertEquals(state.receive(put(row("b"), 11)), true);
  assertEquals(state.receive(removed("a", 12)), true);
  assertEquals(
    state.receive(put(row("a"), 11)),
    false,
    "it is old",
  );
  assertEquals([ids(state), state.isDoubtful], [["b"], false]);
});

Deno.test("ContextState.receive() makes a context doubtful after a gap or by another memory, and leaves it doubtful", () => {
  const [state, around] = known();
  assertEquals(state.receive(put(row("a"), 12)), false);
  assert(state.isDoubtful);
  assertEquals(state.receive(put(row("a"), 11)), false);
  read(state, around, []);
  const other = { ...put(row("a"), 11), memory: "other" };
  assertEquals(state.receive(other), false);
  assert(state.isDoubtful);
  assertEquals(ids(state), []);
});

Deno.test("ContextState.receive() keeps changes that arrive during a reading until it ends", () => {
  const [state, around] = known(row("a"));
  state.begin();
  const change = removed("a", 11);
  assertEquals(state.receive(change), false);
  assertEquals(ids(state), ["a"]);
  apply(
    state,
    { memory: "memory", revision: 10, rows: [row("a")] },
    [],
    around,
  );
  assertEquals(state.end(), [change]);
  assertEquals(state.receive(change), true);
  assertEquals([ids(state), state.isDoubtful], [[], false]);
});

Deno.test("ContextState.receive() doubts a row of an unknown life, and keeps the former row", () => {
  const [state, around] = known(row("a"));
  assertEquals(state.receive(put(row("a", GHOST), 11)), false);
  assert(state.isDoubtful);
  assertEquals(ids(state), ["a"]);
  assertEquals(read(state, around, [], { revision: 12 }), NOTHING);
  assertEquals([ids(state), [...state.held.keys()]], [["a"], ["a"]]);
});

// Held rows

Deno.test("ContextState holds a row that the backbone has lost for two renewals of its owner", () => {
  const [state, around] = known(row("a"));
  for (let turn = 0; turn < 2; turn++) {
    assertEquals(read(state, around, [], { revision: 8 }), NOTHING);
    assertEquals(ids(state), ["a"]);
    around.renew();
  }
  const repair = read(state, around, [], { revision: 8 });
  assertEquals(repair, { ...NOTHING, gone: ["a"] });
  assertEquals([ids(state), state.held.size], [[], 0]);
});

Deno.test("ContextState holds the rows of a forgotten memory until their owner has announced itself", () => {
  const [state, around] = known(row("a"), row("b"));
  const memory = "other";
  around.renew({ epoch: "there/2", count: 1, announced: "" });
  for (let turn = 0; turn < 5; turn++) {
    assertEquals(read(state, around, [], { memory, revision: 1 }), NOTHING);
    assertEquals(ids(state), ["a", "b"]);
    around.renew();
  }
  const next = row("b", { node: "there", epoch: "there/2" });
  around.renew({ announced: memory });
  const repair = read(state, around, [next], { memory, revision: 2 });
  assertEquals(repair, { ...NOTHING, shown: [next], gone: ["a"] });
});

Deno.test("ContextState holds a row whose owner has announced itself since the reading began", () => {
  const [state, around] = known(row("a"));
  const memory = "other";
  state.begin();
  around.renew({ epoch: "there/2", count: 2, announced: memory });
  const answer = { memory, revision: 1, rows: [] };
  assertEquals(apply(state, answer, [], around), NOTHING);
  state.end();
  const repair = read(state, around, [], { memory, revision: 2 });
  assertEquals(repair, { ...NOTHING, gone: ["a"] });
});

Deno.test("ContextState keeps a row that its owner has written again", () => {
  const [state, around] = known(row("a"));
  read(state, around, [], { revision: 8 });
  state.receive(put(row("a"), 9));
  assertEquals([ids(state), state.held.size], [["a"], 0]);
});

Deno.test("ContextState keeps the row of the node that an entry has moved to, although a replica lacks it", () => {
  const [state, around] = known(row("a"));
  const repair = read(state, around, [row("a", HERE)], { revision: 8 });
  assertEquals(repair, NOTHING);
  assertEquals(state.rows.get("a"), row("a"));
});

Deno.test("ContextState.holds() reports whether a row of a node is held", () => {
  const [state, around] = known(row("a"));
  assertFalse(state.holds("there"));
  read(state, around, [], { revision: 8 });
  assert(state.holds("there"));
  assertFalse(state.holds("elsewhere"));
});

// Own writes

Deno.test("ContextState.wrote() applies a write before its change arrives, and ignores older changes", () => {
  const [state] = known();
  assert(state.wrote("a", row("a", HERE), "memory", 12));
  assertEquals([ids(state), state.unheard], [["a"], 1]);
  assertEquals(state.receive(put(row("a"), 11)), false);
  assertEquals(state.rows.get("a")?.node, "here");
  assertEquals(state.receive(put(row("a", HERE), 12)), true);
  assertEquals(state.unheard, 0);
});

Deno.test("ContextState.wrote() returns false after another node has written", () => {
  const [state] = known();
  state.receive(put(row("a", HERE), 11));
  state.receive(put(row("a"), 12));
  assertFalse(state.wrote("a", row("a", HERE), "memory", 11));
  assert(state.wrote("b", undefined, "memory", 10));
});

Deno.test("ContextState.read() keeps own writes that are later than the reading", () => {
  const [state, around] = known();
  state.begin();
  assert(state.wrote("a", row("a", HERE), "memory", 11));
  const ownRows = [own("a")];
  const answer = { memory: "memory", revision: 10, rows: [] };
  assertEquals(apply(state, answer, ownRows, around), NOTHING);
  assertEquals(ids(state), ["a"]);
  const repair = read(state, around, [], { revision: 11, ownRows });
  assertEquals(repair, { ...NOTHING, missing: ownRows }, "it was lost");
});

Deno.test("ContextState.retracted() removes an own row, and keeps that of another node", () => {
  const [state] = known(row("mine", HERE), row("a"));
  assert(state.retracted("mine", "here", "memory", 11));
  assert(state.retracted("a", "here", "memory", 9), "it is older than the row");
  assertFalse(state.retracted("a", "here", "memory", 12), "the row is lost");
  assertEquals(ids(state), ["a"]);
});

// Ends

Deno.test("ContextState.read() ignores own writes of a former life", () => {
  const [state, around] = known();
  state.begin();
  state.wrote("mine", row("mine", GHOST), "memory", 12);
  around.writes.set("mine", "retract");
  const answer = { memory: "memory", revision: 11, rows: [] };
  assertEquals(apply(state, answer, [], around).shown, []);
  assertEquals(ids(state), []);
});

Deno.test("ContextState.drop() removes the rows of a life, and no others", () => {
  const [state] = known(row("a"), row("b"), row("mine", HERE));
  assertEquals(state.drop(GHOST), []);
  assertEquals(state.drop(THERE), ["a", "b"]);
  assertEquals(ids(state), ["mine"]);
});

Deno.test("ContextState.forget() forgets everything", () => {
  const [state, around] = known(row("a"));
  state.forget();
  assertEquals([ids(state), state.isDoubtful], [[], true]);
  assertEquals(read(state, around, []), NOTHING);
});
