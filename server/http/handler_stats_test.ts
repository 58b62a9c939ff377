import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer } from "../mod.ts";
import { createHttpHandler } from "./mod.ts";
import { posting, sendTo, sent } from "./testing/service.ts";

Deno.test("createHttpHandler() counts requests, and refusals by kind", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer({ maxSubjectsPerContext: 1 });
  const handler = createHttpHandler(server);
  const send = sendTo(handler);
  assertEquals(handler.stats.requests, 0);
  await send("/v1/updates", posting(sent()));
  await send("/v1/updates", posting(sent({ subject: "bob" })));
  await send("/v1/updates", posting({}));
  await send("/v1/updates", posting({}));
  await send("/v1/secret-name");
  assertEquals(handler.stats.requests, 5);
  assertEquals(
    [...handler.stats.rejected],
    [["context-at-capacity", 1], ["invalid-request", 2], ["not-found", 1]],
  );
});

Deno.test("createHttpHandler() counts streams from the first read to the end", async () => {
  using _time = new FakeTime(0);
  using server = new PresenceServer();
  const handler = createHttpHandler(server);
  const send = sendTo(handler);
  const bodies = await Promise.all(["doc-1", "doc-2"].map(async (context) => {
    const response = await send(`/v1/changes?context=${context}`);
    return response.body?.getReader();
  }));
  assertEquals(handler.stats.streams, 0, "nobody reads yet");
  for (const body of bodies) await body?.read();
  assertEquals(handler.stats.streams, 2);
  for (const body of bodies) await body?.cancel();
  assertEquals(handler.stats.streams, 0);
});
