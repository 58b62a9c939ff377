import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../core/mod.ts";
import { withUntamedProto } from "../../store/testing/prototypes.ts";
import { toWireMeta } from "./meta.ts";
import { type FacetLifter, fromWireMeta, type JsonValue } from "./mod.ts";
import { Client, topics } from "./testing/harness.ts";

/** Values that must stay the same as JSON. */
const METAS: readonly JsonValue[] = [
  null,
  true,
  0,
  -1.5e-300,
  "",
  "text",
  "\ud800",
  [],
  [null, [1, [2]], {}],
  {},
  { name: "Ada", cursor: { line: 1, marks: [true, null] } },
  { "": 1, constructor: 2, toString: 3, length: 4, value: 5, meta: 6 },
  JSON.parse('{"__proto__":{"admin":true},"b":{"__proto__":null}}'),
  { phx_ref: "mine", name: "Mallory" },
  { phx_ref_prev: "mine" },
  { phx_meta: { phx_meta: 1 } },
  { phx_anything: 1 },
];

/** Passes a value that the compiler would refuse. */
function trackAnyway(track: (meta: JsonValue) => unknown, meta: unknown) {
  return Reflect.apply(track, undefined, [meta]);
}

Deno.test("TopicPresence.track() keeps any JSON value whole, and so does a watch", async () => {
  using t = topics();
  for (const [index, meta] of METAS.entries()) {
    t.presence.track(`topic ${index}`, "ada", meta);
    const [entry] = t.presence.list(`topic ${index}`);
    assertEquals(JSON.stringify(entry?.metas), JSON.stringify([meta]));

    const client = new Client(t.presence, `topic ${index}`);
    await client.read();
    const [mirrored] = client.list();
    assertEquals(JSON.stringify(mirrored?.metas), JSON.stringify([meta]));
  }
  assertEquals(Reflect.get({}, "admin"), undefined);
});

Deno.test("TopicPresence.track() and update() copy the meta", () => {
  using t = topics();
  const meta = { tags: ["a"], at: { line: 1 } };
  const handle = t.presence.track("room", "ada", meta);
  meta.tags.push("b");
  meta.at.line = 2;
  assertEquals(t.presence.get("room", "ada")?.metas, [
    { tags: ["a"], at: { line: 1 } },
  ]);

  handle.update(meta);
  meta.tags.length = 0;
  assertEquals(t.presence.get("room", "ada")?.metas, [
    { tags: ["a", "b"], at: { line: 2 } },
  ]);
});

Deno.test("TopicPresence.track() reads minus zero as JSON would write it", () => {
  using t = topics();
  const handle = t.presence.track("room", "ada", -0);
  assert(Object.is(t.presence.get("room", "ada")?.metas[0], 0));
  const { lastSequence } = t.server;
  handle.update(0);
  assertEquals(t.server.lastSequence, lastSequence, "it is no update");
});

Deno.test("TopicPresence.track() and update() drop undefined members as JSON does", () => {
  using t = topics();
  const meta = {
    name: undefined,
    at: { line: 1, column: undefined },
    marks: [undefined, { a: undefined }],
    holes: new Array(1),
  };
  const track = (meta: JsonValue) => t.presence.track("room", "ada", meta);
  trackAnyway(track, meta);
  const said = { at: { line: 1 }, marks: [null, {}], holes: [null] };
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: [said] }]);
  assertEquals(JSON.parse(JSON.stringify(meta)), said);

  const handle = t.presence.track("desk", "ada", { mood: "fine" });
  const { lastSequence } = t.server;
  const update = (meta: JsonValue) => handle.update(meta);
  trackAnyway(update, { mood: "fine", name: undefined });
  assertEquals(t.server.lastSequence, lastSequence, "it is no update");
  trackAnyway(update, { mood: undefined });
  assertEquals(t.presence.get("desk", "ada")?.metas, [{}]);
});

Deno.test("TopicPresence.track() and update() refuse other values than JSON and change nothing", () => {
  const cycle: unknown[] = [];
  cycle.push({ cycle });
  const bad: [unknown, string][] = [
    [undefined, "meta must be a JSON value: received undefined"],
    [NaN, "meta must be a JSON value: received NaN"],
    [-Infinity, "meta must be a JSON value: received -Infinity"],
    [10n, "meta must be a JSON value: received 10"],
    [Symbol("s"), "meta must be a JSON value: received Symbol(s)"],
    [() => 1, "meta must be a JSON value: received a function"],
    [new Date(0), "meta must be a JSON value: received an object"],
    [new Map(), "meta must be a JSON value: received an object"],
    [new (class Ada {})(), "meta must be a JSON value: received an object"],
    [{ at: { x: NaN } }, "meta.at.x must be a JSON value: received NaN"],
    [cycle, "must not be nested deeper than 64 levels"],
  ];
  using t = topics();
  const handle = t.presence.track("room", "ada", "as it was");
  const { lastSequence } = t.server;
  for (const [meta, rule] of bad) {
    assertThrows(
      () => trackAnyway((meta) => t.presence.track("room", "bob", meta), meta),
      InvalidValueError,
      rule.startsWith("meta") ? `Cannot track connection: ${rule}` : rule,
    );
    assertThrows(
      () => trackAnyway((meta) => handle.update(meta), meta),
      InvalidValueError,
      rule.startsWith("meta") ? `Cannot update connection: ${rule}` : rule,
    );
  }
  assertEquals(t.server.lastSequence, lastSequence);
  assertEquals(t.presence.list("room"), [{ key: "ada", metas: ["as it was"] }]);
});

Deno.test("TopicPresence.track() accepts 64 levels of nesting and no more", () => {
  using t = topics();
  const nested = (levels: number): JsonValue =>
    levels === 0 ? "core" : [nested(levels - 1)];
  t.presence.track("room", "ada", nested(64));
  assertEquals(t.presence.get("room", "ada")?.metas, [nested(64)]);
  assertThrows(
    () => t.presence.track("room", "ada", nested(65)),
    InvalidValueError,
  );
  assertEquals(t.presence.connectionCount("room", "ada"), 1);
});

/** Lifts the fields `busy` and `doing`, if present. */
const lifter: FacetLifter = (meta) => {
  const fields = new Map(Object.entries(Object(meta)));
  const doing = fields.get("doing");
  if (fields.get("busy") === "throw") throw new RangeError("no such state");
  return {
    availability: fields.get("busy") === true ? "busy" : undefined,
    activity: typeof doing === "string" ? { custom: doing } : undefined,
  };
};

Deno.test("TopicPresence.track() lifts facets out of a meta and keeps it whole", () => {
  using t = topics({ facets: lifter });
  t.presence.track("room", "ada", { busy: true, doing: "juggling" });
  const [entry] = t.server.store.snapshots({ context: "room" });
  assertEquals(entry?.facets, {
    meta: { value: { busy: true, doing: "juggling" } },
    availability: "busy",
    activity: { custom: "juggling" },
  });
  const summary = t.server.store.subjectSummary("ada", "room");
  assertEquals(summary?.activity, { custom: "juggling" });
});

Deno.test("PresenceHandle.update() clears facets that the new meta does not have", () => {
  using t = topics({ facets: lifter });
  const handle = t.presence.track("room", "ada", { busy: true, doing: "x" });
  handle.update({ doing: "y" });
  const facets = () => t.server.store.snapshots({ context: "room" })[0]?.facets;
  assertEquals(facets(), {
    meta: { value: { doing: "y" } },
    activity: { custom: "y" },
  });
  handle.update(null);
  assertEquals(facets(), { meta: { value: null } });
});

Deno.test("a meta whose facets can't be lifted is refused and changes nothing", () => {
  using t = topics({ facets: lifter });
  const handle = t.presence.track("room", "ada", { busy: true });
  const { lastSequence } = t.server;
  assertThrows(
    () => t.presence.track("room", "bob", { busy: "throw" }),
    RangeError,
  );
  assertThrows(() => handle.update({ busy: "throw" }), RangeError);
  // Not a common activity: an application's own is { custom }.
  const bad: FacetLifter = () => JSON.parse('{"activity":"juggling"}');
  using other = topics({ facets: bad });
  assertThrows(
    () => other.presence.track("room", "ada", {}),
    InvalidValueError,
    "facets.activity must be one of",
  );
  assertEquals(other.presence.countPresences("room"), 0);
  assertEquals(t.server.lastSequence, lastSequence);
  assertEquals(t.presence.list("room"), [{
    key: "ada",
    metas: [{ busy: true }],
  }]);
});

Deno.test("PresenceHandle.update() shows a refused value nowhere, not even its visibility", () => {
  using t = topics({
    facets: (meta) => meta === "bad" ? JSON.parse('{"availability":1}') : {},
  });
  const handle = t.presence.track("room", "ada", "good");
  assertThrows(
    () => handle.update("bad", { visibility: "private" }),
    InvalidValueError,
  );
  assertEquals(handle.visibility, "public");
  assertEquals(handle.update("better"), true);
  const [entry] = t.server.store.snapshots({ context: "room" });
  assertEquals(entry?.visibility, "public");
});

Deno.test("toWireMeta() puts fields beside phx_ref, and other metas whole into phx_meta", () => {
  assertEquals(toWireMeta({ name: "Ada" }, "r"), { phx_ref: "r", name: "Ada" });
  assertEquals(toWireMeta({}, "r"), { phx_ref: "r" });
  for (const meta of [null, "text", 7, false, [], ["a"], { phx_ref: "x" }]) {
    assertEquals(toWireMeta(meta, "r"), { phx_ref: "r", phx_meta: meta });
  }
});

Deno.test("fromWireMeta() reverses toWireMeta(), after an update too", () => {
  withUntamedProto(() => {
    for (const meta of METAS) {
      const wire = toWireMeta(meta, "r");
      assertEquals(wire.phx_ref, "r");
      const back = [wire, { ...wire, phx_ref_prev: "q" }]
        .map((wire) => JSON.stringify(fromWireMeta(wire)));
      assertEquals(back, [JSON.stringify(meta), JSON.stringify(meta)]);
    }
  });
});

Deno.test("TopicPresence keeps keys and fields named __proto__ where that is a setter", () => {
  withUntamedProto(() => {
    using t = topics();
    const meta = JSON.parse('{"__proto__":{"admin":true}}');
    t.presence.track("__proto__", "__proto__", meta);
    assertEquals(
      JSON.stringify(t.presence.list("__proto__")),
      '[{"key":"__proto__","metas":[{"__proto__":{"admin":true}}]}]',
    );
  });
});
