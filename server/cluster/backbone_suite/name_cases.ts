import { ensureSame } from "./assertions.ts";
import { brief, type Cases, CONTEXT, ensureChanges, idOf } from "./lab.ts";

/** Texts that some stores confuse with something else, or with each other. */
const ODD = [
  "",
  " ",
  "a",
  "A",
  "a ",
  "a.b",
  ".a.",
  "a:b",
  "a/b",
  "a,b",
  "*",
  "**",
  ">",
  "a.*",
  "a.>",
  "$a",
  "{a}",
  "{a}b",
  "{}",
  "[a-z]",
  "a?",
  "a\\",
  'a"b',
  "a=b",
  "%61",
  "_INBOX.a",
  "a\nb",
  "a\tb",
  "a\r\nb",
  "a\u0000b",
  "é",
  "e\u0301",
  "☃",
  "🧑‍🚀",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "..",
  "-",
  "_",
  "1",
  "01",
  "1e0",
  "x".repeat(500),
  "x".repeat(501),
  `${"x".repeat(500)}y`,
  "☃".repeat(200),
];

/** The same as contexts: JSON, hence a number is one, too. */
const CONTEXTS = [...ODD.map((name) => JSON.stringify(name)), "1", "1.5", "-1"];

/** As ids. */
const IDS = [
  ...ODD.map(idOf),
  ...ODD.map((name) => JSON.stringify([name, name])),
];

/** Cases about names, which may be any text. */
export const NAME_CASES: Cases = {
  "write() and read() distinguish all contexts": async (lab) => {
    const [a, b] = await lab.pair();
    await a.write(...CONTEXTS.map((context) => (
      { type: "put", context, id: CONTEXT, value: context, age: 0 } as const
    )));
    for (const context of CONTEXTS) {
      const expected = [a.row(CONTEXT, context)];
      ensureSame(await b.rows(context), expected, `${context} is read`);
    }
  },

  "follow() distinguishes all contexts": async (lab) => {
    const [a, b] = await lab.pair();
    const followed = CONTEXTS.filter((_, index) => index % 2 === 0);
    await Promise.all(followed.map((name) => b.connection.follow(name)));
    await a.write(...CONTEXTS.map((context) => (
      { type: "put", context, id: CONTEXT, value: context, age: 0 } as const
    )));
    for (const context of followed) await b.changed(CONTEXT, context);
    for (const context of CONTEXTS) {
      const isFollowed = followed.includes(context);
      ensureChanges(b, isFollowed ? [`${CONTEXT}=${context}`] : [], context);
    }
  },

  "write() and read() distinguish all ids and values": async (lab) => {
    const [a, b] = await lab.pair();
    await b.connection.follow(CONTEXT);
    const put = (id: string) => (
      { type: "put", context: CONTEXT, id, value: id, age: 0 } as const
    );
    await a.write(...IDS.map(put));
    for (const value of ODD) await a.put(idOf("value"), value);
    await a.put(idOf("last"));
    await b.changed(idOf("last"));
    const rows = IDS.map((id) => a.row(id, id));
    rows.push(a.row(idOf("value"), ODD.at(-1)), a.row(idOf("last")));
    rows.sort((x, y) => x.id < y.id ? -1 : 1);
    ensureSame(await b.rows(), rows, "each is there, once");
    ensureChanges(b, [
      ...IDS.map((id) => `${id}=${id}`),
      ...ODD.map((value) => `${idOf("value")}=${value}`),
      `${idOf("last")}=1`,
    ]);
    await a.write(
      ...IDS.slice(1).map((id) => (
        { type: "retract", context: CONTEXT, id } as const
      )),
    );
    const left = (await b.rows()).map(({ id }) => id);
    const expected = [IDS[0] ?? "", idOf("value"), idOf("last")].sort();
    ensureSame(left, expected, "each is retracted, and no other");
    ensureSame(b.changes.slice(0, 1).map(brief), [`${IDS[0]}=${IDS[0]}`], "");
  },

  "acquire() and all other calls distinguish all nodes and epochs": async (
    lab,
  ) => {
    const backbone = await lab.open();
    const names = ODD.filter((name) => name !== "" && name.length < 200);
    const observer = await lab.join("an observer", backbone);
    for (const name of names) {
      const party = await lab.connect(name, backbone);
      await party.acquire(`${name}.1`);
      await party.put(idOf(name), name);
    }
    const leases = await observer.connection.leases();
    ensureSame(
      leases.map(({ node, epoch }) => `${node} ${epoch}`).sort(),
      [
        "an observer an observer/1",
        ...names.map((name) => `${name} ${name}.1`),
      ].sort(),
      "each has its lease",
    );
    const owners = (await observer.rows()).map(({ node, epoch, value }) =>
      `${node} ${epoch} ${value}`
    );
    const expected = names.map((name) => `${name} ${name}.1 ${name}`);
    ensureSame(owners.sort(), expected.sort(), "each has its row");
    for (const name of names) {
      const life = { node: name, epoch: `${name}.1` };
      const lease = await observer.leaseOf(name);
      ensureSame(lease?.epoch, life.epoch, `${name} has its lease`);
      const isEnded = await observer.connection.end(life, 1);
      ensureSame(isEnded, true, `${name} is ended`);
      while (!await observer.connection.purge(life)) continue;
      const rows = await observer.rows();
      const left = names.length - names.indexOf(name) - 1;
      ensureSame(rows.length, left, `what ${name} has is purged, and no more`);
    }
    ensureSame(await observer.lives(), [observer.life], "one is left");
  },
};
