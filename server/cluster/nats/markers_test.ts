import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Markers } from "./markers.ts";

/** Markers, and the keys of those that were removed. */
function sample(isAway = () => false) {
  const removed: string[] = [];
  const markers = new Markers(({ key }) => {
    if (isAway()) return Promise.reject(new Error("away"));
    removed.push(key);
    return Promise.resolve();
  });
  return { markers, removed };
}

async function tidy(markers: Markers, rounds = 1): Promise<void> {
  for (let round = 0; round < rounds; round++) markers.tidy();
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}

Deno.test("Markers stay for a minute and for eight renewals, whatever is longer", async () => {
  using time = new FakeTime();
  const { markers, removed } = sample();
  markers.add({ key: "a", revision: 1 });
  await tidy(markers, 100);
  assertEquals(removed, []);
  time.tick(60_000);
  markers.add({ key: "b", revision: 2 });
  await tidy(markers);
  assertEquals(removed, ["a"]);
  time.tick(3_600_000);
  await tidy(markers, 6);
  assertEquals(removed, ["a"]);
  await tidy(markers);
  assertEquals(removed, ["a", "b"]);
});

Deno.test("Markers of many removals go before their time, the oldest first", async () => {
  using _time = new FakeTime();
  const { markers, removed } = sample();
  for (let index = 0; index < 20_003; index++) {
    markers.add({ key: `${index}`, revision: index });
  }
  await tidy(markers);
  assertEquals(removed, ["0", "1", "2"]);
});

Deno.test("Markers that can't be removed are tried again, those of a bucket that forgot are not", async () => {
  using time = new FakeTime();
  let isAway = true;
  const { markers, removed } = sample(() => isAway);
  markers.add({ key: "a", revision: 1 });
  time.tick(60_000);
  await tidy(markers, 8);
  isAway = false;
  await tidy(markers);
  assertEquals(removed, ["a"]);
  markers.add({ key: "b", revision: 2 });
  markers.forget();
  time.tick(60_000);
  await tidy(markers, 9);
  assertEquals(removed, ["a"]);
});
