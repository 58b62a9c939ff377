import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Pace } from "./pace.ts";

/** Handles items; returns how many of each work are handled, task by task. */
async function tasksOf(...works: readonly number[]): Promise<number[][]> {
  using time = new FakeTime();
  const pace = new Pace();
  pace.size = 10;
  const tasks = [works.map(() => 0)];
  const done = Promise.all(works.map(async (count, work) => {
    for (let item = 0; item < count; item++) {
      if (!pace.take()) await pace.next();
      tasks.at(-1)![work]! += 1;
    }
  }));
  await time.runMicrotasks();
  const total = works.reduce((sum, count) => sum + count, 0);
  while (tasks.flat().reduce((sum, count) => sum + count, 0) < total) {
    tasks.push(works.map(() => 0));
    await time.tickAsync(0);
    await time.runMicrotasks();
  }
  await done;
  return tasks;
}

Deno.test("Pace.take() lets one task handle no more items than its size", async () => {
  assertEquals(await tasksOf(10), [[10]]);
  assertEquals(await tasksOf(25), [[10], [10], [5]]);
  assertEquals(await tasksOf(4, 3), [[4, 3]]);
});

Deno.test("Pace.next() lets those who wait take turns, and share a task", async () => {
  assertEquals(await tasksOf(25, 4, 12), [
    [10, 0, 0],
    [10, 0, 0],
    [0, 4, 6],
    [5, 0, 5],
    [0, 0, 1],
  ]);
});

Deno.test("Pace.take() starts no timer, and returns true again after a wait", async () => {
  using time = new FakeTime();
  const pace = new Pace();
  pace.size = 2;
  const take = () => [pace.take(), pace.take(), pace.take()];
  assertEquals(take(), [true, true, false]);
  await time.tickAsync(1_000);
  assertEquals(take(), [false, false, false]);
  const next = pace.next();
  await time.tickAsync(0);
  await next;
  assertEquals(take(), [true, false, false]);
});
