import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { callAt } from "./deadline.ts";

const DAY = 24 * 3_600_000;

Deno.test("callAt() calls once, at the time", async () => {
  using time = new FakeTime();
  let calls = 0;
  using _call = callAt(Date.now() + 1_000, Date.now, () => calls++);
  await time.tickAsync(999);
  assertEquals(calls, 0);
  await time.tickAsync(1);
  assertEquals(calls, 1);
  await time.tickAsync(DAY);
  assertEquals(calls, 1);
});

Deno.test("callAt() reads the clock every 15 seconds during a long wait", async () => {
  using time = new FakeTime();
  const start = Date.now();
  const looks: number[] = [];
  const clock = () => {
    looks.push(Date.now() - start);
    return Date.now();
  };
  let calls = 0;
  using _call = callAt(start + DAY, clock, () => calls++);
  await time.tickAsync(DAY - 1);
  assertEquals(calls, 0);
  await time.tickAsync(1);
  assertEquals(calls, 1);
  const steps = looks.map((look, index) => look - (looks[index - 1] ?? 0));
  assertEquals(Math.max(...steps), 15_000);
});

Deno.test("callAt() accepts a time beyond the longest delay of a timer", () => {
  using time = new FakeTime(0);
  using _call = callAt(Number.MAX_VALUE, Date.now, () => {});
  time.next();
  assertEquals(time.now, 15_000);
});

Deno.test("callAt() notices a clock that advanced while timers were stopped", async () => {
  using time = new FakeTime();
  let jump = 0;
  let calls = 0;
  const clock = () => Date.now() + jump;
  using _call = callAt(Date.now() + DAY, clock, () => calls++);
  await time.tickAsync(60_000);
  jump = DAY;
  assertEquals(calls, 0);
  await time.tickAsync(15_000);
  assertEquals(calls, 1);
});

Deno.test("callAt() calls soon for a time in the past, and never for Infinity", async () => {
  using time = new FakeTime();
  const calls: string[] = [];
  using _past = callAt(Date.now() - 1, Date.now, () => calls.push("past"));
  using _never = callAt(Infinity, Date.now, () => calls.push("never"));
  assertEquals(calls, []);
  await time.tickAsync(0);
  assertEquals(calls, ["past"]);
  await time.tickAsync(DAY);
  assertEquals(calls, ["past"]);
});

Deno.test("callAt() waits for its clock, even if that is slower than timers", async () => {
  using time = new FakeTime();
  const start = Date.now();
  let calls = 0;
  const half = () => start + (Date.now() - start) / 2;
  using _call = callAt(start + 1_000, half, () => calls++);
  await time.tickAsync(1_999);
  assertEquals(calls, 0);
  await time.tickAsync(2);
  assertEquals(calls, 1);
});

Deno.test("callAt() can be cancelled", async () => {
  using time = new FakeTime();
  let calls = 0;
  const call = callAt(Date.now() + 1_000, Date.now, () => calls++);
  call[Symbol.dispose]();
  await time.tickAsync(2_000);
  assertEquals(calls, 0);
});
