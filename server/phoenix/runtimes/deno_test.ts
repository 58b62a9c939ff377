import { assertEquals } from "@std/assert";
import { connect } from "node:net";
import { listen } from "../../testing/listen.ts";
import { eventually } from "../../testing/waiting.ts";
import { type PhoenixIdentity, upgradeInDeno } from "../mod.ts";
import { Client } from "../testing/client.ts";
import { identity, serve, type Service } from "../testing/service.ts";
import { TcpClient } from "../testing/tcp_client.ts";

/** Asks without the headers of a browser's socket, as it were by hand. */
async function status(
  service: Service,
  headers: Record<string, string>,
  query = "vsn=2.0.0",
): Promise<number> {
  using client = await TcpClient.connect(service, { headers, query });
  return client.handshake.status;
}

/** Fails unless a service still serves somebody. */
async function assertServes(service: { readonly url: string }): Promise<void> {
  await using client = await Client.connect(service);
  const reply = await client.call("phoenix", "heartbeat");
  assertEquals(reply, { status: "ok", response: {} });
}

Deno.test("upgradeInDeno() opens a socket", async () => {
  await using service = serve();
  assertEquals(await status(service, {}), 101);
});

Deno.test("upgradeInDeno() opens a pipe, whose sockets have the headers of its request", async () => {
  await using service = serve();
  const socket = new WebSocket(
    `${service.url}/websocket?vsn=2.0.0&bundle=1&pipe=1`,
  );
  socket.addEventListener("open", () => socket.send("+1 "));
  const answer = await new Promise((resolve) =>
    socket.addEventListener("message", ({ data }) => resolve(data))
  );
  const closed = new Promise((resolve) =>
    socket.addEventListener("close", resolve)
  );
  socket.close();
  await closed;
  assertEquals(answer, "+1");
});

Deno.test("upgradeInDeno() refuses a request for no socket, with 426", async () => {
  await using service = serve();
  const response = await fetch(`http://127.0.0.1:${service.port}/`);
  assertEquals(response.status, 426);
  assertEquals(response.headers.get("upgrade"), "websocket");
  assertEquals(
    await response.text(),
    "Cannot connect: a WebSocket is wanted\n",
  );
});

Deno.test("upgradeInDeno() refuses an unknown version, with 403", async () => {
  await using service = serve();
  assertEquals(await status(service, {}, "vsn=9.0.0"), 403);
});

Deno.test("upgradeInDeno() refuses a host that is not served, with 421", async () => {
  await using service = serve();
  assertEquals(await status(service, { host: "evil.example" }), 421);
});

Deno.test("upgradeInDeno() refuses pages of other sites, with 403", async () => {
  await using service = serve({ origins: ["https://app.example"] });
  assertEquals(await status(service, { origin: "https://evil.example" }), 403);
  assertEquals(await status(service, { origin: "https://app.example" }), 101);
});

Deno.test("upgradeInDeno() refuses an invalid handshake, with 400", async () => {
  await using service = serve();
  assertEquals(await status(service, { "Connection": "keep-alive" }), 400);
});

Deno.test("upgradeInDeno() refuses a client that authorize does not know, with 403", async () => {
  await using service = serve({ authorize: () => null });
  assertEquals(await status(service, {}), 403);
});

Deno.test("upgradeInDeno() answers 500 if authorize throws", async () => {
  const errors: unknown[] = [];
  await using service = serve({
    authorize: () => Promise.reject("the database is gone"),
    onError: (error) => errors.push(error),
  });
  assertEquals(await status(service, {}), 500);
  assertEquals(errors, ["the database is gone"]);
});

Deno.test("upgradeInDeno() refuses all requests once the endpoint is closed, with 503", async () => {
  await using service = serve();
  service.endpoint[Symbol.dispose]();
  assertEquals(await status(service, {}), 503);
});

Deno.test("upgradeInDeno() chooses the subprotocol phoenix, and no other", async () => {
  await using service = serve();
  const chosen = async (offered: string) => {
    const headers = { "sec-websocket-protocol": offered };
    using client = await TcpClient.connect(service, { headers });
    const { status, headers: answer } = client.handshake;
    assertEquals(status, 101);
    return answer.get("sec-websocket-protocol");
  };
  assertEquals(await chosen("phoenix"), "phoenix");
  assertEquals(await chosen("base64url.bearer.phx.eA, phoenix"), "phoenix");
  assertEquals(await chosen("phoenix,base64url.bearer.phx.eA"), "phoenix");
  assertEquals(await chosen("a,b"), null);
});

Deno.test("a client gets the reason of a close, as far as a close frame has room", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room");
  service.socketOf("room").kick("spam ".repeat(50));
  const reason = `${"spam ".repeat(24)}spa`;
  assertEquals(await client.closed(), { code: 1008, reason });
});

Deno.test("a reason is never cut within a character", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room");
  service.socketOf("room").kick("é".repeat(100));
  assertEquals((await client.closed()).reason, "é".repeat(61));
});

for (
  const [what, frame] of [
    ["text", "x".repeat(1_001)],
    ["text of few, but large, characters", "€".repeat(334)],
    ["bytes", new Uint8Array(1_001)],
  ] as const
) {
  Deno.test(`a frame beyond the limit closes the socket with 1009: ${what}`, async () => {
    await using service = serve({ limits: { frameBytes: 1_000 } });
    await using client = await Client.connect(service);
    client.send(frame);
    const reason = "The frame is too large";
    assertEquals(await client.closed(), { code: 1009, reason });
    assertEquals(service.endpoint.sockets.size, 0);
  });
}

Deno.test("a frame of exactly the limit is read", async () => {
  await using service = serve({ limits: { frameBytes: 1_000 } });
  await using client = await Client.connect(service);
  const start = `[null,"1","phoenix","heartbeat",{"x":"`;
  client.send(`${start.padEnd(997, "x")}"}]`);
  assertEquals((await client.reply("1"))[4].status, "ok");
});

Deno.test("a client that vanishes is lost at once, and leaves after the grace", async () => {
  await using service = serve({ server: { graceMs: 50 } });
  await using witness = await Client.connect(service);
  await witness.join("room");
  {
    using client = await TcpClient.connect(service);
    await client.send(["1", "1", "room", "phx_join", { key: "ada", meta: 1 }]);
    assertEquals(
      Object.keys((await witness.event("presence_diff"))[4].joins ?? {}),
      ["ada"],
    );
  }
  const [, , , , { leaves }] = await witness.event("presence_diff");
  assertEquals(Object.keys(leaves ?? {}), ["ada"]);
  assertEquals(service.endpoint.sockets.size, 1);
});

Deno.test(
  "a client that resets its connection while authorize is pending harms nobody",
  {
    // Deno waits for the rest of the handshake for ever.
    sanitizeOps: false,
  },
  async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<PhoenixIdentity>();
    let isFirst = true;
    await using service = serve({
      authorize: () => {
        if (!isFirst) return identity();
        isFirst = false;
        asked.resolve();
        return answer.promise;
      },
    });
    const { endpoint } = service;
    const stop = new AbortController();
    const http = Deno.serve(
      {
        port: 0,
        hostname: "127.0.0.1",
        // shutdown() would wait as well.
        signal: stop.signal,
        onListen() {},
      },
      (request) => upgradeInDeno(endpoint, request),
    );
    const { port } = http.addr;
    const connection = connect(port, "127.0.0.1");
    connection.write(
      [
        "GET /socket/websocket?vsn=2.0.0 HTTP/1.1",
        `Host: 127.0.0.1:${port}`,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
        "\r\n",
      ].join("\r\n"),
    );
    await asked.promise;
    const closed = new Promise((resolve) => connection.on("close", resolve));
    connection.resetAndDestroy();
    await closed;
    answer.resolve(identity());
    await assertServes({ url: `ws://127.0.0.1:${port}/socket` });
    await eventually(() => endpoint.sockets.size === 0, "nobody is left");
    stop.abort();
    await http.finished;
  },
);

Deno.test("hooks and an onError that throw harm nobody", async () => {
  const { error } = console;
  const printed: unknown[] = [];
  console.error = (value: unknown) => printed.push(value);
  try {
    await using service = serve({
      join: (topic) => {
        if (topic === "bad") throw new Error("join");
        return {};
      },
      accessToken: () => Promise.reject(new Error("accessToken")),
      onError: (error) => {
        throw error;
      },
    });
    await using client = await Client.connect(service);
    await client.refusedJoin("bad");
    await client.join("room");
    await client.refused("room", "access_token", { access_token: "x" });
    await client.done("room", "wave");
    assertEquals(printed.map(String), ["Error: join", "Error: accessToken"]);
  } finally {
    console.error = error;
  }
});

Deno.test("a hook that ends the socket ends it", async () => {
  await using service = serve({
    join: (_topic, _params, _identity, socket) => {
      socket.kick("no rooms today");
      return { meta: {} };
    },
  });
  await using client = await Client.connect(service);
  client.ask("room");
  assertEquals(await client.closed(), { code: 1008, reason: "no rooms today" });
  assertEquals(service.topics.list("room"), []);
});

Deno.test("an empty frame that waits behind a hook is refused like any other", async () => {
  const answer = Promise.withResolvers<Record<never, never>>();
  await using service = serve({ join: () => answer.promise });
  await using client = await Client.connect(service);
  client.ask("room");
  client.send("");
  answer.resolve({});
  assertEquals((await client.closed()).code, 1008);
});

Deno.test("disposal closes sockets with 1012, before Deno does with 1001", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  const { endpoint } = service;
  await using http = listen((request) => upgradeInDeno(endpoint, request));
  const { port } = http.addr;
  await using other = await Client.connect({
    url: `ws://127.0.0.1:${port}/socket`,
  });
  await endpoint[Symbol.asyncDispose]();
  await http.shutdown();
  const restart = { code: 1012, reason: "service restart" };
  assertEquals(await client.closed(), restart);
  assertEquals(await other.closed(), restart);
});
