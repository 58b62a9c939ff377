import { assertEquals } from "@std/assert";
// @ts-types="npm:@types/phoenix@1.6.7"
import { Socket } from "phoenix";
import { Lab } from "../../cluster/testing/lab.ts";
import { Node } from "../../documents/testing/node.ts";
import { flush } from "../../testing/harness.ts";
import { eventually } from "../../testing/waiting.ts";
import { TopicPresence } from "../../topics/mod.ts";
import { PhoenixEndpoint } from "../mod.ts";
import { captureSocket } from "../testing/captured_socket.ts";
import type { Frame } from "../testing/client.ts";
import { type InProcess, inProcess } from "../testing/in_process.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import { serve } from "../testing/service.ts";

const LIMIT = 3;
const LIMITS = { limits: { stateConnections: LIMIT } };
const TOO_LARGE = `topic too large: it has ${LIMIT} connections or more`;
const WITHOUT_PRESENCE = { config: { presence: { enabled: false } } };

/** An endpoint whose room has some connections. */
function room(connections: number): InProcess {
  const service = inProcess(LIMITS);
  grow(service, connections);
  return service;
}

/** Lets connections join until there are so many. */
function grow(
  { topics }: Pick<InProcess, "topics">,
  connections: number,
  topic = "room",
) {
  while (topics.countPresences(topic) < connections) {
    topics.track(topic, `person ${topics.countPresences(topic)}`, {});
  }
}

/** Joins a topic, and returns what the client gets. */
async function join(
  service: InProcess,
  params: object = {},
  topic = "room",
): Promise<Frame[]> {
  const client = await service.connect();
  client.say(["1", "1", topic, "phx_join", params]);
  await flush();
  return client.take();
}

function events(frames: readonly Frame[]): string[] {
  return frames.map(([, , , event]) => event);
}

function refusal(topic: string, reason: string): Frame {
  const payload = { status: "error", response: { reason } };
  return ["1", "1", topic, "phx_reply", payload];
}

Deno.test("a topic with more connections than the limit is refused, with the reason", async () => {
  using service = room(LIMIT + 1);
  assertEquals(await join(service), [refusal("room", TOO_LARGE)]);
});

Deno.test("a client that would be one connection too many does not become present", async () => {
  using service = room(LIMIT);
  const params = { key: "ada", meta: {} };
  assertEquals(await join(service, params), [refusal("room", TOO_LARGE)]);
  assertEquals(service.topics.isPresent("room", "ada"), false);
});

Deno.test("up to the limit, itself included, a client gets the state", async () => {
  using service = room(LIMIT - 1);
  const answered = ["phx_reply", "presence_state"];
  const params = { key: "ada", meta: {} };
  assertEquals(events(await join(service, params)), answered);
  assertEquals(events(await join(service)), answered);
});

Deno.test("a client without presence may join a topic of any size, and broadcast", async () => {
  using service = room(LIMIT + 1);
  const ada = await service.member({ key: "ada", ...WITHOUT_PRESENCE });
  const bob = await service.member({ key: "bob", ...WITHOUT_PRESENCE });
  ada.say(["1", "2", "room", "wave", {}]);
  assertEquals(events(bob.take()), ["wave"]);
  assertEquals(events(ada.take()), ["phx_reply"]);
});

Deno.test("a client without presence can't become present in a topic that is too large", async () => {
  using service = room(LIMIT);
  const ada = await service.member({ key: "ada", ...WITHOUT_PRESENCE });
  ada.say(["1", "2", "room", "presence", { event: "track", payload: {} }]);
  await flush();
  const response = { reason: TOO_LARGE };
  assertEquals(ada.take(), [
    ["1", "2", "room", "phx_reply", { status: "error", response }],
  ]);
  assertEquals(service.topics.isPresent("room", "ada"), false);
});

Deno.test("clients that have joined to watch can't all become present beyond the limit", async () => {
  using service = inProcess(LIMITS);
  const clients = [];
  for (let n = 0; n <= LIMIT; n++) {
    clients.push(await service.member({ key: `person ${n}` }));
  }
  const track = { event: "track", payload: {} };
  for (const client of clients) {
    client.say(["1", "2", "room", "presence", track]);
  }
  await flush();
  assertEquals(service.topics.countPresences("room"), LIMIT);
  const response = { reason: TOO_LARGE };
  const [reply] = clients.at(-1)?.take() ?? [];
  assertEquals(reply?.[4], { status: "error", response });
});

Deno.test("a member of a topic that has grown too large goes on getting diffs", async () => {
  using service = room(1);
  const ada = await service.member({ key: "ada", meta: {} });
  grow(service, LIMIT + 10);
  await flush();
  assertEquals(events(ada.take()), ["presence_diff"]);
  const track = { event: "track", payload: { mood: "fine" } };
  ada.say(["1", "2", "room", "presence", track]);
  await flush();
  assertEquals(events(ada.take()), ["phx_reply", "presence_diff"]);
  assertEquals(service.topics.get("room", "ada")?.metas, [{ mood: "fine" }]);
});

Deno.test("a member that was too slow for a topic that has grown is asked to join again", async () => {
  using service = room(1);
  const ada = await service.member({ key: "ada" });
  ada.bufferedAmount = 10_000_000;
  grow(service, LIMIT + 1);
  await flush();
  ada.bufferedAmount = 0;
  await service.seconds(1);
  assertEquals(events(ada.take()), ["phx_error"]);
  ada.say(["1", "1", "room", "phx_join", {}]);
  await flush();
  assertEquals(ada.take(), [refusal("room", TOO_LARGE)]);
});

Deno.test("a member of a topic that has grown must join again for other rights", async () => {
  using service = room(1);
  const ada = await service.member({ key: "ada" });
  grow(service, LIMIT + 1);
  await flush();
  ada.take();
  ada.socket.setViewer("room", { restricted: ["team"], private: false });
  await flush();
  assertEquals(events(ada.take()), ["phx_error"]);
});

Deno.test("a document that is too large is refused before anybody enters", async () => {
  using service = inProcess(LIMITS);
  const context = "document:1";
  grow(service, LIMIT + 1, context);
  for (const params of [{ name: "Ada" }, WITHOUT_PRESENCE]) {
    assertEquals(await join(service, { key: "ada", ...params }, context), [
      refusal(context, TOO_LARGE),
    ]);
  }
  const { users } = await service.documents.activeUsers("1");
  assertEquals(users.length, LIMIT + 1);
});

Deno.test("at the limit, a document lets in who only watches, like a topic", async () => {
  for (const topic of ["room", "document:1"]) {
    using service = inProcess(LIMITS);
    grow(service, LIMIT, topic);
    const [reply, state] = await join(service, { key: "bob" }, topic);
    assertEquals(reply?.[4].status, "ok");
    assertEquals(state?.[3], "presence_state");
    const enters = {
      key: "ada",
      ...topic === "room" ? { meta: {} } : { name: "Ada" },
    };
    assertEquals(await join(service, enters, topic), [
      refusal(topic, TOO_LARGE),
    ]);
    assertEquals(service.topics.countPresences(topic), LIMIT);
  }
});

Deno.test("clients that enter a document at the same time are refused beyond the limit", async () => {
  using service = inProcess(LIMITS);
  const context = "document:1";
  grow(service, LIMIT - 1, context);
  const clients = [await service.connect(), await service.connect()];
  for (const client of clients) {
    client.say(["1", "1", context, "phx_join", { name: "Ada" }]);
  }
  await flush();
  assertEquals(
    clients.map((client) => client.take()),
    clients.map(() => [refusal(context, TOO_LARGE)]),
  );
});

/** Says frames at a node that does not follow the topic; returns the answers. */
async function atNewNode(
  topic: string,
  connections: number,
  ...said: (readonly unknown[])[]
): Promise<Frame[]> {
  using lab = new Lab();
  using a = await Node.start(lab, "a");
  using b = await Node.start(lab, "b");
  await lab.pass();
  await a.run(() =>
    grow({ topics: new TopicPresence(a.server) }, connections, topic)
  );
  await lab.pass();
  const endpoints: PhoenixEndpoint[] = [];
  const clients: Promise<MemoryClient>[] = [];
  await b.run(() => {
    const presence = new TopicPresence(b.server);
    const endpoint = new PhoenixEndpoint(presence, {
      ...LIMITS,
      documents: b.presence,
      onError: (error) => void b.errors.push(error),
    });
    endpoints.push(endpoint);
    clients.push(MemoryClient.connect(endpoint));
  });
  const [client] = await Promise.all(clients);
  await b.run(() => {
    for (const frame of said) client?.say(frame);
  });
  await lab.pass(10_000);
  for (const endpoint of endpoints) endpoint[Symbol.dispose]();
  assertEquals([a.errors, b.errors], [[], []]);
  return client?.take() ?? [];
}

Deno.test("the connections of a topic at other servers count before a join is answered", async () => {
  for (const topic of ["room", "document:1"]) {
    for (const params of [{}, { key: "ada", meta: {}, name: "Ada" }]) {
      const frames = await atNewNode(
        topic,
        LIMIT + 1,
        ["1", "1", topic, "phx_join", params],
      );
      assertEquals(frames, [refusal(topic, TOO_LARGE)]);
    }
  }
});

Deno.test("the connections of a topic at other servers count before a client is tracked", async () => {
  const frames = await atNewNode(
    "room",
    LIMIT,
    ["1", "1", "room", "phx_join", WITHOUT_PRESENCE],
    ["1", "2", "room", "presence", { event: "track", payload: {} }],
  );
  const payload = { status: "error", response: { reason: TOO_LARGE } };
  assertEquals(frames.slice(1), [["1", "2", "room", "phx_reply", payload]]);
});

Deno.test("a client gets the state of a small topic at other servers", async () => {
  const frames = await atNewNode(
    "room",
    LIMIT,
    ["1", "1", "room", "phx_join", {}],
  );
  assertEquals(events(frames), ["phx_reply", "presence_state"]);
  assertEquals(Object.keys(frames[1]?.[4] ?? {}).length, LIMIT);
});

Deno.test("a node that is cut off from the others answers a join all the same", async () => {
  using lab = new Lab();
  using node = await Node.start(lab, "a");
  await lab.pass();
  node.cut();
  await lab.pass(5_000);
  using endpoint = new PhoenixEndpoint(new TopicPresence(node.server), LIMITS);
  const client = await MemoryClient.connect(endpoint);
  await node.run(() => client.say(["1", "1", "room", "phx_join", {}]));
  await lab.pass(5_000);
  assertEquals(events(client.take()), ["phx_reply", "presence_state"]);
});

Deno.test("phoenix.js is told that a topic is too large, and joins by itself once it is not", async () => {
  await using service = serve(LIMITS);
  grow(service, LIMIT);
  const last = service.topics.track("room", "last", {});
  const captured = captureSocket();
  const socket = new Socket(service.url, {
    transport: captured.transport,
    rejoinAfterMs: () => 10,
  });
  socket.connect();
  const told: string[] = [];
  const channel = socket.channel("room");
  channel.on("presence_state", () => void told.push("state"));
  channel.join().receive("error", ({ reason }) => void told.push(reason));
  await eventually(() => told.includes(TOO_LARGE), "it is told why");
  last[Symbol.dispose]();
  await eventually(() => told.includes("state"), "it joins");
  assertEquals(new Set(told), new Set([TOO_LARGE, "state"]));
  await captured.close();
  await new Promise<void>((resolve) => socket.disconnect(resolve));
});
