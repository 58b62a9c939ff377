import type { Lease } from "../backbone.ts";
import { ensure, ensureSame, until } from "./assertions.ts";
import { type Cases, first, kept, leaseOf, lifeOf } from "./lab.ts";

/** News that many an encoding would damage. */
const NEWS: Pick<Lease, "announced" | "written"> = {
  announced: 'mémoire:{1} "*" > ☃\n',
  written: [
    ['"doc-1"', 1],
    ["1", Number.MAX_SAFE_INTEGER],
    ['"__proto__"', 12_345_678_901],
    ['"a.*.> {b} ☃"', 3],
  ],
};

/** Cases about leases. */
export const LEASE_CASES: Cases = {
  "acquire() begins a life and notifies others of its lease": async (lab) => {
    const a = await lab.connect("a");
    const b = await lab.join("b");
    const memory = await a.acquire();
    ensure(memory !== "", "a memory has a name");
    const lease = kept(await b.leaseOf("a"));
    ensureSame(leaseOf(lease), a.lease, "the lease is as it was acquired");
    ensureSame(await a.lives(), [a.life, b.life], "both live");
    await until(
      () => b.leases.some(({ node }) => node === "a"),
      "b is notified of a's lease",
    );
    const notified = first(
      b.leases.filter(({ node }) => node === "a"),
      "a lease",
    );
    ensureSame(leaseOf(notified), a.lease, "it is the lease as acquired");
    ensureSame(b.ended, [], "no life is over");
  },

  "acquire() again, as after a lost answer, keeps the life": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    const memory = await a.acquire();
    await a.put("[1]");
    ensureSame((await a.renew()).isKept, true, "the life goes on");
    await until(
      () => b.leases.some(({ node, count }) => node === "a" && count === 2),
      "b is notified of the renewal",
    );
    ensureSame(b.ended, [], "no life is over");
    const { unpurged } = await b.renew();
    ensureSame(unpurged, [], "nothing is to be purged");
    ensureSame((await b.read()).memory, memory, "the memory is one");
  },

  "renew() keeps the lease and notifies others of its news": async (lab) => {
    const [a, b] = await lab.pair();
    for (const news of [NEWS, { announced: "", written: [] }]) {
      const { isKept, unpurged } = await a.renew(news);
      ensureSame([isKept, unpurged], [true, []], "the lease is kept");
      const { count } = a.lease;
      const isNew = (lease: Lease) =>
        lease.node === "a" && lease.count === count;
      await until(() => b.leases.some(isNew), "b is notified of the renewal");
      const lease = first(b.leases.filter(isNew), "a lease");
      ensureSame(leaseOf(lease), a.lease, "it is the lease as renewed");
      const one = kept(await b.leaseOf("a"));
      ensureSame(
        leaseOf(one),
        a.lease,
        "leases(node) returns the lease as renewed",
      );
      const all = await b.connection.leases();
      const same = all.filter(({ node }) => node === "a");
      ensureSame(
        same.map(leaseOf),
        [a.lease],
        "leases() returns the lease as renewed",
      );
    }
    const counts = b.leases.filter(({ node }) => node === "a")
      .map(({ count }) => count);
    ensureSame(
      counts,
      [1, 2, 3].slice(-counts.length),
      "b is notified of none twice",
    );
  },

  "renew() and all other calls return one memory": async (lab) => {
    const [a, b] = await lab.pair();
    const memory = await a.acquire();
    await b.connection.follow('"doc-1"');
    await a.put("[1]");
    const { memory: renewed } = await b.renew();
    const { memory: read } = await b.read();
    const { memory: empty } = await a.read('"doc-2"');
    const { memory: changed } = await b.changed("[1]");
    const all = [renewed, read, empty, changed];
    ensureSame(all, all.map(() => memory), "the memory is one");
  },

  "renew() does not create a lease": async (lab) => {
    const a = await lab.connect("a");
    const b = await lab.join("b");
    ensureSame((await a.renew()).isKept, false, "it is not kept");
    ensureSame(await b.leaseOf("a"), undefined, "there is no lease");
    ensureSame(await b.lives(), [b.life], "there is no life");
  },

  "leases() of an unknown node returns nothing": async (lab) => {
    const a = await lab.connect("a");
    ensureSame(await a.leaseOf("a"), undefined, "there is no lease");
    ensureSame(await a.connection.leases(), [], "there are no leases");
    await a.acquire();
    for (const node of ["", "A", "a/1", "a*", "*", ">", "__proto__"]) {
      ensureSame(
        await a.leaseOf(node),
        undefined,
        `there is no lease of ${JSON.stringify(node)}`,
      );
    }
  },

  "leases() returns how long ago each was renewed": async (lab) => {
    const [a, b] = await lab.pair();
    const ageOf = async () => {
      const { age } = kept(await b.leaseOf("a"));
      const all = await b.connection.leases();
      const other = kept(all.find(({ node }) => node === "a")).age;
      ensure(Math.min(age, other) >= 0, "an age is not negative");
      ensure(Number.isFinite(age + other), "an age is a number");
      return Math.min(age, other);
    };
    await ageOf();
    await until(async () => await ageOf() >= 300, "the lease has an age");
    const start = performance.now();
    await a.renew();
    const { age } = kept(await b.leaseOf("a"));
    const gone = performance.now() - start;
    ensure(age < 200 + gone, "a renewal makes the lease young again");
  },

  "end() ends a life once": async (lab) => {
    const [a, b] = await lab.pair();
    const { count } = a.lease;
    ensureSame(await b.connection.end(a.life, count), true, "it is ended");
    ensureSame(await b.connection.end(a.life, count), false, "but once");
    ensureSame(
      await a.connection.end(a.life, count),
      false,
      "nor by the node itself",
    );
    ensureSame(await b.leaseOf("a"), undefined, "no lease is left");
    ensureSame(await b.lives(), [b.life], "the other one lives on");
    await until(() => a.ended.length > 0, "the node itself is notified");
    ensureSame(a.ended.map(lifeOf), [a.life], "it is notified of its own life");
  },

  "end() by several nodes at once is done by one": async (lab) => {
    const a = await lab.join("a");
    const others = await Promise.all(
      ["b", "c", "d", "e"].map((node) => lab.join(node)),
    );
    const tries = await Promise.all(
      others.map(({ connection }) => connection.end(a.life, a.lease.count)),
    );
    ensureSame(tries.filter((isMine) => isMine), [true], "one has ended it");
    const index = tries.indexOf(true);
    const rest = others.filter((_, other) => other !== index);
    await until(
      () => rest.every(({ ended }) => ended.length > 0),
      "the others are notified",
    );
    for (const { ended } of rest) {
      ensureSame(ended.map(lifeOf), [a.life], "they are notified once");
    }
  },

  "end() does not end a life that was renewed meanwhile": async (lab) => {
    const [a, b] = await lab.pair();
    const { count } = kept(await b.leaseOf("a"));
    await a.renew();
    ensureSame(await b.connection.end(a.life, count), false, "it is too late");
    for (const wrong of [0, count + 2]) {
      const isEnded = await b.connection.end(a.life, wrong);
      ensureSame(isEnded, false, `the count ${wrong} is wrong`);
    }
    ensureSame((await a.renew()).isKept, true, "the life goes on");
    ensureSame(b.ended, [], "nobody is notified of an end");
  },

  "end() does not end another life, or one that does not exist": async (
    lab,
  ) => {
    const [a, b] = await lab.pair();
    const { count } = a.lease;
    const wrong = { node: "a", epoch: "a/0" };
    ensureSame(await b.connection.end(wrong, count), false, "another epoch");
    const none = { node: "c", epoch: "a/1" };
    ensureSame(await b.connection.end(none, count), false, "another node");
    ensureSame(await b.lives(), [a.life, b.life], "both live");
  },

  "end() and renew() at the same time: one of them is done": async (lab) => {
    const [a, b] = await lab.pair();
    for (let turn = 2; turn < 12; turn++) {
      const { count } = a.lease;
      const [{ isKept }, isEnded] = await Promise.all([
        a.renew(),
        b.connection.end(a.life, count),
      ]);
      ensure(isKept !== isEnded, "either it is kept or it is ended");
      const lease = await b.leaseOf("a");
      ensureSame(lease !== undefined, isKept, "the lease is there if kept");
      if (isEnded) await a.acquire(`a/${turn}`);
    }
  },
};
