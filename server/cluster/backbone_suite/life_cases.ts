import type { NodeLife, RowWrite } from "../backbone.ts";
import { ensure, ensureSame, until } from "./assertions.ts";
import {
  type Cases,
  CONTEXT,
  ensureChanges,
  idOf,
  lifeOf,
  OTHER,
  type Party,
} from "./lab.ts";

const ALICE = idOf("alice");
const BOB = idOf("bob");

/** More steps than any purge takes. */
const MAX_STEPS = 10_000;

/** Purges a life, in as many steps as it takes. */
async function purge({ connection }: Party, life: NodeLife): Promise<void> {
  for (let step = 0; step < MAX_STEPS; step++) {
    if (await connection.purge(life)) return;
  }
  ensure(false, "a purge ends");
}

/** Ends the life of a node. */
async function end(by: Party, { life, lease }: Party): Promise<void> {
  const isEnded = await by.connection.end(life, lease.count);
  ensureSame(isEnded, true, "the life is ended");
}

async function unpurged(party: Party): Promise<readonly NodeLife[]> {
  return (await party.renew()).unpurged.map(lifeOf);
}

/** Cases about lives that are over, and their rows. */
export const LIFE_CASES: Cases = {
  "renew() does not keep a life that is over": async (lab) => {
    const [a, b] = await lab.pair();
    const { memory } = await b.renew();
    await end(b, a);
    const former = a.life;
    const renewal = await a.renew();
    ensureSame(renewal.isKept, false, "it is not kept");
    ensureSame(renewal.memory, memory, "the backbone has forgotten nothing");
    ensureSame(await b.leaseOf("a"), undefined, "it is not back");
    await a.acquire("a/2");
    ensureSame(await b.lives(), [a.life, b.life], "it has another life");
    const isEnded = await b.connection.end(former, 1);
    ensureSame(isEnded, false, "the former one is over");
    ensureSame((await a.renew()).isKept, true, "the new one goes on");
  },

  "acquire() ends the former life of the node": async (lab) => {
    const [a, b] = await lab.pair();
    await a.put(ALICE);
    const again = await lab.connect("a");
    await again.acquire("a/2");
    await until(() => b.ended.length > 0, "the others are notified");
    ensureSame(b.ended.map(lifeOf), [a.life], "they are notified once");
    ensureSame(await b.lives(), [again.life, b.life], "there is one life");
    const { isKept } = await a.renew();
    ensureSame(isKept, false, "the former one is not kept");
    const isEnded = await b.connection.end(a.life, a.lease.count);
    ensureSame(isEnded, false, "the former one is not there to be ended");
    ensureSame((await again.renew()).isKept, true, "the new one goes on");
    ensureSame(await unpurged(b), [a.life], "the former one is to be purged");
    await purge(b, a.life);
    ensureSame(await b.rows(), [], "its row is gone");
    ensureSame(await unpurged(b), [], "it is purged");
  },

  "renew() names a life that is over until it is purged": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.join("c");
    await a.put(ALICE);
    ensureSame(await unpurged(b), [], "a life that goes on is not named");
    await end(b, a);
    ensureSame(await unpurged(b), [a.life], "the node that ended it sees it");
    ensureSame(await unpurged(c), [a.life], "the others see it");
    await purge(c, a.life);
    ensureSame(await unpurged(b), [], "no renewal names it any more");
    ensureSame(await unpurged(c), [], "no renewal names it any more");
  },

  "purge() removes the rows of a life and notifies nobody": async (lab) => {
    const [a, b] = await lab.pair();
    await b.connection.follow(CONTEXT);
    await a.put(ALICE, "of the former life");
    await a.put(BOB, "is taken over");
    await a.put(ALICE, "elsewhere", OTHER);
    await b.put(BOB, "by b");
    await b.put(idOf("carol"), "of b");
    const former = a.life;
    await a.acquire("a/2");
    await a.put(idOf("dave"), "of the new life");
    const { revision } = await b.read();
    await purge(b, former);
    const left = [
      b.row(BOB, "by b"),
      b.row(idOf("carol"), "of b"),
      a.row(idOf("dave"), "of the new life"),
    ];
    ensureSame(await b.rows(), left, "what others have is left");
    ensureSame(await b.rows(OTHER), [], "it is purged everywhere");
    const after = await b.put(idOf("erin"));
    ensure(after.revision > revision, "the revisions grow on");
    await b.changed(idOf("erin"));
    ensureChanges(b, [
      `${ALICE}=of the former life`,
      `${BOB}=is taken over`,
      `${BOB}=by b`,
      `${idOf("carol")}=of b`,
      `${idOf("dave")}=of the new life`,
      `${idOf("erin")}=1`,
    ]);
  },

  "purge() removes thousands of rows in steps": async (lab) => {
    const [a, b] = await lab.pair();
    for (let batch = 0; batch < 6; batch++) {
      const writes = Array.from({ length: 500 }, (_, index): RowWrite => ({
        type: "put",
        context: index % 2 === 0 ? CONTEXT : JSON.stringify(index),
        id: idOf(`${batch}-${index}`),
        value: "1",
        age: 0,
      }));
      await a.write(...writes);
    }
    await b.put(ALICE);
    ensureSame((await b.rows()).length, 1_501, "they are there");
    await end(b, a);
    await purge(b, a.life);
    ensureSame(await b.rows(), [b.row(ALICE)], "they are gone");
    ensureSame(await b.rows("1"), [], "they are gone everywhere");
    ensureSame(await unpurged(b), [], "it is purged");
  },

  "purge() by two nodes at once, and again, does no harm": async (lab) => {
    const [a, b] = await lab.pair();
    const c = await lab.join("c");
    for (let index = 0; index < 20; index++) await a.put(idOf(`${index}`));
    await b.put(ALICE);
    await end(b, a);
    await Promise.all([purge(b, a.life), purge(c, a.life)]);
    await purge(b, a.life);
    ensureSame(await c.rows(), [b.row(ALICE)], "the rows are gone");
    ensureSame(await unpurged(c), [], "it is purged");
  },

  "purge() of a context removes the rows of a life from it and notifies nobody":
    async (
      lab,
    ) => {
      const [a, b] = await lab.pair();
      await b.connection.follow(CONTEXT);
      const former = a.life;
      await a.put(ALICE, "1");
      await a.put(BOB, "2");
      await a.put(ALICE, "3", OTHER);
      const elsewhere = a.row(ALICE, "3");
      await a.acquire("a/2");
      await a.put(idOf("carol"));
      await b.put(idOf("dave"));
      await b.connection.purge(former, CONTEXT);
      const left = [a.row(idOf("carol")), b.row(idOf("dave"))];
      ensureSame(await b.rows(), left, "what others have is left");
      ensureSame(await b.rows(OTHER), [elsewhere], "another context is left");
      await b.connection.purge(former, CONTEXT);
      await b.connection.purge(former, '"nowhere"');
      await b.put(ALICE, "of b");
      await until(() => b.changes.length >= 5, "b receives the last one");
      ensureChanges(b, [
        `${ALICE}=1`,
        `${BOB}=2`,
        `${idOf("carol")}=1`,
        `${idOf("dave")}=1`,
        `${ALICE}=of b`,
      ]);
      await purge(b, former);
      ensureSame(await b.rows(OTHER), [], "the rest is left to another purge");
    },

  "purge() leaves the rows of a life that has its lease": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    await a.put(ALICE);
    await a.put(BOB, "1", OTHER);
    await b.connection.purge(a.life, CONTEXT);
    ensureSame(
      await b.rows(),
      [a.row(ALICE)],
      "nothing is purged from a context",
    );
    await purge(b, a.life);
    ensureSame(await b.rows(), [a.row(ALICE)], "nothing is purged");
    ensureSame(await b.rows(OTHER), [a.row(BOB)], "nor anywhere else");
    ensureSame((await a.renew()).isKept, true, "the life goes on");
    await end(b, a);
    await b.connection.purge(a.life, CONTEXT);
    ensureSame(
      await b.rows(),
      [],
      "it is purged from a context once it is over",
    );
    await purge(b, a.life);
    ensureSame(await b.rows(OTHER), [], "and everywhere");
  },

  "purge() leaves the rows of another node of the same epoch": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    await a.acquire("1");
    await b.acquire("1");
    await a.put(ALICE);
    await a.put(ALICE, "1", OTHER);
    await b.put(BOB);
    await b.put(BOB, "1", OTHER);
    await end(b, a);
    await b.connection.purge(a.life, CONTEXT);
    ensureSame(await b.rows(), [b.row(BOB)], "the other one's row is left");
    await purge(b, a.life);
    ensureSame(await b.rows(), [b.row(BOB)], "the other one's row is left");
    ensureSame(await b.rows(OTHER), [b.row(BOB)], "it is so everywhere");
  },

  "write() of a life that is over may be done, and names that life": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    await end(b, a);
    await purge(b, a.life);
    await b.put(BOB);
    await a.put(ALICE, "late").catch(() => {});
    const late = (await b.rows()).filter(({ id }) => id === ALICE);
    ensure(
      late.every(({ node, epoch }) => node === "a" && epoch === "a/1"),
      "it is of the life that is over",
    );
    ensureSame(await b.lives(), [b.life], "that life is not back");
    await b.connection.purge(a.life, CONTEXT);
    ensureSame(await b.rows(), [b.row(BOB)], "it is purged from the context");
    const { isDone } = await b.put(ALICE, "of b", CONTEXT, 60_000);
    ensureSame(isDone, true, "nothing stands in the way any more");
  },

  "renew() does not keep a forgotten lease, nor are its rows there": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    const { memory } = await a.renew();
    await a.put(ALICE);
    await lab.forget();
    const former = a.life;
    await until(async () => {
      const renewal = await b.renew().catch(() => undefined);
      if (renewal === undefined) return false;
      ensureSame(renewal.isKept, false, "the lease is forgotten");
      return renewal.memory !== memory;
    }, "the backbone has another memory");
    const again = await b.acquire();
    ensure(again !== memory, "the memory is another one");
    ensureSame((await a.renew()).isKept, false, "the lease is forgotten");
    ensureSame(await b.lives(), [b.life], "the other lease is forgotten");
    const read = await b.read();
    ensureSame([read.memory, read.rows], [again, []], "no row is left");
    ensureSame(await a.acquire(), again, "the memory is one again");
    ensureSame(a.life, former, "the life is the same");
    ensureSame((await a.put(ALICE)).isDone, true, "rows are written again");
    ensureSame(await b.rows(), [a.row(ALICE)], "it is there again");
    await b.connection.follow(CONTEXT);
    await a.put(BOB);
    ensureSame((await b.changed(BOB)).memory, again, "a change names it");
  },
};
