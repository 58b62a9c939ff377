/**
 * Serves Phoenix Channels, under Node or Bun, to clients of npm and to clients
 * that misbehave: `npm_consumer_test.ts` runs this too. It prints its
 * results.
 *
 * @module
 */

import { PresenceServer } from "@ruthere/presence/server";
import {
  createBunWebSocket,
  createNodeUpgrade,
  PhoenixEndpoint,
  upgradeInBun,
} from "@ruthere/presence/server/phoenix";
import { TopicPresence } from "@ruthere/presence/server/topics";
import { createServer } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Presence, Socket } from "phoenix";

// Deno, which checks this file too, does not have it.
const { WebSocket, WebSocketServer } = await import("ws");
const hostname = "127.0.0.1";
const isBun = "Bun" in globalThis;
const found = {};

// Node's sweep for dead sockets is run by hand; Bun's takes half a minute.
const timers = isBun ? undefined : (await import("node:test")).mock.timers;
timers?.enable({ apis: ["setInterval"] });

let whenAsked = () => {};
const errors = [];
const server = new PresenceServer({ graceMs: 50 });
const endpoint = new PhoenixEndpoint(new TopicPresence(server), {
  async authorize({ url }) {
    if (new URL(url).searchParams.has("slow")) {
      whenAsked();
      await sleep(100);
    }
    return {
      viewer: { restricted: [], private: false },
      canRead: () => true,
      canWrite: () => true,
    };
  },
  onError: (error) => errors.push(error),
});

async function serve() {
  if (isBun) {
    const http = globalThis.Bun.serve({
      hostname,
      port: 0,
      fetch: (request, server) => upgradeInBun(endpoint, request, server),
      websocket: createBunWebSocket(endpoint),
    });
    return { port: http.port, stop: () => http.stop() };
  }
  const http = createServer();
  http.on("upgrade", createNodeUpgrade(endpoint, WebSocketServer));
  await new Promise((resolve) => http.listen(0, hostname, resolve));
  const stop = () => new Promise((resolve) => http.close(resolve));
  return { port: http.address().port, stop };
}

const { port, stop } = await serve();
const url = `ws://${hostname}:${port}/socket`;

/** Waits until a condition holds; the caller has a timeout. */
async function until(holds) {
  while (!holds()) await sleep(5);
}

/** A client of phoenix.js in a room. */
class Guest {
  joined = [];
  left = [];
  waves = [];
  #socket;

  constructor(name) {
    this.#socket = new Socket(url, { transport: WebSocket });
    this.#socket.connect();
    this.channel = this.#socket
      .channel("room:1", { key: name, meta: { name } });
    this.presence = new Presence(this.channel);
    this.presence.onJoin((key) => this.joined.push(key));
    this.presence.onLeave((key) => this.left.push(key));
    this.channel.on("wave", (wave) => this.waves.push(wave));
  }

  async join() {
    await new Promise((resolve, reject) => {
      this.channel.join().receive("ok", resolve).receive("error", reject);
    });
    await until(() => this.names.length > 0);
    return this;
  }

  get names() {
    return this.presence.list((key) => key);
  }

  leave() {
    this.#socket.disconnect();
  }
}

/** A client of the package `ws`. */
async function open(protocols = []) {
  const socket = new WebSocket(`${url}/websocket?vsn=2.0.0`, protocols);
  await new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
  return socket;
}

function ask(socket, frame) {
  const answer = new Promise((resolve) =>
    socket.once("message", (data) => resolve(JSON.parse(String(data))))
  );
  socket.send(JSON.stringify(frame));
  return answer;
}

function closeOf(socket) {
  return new Promise((resolve) => socket.on("close", resolve));
}

/** A client below WebSocket, which answers nothing. */
function handshake(query, host = `${hostname}:${port}`) {
  const socket = connect(port, hostname);
  socket.on("error", () => {});
  socket.write(
    [
      `GET /socket/websocket?${query} HTTP/1.1`,
      `Host: ${host}`,
      "Connection: Upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
      "\r\n",
    ].join("\r\n"),
  );
  return socket;
}

async function statusOf(query, host) {
  const socket = handshake(query, host);
  const answer = await new Promise((resolve) => socket.once("data", resolve));
  socket.destroy();
  return Number(String(answer).split(" ")[1]);
}

// Well-behaved clients.
const alice = await new Guest("alice").join();
const bob = await new Guest("bob").join();
await until(() => alice.names.length === 2);
found.state = bob.names;
found.diff = [...alice.joined];
await new Promise((resolve) =>
  bob.channel.push("wave", { hand: "left" }).receive("ok", resolve)
);
await until(() => alice.waves.length > 0);
found.broadcast = alice.waves.map(({ hand }) => hand);

const raw = await open(["base64url.bearer.phx.eA", "phoenix"]);
found.protocol = raw.protocol;
const beat = [null, "1", "phoenix", "heartbeat", {}];
found.heartbeat = await ask(raw, beat);

// Clients that are refused.
found.refused = [
  await statusOf("vsn=9.0.0"),
  await statusOf("vsn=2.0.0", "evil.example"),
  await statusOf("vsn=2.0.0", "a:b:c"),
  await statusOf("vsn=2.0.0"),
];

// Clients that send too much.
found.tooBig = await Promise.all(
  ["x".repeat(262_145), new Uint8Array(262_145)].map(async (frame) => {
    const socket = await open();
    socket.send(frame);
    return await closeOf(socket);
  }),
);

// A client that vanishes.
const carol = await open();
await ask(carol, ["1", "1", "room:1", "phx_join", { key: "carol", meta: {} }]);
await until(() => alice.names.includes("carol"));
carol.terminate();
await until(() => alice.left.includes("carol"));
found.left = [...alice.left];

// A client that resets its connection during the decision about it.
for (const end of ["resetAndDestroy", "destroy"]) {
  const asked = new Promise((resolve) => whenAsked = resolve);
  const socket = handshake("vsn=2.0.0&slow=1");
  await asked;
  socket[end]();
}
await sleep(200);

// A silent client is found, and the others are not.
const silent = handshake("vsn=2.0.0");
await new Promise((resolve) => silent.once("data", resolve));
await until(() => endpoint.sockets.size === 4);
if (timers === undefined) {
  silent.destroy();
} else {
  timers.tick(25_000);
  // One sign of life, and time for the pongs of the others.
  await ask(raw, beat);
  await sleep(100);
  timers.tick(25_000);
}
await until(() => endpoint.sockets.size === 3);
found.stillServed = await ask(raw, beat);
found.errors = errors;

// The end: clients are asked to reconnect.
const closed = closeOf(raw);
const away = new Promise((resolve) => alice.channel.onError(resolve));
await endpoint[Symbol.asyncDispose]();
found.restart = await closed;
await away;
alice.leave();
bob.leave();
server[Symbol.dispose]();
await stop();
found.open = endpoint.sockets.size;
console.log(JSON.stringify(found));
