import { assert, assertEquals, assertLess } from "@std/assert";
import { flush } from "../testing/harness.ts";
import { Client, type Frame, isFrame, Screen } from "./testing/client.ts";
import { inProcess, type InProcessOptions } from "./testing/in_process.ts";
import type { MemoryClient } from "./testing/memory_client.ts";
import { serve } from "./testing/service.ts";
import { TcpClient } from "./testing/tcp_client.ts";

const LIMIT = 65_536;

/** An endpoint without a network, and a member of the room. */
async function withReader(options: InProcessOptions = {}) {
  const service = inProcess({ limits: { bufferedBytes: LIMIT }, ...options });
  const slow = await service.member({ key: "slow" });
  return {
    ...service,
    slow,
    /** From now on the member does not read. */
    stall: () => void (slow.bufferedAmount = LIMIT + 1),
    /** The member reads all that waits, and all that follows. */
    async drain(): Promise<Frame[]> {
      slow.bufferedAmount = 0;
      await service.seconds(1);
      return slow.take();
    },
  };
}

function events(frames: readonly Frame[]): string[] {
  return frames.map(([, , , event]) => event);
}

/** Whether a frame says something of somebody, or of something. */
function mentions(frames: readonly Frame[], text: string): boolean {
  return JSON.stringify(frames).includes(text);
}

Deno.test("a client that does not read gets no broadcasts, and presence waits", async () => {
  using service = await withReader();
  const { slow } = service;
  const other = await service.member();
  service.stall();
  other.say(["1", "2", "room", "wave", {}]);
  service.topics.track("room", "ada", {});
  await service.seconds(1);
  assertEquals(slow.take(), []);
  // Its requests are still answered.
  slow.say([null, "3", "phoenix", "heartbeat", {}]);
  assertEquals(events(slow.take()), ["phx_reply"]);
  assertEquals(events(other.take()), ["phx_reply", "presence_diff"]);
});

Deno.test("up to the limit a client gets everything", async () => {
  using service = await withReader();
  const other = await service.member();
  service.slow.bufferedAmount = LIMIT;
  other.say(["1", "2", "room", "wave", {}]);
  service.topics.track("room", "ada", {});
  await flush();
  assertEquals(events(service.slow.take()), ["wave", "presence_diff"]);
});

for (const changes of [1, 200]) {
  Deno.test(`a client that reads on gets a new state after ${changes} changes`, async () => {
    using service = await withReader();
    const screen = new Screen("room");
    const ada = service.topics.track("room", "ada", {});
    await flush();
    screen.show(service.slow.take());
    service.stall();
    for (let turn = 1; turn <= changes; turn++) {
      ada.update({ turn });
      if (turn % 3 === 1) service.topics.track("room", `bob ${turn % 7}`, turn);
      await flush();
    }
    const frames = await service.drain();
    assertEquals(events(frames), ["presence_state"]);
    assertEquals(screen.show(frames).list(), service.topics.list("room"));
    // From then on diffs will do.
    ada.update("the last");
    await flush();
    const diffs = service.slow.take();
    assertEquals(events(diffs), ["presence_diff"]);
    assertEquals(screen.show(diffs).list(), service.topics.list("room"));
  });
}

Deno.test("a client that stopped reading while nothing changed gets nothing", async () => {
  using service = await withReader();
  service.stall();
  await service.seconds(1);
  assertEquals(await service.drain(), []);
});

Deno.test("a client that stopped reading never learns of a person who has hidden meanwhile", async () => {
  using service = await withReader();
  const other = await service.member();
  service.stall();
  const ada = service.topics.track("room", "ada", {});
  await flush();
  assert(mentions(other.take(), "ada"));
  ada.update({}, { visibility: "private" });
  await flush();
  const bob = service.topics.track("room", "bob", {});
  const frames = await service.drain();
  assertEquals(events(frames), ["presence_state"]);
  assert(mentions(frames, "bob"));
  assert(!mentions(frames, "ada"));
  bob[Symbol.dispose]();
  ada[Symbol.dispose]();
  await flush();
  assert(!mentions(service.slow.take(), "ada"));
});

Deno.test("a client that does not read loses a right at once", async () => {
  using service = await withReader();
  const { socket } = service.slow;
  socket.setViewer("room", { restricted: ["team"], private: false });
  await flush();
  service.slow.take();
  service.stall();
  service.topics.track("room", "eve", 1, {
    visibility: { restricted: "team" },
  });
  await flush();
  socket.setViewer("room", { restricted: [], private: false });
  const frames = await service.drain();
  assertEquals(events(frames), ["presence_state"]);
  assert(!mentions(frames, "eve"));
});

Deno.test("a client that leaves before it reads on gets nothing more", async () => {
  using service = await withReader();
  const { slow } = service;
  service.stall();
  service.topics.track("room", "ada", {});
  await flush();
  slow.say(["1", "2", "room", "phx_leave", {}]);
  assertEquals(events(slow.take()), ["phx_reply", "phx_close"]);
  assertEquals(await service.drain(), []);
});

Deno.test("a client that rejoins before it reads on sees only what the new join shows", async () => {
  let label = "team";
  using service = await withReader({
    join: () => ({ viewer: { restricted: [label], private: false } }),
  });
  const { slow } = service;
  service.stall();
  const visibility = { restricted: "team" };
  service.topics.track("room", "eve", 1, { visibility });
  await flush();
  label = "guests";
  slow.say(["2", "2", "room", "phx_join", { key: "slow" }]);
  await flush();
  const frames = [...slow.take(), ...await service.drain()];
  assertEquals(events(frames), ["phx_close", "phx_reply", "presence_state"]);
  assert(!mentions(frames, "eve"));
});

/** What a client that reads gets after a moment, counted in microtasks. */
async function toldAfter(
  moment: number,
  act: (client: MemoryClient) => void,
): Promise<{ before: Frame[]; after: Frame[] }> {
  using service = inProcess();
  const client = await service.member({ key: "ada" });
  client.socket.setViewer("room", { restricted: ["team"], private: false });
  await flush();
  client.take();
  const visibility = { restricted: "team" };
  service.topics.track("room", "eve", 1, { visibility });
  for (let turn = 0; turn < moment; turn++) await Promise.resolve();
  const before = client.take();
  act(client);
  await flush();
  return { before, after: client.take() };
}

/** What ends the rights to a diff that is under way. */
const ENDS: Record<string, (client: MemoryClient) => void> = {
  "a right that is lost": ({ socket }) => {
    socket.setViewer("room", { restricted: [], private: false });
  },
  "a leave": (client) => client.say(["1", "2", "room", "phx_leave", {}]),
};

for (const [what, act] of Object.entries(ENDS)) {
  Deno.test(`${what} takes effect before a diff that is under way`, async () => {
    const moments = { early: 0, late: 0 };
    for (let moment = 0; moment < 20; moment++) {
      const { before, after } = await toldAfter(moment, act);
      assert(!mentions(after, "eve"), `after ${moment} microtasks`);
      if (mentions(before, "eve")) moments.late++;
      else moments.early++;
    }
    // The moment at which it is on its way was among them.
    assert(moments.early > 0 && moments.late > 0, JSON.stringify(moments));
  });
}

Deno.test("a client that never reads and goes on asking is closed", async () => {
  using service = await withReader();
  const { slow } = service;
  slow.say(["1", "2", "room", "presence", { event: "track", payload: 1 }]);
  slow.bufferedAmount = 5 * LIMIT;
  slow.say([null, "3", "phoenix", "heartbeat", {}]);
  assertEquals(slow.closeCode, 1008);
  assertEquals(slow.socket.closed, true);
  // It is no goodbye.
  assertEquals(service.topics.isPresent("room", "slow"), true);
});

/** Requests of clients that don't read the answer. */
const ASKED: Record<string, readonly [event: string, ...unknown[]]> = {
  "a join": ["new", "phx_join", {}],
  "a join of a document": ["document:1", "phx_join", {}],
  "a join anew": ["room", "phx_join", {}],
  "a track": ["room", "presence", { event: "track", payload: {} }],
};

for (const [what, [topic, event, payload]] of Object.entries(ASKED)) {
  Deno.test(`the answer to ${what} that closes a socket leaves nothing behind`, async () => {
    using service = inProcess({ limits: { bufferedBytes: LIMIT } });
    const client = await service.member({
      config: { presence: { enabled: false } },
    });
    client.bufferedAmount = 5 * LIMIT;
    client.say(["1", "2", topic, event, payload]);
    for (let turn = 0; turn < 20 && !client.socket.closed; turn++) {
      await Promise.resolve();
    }
    assertEquals(client.closeReason, "Reads too slowly");
    // The close drops what has waited.
    client.bufferedAmount = 0;
    await flush();
    assertEquals(service.server.stats.watches, 0);
    assertEquals(service.endpoint.sockets.size, 0);
  });
}

Deno.test("a socket that is closed while presence waits for it delays nothing", async () => {
  using service = await withReader();
  service.stall();
  service.topics.track("room", "ada", {});
  await flush();
  service.slow.socket.lost();
  assertEquals(await service.drain(), []);
  assertEquals(service.endpoint.sockets.size, 0);
});

Deno.test("over a network, a client that stops reading holds bounded memory, and recovers", async () => {
  await using service = serve({
    limits: {
      bufferedBytes: LIMIT,
      broadcastBytes: 2 * LIMIT,
      messagesPerSecond: 1e6,
    },
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
