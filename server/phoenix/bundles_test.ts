/**
 * Version 2.1 of the protocol: a frame of text has all messages of a turn.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { flush } from "../testing/harness.ts";
import { Client, isFrame } from "./testing/client.ts";
import { bytes } from "./testing/codecs.ts";
import { type InProcess, inProcess } from "./testing/in_process.ts";
import { MemoryClient } from "./testing/memory_client.ts";
import { serve } from "./testing/service.ts";

/** The events in each frame that a client has received: `bytes` for bytes. */
function eventsOf(client: MemoryClient): (string | string[])[] {
  return client.frames.splice(0).map((frame) => {
    if (typeof frame !== "string") return "bytes";
    const messages: unknown = JSON.parse(frame);
    assert(Array.isArray(messages));
    return messages.map((message) => {
      assert(isFrame(message), `no message: ${JSON.stringify(message)}`);
      return message[3];
    });
  });
}

/** A client of version 2.1 that has joined the room. */
async function joined({ endpoint, seconds }: InProcess): Promise<MemoryClient> {
  const client = await MemoryClient.connect(endpoint, "vsn=2.1.0");
  client.say(["1", "1", "room", "phx_join", { key: "ada" }]);
  await seconds(1);
  return client;
}

Deno.test("version 2.1 has all messages of a turn in one frame", async () => {
  using service = inProcess();
  const client = await joined(service);
  assertEquals(eventsOf(client), [["phx_reply", "presence_state"]]);
  service.topics.track("room", "bob", {});
  client.say(["1", "2", "room", "wave", {}]);
  await flush();
  assertEquals(eventsOf(client), []);
  await service.seconds(1);
  assertEquals(eventsOf(client), [["phx_reply", "presence_diff"]]);
  await service.seconds(1);
  assertEquals(eventsOf(client), []);
});

Deno.test("version 2.1 keeps the order of bytes and texts", async () => {
  using service = inProcess();
  const client = await joined(service);
  const other = await service.member();
  eventsOf(client);
  other.say(["1", "2", "room", "wave", {}]);
  other.say(bytes(0, 1, 1, 4, 4, "1", "3", "room", "wave", 255));
  other.say(["1", "4", "room", "nod", {}]);
  await service.seconds(1);
  assertEquals(eventsOf(client), [["wave"], "bytes", ["nod"]]);
});

Deno.test("version 2.1 sends what waits before a close", async () => {
  using service = inProcess();
  const client = await joined(service);
  eventsOf(client);
  client.say(["1", "2", "room", "wave", {}]);
  client.socket.kick();
  assertEquals(client.closeCode, 1008);
  assertEquals(eventsOf(client), [["phx_reply"]]);
  await service.seconds(1);
  assertEquals(eventsOf(client), []);
});

Deno.test("version 2.1 sends nothing to a socket that is lost", async () => {
  using service = inProcess();
  const client = await joined(service);
  eventsOf(client);
  client.say(["1", "2", "room", "wave", {}]);
  client.socket.lost();
  await service.seconds(1);
  assertEquals(eventsOf(client), []);
});

Deno.test("version 2.1 counts what waits in a bundle", async () => {
  using service = inProcess({ limits: { bufferedBytes: 1_000 } });
  const client = await joined(service);
  const other = await service.member();
  eventsOf(client);
  client.bufferedAmount = 1_001;
  other.say(["1", "2", "room", "wave", {}]);
  await service.seconds(1);
  assertEquals(eventsOf(client), []);
});

Deno.test("version 2.1 works over a socket, beside version 2.0", async () => {
  await using service = serve();
  await using one = await Client.connect(service, { query: "vsn=2.1.0" });
  await using other = await Client.connect(service);
  await one.join("room:1", { key: "ada" });
  await one.event("presence_state");
  await other.join("room:1", { key: "bob", meta: {} });
  await other.done("room:1", "wave", { hand: "left" });
  const [, , topic, , { hand }] = await one.event("wave");
  assertEquals([topic, hand], ["room:1", "left"]);
  await one.track("room:1", { mood: "fine" });
  await other.event("presence_diff");
});
