import { assert, assertEquals, assertObjectMatch } from "@std/assert";
// @ts-types="npm:@types/phoenix@1.6.7"
import { Socket } from "phoenix";
import { eventually } from "../testing/waiting.ts";
import { tokenOf } from "./mod.ts";
import { PhoenixClient } from "./testing/phoenix_client.ts";
import { identity, serve, type Service } from "./testing/service.ts";
import { TcpClient } from "./testing/tcp_client.ts";

const LONG_GRACE = { server: { graceMs: 60_000 } };
const SHORT_GRACE = { server: { graceMs: 200 } };

/** Waits until a client shows who is there. */
function shows(client: PhoenixClient, shown: object): Promise<void> {
  const wanted = JSON.stringify(shown);
  return eventually(
    () => JSON.stringify(client.shown) === wanted,
    `it shows ${wanted}`,
  );
}

/** A member of the room, who is present. */
function ada(service: Service, tab: number): Promise<PhoenixClient> {
  return PhoenixClient.join(service, { key: "ada", meta: { tab } });
}

/** Somebody who watches. */
function watcher(service: Service): Promise<PhoenixClient> {
  return PhoenixClient.join(service, { key: "watcher" });
}

Deno.test("phoenix.js joins and lists", async () => {
  await using service = serve();
  await using client = await ada(service, 1);
  await shows(client, { ada: [{ tab: 1 }] });
  await using bob = await PhoenixClient.join(service, { key: "bob", meta: {} });
  const both = { ada: [{ tab: 1 }], bob: [{}] };
  await shows(client, both);
  await shows(bob, both);
  assertEquals(client.told, ["+ada", "+bob"]);
});

Deno.test("phoenix.js sends its token, and is accepted or refused", async () => {
  const tokens: unknown[] = [];
  await using service = serve({
    authorize: (request) => {
      tokens.push(tokenOf(request));
      return identity({ subject: "ada" });
    },
    join: (topic) => topic === "club" ? { reason: "members only" } : {},
  });
  await using client = await PhoenixClient.join(service, { meta: { tab: 1 } });
  await shows(client, { ada: [{ tab: 1 }] });
  assertEquals(tokens, ["token"]);
  const club = client.socket.channel("club");
  const { promise, resolve } = Promise.withResolvers<unknown>();
  club.join().receive("error", resolve);
  assertEquals(await promise, { reason: "members only" });
  await new Promise((resolve) => club.leave().receive("ok", resolve));
});

Deno.test("phoenix.js stops and shows why its socket is refused, by the lines of the README", async () => {
  const asked: unknown[] = [];
  await using service = serve({
    authorize: (request) => {
      asked.push(tokenOf(request));
      return { reason: "the token has expired" };
    },
  });
  const token = "expired";
  const connect = (authToken: string) => {
    const socket = new Socket(service.url, {
      authToken,
      reconnectAfterMs: () => 10,
    });
    socket.connect();
    return socket;
  };
  const socket = connect(token);
  const { promise, resolve: show } = Promise.withResolvers<string>();
  socket.onError(async () => {
    const url = socket.endPointURL().replace(/^ws/, "http");
    const headers = { authorization: `Bearer ${token}` };
    const answer = await fetch(url, { headers }).catch(() => undefined);
    if (answer?.status !== 403) return;
    socket.disconnect();
    show(await answer.text());
  });
  assertEquals(await promise, "Cannot connect: the token has expired\n");
  const gone = (socket: Socket) =>
    new Promise<void>((resolve) => socket.disconnect(resolve));
  await gone(socket);
  const attempts = (token: string) => asked.filter((one) => one === token);
  const { length } = attempts(token);
  // Meanwhile, a client that goes on tries this often.
  const stubborn = connect("stubborn");
  await eventually(() => attempts("stubborn").length > 5, "it tries");
  await gone(stubborn);
  // One may have been under way.
  assert(attempts(token).length <= length + 1);
});

Deno.test("phoenix.js sees two tabs of one person, and one of them leave", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using _laptop = await ada(service, 1);
  await using phone = await ada(service, 2);
  await shows(other, { ada: [{ tab: 1 }, { tab: 2 }] });
  await phone.leave();
  await shows(other, { ada: [{ tab: 1 }] });
  assertEquals(other.told, ["+ada"]);
});

Deno.test("phoenix.js sees an update as neither a join nor a leave", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await client.track({ tab: 1, mood: "fine" });
  await shows(other, { ada: [{ tab: 1, mood: "fine" }] });
  await shows(client, { ada: [{ tab: 1, mood: "fine" }] });
  assertEquals(other.told, ["+ada"]);
});

Deno.test("phoenix.js leaves, and untracks", async () => {
  await using service = serve(LONG_GRACE);
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await shows(other, { ada: [{ tab: 1 }] });
  const untrack = { type: "presence", event: "untrack" };
  assertEquals(await client.push("presence", untrack), "ok");
  await shows(other, {});
  await client.track({ tab: 2 });
  await shows(other, { ada: [{ tab: 2 }] });
  await client.leave();
  await shows(other, {});
  assertEquals(other.told, ["+ada", "-ada", "+ada", "-ada"]);
});

Deno.test("phoenix.js does not notice a reload within the grace", async () => {
  await using service = serve(LONG_GRACE);
  await using other = await watcher(service);
  for (const tab of [1, 2, 3]) {
    const page = await ada(service, tab);
    await shows(other, { ada: [{ tab }] });
    // As when its page is closed: a clean close, and no leave.
    await page.disconnect();
  }
  await using _page = await ada(service, 4);
  await shows(other, { ada: [{ tab: 4 }] });
  assertEquals(other.told, ["+ada"]);
});

Deno.test("phoenix.js sees a person who does not return leave after the grace", async () => {
  await using service = serve(SHORT_GRACE);
  await using other = await watcher(service);
  const page = await ada(service, 1);
  await shows(other, { ada: [{ tab: 1 }] });
  await page.disconnect();
  await shows(other, {});
  await using _page = await ada(service, 2);
  await shows(other, { ada: [{ tab: 2 }] });
  assertEquals(other.told, ["+ada", "-ada", "+ada"]);
});

Deno.test("phoenix.js sees a person whose client crashes leave after the grace", async () => {
  await using service = serve(SHORT_GRACE);
  await using other = await watcher(service);
  const crashing = await TcpClient.connect(service);
  const params = { key: "ada", meta: { tab: 1 } };
  await crashing.send(["1", "1", "room", "phx_join", params]);
  await shows(other, { ada: [{ tab: 1 }] });
  crashing[Symbol.dispose]();
  await shows(other, {});
  assertEquals(other.told, ["+ada", "-ada"]);
});

Deno.test("phoenix.js reconnects when its socket breaks, and nobody notices", async () => {
  await using service = serve(LONG_GRACE);
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await shows(other, { ada: [{ tab: 1 }] });
  const before = service.socketOf("room");
  service.transports[1]?.terminate();
  await eventually(
    () => before.closed && service.endpoint.sockets.size === 2,
    "it is back",
  );
  await client.track({ tab: 2 });
  await shows(other, { ada: [{ tab: 2 }] });
  await shows(client, { ada: [{ tab: 2 }] });
  assertEquals(other.told, ["+ada"]);
});

Deno.test("phoenix.js reconnects after a restart, and its presence is right", async () => {
  const before = serve();
  await using clients = new AsyncDisposableStack();
  const one = clients.use(await ada(before, 1));
  const two = clients.use(
    await PhoenixClient.join(before, { key: "bob", meta: {} }),
  );
  // Only the old server knows of eve.
  before.topics.track("room", "eve", {});
  await shows(one, { ada: [{ tab: 1 }], bob: [{}], eve: [{}] });
  await before[Symbol.asyncDispose]();
  await using _after = serve({ port: before.port });
  await eventually(() => two.told.includes("-eve"), "eve is seen to leave");
  const both = { ada: [{ tab: 1 }], bob: [{}] };
  await shows(one, both);
  await shows(two, both);
  await clients.disposeAsync();
});

Deno.test("phoenix.js sees a person who hides leave, and they see all", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await shows(other, { ada: [{ tab: 1 }] });
  await client.track({ tab: 2 }, { visibility: "private" });
  await shows(other, {});
  await shows(client, { ada: [{ tab: 2 }] });
  assertEquals(await client.push("wave", { hidden: true }), "ok");
  await client.track({ tab: 3 }, { visibility: "public" });
  await shows(other, { ada: [{ tab: 3 }] });
  assertEquals(await client.push("wave", { hidden: false }), "ok");
  await eventually(() => other.heard.length > 0, "it is heard");
  assertObjectMatch({ heard: other.heard }, { heard: [{ hidden: false }] });
  assertEquals(other.told, ["+ada", "-ada", "+ada"]);
});

Deno.test("phoenix.js sends and gets bytes", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  const bytes = Uint8Array.of(0, 255, 7).buffer;
  assertEquals(await client.push("wave", bytes), "ok");
  await eventually(() => other.heard.length > 0, "it is heard");
  assertEquals(other.heard, [bytes]);
});

Deno.test("phoenix.js survives what others send", async () => {
  await using service = serve();
  await using client = await ada(service, 1);
  const hostile = await TcpClient.connect(service);
  await hostile.send(["1", "1", "room", "phx_join", { key: "eve" }]);
  const forged = { status: "error", response: {}, joins: {}, leaves: {} };
  for (
    const event of [
      "phx_error",
      "phx_close",
      "presence_state",
      "presence_diff",
      // The replies that it waits for.
      ...Array.from({ length: 20 }, (_, ref) => `chan_reply_${ref}`),
    ]
  ) await hostile.send([null, null, "room", event, forged]);
  await hostile.send(["1", "2", "room", "wave", { from: "eve" }]);
  await eventually(() => client.heard.length > 0, "all that has arrived");
  hostile[Symbol.dispose]();
  await shows(client, { ada: [{ tab: 1 }] });
  assertEquals(client.channel.state, "joined");
  assert(client.socket.isConnected());
});

for (
  const [what, topic, params, reason] of [
    [
      "a topic that is too long",
      `document:${"x".repeat(300)}`,
      {},
      "topic must",
    ],
    [
      "a topic of too many bytes",
      `document:${"文".repeat(100)}`,
      {},
      "topic must",
    ],
    ["a meta that is too deep", "club", { meta: nested(80) }, "it is nested"],
  ] as const
) {
  Deno.test(`phoenix.js gets the error of ${what}, and its other channels stay`, async () => {
    await using service = serve();
    await using client = await ada(service, 1);
    const other = client.socket.channel(topic, params);
    const { promise, resolve } = Promise.withResolvers<{ reason: string }>();
    other.join().receive("error", resolve);
    const told = await promise;
    assert(told.reason.startsWith(`Cannot read frame: ${reason}`), told.reason);
    assertEquals(await client.push("wave", {}), "ok");
    await new Promise((resolve) => other.leave().receive("ok", resolve));
    assertEquals(service.transports.length, 1);
  });
}

Deno.test("phoenix.js reconnects when its frame was too large, unless it disconnects", async () => {
  await using service = serve({ limits: { frameBytes: 1_000 } });
  await using wise = await ada(service, 1);
  await using other = await ada(service, 2);
  const sendsTooMuch = ({ socket }: PhoenixClient) => {
    const payload = { text: "x".repeat(1_000) };
    socket.push({ topic: "room", event: "wave", payload, ref: "99" });
    return new Promise((resolve) =>
      socket.onClose(({ code }) => resolve(code))
    );
  };
  wise.socket.onClose(({ code }) => {
    if (code === 1009) wise.socket.disconnect();
  });
  assertEquals(await sendsTooMuch(wise), 1009);
  assertEquals(await sendsTooMuch(other), 1009);
  // The wise one, whose wait would be over first, is not back when this one is.
  await eventually(() => other.channel.state === "joined", "it is back");
  assertEquals(service.transports.length, 3);
});

/** So many objects in one another. */
function nested(depth: number): object {
  return depth === 0 ? {} : { deep: nested(depth - 1) };
}
