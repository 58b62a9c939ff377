import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { InvalidValueError } from "../core/mod.ts";
import { TypingDetector, type TypingDetectorOptions } from "./mod.ts";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);

/** A detector, and the changes that it reported, with the times. */
function detector(options: Partial<TypingDetectorOptions> = {}) {
  const reported: [number, boolean][] = [];
  const typing = new TypingDetector({
    onChange: (isTyping) => reported.push([Date.now(), isTyping]),
    ...options,
  });
  return { typing, reported };
}

Deno.test("TypingDetector.typed() reports the begin of typing at once", () => {
  using _time = new FakeTime(1000);
  const { typing, reported } = detector();
  assertEquals(typing.isTyping, false);
  typing.typed();
  assertEquals(typing.isTyping, true);
  assertEquals(reported, [[1000, true]]);
});

Deno.test("typing ends 500 ms after the last key by default", () => {
  using time = new FakeTime(0);
  const { typing, reported } = detector();
  typing.typed();
  time.tick(499);
  typing.typed();
  time.tick(200);
  typing.typed();
  time.tick(499);
  assertEquals(reported, [[0, true]]);
  assert(typing.isTyping);
  time.tick(1);
  assertEquals(reported, [[0, true], [1199, false]]);
  assert(!typing.isTyping);
  assert(!time.next(), "a timer is left");
});

Deno.test("typing begins again with the next key", () => {
  using time = new FakeTime(0);
  const { typing, reported } = detector({ debounceMs: 100 });
  typing.typed();
  time.tick(100);
  typing.typed();
  time.tick(1000);
  assertEquals(reported, [[0, true], [100, false], [100, true], [200, false]]);
});

Deno.test("TypingDetector.typed() starts no timer per key", () => {
  using time = new FakeTime(0);
  const { typing } = detector();
  for (let key = 0; key < 1000; key++) {
    typing.typed();
    time.tick(1);
  }
  time.tick(500);
  assert(!typing.isTyping);
  // Fake timers have the numbers 1, 2, 3 and so on: four were started before.
  assertEquals(Number(setTimeout(() => {})), 5);
});

Deno.test("TypingDetector.stop() ends typing at once, and once", () => {
  using time = new FakeTime(0);
  const { typing, reported } = detector();
  typing.stop();
  typing.typed();
  time.tick(10);
  typing.stop();
  typing.stop();
  assert(!time.next(), "a timer is left");
  assertEquals(reported, [[0, true], [10, false]]);
});

Deno.test("TypingDetector.stop() works from within onChange", () => {
  using time = new FakeTime(0);
  const reported: boolean[] = [];
  const { typing } = detector({
    onChange: (isTyping) => {
      reported.push(isTyping);
      if (isTyping) typing.stop();
    },
  });
  typing.typed();
  assert(!time.next(), "a timer is left");
  assertEquals(reported, [true, false]);
});

Deno.test("a disposed detector never calls onChange", () => {
  using time = new FakeTime(0);
  const { typing, reported } = detector();
  typing.typed();
  typing[Symbol.dispose]();
  typing[Symbol.dispose]();
  assertEquals(typing.isTyping, false);
  typing.typed();
  typing.stop();
  assert(!time.next(), "a timer is left");
  assertEquals(reported, [[0, true]]);
});

Deno.test("typing ends in time although the clock is set back", () => {
  using time = new FakeTime(0);
  let offset = 0;
  const { typing, reported } = detector({ clock: () => Date.now() + offset });
  typing.typed();
  time.tick(100);
  typing.typed();
  offset = -3_600_000;
  time.tick(900);
  assertEquals(reported, [[0, true], [1000, false]]);
});

Deno.test("typing does not end early although timers drop the fraction", () => {
  using time = new FakeTime(0);
  const { typing, reported } = detector({
    debounceMs: 100,
    clock: () => Date.now() / 1.6,
  });
  typing.typed();
  time.tick(16);
  typing.typed();
  time.tick(1000);
  // At 100 the clock is at 62.5, which leaves 47.5 of the debounce from 10.
  assertEquals(reported, [[0, true], [148, false]]);
});

Deno.test("typing ends although the clock stands still", () => {
  using time = new FakeTime(0);
  const { typing, reported } = detector({ clock: () => 0 });
  typing.typed();
  time.tick(100);
  typing.typed();
  time.tick(900);
  assertEquals(reported, [[0, true], [1000, false]]);
});

Deno.test("TypingDetector refuses a debounce that a timer can't wait for", () => {
  for (const debounceMs of [0, -1, NaN, Infinity, 2 ** 31]) {
    assertThrows(
      () => detector({ debounceMs }),
      InvalidValueError,
      "Cannot create typing detector: debounceMs must be a positive number of at most 2147483647: received ",
    );
  }
});

const DEBOUNCES = fc.integer({ min: 1, max: 300 });
const STEPS = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(10), fc.nat(400), fc.nat(2000)),
    act: fc.constantFrom("key", "key", "key", "stop", "wait"),
    jumpMs: fc.oneof(
      fc.constant(0),
      fc.integer({ min: -100_000, max: 100_000 }),
    ),
  }),
  { maxLength: 40 },
);

/** The expected reports, by the simplest rule: check every key. */
function expected(
  history: readonly { afterMs: number; act: string }[],
  debounceMs: number,
) {
  const reported: [number, boolean][] = [];
  let now = 0;
  let endsAt: number | undefined;
  for (const { afterMs, act } of [...history, { afterMs: 1e9, act: "stop" }]) {
    now += afterMs;
    if (endsAt !== undefined && endsAt <= now) {
      reported.push([endsAt, false]);
      endsAt = undefined;
    }
    if (act === "key") {
      if (endsAt === undefined) reported.push([now, true]);
      endsAt = now + debounceMs;
    } else if (act === "stop" && endsAt !== undefined) {
      reported.push([now, false]);
      endsAt = undefined;
    }
  }
  return reported;
}

Deno.test("property: typing ends exactly the debounce after the last key", () => {
  fc.assert(
    fc.property(STEPS, DEBOUNCES, (history, debounceMs) => {
      using time = new FakeTime(0);
      const { typing, reported } = detector({ debounceMs });
      for (const { afterMs, act } of history) {
        time.tick(afterMs);
        if (act === "key") typing.typed();
        if (act === "stop") typing.stop();
      }
      time.runAll();
      assertEquals(reported, expected(history, debounceMs));
    }),
    { numRuns },
  );
});

Deno.test("property: typing is never stuck, however the clock jumps", () => {
  fc.assert(
    fc.property(STEPS, DEBOUNCES, (history, debounceMs) => {
      using time = new FakeTime(0);
      let offset = 0;
      let lastKey = 0;
      const { typing, reported } = detector({
        debounceMs,
        clock: () => Date.now() + offset,
      });
      for (const { afterMs, act, jumpMs } of history) {
        time.tick(afterMs);
        offset += jumpMs;
        if (act === "key") {
          typing.typed();
          assert(typing.isTyping);
          lastKey = Date.now();
        }
        if (act === "stop") {
          typing.stop();
          assert(!typing.isTyping);
        }
        assert(!typing.isTyping || Date.now() - lastKey < 2 * debounceMs);
      }
      time.tick(2 * debounceMs);
      assert(!typing.isTyping);
      assert(!time.next(), "a timer is left");
      // The reports alternate.
      reported.forEach(([, isTyping], index) =>
        assertEquals(isTyping, index % 2 === 0)
      );
    }),
    { numRuns },
  );
});
