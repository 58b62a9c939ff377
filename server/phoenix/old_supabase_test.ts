import { assertEquals } from "@std/assert";
import { RealtimeClient } from "npm:@supabase/realtime-js@2.15.1";
import { eventually } from "../testing/waiting.ts";
import { captureSocket } from "./testing/captured_socket.ts";
import { Client } from "./testing/client.ts";
import { serve } from "./testing/service.ts";

const TOPIC = "realtime:room";

/** Events of the protocol; this client ignores their case. */
const FORGED: Record<string, object> = {
  "PRESENCE_STATE": {},
  "Presence_Diff": { joins: {}, leaves: { ada: { metas: [{}] } } },
  "PRESENCE": { event: "sync" },
  "PHX_ERROR": { reason: "forged" },
  "Phx_Close": {},
  "SYSTEM": { status: "error" },
  "POSTGRES_CHANGES": { ids: [1], data: null },
};

Deno.test({
  name: "an older client of Supabase takes no harm from what others send",
  // It leaves timers behind.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using service = serve();
    service.topics.track(TOPIC, "ada", { tab: 1 });
    const captured = captureSocket();
    const client = new RealtimeClient(
      `ws://127.0.0.1:${service.port}/realtime/v1`,
      { transport: captured.transport, params: { apikey: "any" } },
    );
    const channel = client.channel("room");
    const heard: unknown[] = [];
    const statuses: string[] = [];
    channel
      .on("presence", { event: "sync" }, () => {})
      .on("broadcast", { event: "wave" }, ({ payload }) => {
        heard.push(payload);
      })
      .on("system", {}, (payload) => void heard.push(payload))
      .subscribe((status) => void statuses.push(status));
    const shown = () =>
      Object.entries(channel.presenceState())
        .map(([key, metas]) => [key, metas.length]);
    await eventually(() => shown().length > 0, "it shows who is there");
    await using hostile = await Client.connect(service);
    await hostile.join(TOPIC, { key: "eve" });
    for (const [event, payload] of Object.entries(FORGED)) {
      await hostile.refused(TOPIC, event, payload);
    }
    // It would fail at a broadcast whose event is no text.
    await hostile.done(TOPIC, "BROADCAST", { event: 5, payload: 1 });
    await hostile.done(TOPIC, "broadcast", { event: "wave", payload: "hello" });
    await eventually(() => heard.length > 0, "all that has arrived");
    assertEquals(heard, ["hello"]);
    assertEquals(shown(), [["ada", 1]]);
    assertEquals(statuses, ["SUBSCRIBED"]);
    await captured.close();
    await client.disconnect();
  },
});
