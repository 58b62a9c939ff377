import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InvalidValueError } from "../../core/mod.ts";
import { PUBLIC_VIEWER } from "../mod.ts";
import { countedSignal, RUNS, settles } from "../testing/harness.ts";
import type { EntriesAnswer } from "./mod.ts";
import {
  decodeMessage,
  decodeQuestion,
  MAX_PARTS,
  PART_LENGTH,
} from "./question_wire.ts";
import { ANSWER_TIMEOUT_MS, Questions } from "./questions.ts";
import { nodeContext } from "./row_codec.ts";
import { Lab, type LabNode, SOON, TIMES } from "./testing/lab.ts";

/** None of the others leaves. */
const TALKATIVE = { isSilent: () => false, silenced() {} };

/** Three nodes, none of which watches anything. */
async function three(lab: Lab): Promise<[LabNode, LabNode, LabNode]> {
  const nodes = await Promise.all([
    lab.start("a"),
    lab.start("b"),
    lab.start("c"),
  ]);
  await lab.pass();
  return nodes;
}

/** What a node is told, once time has gone by. */
async function asked<T>(
  lab: Lab,
  node: LabNode,
  ask: () => Promise<T>,
  duration = 100,
): Promise<T> {
  let answer: Promise<T> | undefined;
  await node.run(() => {
    answer = ask();
  });
  await lab.pass(duration);
  assert(answer !== undefined && await settles(answer));
  return await answer;
}

function subjects({ snapshots }: EntriesAnswer): unknown[] {
  return snapshots.map(({ subject }) => subject).sort();
}

// Entries

Deno.test("Cluster.list() tells of a context that the node does not follow", async () => {
  using lab = new Lab();
  const [a, b, c] = await three(lab);
  await a.receive({ facets: { activity: "editing" } });
  await b.receive({ subject: "bob", visibility: "private" });
  await b.receive({ subject: "else", context: "doc-2" });
  await lab.pass();
  const all = await asked(lab, c, () => c.cluster.list("doc-1"));
  assertEquals(subjects(all), ["alice", "bob"]);
  assertEquals([all.isComplete, all.missing], [true, []]);
  const [alice] = all.snapshots.filter(({ subject }) => subject === "alice");
  assertEquals(alice?.facets, { activity: "editing" });
  const viewer = PUBLIC_VIEWER;
  const seen = await asked(lab, c, () => c.cluster.list("doc-1", { viewer }));
  assertEquals(subjects(seen), ["alice"]);
  assertEquals(c.shows(), [], "nothing is kept");
});

Deno.test("Cluster.list() of a context that is followed asks nobody", async () => {
  using lab = new Lab();
  const [a, , c] = await three(lab);
  await a.receive();
  await c.watch();
  await lab.pass();
  const before = lab.network.calls.get("send");
  const answer = await asked(lab, c, () => c.cluster.list("doc-1"), 0);
  assertEquals(subjects(answer), ["alice"]);
  assert(answer.isComplete);
  assertEquals(lab.network.calls.get("send"), before);
});

Deno.test("Cluster.locate() finds a subject in all contexts, once for each entry", async () => {
  using lab = new Lab();
  const [a, b, c] = await three(lab);
  await a.receive({ origin: "one" });
  await b.receive({ context: "doc-2", origin: "two" });
  await c.receive({ context: "doc-3", origin: "three" });
  await a.receive({ context: "doc-2", subject: "bob" });
  await lab.pass();
  for (const { cluster, server, ...node } of [a, c]) {
    const asker = node.process === a.process ? a : c;
    const found = await asked(lab, asker, () => cluster.locate("alice"));
    assertEquals(
      found.snapshots.map(({ context }) => context).sort(),
      ["doc-1", "doc-2", "doc-3"],
    );
    assert(found.isComplete);
    const whereabouts = await asked(lab, asker, () => server.locate("alice"));
    assertEquals(whereabouts.snapshots.length, 3);
    assertEquals(whereabouts.missing, []);
  }
  const viewer = { ...PUBLIC_VIEWER, subject: "bob" };
  const none = await asked(lab, c, () => c.cluster.locate("zoe", { viewer }));
  assertEquals([none.snapshots, none.isComplete], [[], true]);
});

Deno.test("Cluster.list() brings answers of any size, in several texts", async () => {
  using lab = new Lab();
  const [a, , c] = await three(lab);
  const quotes = '"\\\u{1F600}é'.repeat(2_000);
  for (let index = 0; index < 40; index++) {
    await a.receive({ subject: `${index} ${quotes}` });
  }
  await lab.pass();
  const before = lab.network.calls.get("send") ?? 0;
  const answer = await asked(lab, c, () => c.cluster.list("doc-1"));
  assertEquals(answer.snapshots.length, 40);
  assert(answer.isComplete);
  assertEquals(
    subjects(answer),
    Array.from({ length: 40 }, (_, index) => `${index} ${quotes}`).sort(),
  );
  assert((lab.network.calls.get("send") ?? 0) - before > 10);
});

// Counts

Deno.test("Cluster.count() counts nobody twice who is at two nodes", async () => {
  using lab = new Lab();
  const [a, b, c] = await three(lab);
  await a.receive({ origin: "a" });
  await b.receive({ origin: "b" });
  await b.receive({ subject: "bob", origin: "b", visibility: "private" });
  await c.receive({ subject: "carol", origin: "c", context: "doc-2" });
  await lab.pass();
  const contexts = ["doc-1", "doc-2", "doc-3", "doc-1"];
  const all = await asked(lab, c, () => c.cluster.count(contexts));
  assertEquals(
    [...all.subjects],
    [["doc-1", 2], ["doc-2", 1], ["doc-3", 0]],
  );
  assert(all.isComplete);
  const viewer = PUBLIC_VIEWER;
  const seen = await asked(
    lab,
    c,
    () => c.cluster.count(contexts, { viewer }),
  );
  assertEquals(seen.subjects.get("doc-1"), 1);
  const self = { ...PUBLIC_VIEWER, subject: "bob" };
  const own = await asked(
    lab,
    c,
    () => c.cluster.count(contexts, { viewer: self }),
  );
  assertEquals(own.subjects.get("doc-1"), 2);
});

Deno.test("PresenceServer.count() counts at all nodes, and says who has not answered", async () => {
  using lab = new Lab();
  const [a, b, c] = await three(lab);
  await a.receive({ origin: "a" });
  await b.receive({ origin: "b" });
  await b.receive({ subject: "bob", origin: "b", visibility: "private" });
  await lab.pass();
  const contexts = ["doc-1", "doc-2"];
  const all = await asked(lab, c, () => c.server.count(contexts));
  assertEquals([...all.subjects], [["doc-1", 2], ["doc-2", 0]]);
  assertEquals([all.isComplete, all.missing], [true, []]);
  const viewer = PUBLIC_VIEWER;
  const seen = await asked(lab, c, () => c.server.count(contexts, viewer));
  assertEquals(seen.subjects.get("doc-1"), 1);
  lab.network.cut(c.process, true);
  await lab.pass(TIMES.leaseTtlMs);
  const alone = await c.server.count(contexts);
  assertEquals([...alone.subjects], [["doc-1", 0], ["doc-2", 0]]);
  assertEquals([alone.isComplete, alone.missing], [false, ["a", "b"]]);
});

Deno.test("Cluster.count() asks about very many contexts in several questions", async () => {
  using lab = new Lab();
  const [a, , c] = await three(lab);
  const contexts = Array.from(
    { length: 2_000 },
    (_, index) => `${index} ${"long".repeat(50)}`,
  );
  await a.receive({ context: contexts[0] });
  await a.receive({ context: contexts[1_999] });
  await lab.pass();
  const before = lab.network.calls.get("send") ?? 0;
  const answer = await asked(lab, c, () => c.cluster.count(contexts));
  assertEquals(answer.subjects.size, 2_000);
  const there = [...answer.subjects].filter(([, count]) => count === 1);
  assertEquals(there.length, 2);
  assert(answer.isComplete);
  // Questions go to all at once; each of the others answers.
  assertEquals(((lab.network.calls.get("send") ?? 0) - before) % 3, 0);
  assertEquals(
    (await asked(lab, c, () => c.cluster.count([]))).isComplete,
    true,
  );
});

Deno.test("Cluster.count(), list() and locate() ask nobody about what is no key, and say so at once", async () => {
  using lab = new Lab();
  const [a, b] = await three(lab);
  await b.receive();
  await lab.pass();
  const before = lab.network.calls.get("send") ?? 0;
  const bad = "\ud800";
  for (
    const ask of [
      () => a.cluster.count(["doc-1", bad]),
      () => a.server.count(["doc-1", bad]),
      () => a.cluster.list(bad),
      () => a.cluster.locate(bad),
      () => a.server.locate(bad),
    ]
  ) await assertRejects(ask, InvalidValueError, "must be a well-formed string");
  assertEquals(lab.network.calls.get("send") ?? 0, before);
});

// Who does not answer

Deno.test("Cluster.locate() waits for who does not answer no longer than two seconds, and names them", async () => {
  using lab = new Lab();
  const [a, b, c] = await Promise.all(
    ["a", "b", "c"].map((name) => lab.start(name, {}, { leaseTtlMs: 10_000 })),
  );
  assert(a && b && c);
  await lab.pass();
  await a.receive();
  await b.receive({ origin: "b", context: "doc-2" });
  await lab.pass();
  b.process.isPaused = true;
  let answer: EntriesAnswer | undefined;
  await c.run(async () => answer = await c.cluster.locate("alice"));
  await lab.pass(ANSWER_TIMEOUT_MS - 100);
  assertEquals(answer, undefined);
  await lab.pass(200);
  assert(answer !== undefined);
  assertEquals([answer.isComplete, answer.missing], [false, ["b"]]);
  assertEquals(answer.snapshots.map(({ context }) => context), ["doc-1"]);
});

Deno.test("Cluster.locate() does not wait for who is given up meanwhile", async () => {
  using lab = new Lab();
  const [a, b, c] = await three(lab);
  await a.receive();
  await lab.pass();
  lab.kill(b);
  const answer = await asked(
    lab,
    c,
    () => c.cluster.locate("alice"),
    TIMES.leaseTtlMs + SOON,
  );
  assertEquals([answer.isComplete, answer.missing], [true, []]);
  assertEquals(subjects(answer), ["alice"]);
});

Deno.test("Cluster.list() of a node that is cut off tells what it has, and that the others are missing", async () => {
  using lab = new Lab();
  const [a, , c] = await three(lab);
  await a.receive();
  await c.receive({ subject: "carol" });
  await c.watch();
  await lab.pass();
  lab.network.cut(c.process, true);
  await lab.pass(TIMES.leaseTtlMs);
  const list = await c.cluster.list("doc-1");
  assertEquals(subjects(list), ["alice", "carol"]);
  assertEquals([list.isComplete, list.missing], [false, ["a", "b"]]);
  const count = await c.cluster.count(["doc-1", "doc-2"]);
  assertEquals([...count.subjects], [["doc-1", 2], ["doc-2", 0]]);
  assertEquals([count.isComplete, count.missing], [false, ["a", "b"]]);
});

Deno.test("Cluster.list() of a node that was never connected is not complete", async () => {
  using lab = new Lab();
  lab.network.setAway(true);
  const a = await lab.start("a");
  await a.receive();
  const answer = await a.cluster.list("doc-1");
  assertEquals(subjects(answer), ["alice"]);
  assertEquals([answer.isComplete, answer.missing], [false, []]);
});

Deno.test("Cluster.locate() ends with the reason of its signal, and holds on to nothing", async () => {
  using lab = new Lab();
  const [a, b] = await three(lab);
  const counted = countedSignal();
  const { signal } = counted;
  b.process.isPaused = true;
  let ended: unknown;
  await a.run(() => {
    a.cluster.locate("alice", { signal }).catch((error) => ended = error);
  });
  assertEquals(counted.listeners, 1);
  const reason = new Error("enough");
  await a.run(() => counted.controller.abort(reason));
  assertEquals([ended, counted.listeners], [reason, 0]);
  const error = await assertRejects(() =>
    a.cluster.locate("alice", { signal })
  );
  assertEquals(error, reason);
});

for (const keep of [true, false]) {
  Deno.test(`Cluster.leave({ keep: ${keep} }) lets the others wait for no answer of its node`, async () => {
    using lab = new Lab();
    const [a, b, c] = await three(lab);
    await a.receive();
    await b.receive({ origin: "b", context: "doc-2" });
    await lab.pass();
    c.process.isPaused = true;
    const answers: EntriesAnswer[] = [];
    const ask = () =>
      a.cluster.locate("alice").then((one) => answers.push(one));
    await a.run(ask);
    await b.run(() => b.cluster.leave({ keep }));
    await lab.pass(100);
    await lab.processes.resume(c.process);
    await lab.pass(100);
    await a.run(ask);
    await lab.pass(100);
    const [before, after] = answers;
    assert(before && after);
    assertEquals([before.missing, subjects(before)], [after.missing, [
      "alice",
    ]]);
    assertEquals(after.missing, keep ? ["b"] : []);
    assertEquals(after.isComplete, !keep);
    assertEquals(subjects(after), ["alice"]);
    await lab.pass(TIMES.leaseTtlMs * 2);
    await a.run(ask);
    await lab.pass(100);
    assertEquals(answers[2]?.isComplete, true);
    // Whoever comes back by its name answers.
    await lab.start("b");
    await lab.pass();
    await a.run(ask);
    await lab.pass(100);
    assertEquals(answers[3]?.isComplete, true);
  });
}

Deno.test("Cluster.leave() lets nobody wait for an answer", async () => {
  using lab = new Lab();
  const [a, b, c] = await three(lab);
  b.process.isPaused = true;
  c.process.isPaused = true;
  let answer: EntriesAnswer | undefined;
  await a.run(async () => answer = await a.cluster.locate("alice"));
  await a.run(() => a.cluster.leave());
  assertEquals(answer?.missing, ["b", "c"]);
});

// Texts of others

Deno.test("Questions take an answer whose parts come twice and in any order", async () => {
  const sent: string[] = [];
  const questions = new Questions({
    send: (text) => sent.push(text),
    answer: () => "unused",
    ...TALKATIVE,
  });
  const answers = questions.ask(
    { type: "list", context: "c" },
    ["b"],
    undefined,
  );
  const { id } = JSON.parse(sent[0] ?? "");
  const part = (part: number, text: string) =>
    JSON.stringify({ type: "answer", id, part, parts: 3, text });
  questions.hear("b", part(2, "!"));
  questions.hear("b", part(0, "Hello"));
  questions.hear("b", part(2, "!"));
  assert(!await settles(answers));
  questions.hear("b", part(1, ", b"));
  assertEquals(await answers, { answers: ["Hello, b!"], missing: [] });
  questions.hear("b", part(1, "late"));
});

Deno.test("Questions say that there is no answer to what they can't read", () => {
  const sent: unknown[] = [];
  const questions = new Questions({
    send: (text, to) => sent.push([JSON.parse(text), to]),
    answer: () => "unused",
    ...TALKATIVE,
  });
  const question = JSON.stringify({ type: "newer" });
  questions.hear("b", JSON.stringify({ type: "ask", id: "1", question }));
  assertEquals(sent, [[{ type: "none", id: "1" }, "b"]]);
});

Deno.test("Questions wait no longer for who has no answer, and name them", async () => {
  const sent: string[] = [];
  const questions = new Questions({
    send: (text) => sent.push(text),
    answer: () => "unused",
    ...TALKATIVE,
  });
  const question = { type: "list", context: "c" } as const;
  const answers = questions.ask(question, ["b", "c"], undefined);
  const { id } = JSON.parse(sent[0] ?? "");
  questions.hear("d", JSON.stringify({ type: "none", id }));
  questions.hear("c", JSON.stringify({ type: "none", id }));
  assert(!await settles(answers));
  const text = "of b";
  questions.hear(
    "b",
    JSON.stringify({ type: "answer", id, part: 0, parts: 1, text }),
  );
  assertEquals(await answers, { answers: ["of b"], missing: ["c"] });
});

Deno.test("Questions take no answer of a node that was not asked, or that has answered", async () => {
  const sent: string[] = [];
  const questions = new Questions({
    send: (text) => sent.push(text),
    answer: () => "unused",
    ...TALKATIVE,
  });
  const question = { type: "list", context: "c" } as const;
  const answers = questions.ask(question, ["b", "c"], undefined);
  const { id } = JSON.parse(sent[0] ?? "");
  const answer = (text: string) =>
    JSON.stringify({ type: "answer", id, part: 0, parts: 1, text });
  questions.hear("d", answer("of d"));
  questions.hear("b", answer("of b"));
  questions.hear("b", answer("again"));
  questions.hear("c", answer("of c"));
  assertEquals(await answers, { answers: ["of b", "of c"], missing: [] });
});

Deno.test("Questions send an answer that is long in several turns, and none that is too long", async () => {
  using lab = new Lab();
  const sent: string[] = [];
  let answer = "x".repeat(PART_LENGTH * 20);
  const questions = new Questions({
    send: (text) => sent.push(text),
    answer: () => answer,
    ...TALKATIVE,
  });
  const question = JSON.stringify({ type: "list", context: "c" });
  const ask = JSON.stringify({ type: "ask", id: "1", question });
  questions.hear("b", ask);
  assert(sent.length < 20);
  await lab.pass(50);
  assertEquals(sent.length, 20);
  answer = "x".repeat(PART_LENGTH * MAX_PARTS + 1);
  questions.hear("b", ask);
  await lab.pass(50);
  assertEquals(sent.slice(20), ['{"type":"none","id":"1"}']);
});

Deno.test("Questions property: whatever text comes, nothing is thrown, and each question has one answer, if only that there is none", () => {
  const sent: string[] = [];
  const questions = new Questions({
    send: (text) => sent.push(text),
    answer: () => "answer",
    ...TALKATIVE,
  });
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({
      type: fc.constantFrom("ask", "answer", 1, null),
      id: fc.oneof(fc.string(), fc.integer()),
      question: fc.oneof(
        fc.json(),
        fc.record({
          type: fc.constantFrom("list", "locate", "count", "else"),
          context: fc.anything(),
          subject: fc.anything(),
          contexts: fc.anything(),
          viewer: fc.anything(),
        }).map((value) => {
          try {
            return JSON.stringify(value);
          } catch {
            return "{}";
          }
        }),
      ),
      part: fc.anything(),
      parts: fc.anything(),
      text: fc.anything(),
    }, { requiredKeys: [] }).map((value) => {
      try {
        return JSON.stringify(value);
      } catch {
        return "{}";
      }
    }),
  );
  fc.assert(
    fc.property(text, (text) => {
      sent.length = 0;
      questions.hear("b", text);
      const message = decodeMessage(text);
      const answers = sent.map((text) => decodeMessage(text)?.type);
      if (message?.type !== "ask") return assertEquals(answers, []);
      const isKnown = decodeQuestion(message.question) !== undefined;
      assertEquals(answers, [isKnown ? "answer" : "none"]);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("Cluster.list() leaves out what it can't read of an answer", async () => {
  using lab = new Lab();
  const [a] = await three(lab);
  const stranger = await lab.connect("b");
  let answered = 0;
  stranger.onMessage = (from, text) => {
    const { id, type, question } = JSON.parse(text);
    if (type !== "ask") return;
    const isCount = JSON.parse(question).type === "count";
    const parts = [
      "nonsense",
      "[]",
      isCount
        ? "[1]"
        : '[["\\"doc-1\\"","nonsense","{}"],[],[1,2,3],["\\"doc-1\\"","[1,null,2]","{}"]]',
    ];
    const text2 = parts[answered++ % parts.length];
    stranger.connection.send(
      nodeContext(from),
      JSON.stringify({ type: "answer", id, part: 0, parts: 1, text: text2 }),
    );
  };
  await a.receive();
  for (let turn = 0; turn < 3; turn++) {
    const list = await asked(lab, a, () => a.cluster.locate("alice"));
    assertEquals(subjects(list), ["alice"]);
    const count = await asked(lab, a, () => a.cluster.count(["doc-2"]));
    assertEquals(count.subjects.get("doc-2"), 0);
  }
  assertEquals(a.errors, []);
  await stranger.connection.close();
});

Deno.test("Questions property: no text that is sent is longer than 256 KiB, whatever the answer is", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1 }),
      fc.integer({ min: 0, max: 400_000 }),
      (strings, length) => {
        const all = JSON.stringify(strings);
        const answer = all.repeat(Math.ceil(length / all.length) + 1);
        const sent: string[] = [];
        const questions = new Questions({
          send: (text) => sent.push(text),
          answer: () => answer,
          ...TALKATIVE,
        });
        const question = JSON.stringify({ type: "list", context: "doc-1" });
        questions.hear("b", JSON.stringify({ type: "ask", id: "1", question }));
        const parts = sent.map((text) => {
          assert(new TextEncoder().encode(text).length <= 256 * 1024);
          const message = decodeMessage(text);
          return message?.type === "answer" ? message.text : "";
        });
        assertEquals(parts.join(""), answer);
      },
    ),
    { numRuns: Math.min(RUNS, 100) },
  );
});
