import { assert, assertEquals } from "@std/assert";
import { isJsonObject } from "../internal.ts";
import { Client } from "./testing/client.ts";
import { serve } from "./testing/service.ts";
import { bytes } from "./testing/codecs.ts";

/** Bad frames with a topic and a ref to reply to. */
const ADDRESSED: Record<string, { frame: unknown[]; reason: RegExp }> = {
  "a payload that is a list": {
    frame: ["1", "7", "room", "wave", []],
    reason: /payload must be an object/,
  },
  "a payload that is null": {
    frame: ["1", "7", "room", "phx_join", null],
    reason: /payload must be an object/,
  },
  "an event that is a number": {
    frame: ["1", "7", "room", 5, {}],
    reason: /event must be a string/,
  },
  "an event that is too long": {
    frame: ["1", "7", "room", "x".repeat(256), {}],
    reason: /event must have at most 255 bytes/,
  },
  "a join ref that is an object": {
    frame: [{}, "7", "room", "wave", {}],
    reason: /join_ref must be/,
  },
  "what is nested deeply": {
    frame: ["1", "7", "room", "wave", { deep: nested(100) }],
    reason: /it is nested deeper than 64 levels/,
  },
  "a topic that is too long": {
    frame: ["1", "7", "x".repeat(256), "phx_join", {}],
    reason: /topic must have at most 255 bytes/,
  },
  "a topic of too many bytes": {
    frame: ["1", "7", "文".repeat(86), "phx_join", {}],
    reason: /topic must have at most 255 bytes/,
  },
  "half a character in the topic": {
    frame: ["1", "7", "\ud800", "phx_join", {}],
    reason: /topic must be a well-formed string/,
  },
  "a heartbeat that is nested deeply": {
    frame: [null, "7", "phoenix", "heartbeat", { deep: nested(100) }],
    reason: /it is nested deeper than 64 levels/,
  },
};

/** So many arrays in one another. */
function nested(depth: number): unknown {
  return depth === 0 ? 0 : [nested(depth - 1)];
}

/** Bad frames that can't be answered. */
const UNADDRESSED: Record<string, string | Uint8Array> = {
  "no JSON": "{[",
  "nothing": "",
  "a number": "5",
  "an object": '{"topic":"room","event":"wave","payload":{},"ref":"1"}',
  "an array of four": '["1","7","room","wave"]',
  "an array of six": '["1","7","room","wave",{},{}]',
  "a topic that is a list": '["1","7",["room"],"wave",{}]',
  "a ref that is true": '["1",true,"room","wave",{}]',
  "no ref, and no payload": '["1",null,"room","wave",7]',
  "what is nested deeply, and not whole": `["1","7","room","wave",{"a":${
    "[".repeat(100)
  }]`,
  "what opens brackets only": "[".repeat(100_000),
  "no bytes": new Uint8Array(),
  "bytes of an unknown kind": bytes(9, 1, 1, 1, 1, "1", "2", "r", "e"),
  "bytes that only servers send": bytes(2, 1, 1, "r", "e"),
  "bytes that end too soon": bytes(0, 255, 255, 255, 255, "1"),
  "bytes that are not UTF-8": bytes(0, 0, 1, 1, 1, "1", 0xff, "e"),
};

for (const [what, { frame, reason }] of Object.entries(ADDRESSED)) {
  Deno.test(`${what} is refused, and the channel stays`, async () => {
    await using service = serve();
    await using client = await Client.connect(service);
    await client.join("room", { meta: {} });
    await client.event("presence_state");
    client.send(frame);
    const [joinRef, ref, topic, event, payload] = await client.next();
    const known = typeof frame[0] === "string" ? frame[0] : null;
    assertEquals([joinRef, ref, topic, event], [
      known,
      "7",
      frame[2],
      "phx_reply",
    ]);
    assertEquals(payload.status, "error");
    assert(isJsonObject(payload.response));
    assert(reason.test(String(payload.response.reason)));
    await client.done("room", "wave");
    assertEquals(service.topics.countPresences("room"), 1);
  });
}

Deno.test("version 1 also gets the fault of any bad join", async () => {
  await using service = serve();
  const transport = new WebSocket(`${service.url}/websocket`);
  await new Promise((resolve) => transport.onopen = resolve);
  const ask = (fields: object): Promise<unknown> =>
    new Promise((resolve) => {
      transport.onmessage = ({ data }) => resolve(JSON.parse(data));
      const event = "phx_join";
      transport.send(JSON.stringify({ event, payload: {}, ref: 7, ...fields }));
    });
  const long = "x".repeat(256);
  const refused = (topic: string, reason: string) => ({
    topic,
    event: "phx_reply",
    ref: 7,
    payload: {
      status: "error",
      response: { reason: `Cannot read frame: ${reason}` },
    },
  });
  assertEquals(
    await ask({ topic: long }),
    refused(long, "topic must have at most 255 bytes"),
  );
  assertEquals(
    await ask({ topic: "room", payload: { deep: nested(100) } }),
    refused("room", "it is nested deeper than 64 levels"),
  );
  const closed = new Promise((resolve) => transport.onclose = resolve);
  transport.close();
  await closed;
});

for (const [what, frame] of Object.entries(UNADDRESSED)) {
  Deno.test(`${what} closes the socket, and no other`, async () => {
    await using service = serve();
    await using client = await Client.connect(service);
    await using other = await Client.connect(service);
    await client.join("room", { key: "ada", meta: {} });
    await other.join("room", { key: "bob", meta: {} });
    await other.rest();
    client.send(frame);
    const { code, reason } = await client.closed();
    assertEquals(code, 1008);
    assert(reason.startsWith("Cannot read frame: "), reason);
    await other.done("room", "wave");
    assertEquals(await other.rest(), []);
  });
}

Deno.test("a frame that is too large closes the socket, and no other", async () => {
  await using service = serve({ limits: { frameBytes: 1_000 } });
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room");
  await other.join("room");
  await client.done("room", "wave", { text: "x".repeat(900) });
  await other.event("wave");
  client.push("room", "wave", { text: "€".repeat(400) });
  assertEquals((await client.closed()).code, 1009);
  await other.done("room", "wave");
  assertEquals((await other.rest()).length, 0);
});

Deno.test("a frame may have 262,144 bytes, unless a limit says otherwise", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  const empty = JSON.stringify(["1", "2", "phoenix", "heartbeat", { a: "" }]);
  const sized = (bytes: number) =>
    JSON.stringify(["1", "2", "phoenix", "heartbeat", {
      a: "x".repeat(bytes - empty.length),
    }]);
  client.send(sized(262_144));
  assertEquals((await client.reply("2"))[4].status, "ok");
  client.send(sized(262_145));
  assertEquals((await client.closed()).code, 1009);
});

/** A text frame of a wave that has so many bytes. */
function wave(bytes: number, ref: string): string {
  const frame = (text: string) =>
    JSON.stringify(["1", ref, "room", "wave", { text }]);
  const rest = bytes - frame("").length;
  // Bytes count, not characters.
  return frame("€".repeat(Math.floor(rest / 3)) + "x".repeat(rest % 3));
}

for (
  const [what, limits, bytes] of [
    ["65,536 bytes, unless a limit says otherwise", {}, 65_536],
    ["as many bytes as a limit says", { broadcastBytes: 100 }, 100],
  ] as const
) {
  Deno.test(`a broadcast may have ${what}; with more it is refused`, async () => {
    await using service = serve({ limits });
    await using client = await Client.connect(service);
    await using other = await Client.connect(service);
    await client.join("room", { meta: {} });
    await other.join("room");
    await other.rest();
    client.send(wave(bytes + 1, "7"));
    const reason = `a broadcast may have ${bytes} bytes`;
    const status = "error";
    assertEquals((await client.reply("7"))[4], {
      status,
      response: { reason },
    });
    assertEquals(await other.rest(), []);
    client.send(wave(bytes, "8"));
    assertEquals((await client.reply("8"))[4].status, "ok");
    assertEquals((await other.rest()).length, 1);
    assertEquals(service.topics.countPresences("room"), 1);
  });
}

Deno.test("a broadcast of bytes has the same limit, other messages have not", async () => {
  await using service = serve({ limits: { broadcastBytes: 100 } });
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  const meta = { text: "x".repeat(200) };
  await client.join("room", { key: "ada", meta });
  await other.join("room");
  await other.rest();
  const push = (ref: string, size: number) => {
    const head = bytes(0, 0, 1, 4, 4, ref, "room", "wave");
    const frame = new Uint8Array(size);
    frame.set(head);
    client.send(frame);
  };
  push("8", 101);
  assertEquals((await client.reply("8"))[4].status, "error");
  push("9", 100);
  assertEquals((await client.reply("9"))[4].status, "ok");
  await client.track("room", { ...meta, tab: 2 });
  const [broadcast, diff, ...more] = await other.rest();
  assert(broadcast instanceof Uint8Array);
  assertEquals([diff?.[3], more], ["presence_diff", []]);
});

Deno.test("messages that arrive too fast are refused, and the channel stays", async () => {
  let now = 1_000_000;
  await using service = serve({
    server: { clock: () => now },
    limits: { messagesPerSecond: 2 },
  });
  await using client = await Client.connect(service);
  await client.join("room", { meta: {} });
  for (let turn = 0; turn < 3; turn++) await client.done("room", "wave");
  assertEquals(await client.refused("room", "wave"), "too many messages");
  assertEquals(await client.refused("room", "presence"), "too many messages");
  assertEquals(await client.refusedJoin("other"), "too many messages");
  // Heartbeats keep it alive, so they count for nothing.
  for (let turn = 0; turn < 5; turn++) {
    await client.done("phoenix", "heartbeat");
  }
  assertEquals(service.topics.countPresences("room"), 1);
  now += 1_000;
  await client.done("room", "wave");
  await client.done("room", "wave");
  assertEquals(await client.refused("room", "wave"), "too many messages");
});

Deno.test("a client that has sent too many messages may leave", async () => {
  await using service = serve({
    server: { clock: () => 1_000_000 },
    limits: { messagesPerSecond: 1 },
  });
  await using client = await Client.connect(service);
  await client.join("room", { meta: {} });
  await client.done("room", "wave");
  assertEquals(await client.refused("room", "wave"), "too many messages");
  await client.done("room", "phx_leave");
  assertEquals(service.topics.countPresences("room"), 0);
});

Deno.test("the rate of one socket does not affect another", async () => {
  await using service = serve({
    server: { clock: () => 1_000_000 },
    limits: { messagesPerSecond: 1 },
  });
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room");
  await other.join("room");
  await client.done("room", "wave");
  assertEquals(await client.refused("room", "wave"), "too many messages");
  await other.done("room", "wave");
});

const RESERVED = [
  "phx_close",
  "phx_error",
  "phx_reply",
  "phx_anything",
  "presence_state",
  "presence_diff",
  "presence_anything",
  "heartbeat",
  "system",
  "postgres_changes",
  // phoenix.js uses this event for replies.
  "chan_reply_3",
];

/** The same as older clients of Supabase would still take them. */
const SHOUTED = [
  ...RESERVED.map((event) => event.toUpperCase()),
  "PRESENCE",
  "Presence_State",
  "pHX_CLOSE",
  "PHX_JOIN",
  "ACCESS_TOKEN",
];

Deno.test("events of the protocol are not relayed, and the channel stays", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room", {
    meta: {},
    config: { broadcast: { self: true } },
  });
  await other.join("room");
  await other.rest();
  await client.rest();
  for (const event of [...RESERVED, ...SHOUTED]) {
    const reason = await client.refused("room", event, {
      joins: {},
      leaves: {},
      status: "ok",
      response: {},
    });
    assertEquals(reason, `the event "${event}" is the protocol's own`);
  }
  assertEquals(
    await client.refused("room", "presence", { event: "diff" }),
    'the event of "presence" must be "track" or "untrack"',
  );
  assertEquals(
    await client.refused("room", "access_token", {}),
    "access_token must be a string",
  );
  await client.done("room", "access_token", { access_token: "x" });
  assertEquals(await other.rest(), []);
  assertEquals(await client.rest(), []);
  await client.done("room", "wave");
  assertEquals((await other.rest()).length, 1);
});

Deno.test("forged bytes of the protocol's events are not relayed either", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room");
  await other.join("room");
  await other.rest();
  client.send(bytes(0, 0, 1, 4, 9, "7", "room", "phx_close", "x"));
  assertEquals((await client.reply("7"))[4], {
    status: "error",
    response: { reason: `the event "phx_close" is the protocol's own` },
  });
  client.send(bytes(0, 0, 1, 4, 9, "6", "room", "PHX_CLOSE", "x"));
  assertEquals((await client.reply("6"))[4].status, "error");
  client.send(bytes(0, 0, 1, 4, 8, "8", "room", "presence", "x"));
  assertEquals((await client.reply("8"))[4], {
    status: "error",
    response: { reason: "the payload must be JSON" },
  });
  assertEquals(await other.rest(), []);
});

Deno.test("join params of the wrong type are refused", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  for (
    const params of [
      { key: 5 },
      { key: "x".repeat(257) },
      { key: ["ada"] },
      { config: { presence: { key: {} } } },
      { visibility: "everybody" },
      { visibility: { restricted: null } },
      { key: "\ud800" },
    ]
  ) {
    const reason = await client.refusedJoin("room", params);
    assert(
      /^Cannot join topic: (key|visibility) must be /.test(String(reason)),
    );
  }
  // Members of another type count as left out.
  for (
    const params of [{ config: 5 }, { config: { presence: [], broadcast: 1 } }]
  ) await client.join("room", params);
});
