/**
 * A server whose wall clock is set while it runs: a time to live counts elapsed
 * time, and wall time is only displayed.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { PresenceUpdate } from "../core/mod.ts";
import { StaleUpdateError } from "../store/mod.ts";
import {
  PresenceServer,
  type PresenceServerOptions,
  type RemoteEntry,
  type ReplicationListener,
} from "./mod.ts";
import { keyOf, SetClock, STEPS, update } from "./testing/harness.ts";

const START = 10_000_000;

/** A server under fake time whose wall clock can be set, and its publisher. */
class Clocked {
  readonly time = new FakeTime(START);
  readonly wall = new SetClock();
  readonly server: PresenceServer;

  constructor(options: PresenceServerOptions = {}) {
    this.server = new PresenceServer({ ...this.wall, ...options });
  }

  /** Returns an update at the current wall time with a time to live. */
  update(ttlMs: number, fields: Partial<PresenceUpdate> = {}): PresenceUpdate {
    const observedAt = this.wall.clock();
    return update({ observedAt, expiry: observedAt + ttlMs, ...fields });
  }

  get isThere(): boolean {
    return this.server.store.size > 0;
  }

  [Symbol.dispose](): void {
    this.server[Symbol.dispose]();
    this.time[Symbol.dispose]();
  }
}

const NOBODY: ReplicationListener = {
  put() {},
  removed() {},
  watched() {},
};

for (const step of STEPS) {
  const when = `when the clock is set by ${step / 1_000} s`;

  Deno.test(`an entry of 5 s ends after 5 s ${when}`, () => {
    using c = new Clocked();
    c.server.receive(c.update(5_000));
    c.time.tick(1_000);
    c.wall.ahead = step;
    c.time.tick(3_999);
    assertEquals(c.isThere, true);
    c.time.tick(1);
    assertEquals(c.isThere, false);
  });

  Deno.test(`an entry of 5 s that is published afterwards ends after 5 s ${when}`, () => {
    using c = new Clocked();
    c.server.receive(c.update(60_000, { subject: "bob" }));
    c.wall.ahead = step;
    const said = c.update(5_000);
    c.server.receive(said);
    assertEquals(c.server.store.snapshot(keyOf())?.expiry, said.expiry);
    c.time.tick(4_999);
    assertEquals(c.server.store.count("doc-1").subjects, 2);
    c.time.tick(1);
    assertEquals(c.server.store.count("doc-1").subjects, 1);
  });

  Deno.test(`an entry that is refreshed every 10 s stays ${when}`, () => {
    using c = new Clocked();
    c.server.receive(c.update(30_000));
    for (let beat = 0; beat < 5; beat++) {
      c.time.tick(10_000);
      if (beat === 2) c.wall.ahead = step;
      assertEquals(c.server.receiveIfPresent(c.update(30_000)), 1);
    }
    assertEquals(
      c.server.store.liveness(keyOf())?.seenAt,
      START + 50_000 + step,
    );
    c.time.tick(30_000);
    assertEquals(c.isThere, false);
  });

  Deno.test(`a facet of 5 s expires after 5 s ${when}`, () => {
    using c = new Clocked();
    const facets = { activity: "editing" } as const;
    const activity = () => c.server.store.snapshot(keyOf())?.facets.activity;
    c.server.receive(c.update(60_000));
    for (const ahead of [0, step]) {
      c.wall.ahead = ahead;
      const facetDeadlines = { activity: c.wall.clock() + 5_000 };
      c.server.receive(c.update(60_000, { facets, facetDeadlines }));
      c.time.tick(1_000);
      c.wall.ahead = step;
      c.time.tick(3_999);
      assertEquals(activity(), "editing");
      c.time.tick(1);
      assertEquals(activity(), undefined);
    }
  });

  Deno.test(`the grace is 10 s ${when}, and the last-seen time is before it`, () => {
    using c = new Clocked();
    c.server.receive(c.update(60_000));
    c.server.disconnect("tab");
    c.time.tick(1_000);
    c.wall.ahead = step;
    c.time.tick(8_999);
    assertEquals(c.isThere, true);
    c.time.tick(1);
    assertEquals(c.isThere, false);
    assertEquals(c.server.lastSeen("alice", "doc-1"), START + step);
  });

  Deno.test(`a last-seen time is not in the future ${when}`, () => {
    using c = new Clocked();
    c.server.receive(c.update(60_000));
    c.server.withdraw(keyOf());
    c.time.tick(1_000);
    c.wall.ahead = step;
    assertEquals(c.server.now, START + 1_000 + step);
    const lastSeen = START + Math.min(step, 0);
    assertEquals(c.server.lastSeen("alice", "doc-1"), lastSeen);
  });

  Deno.test(`a server that refuses stale updates accepts those of its publishers ${when}`, () => {
    using c = new Clocked({ staleUpdates: "refuse" });
    c.server.receive(c.update(30_000));
    c.time.tick(10_000);
    c.wall.ahead = step;
    c.server.receive(c.update(30_000));
    c.time.tick(10_000);
    const late = c.wall.clock() - 10_001;
    assertThrows(
      () => c.server.receive(c.update(30_000, { observedAt: late })),
      StaleUpdateError,
    );
    c.server.receiveAll([c.update(30_000)]);
    c.time.tick(29_999);
    assertEquals(c.isThere, true);
  });

  Deno.test(`a facet of another server's entry expires in time ${when}, even if this server takes it over`, () => {
    using c = new Clocked();
    const replication = c.server.replicate(NOBODY);
    const theirs: RemoteEntry = {
      ...keyOf(),
      resource: undefined,
      visibility: "public",
      observedAt: START,
      facets: { activity: "editing" },
      facetsLeft: { activity: 5_000 },
    };
    replication.put([theirs]);
    c.time.tick(1_000);
    c.wall.ahead = step;
    c.server.receive(c.update(60_000, { facets: { availability: "busy" } }));
    assertEquals(replication.heardAt(keyOf()), c.server.steadyNow);
    c.time.tick(3_999);
    const activity = () => c.server.store.snapshot(keyOf())?.facets.activity;
    assertEquals(activity(), "editing");
    c.time.tick(1);
    assertEquals(activity(), undefined);
  });

  Deno.test(`an entry does not count as younger than it is ${when}`, () => {
    using c = new Clocked();
    c.server.receive(c.update(60_000));
    c.time.tick(1_000);
    c.wall.ahead = step;
    const replication = c.server.replicate(NOBODY);
    assert(replication.heardAt(keyOf())! <= START);
  });
}

Deno.test("a correction of less than a tenth of a second changes nothing", () => {
  using c = new Clocked({ staleUpdates: "refuse" });
  c.server.receive(c.update(5_000));
  c.wall.ahead = -99;
  assertEquals(c.server.now, START);
  const observedAt = c.server.now;
  c.server.receive(update({ observedAt, expiry: observedAt + 5_000 }));
  assertEquals(c.server.store.liveness(keyOf())?.expiry, START + 5_000);
});

Deno.test("a clock that is given alone is the steady clock as well", () => {
  using time = new FakeTime(START);
  let now = 100;
  using server = new PresenceServer({ clock: () => now });
  server.receive(update({ observedAt: now, expiry: 200 }));
  time.tick(1_000);
  assertEquals(server.store.size, 1);
  now = 200;
  assertEquals([server.now, server.steadyNow], [200, 200]);
  assertEquals(server.store.size, 0);
});
