import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  compareEntryKeys,
  type PresenceModel,
  type PresenceUpdate,
  type Visibility,
} from "../../core/mod.ts";
import {
  type PresenceBatch,
  PresenceServer,
  PresenceView,
  PUBLIC_VIEWER,
} from "../mod.ts";
import {
  isLiveBatch,
  type LiveBatch,
  liveBatchOf,
  LiveMirror,
} from "./live_batch.ts";

const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

const context = "doc-1";

/** What a batch is after its way over a wire. */
function sent(batch: PresenceBatch): LiveBatch {
  const payload: unknown = JSON.parse(JSON.stringify(liveBatchOf(batch)));
  if (typeof payload === "object" && payload !== null && isLiveBatch(payload)) {
    return payload;
  }
  throw new TypeError("It is no batch");
}

function updateOf(fields: Partial<PresenceUpdate>): PresenceUpdate {
  return {
    subject: "ada",
    context,
    origin: "tab",
    visibility: "public",
    observedAt: 100,
    expiry: "never",
    facets: {},
    ...fields,
  };
}

/** The changes of a server with its actions, as a public viewer sees them. */
async function changesOf(
  server: PresenceServer,
  act: () => void,
): Promise<LiveBatch> {
  await using watch = server.watch({ context, viewer: PUBLIC_VIEWER });
  await watch.next();
  act();
  const { value } = await watch.next();
  if (value === undefined) throw new Error("There is no batch");
  return sent(value);
}

Deno.test("liveBatchOf() sends a change of a known entry as its patch", async () => {
  using server = new PresenceServer({ clock: () => 100, epoch: "e" });
  server.receive(updateOf({ facets: { activity: "editing" } }));
  const batch = await changesOf(server, () => {
    server.receive(updateOf({ facets: { availability: "busy" } }));
  });
  assertEquals(batch, {
    type: "changes",
    epoch: "e",
    sequence: 2,
    changes: [{
      update: {
        subject: "ada",
        origin: "tab",
        visibility: "public",
        observedAt: 100,
        expiry: "never",
        facets: { availability: "busy" },
      },
    }],
  });
});

Deno.test("liveBatchOf() tells no more of a hidden entry than that it is gone", async () => {
  using server = new PresenceServer({ clock: () => 100, epoch: "e" });
  server.receive(updateOf({}));
  const batch = await changesOf(server, () => {
    const facets = { activity: "editing" } as const;
    server.receive(updateOf({ visibility: "private", facets }));
  });
  assertEquals(batch.type === "changes" && batch.changes, [
    { gone: { subject: "ada", origin: "tab" } },
  ]);
});

Deno.test("LiveMirror.apply() refuses an update of an entry that it does not know", async () => {
  using server = new PresenceServer({ clock: () => 100 });
  server.receive(updateOf({}));
  const batch = await changesOf(server, () => {
    server.receive(updateOf({ facets: { activity: "editing" } }));
  });
  assertThrows(
    () => new LiveMirror(context).apply(batch),
    RangeError,
    "Cannot apply update: its entry is not known",
  );
});

Deno.test("LiveMirror.apply() keeps entries that a new state leaves as they were", async () => {
  using server = new PresenceServer({ clock: () => 100 });
  server.receive(updateOf({}));
  const state = async () => {
    await using watch = server.watch({ context });
    const { value } = await watch.next();
    if (value === undefined) throw new Error("There is no batch");
    return sent(value);
  };
  const mirror = new LiveMirror(context);
  assertEquals(mirror.apply(await state()), true);
  const [before] = mirror.of("ada");
  server.receive(updateOf({ subject: "bob" }));
  mirror.apply(await state());
  assertStrictEquals(mirror.of("ada")[0], before);
  assertEquals([...mirror.subjects], ["ada", "bob"]);
});

Deno.test("LiveMirror.apply() shows what was there until a state is complete", () => {
  const mirror = new LiveMirror(context);
  const { subject, origin, visibility, observedAt } = updateOf({});
  const entry = { subject, origin, visibility, observedAt, facets: {} };
  const part = { type: "state", epoch: "e", sequence: 1 } as const;
  const entries = [{ ...entry, expiry: "never", resource: undefined } as const];
  assertEquals(mirror.apply({ ...part, part: 0, last: false, entries }), false);
  assertEquals([...mirror.subjects], []);
  const more = entries.map((entry) => ({ ...entry, subject: "bob" }));
  mirror.apply({ ...part, part: 1, last: true, entries: more });
  assertEquals([...mirror.subjects], ["ada", "bob"]);
});

/** The entry of a tab, which is its subject, resource and origin. */
function entryOf(tab: string) {
  const [subject = "", resource, origin = ""] = tab.split(" ");
  const { visibility, observedAt } = updateOf({});
  const expiry = "never" as const;
  return {
    subject,
    resource,
    origin,
    visibility,
    observedAt,
    expiry,
    facets: {},
  };
}

/** A whole state of a life of a server, with the origins of tabs. */
function stateOf(epoch: string, tabs: readonly string[]): LiveBatch {
  const entries = tabs.map(entryOf);
  return {
    type: "state",
    epoch,
    sequence: 1,
    part: 0,
    last: true,
    entries,
  };
}

/** What a mirror has, with a question mark where a subject has yet to return. */
function tabsIn(mirror: LiveMirror<PresenceModel>): string[] {
  return [...mirror.subjects].flatMap((subject) =>
    mirror.of(subject).map(({ resource, origin }) =>
      `${subject} ${resource} ${origin}${mirror.isHeld(subject) ? "?" : ""}`
    )
  );
}

Deno.test("LiveMirror.apply() holds after a restart who has yet to return, in their places", () => {
  const mirror = new LiveMirror(context);
  mirror.apply(stateOf("e", ["ada laptop 1", "ada phone 2", "bob tab 3"]));
  mirror.apply(stateOf("f", ["eve tab 1"]));
  assertEquals(tabsIn(mirror), [
    "ada laptop 1?",
    "ada phone 2?",
    "bob tab 3?",
    "eve tab 1",
  ]);
  const held = mirror.of("ada");
  mirror.apply({
    type: "changes",
    epoch: "f",
    sequence: 2,
    changes: [{ set: entryOf("ada laptop 2") }],
  });
  assertEquals(mirror.isHolding, true);
  assertEquals(tabsIn(mirror), [
    "ada laptop 2",
    "ada phone 2",
    "bob tab 3?",
    "eve tab 1",
  ]);
  assertEquals(mirror.of("ada") === held, false);
});

Deno.test("LiveMirror.release() removes who has not returned", () => {
  const mirror = new LiveMirror(context);
  mirror.apply(stateOf("e", ["ada laptop 1", "ada phone 2", "bob tab 3"]));
  mirror.apply(stateOf("f", ["ada phone 1"]));
  // The connection was lost once more.
  mirror.apply(stateOf("f", ["ada phone 1", "eve tab 2"]));
  assertEquals(mirror.isHolding, true);
  mirror.release();
  assertEquals(mirror.isHolding, false);
  assertEquals(tabsIn(mirror), ["ada phone 1", "eve tab 2"]);
});

Deno.test("LiveMirror.apply() holds nobody in the same life of a server", () => {
  const mirror = new LiveMirror(context);
  mirror.apply(stateOf("e", ["ada laptop 1", "bob tab 3"]));
  mirror.apply(stateOf("e", ["bob tab 3"]));
  assertEquals(tabsIn(mirror), ["bob tab 3"]);
});

Deno.test("LiveMirror property: after a restart and a release, it has the new state", () => {
  const tab = fc.tuple(
    fc.constantFrom("ada", "bob"),
    fc.constantFrom("laptop", "phone"),
    fc.constantFrom("1", "2"),
  ).map((parts) => parts.join(" "));
  const tabs = fc.uniqueArray(tab);
  const life = fc.record({ epoch: fc.constantFrom("e", "f"), tabs });
  fc.assert(
    fc.property(fc.array(life, { minLength: 1 }), (lives) => {
      const mirror = new LiveMirror(context);
      for (const { epoch, tabs } of lives) {
        mirror.apply(stateOf(epoch, tabs));
        assertEquals(tabs.every((tab) => tabsIn(mirror).includes(tab)), true);
      }
      mirror.release();
      assertEquals(tabsIn(mirror).toSorted(), lives.at(-1)?.tabs.toSorted());
    }),
    { numRuns: RUNS },
  );
});

const visibility = fc.constantFrom<Visibility>(
  "public",
  "private",
  { restricted: "staff" },
);
const facet = fc.constantFrom(null, "editing" as const, "idle" as const);
const step = fc.record({
  act: fc.constantFrom("receive", "receive", "withdraw", "tick", "read"),
  subject: fc.constantFrom("ada", "bob"),
  resource: fc.constantFrom(undefined, "laptop"),
  visibility,
  activity: facet,
  mood: fc.constantFrom(null, { text: "fine" }, ["a"]),
  ttlMs: fc.constantFrom(undefined, 10, 30),
});

Deno.test("LiveMirror property: a mirror behind a wire equals that of the watch", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      let now = 100;
      using server = new PresenceServer({ clock: () => now, retention: 12 });
      const viewer = { restricted: ["staff"], private: false, subject: "bob" };
      await using watch = server.watch({ context, viewer });
      const near = new PresenceView();
      const far = new LiveMirror(context);
      const read = async () => {
        const { value } = await watch.next();
        if (value === undefined) throw new Error("There is no batch");
        near.apply(value);
        far.apply(sent(value));
        const subjects = [...far.subjects];
        assertEquals(subjects, near.subjects(context));
        assertEquals(
          subjects.flatMap((subject) => far.of(subject))
            .toSorted(compareEntryKeys),
          near.snapshots().toSorted(compareEntryKeys),
        );
      };
      await read();
      for (const { act, ttlMs, activity, mood, ...fields } of steps) {
        const { lastSequence } = server;
        if (act === "tick") now += 10;
        server.expire();
        if (act === "receive") {
          const facets = { activity, mood };
          const isSet = ttlMs !== undefined && activity !== null;
          server.receive(updateOf({
            ...fields,
            facets,
            observedAt: now,
            expiry: ttlMs === undefined ? "never" : now + 2 * ttlMs,
            facetDeadlines: isSet ? { activity: now + ttlMs } : undefined,
          }));
        } else if (act === "withdraw") {
          server.withdraw(updateOf(fields));
        } else if (act === "read" && server.lastSequence > lastSequence) {
          await read();
        }
      }
      const { lastSequence } = server;
      server.receive(updateOf({ subject: "eve" }));
      if (server.lastSequence > lastSequence) await read();
    }),
    { numRuns: RUNS },
  );
});
