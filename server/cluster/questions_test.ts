import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import {
  InvalidValueError,
  isKey,
  type PresenceModel,
} from "../../core/mod.ts";
import { PUBLIC_VIEWER, type Whereabouts } from "../mod.ts";
import { countedSignal, RUNS, settles } from "../testing/harness.ts";
import { ANSWER_TIMEOUT_MS, Questions } from "./questions.ts";
import { nodeContext } from "./row_codec.ts";
import { Lab, type LabNode, SOON, TIMES } from "./testing/lab.ts";

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

/** Asks at a node, advances the time, and returns the answer. */
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

function subjects({ snapshots }: Whereabouts): unknown[] {
  return snapshots.map(({ subject }) => subject).sort();
}

// Entries

Deno.test("Cluster.list() returns the entries of a context that the node does not follow", async () => {
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

Deno.test("Cluster.list() of a followed context asks nobody", async () => {
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

Deno.test("Cluster.locate() receives answers of any size, in several texts", async () => {
  using lab = new Lab();
  const [a, , c] = await three(lab);
  const quotes = '"\\\u{1F600}é'.repeat(2_000);
  for (let index = 0; index < 40; index++) {
    await a.receive({ origin: `${index} ${quotes}` });
  }
  await lab.pass();
  const before = lab.network.calls.get("send") ?? 0;
  const origins = ({ snapshots }: Whereabouts) =>
    snapshots.map(({ origin }) => origin).sort();
  const expected = Array.from({ length: 40 }, (_, i) => `${i} ${quotes}`)
    .sort();
  const found = await asked(lab, c, () => c.cluster.locate("alice"));
  assertEquals(found.snapshots.length, 40);
  assert(found.isComplete);
  assertEquals(origins(found), expected);
  assert((lab.network.calls.get("send") ?? 0) - before > 10);
  const listed = await asked(lab, c, () => c.cluster.list("doc-1"));
  assert(listed.isComplete);
  assertEquals(origins(listed), expected);
});

// Counts

Deno.test("Cluster.count() counts a subject at two nodes once", async () => {
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

Deno.test("PresenceServer.count() counts at all nodes, and names those that are missing", async () => {
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

Deno.test("Cluster.count() reads many contexts, at most 64 at once", async () => {
  using lab = new Lab();
  const [a, , c] = await three(lab);
  const contexts = Array.from(
    { length: 2_000 },
    (_, index) => `${index} ${"long".repeat(50)}`,
  );
  await a.receive({ context: contexts[0] });
  await a.receive({ context: contexts[1_999] });
  await lab.pass();
  const reads = () => lab.network.calls.get("read") ?? 0;
  const before = reads();
  let answer = await asked(lab, c, () => c.cluster.count(contexts), 2_000);
  assertEquals(reads() - before, 2_000);
  assertEquals(answer.subjects.size, 2_000);
  const there = [...answer.subjects].filter(([, count]) => count === 1);
  assertEquals(there.length, 2);
  assert(answer.isComplete);
  assertEquals(lab.network.calls.get("send"), undefined, "it asks no node");
  lab.network.weather = { ...lab.network.weather, maxDelay: 1_000_000 };
  const started = c.cluster.count(contexts);
  await lab.pass(ANSWER_TIMEOUT_MS + SOON);
  assert(!await settles(started));
  answer = await asked(lab, c, () => c.cluster.count([]));
  assertEquals(answer.isComplete, true);
});

Deno.test("Cluster.count(), list() and locate() refuse an invalid key at once", async () => {
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

// Nodes without an answer

Deno.test("Cluster.locate() waits at most two seconds, and names the nodes that do not answer", async () => {
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
  let answer: Whereabouts | undefined;
  await c.run(async () => answer = await c.cluster.locate("alice"));
  await lab.pass(ANSWER_TIMEOUT_MS - 100);
  assertEquals(answer, undefined);
  await lab.pass(200);
  assert(answer !== undefined);
  assertEquals([answer.isComplete, answer.missing], [false, ["b"]]);
  assertEquals(answer.snapshots.map(({ context }) => context), ["doc-1"]);
});

Deno.test("Cluster.locate() does not wait for a node that is given up meanwhile", async () => {
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

Deno.test("Cluster.list() of a node that is cut off returns what it has, and names the others as missing", async () => {
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

Deno.test("Cluster.list() is not complete before the node is connected", async () => {
  using lab = new Lab();
  lab.network.setAway(true);
  const a = await lab.start("a");
  await a.receive();
  const answer = await a.cluster.list("doc-1");
  assertEquals(subjects(answer), ["alice"]);
  assertEquals([answer.isComplete, answer.missing], [false, []]);
});

Deno.test("Cluster.locate() fails with the reason of its signal, and leaks nothing", async () => {
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

Deno.test("Cluster.locate() by an aborted signal leaves no failure that nobody handles", async () => {
  using lab = new Lab();
  const [a] = await three(lab);
  const signal = AbortSignal.abort(new Error("enough"));
  const error = await assertRejects(() =>
    a.cluster.locate("\ud800", { signal })
  );
  assertEquals(error, signal.reason);
  await lab.pass();
});

for (const keep of [true, false]) {
  Deno.test(`Cluster.leave({ keep: ${keep} }) makes others wait for no answer of its node`, async () => {
    using lab = new Lab();
    const [a, b, c] = await three(lab);
    await a.receive();
    await b.receive({ origin: "b", context: "doc-2" });
    await lab.pass();
    c.process.isPaused = true;
    const answers: Whereabouts[] = [];
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
    // A node that returns by its name answers.
    await lab.start("b");
    await lab.pass();
    await a.run(ask);
    await lab.pass(100);
    assertEquals(answers[3]?.isComplete, true);
  });
}

Deno.test("Cluster.leave() ends open questions", async () => {
  using lab = new Lab();
  const [a, b, c] = await three(lab);
  b.process.isPaused = true;
  c.process.isPaused = true;
  let answer: Whereabouts | undefined;
  await a.run(async () => answer = await a.cluster.locate("alice"));
  await a.run(() => a.cluster.leave());
  assertEquals(answer?.missing, ["b", "c"]);
});

// Texts of others

/** Questions of a node, and what they send. */
function questionsOf(
  answer = "unused",
): { questions: Questions<PresenceModel>; sent: [string, string?][] } {
  const sent: [string, string?][] = [];
  const questions = new Questions({
    send: (text, to) => sent.push([text, to]),
    answer: () => answer,
    isSilent: () => false,
    silenced() {},
  });
  return { questions, sent };
}

/** Returns the id of the first sent question. */
function idOf([[text] = ["{}"]]: [string, string?][]): string {
  return JSON.parse(text).id;
}

function part(id: string, text: string, part = 0, parts = 1): string {
  return JSON.stringify({ type: "answer", id, part, parts, text });
}

Deno.test("Questions accept parts of an answer twice and in any order", async () => {
  const { questions, sent } = questionsOf();
  const answers = questions.ask("alice", ["b"]);
  const id = idOf(sent);
  questions.receive("b", part(id, "!", 2, 3));
  questions.receive("b", part(id, "Hello", 0, 3));
  questions.receive("b", part(id, "!", 2, 3));
  assert(!await settles(answers));
  questions.receive("b", part(id, ", b", 1, 3));
  assertEquals(await answers, { answers: ["Hello, b!"], missing: [] });
  questions.receive("b", part(id, "late", 1, 3));
});

Deno.test('Questions answer "none" to a question that they can\'t read', () => {
  const { questions, sent } = questionsOf();
  questions.receive("b", JSON.stringify({ type: "ask", id: "1", newer: true }));
  assertEquals(sent, [[JSON.stringify({ type: "none", id: "1" }), "b"]]);
});

Deno.test("Questions stop waiting for a node without an answer, and name it", async () => {
  const { questions, sent } = questionsOf();
  const answers = questions.ask("alice", ["b", "c"]);
  const id = idOf(sent);
  questions.receive("d", JSON.stringify({ type: "none", id }));
  questions.receive("c", JSON.stringify({ type: "none", id }));
  assert(!await settles(answers));
  questions.receive("b", part(id, "of b"));
  assertEquals(await answers, { answers: ["of b"], missing: ["c"] });
});

Deno.test("Questions ignore answers of nodes that were not asked or have answered", async () => {
  const { questions, sent } = questionsOf();
  const answers = questions.ask("alice", ["b", "c"]);
  const id = idOf(sent);
  questions.receive("d", part(id, "of d"));
  questions.receive("b", part(id, "of b"));
  questions.receive("b", part(id, "again"));
  questions.receive("c", part(id, "of c"));
  assertEquals(await answers, { answers: ["of b", "of c"], missing: [] });
});

Deno.test('Questions property: any text throws nothing, and each question has one answer, perhaps "none"', () => {
  const { questions, sent } = questionsOf("answer");
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record({
      type: fc.constantFrom("ask", "answer", "none", "left", 1, null),
      id: fc.oneof(fc.string(), fc.integer()),
      subject: fc.anything(),
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
      questions.receive("b", text);
      const answers = sent.map(([text]) => JSON.parse(text).type);
      const { type, id, subject } = readable(text);
      if (type !== "ask" || typeof id !== "string") {
        return assertEquals(answers, []);
      }
      assertEquals(answers, [isKey(subject) ? "answer" : "none"]);
    }),
    { numRuns: RUNS },
  );
});

function readable(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

Deno.test("Cluster.locate() leaves out the parts of an answer that it can't read", async () => {
  using lab = new Lab();
  const [a] = await three(lab);
  const stranger = await lab.connect("b");
  let answered = 0;
  stranger.onMessage = (from, text) => {
    const { id, type } = JSON.parse(text);
    if (type !== "ask") return;
    const answers = [
      "nonsense",
      "[]",
      '[["\\"doc-1\\"","nonsense","{}"],[],[1,2,3],["\\"doc-1\\"","[1,null,2]","{}"]]',
    ];
    const answer = answers[answered++ % answers.length] ?? "";
    stranger.connection.send(nodeContext(from), part(id, answer));
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

Deno.test("Questions property: no sent text is longer than 256 KiB", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", minLength: 1 }), { minLength: 1 }),
      fc.integer({ min: 0, max: 400_000 }),
      (strings, length) => {
        const all = JSON.stringify(strings);
        const answer = all.repeat(Math.ceil(length / all.length) + 1);
        const { questions, sent } = questionsOf(answer);
        questions.receive(
          "b",
          JSON.stringify({ type: "ask", id: "1", subject: "alice" }),
        );
        const parts = sent.map(([text]) => {
          assert(new TextEncoder().encode(text).length <= 256 * 1024);
          return JSON.parse(text).text;
        });
        assertEquals(parts.join(""), answer);
      },
    ),
    { numRuns: Math.min(RUNS, 100) },
  );
});
