import { assert, assertEquals } from "@std/assert";
import { endOfTurn, flush } from "../../testing/harness.ts";
import { FakeTransport } from "../testing/fake_transport.ts";
import { type InProcess, inProcess } from "../testing/in_process.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import { identity } from "../testing/service.ts";
import { type SocketTransport, tokenOf } from "../mod.ts";
import type { FrameReceiver } from "./pipe.ts";

const QUERY = "vsn=2.0.0&bundle=1&pipe=1";

/** The subprotocols of a client with a token. */
const protocolsOf = (token: string) =>
  `phoenix, base64url.bearer.phx.${btoa(token).replaceAll("=", "")}`;

/** Lets people in whose name is their token. */
const byToken = (request: Request) => {
  const subject = tokenOf(request);
  return subject === "mallory" ? undefined : identity({ subject });
};

/** Serves a room; a lost socket has a grace of two seconds. */
const serveRoom = () =>
  inProcess({ authorize: byToken, server: { graceMs: 2_000 } });

/** A request for a socket, with a token. */
const requestOf = (query: string, token: string) =>
  new Request(`http://localhost/socket/websocket?${query}`, {
    headers: {
      "upgrade": "websocket",
      "sec-websocket-protocol": protocolsOf(token),
    },
  });

/** Opens a pipe of ada. */
async function openPipe(
  { endpoint }: InProcess,
  transport: SocketTransport,
): Promise<FrameReceiver> {
  const acceptance = await endpoint.accept(requestOf(QUERY, "ada"));
  assert(!(acceptance instanceof Response));
  return acceptance.open(transport);
}

/** Opens a pipe, and sockets in it. */
async function pipeWith(
  { endpoint }: InProcess,
  ...tokens: string[]
): Promise<MemoryClient> {
  const pipe = await MemoryClient.connect(endpoint, QUERY);
  for (const [index, token] of tokens.entries()) {
    pipe.say(`+${index + 1} ${protocolsOf(token)}`);
  }
  await flush();
  return pipe;
}

/** Joins the room by a socket in a pipe. */
const join = (id: number) =>
  `${id} ${JSON.stringify(["1", "1", "room", "phx_join", { meta: {} }])}`;

/** The people in the room. */
const people = ({ topics }: InProcess) =>
  topics.list("room").map(({ key }) => key);

Deno.test("a pipe has several sockets, each with a token of its own", async () => {
  using service = serveRoom();
  const pipe = await pipeWith(service, "ada", "bob");
  assertEquals(pipe.frames, ["+1", "+2"]);
  assertEquals(service.endpoint.sockets.size, 2);
  pipe.say(join(1));
  pipe.say(join(2));
  assertEquals(people(service), ["ada", "bob"]);
  pipe.frames.length = 0;
  await endOfTurn();
  // What one does reaches the other.
  const to = pipe.frames.map((frame) => String(frame).slice(0, 3));
  assertEquals(new Set(to), new Set(["1 [", "2 ["]));
});

Deno.test("a socket in a pipe that is refused does not open, and the others go on", async () => {
  using service = serveRoom();
  const pipe = await pipeWith(service, "ada", "mallory");
  assertEquals(pipe.frames, ["+1", "-2 1006 "]);
  pipe.say(join(2));
  pipe.say(join(1));
  assertEquals(people(service), ["ada"]);
});

Deno.test("a pipe opens only for a client that may have a socket", async () => {
  using service = inProcess({ authorize: () => undefined });
  const url = `http://localhost/socket/websocket?${QUERY}`;
  const request = new Request(url, { headers: { upgrade: "websocket" } });
  const answer = await service.endpoint.accept(request);
  assertEquals(answer instanceof Response && answer.status, 403);
});

Deno.test("a closed socket of a pipe leaves after its grace, and the others stay", async () => {
  using service = serveRoom();
  const pipe = await pipeWith(service, "ada", "bob");
  pipe.say(join(1));
  pipe.say(join(2));
  pipe.say("-1");
  assertEquals(people(service), ["ada", "bob"]);
  await service.seconds(3);
  assertEquals(people(service), ["bob"]);
});

Deno.test("a lost pipe loses all its sockets, whose presence has its grace", async () => {
  using service = serveRoom();
  const pipe = await pipeWith(service, "ada", "bob");
  pipe.say(join(1));
  pipe.say(join(2));
  pipe.lost();
  assertEquals([people(service), service.endpoint.sockets.size], [
    ["ada", "bob"],
    0,
  ]);
  await service.seconds(3);
  assertEquals(people(service), []);
});

Deno.test("a kicked socket of a pipe closes, and the others stay", async () => {
  using service = serveRoom();
  const pipe = await pipeWith(service, "ada", "bob");
  pipe.say(join(1));
  const [ada] = service.endpoint.sockets;
  pipe.frames.length = 0;
  ada?.kick();
  assertEquals(pipe.frames.at(-1), "-1 1008 kicked");
  assertEquals([people(service), pipe.closeCode], [[], undefined]);
  assertEquals(service.endpoint.sockets.size, 1);
});

Deno.test("an endpoint that ends closes a pipe like a socket, also an empty one", async () => {
  using service = serveRoom();
  const pipe = await pipeWith(service, "ada", "bob");
  const empty = await pipeWith(service);
  await service.endpoint[Symbol.asyncDispose]();
  assertEquals([pipe.closeCode, empty.closeCode], [1012, 1012]);
});

Deno.test("an endpoint that ends waits until the client of a pipe has closed it", async () => {
  using service = serveRoom();
  const pipe = await openPipe(service, new FakeTransport());
  pipe.receive(`+1 ${protocolsOf("ada")}`);
  await flush();
  let isOver = false;
  const end = service.endpoint[Symbol.asyncDispose]()
    .then(() => isOver = true);
  await flush();
  assertEquals(isOver, false);
  pipe.lost();
  await end;
});

Deno.test("a pipe closes if nothing opens for ten seconds", async () => {
  using service = serveRoom();
  const pipes = [
    await pipeWith(service),
    await pipeWith(service, "mallory"),
    await pipeWith(service, "ada"),
  ];
  const [, , pipe] = pipes;
  pipe?.say("-1");
  await service.seconds(9);
  assertEquals(pipes.map((pipe) => pipe.closeCode), [
    undefined,
    undefined,
    undefined,
  ]);
  // The client did not know that it would be the last one.
  pipe?.say(`+2 ${protocolsOf("ada")}`);
  await service.seconds(2);
  assertEquals(pipes.map((pipe) => pipe.closeReason), [
    "Nothing opens",
    "Nothing opens",
    undefined,
  ]);
});

Deno.test("a pipe closes with its sockets if one opens twice", async () => {
  using service = serveRoom();
  const pipe = await pipeWith(service, "ada");
  pipe.say(`+1 ${protocolsOf("ada")}`);
  assertEquals(pipe.closeReason, "Opens a socket twice");
  assertEquals(service.endpoint.sockets.size, 0);
});

Deno.test("the 101st socket of a pipe does not open, and the others go on", async () => {
  using service = serveRoom();
  const tokens = Array.from({ length: 101 }, (_, index) => `user ${index}`);
  const pipe = await pipeWith(service, ...tokens);
  assertEquals(
    pipe.frames.filter((frame) => String(frame).startsWith("-")),
    ["-101 1008 Too many sockets"],
  );
  assertEquals(service.endpoint.sockets.size, 100);
  assertEquals(pipe.closeCode, undefined);
});

Deno.test("a socket that opens too soon after many others does not, and they go on", async () => {
  using service = inProcess({ limits: { messagesPerSecond: 1 } });
  const pipe = await pipeWith(service, "ada", "bob", "eve");
  assertEquals(pipe.frames, ["-3 1008 Too many sockets", "+1", "+2"]);
  assertEquals(pipe.closeCode, undefined);
  await service.seconds(1);
  pipe.say("+3");
  await flush();
  assertEquals(service.endpoint.sockets.size, 3);
});

Deno.test("a pipe closes if its client opens too many sockets and reads nothing", async () => {
  using service = inProcess({
    limits: { messagesPerSecond: 1, bufferedBytes: 100 },
  });
  const pipe = await pipeWith(service, "ada", "bob");
  pipe.bufferedAmount = 101;
  pipe.say("+3");
  assertEquals(pipe.closeReason, "Reads too slowly");
});

Deno.test("a pipe counts as a socket until it closes, also for its subject", async () => {
  for (const limits of [{ sockets: 2 }, { allSockets: 2 }]) {
    using service = inProcess({ authorize: byToken, limits });
    const { endpoint } = service;
    const status = async () => {
      const request = requestOf("vsn=2.0.0", "ada");
      const answer = await endpoint.accept(request);
      return answer instanceof Response ? answer.status : 101;
    };
    const first = await openPipe(service, new FakeTransport());
    assertEquals(await status(), 101);
    const second = await openPipe(service, new FakeTransport());
    const refused = "sockets" in limits ? 429 : 503;
    assertEquals(await status(), refused);
    first.lost();
    assertEquals(await status(), 101);
    second.receive(`+1 ${protocolsOf("ada")}`);
    await flush();
    assertEquals([endpoint.sockets.size, await status()], [1, refused]);
    second.lost();
    assertEquals([endpoint.sockets.size, await status()], [0, 101]);
  }
});

Deno.test("concurrent requests for pipes don't exceed the limit", async () => {
  using service = inProcess({ limits: { allSockets: 1 } });
  const opens = [
    await MemoryClient.accepted(service.endpoint, QUERY),
    await MemoryClient.accepted(service.endpoint, QUERY),
  ];
  const codes = opens.map((open) => open().closeCode);
  assertEquals(codes, [undefined, 1008]);
});

Deno.test("a pipe closes on a frame that it can't read", async () => {
  using service = serveRoom();
  for (
    const frame of [
      "",
      "hello",
      "+x",
      "1234567890 []",
      "+2 ä",
      new Uint8Array(3),
    ]
  ) {
    const pipe = await pipeWith(service, "ada");
    pipe.say(frame);
    assertEquals(pipe.closeReason, "Cannot read frame");
  }
});

Deno.test("a socket of a pipe that closes before it opens stays closed", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  using service = inProcess({
    authorize: async (request) => {
      if (tokenOf(request) === "slow") await promise;
      return identity();
    },
  });
  const pipe = await pipeWith(service, "ada", "slow");
  pipe.say("-2");
  resolve();
  await flush();
  assertEquals(pipe.frames, ["+1"]);
  assertEquals(service.endpoint.sockets.size, 1);
});

Deno.test("a number that is used again while its socket opens has one socket", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  using service = inProcess({
    authorize: async (request) => {
      if (tokenOf(request) === "slow") await promise;
      return identity();
    },
  });
  const { sockets } = service.endpoint;
  const pipe = await pipeWith(service, "ada");
  for (let turn = 0; turn < 5; turn++) {
    pipe.say(`+2 ${protocolsOf("slow")}`);
    pipe.say("-2");
  }
  pipe.say(`+2 ${protocolsOf("slow")}`);
  resolve();
  await flush();
  assertEquals(pipe.frames, ["+1", "+2"]);
  assertEquals(sockets.size, 2);
  pipe.lost();
  assertEquals(sockets.size, 0);
});
