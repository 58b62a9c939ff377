import { FakeTime } from "@std/testing/time";
import { assert, assertEquals } from "@std/assert";
import { steadyNow } from "./steady_clock.ts";

Deno.test("steadyNow() returns whole milliseconds that never decrease", () => {
  let last = -Infinity;
  for (let count = 0; count < 10_000; count++) {
    const now = steadyNow();
    assert(Number.isInteger(now));
    assert(now >= last);
    last = now;
  }
});

Deno.test("steadyNow() follows fake time", () => {
  const before = steadyNow();
  {
    using time = new FakeTime(1_000);
    assertEquals(steadyNow(), 1_000);
    time.tick(500);
    assertEquals(steadyNow(), 1_500);
  }
  assert(steadyNow() >= before);
});

Deno.test("steadyNow() follows fake time that starts at an earlier time", () => {
  for (const start of [5_000, 1_000]) {
    using _time = new FakeTime(start);
    assertEquals(steadyNow(), start);
  }
});
