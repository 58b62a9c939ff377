import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { InvalidValueError } from "../core/mod.ts";
import {
  ActivityMonitor,
  type ActivityMonitorOptions,
  type ActivityState,
} from "./mod.ts";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

/** A monitor, and the states that it reported, with the times. */
function monitored(options: Partial<ActivityMonitorOptions> = {}) {
  const reported: [number, ActivityState][] = [];
  const monitor = new ActivityMonitor({
    onChange: (state) => reported.push([Date.now(), state]),
    ...options,
  });
  return { monitor, reported };
}

Deno.test("ActivityMonitor starts as active, without calling onChange", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored();
  assertEquals(monitor.state, "active");
  monitor.active();
  time.tick(29_999);
  assertEquals(reported, []);
});

Deno.test("ActivityMonitor reports idle after 30 s and away after 300 s by default, once each", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored();
  time.tick(30_000);
  assertEquals(monitor.state, "idle");
  time.tick(269_999);
  assertEquals(reported, [[30_000, "idle"]]);
  time.tick(1);
  assertEquals(monitor.state, "away");
  time.tick(10_000_000);
  assertEquals(reported, [[30_000, "idle"], [300_000, "away"]]);
  assert(!time.next(), "a timer is left");
});

Deno.test("ActivityMonitor counts from the last activity", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored();
  for (const ms of [10_000, 19_999, 5_000]) {
    time.tick(ms);
    monitor.active();
  }
  time.tick(300_000);
  assertEquals(reported, [[64_999, "idle"], [334_999, "away"]]);
});

Deno.test("ActivityMonitor.active() ends idle and away, and restarts the timeouts", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored({
    activityTimeoutMs: 10,
    idleTimeoutMs: 30,
  });
  time.tick(29);
  monitor.active();
  time.tick(31);
  monitor.active();
  monitor.active();
  time.tick(10);
  assertEquals(reported, [
    [10, "idle"],
    [29, "active"],
    [39, "idle"],
    [59, "away"],
    [60, "active"],
    [70, "idle"],
  ]);
});

Deno.test("ActivityMonitor.active() starts no timer per activity", () => {
  using time = new FakeTime(0);
  const { monitor } = monitored();
  for (let event = 0; event < 1000; event++) {
    time.tick(100);
    monitor.active();
  }
  assertEquals(monitor.state, "active");
  // Fake timers have the numbers 1, 2, 3 and so on: four were started before.
  assertEquals(Number(setTimeout(() => {})), 5);
});

Deno.test("ActivityMonitor.setHidden() reports away at once, and active when shown", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored();
  monitor.setHidden(true);
  monitor.setHidden(true);
  assert(!time.next(), "a timer is left");
  time.tick(1_000);
  monitor.setHidden(false);
  monitor.setHidden(false);
  time.tick(30_000);
  assertEquals(reported, [[0, "away"], [1_000, "active"], [31_000, "idle"]]);
});

Deno.test("ActivityMonitor.setHidden() turns idle into away", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored();
  time.tick(40_000);
  monitor.setHidden(true);
  time.tick(1_000_000);
  assertEquals(reported, [[30_000, "idle"], [40_000, "away"]]);
});

Deno.test("ActivityMonitor.active() counts even while hidden", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored();
  monitor.setHidden(true);
  monitor.active();
  time.tick(300_000);
  assertEquals(reported, [
    [0, "away"],
    [0, "active"],
    [30_000, "idle"],
    [300_000, "away"],
  ]);
});

Deno.test("ActivityMonitor can be used, and disposed, from within onChange", () => {
  using time = new FakeTime(0);
  const reported: ActivityState[] = [];
  const { monitor } = monitored({
    onChange: (state) => {
      reported.push(state);
      if (state === "idle") monitor.active();
      if (reported.length === 4) monitor[Symbol.dispose]();
    },
  });
  time.tick(1_000_000);
  assertEquals(reported, ["idle", "active", "idle", "active"]);
  assert(!time.next(), "a timer is left");
});

Deno.test("a disposed monitor never calls onChange", () => {
  using time = new FakeTime(0);
  const { monitor, reported } = monitored();
  time.tick(30_000);
  monitor[Symbol.dispose]();
  monitor[Symbol.dispose]();
  monitor.active();
  monitor.setHidden(true);
  monitor.setHidden(false);
  assert(!time.next(), "a timer is left");
  assertEquals(reported, [[30_000, "idle"]]);
  assertEquals(monitor.state, "idle");
});

Deno.test("ActivityMonitor refuses invalid timeouts", () => {
  for (const ms of [0, -1, NaN, Infinity, 2 ** 31]) {
    assertThrows(
      () => monitored({ activityTimeoutMs: ms }),
      InvalidValueError,
      "Cannot create activity monitor: activityTimeoutMs must be a positive number of at most 2147483647: received ",
    );
    assertThrows(
      () => monitored({ idleTimeoutMs: ms }),
      InvalidValueError,
      "Cannot create activity monitor: idleTimeoutMs must be a positive number of at most 2147483647: received ",
    );
  }
  assertThrows(
    () => monitored({ idleTimeoutMs: 30_000 }),
    InvalidValueError,
    "Cannot create activity monitor: idleTimeoutMs must be longer than activityTimeoutMs, which is 30000: received 30000",
  );
});

const TIMES = fc.record({
  activityTimeoutMs: fc.integer({ min: 1, max: 100 }),
  moreMs: fc.integer({ min: 1, max: 300 }),
});
const STEPS = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(10), fc.nat(150), fc.nat(600)),
    act: fc.constantFrom("active", "active", "hide", "show", "wait"),
    jumpMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: -100_000, max: 100_000 }),
    ),
  }),
  { maxLength: 40 },
);

function perform(monitor: ActivityMonitor, act: string): void {
  if (act === "active") monitor.active();
  if (act === "hide") monitor.setHidden(true);
  if (act === "show") monitor.setHidden(false);
}

/** The expected reports, by the simplest rule: check every millisecond. */
function expected(
  history: readonly { afterMs: number; act: string }[],
  idleMs: number,
  awayMs: number,
) {
  const reported: [number, ActivityState][] = [];
  const state = () => reported.at(-1)?.[1] ?? "active";
  const become = (at: number, next: ActivityState) => {
    if (state() !== next) reported.push([at, next]);
  };
  let now = 0;
  let lastActive = 0;
  const end = { afterMs: awayMs, act: "end" };
  for (const { afterMs, act } of [...history, end]) {
    for (const until = now + afterMs; now < until;) {
      now++;
      const quietMs = now - lastActive;
      if (state() === "active" && quietMs >= idleMs) become(now, "idle");
      if (state() === "idle" && quietMs >= awayMs) become(now, "away");
    }
    if (act === "hide") become(now, "away");
    if (act === "active" || act === "show") {
      lastActive = now;
      become(now, "active");
    }
  }
  return reported;
}

Deno.test("property: idle and away are reported exactly in time, once each", () => {
  fc.assert(
    fc.property(STEPS, TIMES, (history, { activityTimeoutMs, moreMs }) => {
      using time = new FakeTime(0);
      const idleTimeoutMs = activityTimeoutMs + moreMs;
      const { monitor, reported } = monitored({
        activityTimeoutMs,
        idleTimeoutMs,
      });
      for (const { afterMs, act } of history) {
        time.tick(afterMs);
        perform(monitor, act);
      }
      time.runAll();
      assertEquals(
        reported,
        expected(history, activityTimeoutMs, idleTimeoutMs),
      );
    }),
    { numRuns },
  );
});

Deno.test("property: nobody stays active or idle for ever, however the clock jumps", () => {
  fc.assert(
    fc.property(STEPS, TIMES, (history, { activityTimeoutMs, moreMs }) => {
      using time = new FakeTime(0);
      let offset = 0;
      const { monitor, reported } = monitored({
        activityTimeoutMs,
        idleTimeoutMs: activityTimeoutMs + moreMs,
        clock: () => Date.now() + offset,
      });
      for (const { afterMs, act, jumpMs } of history) {
        time.tick(afterMs);
        offset += jumpMs;
        perform(monitor, act);
        if (act === "wait") continue;
        assertEquals(monitor.state, act === "hide" ? "away" : "active");
      }
      time.tick(2 * activityTimeoutMs);
      assert(monitor.state !== "active");
      time.tick(moreMs);
      assertEquals(monitor.state, "away");
      assert(!time.next(), "a timer is left");
      const states = ["active", ...reported.map(([, state]) => state)];
      for (const [index, state] of states.entries()) {
        assert(state !== states[index + 1], `${state} reported twice`);
      }
    }),
    { numRuns },
  );
});
