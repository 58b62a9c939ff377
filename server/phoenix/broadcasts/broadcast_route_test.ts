import { assertEquals, assertRejects } from "@std/assert";
import { RealtimeClient as NewestSupabase } from "@supabase/realtime-js";
// @ts-types="npm:@supabase/realtime-js@2.119.1"
import { RealtimeClient as OlderSupabase } from "npm:@supabase/realtime-js@2.9.0";
import { PresenceServer } from "../../mod.ts";
import { eventually } from "../../testing/waiting.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";
import { flush } from "../../testing/harness.ts";
import {
  PhoenixEndpoint,
  type PhoenixIdentity,
  type PhoenixOptions,
  tokenOf,
} from "../mod.ts";
import { inProcess } from "../testing/in_process.ts";
import { identity, serve } from "../testing/service.ts";
import { SupabaseClient } from "../testing/supabase_client.ts";

const TOPIC = "realtime:room";
const URL_OF_LISTS = "http://localhost/realtime/v1/api/broadcast";

/** A test of Supabase's client, whose `disconnect()` leaves a timer of 10 s. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** A channel of a client that has not subscribed. */
function unsubscribed(
  Library: typeof NewestSupabase,
  port: number,
  path = "/realtime/v1",
) {
  const client = new Library(`ws://127.0.0.1:${port}${path}`, {
    params: { apikey: "the key of the project" },
    // Its log is not for the output of a test.
    logger: () => {},
  });
  return client.channel("room");
}

for (const path of ["/realtime/v1", "/socket"]) {
  test(`Supabase's client sends without a socket, by httpSend(), to ${path}`, async () => {
    await using service = serve();
    await using other = await SupabaseClient.join(service);
    const channel = unsubscribed(NewestSupabase, service.port, path);
    const sent = await channel.httpSend("wave", { hand: "left" });
    assertEquals(sent, { success: true });
    await eventually(() => other.heard.length === 1, "JSON is heard");
    const bytes = Uint8Array.of(0, 255, 7);
    await channel.httpSend("wave", bytes);
    await eventually(() => other.heard.length === 2, "bytes are heard");
    assertEquals(other.heard, [{ hand: "left" }, bytes.buffer]);
  });
}

for (
  const [version, Library] of [
    ["2.9.0", OlderSupabase],
    ["2.119.1", NewestSupabase],
  ] as const
) {
  test(`Supabase's client ${version} sends before it has subscribed`, async () => {
    const tokens: unknown[] = [];
    await using service = serve({
      authorize: (request) => {
        tokens.push(tokenOf(request));
        return identity();
      },
    });
    await using other = await SupabaseClient.join(service);
    const channel = unsubscribed(Library, service.port);
    const wave = { type: "broadcast", event: "wave", payload: 1 } as const;
    assertEquals(await channel.send(wave), "ok");
    await eventually(() => other.heard.length > 0, "it is heard");
    assertEquals(other.heard, [1]);
    assertEquals(tokens, ["the key of the project", "the key of the project"]);
  });
}

test("Supabase's client learns why it may not send", async () => {
  await using service = serve({
    authorize: () => identity({ canWrite: () => false }),
  });
  const channel = unsubscribed(NewestSupabase, service.port);
  await assertRejects(
    () => channel.httpSend("wave", {}),
    Error,
    "Cannot broadcast: unauthorized to publish here",
  );
});

// Requests without a client

/** A request with a list of messages. */
function listOf(
  messages: unknown,
  headers: Record<string, string> = {},
  url = URL_OF_LISTS,
): Request {
  return new Request(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ messages }),
  });
}

function wave(fields: object = {}): object {
  return { topic: "room", event: "wave", payload: 1, ...fields };
}

/** The status of an answer, and what it says. */
async function told(
  answer: Promise<Response>,
): Promise<[status: number, reason: unknown]> {
  const response = await answer;
  const text = await response.text();
  const { message } = text === "" ? { message: "" } : JSON.parse(text);
  return [response.status, message];
}

/** The members of the topic, and what they get. */
async function listener(
  { connect }: ReturnType<typeof inProcess>,
  user?: string,
) {
  const client = await connect(user);
  client.say(["1", "1", TOPIC, "phx_join", { config: {} }]);
  await flush();
  client.take();
  return client;
}

Deno.test("a broadcast by HTTP has the key of its sender, and does not make them present", async () => {
  using lab = inProcess({
    authorize: () => identity({ subject: "ada" }),
  });
  const bob = await listener(lab);
  const before = lab.server.lastSequence;
  const answer = lab.endpoint.broadcast(listOf([wave(), wave({ event: "x" })]));
  assertEquals(await told(answer), [202, ""]);
  assertEquals(
    bob.take().map(([, , topic, event, payload]) => {
      const { sender, ...rest } = payload;
      const { key } = Object(sender);
      return [topic, event, rest, key];
    }),
    [
      [
        TOPIC,
        "broadcast",
        { type: "broadcast", event: "wave", payload: 1 },
        "ada",
      ],
      [
        TOPIC,
        "broadcast",
        { type: "broadcast", event: "x", payload: 1 },
        "ada",
      ],
    ],
  );
  assertEquals(lab.server.lastSequence, before);
  assertEquals(lab.endpoint.sockets.size, 1);
});

Deno.test("a broadcast by HTTP of a hidden sender does not arrive", async () => {
  using lab = inProcess({
    authorize: ({ url }) =>
      identity({ subject: url.includes("user=bob") ? "bob" : "ada" }),
  });
  lab.topics.track(TOPIC, "ada", {}, { visibility: "private" });
  const bob = await listener(lab, "bob");
  const answer = lab.endpoint.broadcast(listOf([wave()]));
  assertEquals(await told(answer), [202, ""]);
  assertEquals(bob.take(), []);
});

const REFUSALS: Record<
  string,
  [PhoenixOptions, status: number, reason: string]
> = {
  "nobody": [
    { authorize: () => undefined },
    403,
    "Cannot broadcast: not authorized",
  ],
  "a bad token": [
    { authorize: () => ({ reason: "the token has expired" }) },
    403,
    "Cannot broadcast: the token has expired",
  ],
  "rights that have ended": [
    { authorize: () => identity({ expiresAt: 1 }) },
    403,
    "Cannot broadcast: not authorized",
  ],
  "who may not read": [
    { authorize: () => identity({ canRead: () => false }) },
    403,
    "Cannot broadcast: unauthorized",
  ],
  "who may not write": [
    { authorize: () => identity({ canWrite: () => false }) },
    403,
    "Cannot broadcast: unauthorized to publish here",
  ],
  "who may not write to all": [
    {
      authorize: () => identity({ canWrite: (topic) => topic === TOPIC }),
    },
    403,
    "Cannot broadcast: unauthorized to publish here",
  ],
  "a client that the join hook refuses": [
    { join: () => ({ reason: "the room is closed" }) },
    403,
    "Cannot broadcast: the room is closed",
  ],
  "more messages than come at once": [
    { limits: { messagesPerSecond: 0.5 } },
    429,
    "Cannot broadcast: too many messages",
  ],
  "a message that is too large": [
    { limits: { broadcastBytes: 80 } },
    413,
    "Cannot broadcast: a broadcast may have 80 bytes",
  ],
  "a body that is too large": [
    { limits: { frameBytes: 80 } },
    413,
    "Cannot read body: it has more than 80 bytes",
  ],
};

for (const [what, [options, status, reason]] of Object.entries(REFUSALS)) {
  Deno.test(`${what}: a broadcast by HTTP is refused as a whole`, async () => {
    const server = new PresenceServer<TopicModel>();
    using endpoint = new PhoenixEndpoint(new TopicPresence(server), options);
    const texts: string[] = [];
    server.replicate({
      put() {},
      removed() {},
      watched() {},
      tell: (_, text) => void texts.push(text),
    });
    const messages = [
      wave(),
      wave({ topic: "other", payload: "x".repeat(20) }),
    ];
    const answer = endpoint.broadcast(listOf(messages));
    assertEquals(await told(answer), [status, reason]);
    assertEquals(texts, []);
    assertEquals(endpoint.sockets.size, 0);
    server[Symbol.dispose]();
  });
}

Deno.test("the join hook decides who broadcasts by HTTP, and is asked once for a topic", async () => {
  const asked: unknown[] = [];
  using lab = inProcess({
    join: (topic, params, _identity, socket) => {
      asked.push([topic, params, socket.topics]);
      return { key: "the hook's", meta: { there: true } };
    },
  });
  const answer = lab.endpoint.broadcast(listOf([wave(), wave()]));
  assertEquals(await told(answer), [202, ""]);
  assertEquals(asked, [[TOPIC, {}, []]]);
  assertEquals(lab.topics.countPresences(TOPIC), 0);
});

Deno.test("a broadcast by HTTP counts as a socket while it lasts", async () => {
  using lab = inProcess({ limits: { allSockets: 1 } });
  const answer = () => told(lab.endpoint.broadcast(listOf([wave()])));
  assertEquals(await answer(), [202, ""]);
  assertEquals(await answer(), [202, ""]);
  await lab.connect();
  const reason = "Cannot broadcast: too many sockets are open";
  assertEquals(await answer(), [429, reason]);
});

Deno.test("one subject's broadcasts by HTTP have the rate of a socket", async () => {
  using lab = inProcess({
    authorize: ({ headers }) =>
      identity({ subject: headers.get("apikey") ?? "" }),
    limits: { messagesPerSecond: 2 },
  });
  const status = async (subject: string, count: number) => {
    const messages = Array.from({ length: count }, () => wave());
    const request = listOf(messages, { apikey: subject });
    return (await told(lab.endpoint.broadcast(request)))[0];
  };
  assertEquals(await status("ada", 4), 202);
  assertEquals(await status("ada", 1), 429);
  assertEquals(await status("bob", 3), 202);
  await lab.seconds(1);
  assertEquals(await status("ada", 2), 202);
  assertEquals(await status("ada", 1), 429);
});

Deno.test("rights that are revoked while a body arrives broadcast nothing", async () => {
  const who: PhoenixIdentity = identity({ subject: "ada" });
  using lab = inProcess({ authorize: () => who });
  const bob = await listener(lab);
  const { promise, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream({
    async pull(controller) {
      await promise;
      const text = JSON.stringify({ messages: [wave()] });
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  const request = new Request(URL_OF_LISTS, { method: "POST", body });
  const answer = told(lab.endpoint.broadcast(request));
  await flush();
  lab.endpoint.revoke(who);
  resolve();
  assertEquals((await answer)[0], 503);
  assertEquals(
    bob.frames.filter((frame) => String(frame).includes("wave")),
    [],
  );
});

Deno.test("PhoenixEndpoint.answer() answers requests to its own addresses, and no others", async () => {
  using server = new PresenceServer<TopicModel>();
  using endpoint = new PhoenixEndpoint(new TopicPresence(server));
  const vsn = "vsn=2.0.0";
  const upgrade = { headers: { upgrade: "websocket" } };
  const cases: [string, RequestInit, number | undefined][] = [
    [`/socket/websocket?${vsn}`, {}, 426],
    [`/realtime/v1/websocket?${vsn}`, {}, 426],
    [`/socket/websocket?${vsn}`, upgrade, 400],
    ["/socket/websocket?vsn=9", {}, 403],
    ["/realtime/v1/api/broadcast", {}, 405],
    ["/api/broadcast/room/events/wave", {}, 405],
    ["/api/broadcasts", {}, undefined],
    ["/socket", {}, undefined],
    ["/v1/presence?context=/websocket", {}, undefined],
    ["/internal/presence/websocket", {}, undefined],
  ];
  for (const [path, init, status] of cases) {
    const request = new Request(`http://localhost${path}`, init);
    assertEquals((await endpoint.answer(request))?.status, status, path);
  }
});

Deno.test("a request that is not a broadcast gets the fault", async () => {
  using lab = inProcess();
  const send = (path: string, init: RequestInit = {}) => {
    const url = `http://localhost/api/broadcast${path}`;
    const headers = { "content-type": "application/json" };
    const request = new Request(url, { method: "POST", headers, ...init });
    return told(lab.endpoint.broadcast(request));
  };
  const list = (messages: unknown) =>
    told(lab.endpoint.broadcast(listOf(messages)));
  const cannot = (reason: string) => `Cannot broadcast: ${reason}`;
  const cases: [Promise<[number, unknown]>, number, string][] = [
    [send("", { method: "GET" }), 405, "the method must be POST"],
    [send("/room"), 404, "there is no such path"],
    [send("", { body: "{" }), 400, "the body is not JSON"],
    [
      send("/room/events/%ff", { body: "{}" }),
      400,
      "the path is not UTF-8",
    ],
    [
      send("", { body: "a=b", headers: { "content-type": "text/csv" } }),
      415,
      "the body must be application/json",
    ],
    [
      send("/room/events/x", {
        body: `${"[".repeat(70)}${"]".repeat(70)}`,
      }),
      400,
      "the body is nested deeper than 64 levels",
    ],
    [list(undefined), 400, "messages must be a list of one or more"],
    [list([]), 400, "messages must be a list of one or more"],
    [list([1]), 400, "messages[0].topic must be a string"],
    [
      list([wave(), wave({ event: 1 })]),
      400,
      "messages[1].event must be a string",
    ],
  ];
  for (const [answer, status, reason] of cases) {
    assertEquals(await answer, [status, cannot(reason)]);
  }
  const [, long] = await list([wave({ event: "x".repeat(256) })]);
  assertEquals(long, "Cannot read frame: event must have at most 255 bytes");
});

Deno.test("pages of trusted sites may broadcast by HTTP, and no others", async () => {
  const origin = "https://app.example";
  using lab = inProcess({ origins: [origin] });
  const asked = await lab.endpoint.broadcast(
    new Request(URL_OF_LISTS, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "apikey,authorization,content-type",
      },
    }),
  );
  assertEquals(asked.status, 204);
  assertEquals(
    asked.headers.get("access-control-allow-headers"),
    "apikey,authorization,content-type",
  );
  const sent = await lab.endpoint.broadcast(listOf([wave()], { origin }));
  assertEquals(sent.status, 202);
  assertEquals(sent.headers.get("access-control-allow-origin"), origin);
  const evil = { origin: "https://evil.example" };
  const refused = await lab.endpoint.broadcast(listOf([wave()], evil));
  assertEquals(refused.status, 403);
  await refused.body?.cancel();
  assertEquals([...lab.endpoint.stats.rejected], [["unauthorized", 1]]);
});
