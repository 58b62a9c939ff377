/**
 * The oldest and the newest versions of the clients do the same things here.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
// @ts-types="npm:@supabase/realtime-js@2.119.1"
import { RealtimeClient as OldestSupabase } from "npm:@supabase/realtime-js@2.0.0";
import { RealtimeClient as NewestSupabase } from "@supabase/realtime-js";
// The bundle of this version wants a browser; its source does not.
// @ts-types="npm:@types/phoenix@1.6.7"
import * as oldestPhoenix from "npm:phoenix@1.4.0/assets/js/phoenix.js";
// @ts-types="npm:@types/phoenix@1.6.7"
import * as newestPhoenix from "phoenix";
import { eventually } from "../testing/waiting.ts";
import {
  PhoenixClient,
  type PhoenixLibrary,
} from "./testing/phoenix_client.ts";
import { serve } from "./testing/service.ts";
import { SupabaseClient } from "./testing/supabase_client.ts";

const PHOENIX: Record<string, PhoenixLibrary> = {
  "1.4.0": oldestPhoenix,
  "1.8.16": newestPhoenix,
};

const SUPABASE: Record<string, typeof NewestSupabase> = {
  "2.0.0": OldestSupabase,
  "2.119.1": NewestSupabase,
};

/** Waits until a client shows who is there. */
function shows(client: { readonly shown: object }, shown: object) {
  const wanted = JSON.stringify(shown);
  return eventually(
    () => JSON.stringify(client.shown) === wanted,
    `it shows ${wanted}`,
  );
}

/** Sends until a client does: an old one sends ten messages a second. */
async function sent(send: () => Promise<string>): Promise<string> {
  while (true) {
    const answer = await send();
    if (answer !== "rate limited") return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (const [version, library] of Object.entries(PHOENIX)) {
  Deno.test(`phoenix ${version} joins, tracks, broadcasts, reconnects and leaves`, async () => {
    await using service = serve({ server: { graceMs: 60_000 } });
    const join = (params: object) =>
      PhoenixClient.join(service, params, "room", library);
    await using ada = await join({ key: "ada", meta: { tab: 1 } });
    await using bob = await join({ key: "bob", meta: {} });
    await shows(ada, { ada: [{ tab: 1 }], bob: [{}] });
    await ada.track({ tab: 2 });
    await shows(bob, { ada: [{ tab: 2 }], bob: [{}] });
    assertEquals(await ada.push("wave", { hand: "left" }), "ok");
    await eventually(() => bob.heard.length > 0, "it is heard");

    service.transports[0]?.terminate();
    await eventually(() => service.transports.length === 3, "it is back");
    await eventually(() => ada.channel.state === "joined", "it has joined");
    await ada.leave();
    await shows(bob, { bob: [{}] });
    assertEquals(bob.told, ["+ada", "+bob", "-ada"]);
    // Without this, the old one keeps trying to join again.
    await bob.leave();
  });
}

for (const [version, Library] of Object.entries(SUPABASE)) {
  Deno.test({
    name: `realtime-js ${version} joins, tracks, broadcasts and leaves`,
    // It leaves timers behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using service = serve({ server: { graceMs: 60_000 } });
      await using ada = await SupabaseClient
        .join(service, { key: "ada", Library });
      await using bob = await SupabaseClient
        .join(service, { key: "bob", Library });
      assertEquals(await sent(() => ada.channel.track({ tab: 1 })), "ok");
      await shows(bob, { ada: [{ tab: 1 }] });
      assertEquals(await sent(() => ada.channel.track({ tab: 2 })), "ok");
      await shows(bob, { ada: [{ tab: 2 }] });
      assertEquals(await sent(() => ada.wave({ hand: "left" })), "ok");
      await eventually(() => bob.heard.length > 0, "it is heard");
      assertEquals(bob.heard, [{ hand: "left" }]);
      assertEquals(await ada.channel.unsubscribe(), "ok");
      await shows(bob, {});
      assertEquals(bob.told, ["+ada", "-ada"]);
    },
  });
}
