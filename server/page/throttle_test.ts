import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Throttle } from "./throttle.js";

Deno.test("throttle lets the first call through at once, and the latest one later", () => {
  using time = new FakeTime(0);
  const sent: number[] = [];
  const throttle = new Throttle<number>(50, (value) => sent.push(value));
  for (const value of [1, 2, 3]) throttle.call(value);
  assertEquals(sent, [1]);
  time.tick(49);
  assertEquals(sent, [1]);
  time.tick(1);
  assertEquals(sent, [1, 3]);
});

Deno.test("throttle never calls more often than it may", () => {
  using time = new FakeTime(0);
  const times: number[] = [];
  const throttle = new Throttle<number>(50, () => times.push(Date.now()));
  for (let i = 0; i < 100; i++) {
    throttle.call(i);
    time.tick(7);
  }
  time.tick(100);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  assertEquals(Math.min(...gaps), 50);
  assertEquals(times.length, 15);
});

Deno.test("throttle is at rest when nothing is called", () => {
  using time = new FakeTime(0);
  const sent: number[] = [];
  const throttle = new Throttle<number>(50, (value) => sent.push(value));
  throttle.call(1);
  time.tick(1000);
  assertEquals(sent, [1]);
  throttle.call(2);
  assertEquals(sent, [1, 2]);
  time.tick(50);
});
