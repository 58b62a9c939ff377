import { assertEquals, assertRejects } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import { NatsAwayError } from "./errors.ts";
import { RowLane } from "./row_lane.ts";

/** A lane, and what was started and finished in it. */
function sample() {
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const lane = new RowLane(() => log.push("idle"));
  const add = (id: string, name: string, type: "put" | "removal" = "put") =>
    lane.add(id, type, () => {
      log.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await flush();
  };
  return { log, lane, add, end };
}

Deno.test("RowLane has different rows written together, and one row in order", async () => {
  const { log, add, end } = sample();
  add("a", "a1");
  add("b", "b1");
  add("a", "a2");
  add("c", "c1");
  assertEquals(log, ["a1", "b1"]);
  await end("a1");
  assertEquals(log, ["a1", "b1", "a2", "c1"]);
  for (const name of ["b1", "a2", "c1"]) await end(name);
  assertEquals(log.slice(4), ["idle"]);
});

Deno.test("RowLane has a removal wait for the puts before it, and puts for none", async () => {
  const { log, add, end } = sample();
  add("a", "a1");
  add("b", "b1", "removal");
  add("c", "c1", "removal");
  add("d", "d1");
  assertEquals(log, ["a1"]);
  await end("a1");
  assertEquals(log, ["a1", "b1", "c1", "d1"]);
  for (const name of ["b1", "c1", "d1"]) await end(name);
});

Deno.test("RowLane has all wait for one that is looked into", async () => {
  const { log, lane, add, end } = sample();
  const goOn = lane.hold();
  add("a", "a1");
  await flush();
  assertEquals(log, []);
  goOn();
  goOn();
  assertEquals(log, ["a1"]);
  await end("a1");
  assertEquals(log, ["a1", "idle"]);
});

Deno.test("RowLane settles what was added before, though it fails", async () => {
  const { lane, add, end } = sample();
  const failing = lane.add("a", "put", () => Promise.reject(new Error("away")));
  add("b", "b1");
  let isSettled = false;
  lane.settled().then(() => isSettled = true);
  add("b", "b2");
  assertEquals(await failing.catch(({ message }) => message), "away");
  assertEquals(isSettled, false);
  await end("b1");
  assertEquals(isSettled, true);
  await end("b2");
});

Deno.test("RowLane has those that wait fail when nobody answers", async () => {
  const { log, lane, add } = sample();
  const goOn = lane.hold();
  const away = lane.add("a", "put", () => Promise.reject(new NatsAwayError()));
  const waiting = [add("a", "a1"), add("b", "b1")];
  goOn();
  for (const call of [away, ...waiting]) {
    await assertRejects(() => call, NatsAwayError);
  }
  assertEquals(log, ["idle"]);
});
