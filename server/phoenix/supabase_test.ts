import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { RealtimeClient } from "@supabase/realtime-js";
import { eventually } from "../testing/waiting.ts";
import { tokenOf } from "./mod.ts";
import { bytes } from "./testing/codecs.ts";
import { Client } from "./testing/client.ts";
import { identity, serve, type Service } from "./testing/service.ts";
import {
  SupabaseClient,
  type SupabaseOptions,
} from "./testing/supabase_client.ts";
import { TcpClient } from "./testing/tcp_client.ts";

const LONG_GRACE = { server: { graceMs: 60_000 } };
const SHORT_GRACE = { server: { graceMs: 200 } };
const TOPIC = "realtime:room";

/** A test of Supabase's client, whose `disconnect()` leaves a timer of 10 s. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Waits until a client shows who is there. */
function shows(client: SupabaseClient, shown: object): Promise<void> {
  const wanted = JSON.stringify(shown);
  return eventually(
    () => JSON.stringify(client.shown) === wanted,
    `it shows ${wanted}`,
  );
}

/** A client that is present. */
async function ada(
  service: Service,
  tab: number,
  options: SupabaseOptions = {},
): Promise<SupabaseClient> {
  const client = await SupabaseClient.join(service, { key: "ada", ...options });
  assertEquals(await client.channel.track({ tab }), "ok");
  return client;
}

/** Somebody who watches. */
function watcher(service: Service): Promise<SupabaseClient> {
  return SupabaseClient.join(service, { key: "watcher" });
}

test("Supabase's client tracks, and shows who is there", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await shows(other, { ada: [{ tab: 1 }] });
  await shows(client, { ada: [{ tab: 1 }] });
  await using late = await watcher(service);
  await shows(late, { ada: [{ tab: 1 }] });
  assertEquals(other.told, ["+ada"]);
});

test("Supabase's client sees two tabs of one person", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using _laptop = await ada(service, 1);
  await using phone = await ada(service, 2);
  await shows(other, { ada: [{ tab: 1 }, { tab: 2 }] });
  assertEquals(await phone.channel.unsubscribe(), "ok");
  await shows(other, { ada: [{ tab: 1 }] });
  assertEquals(other.told, ["+ada"]);
});

test("Supabase's client tracks again, which is an update", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await client.channel.track({ tab: 2 });
  await shows(other, { ada: [{ tab: 2 }] });
  const { lastSequence } = service.server;
  assertEquals(await client.channel.track({ tab: 2 }), "ok");
  assertEquals(service.server.lastSequence, lastSequence);
  assertEquals(other.told, ["+ada"]);
});

test("Supabase's client untracks, tracks, and unsubscribes", async () => {
  await using service = serve(LONG_GRACE);
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await shows(other, { ada: [{ tab: 1 }] });
  assertEquals(await client.channel.untrack(), "ok");
  await shows(other, {});
  await client.channel.track({ tab: 1 });
  await shows(other, { ada: [{ tab: 1 }] });
  await client.channel.unsubscribe();
  await shows(other, {});
  assertEquals(other.told, ["+ada", "-ada", "+ada", "-ada"]);
});

test("Supabase's client without a key gets one", async () => {
  await using service = serve();
  await using one = await ada(service, 1, { key: "" });
  await using two = await ada(service, 2, { key: "" });
  await eventually(() => Object.keys(two.shown).length === 2, "both are there");
  const [first, second] = Object.keys(two.shown);
  assertNotEquals(first, second);
  assert(!Object.keys(two.shown).includes(""));
  await shows(one, two.shown);
});

test("Supabase's client that does not listen gets no presence until it tracks", async () => {
  await using service = serve();
  service.topics.track(TOPIC, "bob", { tab: 0 });
  using quiet = await TcpClient.connect(service);
  const config = { presence: { key: "eve", enabled: false } };
  await quiet.send(["1", "1", TOPIC, "phx_join", { config }]);
  await quiet.send([null, "2", "phoenix", "heartbeat", {}]);
  assert((await quiet.read())?.includes('"phx_reply"'));
  assert((await quiet.read())?.includes('"heartbeat"') === false);
  await using client = await SupabaseClient.join(service, {
    key: "ada",
    presence: false,
  });
  assertEquals(client.shown, {});
  await client.channel.track({ tab: 1 });
  await shows(client, { ada: [{ tab: 1 }], bob: [{ tab: 0 }] });
});

test("Supabase's client without presence joins a topic that is too large, and can't track", async () => {
  await using service = serve({ limits: { stateConnections: 1 } });
  for (const key of ["ada", "bob"]) service.topics.track(TOPIC, key, {});
  await using client = await SupabaseClient.join(service, { presence: false });
  assertEquals(await client.channel.track({ tab: 1 }), "error");
  assertEquals(client.joins, 1);
});

for (const vsn of ["1.0.0", "2.0.0"] as const) {
  test(`Supabase's client of version ${vsn} broadcasts`, async () => {
    await using service = serve();
    const broadcast = { ack: true, self: true };
    await using client = await SupabaseClient.join(service, { vsn, broadcast });
    await using other = await SupabaseClient.join(service);
    await using plain = await Client.connect(service);
    await plain.join(TOPIC);
    await plain.rest();
    // With ack it is the server that says ok.
    assertEquals(await client.wave({ hand: "left" }), "ok");
    await eventually(() => other.heard.length > 0, "the other hears it");
    await eventually(() => client.heard.length > 0, "oneself hears it");
    assertEquals(other.heard, [{ hand: "left" }]);
    assertEquals(client.heard, [{ hand: "left" }]);
    const [, , , event, payload] = await plain.next();
    const [socket] = service.endpoint.sockets;
    const sender = { key: socket?.id ?? "", connection: socket?.id ?? "" };
    assertEquals([event, payload], ["broadcast", {
      type: "broadcast",
      event: "wave",
      payload: { hand: "left" },
      sender,
    }]);
  });
}

test("Supabase's client gets its own broadcasts only if it asks for them", async () => {
  await using service = serve();
  await using client = await SupabaseClient.join(service);
  await using other = await SupabaseClient.join(service);
  assertEquals(await client.wave(1), "ok");
  assertEquals(await other.wave(2), "ok");
  await eventually(() => client.heard.length > 0, "it hears the other");
  assertEquals(client.heard, [2]);
});

test("Supabase's client broadcasts bytes", async () => {
  await using service = serve();
  await using client = await SupabaseClient.join(service);
  await using other = await SupabaseClient.join(service);
  const payload = Uint8Array.of(0, 255, 7).buffer;
  assertEquals(await client.wave(payload), "ok");
  await eventually(() => other.heard.length > 0, "it is heard");
  assertEquals(other.heard, [payload]);
});

test("Supabase's client sends its key at first, and fresh tokens later", async () => {
  const tokens: unknown[] = [];
  await using service = serve({
    authorize: (request) => {
      tokens.push(tokenOf(request));
      return identity();
    },
    join: (_topic, { access_token }) => {
      tokens.push(access_token);
      return {};
    },
    accessToken: (token) => {
      tokens.push(token);
    },
  });
  await using client = await SupabaseClient.join(service);
  const [first, , ...more] = tokens;
  assertEquals(first, "the key of the project");
  assertEquals(more, []);
  await client.client.setAuth("a fresh token");
  await eventually(() => tokens.includes("a fresh token"), "it arrives");
});

test("Supabase's client stops and shows why its socket is refused, by the lines of the README", async () => {
  const asked: unknown[] = [];
  await using service = serve({
    authorize: (request) => {
      asked.push(tokenOf(request));
      return { reason: "the token has expired" };
    },
  });
  const connect = (apikey: string) =>
    new RealtimeClient(`ws://127.0.0.1:${service.port}/realtime/v1`, {
      params: { apikey },
      reconnectAfterMs: () => 10,
    });
  const client = connect("expired");
  const channel = client.channel("room");
  const { promise, resolve: show } = Promise.withResolvers<string>();
  channel.subscribe(async (status) => {
    if (status !== "CHANNEL_ERROR") return;
    const url = client.endpointURL().replace(/^ws/, "http");
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.status !== 403) return;
    client.disconnect();
    show(await answer.text());
  });
  assertEquals(await promise, "Cannot connect: the token has expired\n");
  const attempts = (token: string) => asked.filter((one) => one === token);
  const { length } = attempts("expired");
  // Meanwhile, a client that goes on tries this often.
  const stubborn = connect("stubborn");
  stubborn.connect();
  await eventually(() => attempts("stubborn").length > 5, "it tries");
  stubborn.disconnect();
  // One may have been under way.
  assert(attempts("expired").length <= length + 1);
});

test("Supabase's client does not notice a reload within the grace", async () => {
  await using service = serve(LONG_GRACE);
  await using other = await watcher(service);
  for (const tab of [1, 2, 3]) {
    const page = await ada(service, tab);
    await shows(other, { ada: [{ tab }] });
    await page[Symbol.asyncDispose]();
  }
  await using _page = await ada(service, 4);
  await shows(other, { ada: [{ tab: 4 }] });
  assertEquals(other.told, ["+ada"]);
});

test("Supabase's client sees a person whose client crashes leave after the grace", async () => {
  await using service = serve(SHORT_GRACE);
  await using other = await watcher(service);
  const crashing = await TcpClient.connect(service);
  const config = { presence: { key: "ada" } };
  await crashing.send(["1", "1", TOPIC, "phx_join", { config }]);
  const track = { type: "presence", event: "track", payload: { tab: 1 } };
  await crashing.send(["1", "2", TOPIC, "presence", track]);
  await shows(other, { ada: [{ tab: 1 }] });
  crashing[Symbol.dispose]();
  await shows(other, {});
  assertEquals(other.told, ["+ada", "-ada"]);
});

test("Supabase's client reconnects after a restart", async () => {
  const before = serve();
  await using clients = new AsyncDisposableStack();
  const client = clients.use(await ada(before, 1));
  before.topics.track(TOPIC, "eve", { tab: 0 });
  await shows(client, { ada: [{ tab: 1 }], eve: [{ tab: 0 }] });
  await before[Symbol.asyncDispose]();
  await using after = serve({ port: before.port });
  await eventually(() => client.joins === 2, "it has joined again");
  // It does not track again: that is up to the application.
  await shows(client, {});
  assertEquals(await client.channel.track({ tab: 2 }), "ok");
  await shows(client, { ada: [{ tab: 2 }] });
  assertEquals(after.topics.countPresences(TOPIC), 1);
  await clients.disposeAsync();
});

test("Supabase's client sees a person who hides leave, and gets none of their broadcasts", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await ada(service, 1);
  await shows(other, { ada: [{ tab: 1 }] });
  const track = { type: "presence", event: "track" } as const;
  const hidden = { payload: { tab: 2 }, visibility: "private" };
  assertEquals(await client.channel.send({ ...track, ...hidden }), "ok");
  await shows(other, {});
  await shows(client, { ada: [{ tab: 2 }] });
  await client.wave("hidden");
  const open = { payload: { tab: 3 }, visibility: "public" };
  assertEquals(await client.channel.send({ ...track, ...open }), "ok");
  await client.wave("open");
  await eventually(() => other.heard.length > 0, "it is heard");
  assertEquals(other.heard, ["open"]);
  assertEquals(other.told, ["+ada", "-ada", "+ada"]);
});

test("Supabase's client survives what others send", async () => {
  await using service = serve();
  await using client = await ada(service, 1);
  await using hostile = await Client.connect(service);
  await hostile.join(TOPIC, { key: "eve" });
  for (
    const payload of [
      { event: 5, payload: 1 },
      { event: {}, payload: 1 },
      { event: "wave", ids: [1] },
      { event: "wave", ids: [1], data: null },
    ]
  ) await hostile.done(TOPIC, "broadcast", payload);
  await hostile.done(TOPIC, "anything", { ids: [] });
  hostile.send(bytes(0, 0, 1, 13, 4, "a", TOPIC, "wave", 1, 2, 3));
  for (const event of ["system", "postgres_changes", "presence"]) {
    await hostile.refused(TOPIC, event, { event: "sync", ids: [] });
  }
  await hostile.done(TOPIC, "broadcast", { event: "wave", payload: "hello" });
  await eventually(() => client.heard.length > 0, "all that has arrived");
  assertEquals(client.heard, ["hello"]);
  await shows(client, { ada: [{ tab: 1 }] });
});
