import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { restricted, type Visibility } from "../../core/mod.ts";
import { OMNISCIENT_VIEWER, PUBLIC_VIEWER } from "../mod.ts";
import { withUntamedProto } from "../../store/testing/prototypes.ts";
import { diffWithOwn } from "./differences.ts";
import type { TopicPresence, TopicViewer } from "./mod.ts";
import { Client, EventReader, topics } from "./testing/harness.ts";

const STAFF: TopicViewer = { restricted: ["staff"], private: false };
const ADA: TopicViewer = { ...PUBLIC_VIEWER, subject: "ada" };

/** Public, staff's and private connections of ada, and a private one of bob. */
function fill(presence: TopicPresence) {
  const track = (key: string, meta: string, visibility: Visibility) =>
    presence.track("room", key, meta, { visibility });
  return {
    shown: track("ada", "public", "public"),
    staff: track("ada", "staff", restricted("staff")),
    hidden: track("ada", "private", "private"),
    bob: track("bob", "private", "private"),
  };
}

/** What each viewer sees of these. */
const SEEN: [TopicViewer, Record<string, string[]>][] = [
  [PUBLIC_VIEWER, { ada: ["public"] }],
  [STAFF, { ada: ["public", "staff"] }],
  [ADA, { ada: ["public", "staff", "private"] }],
  [{ ...PUBLIC_VIEWER, subject: "bob" }, { ada: ["public"], bob: ["private"] }],
  [OMNISCIENT_VIEWER, {
    ada: ["public", "staff", "private"],
    bob: ["private"],
  }],
];

Deno.test("TopicPresence answers each viewer with what it may see", () => {
  using t = topics();
  fill(t.presence);
  for (const [viewer, seen] of SEEN) {
    const list = Object.entries(seen).map(([key, metas]) => ({ key, metas }));
    assertEquals(t.presence.list("room", viewer), list);
    assertEquals(t.presence.countPresences("room", viewer), list.length);
    for (const key of ["ada", "bob"]) {
      const entry = list.find((entry) => entry.key === key);
      assertEquals(t.presence.get("room", key, viewer), entry);
      assertEquals(
        t.presence.isPresent("room", key, viewer),
        entry !== undefined,
      );
      assertEquals(
        t.presence.connectionCount("room", key, viewer),
        entry?.metas.length ?? 0,
      );
    }
  }
});

Deno.test("TopicPresence.watch() shows each viewer what it may see, in states and in diffs", async () => {
  using t = topics();
  const early = SEEN.map(([viewer]) =>
    new Client(t.presence, "room", { viewer })
  );
  for (const client of early) await client.read();
  const handles = fill(t.presence);
  const late = SEEN.map(([viewer]) =>
    new Client(t.presence, "room", { viewer })
  );
  for (const clients of [early, late]) {
    for (const [index, client] of clients.entries()) {
      await client.read();
      const seen = Object.entries(SEEN[index]?.[1] ?? {});
      assertEquals(client.list(), seen.map(([key, metas]) => ({ key, metas })));
    }
  }
  for (const handle of Object.values(handles)) handle[Symbol.dispose]();
  for (const client of [...early, ...late]) {
    await client.read();
    assertEquals(client.list(), []);
  }
});

Deno.test("TopicPresence.watch() yields nothing for entries that stay hidden", async () => {
  using t = topics();
  const client = new Client(t.presence, "room", { viewer: PUBLIC_VIEWER });
  const events = new EventReader(t.presence, "room", { viewer: PUBLIC_VIEWER });
  await client.read();
  const { staff, hidden, bob } = fill(t.presence);
  await client.read();
  await events.read();
  staff.update("still for staff");
  hidden.update("for staff now", { visibility: restricted("staff") });
  bob[Symbol.dispose]();
  assertEquals(await client.read(), []);
  assertEquals(await events.read(), []);
});

Deno.test("a connection that becomes hidden leaves for readers who lose it, and joins again when shown", async () => {
  using t = topics();
  const [everybody, staff, ada] = [PUBLIC_VIEWER, STAFF, ADA].map((viewer) => ({
    client: new Client(t.presence, "room", { viewer }),
    events: new EventReader(t.presence, "room", { viewer }),
  }));
  assert(everybody && staff && ada);
  const handle = t.presence.track("room", "ada", 1);
  for (const { client, events } of [everybody, staff, ada]) {
    await client.read();
    await events.read();
  }
  const list = [{ key: "ada", metas: [1] }];

  assertEquals(handle.update(1, { visibility: restricted("staff") }), true);
  assertEquals(handle.visibility, restricted("staff"));
  assertEquals((await everybody.client.read()).length, 1);
  assertEquals(everybody.client.list(), []);
  assertEquals(await everybody.events.read(), ['{"type":"leave","key":"ada"}']);
  for (const { client, events } of [staff, ada]) {
    assertEquals(await client.read(), [], "for them nothing is different");
    assertEquals(await events.read(), []);
    assertEquals(client.list(), list);
  }

  handle.refresh();
  handle.update(2);
  assertEquals(await everybody.client.read(), [], "it is still hidden");
  assertEquals(await staff.events.read(), [
    '{"type":"update","key":"ada","meta":2}',
  ]);

  handle.update(3, { visibility: "public" });
  await everybody.client.read();
  assertEquals(everybody.client.list(), [{ key: "ada", metas: [3] }]);
  assertEquals(await everybody.events.read(), [
    '{"type":"join","key":"ada","meta":3}',
  ]);
  assertEquals(await staff.events.read(), [
    '{"type":"update","key":"ada","meta":3}',
  ]);
});

Deno.test("a key with another visible connection does not leave", async () => {
  using t = topics();
  const viewer = PUBLIC_VIEWER;
  const events = new EventReader(t.presence, "room", { viewer });
  const client = new Client(t.presence, "room", { viewer });
  const phone = t.presence.track("room", "ada", "phone");
  t.presence.track("room", "ada", "tab");
  await events.read();
  await client.read();
  phone.update("phone", { visibility: "private" });
  assertEquals(await events.read(), []);
  await client.read();
  assertEquals(client.list(), [{ key: "ada", metas: ["tab"] }]);
});

Deno.test("a mirror keeps the order of its messages, and a state the order of the joins", async () => {
  using t = topics();
  const viewer = PUBLIC_VIEWER;
  const first = t.presence.track("room", "ada", 1, { visibility: "private" });
  const client = new Client(t.presence, "room", { viewer });
  await client.read();
  t.presence.track("room", "ada", 2);
  await client.read();
  first.update(1, { visibility: "public" });
  await client.read();
  assertEquals(client.list(), [{ key: "ada", metas: [2, 1] }]);
  assertEquals(t.presence.list("room", viewer), [{
    key: "ada",
    metas: [1, 2],
  }]);

  const late = new Client(t.presence, "room", { viewer });
  await late.read();
  assertEquals(late.list(), [{ key: "ada", metas: [1, 2] }]);
});

Deno.test("readers with hidden connections of their own get separate messages, and no others do", async () => {
  using t = topics();
  const [everybody, bob, ada] = [
    PUBLIC_VIEWER,
    { ...PUBLIC_VIEWER, subject: "bob" },
    ADA,
  ].map((viewer) => new Client(t.presence, "room", { viewer }));
  assert(everybody && bob && ada);
  const handle = t.presence.track("room", "ada", 1, { visibility: "private" });
  t.presence.track("room", "cyd", 1);
  for (let turn = 0; turn < 3; turn++) {
    const [a] = await everybody.read();
    const [b] = await bob.read();
    const [c] = await ada.read();
    assert(a && b && c);
    assert(a === b);
    assert(a !== c);
    assertEquals(a.position, c.position);
    assert(!JSON.stringify(a).includes("ada"), "not even the key gets out");
    handle.update(turn + 2);
    t.presence.track("room", "cyd", turn);
  }
});

Deno.test("a batch of a reader's own hidden connections reaches only that reader", async () => {
  using t = topics();
  const everybody = new Client(t.presence, "room", { viewer: PUBLIC_VIEWER });
  const ada = new Client(t.presence, "room", { viewer: ADA });
  await everybody.read();
  await ada.read();
  t.presence.track("room", "ada", 1, { visibility: "private" });
  assertEquals(await everybody.read(), []);
  assertEquals((await ada.read()).length, 1);
  assertEquals(ada.list(), [{ key: "ada", metas: [1] }]);
});

Deno.test("TopicPresence.events() begin with what the viewer sees at that time", async () => {
  using t = topics();
  const { hidden, staff } = fill(t.presence);
  const events = new EventReader(t.presence, "room", { viewer: STAFF });
  hidden.update("shown", { visibility: "public" });
  staff.update("hidden", { visibility: "private" });
  assertEquals(await events.read(), [
    '{"type":"join","key":"ada","meta":"shown"}',
  ]);
});

Deno.test("readers who see their own hidden connections see the public part of all others", async () => {
  using t = topics();
  const everybody = new Client(t.presence, "room", { viewer: PUBLIC_VIEWER });
  const viewer = { ...PUBLIC_VIEWER, subject: "__proto__" };
  const own = new Client(t.presence, "room", { viewer });
  const other = new Client(t.presence, "room", { viewer });
  for (const client of [everybody, own, other]) await client.read();
  const track = (key: string, meta: string, visibility: Visibility) =>
    t.presence.track("room", key, meta, { visibility });

  const handles = [
    track("__proto__", "hidden", "private"),
    track("__proto__", "shown", "public"),
    track("ada", "shown", "public"),
    track("ada", "hidden", "private"),
  ];
  const [a] = await own.read();
  const [b] = await other.read();
  await everybody.read();
  assert(a !== undefined && a === b, "two tabs of one person share a message");
  const ada = { key: "ada", metas: ["shown"] };
  assertEquals(everybody.list(), [{ key: "__proto__", metas: ["shown"] }, ada]);
  const both = { key: "__proto__", metas: ["hidden", "shown"] };
  assertEquals(own.list(), [both, ada]);

  // For all others, one of them joins and the other one leaves.
  handles[0]?.update("hidden", { visibility: "public" });
  handles[1]?.update("shown", { visibility: "private" });
  assertEquals((await everybody.read()).length, 1);
  assertEquals(everybody.list()[0]?.metas, ["hidden"]);
  assertEquals(await own.read(), [], "to oneself nothing is different");
  handles[2]?.[Symbol.dispose]();
  await own.read();
  assertEquals(own.list(), [both]);
});

Deno.test("diffWithOwn() accepts a key named __proto__ where that is a setter", () => {
  withUntamedProto(() => {
    const state = (ref: string) =>
      JSON.parse(`{"__proto__":{"metas":[{"phx_ref":"${ref}"}]}}`);
    const shared = { joins: state("part"), leaves: state("part") };
    const own = { joins: state("whole"), leaves: {} };
    assertEquals(
      JSON.stringify(diffWithOwn(shared, "__proto__", own)),
      JSON.stringify({ joins: state("whole"), leaves: {} }),
    );
  });
});

Deno.test("TopicPresence.watch() does no work for a group of readers when what they don't see changes", async () => {
  using t = topics();
  t.presence.track("room", "ada", "public");
  const newcomer = () =>
    new Client(t.presence, "room", { viewer: PUBLIC_VIEWER });
  const first = newcomer();
  const [before] = await first.read();
  for (const key of ["bob", "eve", "joe"]) {
    t.presence.track("room", key, "private", { visibility: "private" });
  }
  assertEquals(await first.read(), []);
  const [after] = await newcomer().read();
  assert(before?.type === "state" && after?.type === "state");
  assertEquals(after.state, before.state);
  // It is the same object: nobody has made it anew.
  assertStrictEquals(after.state.ada, before.state.ada);
});
