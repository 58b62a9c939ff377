import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { compareKeys, InvalidValueError } from "../../../core/mod.ts";
import {
  entryMetas,
  joinDiffJson,
  leaveDiffJson,
  listMirror,
  listState,
  metaData,
  newState,
  type PresenceCallbacks,
  type PresenceMirror,
  syncDiff,
  syncState,
  trackState,
  untrackState,
  type WireDiff,
  type WireMeta,
  type WirePresence,
  type WireState,
} from "./mod.ts";

const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

/** A presence with a meta for each ref. */
function at(...refs: string[]): WirePresence {
  return { metas: refs.map((phx_ref) => ({ phx_ref })) };
}

function joins(joins: WireState): WireDiff {
  return { joins, leaves: {} };
}

function leaves(leaves: WireState): WireDiff {
  return { joins: {}, leaves };
}

function mirrorOf(state: WireState): PresenceMirror {
  return new Map(Object.entries(state));
}

function stateOf(mirror: PresenceMirror): WireState {
  return Object.fromEntries(mirror);
}

/** The metas of a key. */
function metasOf(mirror: PresenceMirror, key: string): readonly WireMeta[] {
  return mirror.get(key)?.metas ?? [];
}

function refsOf(presence: WirePresence | undefined): string[] {
  return (presence?.metas ?? []).map(({ phx_ref }) => phx_ref);
}

type Told = [
  type: "join" | "leave",
  key: string,
  current: WirePresence | undefined,
  changed: WirePresence,
];

/** Callbacks that record their calls. */
function listener(): PresenceCallbacks & { told: Told[] } {
  const told: Told[] = [];
  return {
    told,
    onJoin: (...args) => told.push(["join", ...args]),
    onLeave: (...args) => told.push(["leave", ...args]),
  };
}

Deno.test("syncState() fills an empty mirror", () => {
  const mirror: PresenceMirror = new Map();
  syncState(mirror, { ada: at("a") });
  assertEquals(stateOf(mirror), { ada: at("a") });
});

Deno.test("syncState() reports joins, then leaves", () => {
  const mirror = mirrorOf({ dan: at("d"), eve: at("e") });
  const state = { ada: at("a1", "a2"), bob: at("b") };
  const callbacks = listener();
  syncState(mirror, state, callbacks);
  assertEquals(stateOf(mirror), state);
  assertEquals(callbacks.told, [
    ["join", "ada", undefined, at("a1", "a2")],
    ["join", "bob", undefined, at("b")],
    ["leave", "dan", at(), at("d")],
    ["leave", "eve", at(), at("e")],
  ]);
});

Deno.test("syncState() reports only the metas that joined or left", () => {
  const mirror = mirrorOf({ ada: at("a1", "a2"), bob: at("b1") });
  const callbacks = listener();
  syncState(mirror, { ada: at("a2", "a3"), bob: at("b1", "b2") }, callbacks);
  assertEquals(stateOf(mirror), { ada: at("a2", "a3"), bob: at("b1", "b2") });
  assertEquals(callbacks.told, [
    ["join", "ada", at("a1", "a2"), at("a3")],
    ["join", "bob", at("b1"), at("b2")],
    ["leave", "ada", at("a2", "a3"), at("a1")],
  ]);
});

Deno.test("syncState() reports nothing for unchanged presences", () => {
  const state = { ada: at("a1", "a2"), bob: at("b") };
  const mirror = mirrorOf(structuredClone(state));
  const callbacks = listener();
  syncState(mirror, state, callbacks);
  assertEquals(stateOf(mirror), state);
  assertEquals(callbacks.told, []);
});

Deno.test("syncState() empties a mirror", () => {
  const mirror = mirrorOf({ ada: at("a") });
  syncState(mirror, {});
  assertEquals(mirror.size, 0);
});

Deno.test("syncState() adopts order, fields and metas of the state", () => {
  const mirror: PresenceMirror = new Map();
  syncState(
    mirror,
    JSON.parse(`{"ada":{"metas":[{"phx_ref":"1"},{"phx_ref":"2"}],"at":1}}`),
  );
  const state: WireState = JSON.parse(
    `{"ada":{"metas":[{"phx_ref":"2","x":1},{"phx_ref":"1"}],"at":2}}`,
  );
  const callbacks = listener();
  syncState(mirror, state, callbacks);
  assertEquals(stateOf(mirror), state);
  assertEquals(callbacks.told, []);
});

Deno.test("syncState() reports a replaced meta as a join and a leave", () => {
  const mirror = mirrorOf({ ada: at("1", "2") });
  const after = {
    metas: [{ phx_ref: "3", phx_ref_prev: "1" }, ...at("2").metas],
  };
  const callbacks = listener();
  syncState(mirror, { ada: after }, callbacks);
  assertEquals(stateOf(mirror), { ada: after });
  assertEquals(callbacks.told, [
    ["join", "ada", at("1", "2"), {
      metas: [{ phx_ref: "3", phx_ref_prev: "1" }],
    }],
    ["leave", "ada", after, at("1")],
  ]);
});

Deno.test("syncState() treats a key without metas as absent", () => {
  const mirror = mirrorOf({ ada: at("a") });
  const callbacks = listener();
  syncState(mirror, { ada: at(), bob: at() }, callbacks);
  assertEquals(mirror.size, 0);
  assertEquals(callbacks.told, [["leave", "ada", at(), at("a")]]);
});

Deno.test("syncDiff() fills an empty mirror", () => {
  const mirror: PresenceMirror = new Map();
  const callbacks = listener();
  syncDiff(mirror, joins({ ada: at("a") }), callbacks);
  assertEquals(stateOf(mirror), { ada: at("a") });
  assertEquals(callbacks.told, [["join", "ada", undefined, at("a")]]);
});

Deno.test("syncDiff() puts joined metas last, and removes a key without metas", () => {
  const mirror = mirrorOf({ ada: at("a1"), bob: at("b"), cleo: at("c") });
  const callbacks = listener();
  syncDiff(
    mirror,
    { joins: { ada: at("a2", "a0") }, leaves: { bob: at("b") } },
    callbacks,
  );
  assertEquals(stateOf(mirror), { ada: at("a1", "a2", "a0"), cleo: at("c") });
  assertEquals(callbacks.told, [
    ["join", "ada", at("a1"), at("a2", "a0")],
    ["leave", "bob", at(), at("b")],
  ]);
});

Deno.test("syncDiff() keeps a key with a remaining meta", () => {
  const mirror = mirrorOf({ ada: at("a1", "a2", "a3") });
  const callbacks = listener();
  syncDiff(mirror, leaves({ ada: at("a3", "a1") }), callbacks);
  assertEquals(stateOf(mirror), { ada: at("a2") });
  assertEquals(callbacks.told, [["leave", "ada", at("a2"), at("a3", "a1")]]);
});

Deno.test("syncDiff() ignores the leave of an absent key", () => {
  const mirror = mirrorOf({ ada: at("a") });
  const callbacks = listener();
  syncDiff(mirror, leaves({ bob: at("b") }), callbacks);
  assertEquals(stateOf(mirror), { ada: at("a") });
  assertEquals(callbacks.told, []);
});

Deno.test("syncDiff() applies joins before leaves", () => {
  const mirror: PresenceMirror = new Map();
  const callbacks = listener();
  syncDiff(
    mirror,
    { joins: { ada: at("1", "2") }, leaves: { ada: at("1") } },
    callbacks,
  );
  assertEquals(stateOf(mirror), { ada: at("2") });
  assertEquals(callbacks.told, [
    ["join", "ada", undefined, at("1", "2")],
    ["leave", "ada", at("2"), at("1")],
  ]);
});

Deno.test("syncDiff() puts an update in the place of the meta that it updates", () => {
  const mirror = mirrorOf({ ada: at("1", "2", "3") });
  const update = { metas: [{ phx_ref: "4", phx_ref_prev: "2", mood: "fine" }] };
  const after = {
    metas: [...at("1").metas, ...update.metas, ...at("3").metas],
  };
  const callbacks = listener();
  syncDiff(
    mirror,
    { joins: { ada: update }, leaves: { ada: at("2") } },
    callbacks,
  );
  assertEquals(stateOf(mirror), { ada: after });
  assertEquals(callbacks.told, [
    ["join", "ada", at("1", "2", "3"), update],
    ["leave", "ada", after, at("2")],
  ]);
});

Deno.test("syncDiff() follows updates of updates, within a diff too", () => {
  const mirror = mirrorOf({ ada: at("1", "9") });
  const joined = {
    metas: [
      { phx_ref: "2", phx_ref_prev: "1" },
      { phx_ref: "3", phx_ref_prev: "2" },
    ],
  };
  syncDiff(mirror, { joins: { ada: joined }, leaves: { ada: at("1", "2") } });
  assertEquals(metasOf(mirror, "ada"), [
    { phx_ref: "3", phx_ref_prev: "2" },
    { phx_ref: "9" },
  ]);
});

Deno.test("syncDiff() puts an update of an unknown meta last", () => {
  const mirror = mirrorOf({ ada: at("1") });
  const update = { metas: [{ phx_ref: "3", phx_ref_prev: "2" }] };
  syncDiff(mirror, { joins: { ada: update }, leaves: { ada: at("2") } });
  assertEquals(refsOf(mirror.get("ada")), ["1", "3"]);
});

Deno.test("syncDiff() loses no meta if several replace the same one", () => {
  const mirror = mirrorOf({ ada: at("1", "9") });
  const joined = {
    metas: [
      { phx_ref: "2", phx_ref_prev: "1" },
      { phx_ref: "3", phx_ref_prev: "1" },
      { phx_ref: "1" },
    ],
  };
  syncDiff(mirror, joins({ ada: joined }));
  assertEquals(refsOf(mirror.get("ada")), ["2", "9", "3", "1"]);
});

Deno.test("syncDiff() never holds a meta twice", () => {
  const mirror = mirrorOf({ ada: at("1", "2") });
  const again = { metas: [{ phx_ref: "1", mood: "fine" }, { phx_ref: "3" }] };
  syncDiff(mirror, joins({ ada: again }));
  assertEquals(metasOf(mirror, "ada"), [
    { phx_ref: "1", mood: "fine" },
    { phx_ref: "2" },
    { phx_ref: "3" },
  ]);
  // A meta that a known one has replaced stays in place until it leaves.
  const known = {
    metas: [{ phx_ref: "3", phx_ref_prev: "2" }, ...at("2").metas],
  };
  syncDiff(mirror, joins({ ada: known }));
  assertEquals(refsOf(mirror.get("ada")), ["1", "2", "3"]);
});

Deno.test("syncDiff() reports a repeated diff and changes nothing", () => {
  const mirror = mirrorOf({ ada: at("1", "2"), bob: at("b1", "b2") });
  const diff = {
    joins: { ada: { metas: [{ phx_ref: "3", phx_ref_prev: "1" }] } },
    leaves: { ada: at("1"), bob: at("b1") },
  };
  syncDiff(mirror, diff);
  const after = structuredClone(mirror);
  const callbacks = listener();
  syncDiff(mirror, diff, callbacks);
  assertEquals(mirror, after);
  assertEquals(callbacks.told, [
    ["join", "ada", after.get("ada"), diff.joins.ada],
    ["leave", "ada", { metas: metasOf(after, "ada") }, at("1")],
    ["leave", "bob", at("b2"), at("b1")],
  ]);
});

Deno.test("syncDiff() replaces the other fields of a presence with a join, and otherwise keeps them", () => {
  const mirror: PresenceMirror = new Map();
  const parsed = (json: string): WireDiff => JSON.parse(json);
  syncDiff(
    mirror,
    parsed(
      `{"joins":{"ada":{"metas":[{"phx_ref":"1"}],"a":1,"b":1}},"leaves":{}}`,
    ),
  );
  syncDiff(
    mirror,
    parsed(`{"joins":{"ada":{"metas":[{"phx_ref":"2"}],"b":2}},"leaves":{}}`),
  );
  syncDiff(
    mirror,
    parsed(`{"joins":{},"leaves":{"ada":{"metas":[{"phx_ref":"1"}],"b":3}}}`),
  );
  assertEquals(
    stateOf(mirror),
    JSON.parse(`{"ada":{"metas":[{"phx_ref":"2"}],"b":2}}`),
  );
});

Deno.test("syncDiff() adds no presence for a key that joins without metas", () => {
  const mirror = mirrorOf({ ada: at("a") });
  const callbacks = listener();
  syncDiff(mirror, joins({ bob: at() }), callbacks);
  assertEquals(stateOf(mirror), { ada: at("a") });
  assertEquals(callbacks.told, []);
});

Deno.test("syncState() and syncDiff() treat names of Object.prototype as ordinary keys", () => {
  const names = ["__proto__", "constructor", "hasOwnProperty", ""];
  const state: WireState = JSON.parse(
    `{${names.map((key) => `"${key}":{"metas":[{"phx_ref":"1"}]}`)}}`,
  );
  const all = (type: "join" | "leave") => names.map((key) => [type, key]);
  const shortly = ({ told }: { told: Told[] }) =>
    told.map(([type, key]) => [type, key]);
  const mirror: PresenceMirror = new Map();

  const syncs = [
    ["join", (to: PresenceCallbacks) => syncState(mirror, state, to)],
    ["leave", (to: PresenceCallbacks) => syncState(mirror, {}, to)],
    ["join", (to: PresenceCallbacks) => syncDiff(mirror, joins(state), to)],
    ["leave", (to: PresenceCallbacks) => syncDiff(mirror, leaves(state), to)],
  ] as const;
  for (const [type, sync] of syncs) {
    const callbacks = listener();
    sync(callbacks);
    assertEquals(shortly(callbacks), all(type));
    assertEquals([...mirror.keys()], type === "join" ? names : []);
    assert(!("metas" in {}));
  }
});

Deno.test("syncState() and syncDiff() call back when the mirror shows the key's change", () => {
  const mirror: PresenceMirror = new Map();
  const seen: string[][] = [];
  const callbacks: PresenceCallbacks = {
    onJoin: (key) => seen.push(["join", key, ...refsOf(mirror.get(key))]),
    onLeave: (key) =>
      seen.push(["leave", key, mirror.has(key) ? "here" : "gone"]),
  };
  syncDiff(mirror, joins({ ada: at("1"), bob: at("2") }), callbacks);
  syncDiff(mirror, leaves({ ada: at("1") }), callbacks);
  syncState(mirror, { ada: at("3", "4") }, callbacks);
  assertEquals(seen, [
    ["join", "ada", "1"],
    ["join", "bob", "2"],
    ["leave", "ada", "gone"],
    ["join", "ada", "3", "4"],
    ["leave", "bob", "gone"],
  ]);
});

Deno.test("syncState() repairs a mirror after a callback has thrown", () => {
  const mirror: PresenceMirror = new Map();
  const state = { ada: at("1"), bob: at("2") };
  const onJoin = () => {
    throw new Error("full");
  };
  assertThrows(() => syncDiff(mirror, joins(state), { onJoin }), Error, "full");
  assertEquals(stateOf(mirror), { ada: at("1") });
  const callbacks = listener();
  syncState(mirror, state, callbacks);
  assertEquals(stateOf(mirror), state);
  assertEquals(callbacks.told, [["join", "bob", undefined, at("2")]]);
});

Deno.test("syncState() and syncDiff() change no given presence, state or diff", () => {
  const state = { ada: at("1", "2"), bob: at("3") };
  const diff = {
    joins: { ada: { metas: [{ phx_ref: "4", phx_ref_prev: "1" }] } },
    leaves: { ada: at("1"), bob: at("3") },
  };
  const copies = structuredClone([state, diff]);
  const mirror: PresenceMirror = new Map();
  syncState(mirror, state);
  const ada = mirror.get("ada");
  syncDiff(mirror, diff);
  syncState(mirror, { ada: at("5") });
  assertEquals<unknown>([state, diff], copies);
  assertEquals(ada, at("1", "2"));
});

Deno.test("listMirror() lists presences, sorted by key", () => {
  const mirror: PresenceMirror = new Map();
  assertEquals(listMirror(mirror), []);
  syncState(mirror, {
    bob: at("1"),
    "": at("2", "3"),
    Ada: at("4"),
    9: at("5"),
  });
  assertEquals(listMirror(mirror), [
    ["", at("2", "3")],
    ["9", at("5")],
    ["Ada", at("4")],
    ["bob", at("1")],
  ]);
});

Deno.test("listMirror() can be mapped", () => {
  const mirror = mirrorOf({ ada: at("first", "second"), bob: at("third") });
  assertEquals(
    listMirror(mirror).map(([key, { metas }]) => [key, metas[0]?.phx_ref]),
    [["ada", "first"], ["bob", "third"]],
  );
});

// As a client does: it holds the diffs that arrive before the state.
Deno.test("syncState() and syncDiff() catch up with diffs that arrived before the state", () => {
  const mirror: PresenceMirror = new Map();
  const callbacks = listener();
  const early = leaves({ bob: at("2") });
  syncState(mirror, { ada: at("1"), bob: at("2") }, callbacks);
  syncDiff(mirror, early, callbacks);
  assertEquals(listMirror(mirror), [["ada", at("1")]]);
  assertEquals(callbacks.told, [
    ["join", "ada", undefined, at("1")],
    ["join", "bob", undefined, at("2")],
    ["leave", "bob", at(), at("2")],
  ]);

  // After a reconnect the state contains what has happened meanwhile.
  const again = listener();
  syncState(mirror, { ada: at("1"), cleo: at("3") }, again);
  syncDiff(mirror, leaves({ ada: at("1") }), again);
  assertEquals(listMirror(mirror), [["cleo", at("3")]]);
  assertEquals(again.told, [
    ["join", "cleo", undefined, at("3")],
    ["leave", "ada", at(), at("1")],
  ]);
});

/** Malformed states, with the field and the rule that an error names. */
const BAD_STATES: [json: string, field: string, rule: string][] = [
  ["null", "", "must be an object: received null"],
  ["[]", "", "must be an object: received an array"],
  ['"ada"', "", 'must be an object: received "ada"'],
  ['{"ada":1}', ".ada", "must be an object: received 1"],
  ['{"ada":[]}', ".ada", "must be an object: received an array"],
  ['{"ada":{}}', ".ada.metas", "must be an array: received undefined"],
  [
    '{"ada":{"metas":{}}}',
    ".ada.metas",
    "must be an array: received an object",
  ],
  [
    '{"ada":{"metas":[{"phx_ref":"1"},null]}}',
    ".ada.metas[1]",
    "must be an object: received null",
  ],
  [
    '{"ada":{"metas":[{"mood":"fine"}]}}',
    ".ada.metas[0].phx_ref",
    "must be a string: received undefined",
  ],
  [
    '{"ada":{"metas":[{"phx_ref":1}]}}',
    ".ada.metas[0].phx_ref",
    "must be a string: received 1",
  ],
  [
    '{"ada":{"metas":[{"phx_ref":"1","phx_ref_prev":null}]}}',
    ".ada.metas[0].phx_ref_prev",
    "must be a string: received null",
  ],
  [
    '{"__proto__":{"metas":null}}',
    ".__proto__.metas",
    "must be an array: received null",
  ],
];

/** Checks that a sync throws the right error, and changes and reports nothing. */
function assertRefused(
  sync: (mirror: PresenceMirror, callbacks: PresenceCallbacks) => void,
  field: string,
  message: string,
): void {
  const mirror = mirrorOf({ ada: at("1") });
  const callbacks = listener();
  const error = assertThrows(
    () => sync(mirror, callbacks),
    InvalidValueError,
  );
  assertEquals(error.message, message);
  assertEquals(error.field, field);
  assertEquals(stateOf(mirror), { ada: at("1") });
  assertEquals(callbacks.told, []);
}

Deno.test("syncState() refuses a malformed state and changes nothing", () => {
  for (const [json, path, rule] of BAD_STATES) {
    const field = `state${path}`;
    const message = `Cannot sync state: ${field} ${rule}`;
    assertRefused(
      (mirror, callbacks) => syncState(mirror, JSON.parse(json), callbacks),
      field,
      message,
    );
  }
});

Deno.test("syncDiff() refuses a malformed diff and changes nothing", () => {
  const good =
    '{"bob":{"metas":[{"phx_ref":"2"}]},"ada":{"metas":[{"phx_ref":"1"}]}}';
  const diffs = BAD_STATES.flatMap(([json, path, rule]) => [
    [`{"joins":${json},"leaves":${good}}`, `joins${path}`, rule] as const,
    [`{"joins":${good},"leaves":${json}}`, `leaves${path}`, rule] as const,
  ]);
  const others = [
    ["null", "diff", "must be an object: received null"],
    ["[]", "diff", "must be an object: received an array"],
    ["{}", "joins", "must be an object: received undefined"],
    [`{"joins":${good}}`, "leaves", "must be an object: received undefined"],
  ] as const;
  for (const [json, field, rule] of [...diffs, ...others]) {
    assertRefused(
      (mirror, callbacks) => syncDiff(mirror, JSON.parse(json), callbacks),
      field,
      `Cannot sync diff: ${field} ${rule}`,
    );
  }
});

const key = fc.constantFrom("ada", "bob", "", "__proto__", "constructor");
const pid = fc.constantFrom("p0", "p1", "p2");

Deno.test("syncDiff() property: after every diff of a history of a state the mirror is that state", () => {
  const step = fc.record({ track: fc.boolean(), key, pid });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      (steps) => {
        let state = newState();
        const mirror: PresenceMirror = new Map();
        const apply = (json: string) => syncDiff(mirror, JSON.parse(json));
        for (const [index, { track, key, pid }] of steps.entries()) {
          if (track) {
            const meta = JSON.stringify({ phx_ref: `r${index}`, pid });
            state = trackState(state, "t", key, pid, meta);
            apply(joinDiffJson(key, meta));
          } else {
            const metas = listState(state, "t").get(key)?.metas ?? [];
            state = untrackState(state, "t", key, pid);
            for (const meta of metas) {
              if (meta.pid === pid) apply(leaveDiffJson(key, meta.data));
            }
          }
          const list = Array.from(listState(state, "t"), ([key, entry]) => [
            key,
            {
              metas: entryMetas(entry)
                .map((meta) => JSON.parse(metaData(meta))),
            },
          ]);
          assertEquals<unknown>(listMirror(mirror), list);
        }
      },
    ),
    { numRuns: RUNS },
  );
});

/** The presences in the simplest form. */
type Table = readonly { readonly key: string; readonly meta: WireMeta }[];

/** The rows of one table whose refs another one lacks, by key. */
function difference(table: Table, other: Table): WireState {
  const refs = new Set(other.map(({ meta }) => meta.phx_ref));
  return toState(table.filter(({ meta }) => !refs.has(meta.phx_ref)));
}

function toState(table: Table): WireState {
  const byKey = Map.groupBy(table, ({ key }) => key);
  return Object.fromEntries(
    Array.from(byKey, ([key, rows]) => [
      key,
      { metas: rows.map(({ meta }) => meta) },
    ]),
  );
}

const change = fc.oneof(
  fc.record({ join: key }),
  fc.record({ leave: fc.nat(20) }),
  fc.record({ update: fc.nat(20) }),
);

Deno.test("syncDiff() property: diffs of many changes, updates too, keep the order of metas", () => {
  const batches = fc.array(
    fc.array(change, { minLength: 1, maxLength: 8 }),
    { minLength: 3, maxLength: 20 },
  );
  fc.assert(
    fc.property(batches, (batches) => {
      let count = 0;
      let table: Table = [];
      const mirror: PresenceMirror = new Map();
      for (const batch of batches) {
        const before = table;
        for (const change of batch) {
          const phx_ref = `r${count++}`;
          if ("join" in change) {
            table = [...table, { key: change.join, meta: { phx_ref } }];
          } else if ("leave" in change) {
            table = table.toSpliced(change.leave % (table.length + 1), 1);
          } else {
            const place = change.update % (table.length + 1);
            table = table.map((row, index) =>
              index === place ? updated(row, phx_ref, before) : row
            );
          }
        }
        const diff = {
          joins: difference(table, before),
          leaves: difference(before, table),
        };
        const sent: WireDiff = JSON.parse(JSON.stringify(diff));
        syncDiff(mirror, sent);
        assertEquals(stateOf(mirror), toState(table));
        syncDiff(mirror, sent);
        assertEquals(stateOf(mirror), toState(table));
      }
    }),
    { numRuns: RUNS },
  );
});

/** A row with another ref, and the one that watchers know it by. */
function updated(
  { key, meta }: Table[number],
  phx_ref: string,
  before: Table,
): Table[number] {
  const known = before.some((row) => row.meta.phx_ref === meta.phx_ref);
  const phx_ref_prev = known ? meta.phx_ref : meta.phx_ref_prev;
  const previous = phx_ref_prev === undefined ? {} : { phx_ref_prev };
  return { key, meta: { phx_ref, ...previous } };
}

const ref = fc.constantFrom("1", "2", "3", "4", "5");
const refs = fc.uniqueArray(ref, { minLength: 1, maxLength: 4 });
const presences = fc.uniqueArray(fc.tuple(key, refs), {
  selector: ([key]) => key,
  maxLength: 5,
});
const wireState = presences.map((presences): WireState =>
  Object.fromEntries(presences.map(([key, refs]) => [key, at(...refs)]))
);

Deno.test("syncState() property: from any mirror to any state, it tells exactly the difference", () => {
  fc.assert(
    fc.property(wireState, wireState, (before, after) => {
      const mirror = mirrorOf(before);
      const callbacks = listener();
      syncState(mirror, after, callbacks);
      assertEquals(stateOf(mirror), after);

      const told = (type: Told[0]) =>
        callbacks.told.filter((each) => each[0] === type)
          .flatMap(([, key, , { metas }]) =>
            metas.map(({ phx_ref }) => `${key}/${phx_ref}`)
          ).toSorted();
      const rows = (state: WireState) =>
        Object.entries(state).flatMap(([key, presence]) =>
          refsOf(presence).map((ref) => `${key}/${ref}`)
        );
      const rest = (state: WireState, other: WireState) =>
        rows(state).filter((row) => !rows(other).includes(row)).toSorted();
      assertEquals(told("join"), rest(after, before));
      assertEquals(told("leave"), rest(before, after));
    }),
    { numRuns: RUNS },
  );
});

Deno.test("syncDiff() property: any diff leaves what was there or joined, and has not left", () => {
  fc.assert(
    fc.property(
      wireState,
      fc.array(fc.record({ joins: wireState, leaves: wireState }), {
        minLength: 1,
        maxLength: 6,
      }),
      (before, diffs) => {
        const mirror = mirrorOf(before);
        for (const diff of diffs) {
          const here = new Map(mirror);
          syncDiff(mirror, diff);
          const joined = new Map(Object.entries(diff.joins));
          const left = new Map(Object.entries(diff.leaves));
          const keys = new Set([...here.keys(), ...joined.keys()]);
          const expected = [...keys].toSorted(compareKeys)
            .map((key): [string, string[]] => {
              const gone = refsOf(left.get(key));
              const all = [
                ...refsOf(here.get(key)),
                ...refsOf(joined.get(key)),
              ];
              return [key, [
                ...new Set(all.filter((ref) => !gone.includes(ref))),
              ]];
            }).filter(([, refs]) => refs.length > 0);
          assertEquals(
            listMirror(mirror).map((
              [key, presence],
            ) => [key, refsOf(presence)]),
            expected,
          );
        }
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("listMirror() gives the same list until the mirror changes", () => {
  const mirror: PresenceMirror = new Map();
  const ada = { ada: { metas: [{ phx_ref: "a" }] } };
  const bob = { bob: { metas: [{ phx_ref: "b" }] } };
  assertStrictEquals(listMirror(mirror), listMirror(mirror));
  syncState(mirror, { ...ada, ...bob });
  const list = listMirror(mirror);
  syncState(mirror, structuredClone({ ...bob, ...ada }));
  syncDiff(mirror, { joins: structuredClone(ada), leaves: {} });
  assertStrictEquals(listMirror(mirror), list);
  assertNotStrictEquals(listMirror(new Map(mirror)), list);
  syncDiff(mirror, { joins: {}, leaves: ada });
  assertEquals(listMirror(mirror).map(([key]) => key), ["bob"]);
});
