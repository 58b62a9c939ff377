/** Sessions while the wall clock is set. */

import { assertEquals, assertFalse } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { PresenceServerOptions } from "../mod.ts";
import { SetClock, STEPS } from "../testing/harness.ts";
import type { DocumentPresenceOptions } from "./mod.ts";
import {
  at,
  type Documents,
  documents,
  join,
  userOf,
  Watcher,
} from "./testing/harness.ts";

const START = 10_000_000;

/** Documents under fake time whose wall clock can be set. */
function clocked(
  options: DocumentPresenceOptions = {},
  serverOptions: PresenceServerOptions = {},
): { time: FakeTime; wall: SetClock; all: Documents } & Disposable {
  const time = new FakeTime(START);
  const wall = new SetClock();
  const all = documents(options, { ...wall, ...serverOptions });
  const dispose = () => {
    all[Symbol.dispose]();
    time[Symbol.dispose]();
  };
  return { time, wall, all, [Symbol.dispose]: dispose };
}

for (const step of STEPS) {
  const when = `when the clock is set by ${step / 1_000} s`;

  Deno.test(`a session ends after its time to live ${when}`, async () => {
    using c = clocked();
    const ada = await join(c.all.presence, "ada", { ttlMs: 5_000 });
    await c.time.tickAsync(1_000);
    c.wall.ahead = step;
    await c.time.tickAsync(3_999);
    assertEquals(ada.isPresent, true);
    await c.time.tickAsync(1);
    assertFalse(ada.isPresent);
  });

  Deno.test(`a session that is refreshed every 10 s stays ${when}`, async () => {
    using c = clocked({}, { staleUpdates: "refuse" });
    const ada = await join(c.all.presence, "ada", { ttlMs: 30_000 });
    for (let beat = 0; beat < 5; beat++) {
      if (beat === 2) c.wall.ahead = step;
      await c.time.tickAsync(10_000);
      assertEquals(ada.refresh(), true);
    }
    await c.time.tickAsync(29_999);
    assertEquals(ada.isPresent, true);
    await c.time.tickAsync(1);
    assertFalse(ada.isPresent);
  });

  Deno.test(`a timer does not extend a session ${when}`, async () => {
    using c = clocked();
    const ada = await join(c.all.presence, "ada", { ttlMs: 5_000 });
    ada.updateCursor(at(1));
    await c.time.tickAsync(20);
    ada.updateCursor(at(2));
    c.wall.ahead = step;
    await c.time.tickAsync(4_999);
    assertEquals(ada.isPresent, true);
    await c.time.tickAsync(1);
    assertFalse(ada.isPresent);
  });

  Deno.test(`people are idle after 30 s and away after 5 min ${when}`, async () => {
    using c = clocked();
    const { presence } = c.all;
    const ada = await join(presence);
    ada.updateCursor(at(1));
    const activity = async () => (await userOf(presence))?.activity;
    await c.time.tickAsync(10_000);
    c.wall.ahead = step;
    await c.time.tickAsync(19_999);
    assertEquals(await activity(), "viewing");
    await c.time.tickAsync(1);
    assertEquals(await activity(), "idle");
    await c.time.tickAsync(269_999);
    assertEquals(await activity(), "idle");
    await c.time.tickAsync(1);
    assertEquals(await activity(), "away");
  });

  Deno.test(`typing ends 500 ms after the last key ${when}, even if nobody ends it`, async () => {
    using c = clocked();
    const ada = await join(c.all.presence);
    const typing = async () => (await userOf(c.all.presence))?.typing;
    ada.typed();
    await c.time.tickAsync(20);
    ada.typed();
    c.wall.ahead = step;
    // A timer publishes the second key, and then the process is gone.
    await c.time.tickAsync(50);
    assertEquals(await typing(), true);
    ada.release();
    await c.time.tickAsync(449);
    assertEquals(await typing(), true);
    await c.time.tickAsync(100);
    assertEquals(await typing(), false);
  });

  Deno.test(`the cursor keeps moving ${when}, even where stale updates are refused`, async () => {
    using c = clocked({}, { staleUpdates: "refuse" });
    const ada = await join(c.all.presence);
    const watcher = await Watcher.begin(c.all.presence);
    c.wall.ahead = step;
    ada.updateCursor(at(1));
    ada.updateCursor(at(2));
    ada.typed();
    await c.time.tickAsync(50);
    assertEquals(await watcher.told(), [
      "ada at 1",
      "ada types",
      "ada is editing",
      "ada at 2",
    ]);
    assertEquals((await userOf(c.all.presence))?.lastActiveAt, START + step);
  });
}
