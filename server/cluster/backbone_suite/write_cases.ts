import type { RowWrite } from "../backbone.ts";
import { ensure, ensureSame } from "./assertions.ts";
import { type Cases, CONTEXT, first, idOf, OTHER, type Party } from "./lab.ts";

const ALICE = idOf("alice");
const BOB = idOf("bob");
const LONG_AGO = 3_600_000;

/** Tries every write of another life, and checks whether it is done. */
async function tries(owner: Party, other: Party): Promise<void> {
  await owner.put(ALICE, "young", CONTEXT, 0);
  const last = await owner.put(BOB);
  const put = await other.put(ALICE, "older", CONTEXT, LONG_AGO);
  const retract = await other.retract(ALICE);
  const withdraw = await other.withdraw(ALICE, LONG_AGO);
  for (const [name, { isDone }] of Object.entries({ put, retract, withdraw })) {
    ensureSame(isDone, false, `${name} of another life is refused`);
  }
  const expected = [owner.row(ALICE, "young"), owner.row(BOB)];
  ensureSame(await owner.rows(), expected, "nothing has changed");
  const { revision } = await owner.read();
  for (const refused of [put, retract, withdraw]) {
    ensure(
      refused.revision >= last.revision && refused.revision <= revision,
      "a refusal gives the revision of the last change",
    );
  }
  await owner.put(ALICE, "old", CONTEXT, LONG_AGO);
  const taken = await other.put(ALICE, "younger", CONTEXT, 0);
  ensureSame(taken.isDone, true, "put is done if it is younger");
  const rows = [other.row(ALICE, "younger"), owner.row(BOB)];
  ensureSame(await other.rows(), rows, "the row has moved");
  const { isDone } = await owner.retract(ALICE);
  ensureSame(isDone, false, "the former owner can't retract it");
  await other.put(ALICE, "old", CONTEXT, LONG_AGO);
  const gone = await owner.withdraw(ALICE, 0);
  ensureSame(gone.isDone, true, "withdraw is done if it is younger");
  ensureSame(await other.rows(), [owner.row(BOB)], "the row is gone");
}

/** Cases about the results of writes. */
export const WRITE_CASES: Cases = {
  "read() returns an empty context": async (lab) => {
    const a = await lab.connect("a");
    const { rows, revision } = await a.read();
    ensureSame(rows, [], "there is no row");
    ensure(Number.isSafeInteger(revision), "there is a revision");
    await a.acquire();
    const put = await a.put(ALICE);
    ensure(put.revision > revision, "the first change comes after it");
    ensureSame(await a.rows(OTHER), [], "another context is empty");
  },

  "read() sees every acknowledged write, whatever the writer": async (lab) => {
    const [a, b] = await lab.pair();
    for (let turn = 0; turn < 30; turn++) {
      const [writer, reader] = turn % 2 === 0 ? [a, b] : [b, a];
      const { revision } = await writer.put(ALICE, `${turn}`);
      const read = await reader.read();
      ensure(read.revision >= revision, "a read is not older than a write");
      const row = first(read.rows, "a row");
      ensureSame(row.value, `${turn}`, "a read sees what is written");
    }
  },

  "read() misses no row that is written again meanwhile": async (lab) => {
    const [a, b] = await lab.pair();
    const ids = Array.from({ length: 20 }, (_, index) => idOf(`${index}`));
    for (const id of ids) await a.put(id);
    for (let turn = 0; turn < 50; turn++) {
      const reading = b.rows();
      // What is new must not make up for what is missing.
      const writing = ids.flatMap((id) => [
        a.put(idOf(`new ${turn} ${id}`)),
        a.put(id, `${turn}`),
      ]);
      const there = new Set((await reading).map(({ id }) => id));
      const missing = ids.filter((id) => !there.has(id));
      ensureSame(missing, [], "no row is missing");
      await Promise.all(writing);
    }
  },

  "read() and write() are done in the order of their calls": async (lab) => {
    const a = await lab.connect("a");
    const acquired = a.acquire();
    const puts = [1, 2, 3].map((value) => a.put(ALICE, `${value}`));
    const between = a.rows();
    const gone = a.retract(ALICE);
    const after = a.rows();
    const again = a.put(ALICE, "4");
    await acquired;
    const written = await Promise.all([...puts, gone, again]);
    for (const [index, { isDone, revision }] of written.entries()) {
      ensureSame(isDone, true, "each is done");
      const former = written[index - 1]?.revision ?? -1;
      ensure(revision > former, "revisions grow in the order of the calls");
    }
    // Each may see what was called later as well.
    const seen = (await between).map(({ value }) => value);
    ensure(!["1", "2"].includes(seen[0] ?? ""), "a read sees former writes");
    const left = (await after).map(({ value }) => value);
    ensure(left.every((value) => value === "4"), "a read sees what is gone");
    ensureSame(await a.rows(), [a.row(ALICE, "4")], "the last one counts");
  },

  "write() does the writes of a batch in order": async (lab) => {
    const [a, b] = await lab.pair();
    const put = (value: string, id = ALICE): RowWrite => (
      { type: "put", context: CONTEXT, id, value, age: 0 }
    );
    const retract = { type: "retract", context: CONTEXT, id: ALICE } as const;
    const withdraw: RowWrite = { ...retract, type: "withdraw", age: 0 };
    const written = await a.write(
      put("1"),
      put("2"),
      retract,
      retract,
      put("3"),
      withdraw,
      put("4"),
      put("5", BOB),
    );
    ensureSame(
      written.map(({ isDone }) => isDone),
      [true, true, true, false, true, true, true, true],
      "each is answered in its place",
    );
    for (const [index, { isDone, revision }] of written.entries()) {
      const former = written[index - 1]?.revision ?? -1;
      if (isDone) ensure(revision > former, "revisions grow");
      else ensure(revision >= former, "a refusal gives the last revision");
    }
    const rows = [a.row(ALICE, "4"), a.row(BOB, "5")];
    ensureSame(await b.rows(), rows, "the last ones count");
    ensureSame(await a.write(), [], "nothing is nothing");
  },

  "write() of hundreds of rows in many contexts": async (lab) => {
    const [a, b] = await lab.pair();
    const writes = Array.from({ length: 500 }, (_, index): RowWrite => ({
      type: "put",
      context: JSON.stringify(`doc-${index % 100}`),
      id: idOf(`${index}`),
      value: `${index}`,
      age: index,
    }));
    const written = await a.write(...writes);
    ensureSame(written.length, 500, "each is answered");
    ensure(written.every(({ isDone }) => isDone), "each is done");
    for (const index of [0, 1, 42, 99]) {
      const { rows, revision } = await b.read(JSON.stringify(`doc-${index}`));
      const values = rows.map(({ value }) => Number(value)).sort((x, y) =>
        x - y
      );
      const expected = [0, 100, 200, 300, 400].map((more) => more + index);
      ensureSame(values, expected, "each is in its context");
      const last = written[index + 400]?.revision ?? Infinity;
      ensure(revision >= last, "the revision is up to the last one");
    }
    const gone = writes.map(({ context, id }) => (
      { type: "retract", context, id } as const
    ));
    const retracted = await a.write(...gone);
    ensure(retracted.every(({ isDone }) => isDone), "each is gone");
    ensureSame(await b.rows('"doc-42"'), [], "none is left");
  },

  "write() makes revisions grow, also while a context is empty": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    let last = (await a.read()).revision;
    for (const party of [a, b, a]) {
      const put = await party.put(ALICE);
      ensure(put.revision > last, "they grow with a put");
      const { revision, isDone } = await party.retract(ALICE);
      ensureSame(isDone, true, "it is gone");
      ensure(revision > put.revision, "they grow with a retraction");
      const again = await party.retract(ALICE);
      ensureSame(again.isDone, false, "it can't be retracted twice");
      ensure(again.revision >= revision, "a refusal gives the last revision");
      const read = await party.read();
      ensureSame(read.rows, [], "the context is empty");
      ensure(read.revision >= again.revision, "a read gives no older one");
      last = read.revision;
    }
  },

  "write() of another node is refused if it is older": async (lab) => {
    await tries(...await lab.pair());
  },

  "write() of another life of the same node is refused if it is older": async (
    lab,
  ) => {
    const a = await lab.join("a");
    const later = await lab.connect("a");
    await a.put(ALICE);
    await later.acquire("a/2");
    await tries(later, a);
  },

  "write() of the owning life is done, whatever its age": async (lab) => {
    const a = await lab.join("a");
    await a.put(ALICE, "1", CONTEXT, 0);
    const put = await a.put(ALICE, "2", CONTEXT, LONG_AGO);
    ensureSame(put.isDone, true, "put is done");
    ensureSame(await a.rows(), [a.row(ALICE, "2")], "the row has changed");
    await a.put(ALICE, "3", CONTEXT, 0);
    const withdrawn = await a.withdraw(ALICE, LONG_AGO);
    ensureSame(withdrawn.isDone, true, "withdraw is done");
    ensureSame(await a.rows(), [], "the row is gone");
  },

  "write() of the same age is done later": async (lab) => {
    const [a, b] = await lab.pair();
    for (const age of [0, 1.5, LONG_AGO, 1_800_000_000_000]) {
      await a.put(ALICE, "a", CONTEXT, age);
      const { isDone } = await b.put(ALICE, "b", CONTEXT, age);
      ensureSame(isDone, true, `put is done at the age of ${age}`);
      await a.put(ALICE, "a", CONTEXT, age);
      const gone = await b.withdraw(ALICE, age);
      ensureSame(gone.isDone, true, `withdraw is done at the age of ${age}`);
    }
  },

  "write() removes no row that does not exist": async (lab) => {
    const [a, b] = await lab.pair();
    await b.connection.follow(CONTEXT);
    const retracted = await a.retract(ALICE);
    ensureSame(retracted.isDone, false, "there is nothing to retract");
    await a.withdraw(ALICE);
    const put = await a.put(BOB);
    ensure(put.revision > retracted.revision, "the revisions grow");
    await b.changed(BOB);
    const ids = b.changes.map(({ change }) => change.type);
    ensure(ids.filter((type) => type === "put").length === 1, "one was put");
    ensureSame(await a.rows(), [a.row(BOB)], "one is there");
  },

  "read() returns how long ago an owner heard from the publisher": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    const start = performance.now();
    for (const age of [0, 1.5, LONG_AGO]) {
      await b.connection.follow(CONTEXT);
      const id = idOf(`${age}`);
      await a.put(id, "1", CONTEXT, age);
      const { rows } = await b.read();
      const row = first(rows.filter((row) => row.id === id), "the row");
      const gone = performance.now() - start;
      ensure(row.age >= 0, "an age is not negative");
      ensure(row.age >= age - 1, "a row is not younger than it was");
      ensure(row.age <= age + gone + 1_000, "a row is not older than it is");
      const { change } = await b.changed(id);
      ensure(change.type === "put", "it was put");
      ensure(change.row.age >= 0, "an age is not negative");
      ensure(change.row.age >= age - 1, "a change is not younger");
      ensure(change.row.age <= age + gone + 1_000, "a change is not older");
    }
  },
};
