import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import type { PhoenixIdentity } from "../mod.ts";
import { Client } from "../testing/client.ts";
import { inProcess, type InProcessOptions } from "../testing/in_process.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import { identity, serve } from "../testing/service.ts";

/** Ada, whose identity expires, in a room that bob watches. */
async function adaFor(
  expiresAt: (now: number) => number,
  options: InProcessOptions = {},
) {
  const service = inProcess({
    server: { graceMs: 10_000 },
    authorize: ({ url }) =>
      url.endsWith("user=bob") ? identity({ subject: "bob" }) : identity({
        subject: "ada",
        expiresAt: expiresAt(service.server.now),
      }),
    ...options,
  });
  const bob = await service.member({}, "bob");
  const ada = await service.member({ meta: {} }, "ada");
  bob.take();
  return {
    service,
    ada,
    bob,
    keys: () => service.topics.list("room").map(({ key }) => key),
    [Symbol.dispose]: () => service[Symbol.dispose](),
  };
}

Deno.test("an identity closes its socket with 1008 when it expires, and not before", async () => {
  using room = await adaFor((now) => now + 60_000);
  await room.service.seconds(59);
  assertEquals(room.ada.closeCode, undefined);
  await room.service.seconds(1);
  assertEquals(room.ada.closeCode, 1008);
  assertEquals(room.ada.closeReason, "token expired");
  assertEquals(room.bob.closeCode, undefined);
});

Deno.test("the entries of a socket have their grace after its identity has expired", async () => {
  using room = await adaFor((now) => now + 60_000);
  await room.service.seconds(60);
  assertEquals(room.keys(), ["ada"]);
  await room.service.seconds(11);
  assertEquals(room.keys(), []);
});

Deno.test("a socket does nothing more once its identity has expired, even if no timer has run", async () => {
  let slept = 0;
  const clock = () => Date.now() + slept;
  using room = await adaFor((now) => now + 600_000, {
    server: { clock, graceMs: 10_000 },
  });
  // While a machine sleeps, its clock runs on and its timers do not.
  slept = 3_600_000;
  room.ada.say(["1", "2", "room", "shout", { text: "still here" }]);
  await flush();
  assertEquals(room.ada.closeCode, 1008);
  assertEquals(room.ada.closeReason, "token expired");
  const events = room.bob.take().map(([, , , event]) => event);
  assert(!events.includes("shout"));
});

Deno.test("a silent socket with an expired identity is closed soon after its machine has slept", async () => {
  let slept = 0;
  const clock = () => Date.now() + slept;
  using room = await adaFor((now) => now + 600_000, {
    server: { clock, graceMs: 10_000 },
  });
  slept = 3_600_000;
  await room.service.seconds(15);
  assertEquals(room.ada.closeReason, "token expired");
});

/** What a join waits for, and its topic. */
const PENDING: Record<string, readonly [awaited: string, topic: string]> = {
  "the hook of a topic": ["hook", "slow"],
  "the hook of a document": ["hook", "document:1"],
  "the token of a topic": ["token", "realtime:slow"],
  "what others have of a document": ["others", "document:1"],
};

for (const [what, [awaited, topic]] of Object.entries(PENDING)) {
  Deno.test(`a join is refused if the identity expires while it waits for ${what}`, async () => {
    let slept = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waitFor = (kind: string) =>
      kind === awaited ? promise : Promise.resolve();
    const asked: string[] = [];
    using service = inProcess({
      server: { clock: () => Date.now() + slept },
      authorize: () =>
        identity({ subject: "ada", expiresAt: service.server.now + 600_000 }),
      join: async (name) => {
        asked.push(name);
        await waitFor("hook");
        return {};
      },
      accessToken: async () => {
        await waitFor("token");
        return undefined;
      },
    });
    service.server.replicate({
      put() {},
      removed() {},
      watched() {},
      follow: () => waitFor("others").then(() => true),
    });
    const client = await service.connect();
    const entered = topic === "document:1" ? { name: "Ada" } : { meta: {} };
    const params = { config: {}, access_token: "fresh", ...entered };
    client.say(["1", "1", topic, "phx_join", params]);
    await flush();
    assertEquals(client.closeCode, undefined);
    slept = 3_600_000;
    resolve();
    await flush();
    assertEquals(client.take(), []);
    assertEquals(client.closeCode, 1008);
    assertEquals(client.closeReason, "token expired");
    assertEquals(asked, awaited === "token" ? [] : [topic]);
    assertEquals(service.server.store.snapshots({ context: topic }), []);
  });
}

Deno.test("a client that reconnects with a fresh identity has not been away", async () => {
  using room = await adaFor((now) => now + 60_000);
  await room.service.seconds(62);
  const again = await room.service.member({ meta: { tab: 2 } }, "ada");
  await room.service.seconds(20);
  assertEquals(room.keys(), ["ada"]);
  assertEquals(again.closeCode, undefined);
  const told = room.bob.take().filter(([, , , event]) =>
    event === "presence_diff"
  );
  assertEquals(told.length, 1, "an update, no leave and no join");
});

Deno.test("an identity that never expires closes nothing", async () => {
  using room = await adaFor(() => Infinity);
  await room.service.seconds(24 * 3_600);
  assertEquals(room.ada.closeCode, undefined);
});

Deno.test("an identity that has expired, or expires at NaN, opens no socket", async () => {
  const ends = [(now: number) => now, (now: number) => now - 1, () => NaN];
  for (const expiresAt of ends) {
    using service = inProcess({
      authorize: (): PhoenixIdentity =>
        identity({ expiresAt: expiresAt(service.server.now) }),
    });
    const url = "http://localhost/socket/websocket?vsn=2.0.0";
    const headers = { "upgrade": "websocket" };
    const answer = await service.endpoint.accept(new Request(url, { headers }));
    assertInstanceOf(answer, Response);
    assertEquals(answer.status, 403);
  }
});

Deno.test("an identity that expires before its socket opens closes it", async () => {
  using service = inProcess({
    authorize: () => identity({ expiresAt: service.server.now + 1_000 }),
  });
  const open = await MemoryClient.accepted(service.endpoint);
  await service.seconds(1);
  const client = open();
  assertEquals(client.closeCode, 1008);
  assertEquals(service.endpoint.sockets.size, 0);
});

Deno.test("a closed socket no longer waits for its identity to expire", async () => {
  // A timer that is left at the end fails the test.
  await using service = serve({
    authorize: () => identity({ expiresAt: Date.now() + 3_600_000 }),
  });
  await using client = await Client.connect(service);
  await client.join("room", { meta: {} });
  await client.close();
});

Deno.test("a reason of authorize refuses the socket with 403", async () => {
  using service = inProcess({
    authorize: () => ({ reason: "the token is too old" }),
  });
  const url = "http://localhost/socket/websocket?vsn=2.0.0";
  const headers = { "upgrade": "websocket" };
  const answer = await service.endpoint.accept(new Request(url, { headers }));
  assertInstanceOf(answer, Response);
  assertEquals(answer.status, 403);
  assert((await answer.text()).includes("the token is too old"));
});
