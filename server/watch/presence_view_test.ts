import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { entryKeyOf, type PresenceSnapshot } from "../../core/mod.ts";
import { DEFAULT_PROJECTION, EntryTree } from "../../store/mod.ts";
import {
  type BaselineBatch,
  type ChangesBatch,
  type PresenceBatch,
  PresenceServer,
  PresenceView,
  type PresenceViewEvent,
  PUBLIC_VIEWER,
} from "../mod.ts";
import { countCalls, keyOf, Mirror, RUNS, update } from "../testing/harness.ts";

function snapshot(fields: Partial<PresenceSnapshot> = {}): PresenceSnapshot {
  const { facetDeadlines: _, ...rest } = update({ observedAt: 0, ...fields });
  return { resource: undefined, ...rest, facets: fields.facets ?? {} };
}

function baseline(
  sequence: number,
  snapshots: readonly PresenceSnapshot[],
  part = 0,
  last = true,
): BaselineBatch {
  const position = { epoch: "e", sequence };
  return { type: "baseline", position, snapshots, part, last };
}

function changes(
  sequence: number,
  ...list: ChangesBatch["changes"]
): ChangesBatch {
  return { type: "changes", position: { epoch: "e", sequence }, changes: list };
}

function published(
  sequence: number,
  fields: Partial<PresenceSnapshot> = {},
): ChangesBatch["changes"][number] {
  const made = snapshot(fields);
  return {
    type: "published",
    sequence,
    update: made,
    snapshot: made,
    previous: undefined,
  };
}

function withdrawn(
  sequence: number,
  fields: Partial<PresenceSnapshot> = {},
): ChangesBatch["changes"][number] {
  const previous = snapshot(fields);
  return { type: "withdrawn", sequence, previous, seenAt: 0 };
}

const names = (events: PresenceViewEvent[]) =>
  events.map(({ type, subject }) => `${type} ${subject}`);

Deno.test("PresenceView.apply() returns who joined, was updated and left", () => {
  const view = new PresenceView();
  const alice = snapshot();
  const idle = snapshot({ facets: { activity: "idle" } });

  assertEquals(view.apply(baseline(1, [alice])), [{
    type: "joined",
    subject: "alice",
    context: "doc-1",
    entries: [{ previous: undefined, snapshot: alice }],
  }]);
  const [updated] = view.apply(
    changes(2, published(2, { facets: { activity: "idle" } })),
  );
  assertEquals(updated, {
    type: "updated",
    subject: "alice",
    context: "doc-1",
    entries: [{ previous: alice, snapshot: idle }],
  });
  assertEquals(view.apply(changes(3, withdrawn(3))), [{
    type: "left",
    subject: "alice",
    context: "doc-1",
    entries: [{ previous: idle, snapshot: undefined }],
  }]);
});

Deno.test("PresenceView.apply() handles every kind of change", () => {
  const view = new PresenceView();
  view.apply(
    baseline(
      1,
      ["a", "b", "c", "d"].map((subject) =>
        snapshot({ subject, facets: { activity: "idle" } })
      ),
    ),
  );
  const events = view.apply(changes(
    5,
    {
      type: "expired",
      sequence: 2,
      previous: snapshot({ subject: "a" }),
      seenAt: 0,
    },
    withdrawn(3, { subject: "b" }),
    {
      type: "hidden",
      sequence: 4,
      key: entryKeyOf(snapshot({ subject: "c" })),
    },
    {
      type: "facetsExpired",
      sequence: 5,
      facets: ["activity"],
      previous: snapshot({ subject: "d", facets: { activity: "idle" } }),
      snapshot: snapshot({ subject: "d" }),
    },
  ));
  assertEquals(names(events), ["left a", "left b", "left c", "updated d"]);
});

Deno.test("PresenceView.apply() returns one event for a subject with several entries", () => {
  const view = new PresenceView();
  const two = [snapshot(), snapshot({ resource: "phone" })];
  assertEquals(names(view.apply(baseline(1, two))), ["joined alice"]);
  assertEquals(names(view.apply(changes(2, withdrawn(2)))), ["updated alice"]);
  const third = published(3, { resource: "tablet" });
  assertEquals(names(view.apply(changes(3, third))), ["updated alice"]);
  const gone = view.apply(changes(
    5,
    withdrawn(4, { resource: "phone" }),
    withdrawn(5, { resource: "tablet" }),
  ));
  assertEquals(names(gone), ["left alice"]);
  assertEquals(gone[0]?.entries.length, 2);
});

Deno.test("PresenceView.apply() returns one event for each context of a subject", () => {
  const view = new PresenceView();
  const both = [snapshot(), snapshot({ context: "doc-2" })];
  const eventsOf = (batch: PresenceBatch) =>
    view.apply(batch).map(({ type, context }) => `${type} ${context}`);
  assertEquals(eventsOf(baseline(1, both)), ["joined doc-1", "joined doc-2"]);
  assertEquals(eventsOf(changes(2, withdrawn(2))), ["left doc-1"]);
});

Deno.test("PresenceView.apply() returns only the net effect of a batch", () => {
  const view = new PresenceView();
  view.apply(baseline(1, [snapshot()]));

  assertEquals(
    view.apply(changes(
      3,
      published(2, { subject: "bob" }),
      withdrawn(3, { subject: "bob" }),
    )),
    [],
    "came and went",
  );
  assertEquals(
    view.apply(changes(5, withdrawn(4), published(5))),
    [],
    "went and came as it was",
  );
  const [event, ...rest] = view.apply(changes(
    8,
    withdrawn(6),
    published(7, { facets: { activity: "idle" } }),
    published(8, { facets: { activity: "editing" } }),
  ));
  assertEquals(rest, []);
  assertEquals(event?.type, "updated");
  assertEquals(event?.entries, [{
    previous: snapshot(),
    snapshot: snapshot({ facets: { activity: "editing" } }),
  }]);
  assertEquals(view.apply(changes(9)), []);
  assertEquals(view.position?.sequence, 9);
});

Deno.test("PresenceView.apply() returns only the differences of a later baseline", () => {
  const view = new PresenceView();
  view.apply(baseline(1, [
    snapshot(),
    snapshot({ subject: "bob", facets: { activity: "idle" } }),
    snapshot({ subject: "carol" }),
    snapshot({ subject: "dave", origin: "tab/1" }),
  ]));
  const events = view.apply(baseline(9, [
    snapshot(),
    snapshot({ subject: "bob", facets: { activity: "editing" } }),
    snapshot({ subject: "dave", origin: "tab/2" }),
    snapshot({ subject: "eve" }),
  ]));
  assertEquals(names(events).sort(), [
    "joined eve",
    "left carol",
    "updated bob",
    "updated dave",
  ]);
  assertEquals(view.apply(baseline(10, view.snapshots())), []);
});

Deno.test("PresenceView.apply() takes a later baseline in any order (property)", () => {
  const subjects = Array.from({ length: 12 }, (_, n) => `person-${n}`);
  const known = new Map(
    subjects.map((subject) => [subject, snapshot({ subject })]),
  );
  const entry = fc.record({
    subject: fc.constantFrom(...subjects),
    // The very object, an equal one, or one that differs.
    form: fc.constantFrom("same", "same", "same", "equal", "other"),
  });
  const entries = fc.uniqueArray(entry, {
    selector: ({ subject }) => subject,
    maxLength: 12,
    size: "max",
  });
  const madeOf = ({ subject, form }: { subject: string; form: string }) => {
    if (form === "same") return known.get(subject) ?? snapshot({ subject });
    return snapshot({ subject, observedAt: form === "other" ? 1 : 0 });
  };
  fc.assert(
    fc.property(
      fc.shuffledSubarray(subjects),
      entries,
      (first, later) => {
        const view = new PresenceView();
        view.apply(
          baseline(
            1,
            first.map((subject) => madeOf({ subject, form: "same" })),
          ),
        );
        const told = names(view.apply(baseline(2, later.map(madeOf))));
        const laterForms = new Map(
          later.map(({ subject, form }) => [subject, form]),
        );
        const expected = [
          ...later.filter(({ subject }) => !first.includes(subject))
            .map(({ subject }) => `joined ${subject}`),
          ...later.filter(({ subject, form }) =>
            first.includes(subject) && form === "other"
          ).map(({ subject }) => `updated ${subject}`),
          ...first.filter((subject) => !laterForms.has(subject))
            .map((subject) => `left ${subject}`),
        ];
        assertEquals(told.sort(), expected.sort());
        const shown = view.snapshots().map(({ subject }) => `${subject}`);
        assertEquals(shown.sort(), [...laterForms.keys()].sort());
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("PresenceView.apply() applies a baseline with its last part", () => {
  const view = new PresenceView();
  view.apply(baseline(1, [snapshot(), snapshot({ subject: "bob" })]));

  assertEquals(view.apply(baseline(5, [snapshot()], 0, false)), []);
  assertEquals(view.position?.sequence, 1);
  assertEquals(view.subjects("doc-1"), ["alice", "bob"]);
  const carol = snapshot({ subject: "carol" });
  assertEquals(names(view.apply(baseline(5, [carol], 1))), [
    "joined carol",
    "left bob",
  ]);
  assertEquals(view.position?.sequence, 5);
});

Deno.test("PresenceView.apply() drops the parts of a baseline that starts again", () => {
  const view = new PresenceView();
  view.apply(baseline(1, [snapshot()], 0, false));
  const bob = snapshot({ subject: "bob" });
  assertEquals(names(view.apply(baseline(2, [bob]))), ["joined bob"]);
});

Deno.test("PresenceView.position is the position of the mirror", () => {
  const view = new PresenceView();
  assertEquals(view.position, undefined);
  view.apply(baseline(3, []));
  assertEquals(view.position, { epoch: "e", sequence: 3 });
});

Deno.test("PresenceView.snapshots() lists all entries, those of a context, of a subject, or of both", () => {
  const view = new PresenceView();
  const all = ["alice", "bob"].flatMap((subject) =>
    ["doc-1", "doc-2"].map((context) => snapshot({ subject, context }))
  );
  view.apply(baseline(1, all));
  const read = (query?: Parameters<typeof view.snapshots>[0]) =>
    view.snapshots(query).map(({ subject, context }) => `${subject} ${context}`)
      .sort();
  assertEquals(read().length, 4);
  assertEquals(read({ context: "doc-1" }), ["alice doc-1", "bob doc-1"]);
  assertEquals(read({ subject: "bob" }), ["bob doc-1", "bob doc-2"]);
  assertEquals(read({ subject: "bob", context: "doc-2" }), ["bob doc-2"]);
  assertEquals(read({ context: "nowhere" }), []);
});

Deno.test("PresenceView.subjectSummary() summarizes as the store does", () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update({ facets: { availability: "busy" } }));
  server.receive(update({ resource: "tab", facets: { activity: "editing" } }));
  const view = new PresenceView();
  view.apply(baseline(1, server.store.snapshots()));

  assertEquals(
    view.subjectSummary("alice", "doc-1"),
    server.store.subjectSummary("alice", "doc-1"),
  );
  assertEquals(view.subjectSummary("bob", "doc-1"), undefined);
  const ranks = { activityRank: () => 0, availabilityRank: () => 0 };
  assertEquals(
    view.subjectSummary("alice", "doc-1", ranks)?.dominant.resource,
    undefined,
  );
});

Deno.test("PresenceView makes an entry leave that becomes hidden", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const mirror = new Mirror(server.watch({ viewer: PUBLIC_VIEWER }));
  server.receive(update());
  assertEquals(await mirror.events(), ["joined alice"]);
  server.receive(update({ visibility: "private" }));
  assertEquals(await mirror.events(), ["left alice"]);
  server.receive(update({ visibility: "public" }));
  assertEquals(await mirror.events(), ["joined alice"]);
  assertStrictEquals(
    mirror.view.snapshots()[0],
    server.store.snapshot(keyOf()),
  );
});

Deno.test("PresenceView returns only the changes across a gap", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ retention: 1 });
  const mirror = new Mirror(server.watch());
  for (const subject of ["alice", "bob", "carol"]) {
    server.receive(update({ subject }));
  }
  await mirror.read();
  for (let n = 0; n < 9; n++) {
    server.receive(update({ subject: "bob", facets: { lastSeen: n } }));
  }
  server.withdraw(keyOf({ subject: "carol" }));
  server.receive(update({ subject: "dave" }));
  assertEquals((await mirror.events()).sort(), [
    "joined dave",
    "left carol",
    "updated bob",
  ]);
  assertEquals(mirror.reader.values.at(-1)?.type, "baseline");
});

Deno.test("PresenceView tells any two keys apart", () => {
  const keys = ["", "null", "..", "__proto__", "constructor", "a\0b", 1, "1"];
  const snapshots = keys.flatMap((key) => [
    snapshot({ subject: key, context: key }),
    snapshot({ subject: key, context: key, resource: key, origin: key }),
  ]);
  const view = new PresenceView();
  assertEquals(view.apply(baseline(1, snapshots)).length, keys.length);
  for (const key of keys) {
    assertEquals(view.subjects(key), [key]);
    assertEquals(view.snapshots({ context: key, subject: key }).length, 2);
    const hidden = { subject: key, context: key, resource: key, origin: key };
    const [event] = view.apply(
      changes(2, { type: "hidden", sequence: 2, key: hidden }),
    );
    assertEquals(event?.type, "updated");
  }
  assert(!("polluted" in {}));
  assertEquals(view.snapshots().length, keys.length);
});

Deno.test("PresenceView holds nothing of a context that is empty again", () => {
  const view = new PresenceView();
  view.apply(baseline(1, []));
  for (let n = 0; n < 20; n++) {
    view.apply(changes(2, published(2, { context: n })));
    view.apply(changes(3, withdrawn(3, { context: n })));
  }
  using visits = countCalls(EntryTree.prototype, "forEach");
  assertEquals(view.snapshots(), []);
  assertEquals(visits.calls, 0);
});

Deno.test("PresenceView ignores the removal of an entry that it does not have", () => {
  const view = new PresenceView();
  view.apply(baseline(1, []));
  const key = entryKeyOf(snapshot());
  assertEquals(
    view.apply(changes(3, withdrawn(2), { type: "hidden", sequence: 3, key })),
    [],
  );
});

// A read returns the same object until its content changes

/** Returns all reads of a view, by their names. */
function readsOf(view: PresenceView): Record<string, unknown> {
  return {
    all: view.snapshots(),
    "doc-1": view.snapshots({ context: "doc-1" }),
    "doc-2": view.snapshots({ context: "doc-2" }),
    alice: view.snapshots({ subject: "alice" }),
    "alice in doc-1": view.snapshots({ context: "doc-1", subject: "alice" }),
    bob: view.snapshots({ subject: "bob" }),
    "bob in doc-1": view.snapshots({ context: "doc-1", subject: "bob" }),
    "who is in doc-1": view.subjects("doc-1"),
    "who is in doc-2": view.subjects("doc-2"),
    "alice's summary": view.subjectSummary("alice", "doc-1"),
    "bob's summary": view.subjectSummary("bob", "doc-1"),
    "alice's summary by other ranks": view.subjectSummary(
      "alice",
      "doc-1",
      OTHER_RANKS,
    ),
    "nobody's summary": view.subjectSummary("zoe", "doc-1"),
    "nobody in doc-3": view.snapshots({ context: "doc-3" }),
    "who is in doc-3": view.subjects("doc-3"),
  };
}

const OTHER_RANKS = { ...DEFAULT_PROJECTION };

/** Returns the names of the reads that return a new object after a batch. */
function changedBy(view: PresenceView, batch?: PresenceBatch): string[] {
  const before = readsOf(view);
  if (batch !== undefined) view.apply(batch);
  return Object.entries(readsOf(view))
    .filter(([name, value]) => value !== before[name])
    .map(([name]) => name);
}

/** Alice and bob are in doc-1, bob in doc-2. */
const THERE = () => [
  snapshot(),
  snapshot({ subject: "bob" }),
  snapshot({ subject: "bob", context: "doc-2" }),
];

Deno.test("PresenceView returns the same objects while nothing changes", () => {
  const view = new PresenceView();
  assertEquals(changedBy(view), []);
  view.apply(baseline(1, THERE()));
  assertEquals(changedBy(view), []);
  assertEquals(changedBy(view, changes(2)), []);
  assertEquals(changedBy(view, baseline(3, THERE(), 0, false)), []);
  // As it arrives over a wire after a gap: equal, but a new object.
  assertEquals(changedBy(view, baseline(4, THERE())), []);
});

Deno.test("PresenceView returns a new object for each read that a change affects, and for no other", () => {
  const view = new PresenceView();
  view.apply(baseline(1, THERE()));
  const facets = { activity: "editing" } as const;
  assertEquals(changedBy(view, changes(2, published(2, { facets }))), [
    "all",
    "doc-1",
    "alice",
    "alice in doc-1",
    "alice's summary",
    "alice's summary by other ranks",
  ]);
  const elsewhere = { subject: "bob", context: "doc-2", facets };
  assertEquals(changedBy(view, changes(3, published(3, elsewhere))), [
    "all",
    "doc-2",
    "bob",
  ]);
  const carol = { subject: "carol" };
  assertEquals(changedBy(view, changes(4, published(4, carol))), [
    "all",
    "doc-1",
    "who is in doc-1",
  ]);
});

for (const how of ["withdrawn", "hidden"] as const) {
  Deno.test(`PresenceView returns new objects when a subject is ${how}, and holds nothing of a departed one`, () => {
    const view = new PresenceView();
    view.apply(baseline(1, THERE()));
    const key = entryKeyOf(snapshot());
    const change = how === "hidden"
      ? { type: how, sequence: 2, key } as const
      : withdrawn(2);
    assertEquals(changedBy(view, changes(2, change)), [
      "all",
      "doc-1",
      "alice",
      "alice in doc-1",
      "who is in doc-1",
      "alice's summary",
      "alice's summary by other ranks",
    ]);
    assertEquals(view.snapshots({ subject: "alice" }), []);
    assertEquals(view.subjectSummary("alice", "doc-1"), undefined);
    view.apply(baseline(3, []));
    assertEquals(view.snapshots(), []);
    assertEquals(view.subjects("doc-1"), []);
    assertEquals(changedBy(view), []);
  });
}

Deno.test("PresenceView returns the same objects after a refresh", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  server.receive(update());
  const { view, reader } = new Mirror(server.watch({ context: "doc-1" }));
  for (const batch of await reader.read()) view.apply(batch);
  const before = readsOf(view);
  server.receive(update({ observedAt: 10 }));
  for (const batch of await reader.read()) view.apply(batch);
  assertEquals(
    Object.entries(readsOf(view)).filter(([name, value]) =>
      value !== before[name]
    ),
    [],
  );
});
