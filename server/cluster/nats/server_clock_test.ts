import { assert, assertEquals } from "@std/assert";
import { UNKNOWN_AGE } from "../age.ts";
import { ServerClock } from "./server_clock.ts";

const HOUR = 3_600_000;

Deno.test("ServerClock.since() counts by the server's clock, and a row of the future is old", () => {
  const clock = new ServerClock();
  const asked = performance.now();
  const there = 1_000_000_000_000;
  clock.set(asked, there, asked);
  assert(clock.since(there - 500) >= 500);
  assert(clock.since(there - 500) < HOUR);
  // A row that was written before its clock was set back.
  clock.set(asked, there - HOUR, asked);
  assertEquals(clock.since(there), UNKNOWN_AGE);
  assert(clock.since(there - HOUR - 500) < HOUR);
  // An estimate is a little off.
  clock.set(asked, there, asked + 200);
  assert(clock.since(there) < HOUR);
});
