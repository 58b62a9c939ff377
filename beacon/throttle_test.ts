import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { InvalidValueError } from "../core/mod.ts";
import { Throttle } from "./mod.ts";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

/** A throttle, and the values that it sent, with the times. */
function throttled(intervalMs = 50, clock?: () => number) {
  const sent: [number, string][] = [];
  const throttle = new Throttle<string>({
    intervalMs,
    send: (value) => sent.push([Date.now(), value]),
    clock,
  });
  return { throttle, sent };
}

Deno.test("Throttle.push() sends the first value at once", () => {
  using time = new FakeTime(1000);
  const { throttle, sent } = throttled();
  throttle.push("a");
  assertEquals(sent, [[1000, "a"]]);
  assert(!time.next(), "a timer is left");
});

Deno.test("Throttle.push() sends the latest of the values that are too early", () => {
  using time = new FakeTime(0);
  const { throttle, sent } = throttled();
  throttle.push("a");
  time.tick(10);
  throttle.push("b");
  time.tick(30);
  throttle.push("c");
  time.tick(9);
  assertEquals(sent, [[0, "a"]]);
  time.tick(1);
  assertEquals(sent, [[0, "a"], [50, "c"]]);
});

Deno.test("Throttle.push() keeps the interval after a delayed value too", () => {
  using time = new FakeTime(0);
  const { throttle, sent } = throttled();
  throttle.push("a");
  throttle.push("b");
  time.tick(60);
  throttle.push("c");
  time.tick(1000);
  throttle.push("d");
  assertEquals(sent, [[0, "a"], [50, "b"], [100, "c"], [1060, "d"]]);
});

Deno.test("Throttle.push() sends a value at once when the interval is over", () => {
  using time = new FakeTime(0);
  const { throttle, sent } = throttled();
  throttle.push("a");
  time.tick(50);
  throttle.push("b");
  assertEquals(sent, [[0, "a"], [50, "b"]]);
  assert(!time.next(), "a timer is left");
});

Deno.test("Throttle.push() does not wait for a late timer", () => {
  using time = new FakeTime(0);
  let lateMs = 0;
  const { throttle, sent } = throttled(50, () => Date.now() + lateMs);
  throttle.push("a");
  throttle.push("b");
  lateMs = 50;
  throttle.push("c");
  time.tick(1000);
  assertEquals(sent, [[0, "a"], [0, "c"]]);
});

Deno.test("Throttle.push() sends undefined too", () => {
  using time = new FakeTime(0);
  const sent: unknown[] = [];
  const throttle = new Throttle<string | undefined>({
    intervalMs: 50,
    send: (value) => sent.push(value),
  });
  throttle.push("a");
  throttle.push(undefined);
  time.tick(50);
  assertEquals(sent, ["a", undefined]);
});

Deno.test("Throttle.push() from within send is delayed", () => {
  using time = new FakeTime(0);
  const sent: [number, number][] = [];
  const throttle = new Throttle<number>({
    intervalMs: 50,
    send: (value) => {
      sent.push([Date.now(), value]);
      if (value < 3) throttle.push(value + 1);
    },
  });
  throttle.push(1);
  time.tick(1000);
  assertEquals(sent, [[0, 1], [50, 2], [100, 3]]);
});

Deno.test("Throttle.push() continues after a send that throws", () => {
  using time = new FakeTime(0);
  const sent: string[] = [];
  const throttle = new Throttle<string>({
    intervalMs: 50,
    send: (value) => {
      if (value === "bad") throw new Error("no");
      sent.push(value);
    },
  });
  assertThrows(() => throttle.push("bad"), Error, "no");
  throttle.push("a");
  assertEquals(sent, []);
  time.tick(50);
  assertEquals(sent, ["a"]);
});

Deno.test("Throttle.flush() sends the delayed value, and restarts the interval", () => {
  using time = new FakeTime(0);
  const { throttle, sent } = throttled();
  throttle.push("a");
  throttle.push("b");
  time.tick(20);
  throttle.flush();
  throttle.push("c");
  time.tick(1000);
  assertEquals(sent, [[0, "a"], [20, "b"], [70, "c"]]);
});

Deno.test("Throttle.flush() does nothing without a delayed value", () => {
  using time = new FakeTime(0);
  const { throttle, sent } = throttled();
  throttle.flush();
  throttle.push("a");
  throttle.flush();
  time.tick(50);
  throttle.flush();
  assertEquals(sent, [[0, "a"]]);
});

Deno.test("a disposed throttle drops the delayed value and sends nothing more", () => {
  using time = new FakeTime(0);
  const { throttle, sent } = throttled();
  throttle.push("a");
  throttle.push("b");
  throttle[Symbol.dispose]();
  throttle[Symbol.dispose]();
  throttle.push("c");
  throttle.flush();
  assert(!time.next(), "a timer is left");
  assertEquals(sent, [[0, "a"]]);
});

Deno.test("a throttle rounds the delay up, as timers drop the fraction", () => {
  using time = new FakeTime(0);
  let now = 0.75;
  const { throttle, sent } = throttled(50, () => now);
  throttle.push("a");
  now = 1;
  throttle.push("b");
  time.tick(49);
  assertEquals(sent.length, 1);
  time.tick(1);
  assertEquals(sent.length, 2);
});

Deno.test("Throttle refuses an interval that a timer can't wait for", () => {
  for (const intervalMs of [0, -1, NaN, Infinity, 2 ** 31]) {
    assertThrows(
      () => throttled(intervalMs),
      InvalidValueError,
      "Cannot create throttle: intervalMs must be a positive number of at most 2147483647: received ",
    );
  }
});

/** An action after some time; a jump moves the clock alone. */
interface Step {
  readonly afterMs: number;
  readonly act: "push" | "flush" | "wait";
  readonly jumpMs: number;
}

function steps(...jumpMs: fc.Arbitrary<number>[]): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.record({
      afterMs: fc.oneof(fc.nat(5), fc.nat(60), fc.nat(200)),
      act: fc.constantFrom("push", "push", "push", "flush", "wait"),
      jumpMs: fc.oneof(fc.constant(0), ...jumpMs),
    }),
    { maxLength: 40 },
  );
}

/** Plays a history; each value is the time at which it was pushed. */
function play(history: readonly Step[], intervalMs: number) {
  using time = new FakeTime(0);
  let offset = 0;
  const pushed: number[] = [];
  const sent: { at: number; value: number; isFlushed: boolean }[] = [];
  let isFlushed = false;
  const throttle = new Throttle<number>({
    intervalMs,
    send: (value) => sent.push({ at: Date.now(), value, isFlushed }),
    clock: () => Date.now() + offset,
  });
  for (const { afterMs, act, jumpMs } of history) {
    time.tick(afterMs);
    offset += jumpMs;
    if (act === "push") {
      pushed.push(Date.now());
      throttle.push(Date.now());
    } else if (act === "flush") {
      isFlushed = true;
      throttle.flush();
      isFlushed = false;
    }
  }
  time.tick(intervalMs);
  assert(!time.next(), "a timer is left");
  return { pushed, sent };
}

const INTERVALS = fc.integer({ min: 1, max: 100 });
const BACK = fc.integer({ min: -100_000, max: 0 });
const FORTH = fc.integer({ min: 0, max: 100_000 });

Deno.test("property: a throttle never sends more than one value per interval, however its clock is set back", () => {
  fc.assert(
    fc.property(steps(BACK), INTERVALS, (history, intervalMs) => {
      const { sent } = play(history, intervalMs);
      for (const [index, { at, isFlushed }] of sent.entries()) {
        const before = sent[index - 1];
        if (before === undefined || isFlushed) continue;
        assert(at - before.at >= intervalMs, `${before.at}, then ${at}`);
      }
    }),
    { numRuns },
  );
});

Deno.test("property: a throttle is early at most once per jump of its clock", () => {
  fc.assert(
    fc.property(steps(BACK, FORTH), INTERVALS, (history, intervalMs) => {
      const { sent } = play(history, intervalMs);
      const early = sent.filter(({ at, isFlushed }, index) => {
        const before = sent[index - 1];
        return before && !isFlushed && at - before.at < intervalMs;
      });
      const jumps = history.filter(({ jumpMs }) => jumpMs > 0);
      assert(early.length <= jumps.length, `${early.length} too early`);
    }),
    { numRuns },
  );
});

Deno.test("property: a throttle never loses the last value, nor delays one by more than an interval", () => {
  fc.assert(
    fc.property(steps(BACK, FORTH), INTERVALS, (history, intervalMs) => {
      const { pushed, sent } = play(history, intervalMs);
      assertEquals(sent.at(-1)?.value, pushed.at(-1));
      for (const pushedAt of pushed) {
        const next = sent.find(({ value }) => value >= pushedAt);
        assert(next !== undefined && next.at - pushedAt <= intervalMs);
      }
      for (const [index, { value }] of sent.entries()) {
        const before = sent[index - 1];
        assert(before === undefined || before.value <= value, "out of order");
      }
    }),
    { numRuns },
  );
});
