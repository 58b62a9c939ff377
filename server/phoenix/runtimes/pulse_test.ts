import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Pulse } from "./pulse.ts";

/** A socket whose other side answers pings, as long as somebody is there. */
class FakeSocket {
  isAnswering = true;
  pings = 0;
  terminatedAt: number | undefined;
  readonly #pulse: Pulse;

  constructor(pulse: Pulse) {
    this.#pulse = pulse;
    pulse.received(this);
  }

  ping(): void {
    this.pings++;
    if (this.isAnswering) setTimeout(() => this.#pulse.received(this), 100);
  }

  terminate(): void {
    this.terminatedAt = Date.now();
    this.#pulse.forget(this);
  }
}

Deno.test("Pulse keeps sockets with signs of life, even if only pongs", () => {
  using time = new FakeTime(0);
  const pulse = new Pulse();
  const socket = new FakeSocket(pulse);
  time.tick(3_600_000);
  assertEquals(socket.terminatedAt, undefined);
  assertEquals(socket.pings, 144);
  pulse.forget(socket);
});

Deno.test("Pulse ends silent sockets within a minute", () => {
  using time = new FakeTime(0);
  const pulse = new Pulse();
  const silent = new FakeSocket(pulse);
  const other = new FakeSocket(pulse);
  // The worst time to die is right after a sign of life.
  time.tick(25_100);
  silent.isAnswering = false;
  time.tick(60_000);
  assertEquals(silent.terminatedAt, 75_000);
  assertEquals(other.terminatedAt, undefined);
  pulse.forget(other);
});

Deno.test("Pulse runs no timer while there is no socket", () => {
  using time = new FakeTime(0);
  const pulse = new Pulse();
  const first = new FakeSocket(pulse);
  pulse.forget(first);
  pulse.forget(first);
  time.tick(100_000);
  assertEquals(first.pings, 0);
  const second = new FakeSocket(pulse);
  time.tick(25_000);
  assertEquals([first.pings, second.pings], [0, 1]);
  pulse.forget(second);
});
