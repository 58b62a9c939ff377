import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { Lab, TIMES } from "../../cluster/testing/lab.ts";
import { hueIn } from "./color.ts";
import { TopicPresence } from "../../topics/mod.ts";
import { hueApart, hueOf } from "./hue.ts";
import {
  colorOf,
  type DocumentPresence,
  type DocumentSession,
} from "../mod.ts";
import {
  documents,
  flush,
  join,
  RUNS,
  update,
  userOf,
  Watcher,
} from "../testing/harness.ts";
import { Node } from "../testing/node.ts";

/** Ids whose hues are near that of "ada", so that they want the same colour. */
const ALIKE = Array.from({ length: 10_000 }, (_, n) => `ada${n}`)
  .filter((id) => distanceOf(hueOf(id), hueOf("ada")) < 10);

function distanceOf(one: number, other: number): number {
  const distance = Math.abs(one - other);
  return Math.min(distance, 360 - distance);
}

/** Returns the colours in a document by person. */
async function colorsIn(
  presence: DocumentPresence,
): Promise<Record<string, string>> {
  const { users } = await presence.activeUsers("42");
  return Object.fromEntries(users.map(({ userId, color }) => [userId, color]));
}

function assertApart(colors: Record<string, string>): void {
  const hues = Object.values(colors).map((color) => hueIn(color) ?? NaN);
  for (const [index, hue] of hues.entries()) {
    for (const other of hues.slice(index + 1)) {
      assert(distanceOf(hue, other) >= 20, JSON.stringify(colors));
    }
  }
}

Deno.test("a person who is alone in a document has the colour of their id", async () => {
  using all = documents();
  for (const userId of ALIKE.slice(0, 5)) {
    using session = await join(all.presence, userId);
    assertEquals(session.color, colorOf(userId));
  }
});

Deno.test("twelve people have colours apart and keep them while others join and leave (property)", async () => {
  const step = fc.record({
    who: fc.nat({ max: 23 }),
    leaves: fc.nat({ max: 2 }).map((n) => n === 0),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 12, maxLength: 60, size: "max" }),
      async (steps) => {
        using all = documents();
        const there = new Map<string, DocumentSession[]>();
        let before: Record<string, string> = {};
        for (const { who, leaves } of steps) {
          const userId = ALIKE[who] ?? "";
          const own = there.get(userId) ?? [];
          if (leaves) {
            own.shift()?.[Symbol.dispose]();
            if (own.length === 0) there.delete(userId);
          } else if (there.has(userId) || there.size < 12) {
            own.push(await join(all.presence, userId));
            there.set(userId, own);
          }
          const colors = await colorsIn(all.presence);
          assertApart(colors);
          for (const [userId, color] of Object.entries(colors)) {
            assertEquals(color, before[userId] ?? color);
            const tabs = there.get(userId) ?? [];
            for (const tab of tabs) assertEquals(tab.color, color);
          }
          before = colors;
        }
      },
    ),
    { numRuns: Math.ceil(RUNS / 4) },
  );
});

Deno.test("a second tab has the colour of the first one, even after a crowd has left", async () => {
  using all = documents();
  const crowd: DocumentSession[] = [];
  for (let n = 0; n < 30; n++) {
    crowd.push(await join(all.presence, `user-${n}`));
  }
  for (const session of crowd.splice(0, 20)) session[Symbol.dispose]();
  for (const { userId, color } of crowd) {
    using tab = await join(all.presence, userId);
    assertEquals(tab.color, color);
  }
});

Deno.test("the colour is in what presence_state shows, and in events", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const watcher = await Watcher.begin(all.presence);
  await join(all.presence);
  const [twin = ""] = ALIKE;
  const { color } = await join(all.presence, twin);
  assert(color !== colorOf(twin));
  await flush();
  const [, joined] = await watcher.reader.read();
  assertEquals(joined?.type === "userJoined" && joined.user.color, color);
  const [entry] = all.server.store.snapshots({
    context: "document:42",
    subject: twin,
  });
  const shown = JSON.stringify(entry?.facets.meta?.value);
  assert(shown.includes(`"color":"${color}"`), shown);
});

Deno.test("among more people than can be apart, everyone has the colour of their id", async () => {
  using all = documents();
  const ids = Array.from({ length: 30 }, (_, n) => `user-${n}`);
  for (const id of ids) await join(all.presence, id);
  const colors = await colorsIn(all.presence);
  assertApart(Object.fromEntries(
    ids.slice(0, 12).map((id) => [id, colors[id] ?? ""]),
  ));
  for (const id of ids.slice(18)) assertEquals(colors[id], colorOf(id));
});

Deno.test("another face may set a colour; one of another form counts as none", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const given = async (color: string) => {
    all.server.receive(update({ facets: { meta: { value: { color } } } }));
    return (await userOf(all.presence))?.color;
  };
  assertEquals(await given("hsl(7, 70%, 50%)"), "hsl(7, 70%, 50%)");
  const bad = [
    "red",
    "hsl(360, 70%, 50%)",
    "hsl(007, 70%, 50%)",
    "hsl(7, 0%, 100%)",
    "hsl(7, 70%, 50%);",
  ];
  for (const color of bad) assertEquals(await given(color), colorOf("ada"));
});

// Several servers

/** A person who joins at a node. */
type Arrival = readonly [node: Node, userId: string];

/** Adds people; nodes replicate them only after all have joined. */
async function comeAtOnce(
  lab: Lab,
  arrivals: readonly Arrival[],
): Promise<DocumentSession[]> {
  const joins: Promise<DocumentSession>[] = [];
  for (const [node, userId] of arrivals) {
    await node.run(() => joins.push(join(node.presence, userId)));
  }
  await lab.pass();
  return await Promise.all(joins);
}

/** The colours that a reader derives from the events of a document. */
class Onlooker {
  readonly colors: Record<string, string> = {};
  changes = 0;
  readonly #watcher: Watcher;

  private constructor(watcher: Watcher) {
    this.#watcher = watcher;
  }

  static async begin(presence: DocumentPresence): Promise<Onlooker> {
    return new Onlooker(await Watcher.begin(presence));
  }

  async look(): Promise<Record<string, string>> {
    await flush();
    for (const message of await this.#watcher.reader.read()) {
      if (message.type === "userJoined") {
        this.colors[message.user.userId] = message.user.color;
      }
      if (message.type === "colorChanged") {
        this.colors[message.userId] = message.color;
        this.changes++;
      }
      if (message.type === "userLeft") delete this.colors[message.userId];
      assert(message.type !== "state");
    }
    return this.colors;
  }
}

Deno.test("of people who join two servers at once, the first keeps the colour, and all see the same", async () => {
  const [twin = ""] = ALIKE;
  for (const [one, other] of [["ada", twin], [twin, "ada"]] as const) {
    using lab = new Lab();
    using a = await Node.start(lab, "a");
    using b = await Node.start(lab, "b");
    await lab.pass(400);
    const onlookers = [
      await Onlooker.begin(a.presence),
      await Onlooker.begin(b.presence),
    ];
    const sessions = await comeAtOnce(lab, [[a, one], [b, other]]);
    await lab.pass();
    const colors = await colorsIn(a.presence);
    assertApart(colors);
    assertEquals(await colorsIn(b.presence), colors);
    assertEquals(colors[one], colorOf(one));
    for (const { userId, color } of sessions) {
      assertEquals(color, colors[userId]);
    }
    for (const onlooker of onlookers) {
      assertEquals(await onlooker.look(), colors);
      assertEquals(onlooker.changes, 1);
    }
    assertEquals([a.errors, b.errors], [[], []]);
  }
});

Deno.test("a person who joins two servers at once has one colour, even after one tab has left", async () => {
  const [twin = ""] = ALIKE;
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  using c = await Node.start(lab, "c");
  await lab.pass();
  const bobs = await comeAtOnce(lab, [[c, "ada"], [a, twin], [b, twin]])
    .then((sessions) => sessions.slice(1));
  await lab.pass();
  const colors = await colorsIn(c.presence);
  assertApart(colors);
  assertEquals(colors["ada"], colorOf("ada"));
  assertEquals(bobs.map(({ color }) => color), [colors[twin], colors[twin]]);
  for (const [index, node] of [a, b].entries()) {
    await node.run(() => bobs[index]?.[Symbol.dispose]());
    await lab.pass();
    if (index === 0) assertEquals(await colorsIn(c.presence), colors);
  }
});

Deno.test("servers that were cut off from each other agree on colours when they reconnect", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  await lab.pass();
  const [first, ...alike] = ALIKE;
  await a.ask((presence) => join(presence, first));
  await lab.pass();
  a.cut();
  await lab.pass(TIMES.leaseTtlMs);
  for (const [index, userId] of alike.slice(0, 11).entries()) {
    await (index % 2 === 0 ? a : b).ask((presence) => join(presence, userId));
    await lab.pass(10);
  }
  a.cut(false);
  await lab.pass(2 * TIMES.leaseTtlMs);
  const colors = await colorsIn(a.presence);
  assertEquals(Object.keys(colors).length, 12);
  assertEquals(await colorsIn(b.presence), colors);
  assertApart(colors);
  assertEquals(colors[first ?? ""], colorOf(first ?? ""));
});

Deno.test("a tab that joins people who have one colour already moves its person away", async () => {
  using all = documents();
  const { server, presence } = all;
  const replication = server.replicate({
    put() {},
    removed() {},
    watched() {},
  });
  const color = "hsl(200, 70%, 50%)";
  const elsewhere = (subject: string, connectedAt: number) => ({
    subject,
    context: "document:42",
    resource: "tab",
    origin: "elsewhere",
    visibility: "public" as const,
    observedAt: connectedAt,
    facets: {
      connectedAt,
      visit: subject,
      meta: { value: { name: subject, color } },
    },
  });
  // The clock of ada's server is ahead, so that the tab here is their first one.
  const { now } = server;
  replication.put([elsewhere("bob", now - 10), elsewhere("ada", now + 1_000)]);
  using _tab = await join(presence, "ada");
  await flush();
  assertApart(await colorsIn(presence));
});

Deno.test("a server stops maintaining the colours of people who have left", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  await lab.pass();
  const { watches } = a.server.stats;
  const ada = await a.ask((presence) => join(presence));
  await a.ask((presence) => join(presence, "bob", { ttlMs: 1_000 }));
  assertEquals(a.server.stats.watches, watches + 1);
  await a.run(() => ada[Symbol.dispose]());
  await lab.pass(2_000);
  assertEquals(await a.ask((presence) => colorsIn(presence)), {});
  assertEquals(a.server.stats.watches, watches);
});

Deno.test("nobody moves away from a colour that an entry of another face never gets", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  await lab.pass();
  await a.ask((presence) => join(presence));
  await lab.pass(10);
  const [twin = ""] = ALIKE;
  new TopicPresence(a.server)
    .track("document:42", twin, {}, { connection: "tab", ttlMs: Infinity });
  await lab.pass(10);
  const wished = hueApart(hueOf(twin), [hueOf("ada")]);
  const bob = Array.from({ length: 10_000 }, (_, n) => `bob${n}`)
    .find((id) => hueOf(id) === wished);
  const session = await a.ask((presence) => join(presence, bob));
  await lab.pass();
  const hue = hueApart(wished, [hueOf("ada"), hueOf(twin)]);
  assertEquals(hueIn(session.color), hue);
});

Deno.test("a server stops maintaining the colour of an expired tab, even if its person is at another server", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  await lab.pass();
  const { watches } = a.server.stats;
  await b.ask((presence) => join(presence));
  await lab.pass();
  await a.ask((presence) => join(presence, "ada", { ttlMs: 1_000 }));
  assertEquals(a.server.stats.watches, watches + 1);
  await lab.pass(2_000);
  assertEquals(Object.keys(await b.ask(colorsIn)), ["ada"]);
  assertEquals(a.server.stats.watches, watches);
});

Deno.test("people at several servers keep their colours while others join and leave, whatever the clocks", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b", {}, { aheadMs: 60_000 });
  await lab.pass();
  const onlooker = await Onlooker.begin(a.presence);
  const there: [Node, DocumentSession][] = [];
  for (const [index, userId] of ALIKE.slice(0, 24).entries()) {
    if (index >= 12) {
      for (const [node, session] of there.splice(index * 5 % 12, 1)) {
        await node.run(() => session[Symbol.dispose]());
      }
    }
    await lab.pass();
    const node = index % 2 === 0 ? b : a;
    there.push([node, await node.ask((presence) => join(presence, userId))]);
    await lab.pass();
    assertApart(await a.ask(colorsIn));
  }
  await onlooker.look();
  assertEquals(onlooker.changes, 0);
});

Deno.test("tabs of a person at two servers have one colour, even in a crowd", async () => {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  await lab.pass();
  for (let n = 0; n < 14; n++) {
    await a.ask((presence) => join(presence, `user-${n}`));
  }
  await lab.pass();
  await comeAtOnce(lab, [[b, "bob"], [a, "ada"]]);
  const [one, other] = await comeAtOnce(lab, [[a, "zoe"], [b, "zoe"]]);
  await lab.pass();
  const { zoe } = await a.ask(colorsIn);
  assertEquals([one?.color, other?.color], [zoe, zoe]);
});

Deno.test("people who join and leave at three servers have colours apart once all servers know them (property)", async () => {
  const step = fc.record({
    node: fc.nat({ max: 2 }),
    who: fc.nat({ max: 11 }),
    leaves: fc.nat({ max: 9 }).map((n) => n < 3),
    passes: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 40, size: "max" }),
      async (steps) => {
        using lab = new Lab();
        using a = await Node.start(lab, "a");
        using b = await Node.start(lab, "b", {}, { aheadMs: 60_000 });
        using c = await Node.start(lab, "c");
        await lab.pass();
        const nodes = [a, b, c];
        const onlooker = await Onlooker.begin(b.presence);
        const there: [Node, DocumentSession][] = [];
        for (const { node: index, who, leaves, passes } of steps) {
          if (leaves) {
            for (const [node, session] of there.splice(who, 1)) {
              await node.run(() => session[Symbol.dispose]());
            }
          } else {
            const node = nodes[index] ?? a;
            await node.run(() => {
              join(node.presence, ALIKE[who])
                .then((session) => there.push([node, session]));
            });
          }
          if (passes) await lab.pass(20);
        }
        await lab.pass();
        await lab.pass();
        const colors = await a.ask(colorsIn);
        assertApart(colors);
        for (const node of nodes) {
          assertEquals(await node.ask(colorsIn), colors);
        }
        assertEquals(await onlooker.look(), colors);
        for (const [, { userId, color }] of there) {
          assertEquals(color, colors[userId]);
        }
      },
    ),
    { numRuns: Math.ceil(RUNS / 10) },
  );
});
