import { assert, assertEquals } from "@std/assert";
import { Client } from "./testing/client.ts";
import { serve } from "./testing/service.ts";
import { TcpClient } from "./testing/tcp_client.ts";

const ok = { status: "ok", response: {} };

/** The position in the reply to a join. */
const joined = (key: string, sequence: number) => ({
  status: "ok",
  response: { key, epoch: "e", sequence },
});

Deno.test("a join gets a reply, and then a state", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  client.send(["1", "2", "room:1", "phx_join", { key: "ada" }]);
  assertEquals(await client.next(), [
    "1",
    "2",
    "room:1",
    "phx_reply",
    joined("ada", 0),
  ]);
  assertEquals(
    await client.next(),
    ["1", null, "room:1", "presence_state", {}],
  );
  assertEquals(await client.rest(), []);
});

Deno.test("a heartbeat is answered, joined or not", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  client.send([null, "7", "phoenix", "heartbeat", {}]);
  assertEquals(await client.next(), [null, "7", "phoenix", "phx_reply", ok]);
});

Deno.test("a push is answered", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  client.send(["1", "1", "room:1", "phx_join", {}]);
  await client.event("presence_state");
  client.send(["1", "8", "room:1", "wave", { hand: "left" }]);
  assertEquals(await client.next(), ["1", "8", "room:1", "phx_reply", ok]);
});

Deno.test("a push without a ref is not answered", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room:1");
  await client.event("presence_state");
  client.send([null, null, "room:1", "wave", {}]);
  client.send([null, null, "room:1", "phx_reply", {}]);
  assertEquals(await client.rest(), []);
});

Deno.test("a leave is answered, and then the channel is closed", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  client.send(["3", "4", "room:1", "phx_join", {}]);
  await client.event("presence_state");
  client.send(["3", "9", "room:1", "phx_leave", {}]);
  assertEquals(await client.next(), ["3", "9", "room:1", "phx_reply", ok]);
  assertEquals(await client.next(), ["3", "3", "room:1", "phx_close", {}]);
  assertEquals(await client.refused("room:1", "wave"), "unmatched topic");
});

Deno.test("after a leave nothing of the topic arrives", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room:1");
  await client.done("room:1", "phx_leave");
  await client.rest();
  service.topics.track("room:1", "ada", {});
  await using other = await Client.connect(service);
  await other.join("room:1");
  await other.done("room:1", "wave");
  assertEquals(await client.rest(), []);
});

Deno.test("a leave of a topic that was not joined is answered with ok", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  client.send(["1", "2", "nowhere", "phx_leave", {}]);
  assertEquals(await client.next(), ["1", "2", "nowhere", "phx_reply", ok]);
  assertEquals(await client.rest(), []);
});

Deno.test("a push to a topic that was not joined is refused", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  for (const event of ["wave", "presence", "access_token", "presence_diff"]) {
    client.send([null, "2", "nowhere", event, {}]);
    assertEquals(await client.next(), [null, "2", "nowhere", "phx_reply", {
      status: "error",
      response: { reason: "unmatched topic" },
    }]);
  }
});

Deno.test("the topic of heartbeats can't be joined", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  assertEquals(await client.refusedJoin("phoenix"), "unmatched topic");
});

Deno.test("a second join closes the first, by its own join ref", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  client.send(["1", "1", "room:1", "phx_join", { key: "ada" }]);
  await client.event("presence_state");
  client.send(["2", "2", "room:1", "phx_join", { key: "ada" }]);
  assertEquals(await client.next(), ["1", "1", "room:1", "phx_close", {}]);
  assertEquals(await client.next(), [
    "2",
    "2",
    "room:1",
    "phx_reply",
    joined("ada", 0),
  ]);
  assertEquals(
    await client.next(),
    ["2", null, "room:1", "presence_state", {}],
  );
  assertEquals(await client.rest(), []);
});

Deno.test("a client that joins a second time is not seen to leave", async () => {
  await using service = serve();
  await using other = await Client.connect(service);
  await using client = await Client.connect(service);
  await client.join("room:1", { key: "ada", meta: { tab: 1 } });
  await other.join("room:1");
  await other.rest();
  await client.join("room:1", { key: "ada", meta: { tab: 2 } });
  assertEquals(await other.rest(), [[null, null, "room:1", "presence_diff", {
    joins: { ada: { metas: [{ phx_ref: "#2", tab: 2 }] } },
    leaves: { ada: { metas: [{ phx_ref: "#1", tab: 1 }] } },
    epoch: "e",
    sequence: 3,
  }]]);
  assertEquals(service.topics.connectionCount("room:1", "ada"), 1);
});

Deno.test("a second join that is refused closes the first all the same", async () => {
  await using service = serve({
    join: (_topic, { secret }) => secret === "x" ? {} : { reason: "no" },
  });
  await using client = await Client.connect(service);
  await client.join("room:1", { secret: "x", meta: {} });
  await client.rest();
  client.ask("room:1", { secret: "y" });
  assertEquals((await client.next())[3], "phx_close");
  assertEquals((await client.next())[4].status, "error");
  assertEquals(service.topics.countPresences("room:1"), 0);
  assertEquals(await client.refused("room:1", "wave"), "unmatched topic");
});

Deno.test("messages of a join that has ended are ignored", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room:1", { meta: { tab: 1 } });
  await client.join("room:1", { meta: { tab: 2 } });
  await client.rest();
  const untrack = { type: "presence", event: "untrack" };
  client.send(["1", "8", "room:1", "phx_leave", {}]);
  client.send(["1", "9", "room:1", "presence", untrack]);
  client.send(["1", "10", "room:1", "wave", {}]);
  assertEquals(await client.rest(), []);
  assertEquals(service.topics.list("room:1").map(({ metas }) => metas), [
    [{ tab: 2 }],
  ]);
});

Deno.test("a join beyond 100 topics is refused, and the others stay", async () => {
  await using service = serve({ limits: { messagesPerSecond: 1_000 } });
  await using client = await Client.connect(service);
  for (let index = 0; index < 100; index++) await client.join(`room:${index}`);
  const reason = "too many channels joined";
  assertEquals(await client.refusedJoin("room:100"), reason);
  assertEquals(service.socketOf("room:0").topics.length, 100);
  await client.done("room:99", "wave");
  // One of them anew is not one more, and one less makes room.
  await client.join("room:99");
  await client.done("room:0", "phx_leave");
  await client.join("room:100");
});

Deno.test("events of one topic of a socket do not appear in another", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("a", { key: "ada", meta: {} });
  await client.join("b", { key: "ada", meta: {} });
  await other.join("b", { key: "bob" });
  await client.rest();
  await client.untrack("a");
  assertEquals(service.topics.isPresent("b", "ada"), true);
  await other.done("b", "wave");
  await client.done("a", "phx_leave");
  assertEquals(
    (await client.rest()).map(([, , topic, event]) => [topic, event]),
    [["a", "presence_diff"], ["b", "wave"], ["a", "phx_close"]],
  );
});

Deno.test("refs that are numbers come back as numbers", async () => {
  await using service = serve();
  using client = await TcpClient.connect(service);
  await client.send([1, 2, "room:1", "phx_join", { key: "ada" }]);
  assertEquals(
    await client.read(),
    '[1,2,"room:1","phx_reply",{"status":"ok","response":{"key":"ada","epoch":"e","sequence":0}}]',
  );
  assertEquals(
    await client.read(),
    '[1,null,"room:1","presence_state",{}]',
  );
});

Deno.test("without a version the frames are objects", async () => {
  await using service = serve();
  using client = await TcpClient.connect(service, { query: "" });
  assertEquals(client.handshake.status, 101);
  const hear = async (): Promise<unknown> =>
    JSON.parse(await client.read() ?? "null");
  await client.send({
    topic: "r",
    event: "phx_join",
    payload: { key: "a" },
    ref: "1",
  });
  assertEquals(await hear(), {
    topic: "r",
    event: "phx_reply",
    payload: joined("a", 0),
    ref: "1",
  });
  assertEquals(
    await hear(),
    { topic: "r", event: "presence_state", payload: {}, ref: null },
  );
  service.topics.track("r", "bob", { mood: "fine" });
  const diff = await hear();
  assert(typeof diff === "object" && diff !== null);
  assertEquals({ ...diff, payload: undefined }, {
    topic: "r",
    event: "presence_diff",
    payload: undefined,
    ref: null,
  });
  await client.send({ topic: "r", event: "phx_leave", payload: {}, ref: "2" });
  assertEquals(
    await hear(),
    { topic: "r", event: "phx_reply", payload: ok, ref: "2" },
  );
  assertEquals(
    await hear(),
    { topic: "r", event: "phx_close", payload: {}, ref: "1" },
  );
});

Deno.test("clients of both versions get each other's broadcasts", async () => {
  await using service = serve();
  await using modern = await Client.connect(service);
  using old = await TcpClient.connect(service, { query: "vsn=1.0.0" });
  await modern.join("r", { key: "ada" });
  await old.send({
    topic: "r",
    event: "phx_join",
    payload: { key: "bob" },
    ref: "1",
  });
  await old.read();
  await old.read();
  await modern.done("r", "wave", { hand: "left" });
  assertEquals(JSON.parse(await old.read() ?? "null"), {
    topic: "r",
    event: "wave",
    payload: {
      hand: "left",
      sender: { key: "ada", connection: [...service.endpoint.sockets][0]?.id },
    },
    ref: null,
  });
  await old.send({ topic: "r", event: "nod", payload: {}, ref: "2" });
  assertEquals((await modern.event("nod"))[4].sender !== undefined, true);
});
