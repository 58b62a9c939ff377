import { assert, assertEquals } from "@std/assert";
import { inProcess } from "./testing/in_process.ts";
import { MemoryClient } from "./testing/memory_client.ts";
import { identity } from "./testing/service.ts";

const LIMIT = 65_536;

function request(headers: Record<string, string> = { upgrade: "websocket" }) {
  const url = "http://localhost/socket/websocket?vsn=2.0.0";
  return new Request(url, { headers });
}

Deno.test("PhoenixEndpoint.stats counts open sockets and what they send", async () => {
  using service = inProcess();
  const { endpoint } = service;
  const first = await service.connect();
  const second = await service.connect();
  first.say([null, "1", "phoenix", "heartbeat", {}]);
  second.say([null, "1", "phoenix", "heartbeat", {}]);
  assertEquals(endpoint.stats.sockets, 2);
  assertEquals(endpoint.stats.received, 2);
  first.socket.kick();
  assertEquals(endpoint.stats.sockets, 1);
});

Deno.test("PhoenixEndpoint.stats counts refusals by kind, whatever their reason", async () => {
  using service = inProcess({
    limits: { messagesPerSecond: 8, broadcastBytes: 200, frameBytes: 400 },
    join: (topic) => topic === "closed" ? { reason: "no: s3cret" } : {},
    authorize: (request) =>
      request.headers.has("x-bad") ? undefined : {
        viewer: { restricted: [], private: false },
        canRead: (topic) => topic !== "private",
        canWrite: () => true,
      },
  });
  const { endpoint } = service;
  await endpoint.accept(request({ upgrade: "websocket", "x-bad": "1" }));
  await endpoint.accept(request({}));
  const client = await service.member();
  client.say(["1", "2", "private", "phx_join", {}]);
  client.say(["1", "3", "closed", "phx_join", {}]);
  client.say(["1", "4", "nowhere", "wave", {}]);
  client.say(["1", "5", "room", "phx_trick", {}]);
  client.say(["1", "6", "room", "wave", { text: "x".repeat(200) }]);
  client.say("not a frame");
  await service.seconds(0);
  const other = await service.member();
  for (let ref = 0; ref < 17; ref++) {
    other.say(["1", `${ref}`, "room", "wave", {}]);
  }
  const third = await service.member();
  third.say("x".repeat(401));
  assertEquals(Object.fromEntries(endpoint.stats.rejected), {
    "unauthorized": 2,
    "invalid-request": 3,
    "refused": 1,
    "not-found": 1,
    "too-large": 2,
    "too-many-requests": 2,
  });
});

Deno.test("PhoenixEndpoint.stats shows readers that are behind", async () => {
  using service = inProcess({ limits: { bufferedBytes: LIMIT } });
  const { endpoint, topics } = service;
  const slow = await service.member();
  const other = await service.member();
  slow.bufferedAmount = LIMIT + 1;
  other.say(["1", "2", "room", "wave", {}]);
  other.say(["1", "3", "room", "wave", {}]);
  topics.track("room", "ada", {});
  await service.seconds(1);
  assertEquals(endpoint.stats.framesLeftOut, 2);
  assertEquals(endpoint.stats.statesResent, 0);
  assertEquals(endpoint.stats.backlogBytes, LIMIT + 1);
  slow.bufferedAmount = 0;
  await service.seconds(1);
  assertEquals(endpoint.stats.backlogBytes, 0);
  assertEquals(endpoint.stats.statesResent, 1);
});

Deno.test("PhoenixEndpoint.stats counts sockets that are closed because of how they read", async () => {
  using service = inProcess({ limits: { bufferedBytes: LIMIT } });
  const { endpoint } = service;
  const dead = await service.member();
  dead.bufferedAmount = 1;
  await service.seconds(60);
  assert(dead.isTerminated);
  const slow = await service.member();
  slow.bufferedAmount = LIMIT * 5;
  slow.say([null, "1", "phoenix", "heartbeat", {}]);
  assertEquals(
    Object.fromEntries(endpoint.stats.dropped),
    { dead: 1, slow: 1 },
  );
});

Deno.test("PhoenixEndpoint.stats counts a socket that is refused as it opens like one refused before", async () => {
  using service = inProcess({ limits: { allSockets: 1 } });
  const { endpoint } = service;
  const openFirst = await MemoryClient.accepted(endpoint);
  const openSecond = await MemoryClient.accepted(endpoint);
  assertEquals(openFirst().closeCode, undefined);
  assertEquals(openSecond().closeCode, 1008);
  const answer = await endpoint.accept(request());
  assert(answer instanceof Response);
  assertEquals(answer.status, 503);
  assertEquals(
    Object.fromEntries(endpoint.stats.rejected),
    { "too-many-requests": 2 },
  );
});

Deno.test("PhoenixEndpoint.stats counts sockets whose rights or server have ended before they open", async () => {
  const gone = new AbortController();
  const ada = identity({ subject: "ada", signal: gone.signal });
  using service = inProcess({ authorize: () => ada });
  const { endpoint } = service;
  const open = [];
  for (let count = 0; count < 2; count++) {
    open.push(await MemoryClient.accepted(endpoint));
  }
  endpoint.revoke(ada);
  assertEquals(open.pop()?.().closeReason, "revoked");
  gone.abort();
  assertEquals(open.pop()?.().closeReason, "revoked");
  assertEquals(
    Object.fromEntries(endpoint.stats.rejected),
    { "unauthorized": 2 },
  );
});

Deno.test("PhoenixEndpoint.stats counts a socket that opens on a closed server", async () => {
  using service = inProcess();
  const open = await MemoryClient.accepted(service.endpoint);
  service.server[Symbol.dispose]();
  assertEquals(open().closeCode, 1012);
  assertEquals(service.endpoint.stats.sockets, 0);
  assertEquals(
    Object.fromEntries(service.endpoint.stats.rejected),
    { "closed": 1 },
  );
});

Deno.test("PhoenixEndpoint.stats counts an unknown version as an invalid request", async () => {
  using service = inProcess();
  const url = "http://localhost/socket/websocket?vsn=9";
  const headers = { upgrade: "websocket" };
  await service.endpoint.accept(new Request(url, { headers }));
  assertEquals(
    Object.fromEntries(service.endpoint.stats.rejected),
    { "invalid-request": 1 },
  );
});

Deno.test("PhoenixEndpoint.stats counts no state of a reader that is lost before there is room", async () => {
  using service = inProcess({ limits: { bufferedBytes: LIMIT } });
  const slow = await service.member();
  slow.bufferedAmount = LIMIT + 1;
  service.topics.track("room", "ada", {});
  await service.seconds(1);
  slow.socket.lost();
  await service.seconds(1);
  assertEquals(service.endpoint.stats.statesResent, 0);
});

Deno.test("PhoenixEndpoint.stats counts no state that is not sent", async () => {
  using service = inProcess({ limits: { bufferedBytes: LIMIT } });
  const { endpoint, topics } = service;
  const slow = await service.member();
  slow.bufferedAmount = LIMIT + 1;
  topics.track("room", "ada", {});
  await service.seconds(1);
  const { socket } = slow;
  for (const restricted of [["a"], ["b"], ["c"]]) {
    socket.setViewer("room", { restricted, private: false });
    await service.seconds(1);
  }
  slow.bufferedAmount = 0;
  await service.seconds(1);
  const events = () => slow.take().map(([, , , event]) => event);
  assertEquals(events(), ["presence_state"]);
  assertEquals(endpoint.stats.statesResent, 1);
  topics.track("room", "bob", {});
  await service.seconds(1);
  assertEquals(events(), ["presence_diff"]);
  slow.bufferedAmount = LIMIT + 1;
  topics.track("room", "cy", {});
  await service.seconds(1);
  slow.say(["1", "2", "room", "phx_leave", {}]);
  slow.bufferedAmount = 0;
  await service.seconds(1);
  assertEquals(events(), ["phx_reply", "phx_close"]);
  assertEquals(endpoint.stats.statesResent, 1);
});

Deno.test("PhoenixEndpoint.stats counts no frame that its reader could not have read", async () => {
  using service = inProcess({ limits: { bufferedBytes: LIMIT } });
  const { endpoint } = service;
  const old = await MemoryClient.connect(endpoint, "vsn=1.0.0");
  const join = { topic: "room", event: "phx_join", payload: {}, ref: "1" };
  old.say(JSON.stringify(join));
  await service.seconds(0);
  old.bufferedAmount = LIMIT + 1;
  const other = await service.member();
  const names = new TextEncoder().encode("12roomwave");
  other.say(Uint8Array.of(0, 1, 1, 4, 4, ...names, 7));
  assertEquals(other.take().map(([, , , , { status }]) => status), ["ok"]);
  assertEquals(endpoint.stats.framesLeftOut, 0);
  other.say(["1", "3", "room", "wave", {}]);
  assertEquals(endpoint.stats.framesLeftOut, 1);
});
