import { assertEquals, assertGreater } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { CHECK_MS, Stall } from "./stall.ts";
import { FakeTransport } from "./testing/fake_transport.ts";

/** How many checks it takes until one finds it dead; a minute has six. */
function checksUntilDead(
  stall: Stall,
  betweenChecks: (check: number) => void = () => {},
): number | "alive" {
  for (let check = 1; check <= 60; check++) {
    if (stall.isDead()) return check;
    betweenChecks(check);
  }
  return "alive";
}

Deno.test("isDead() finds a client that does not read within a minute", () => {
  const stall = new Stall(new FakeTransport(), 100);
  assertEquals(stall.isDead(), false);
  stall.send("frame");
  assertEquals(checksUntilDead(stall), 5);
  assertEquals(5 * CHECK_MS, 50_000);
});

Deno.test("isDead() finds it while ever more is sent", () => {
  const stall = new Stall(new FakeTransport(), 100);
  stall.send("frame");
  assertEquals(checksUntilDead(stall, () => stall.send("frame")), 5);
});

Deno.test("isDead() spares a client that has nothing to read", () => {
  const stall = new Stall(new FakeTransport(), 100);
  assertEquals(checksUntilDead(stall), "alive");
});

Deno.test("isDead() spares a client that reads slowly", () => {
  const transport = new FakeTransport();
  const stall = new Stall(transport, 100);
  stall.send("x".repeat(1_000));
  assertEquals(checksUntilDead(stall, () => transport.drain(1)), "alive");
});

Deno.test("isDead() spares a client that reads less than it is sent", () => {
  const transport = new FakeTransport();
  const stall = new Stall(transport, 100);
  stall.send("frame");
  const more = () => {
    transport.drain(1);
    stall.send("frame");
  };
  assertEquals(checksUntilDead(stall, more), "alive");
});

Deno.test("isDead() spares a client of whom two frames a minute come", () => {
  const stall = new Stall(new FakeTransport(), 100);
  stall.send("frame");
  const heartbeat = (check: number) => {
    if (check % 3 === 0) stall.heard();
  };
  assertEquals(checksUntilDead(stall, heartbeat), "alive");
});

Deno.test("isDead() finds a client that has read and does so no more", () => {
  const transport = new FakeTransport();
  const stall = new Stall(transport, 100);
  stall.send("frame");
  for (let check = 0; check < 4; check++) stall.isDead();
  transport.drain(1);
  assertEquals(stall.isDead(), false);
  assertEquals(checksUntilDead(stall), 4);
});

Deno.test("hasRoom() tells that no more than may waits, isHopeless four times as much beside the largest frame", () => {
  const stall = new Stall(new FakeTransport(), 100);
  const seen: [number, boolean, boolean][] = [];
  for (const bytes of [100, 1, 300, 299, 1]) {
    stall.send("x".repeat(bytes));
    seen.push([bytes, stall.hasRoom(), stall.isHopeless]);
  }
  assertEquals(seen, [
    [100, true, false],
    [1, false, false],
    [300, false, false],
    [299, false, false],
    [1, false, true],
  ]);
});

Deno.test("isHopeless is not told of one frame that is larger than may wait", () => {
  const stall = new Stall(new FakeTransport(), 100);
  stall.send("x".repeat(10_000));
  stall.send("x".repeat(400));
  assertEquals([stall.hasRoom(), stall.isHopeless], [false, false]);
  stall.send("x");
  assertEquals(stall.isHopeless, true);
});

Deno.test("over() waits until there is room", async () => {
  using time = new FakeTime();
  const transport = new FakeTransport();
  const stall = new Stall(transport, 100);
  stall.send("x".repeat(101));
  let answer: boolean | undefined;
  const over = stall.over().then((isOver) => answer = isOver);
  await time.tickAsync(10_000);
  assertEquals(answer, undefined);
  transport.drain(1);
  await time.tickAsync(50);
  await over;
  assertEquals(answer, true);
});

Deno.test("over() is false if it ends before there is room", async () => {
  using _time = new FakeTime();
  const stall = new Stall(new FakeTransport(), 100);
  stall.send("x".repeat(101));
  const over = stall.over();
  stall.end();
  assertEquals(await over, false);
});

Deno.test("over() looks no more often for many who wait than for one", async () => {
  const looks = async (waiting: number): Promise<number> => {
    using time = new FakeTime();
    const transport = new FakeTransport();
    const stall = new Stall(transport, 100);
    stall.send("x".repeat(101));
    transport.looks = 0;
    const all = Array.from({ length: waiting }, () => stall.over());
    for (let turn = 0; turn < 20; turn++) await time.tickAsync(50);
    stall.end();
    assertEquals(new Set(await Promise.all(all)), new Set([false]));
    return transport.looks;
  };
  assertGreater(await looks(1), 10);
  assertEquals(await looks(100), await looks(1));
});

Deno.test("over() waits anew after it was over", async () => {
  using time = new FakeTime();
  const transport = new FakeTransport();
  const stall = new Stall(transport, 100);
  for (let turn = 0; turn < 2; turn++) {
    stall.send("x".repeat(101));
    let isOver = false;
    const all = [stall.over(), stall.over()];
    const over = Promise.all(all).then(() => isOver = true);
    await time.tickAsync(1_000);
    assertEquals(isOver, false);
    transport.drain(101);
    await time.tickAsync(50);
    await over;
  }
});
