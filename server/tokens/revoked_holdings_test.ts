import { assertEquals } from "@std/assert";
import { createHttpHandler } from "../http/mod.ts";
import { PresenceServer } from "../mod.ts";
import { inProcess } from "../phoenix/testing/in_process.ts";
import { authority, signed } from "./testing/tokens.ts";

/** Publishes over HTTP with a token of ada. */
async function publishing(ttlMs: number) {
  const it = authority();
  const server = new PresenceServer({ clock: () => it.now * 1_000 });
  const { authorize } = it.tokens;
  const handler = createHttpHandler(server, { authorize });
  const publish = async (token: string) => {
    const response = await handler(
      new Request("http://localhost/v1/updates", {
        method: "POST",
        headers: {
          "authorization": `Bearer ${token}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ context: "doc-1", ttlMs }),
      }),
    );
    await response.body?.cancel();
    assertEquals(response.status, 200);
  };
  await publish(await signed());
  return {
    it,
    server,
    publish,
    entry: { subject: "ada", context: "doc-1", origin: "token/ada" },
    [Symbol.dispose]: () => server[Symbol.dispose](),
  };
}

Deno.test("revoke() withdraws entries that were published over HTTP", async () => {
  using service = await publishing(60_000);
  assertEquals(service.server.store.size, 1);
  service.it.tokens.revoke("ada");
  assertEquals(service.server.store.size, 0);
});

Deno.test("entries over HTTP expire with their token, unless a fresh one publishes them again", async () => {
  using service = await publishing(600_000);
  const { it, server, publish, entry } = service;
  it.now += 300;
  await publish(await signed());
  const expiry = () => server.store.liveness(entry)?.expiry;
  assertEquals(expiry(), (it.now + 305) * 1_000);
  await publish(await signed({ now: it.now }));
  assertEquals(expiry(), (it.now + 600) * 1_000);
});

Deno.test("revoke() withdraws entries of a socket whose token has expired, after any number of others", async () => {
  const GRACE_MS = 3_600_000;
  const { tokens } = authority({ clock: () => Date.now() });
  using service = inProcess({
    server: { graceMs: GRACE_MS },
    authorize: async () => {
      const now = Date.now() / 1_000;
      const claims = { exp: now + 30 };
      return await tokens.verify(await signed({ now, claims }));
    },
  });
  const ada = await service.member({ meta: {} }, "ada");
  await service.seconds(60);
  assertEquals(ada.closeCode, 1008);
  for (let turn = 0; turn < 2_100; turn++) {
    const now = Date.now() / 1_000;
    const claims = { sub: `subject ${turn}` };
    await tokens.verify(await signed({ now, claims }));
  }
  assertEquals(service.topics.list("room").length, 1);
  tokens.revoke("ada");
  assertEquals(service.topics.list("room"), []);
});
