/**
 * Agents on a backbone that breaks its contract, or behaves unusually.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type BackboneConnection, MemoryBackbone } from "../cluster/mod.ts";
import { ProjectNames } from "./agent_life.ts";
import { AgentEntry, AgentPresence, AgentPresenceError } from "./mod.ts";
import { AgentLab, HEARTBEAT, SOON, TTL } from "./testing/agent_lab.ts";
import { SILENT } from "../cluster/testing/silent_listener.ts";

/** Longer than the limit of any call. */
const LONG = 20_000;

function never<T>(): Promise<T> {
  return new Promise(() => {});
}

Deno.test("AgentPresence continues after a call without an answer, and is up again with the same start", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a");
  let hangs = false;
  const b = await lab.start("b", {
    fault: ({ renew }) => ({
      renew(lease) {
        if (!hangs) return renew(lease);
        hangs = false;
        return never();
      },
    }),
  });
  await lab.pass();
  const [, before] = await a.ask(() => a.presence.who());
  const reported = await a.watch();
  hangs = true;
  await lab.pass(LONG);
  assertEquals(reported, ["down b", "up b"]);
  const [, after] = await a.ask(() => a.presence.who());
  assert(before !== undefined && after !== undefined);
  assertEquals(after.startedAt, before.startedAt);
  assertEquals(await b.sees(), ["a", "b"]);
});

Deno.test("present(), who() and close() end although no call is answered", async () => {
  using lab = new AgentLab();
  let hangs = false;
  const a = await lab.start("a", {
    fault: (connection) => ({
      leases: (node) => hangs ? never() : connection.leases(node),
      read: (context) => hangs ? never() : connection.read(context),
      close: () => never(),
    }),
  });
  hangs = true;
  for (
    const call of [() => a.presence.present("a"), () => a.presence.who()]
  ) {
    const error = await a.ask(() => assertRejects(call, AgentPresenceError));
    assert(error.message.endsWith("the backbone does not answer"));
  }
  const before = Date.now();
  await a.ask(() => a.presence.close());
  assert(Date.now() - before <= 11_000);
});

Deno.test("open() ends without an answer, and closes a connection that is late", async () => {
  using lab = new AgentLab();
  const b = lab.agent("b");
  const real = lab.network.for(b.process);
  const late = Promise.withResolvers<BackboneConnection>();
  const error = await b.ask(() =>
    assertRejects(
      () =>
        AgentPresence.open({
          agentId: "b",
          project: "shop",
          heartbeatIntervalMs: HEARTBEAT,
          backbone: { connect: () => late.promise },
        }),
      AgentPresenceError,
    )
  );
  assertEquals(
    error.message,
    "presence.Open: Cannot wait for connect() any longer: " +
      "the backbone does not answer",
  );
  let isClosed = false;
  const connection = await real.connect("b", SILENT);
  late.resolve({
    ...connection,
    close() {
      isClosed = true;
      return connection.close();
    },
  });
  await lab.pass();
  assert(isClosed);
});

Deno.test("open() takes the id even if it is interrupted", async () => {
  for (const call of ["follow", "acquire", "leases", "write"] as const) {
    using lab = new AgentLab();
    const former = await lab.start("b");
    former.kill();
    const b = await lab.start("b", {
      fault: (connection, listener) => {
        const interrupt = () =>
          lab.processes.after(0, undefined, () => {
            listener.onInterrupted();
          });
        return {
          follow: (context) => {
            if (call === "follow") interrupt();
            return connection.follow(context);
          },
          acquire: (lease) => {
            if (call === "acquire") interrupt();
            return connection.acquire(lease);
          },
          leases: (node) => {
            if (call === "leases" && node === undefined) interrupt();
            return connection.leases(node);
          },
          write: (life, writes) => {
            if (call === "write") interrupt();
            return connection.write(life, writes);
          },
        };
      },
    });
    assertEquals(await b.sees(), ["b"], call);
    // It has begun one life, and no other.
    assertEquals(lab.network.calls.get("acquire"), 2, call);
  }
});

Deno.test("AgentPresence keeps its heartbeat however often other calls fail", async () => {
  using lab = new AgentLab();
  const a = await lab.start("a");
  let miss = () => {};
  let fails = false;
  const b = await lab.start("b", {
    fault: (connection, listener) => {
      miss = () =>
        listener.onChange({
          context: '["agents","shop"]',
          memory: "another",
          revision: 1,
          change: { type: "removed", id: "", age: 0 },
        });
      return {
        read: (context) =>
          fails
            ? Promise.reject(new Error("no read"))
            : connection.read(context),
      };
    },
  });
  await lab.pass();
  const reported = await a.watch();
  fails = true;
  for (let gone = 0; gone < 3 * TTL; gone += 100) {
    await lab.processes.run(b.process, miss);
    await lab.pass(100);
  }
  assertEquals(reported, []);
});

Deno.test("watch() reports others although a purge fails, or never ends", async () => {
  for (const purge of ["fails", "has no end"]) {
    using lab = new AgentLab();
    const a = await lab.start("a", {
      fault: ({ renew }) => ({
        renew: async (lease) => ({
          ...await renew(lease),
          unpurged: [{ node: "x", epoch: "y" }],
        }),
        purge: () =>
          purge === "fails" ? Promise.reject(new Error("no purge")) : never(),
      }),
    });
    const b = await lab.start("b");
    const reported = await a.watch();
    await lab.pass(5 * HEARTBEAT);
    b.kill();
    await lab.pass(TTL + SOON);
    assertEquals(reported, ["up b", "down b"], purge);
    assertEquals((await a.watch()).length, 0, purge);
  }
});

for (
  const [way, stepMs] of [["back", -3_600_000], ["forward", 3_600_000]] as const
) {
  Deno.test(`watch() reports a crash although the backbone's clock was set ${way}`, async () => {
    using time = new FakeTime();
    let aheadMs = 0;
    const memory = new MemoryBackbone({ clock: () => Date.now() + aheadMs });
    const a = await AgentPresence.open({
      agentId: "a",
      project: "shop",
      heartbeatIntervalMs: HEARTBEAT,
      backbone: memory,
    });
    const events = a.watch(new AbortController().signal);
    let seen: string | undefined;
    const crashed = await memory.connect("b", SILENT);
    const names = new ProjectNames("shop");
    const life = names.begin("b", 1, HEARTBEAT);
    await crashed.acquire({ ...life, count: 1, announced: "", written: [] });
    const entry = new AgentEntry("b", "shop", 0, 0);
    await crashed.write(life, [{
      type: "put",
      context: names.context,
      id: names.row("b"),
      value: JSON.stringify(entry),
      age: 0,
    }]);
    assertEquals((await events.next()).value?.kind, "up");
    events.next().then(({ value }) => seen = value?.kind);
    aheadMs = stepMs;
    await time.tickAsync(TTL - 1);
    assertEquals(seen, undefined);
    for (let gone = 0; gone < TTL; gone += SOON) await time.tickAsync(SOON);
    assertEquals(seen, "down");
    await a.close();
  });
}

Deno.test("who() sweeps nothing of agents that were forgotten in between", async () => {
  using lab = new AgentLab();
  let swept = 0;
  let forgets = false;
  const a = await lab.start("a", {
    fault: (connection) => ({
      leases(node) {
        if (node !== undefined) return connection.leases(node);
        if (forgets) lab.network.backbone.restart();
        forgets = false;
        return connection.leases();
      },
      purge(life, context) {
        if (context !== undefined) swept++;
        return connection.purge(life, context);
      },
    }),
  });
  const b = await lab.start("b");
  await lab.pass();
  forgets = true;
  await a.sees();
  await lab.pass(HEARTBEAT + SOON);
  assertEquals(swept, 0);
  assertEquals(await b.sees(), ["a", "b"]);
});
