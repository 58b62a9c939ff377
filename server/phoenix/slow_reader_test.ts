import { assert, assertEquals, assertLess } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { PresenceServer } from "../mod.ts";
import { type TopicModel, TopicPresence } from "../topics/mod.ts";
import { flush } from "../testing/harness.ts";
import { PhoenixEndpoint } from "./mod.ts";
import { Client, type Frame, isFrame, Screen } from "./testing/client.ts";
import { MemoryClient } from "./testing/memory_client.ts";
import { serve } from "./testing/service.ts";
import { TcpClient } from "./testing/tcp_client.ts";

const LIMIT = 65_536;

/** An endpoint without a network, on a clock that stands still. */
function inProcess() {
  const time = new FakeTime();
  const server = new PresenceServer<TopicModel>({ epoch: "e" });
  const topics = new TopicPresence(server);
  const limits = { bufferedBytes: LIMIT };
  const endpoint = new PhoenixEndpoint(topics, { limits });
  return {
    topics,
    endpoint,
    /** Lets a second go by, and all that comes of it happen. */
    async second() {
      await time.tickAsync(1_000);
      await flush();
    },
    [Symbol.dispose]() {
      endpoint[Symbol.dispose]();
      server[Symbol.dispose]();
      time.restore();
    },
  };
}

/** A client that has joined the room. */
async function member(endpoint: PhoenixEndpoint): Promise<MemoryClient> {
  const client = await MemoryClient.connect(endpoint);
  client.say(["1", "1", "room", "phx_join", { key: "slow" }]);
  await flush();
  client.take();
  return client;
}

function events(frames: readonly Frame[]): string[] {
  return frames.map(([, , , event]) => event);
}

Deno.test("a client that does not read is sent no broadcasts, and presence waits", async () => {
  using service = inProcess();
  const slow = await member(service.endpoint);
  const other = await member(service.endpoint);
  slow.bufferedAmount = LIMIT + 1;
  other.say(["1", "2", "room", "wave", {}]);
  service.topics.track("room", "ada", {});
  await flush();
  await service.second();
  assertEquals(slow.take(), []);
  // What it asks for is answered all the same.
  slow.say([null, "3", "phoenix", "heartbeat", {}]);
  assertEquals(events(slow.take()), ["phx_reply"]);
  assertEquals(events(other.take()), ["phx_reply", "presence_diff"]);
});

Deno.test("who reads on is told what has changed, if that is little", async () => {
  using service = inProcess();
  const slow = await member(service.endpoint);
  slow.bufferedAmount = LIMIT + 1;
  service.topics.track("room", "ada", {});
  await flush();
  service.topics.track("room", "bob", {});
  await flush();
  slow.bufferedAmount = LIMIT;
  await service.second();
  const frames = slow.take();
  assertEquals(events(frames), ["presence_diff", "presence_diff"]);
});

Deno.test("who reads on is told anew who is there, if that is much", async () => {
  using service = inProcess();
  const slow = await member(service.endpoint);
  const screen = new Screen("room");
  const ada = service.topics.track("room", "ada", {});
  await flush();
  screen.show(slow.take());
  slow.bufferedAmount = LIMIT + 1;
  for (let turn = 0; turn < 200; turn++) {
    ada.update({ turn });
    if (turn % 3 === 0) service.topics.track("room", `bob ${turn % 7}`, turn);
    await flush();
  }
  slow.bufferedAmount = 0;
  await service.second();
  const frames = slow.take();
  // The diff that waited comes first.
  assertEquals(events(frames), ["presence_diff", "presence_state"]);
  assertEquals(screen.show(frames).list(), service.topics.list("room"));
});

Deno.test("who does not read at all, and asks on, is closed", async () => {
  using service = inProcess();
  const slow = await member(service.endpoint);
  slow.say(["1", "2", "room", "presence", { event: "track", payload: 1 }]);
  slow.bufferedAmount = 4 * LIMIT + 1;
  slow.say([null, "3", "phoenix", "heartbeat", {}]);
  assertEquals(slow.closeCode, 1008);
  assertEquals(slow.socket.closed, true);
  // It is no goodbye.
  assertEquals(service.topics.isPresent("room", "slow"), true);
});

Deno.test("a socket that is closed while presence waits for it holds nothing up", async () => {
  using service = inProcess();
  const slow = await member(service.endpoint);
  slow.bufferedAmount = LIMIT + 1;
  service.topics.track("room", "ada", {});
  await flush();
  slow.socket.lost();
  await service.second();
  assertEquals(slow.take(), []);
  assertEquals(service.endpoint.sockets.size, 0);
});

Deno.test("over a network a client that stops to read holds bounded memory, and then gets it right", async () => {
  await using service = serve({
    limits: { bufferedBytes: LIMIT, messagesPerSecond: 1e6 },
  });
  using slow = await TcpClient.connect(service);
  await slow.send(["1", "1", "room", "phx_join", { key: "slow" }]);
  const screen = new Screen("room");
  const read = async (): Promise<Frame> => {
    const frame: unknown = JSON.parse(await slow.read() ?? "null");
    assert(isFrame(frame));
    screen.show([frame]);
    return frame;
  };
  while ((await read())[3] !== "presence_state");
  const [transport] = service.transports;
  assert(transport !== undefined);
  await using sender = await Client.connect(service);
  await sender.join("room", { key: "sender" });
  const text = "x".repeat(LIMIT);
  let most = 0;
  let sent = 0;
  const broadcast = async () => {
    await sender.done("room", "wave", { text });
    most = Math.max(most, transport.bufferedAmount);
    sent++;
  };
  // The system takes some megabytes before anything waits here.
  while (transport.bufferedAmount <= LIMIT) await broadcast();
  const full = sent;
  for (let turn = 0; turn < 100; turn++) {
    const handle = service.topics.track("room", `ada ${turn % 5}`, { turn });
    await broadcast();
    if (turn % 4 !== 0) handle[Symbol.dispose]();
  }
  // One frame more than the limit, and what is around it.
  assertLess(most, 2 * LIMIT + 1_000);
  let waves = 0;
  let states = 0;
  const wanted = JSON.stringify(service.topics.list("room"));
  while (states === 0 || JSON.stringify(screen.list()) !== wanted) {
    const [, , , event] = await read();
    if (event === "wave") waves++;
    if (event === "presence_state") states++;
  }
  // Those after the first that was too many were left out.
  assertLess(waves, full + 10);
});
