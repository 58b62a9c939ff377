import { assert, assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError, type PresenceUpdate } from "../core/mod.ts";
import {
  type HeartbeatOptions,
  PresenceBeacon,
  startHeartbeat,
} from "./mod.ts";

const BEACON = new PresenceBeacon({
  subject: "alice",
  context: "doc",
  origin: "session",
  expiry: { after: 90_000 },
});

/** Lets time pass, and runs pending microtasks. */
async function pass(time: FakeTime, ms: number): Promise<void> {
  await time.tickAsync(ms);
  await time.runMicrotasks();
}

/** A publisher that records its updates, and starts a heartbeat. */
function publisher(options: Partial<HeartbeatOptions> = {}) {
  const updates: PresenceUpdate[] = [];
  return {
    updates,
    times: () => updates.map(({ observedAt }) => observedAt),
    start: (more: Partial<HeartbeatOptions> = {}) =>
      startHeartbeat({
        beacon: BEACON,
        publish: (update) => updates.push(update),
        intervalMs: 30_000,
        jitter: 0,
        ...options,
        ...more,
        onError: more.onError ?? options.onError ?? (() => {}),
      }),
  };
}

/** A publisher whose publishes end on demand. */
function slowPublisher() {
  const log: string[] = [];
  const ends: (() => void)[] = [];
  const publish = ({ facets }: PresenceUpdate) => {
    log.push(`begin ${facets.activity}`);
    return new Promise<void>((resolve) =>
      ends.push(() => {
        log.push(`end ${facets.activity}`);
        resolve();
      })
    );
  };
  return { log, publish, end: () => ends.shift()?.() };
}

Deno.test("startHeartbeat() publishes at once", async () => {
  using _time = new FakeTime(1000);
  const { updates, start } = publisher();
  const heartbeat = start({ facets: { activity: "editing" } });
  assertEquals(updates, [BEACON.heartbeatAt(1000, { activity: "editing" })]);
  await heartbeat.stop();
});

Deno.test("startHeartbeat() publishes on every interval", async () => {
  using time = new FakeTime(0);
  const { times, start } = publisher();
  const heartbeat = start();
  await pass(time, 29_999);
  assertEquals(times(), [0]);
  for (let beats = 2; beats < 5; beats++) {
    await pass(time, beats === 2 ? 1 : 30_000);
    assertEquals(times().length, beats);
  }
  assertEquals(times(), [0, 30_000, 60_000, 90_000]);
  await heartbeat.stop();
});

Deno.test("startHeartbeat() beats early by at most the jitter", async () => {
  using time = new FakeTime(0);
  const { times, start } = publisher({ jitter: 0.5 });
  const heartbeat = start();
  for (let beat = 0; beat < 50; beat++) {
    assert(await time.nextAsync());
    await time.runMicrotasks();
  }
  const pauses = times().slice(1).map((at, index) => at - times()[index]!);
  assertEquals(pauses.length, 50);
  for (const pause of pauses) assert(pause >= 14_999 && pause <= 30_000);
  assert(new Set(pauses).size > 1);
  await heartbeat.stop();
});

Deno.test("startHeartbeat() reads the time from its clock", async () => {
  using time = new FakeTime(0);
  let now = 7;
  const { updates, start } = publisher({ clock: () => now });
  const heartbeat = start();
  now = 8;
  await pass(time, 30_000);
  assertEquals(
    updates.map(({ observedAt, facets }) => [observedAt, facets.lastSeen]),
    [[7, 7], [8, 8]],
  );
  await heartbeat.stop();
});

for (const step of [-3_600_000, 40_000, 3_600_000]) {
  Deno.test(`a facet of a heartbeat lasts until its expiry although the clock is set by ${step} ms`, async () => {
    using time = new FakeTime(0);
    let offset = 0;
    const { updates, start } = publisher({
      clock: () => Date.now() + offset,
      steadyClock: Date.now,
    });
    const heartbeat = start({ intervalMs: 2_000, jitter: 0 });
    await pass(time, 0);
    heartbeat.update({ activity: "editing" }, { activity: { after: 5_000 } });
    offset = step;
    await pass(time, 2_000);
    const [, , update] = updates;
    assertEquals(update?.observedAt, step + 2_000);
    assertEquals(update?.facetDeadlines, { activity: step + 5_000 });
    for (const _beat of [4_000, 6_000]) await pass(time, 2_000);
    const { facets, facetDeadlines } = updates.at(-1)!;
    assertEquals([facets.activity, facetDeadlines], [undefined, undefined]);
    await heartbeat.stop();
  });
}

Deno.test("Heartbeat.update() publishes at once, and restarts the interval", async () => {
  using time = new FakeTime(0);
  const { times, start } = publisher();
  const heartbeat = start();
  await pass(time, 20_000);
  heartbeat.update({ activity: "editing" });
  assertEquals(times(), [0, 20_000]);
  await pass(time, 29_999);
  assertEquals(times(), [0, 20_000]);
  await pass(time, 1);
  assertEquals(times(), [0, 20_000, 50_000]);
  await heartbeat.stop();
});

Deno.test("every beat carries the latest patch", async () => {
  using time = new FakeTime(0);
  const { updates, start } = publisher();
  const heartbeat = start({
    facets: { activity: "editing", availability: "busy" },
  });
  await pass(time, 0);
  heartbeat.update({ activity: "idle", availability: undefined });
  await pass(time, 0);
  heartbeat.update({ availability: null });
  await pass(time, 30_000);
  assertEquals(updates.map(({ facets }) => facets), [
    { lastSeen: 0, activity: "editing", availability: "busy" },
    { lastSeen: 0, activity: "idle", availability: "busy" },
    { lastSeen: 0, activity: "idle", availability: null },
    { lastSeen: 30_000, activity: "idle", availability: null },
  ]);
  await heartbeat.stop();
});

Deno.test("every beat carries a facet with an expiry until it is due", async () => {
  using time = new FakeTime(0);
  const { updates, start } = publisher({ intervalMs: 1_000 });
  const heartbeat = start({ facets: { availability: "busy" } });
  await pass(time, 500);
  heartbeat.update({ activity: "editing" }, { activity: { after: 1_500 } });
  await pass(time, 1_000);
  await pass(time, 1_000);
  assertEquals(
    updates.map(({ observedAt, facets, facetDeadlines }) => [
      observedAt,
      facets.availability,
      facets.activity,
      facetDeadlines,
    ]),
    [
      [0, "busy", undefined, undefined],
      [500, "busy", "editing", { activity: 2_000 }],
      [1_500, "busy", "editing", { activity: 2_000 }],
      [2_500, "busy", undefined, undefined],
    ],
  );
  await heartbeat.stop();
});

Deno.test("Heartbeat.update() without an expiry removes the old one", async () => {
  using time = new FakeTime(0);
  const { updates, start } = publisher({ intervalMs: 1_000 });
  const heartbeat = start();
  heartbeat.update({ activity: "editing" }, { activity: { after: 500 } });
  heartbeat.update({ activity: "idle" });
  await pass(time, 1_000);
  assertEquals(updates.at(-1)?.facets.activity, "idle");
  assertEquals(updates.at(-1)?.facetDeadlines, undefined);
  await heartbeat.stop();
});

Deno.test("a failed publish is reported and retried, with growing pauses", async () => {
  using time = new FakeTime(0);
  const times: number[] = [];
  const errors: unknown[] = [];
  const { start } = publisher({ intervalMs: 1500 });
  const heartbeat = start({
    publish: ({ observedAt }) => {
      times.push(observedAt);
      throw new Error(`no ${times.length}`);
    },
    onError: (error) => errors.push(error),
  });
  for (let retry = 0; retry < 5; retry++) {
    await time.nextAsync();
    await time.runMicrotasks();
  }
  assertEquals(times, [0, 250, 750, 1750, 3250, 4750]);
  assertEquals(
    errors.map((error) => error instanceof Error && error.message),
    ["no 1", "no 2", "no 3", "no 4", "no 5", "no 6"],
  );
  await heartbeat.stop();
});

Deno.test("a success restores the interval and the first retry", async () => {
  using time = new FakeTime(0);
  const fails = [true, true, false, true, false];
  const times: number[] = [];
  const { start } = publisher();
  const heartbeat = start({
    publish: ({ observedAt }) => {
      times.push(observedAt);
      return fails.shift() ? Promise.reject("no") : Promise.resolve();
    },
  });
  for (let beat = 0; beat < 4; beat++) {
    await time.nextAsync();
    await time.runMicrotasks();
  }
  assertEquals(times, [0, 250, 750, 30_750, 31_000]);
  await heartbeat.stop();
});

Deno.test("a patch survives a failed publish", async () => {
  using time = new FakeTime(0);
  const activities: unknown[] = [];
  const { start } = publisher();
  const heartbeat = start({
    publish: ({ facets }) => {
      activities.push(facets.activity);
      if (activities.length === 2) throw new Error("no");
    },
  });
  await pass(time, 0);
  heartbeat.update({ activity: "editing" });
  await pass(time, 250);
  assertEquals(activities, [undefined, "editing", "editing"]);
  await heartbeat.stop();
});

Deno.test("a clock or an onError that throws does not stop a heartbeat", async () => {
  using time = new FakeTime(0);
  let calls = 0;
  const { updates, start } = publisher();
  const heartbeat = start({
    clock: () => {
      if (calls++ === 0) throw new Error("no time");
      return 5;
    },
    onError: (error) => {
      throw error;
    },
  });
  await pass(time, 250);
  assertEquals(updates.map(({ observedAt }) => observedAt), [5]);
  await heartbeat.stop();
});

Deno.test("a heartbeat stops with its signal", async () => {
  using time = new FakeTime(0);
  const controller = new AbortController();
  const { times, start } = publisher();
  start({ signal: controller.signal });
  await pass(time, 30_000);
  controller.abort();
  await pass(time, 90_000);
  assertEquals(times(), [0, 30_000]);
  assert(!time.next(), "a timer is left");
});

Deno.test("a stopped heartbeat leaves no listener behind", async () => {
  using _time = new FakeTime(0);
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_: string, listener: unknown) =>
    void listeners.add(listener);
  signal.removeEventListener = (_: string, listener: unknown) =>
    void listeners.delete(listener);
  const heartbeat = publisher().start({ signal });
  assertEquals(listeners.size, 1);
  await heartbeat.stop();
  assertEquals(listeners.size, 0);
});

Deno.test("a heartbeat with an aborted signal never starts", async () => {
  using time = new FakeTime(0);
  const said: string[] = [];
  const { updates, start } = publisher();
  const heartbeat = start({
    signal: AbortSignal.abort(),
    goodbye: () => said.push("goodbye"),
  });
  heartbeat.update({ activity: "idle" });
  await heartbeat.stop();
  assertEquals([updates, said], [[], []]);
  assert(!time.next(), "a timer is left");
});

Deno.test("Heartbeat.stop() says goodbye, once", async () => {
  using time = new FakeTime(0);
  const controller = new AbortController();
  let goodbyes = 0;
  const { updates, start } = publisher();
  const heartbeat = start({
    signal: controller.signal,
    goodbye: () => {
      goodbyes++;
    },
  });
  controller.abort();
  await Promise.all([heartbeat.stop(), heartbeat.stop()]);
  await heartbeat[Symbol.asyncDispose]();
  heartbeat.update({ activity: "idle" });
  await pass(time, 90_000);
  assertEquals([updates.length, goodbyes], [1, 1]);
});

Deno.test("Heartbeat.stop() settles when the goodbye has been said", async () => {
  using time = new FakeTime(0);
  const log: string[] = [];
  const { start } = publisher();
  const heartbeat = start({
    goodbye: () =>
      new Promise<void>((resolve) =>
        setTimeout(() => {
          log.push("goodbye");
          resolve();
        }, 100)
      ),
  });
  const stopped = heartbeat.stop().then(() => log.push("stopped"));
  await pass(time, 99);
  assertEquals(log, []);
  await pass(time, 1);
  await stopped;
  assertEquals(log, ["goodbye", "stopped"]);
});

Deno.test("a failed goodbye is reported", async () => {
  using _time = new FakeTime(0);
  const errors: unknown[] = [];
  const { start } = publisher({ onError: (error) => errors.push(error) });
  await start({ goodbye: () => Promise.reject("rejected") }).stop();
  await start({
    goodbye: () => {
      throw "thrown";
    },
  }).stop();
  assertEquals(errors, ["rejected", "thrown"]);
});

Deno.test("a goodbye waits for a publish in progress", async () => {
  using time = new FakeTime(0);
  const { log, publish, end } = slowPublisher();
  const heartbeat = publisher().start({
    facets: { activity: "editing" },
    publish,
    goodbye: () => log.push("goodbye"),
  });
  // The goodbye makes this one unnecessary.
  heartbeat.update({ activity: "idle" });
  const stopped = heartbeat.stop();
  await pass(time, 1000);
  assertEquals(log, ["begin editing"]);
  end();
  await stopped;
  assertEquals(log, ["begin editing", "end editing", "goodbye"]);
  assert(!time.next(), "a timer is left");
});

Deno.test("a goodbye waits even for a publish that stops the heartbeat itself", async () => {
  using time = new FakeTime(0);
  const { log, publish, end } = slowPublisher();
  const controller = new AbortController();
  publisher().start({
    facets: { activity: "editing" },
    publish: (update) => {
      controller.abort();
      return publish(update);
    },
    signal: controller.signal,
    goodbye: () => log.push("goodbye"),
  });
  await pass(time, 1000);
  assertEquals(log, ["begin editing"]);
  end();
  await pass(time, 0);
  assertEquals(log, ["begin editing", "end editing", "goodbye"]);
});

Deno.test("updates during a publish are published together, right after it", async () => {
  using time = new FakeTime(0);
  const { log, publish, end } = slowPublisher();
  const heartbeat = publisher().start({
    facets: { activity: "editing" },
    publish,
  });
  heartbeat.update({ activity: "idle" });
  heartbeat.update({ activity: "acting" });
  await pass(time, 60_000);
  assertEquals(log, ["begin editing"]);
  end();
  await pass(time, 0);
  assertEquals(log, ["begin editing", "end editing", "begin acting"]);
  end();
  await heartbeat.stop();
});

Deno.test("without a goodbye a pending update is published before the end", async () => {
  using time = new FakeTime(0);
  const { log, publish, end } = slowPublisher();
  const heartbeat = publisher().start({
    facets: { activity: "editing" },
    publish,
  });
  heartbeat.update({ activity: "idle" });
  const stopped = heartbeat.stop();
  end();
  await pass(time, 0);
  end();
  await stopped;
  assertEquals(log, ["begin editing", "end editing", "begin idle", "end idle"]);
  assert(!time.next(), "a timer is left");
});

Deno.test("an update from within a publish is published after it", async () => {
  using time = new FakeTime(0);
  const log: string[] = [];
  const { start } = publisher();
  const heartbeat = start({
    publish: ({ facets }) => {
      log.push(`begin ${facets.activity}`);
      if (facets.activity === "editing") heartbeat.update({ activity: "idle" });
      log.push(`end ${facets.activity}`);
    },
  });
  await pass(time, 0);
  heartbeat.update({ activity: "editing" });
  await pass(time, 0);
  assertEquals(log.slice(2), [
    "begin editing",
    "end editing",
    "begin idle",
    "end idle",
  ]);
  await heartbeat.stop();
});

Deno.test("a slow publish does not make beats overlap", async () => {
  using time = new FakeTime(0);
  const { log, publish, end } = slowPublisher();
  const heartbeat = publisher().start({
    facets: { activity: "idle" },
    publish,
  });
  await pass(time, 90_000);
  assertEquals(log, ["begin idle"]);
  end();
  await pass(time, 0);
  await pass(time, 30_000);
  assertEquals(log, ["begin idle", "end idle", "begin idle"]);
  end();
  await heartbeat.stop();
});

Deno.test("startHeartbeat() refuses invalid options", () => {
  for (const intervalMs of [0, -1, NaN, Infinity, 2 ** 31]) {
    assertThrows(
      () => publisher({ intervalMs }).start(),
      InvalidValueError,
      "Cannot start heartbeat: intervalMs must be a positive number of at most 2147483647: received ",
    );
  }
  for (const jitter of [-0.1, 1.1, NaN]) {
    assertThrows(
      () => publisher({ jitter }).start(),
      InvalidValueError,
      "Cannot start heartbeat: jitter must be a number from 0 to 1: received ",
    );
  }
});
