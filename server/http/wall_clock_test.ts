/** Entries that are published over HTTP when the wall clock is set. */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer, type PresenceServerOptions } from "../mod.ts";
import { SetClock, STEPS } from "../testing/harness.ts";
import { createHttpHandler, type HttpHandlerOptions } from "./mod.ts";
import {
  EventReader,
  identity,
  posting,
  read,
  sendTo,
  sent,
} from "./testing/service.ts";

const START = 10_000_000;

/** A handler under fake time whose wall clock can be set. */
function serve(
  options: Partial<HttpHandlerOptions> = {},
  serverOptions: PresenceServerOptions = {},
) {
  const time = new FakeTime(START);
  const wall = new SetClock();
  const server = new PresenceServer({ ...wall, ...serverOptions });
  const send = sendTo(createHttpHandler(server, options));
  const publish = (ttlMs: number, fields: Record<string, unknown> = {}) =>
    send("/v1/updates", posting(sent({ ttlMs, ...fields })));
  const dispose = () => {
    server[Symbol.dispose]();
    time[Symbol.dispose]();
  };
  return { time, wall, server, send, publish, [Symbol.dispose]: dispose };
}

for (const step of STEPS) {
  const when = `when the clock is set by ${step / 1_000} s`;

  Deno.test(`an update of 5 s ends after 5 s ${when}`, async () => {
    using service = serve();
    const { time, wall, server, publish } = service;
    await read(await publish(5_000));
    time.tick(1_000);
    wall.ahead = step;
    await read(await publish(5_000, { context: "doc-2" }));
    time.tick(3_999);
    assertEquals(server.store.contexts(), ["doc-1", "doc-2"]);
    time.tick(1);
    assertEquals(server.store.contexts(), ["doc-2"]);
    time.tick(1_000);
    assertEquals(server.store.contexts(), []);
  });

  Deno.test(`a publisher every 10 s stays ${when}, even if stale updates are refused`, async () => {
    using service = serve({}, { staleUpdates: "refuse" });
    const { time, wall, server, publish } = service;
    for (let beat = 0; beat < 5; beat++) {
      if (beat === 2) wall.ahead = step;
      const { sequence } = await read(await publish(30_000));
      assertEquals(sequence, 1, "nobody left and joined");
      time.tick(10_000);
    }
    time.tick(19_999);
    assertEquals(server.store.size, 1);
    time.tick(1);
    assertEquals(server.store.size, 0);
  });

  Deno.test(`requests are limited per second ${when}`, async () => {
    using service = serve({ limits: { requestsPerSecond: 2 } });
    const { time, wall, publish } = service;
    const statuses = async () => {
      const all = [await publish(5_000), await publish(5_000)];
      all.push(await publish(5_000));
      for (const { body } of all) await body?.cancel();
      return all.map(({ status }) => status);
    };
    assertEquals(await statuses(), [200, 200, 429]);
    wall.ahead = step;
    assertEquals((await statuses())[0], 429);
    time.tick(1_000);
    assertEquals(await statuses(), [200, 200, 429]);
  });

  Deno.test(`a departed subject was last seen no later than now ${when}`, async () => {
    using service = serve();
    const { time, wall, publish, send } = service;
    await read(await publish(5_000));
    time.tick(1_000);
    wall.ahead = step;
    await read(await publish(5_000));
    time.tick(5_000);
    const path = "/v1/presence?context=doc-1&subject=alice";
    const { lastSeen } = await read(await send(path));
    assertEquals(lastSeen, START + 1_000 + step);
  });
}

Deno.test("a stream ends by the wall clock, like its token", async () => {
  const expiresAt = START + 60_000;
  using service = serve({ authorize: () => identity({ expiresAt }) });
  const { time, wall, send } = service;
  const response = await send("/v1/changes?context=doc-1");
  const events = new EventReader(response);
  const ended = (async () => {
    while (await events.next() !== undefined);
    return "over";
  })();
  await time.tickAsync(1_000);
  wall.ahead = 3_600_000;
  await time.tickAsync(60_000);
  assertEquals(await ended, "over");
});
