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
    lane.add(id, type, (goOn) => {
      log.push(name);
      goOn();
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await flush();
  };
  return { log, lane, add, end };
}

Deno.test("RowLane writes different rows together, and one row in order", async () => {
  const { log, add, end } = sample();
  add("a", "a1");
  add("b", "b1");
  add("a", "a2");
  add("c", "c1");
  await flush();
  assertEquals(log, ["a1", "b1"]);
  await end("a1");
  assertEquals(log, ["a1", "b1", "a2", "c1"]);
  for (const name of ["b1", "a2", "c1"]) await end(name);
  assertEquals(log.slice(4), ["idle"]);
});

Deno.test("RowLane makes a removal wait for the puts before it, and puts for none", async () => {
  const { log, add, end } = sample();
  add("a", "a1");
  add("b", "b1", "removal");
  add("c", "c1", "removal");
  add("d", "d1");
  await flush();
  assertEquals(log, ["a1"]);
  await end("a1");
  assertEquals(log, ["a1", "b1", "c1", "d1"]);
  for (const name of ["b1", "c1", "d1"]) await end(name);
});

Deno.test("RowLane makes all wait for one that is not sent yet", async () => {
  const { log, lane, add, end } = sample();
  let goOn = () => {};
  const first = lane.add("b", "put", (sent) => {
    goOn = sent;
    return new Promise<void>((resolve) => setTimeout(resolve));
  });
  add("a", "a1");
  await flush();
  assertEquals(log, []);
  goOn();
  goOn();
  await flush();
  assertEquals(log, ["a1"]);
  await first;
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
  await flush();
  assertEquals(isSettled, false);
  await end("b1");
  assertEquals(isSettled, true);
  await end("b2");
});

Deno.test("RowLane fails those that wait when nobody answers, and none that come later", async () => {
  const { log, lane, add, end } = sample();
  const away = lane.add("a", "put", () => Promise.reject(new NatsAwayError()));
  const waiting = [add("a", "a1"), add("b", "b1")];
  for (const call of [away, ...waiting]) {
    await assertRejects(() => call, NatsAwayError);
  }
  await flush();
  assertEquals(log, ["idle"]);
  add("a", "a2");
  await flush();
  await end("a2");
  assertEquals(log, ["idle", "a2", "idle"]);
});
