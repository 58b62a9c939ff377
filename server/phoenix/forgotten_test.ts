/**
 * A socket that has ended costs nothing, and keeps nothing alive.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { countedSignal, flush } from "../testing/harness.ts";
import { inProcess } from "./testing/in_process.ts";
import { MemoryClient } from "./testing/memory_client.ts";
import { identity } from "./testing/service.ts";

/** How a socket ends. */
const ENDS: Record<string, (client: MemoryClient) => void> = {
  "lost": ({ socket }) => socket.lost(),
  "kicked": ({ socket }) => socket.kick(),
  "closed for what it sent": (client) => client.say("no JSON"),
};

for (const [how, end] of Object.entries(ENDS)) {
  Deno.test(`a socket that was ${how} is not checked again`, async () => {
    using service = inProcess();
    const gone = await service.member({ key: "ada", meta: 1 });
    const other = await service.member({ key: "bob" });
    const wave = () => other.say(["1", "2", "room", "wave", {}]);
    const before = gone.looks;
    wave();
    await service.seconds(10);
    assertGreater(gone.looks, before);
    end(gone);
    await flush();
    gone.take();
    const { looks } = gone;
    wave();
    service.topics.track("room", "cem", 1);
    await service.seconds(60);
    assertEquals(gone.looks, looks);
    assertEquals(gone.take(), []);
  });
}

Deno.test("a socket that held nothing no longer listens to its identity's signal", async () => {
  for (const end of Object.values(ENDS)) {
    const shared = countedSignal();
    const ada = identity({ subject: "ada", signal: shared.signal });
    using service = inProcess({ authorize: () => ada });
    const clients = [await service.member(), await service.member()];
    assertEquals(shared.listeners, 2);
    for (const client of clients) end(client);
    await flush();
    assertEquals(shared.listeners, 0);
  }
});

Deno.test("a lost socket listens as long as it holds something", async () => {
  const shared = countedSignal();
  const ada = identity({ subject: "ada", signal: shared.signal });
  using service = inProcess({
    authorize: () => ada,
    server: { graceMs: 5_000 },
  });
  const client = await service.member({ meta: 1 });
  client.socket.lost();
  assertEquals(shared.listeners, 1);
  await service.seconds(1);
  assertEquals(shared.listeners, 1);
  await service.seconds(20);
  assertEquals(service.topics.list("room"), []);
  assertEquals(shared.listeners, 0);
});

Deno.test("no socket of a disposed endpoint listens", async () => {
  const shared = countedSignal();
  const ada = identity({ subject: "ada", signal: shared.signal });
  using service = inProcess({ authorize: () => ada });
  const lost = await service.member({ meta: 1 });
  await service.member();
  const open = await MemoryClient.accepted(service.endpoint);
  lost.socket.lost();
  assertEquals(shared.listeners, 2);
  service.endpoint[Symbol.dispose]();
  assertEquals(shared.listeners, 0);
  // Nor one that opens too late.
  assertEquals(open().closeCode, 1012);
  assertEquals(shared.listeners, 0);
});
