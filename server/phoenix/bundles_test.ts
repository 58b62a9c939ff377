/**
 * Bundles: a frame of text has the messages of a turn.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
// @ts-types="npm:@types/phoenix@1.6.7"
import { Presence, Socket, type SocketConnectOption } from "phoenix";
import { endOfTurn, flush } from "../testing/harness.ts";
import { eventually } from "../testing/waiting.ts";
import { Client, isFrame } from "./testing/client.ts";
import { bytes } from "./testing/codecs.ts";
import { type InProcess, inProcess } from "./testing/in_process.ts";
import { MemoryClient } from "./testing/memory_client.ts";
import { PhoenixClient } from "./testing/phoenix_client.ts";
import { serve } from "./testing/service.ts";

/** The query of a socket with bundles. */
const BUNDLES = "vsn=2.0.0&bundle=1";

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

/** A client that wants bundles and has joined the room. */
async function joined({ endpoint }: InProcess): Promise<MemoryClient> {
  const client = await MemoryClient.connect(endpoint, BUNDLES);
  client.say(["1", "1", "room", "phx_join", { key: "ada" }]);
  await endOfTurn();
  return client;
}

Deno.test("a bundle has the messages of a turn", async () => {
  using service = inProcess();
  const client = await joined(service);
  assertEquals(eventsOf(client), [["phx_reply", "presence_state"]]);
  service.topics.track("room", "bob", {});
  client.say(["1", "2", "room", "wave", {}]);
  await flush();
  assertEquals(eventsOf(client), []);
  await endOfTurn();
  assertEquals(eventsOf(client), [["phx_reply", "presence_diff"]]);
  await endOfTurn();
  assertEquals(eventsOf(client), []);
});

Deno.test("bundles keep the order of bytes and texts", async () => {
  using service = inProcess();
  const client = await joined(service);
  const other = await service.member();
  eventsOf(client);
  other.say(["1", "2", "room", "wave", {}]);
  other.say(bytes(0, 1, 1, 4, 4, "1", "3", "room", "wave", 255));
  other.say(["1", "4", "room", "nod", {}]);
  await endOfTurn();
  assertEquals(eventsOf(client), [["wave"], "bytes", ["nod"]]);
});

Deno.test("a bundle is sent before a close", async () => {
  using service = inProcess();
  const client = await joined(service);
  eventsOf(client);
  client.say(["1", "2", "room", "wave", {}]);
  client.socket.kick();
  assertEquals(client.closeCode, 1008);
  assertEquals(eventsOf(client), [["phx_reply"]]);
  await endOfTurn();
  assertEquals(eventsOf(client), []);
});

Deno.test("no bundle is sent to a socket that is lost", async () => {
  using service = inProcess();
  const client = await joined(service);
  eventsOf(client);
  client.say(["1", "2", "room", "wave", {}]);
  client.socket.lost();
  await endOfTurn();
  assertEquals(eventsOf(client), []);
});

Deno.test("what waits in a bundle counts as waiting", async () => {
  using service = inProcess({ limits: { bufferedBytes: 1_000 } });
  const client = await joined(service);
  const other = await service.member();
  eventsOf(client);
  for (let ref = 2; ref < 22; ref++) {
    other.say(["1", `${ref}`, "room", "wave", { text: "x".repeat(70) }]);
  }
  const { backlogBytes } = client.socket;
  await endOfTurn();
  const [waves = []] = eventsOf(client);
  assert(backlogBytes > 1_000, `${backlogBytes} bytes wait`);
  // The others were left out.
  assert(waves.length < 20, `it got ${waves.length} of 20`);
});

Deno.test("a look at what waits does not split a bundle", async () => {
  using service = inProcess();
  const client = await joined(service);
  eventsOf(client);
  client.say(["1", "2", "room", "wave", {}]);
  assertEquals(service.endpoint.stats.backlogBytes > 0, true);
  client.say(["1", "3", "room", "wave", {}]);
  await endOfTurn();
  assertEquals(eventsOf(client), [["phx_reply", "phx_reply"]]);
});

Deno.test("a transport that throws keeps no other from its bundles", async () => {
  const errors: unknown[] = [];
  using service = inProcess({ onError: (error) => void errors.push(error) });
  const bad = await joined(service);
  const good = await joined(service);
  eventsOf(good);
  bad.send = () => {
    throw new Error("broken pipe");
  };
  for (let n = 0; n < 2; n++) {
    service.topics.track("room", `bob ${n}`, {});
    await endOfTurn();
  }
  assertEquals(eventsOf(good), [["presence_diff"], ["presence_diff"]]);
  assertEquals(errors.map(String), Array(2).fill("Error: broken pipe"));
  service.topics.track("room", "eve", {});
  await flush();
  assertThrows(() => bad.socket.kick(), Error, "broken pipe");
  assertEquals(bad.socket.closed, true);
});

Deno.test("bundles work over a socket, beside single messages", async () => {
  await using service = serve();
  await using one = await Client.connect(service, { query: BUNDLES });
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

/** phoenix.js with the `decode` of the README. */
class BundlingSocket extends Socket {
  constructor(url: string, options?: Partial<SocketConnectOption>) {
    super(url, {
      ...options,
      params: { bundle: 1 },
      decode(frame, take) {
        for (const message of JSON.parse(frame)) {
          const [join_ref, ref, topic, event, payload] = message;
          queueMicrotask(() => take({ join_ref, ref, topic, event, payload }));
        }
      },
    });
  }
}

Deno.test("phoenix.js reads bundles by a decode of its own", async () => {
  await using service = serve();
  const library = { Presence, Socket: BundlingSocket };
  await using client = await PhoenixClient.join(service, {}, "room", library);
  service.topics.track("room", "bob", { mood: "fine" });
  service.topics.track("room", "eve", {});
  await eventually(() => client.told.length === 2, "it knows both");
  assertEquals(client.shown, { bob: [{ mood: "fine" }], eve: [{}] });
  assertEquals(await client.push("wave", {}), "ok");
});
