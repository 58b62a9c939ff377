import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Pace } from "./pace.ts";

/** Returns which calls may begin in which task, task by task. */
async function tasksOf(counts: readonly number[]): Promise<number[][]> {
  using time = new FakeTime();
  const pace = new Pace();
  pace.size = 10;
  const tasks: number[][] = [[]];
  const begun = Promise.all(counts.map(async (count) => {
    await pace.next(count);
    tasks.at(-1)?.push(count);
  }));
  await time.runMicrotasks();
  while (tasks.flat().length < counts.length) {
    tasks.push([]);
    await time.tickAsync(0);
  }
  await begun;
  return tasks.filter((begun) => begun.length > 0);
}

Deno.test("Pace.next() lets one task handle no more items than its size", async () => {
  assertEquals(await tasksOf([4, 6]), [[4, 6]]);
  assertEquals(await tasksOf([4, 4, 4, 1, 9]), [[4, 4], [4, 1], [9]]);
});

Deno.test("Pace.next() lets one call handle more items in a task of its own", async () => {
  assertEquals(await tasksOf([30, 1, 30]), [[30], [1], [30]]);
});

Deno.test("Pace.next() lets calls begin in order", async () => {
  assertEquals(await tasksOf([4, 9, 4]), [[4], [9], [4]]);
});

Deno.test("Pace.next() returns nothing if the turn is now", () => {
  const pace = new Pace();
  assertEquals(pace.next(pace.size), undefined);
});
