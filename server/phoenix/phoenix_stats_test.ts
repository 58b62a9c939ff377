import { assert, assertEquals } from "@std/assert";
import { inProcess } from "./testing/in_process.ts";

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

Deno.test("PhoenixEndpoint.stats counts what is refused by kind, whatever was said", async () => {
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

Deno.test("PhoenixEndpoint.stats tells of readers who are behind", async () => {
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
  assertEquals(endpoint.stats.statesResent, 1);
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
