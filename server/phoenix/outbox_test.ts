import { assertEquals, assertGreater } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { V2 } from "./frames/codec.ts";
import { CHECK_MS, Outbox, Turn } from "./outbox.ts";
import { PhoenixTally } from "./phoenix_stats.ts";
import { FakeTransport } from "./testing/fake_transport.ts";

/** An outbox of which 100 bytes may wait, until a signal is aborted. */
function outboxTo(
  transport = new FakeTransport(),
  { signal } = new AbortController(),
): Outbox {
  return new Outbox({
    transport,
    codec: V2,
    bufferedBytes: 100,
    tally: new PhoenixTally(),
    turn: new Turn(() => {}),
    signal,
    onHopeless() {
      throw new Error("so much should not wait");
    },
  });
}

/** How many checks it takes until one finds it dead; a minute has six. */
function checksUntilDead(
  outbox: Outbox,
  betweenChecks: (check: number) => void = () => {},
): number | "alive" {
  for (let check = 1; check <= 60; check++) {
    if (outbox.isDead()) return check;
    betweenChecks(check);
  }
  return "alive";
}

Deno.test("isDead() finds a client that does not read within a minute", () => {
  const outbox = outboxTo();
  assertEquals(outbox.isDead(), false);
  outbox.send("frame");
  assertEquals(checksUntilDead(outbox), 5);
  assertEquals(5 * CHECK_MS, 50_000);
});

Deno.test("isDead() finds a client that does not read while more and more is sent", () => {
  const outbox = outboxTo();
  outbox.send("frame");
  assertEquals(checksUntilDead(outbox, () => outbox.send("frame")), 5);
});

Deno.test("isDead() spares a client that has nothing to read", () => {
  const outbox = outboxTo();
  assertEquals(checksUntilDead(outbox), "alive");
});

Deno.test("isDead() spares a client that reads slowly", () => {
  const transport = new FakeTransport();
  const outbox = outboxTo(transport);
  outbox.send("x".repeat(1_000));
  assertEquals(checksUntilDead(outbox, () => transport.drain(1)), "alive");
});

Deno.test("isDead() spares a client that reads less than it is sent", () => {
  const transport = new FakeTransport();
  const outbox = outboxTo(transport);
  outbox.send("frame");
  const more = () => {
    transport.drain(1);
    outbox.send("frame");
  };
  assertEquals(checksUntilDead(outbox, more), "alive");
});

Deno.test("isDead() spares a client that sends two frames a minute", () => {
  const outbox = outboxTo();
  outbox.send("frame");
  const heartbeat = (check: number) => {
    if (check % 3 === 0) outbox.received();
  };
  assertEquals(checksUntilDead(outbox, heartbeat), "alive");
});

Deno.test("isDead() finds a client that no longer reads", () => {
  const transport = new FakeTransport();
  const outbox = outboxTo(transport);
  outbox.send("frame");
  for (let check = 0; check < 4; check++) outbox.isDead();
  transport.drain(1);
  assertEquals(outbox.isDead(), false);
  assertEquals(checksUntilDead(outbox), 4);
});

Deno.test("hasRoom() allows the limit, isHopeless begins above four times as much beside the largest frame", () => {
  const outbox = outboxTo();
  const seen: [number, boolean, boolean][] = [];
  for (const bytes of [100, 1, 300, 299, 1]) {
    outbox.send("x".repeat(bytes));
    seen.push([bytes, outbox.hasRoom(), outbox.isHopeless]);
  }
  assertEquals(seen, [
    [100, true, false],
    [1, false, false],
    [300, false, false],
    [299, false, false],
    [1, false, true],
  ]);
});

Deno.test("hasRoom() asks the transport only if there might be no room", () => {
  const transport = new FakeTransport();
  const outbox = outboxTo(transport);
  const looks = [5, 5, 20, 20].map((length) => {
    outbox.send("x".repeat(length));
    transport.drain(length);
    assertEquals(outbox.hasRoom(), true);
    return transport.looks;
  });
  // A unit counts as three bytes, and a head as 14: 29, 58, 132 and 74 bytes.
  assertEquals(looks, [0, 0, 1, 1]);
});

Deno.test("isHopeless ignores one frame that is larger than the limit", () => {
  const outbox = outboxTo();
  outbox.send("x".repeat(10_000));
  outbox.send("x".repeat(400));
  assertEquals([outbox.hasRoom(), outbox.isHopeless], [false, false]);
  outbox.send("x");
  assertEquals(outbox.isHopeless, true);
});

Deno.test("drained() waits until there is room", async () => {
  using time = new FakeTime();
  const transport = new FakeTransport();
  const outbox = outboxTo(transport);
  outbox.send("x".repeat(101));
  let answer: boolean | undefined;
  const over = outbox.drained().then((isOver) => answer = isOver);
  await time.tickAsync(10_000);
  assertEquals(answer, undefined);
  transport.drain(1);
  await time.tickAsync(50);
  await over;
  assertEquals(answer, true);
});

Deno.test("drained() is false if the socket ends before there is room", async () => {
  using _time = new FakeTime();
  const ended = new AbortController();
  const outbox = outboxTo(new FakeTransport(), ended);
  outbox.send("x".repeat(101));
  const over = outbox.drained();
  ended.abort();
  assertEquals(await over, false);
});

Deno.test("drained() looks no more often for many callers than for one", async () => {
  const looks = async (waiting: number): Promise<number> => {
    using time = new FakeTime();
    const transport = new FakeTransport();
    const ended = new AbortController();
    const outbox = outboxTo(transport, ended);
    outbox.send("x".repeat(101));
    transport.looks = 0;
    const all = Array.from({ length: waiting }, () => outbox.drained());
    for (let turn = 0; turn < 20; turn++) await time.tickAsync(50);
    ended.abort();
    assertEquals(new Set(await Promise.all(all)), new Set([false]));
    return transport.looks;
  };
  assertGreater(await looks(1), 10);
  assertEquals(await looks(100), await looks(1));
});

Deno.test("drained() waits again after there was room", async () => {
  using time = new FakeTime();
  const transport = new FakeTransport();
  const outbox = outboxTo(transport);
  for (let turn = 0; turn < 2; turn++) {
    outbox.send("x".repeat(101));
    let isOver = false;
    const all = [outbox.drained(), outbox.drained()];
    const over = Promise.all(all).then(() => isOver = true);
    await time.tickAsync(1_000);
    assertEquals(isOver, false);
    transport.drain(101);
    await time.tickAsync(50);
    await over;
  }
});
