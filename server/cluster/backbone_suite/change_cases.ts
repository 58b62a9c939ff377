import type { RowChange } from "../backbone.ts";
import { ensure, ensureFails, ensureSame, until } from "./assertions.ts";
import {
  brief,
  type Cases,
  CONTEXT,
  ensureChain,
  ensureChanges,
  first,
  idOf,
  OTHER,
  type Party,
  plain,
  type PlainRow,
} from "./lab.ts";

const ALICE = idOf("alice");
const BOB = idOf("bob");
/** The row by which it is known that nothing more will come. */
const LAST = idOf("last");

/** The rows of a follower that has read a context. */
function mirror(
  read: { revision: number; rows: readonly PlainRow[] },
  changes: readonly RowChange[],
): readonly PlainRow[] {
  const rows = new Map(read.rows.map((row) => [row.id, row]));
  for (const { revision, change } of changes) {
    if (revision <= read.revision) continue;
    if (change.type === "put") rows.set(change.row.id, change.row);
    else rows.delete(change.id);
  }
  return plain([...rows.values()].map((row) => ({ ...row, age: 0 })));
}

/** Puts and removes rows, many at once. */
async function scribble(party: Party, turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    const id = (offset: number) => idOf(`${(turn + offset) % 5}`);
    const context = CONTEXT;
    const value = `${party.node} ${turn}`;
    await party.write(
      { type: "put", context, id: id(0), value, age: 0 },
      { type: "retract", context, id: id(2) },
      { type: "withdraw", context, id: id(3), age: 0 },
      { type: "put", context, id: id(1), value, age: 0 },
    );
  }
}

/** Cases about changes that followers receive. */
export const CHANGE_CASES: Cases = {
  "follow() delivers all later changes in order": async (lab) => {
    const [a, b] = await lab.pair();
    await a.put(BOB, "before");
    await b.connection.follow(CONTEXT);
    await a.put(ALICE, "1");
    await b.put(ALICE, "2");
    await a.retract(BOB);
    await a.withdraw(ALICE);
    await a.write(
      { type: "put", context: CONTEXT, id: ALICE, value: "3", age: 0 },
      { type: "put", context: OTHER, id: ALICE, value: "4", age: 0 },
      { type: "retract", context: CONTEXT, id: ALICE },
    );
    await a.put(LAST, "5");
    await b.changed(LAST);
    ensureChanges(b, [
      `${ALICE}=1`,
      `${ALICE}=2`,
      `${BOB} is gone`,
      `${ALICE} is gone`,
      `${ALICE}=3`,
      `${ALICE} is gone`,
      `${LAST}=5`,
    ]);
    ensureChanges(b, [], OTHER);
    ensureChanges(a, []);
  },

  "follow() delivers no removal before an earlier put of the same batch":
    async (lab) => {
      const [a, b] = await lab.pair();
      const CAROL = idOf("carol");
      // Of each row the writer knows an older state than the last one.
      for (const id of [ALICE, CAROL]) await a.put(id);
      await a.put(BOB);
      for (const id of [ALICE, CAROL]) await b.withdraw(id);
      await b.connection.follow(CONTEXT);
      await a.write(
        { type: "put", context: CONTEXT, id: ALICE, value: "2", age: 0 },
        { type: "put", context: CONTEXT, id: CAROL, value: "2", age: 0 },
        { type: "retract", context: CONTEXT, id: BOB },
      );
      await until(
        () => b.changes.some((change) => brief(change) === `${BOB} is gone`),
        "b receives the removal of bob",
      );
      const first = b.changes.map(brief).slice(0, 2).sort();
      ensureSame(first, [`${ALICE}=2`, `${CAROL}=2`], "the puts came before");
    },

  "follow() delivers the owner and the revision of a row": async (lab) => {
    const [a, b] = await lab.pair();
    const { revision: read } = await b.read();
    await b.connection.follow(CONTEXT);
    const put = await a.put(ALICE);
    const { change, revision, previous } = await b.changed(ALICE);
    ensure(change.type === "put", "it was put");
    ensureSame(plain([change.row]), [a.row(ALICE)], "it is the row");
    ensureSame(revision, put.revision, "it is the revision of the write");
    ensure((previous ?? 0) <= read, "nothing was missed");
    const gone = await a.retract(ALICE);
    await until(() => b.changes.length === 2, "b receives the retraction");
    const revisions = b.changes.map(({ revision }) => revision);
    const expected = [put.revision, gone.revision];
    ensureSame(revisions, expected, "they are those of the writes");
  },

  "follow() delivers with a removal how long before the publisher has left":
    async (lab) => {
      const [a, b] = await lab.pair();
      await b.connection.follow(CONTEXT);
      const row = { context: CONTEXT, value: "1" };
      await a.write(
        { type: "put", ...row, id: ALICE, age: 3_600_000 },
        { type: "put", ...row, id: BOB, age: 3_600_000 },
      );
      await b.withdraw(ALICE, 60_000);
      await a.retract(BOB);
      await until(() => b.changes.length === 4, "b receives the removals");
      const ages = b.changes.flatMap(({ change }) =>
        change.type === "removed" ? [change.age] : []
      );
      ensureSame(ages, [60_000, undefined], "they are those of the writes");
    },

  "follow() delivers a change to its writer as well": async (lab) => {
    const [a, b] = await lab.pair();
    await a.connection.follow(CONTEXT);
    await a.put(ALICE, "1");
    await b.put(BOB, "2");
    await a.put(LAST, "3");
    await a.changed(LAST);
    ensureChanges(a, [`${ALICE}=1`, `${BOB}=2`, `${LAST}=3`]);
  },

  "follow() delivers nothing of a refused write": async (lab) => {
    const [a, b] = await lab.pair();
    await b.connection.follow(CONTEXT);
    await a.put(ALICE, "1");
    await b.put(ALICE, "2", CONTEXT, 3_600_000);
    await b.retract(ALICE);
    await b.withdraw(ALICE, 3_600_000);
    await a.put(LAST, "3");
    await b.changed(LAST);
    ensureChanges(b, [`${ALICE}=1`, `${LAST}=3`]);
  },

  "follow() twice delivers everything once": async (lab) => {
    const [a, b] = await lab.pair();
    await Promise.all([
      b.connection.follow(CONTEXT),
      b.connection.follow(CONTEXT),
    ]);
    await b.connection.follow(CONTEXT);
    await a.put(ALICE, "1");
    await a.put(LAST, "2");
    await b.changed(LAST);
    ensureChanges(b, [`${ALICE}=1`, `${LAST}=2`]);
  },

  "follow() and read() mirror a context with several writers": async (
    lab,
  ) => {
    const parties = await Promise.all(
      ["a", "b", "c"].map((node) => lab.join(node)),
    );
    const [a] = parties;
    const observer = await lab.connect("observer");
    const writing = Promise.all(parties.map((party) => scribble(party, 25)));
    await observer.connection.follow(CONTEXT);
    let read = await observer.read();
    await writing;
    await a?.put(LAST);
    await observer.changed(LAST);
    const rows = await observer.rows();
    // A follower reads again after an interruption, for which a change that the
    // server delivers too late is a reason.
    if (observer.interruptions > 0) read = await observer.read();
    ensureChain(observer.changes);
    const unique = new Set(observer.changes.map(({ revision }) => revision));
    ensureSame(unique.size, observer.changes.length, "each is received once");
    ensureSame(
      mirror(
        { revision: read.revision, rows: plain(read.rows) },
        observer.changes,
      ),
      rows,
      "what was read and received is what is there",
    );
  },

  "unfollow() stops deliveries at once": async (lab) => {
    const [a, b] = await lab.pair();
    await b.connection.follow(CONTEXT);
    await b.connection.follow(OTHER);
    await a.put(ALICE, "1");
    await b.changed(ALICE);
    b.connection.unfollow(CONTEXT);
    b.connection.unfollow('"nowhere"');
    await a.put(ALICE, "2");
    await a.put(LAST, "3", OTHER);
    await b.changed(LAST, OTHER);
    ensureChanges(b, [`${ALICE}=1`]);
    ensureChanges(b, [`${LAST}=3`], OTHER);
  },

  "unfollow() leaves other connections subscribed": async (lab) => {
    const backbone = await lab.open();
    const a = await lab.join("a", backbone);
    const b = await lab.join("b", backbone);
    const c = await lab.join("c", backbone);
    for (const { connection } of [a, b, c]) await connection.follow(CONTEXT);
    b.connection.unfollow(CONTEXT);
    await c.connection.close();
    await a.put(LAST);
    await a.changed(LAST);
    ensureChanges(a, [`${LAST}=1`]);
    ensureChanges(b, []);
    ensureChanges(c, []);
  },

  "follow() after unfollow() delivers again": async (lab) => {
    const [a, b] = await lab.pair();
    for (const [index, id] of [ALICE, BOB, LAST].entries()) {
      const following = b.connection.follow(CONTEXT);
      if (index > 0) await following;
      b.connection.unfollow(CONTEXT);
      await Promise.all([following, b.connection.follow(CONTEXT)]);
      await a.put(id, "1");
      await b.changed(id);
      b.connection.unfollow(CONTEXT);
      await a.put(id, "2");
    }
    const expected = [`${ALICE}=1`, `${BOB}=1`, `${LAST}=1`];
    ensureSame(
      b.changes.map(brief),
      expected,
      "b receives changes while it follows",
    );
  },

  "write() and follow() take large values": async (lab) => {
    const [a, b] = await lab.pair();
    await b.connection.follow(CONTEXT);
    const large = JSON.stringify("é☃".repeat(13_108));
    await a.put(ALICE, large);
    const { change } = await b.changed(ALICE);
    ensure(change.type === "put", "it was put");
    ensure(change.row.value === large, "a follower receives all of it");
    const row = first((await b.read()).rows, "a row");
    ensure(row.value === large, "a reader receives all of it");
  },

  "close() leaves the lease and the rows, and stops deliveries": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    await a.connection.follow(CONTEXT);
    await a.put(ALICE, "1");
    await a.changed(ALICE);
    await a.connection.close();
    await a.connection.close();
    ensureSame(await b.lives(), [a.life, b.life], "the lease is there");
    ensureSame(await b.rows(), [a.row(ALICE)], "the row is there");
    await b.connection.follow(CONTEXT);
    b.connection.send(CONTEXT, "late");
    await b.put(LAST, "2");
    await b.changed(LAST);
    ensureChanges(a, [`${ALICE}=1`]);
    ensureSame(a.texts, [], "no text arrives any more");
    ensureSame(b.ended, [], "nobody is notified of an end");
    const isEnded = await b.connection.end(a.life, a.lease.count);
    ensureSame(isEnded, true, "it lasts until it is ended");
  },

  "close() makes every later call fail": async (lab) => {
    const [a, b] = await lab.pair();
    const { connection, life, lease } = a;
    await connection.close();
    const calls = {
      acquire: () => connection.acquire(lease),
      renew: () => connection.renew(lease),
      leases: () => connection.leases(),
      "leases of a node": () => connection.leases("b"),
      end: () => connection.end(b.life, b.lease.count),
      purge: () => connection.purge(life),
      "purge of a context": () => connection.purge(life, CONTEXT),
      write: () => a.put(ALICE),
      follow: () => connection.follow(CONTEXT),
      read: () => connection.read(CONTEXT),
    };
    for (const [name, call] of Object.entries(calls)) {
      await ensureFails(call, `${name}() after close()`);
    }
    connection.unfollow(CONTEXT);
    connection.send(CONTEXT, "late");
    ensureSame(await b.lives(), [a.life, b.life], "nothing was done");
    ensureSame(await b.rows(), [], "nothing was written");
  },
};
