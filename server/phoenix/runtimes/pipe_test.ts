import { assertEquals } from "@std/assert";
import { endOfTurn, flush } from "../../testing/harness.ts";
import { type InProcess, inProcess } from "../testing/in_process.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import { identity } from "../testing/service.ts";
import { tokenOf } from "../mod.ts";

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
  pipe.say("-2");
  assertEquals(pipe.closeCode, 1000);
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

Deno.test("a pipe closes if nothing opens, or too much does", async () => {
  using service = serveRoom();
  const empty = await pipeWith(service);
  await service.seconds(11);
  assertEquals(empty.closeReason, "Nothing opens");
  const flood = await pipeWith(service, "ada");
  flood.say(`+1 ${protocolsOf("ada")}`);
  await flush();
  assertEquals(flood.closeReason, "Too many sockets");
  assertEquals(service.endpoint.sockets.size, 0);
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
