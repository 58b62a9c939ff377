import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { MemoryBackbone } from "../cluster/mod.ts";
import {
  AgentConfigError,
  AgentPresence,
  AgentPresenceError,
  ClosedError,
  DisplacedError,
  TTL_MULTIPLIER,
} from "./mod.ts";
import {
  AgentLab,
  type Begun,
  HEARTBEAT,
  type LabAgent,
  SOON,
  TTL,
} from "./testing/agent_lab.ts";
import { SILENT } from "../cluster/testing/silent_listener.ts";

/** Two agents. The first one watches. */
async function pair(lab: AgentLab): Promise<[LabAgent, LabAgent, string[]]> {
  const a = await lab.start("a");
  const b = await lab.start("b");
  await lab.pass();
  return [a, b, await a.watch()];
}

// who() and present()

Deno.test("who() returns all agents of the project, the caller included", async () => {
  using lab = new AgentLab();
  const c = await lab.start("c");
  assertEquals(await c.sees(), ["c"]);
  const a = await lab.start("a");
  const b = await lab.start("b", { heartbeatIntervalMs: 60_000 });
  for (const agent of [a, b, c]) {
    assertEquals(await agent.sees(), ["a", "b", "c"]);
  }
  await lab.pass(10 * HEARTBEAT);
  assertEquals(await a.sees(), ["a", "b", "c"]);
});

Deno.test("who() returns no agents of another project, whatever their names", async () => {
  using lab = new AgentLab();
  const projects = ["shop", "Shop", 'shop","x', "shop/x", "*", "__proto__"];
  const agents: LabAgent[] = [];
  for (const project of projects) {
    agents.push(await lab.start("x", { project }));
    agents.push(await lab.start('x","y', { project }));
  }
  await lab.pass();
  const reported: string[][] = [];
  for (const agent of agents) reported.push(await agent.watch());
  for (const agent of agents) {
    assertEquals(await agent.sees(), ["x", 'x","y']);
    const entries = await agent.ask(() => agent.presence.who());
    for (const { project } of entries) {
      assertEquals(project, agent.presence.project);
    }
  }
  agents[0]?.kill();
  await lab.pass(TTL + HEARTBEAT);
  const expected = agents.map((_, index) => index === 1 ? ["down x"] : []);
  assertEquals(reported, expected);
});

Deno.test("who() returns the start and the last heartbeat of an agent", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a");
  const before = Date.now();
  const b = await lab.start("b", { heartbeatIntervalMs: 4 * HEARTBEAT });
  await lab.pass(2 * HEARTBEAT);
  const [first, second] = await a.ask(() => a.presence.who());
  assert(first !== undefined && second !== undefined);
  assert(first.lastSeen > second.lastSeen, "a has a faster heartbeat");
  assert(second.startedAt >= before && second.startedAt < before + SOON);
  assert(second.lastSeen >= before && second.lastSeen < before + SOON);
  assertEquals(JSON.parse(JSON.stringify(second)), {
    agent_id: "b",
    project: "shop",
    started_at: new Date(second.startedAt).toISOString(),
    last_seen: new Date(second.lastSeen).toISOString(),
  });
  await lab.pass(3 * HEARTBEAT);
  const [, later] = await a.ask(() => a.presence.who());
  assert(later !== undefined);
  assertEquals(later.startedAt, second.startedAt);
  assert(later.lastSeen >= before + 4 * HEARTBEAT, "it has beaten since");
  await b.ask(() => b.presence.close());
  await b.open();
  const [, anew] = await a.ask(() => a.presence.who());
  assert(anew !== undefined && anew.startedAt > second.startedAt);
});

Deno.test("who() ignores rows that are no entries of agents", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a");
  const reported = await a.watch();
  const other = await lab.network.backbone.connect("x", SILENT);
  const context = '["agents","shop"]';
  const entry = { agent_id: "x", project: "shop", started_at: "2026-01-01" };
  const rows = [
    ["x", "1:1000:x", "x", JSON.stringify(entry)],
    ['["agent","shop","x"]', "another", '["x"]', JSON.stringify(entry)],
    ['["agent","shop","y"]', "1:1000:y", '["y"]', "no JSON"],
    ['["agent","shop","z"]', "1:1000:z", '["z"]', JSON.stringify(entry)],
    ['["agent","shop","u"]', "1:1000:u", "[1]", JSON.stringify(entry)],
    ['["agent","shop","v"]', "1:1000:v", '["v"]', "null"],
    [
      '["agent","shop","w"]',
      "1:1000:w",
      '["w"]',
      '{"agent_id":"w","project":"shop","started_at":"soon"}',
    ],
    ["[", "1:1000:t", "[", JSON.stringify(entry)],
  ] as const;
  for (const [node, epoch, id, value] of rows) {
    await other.acquire({ node, epoch, count: 1, announced: "", written: [] });
    await other.write({ node, epoch }, [
      { type: "put", context, id, value, age: 0 },
    ]);
  }
  await lab.pass();
  assertEquals(await a.sees(), ["a"]);
  await lab.pass(TTL + HEARTBEAT);
  assertEquals(await a.sees(), ["a"]);
  assertEquals(reported, []);
});

Deno.test("present() is one read, true for a live agent and false for any other", async () => {
  using lab = new AgentLab();
  const [a, b] = await pair(lab);
  await lab.start("c", { project: "farm" });
  const present = (id: string) => a.ask(() => a.presence.present(id));
  const before = new Map(lab.network.calls);
  assertEquals(await present("b"), true);
  const made = [...lab.network.calls]
    .filter(([call, count]) => count !== before.get(call));
  assertEquals(made, [["lease", (before.get("lease") ?? 0) + 1]]);
  assertEquals(await present("a"), true);
  for (const id of ["c", "", "B", "nobody", "*"]) {
    assertEquals(await present(id), false, id);
  }
  await b.ask(() => b.presence.close());
  assertEquals(await present("b"), false);
});

Deno.test("present() and who() ignore an agent whose lease has expired, although it exists", async () => {
  using lab = new AgentLab();
  // On a backbone that forgets nothing, while nobody reads.
  const a = await lab.start("a", { heartbeatIntervalMs: 1_000_000 });
  const b = await lab.start("b");
  await lab.pass();
  lab.network.cut(a.process, true);
  b.kill();
  await lab.pass(TTL);
  lab.network.cut(a.process, false);
  assertEquals(await a.ask(() => a.presence.present("b")), false);
  assertEquals(await a.sees(), ["a"]);
});

// watch()

Deno.test("watch() reports which agents come and go from now on, and no others", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  const c = await lab.start("c");
  await lab.pass();
  assertEquals(reported, ["up c"]);
  await lab.pass(10 * HEARTBEAT);
  assertEquals(reported, ["up c"]);
  await b.ask(() => b.presence.close());
  await lab.pass();
  assertEquals(reported, ["up c", "down b"]);
  const second = await a.watch();
  await c.ask(() => c.presence.close());
  await lab.pass();
  assertEquals(reported, ["up c", "down b", "down c"]);
  assertEquals(second, ["down c"]);
});

Deno.test("watch() reports kind, agent, project, start and time", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a");
  const events = a.presence.watch(new AbortController().signal);
  const b = await lab.start("b");
  await lab.pass();
  const seen = Date.now();
  const [, entry] = await a.ask(() => a.presence.who());
  await b.ask(() => b.presence.close());
  await lab.pass();
  const { value: up } = await events.next();
  const { value: down } = await events.next();
  assert(up !== undefined && down !== undefined && entry !== undefined);
  const same = {
    agentId: "b",
    project: "shop",
    startedAt: entry.startedAt,
  };
  assertEquals(up, { kind: "up", ...same, seenAt: up.seenAt });
  assertEquals(down, { kind: "down", ...same, seenAt: down.seenAt });
  assert(up.seenAt <= seen && seen <= down.seenAt);
});

Deno.test("watch() reports a crash after three heartbeats of any length", async () => {
  using lab = new AgentLab();
  const slow = await lab.start("slow", { heartbeatIntervalMs: 60_000 });
  const quick = await lab.start("quick", { heartbeatIntervalMs: 200 });
  const other = await lab.start("other", { heartbeatIntervalMs: 2_000 });
  await lab.pass();
  const reported = await slow.watch();
  await lab.pass(2_000);
  quick.kill();
  other.kill();
  await lab.pass(350);
  assertEquals(reported, []);
  await lab.pass(350);
  assertEquals(reported, ["down quick"]);
  await lab.pass(3_000);
  assertEquals(reported, ["down quick"]);
  await lab.pass(2_400);
  assertEquals(reported, ["down quick", "down other"]);
  slow.kill();
  const late = await lab.start("late");
  const last = await late.watch();
  await lab.pass(150_000);
  assertEquals([last, await late.sees()], [[], ["late", "slow"]]);
  await lab.pass(30_000);
  assertEquals([last, await late.sees()], [["down slow"], ["late"]]);
});

Deno.test("watch() reports a crash once, and nothing is left of the agent", async () => {
  using lab = new AgentLab();
  const agents: LabAgent[] = [];
  for (const id of ["a", "b", "c", "d"]) agents.push(await lab.start(id));
  await lab.pass();
  const reported: string[][] = [];
  for (const agent of agents) reported.push(await agent.watch());
  agents[3]?.kill();
  await lab.pass(TTL + 2 * HEARTBEAT);
  const once = ["down d"];
  assertEquals(reported, [once, once, once, []]);
  const connection = await lab.network.backbone.connect("observer", SILENT);
  assertEquals((await connection.leases()).length, 3);
  assertEquals((await connection.read('["agents","shop"]')).rows.length, 3);
});

Deno.test("watch() reports an agent that crashed and is started again as down and up", async () => {
  using lab = new AgentLab();
  const [, b, reported] = await pair(lab);
  b.kill();
  await lab.pass(HEARTBEAT);
  await lab.start("b");
  await lab.pass(TTL + HEARTBEAT);
  assertEquals(reported, ["down b", "up b"]);
});

Deno.test("watch() throws without a signal", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a");
  const nothing: AbortSignal = JSON.parse("null");
  const error = assertThrows(
    () => a.presence.watch(nothing),
    AgentPresenceError,
  );
  assertEquals(error.message, "presence.Watch: needs a signal");
});

Deno.test("watch() ends with its signal, by return(), or as it begins", async () => {
  using lab = new AgentLab();
  const [a, b] = await pair(lab);
  const controller = new AbortController();
  const reported = await a.watch(controller.signal);
  const other = a.presence.watch(new AbortController().signal);
  const waiting = other.next();
  assertEquals(await other.return?.(), { done: true, value: undefined });
  assertEquals(await waiting, { done: true, value: undefined });
  assertEquals(await other.next(), { done: true, value: undefined });
  assertEquals(await a.watch(AbortSignal.abort()), ["end"]);
  controller.abort();
  await lab.pass();
  await b.ask(() => b.presence.close());
  await lab.pass();
  assertEquals(reported, ["end"]);
});

Deno.test("watch() drops unread events when its signal is aborted", async () => {
  using lab = new AgentLab();
  const [a] = await pair(lab);
  const controller = new AbortController();
  const events = a.presence.watch(controller.signal);
  await lab.start("c");
  await lab.pass();
  controller.abort();
  assertEquals(await events.next(), { done: true, value: undefined });
});

Deno.test("watch() keeps a limited number of events for a slow reader, and then fails", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a", { watchBuffer: 2 });
  const events = a.presence.watch(new AbortController().signal);
  const quick = await a.watch();
  for (const id of ["b", "c", "d"]) await lab.start(id);
  await lab.pass();
  const kept = [await events.next(), await events.next()];
  assertEquals(kept.map(({ value }) => value?.agentId), ["b", "c"]);
  const error = await assertRejects(() => events.next(), AgentPresenceError);
  assertEquals(
    error.message,
    "presence.Watch: more than 2 events were not read",
  );
  assertEquals(await events.next(), { done: true, value: undefined });
  assertEquals(quick, ["up b", "up c", "up d"]);
});

Deno.test("watch() treats a buffer of 0 as the default", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a", { watchBuffer: 0 });
  const events = a.presence.watch(new AbortController().signal);
  for (const id of ["b", "c", "d"]) await lab.start(id);
  await lab.pass();
  for (const id of ["b", "c", "d"]) {
    assertEquals((await events.next()).value?.agentId, id);
  }
});

// close()

Deno.test("close() is known to the others at once, and leaves nothing behind", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  await b.ask(() => b.presence.close());
  await lab.pass(50);
  assertEquals(reported, ["down b"]);
  assertEquals(await a.sees(), ["a"]);
  const calls = new Map(lab.network.calls);
  await a.ask(() => a.presence.close());
  await lab.pass(10 * TTL);
  assertEquals(lab.network.calls.get("renew"), calls.get("renew"));
});

Deno.test("close() ends watches, is idempotent, and makes all later calls fail", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  const unread = a.presence.watch(new AbortController().signal);
  await b.ask(() => b.presence.close());
  await lab.pass();
  const closing = a.presence.close();
  assertEquals(a.presence.close(), closing);
  await lab.pass();
  await closing;
  await a.presence.close();
  assertEquals(reported, ["down b", "end"]);
  assertEquals((await unread.next()).value?.kind, "down");
  assertEquals(await unread.next(), { done: true, value: undefined });
  const message = "presence: manager is closed";
  for (
    const call of [
      () => a.presence.who(),
      () => a.presence.present("a"),
      async () => await a.presence.watch(new AbortController().signal).next(),
    ]
  ) {
    const error = await assertRejects(call, ClosedError);
    assertEquals(error.message, message);
  }
});

Deno.test("close() waits for the heartbeat in progress", async () => {
  using lab = new AgentLab();
  const [a, b] = await pair(lab);
  lab.network.weather = { ...lab.network.weather, maxDelay: 400 };
  for (let turn = 0; turn < 20; turn++) {
    await lab.pass(HEARTBEAT + turn * 40);
    await b.ask(() => b.presence.close());
    await lab.pass(TTL);
    assertEquals(await a.sees(), ["a"]);
    await b.open();
  }
});

Deno.test("close() takes bounded time if the backbone does not answer", async () => {
  using lab = new AgentLab();
  const [a, b] = await pair(lab);
  lab.network.weather = { ...lab.network.weather, maxDelay: 1e9 };
  const before = Date.now();
  await b.ask(() => b.presence.close());
  assert(Date.now() - before <= 11_000);
  lab.network.setAway(true);
  await a.ask(() => a.presence.close());
});

Deno.test("open() leaves nothing behind when it fails", async () => {
  for (const call of ["follow", "acquire", "leases", "read", "write"]) {
    using lab = new AgentLab();
    const a = await lab.start("a");
    const reported = await a.watch();
    const b = lab.agent("b");
    const real = lab.network.for(b.process);
    let isClosed = false;
    const error = await b.ask(() =>
      assertRejects(
        () =>
          AgentPresence.open({
            agentId: "b",
            project: "shop",
            heartbeatIntervalMs: HEARTBEAT,
            backbone: {
              async connect(node, listener) {
                const connection = await real.connect(node, listener);
                return {
                  ...connection,
                  close() {
                    isClosed = true;
                    return connection.close();
                  },
                  [call]: () => Promise.reject(new Error(`no ${call}`)),
                };
              },
            },
          }),
        AgentPresenceError,
      )
    );
    assertEquals(error.message, `presence.Open: no ${call}`);
    assert(error.cause instanceof Error);
    assert(isClosed);
    assertEquals(await a.sees(), ["a"]);
    const calls = new Map(lab.network.calls);
    await lab.pass(2 * TTL);
    assertEquals(reported, []);
    assertEquals(calls.get("write"), lab.network.calls.get("write"));
  }
});

// Two with one id

Deno.test("open() takes the id from another process, which is closed and never returns", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  const earlier = await b.watch();
  const entry = (await a.ask(() => a.presence.who())).at(-1);
  const later = await lab.start("b");
  const anew = (await a.ask(() => a.presence.who())).at(-1);
  assert(anew !== undefined && entry !== undefined);
  assert(anew.startedAt > entry.startedAt);
  await lab.pass(HEARTBEAT);
  const message =
    'presence: manager is closed: another process is "b" of "shop" now';
  assertEquals(earlier, [message]);
  const error = await assertRejects(() => b.presence.who(), DisplacedError);
  assertEquals(error.message, message);
  assertThrows(
    () => b.presence.watch(new AbortController().signal),
    ClosedError,
  );
  await b.presence.close();
  await lab.pass(10 * TTL);
  assertEquals(reported, ["down b", "up b"]);
  assertEquals(await a.sees(), ["a", "b"]);
  assertEquals(await later.sees(), ["a", "b"]);
});

Deno.test("open() by several processes at once leaves one of them, which never flaps", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    using lab = new AgentLab(seed);
    const a = await lab.start("a");
    const several = ["b", "b", "b", "b"].map((id) => lab.agent(id));
    const opening: Begun<void>[] = [];
    for (const agent of several) opening.push(await agent.beginToOpen());
    await lab.settle(opening);
    await lab.pass(TTL);
    const reported = await a.watch();
    const alive: LabAgent[] = [];
    for (const [index, agent] of several.entries()) {
      try {
        await opening[index]?.result;
        await agent.sees();
        alive.push(agent);
      } catch (error) {
        assert(error instanceof DisplacedError);
      }
    }
    assertEquals(alive.length, 1);
    await lab.pass(5 * TTL);
    assertEquals(reported, []);
    assertEquals(await a.sees(), ["a", "b"]);
  }
});

Deno.test("open() displaces an agent that is cut off, which learns it when it is back", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  lab.network.cut(b.process, true);
  await lab.pass(TTL + HEARTBEAT);
  const later = await lab.start("b");
  await lab.pass();
  lab.network.cut(b.process, false);
  await lab.pass(HEARTBEAT);
  await assertRejects(() => b.presence.who(), DisplacedError);
  await lab.pass(10 * TTL);
  assertEquals(reported, ["down b", "up b"]);
  assertEquals(await a.sees(), ["a", "b"]);
  assertEquals(await later.sees(), ["a", "b"]);
});

Deno.test("open() fails if another process takes the id meanwhile", async () => {
  using lab = new AgentLab();
  const [earlier, later] = [lab.agent("b"), lab.agent("b")];
  let opening: Begun<void> | undefined;
  const displaced = await earlier.beginToOpen({
    fault: ({ write }) => ({
      async write(life, writes) {
        if (opening === undefined) {
          opening = await later.beginToOpen();
          await opening.result;
        }
        return await write(life, writes);
      },
    }),
  });
  await lab.settle([displaced]);
  await assertRejects(() => displaced.result, DisplacedError);
  await lab.pass(2 * TTL);
  assertEquals(await later.sees(), ["b"]);
});

// Failures

Deno.test("watch() reports an agent that was cut off as down, and up again with the same start", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  const own = await b.watch();
  const before = await a.ask(() => a.presence.who());
  lab.network.cut(b.process, true);
  await lab.pass(TTL + HEARTBEAT);
  assertEquals(reported, ["down b"]);
  const error = await b.ask(() =>
    assertRejects(() => b.presence.who(), AgentPresenceError)
  );
  assert(error.message.startsWith("presence.Who: "));
  assert(error.cause instanceof Error);
  const other = await b.ask(() =>
    assertRejects(() => b.presence.present("a"), AgentPresenceError)
  );
  assert(other.message.startsWith("presence.Present: "));
  const [failed] = await b.watch();
  assert(failed?.startsWith("presence.Watch: "));
  lab.network.cut(b.process, false);
  await lab.pass(HEARTBEAT);
  assertEquals(reported, ["down b", "up b"]);
  const after = await a.ask(() => a.presence.who());
  assertEquals(after[1]?.startedAt, before[1]?.startedAt);
  assertEquals(own, [], "one who is cut off tells nothing of the others");
  await lab.pass(5 * TTL);
  assertEquals(reported, ["down b", "up b"]);
});

Deno.test("watch() reports after a cut what has happened to the others meanwhile", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  const c = await lab.start("c");
  const d = await lab.start("d");
  await lab.pass();
  lab.network.cut(a.process, true);
  await b.ask(() => b.presence.close());
  await lab.start("e");
  c.kill();
  await lab.pass(HEARTBEAT);
  assertEquals(reported, ["up c", "up d"]);
  lab.network.cut(a.process, false);
  await lab.pass();
  assertEquals(reported.slice(2).sort(), ["down b", "up e"]);
  await lab.pass(TTL);
  assertEquals(reported.slice(4), ["down c"]);
  assertEquals(await d.sees(), ["a", "d", "e"]);
});

Deno.test("watch() reports an agent that was paused as down, and up again with the same start", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  const before = await a.ask(() => a.presence.who());
  await b.pause(2 * TTL);
  assertEquals(reported, ["down b"]);
  await lab.pass(HEARTBEAT);
  assertEquals(reported, ["down b", "up b"]);
  const after = await a.ask(() => a.presence.who());
  assertEquals(after[1]?.startedAt, before[1]?.startedAt);
});

Deno.test("watch() reports nothing about an agent that misses two heartbeats", async () => {
  using lab = new AgentLab();
  const [, b, reported] = await pair(lab);
  for (let turn = 0; turn < 10; turn++) {
    await b.pause(2 * HEARTBEAT);
    await lab.pass(HEARTBEAT);
  }
  assertEquals(reported, []);
});

for (const loss of ["nothing", "everything"] as const) {
  Deno.test(`watch() reports nothing when the backbone is away and loses ${loss}, and all return`, async () => {
    using lab = new AgentLab();
    const [a, b, reported] = await pair(lab);
    const others = await b.watch();
    const before = await a.ask(() => a.presence.who());
    for (const duration of [50, HEARTBEAT, TTL + HEARTBEAT, 10 * TTL]) {
      lab.network.setAway(true, loss);
      await lab.pass(duration);
      lab.network.setAway(false);
      await lab.pass(HEARTBEAT + SOON);
      assertEquals(await a.sees(), ["a", "b"]);
      await lab.pass(2 * TTL);
    }
    assertEquals([reported, others], [[], []]);
    const after = await b.ask(() => b.presence.who());
    assertEquals(
      after.map(({ startedAt }) => startedAt),
      before.map(({ startedAt }) => startedAt),
    );
    b.kill();
    await lab.pass(TTL + SOON);
    assertEquals(reported, ["down b"]);
  });
}

Deno.test("watch() reports nothing when everything is deleted without notice", async () => {
  using lab = new AgentLab();
  const [a, b, reported] = await pair(lab);
  for (let turn = 0; turn < 10; turn++) {
    lab.network.backbone.restart();
    await lab.pass(turn * 20);
    await a.sees();
    await b.sees();
    await lab.pass(HEARTBEAT + SOON);
    assertEquals(await a.sees(), ["a", "b"]);
  }
  await lab.pass(2 * TTL);
  assertEquals(reported, []);
});

Deno.test("watch() reports an agent that does not return after the backbone has forgotten", async () => {
  using lab = new AgentLab();
  const [, b, reported] = await pair(lab);
  lab.network.setAway(true, "everything");
  b.kill();
  await lab.pass(HEARTBEAT);
  lab.network.setAway(false);
  await lab.pass(HEARTBEAT);
  assertEquals(reported, []);
  await lab.pass(TTL);
  assertEquals(reported, ["down b"]);
});

Deno.test("open() refuses an invalid config", async () => {
  const error = await assertRejects(
    () =>
      AgentPresence.open({
        agentId: "a",
        project: "shop",
        backbone: new MemoryBackbone(),
        heartbeatIntervalMs: 0,
      }),
    AgentConfigError,
  );
  assertEquals(error.field, "heartbeatIntervalMs");
  assertEquals(TTL_MULTIPLIER, 3);
});
