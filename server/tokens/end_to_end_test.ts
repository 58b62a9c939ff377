/**
 * One token for HTTP, for streams, and for the unchanged clients of both
 * dialects.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RealtimeClient } from "@supabase/realtime-js";
// @ts-types="npm:@types/phoenix@1.6.7"
import { type Channel, Presence, Socket } from "phoenix";
import { PresenceClient } from "../client/mod.ts";
import { PresenceView } from "../mod.ts";
import { captureSocket } from "../phoenix/testing/captured_socket.ts";
import { eventually, within } from "../testing/waiting.ts";
import { type Grant, issue, serve, type Service } from "./testing/service.ts";

const TOPIC = "realtime:room";

/** A test with Supabase's client, whose `disconnect()` leaves a timer. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** phoenix.js in the room, with the joins (`+ada`) and leaves (`-ada`) it sees. */
async function phoenix({ host }: Service, grant: Grant) {
  const captured = captureSocket();
  let token = await issue(grant);
  const options = {
    transport: captured.transport,
    reconnectAfterMs: () => 10,
    rejoinAfterMs: () => 10,
  };
  // Its types allow only a string.
  Reflect.set(options, "authToken", () => token);
  const socket = new Socket(`ws://${host}/socket`, options);
  socket.connect();
  const channel = socket.channel(TOPIC, { meta: { by: "phoenix" } });
  const told: string[] = [];
  const presence = new Presence(channel);
  presence.onJoin((key, current) => {
    if (current === undefined) told.push(`+${key}`);
  });
  presence.onLeave((key, current) => {
    if (current.metas.length === 0) told.push(`-${key}`);
  });
  const closes: unknown[] = [];
  socket.onClose((event: unknown) => {
    if (event instanceof CloseEvent) closes.push([event.code, event.reason]);
  });
  await within(joined(channel), () => "phoenix.js does not join");
  return {
    socket,
    channel,
    told,
    closes,
    keys: () => presence.list((key) => key).sort(),
    /** Sets the token for the next connect. */
    take: async (next: Grant) => void (token = await issue(next)),
    /** Sends a fresh token now, and returns the answer. */
    async refresh(next: Grant): Promise<string> {
      token = await issue(next);
      const answer = new Promise<string>((resolve) =>
        channel.push("access_token", { access_token: token })
          .receive("ok", () => resolve("ok"))
          .receive("error", ({ reason }) => resolve(reason))
      );
      return await within(answer, () => "the token is not answered");
    },
    async [Symbol.asyncDispose]() {
      await captured.close();
      await new Promise<void>((resolve) => socket.disconnect(resolve));
    },
  };
}

function joined(channel: Channel): Promise<void> {
  return new Promise((resolve, reject) =>
    channel.join()
      .receive("ok", () => resolve())
      .receive("error", ({ reason }) => reject(new Error(reason)))
  );
}

/** Supabase's client in the room. */
async function supabase({ host }: Service, grant: Grant) {
  const captured = captureSocket();
  let token = await issue(grant);
  const client = new RealtimeClient(`ws://${host}/realtime/v1`, {
    transport: captured.transport,
    reconnectAfterMs: () => 10,
    // It reads this at each connect.
    params: {
      get apikey() {
        return token;
      },
    },
    accessToken: () => Promise.resolve(token),
  });
  const channel = client.channel("room", { config: { presence: { key: "" } } });
  const statuses: string[] = [];
  const subscribed = new Promise<void>((resolve, reject) => {
    channel.on("presence", { event: "sync" }, () => {});
    channel.subscribe((status, error) => {
      statuses.push(status);
      if (status === "SUBSCRIBED") resolve();
      else reject(error);
    });
  });
  await within(subscribed, () => "Supabase's client does not join");
  return {
    client,
    channel,
    statuses,
    keys: () => Object.keys(channel.presenceState()).sort(),
    /** Sends a fresh token to each of its channels. */
    async refresh(next: Grant): Promise<void> {
      token = await issue(next);
      await client.setAuth();
    },
    async [Symbol.asyncDispose]() {
      await captured.close();
      await client.disconnect();
    },
  };
}

/** Reads a stream of the room to its end. */
async function stream({ host }: Service, token: string) {
  const response = await fetch(
    `http://${host}/v1/changes?context=${TOPIC}&access_token=${token}`,
  );
  assertEquals(response.status, 200);
  const stream = { text: "", hasEnded: false };
  const read = async () => {
    if (response.body === null) return;
    const text = response.body.pipeThrough(new TextDecoderStream());
    for await (const piece of text) stream.text += piece;
    stream.hasEnded = true;
  };
  return Object.assign(stream, { end: read() });
}

function bearer(token: string): HeadersInit {
  return { authorization: `Bearer ${token}` };
}

async function publish(
  { host }: Service,
  token: string,
  fields: object = {},
): Promise<Response> {
  return await fetch(`http://${host}/v1/updates`, {
    method: "POST",
    headers: { ...bearer(token), "content-type": "application/json" },
    body: JSON.stringify({ context: TOPIC, ttlMs: 60_000, ...fields }),
  });
}

test("one kind of token works with all faces, and their clients see each other", async () => {
  await using service = serve();
  await using ada = await phoenix(service, { sub: "ada" });
  await using bob = await supabase(service, { sub: "bob" });
  assertEquals(await bob.channel.track({ by: "supabase" }), "ok");
  const eve = await issue({ sub: "eve" });
  const watching = await stream(service, eve);
  const published = await publish(service, eve);
  assertEquals(published.status, 200);
  await published.body?.cancel();
  const all = ["ada", "bob", "eve"];
  const shows = (keys: () => string[]) => keys().join() === all.join();
  await eventually(() => shows(ada.keys), "phoenix.js shows all");
  await eventually(() => shows(bob.keys), "Supabase's client shows all");
  await eventually(
    () => all.every((name) => watching.text.includes(`"${name}"`)),
    "the stream has all",
  );
  service.tokens.revoke("eve");
  await watching.end;
});

test("no face accepts a client without a valid token", async () => {
  await using service = serve();
  const url = `http://${service.host}/v1/presence?context=${TOPIC}`;
  const nobody = await fetch(url);
  assertEquals(nobody.status, 401);
  const challenge = nobody.headers.get("www-authenticate");
  assertEquals(challenge, 'Bearer realm="presence"');
  await nobody.body?.cancel();
  const late = await fetch(url, {
    headers: bearer(await issue({ sub: "ada", seconds: -2 })),
  });
  assertEquals(late.status, 401);
  assertEquals(
    late.headers.get("www-authenticate"),
    'Bearer realm="presence", error="invalid_token", error_description="the token has expired"',
  );
  assertStringIncludes((await late.json()).detail, "the token has expired");
  for (const query of ["", "&token=x", "&apikey=x"]) {
    const socket = new WebSocket(
      `ws://${service.host}/socket/websocket?vsn=2.0.0${query}`,
    );
    const failed = new Promise((resolve) => socket.onerror = resolve);
    await within(failed, () => "the socket opens");
  }
  assertEquals(service.statuses.slice(-3), [403, 403, 403]);
});

test("a stream ends when its token expires, and the next request gets 401", async () => {
  await using service = serve();
  const token = await issue({ sub: "ada", seconds: 1 });
  const watching = await stream(service, token);
  await within(watching.end, () => "the stream does not end");
  assertStringIncludes(watching.text, "baseline");
  const again = await fetch(
    `http://${service.host}/v1/changes?context=${TOPIC}&token=${token}`,
  );
  assertEquals(again.status, 401);
  await again.body?.cancel();
});

test("the client of this package continues with fresh tokens, and misses nothing", async () => {
  await using service = serve();
  let asked = 0;
  const ended = new AbortController();
  const client = new PresenceClient({
    url: `http://${service.host}`,
    signal: ended.signal,
    async headers() {
      asked++;
      return bearer(await issue({ sub: "ada", seconds: 0.2 }));
    },
  });
  const view = new PresenceView();
  const watching = (async () => {
    for await (const batch of client.watch({ context: TOPIC })) {
      view.apply(batch);
    }
  })();
  const sees = (key: string) => () => view.subjects(TOPIC).includes(key);
  service.topics.track(TOPIC, "bob", {});
  await eventually(sees("bob"), "bob is seen");
  await eventually(() => asked >= 3, "it has reconnected twice");
  service.topics.track(TOPIC, "eve", {});
  await eventually(sees("eve"), "eve is seen");
  ended.abort();
  await watching.catch(() => {});
});

test("phoenix.js reconnects with a fresh token when one expires, without a leave", async () => {
  await using service = serve();
  await using bob = await phoenix(service, { sub: "bob" });
  await using ada = await phoenix(service, { sub: "ada" });
  await eventually(() => bob.told.includes("+ada"), "ada is seen");
  assertEquals(await ada.refresh({ sub: "ada", seconds: 1 }), "ok");
  await ada.take({ sub: "ada" });
  await eventually(() => ada.closes.length > 0, "its socket is closed");
  assertEquals(ada.closes, [[1008, "token expired"]]);
  await eventually(() => ada.channel.state === "joined", "it has rejoined");
  assertEquals(await ada.refresh({ sub: "ada" }), "ok");
  await eventually(() => bob.keys().includes("ada"), "ada is there");
  assertEquals(bob.told.filter((told) => told.endsWith("ada")), ["+ada"]);
});

test("Supabase's client reconnects with a fresh token when one expires, without a leave", async () => {
  await using service = serve();
  await using bob = await phoenix(service, { sub: "bob" });
  await using ada = await supabase(service, { sub: "ada" });
  await ada.channel.track({});
  await eventually(() => bob.told.includes("+ada"), "ada is seen");
  const [first] = socketsOf(service, "ada");
  await ada.refresh({ sub: "ada", seconds: 1 });
  await eventually(
    () => (first?.identity.expiresAt ?? Infinity) < Date.now() + 60_000,
    "the server has the token",
  );
  await eventually(() => first?.closed === true, "its socket is closed");
  await ada.refresh({ sub: "ada" });
  await eventually(
    () => ada.statuses.filter((one) => one === "SUBSCRIBED").length === 2,
    "it has rejoined",
  );
  await ada.channel.track({ again: true });
  await eventually(() => bob.keys().includes("ada"), "ada is there");
  assertEquals(bob.told.filter((told) => told.endsWith("ada")), ["+ada"]);
});

test("a fresh token without a right to write applies at once", async () => {
  await using service = serve();
  await using bob = await supabase(service, { sub: "bob" });
  await using ada = await phoenix(service, { sub: "ada" });
  await eventually(() => bob.keys().includes("ada"), "ada is seen");
  assertEquals(await ada.refresh({ sub: "ada", write: [] }), "ok");
  await eventually(() => !bob.keys().includes("ada"), "ada is gone");
  assertEquals(ada.channel.state, "joined");
  assertEquals(await ada.refresh({ sub: "bob" }), "the token is not yours");
});

test("a fresh token without a right to read closes channels permanently", async () => {
  await using service = serve();
  await using ada = await phoenix(service, { sub: "ada" });
  await using bob = await supabase(service, { sub: "bob" });
  const reasons: unknown[] = [];
  ada.channel.onClose((payload: unknown) => void reasons.push(payload));
  const elsewhere = ada.socket.channel("club");
  await joined(elsewhere);
  elsewhere.push("access_token", {
    access_token: await issue({ sub: "ada", read: ["club"] }),
  });
  await bob.refresh({ sub: "bob", read: [] });
  await eventually(() => ada.channel.state === "closed", "ada's is closed");
  await eventually(() => bob.statuses.includes("CLOSED"), "bob's is closed");
  assertEquals(reasons, [{ reason: "unauthorized" }]);
  // If they rejoined, they would have been refused by now.
  const { received } = service.endpoint.stats;
  for (let turn = 0; turn < 20; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await new Promise((resolve) =>
      elsewhere.push("wave", {}).receive("ok", resolve)
    );
  }
  assertEquals(service.endpoint.stats.received, received + 20);
  assertEquals(ada.channel.state, "closed");
  assertEquals(bob.client.getChannels(), []);
  assertEquals(service.topics.list(TOPIC), []);
});

test("a fresh token shows and hides entries at once", async () => {
  await using service = serve();
  const visibility = { restricted: "team" };
  service.topics.track(TOPIC, "eve", {}, { visibility });
  await using ada = await phoenix(service, { sub: "ada" });
  await using bob = await supabase(service, { sub: "bob" });
  await ada.refresh({ sub: "ada", labels: ["team"] });
  await bob.refresh({ sub: "bob", labels: "all" });
  await eventually(() => ada.keys().includes("eve"), "ada sees eve");
  await eventually(() => bob.keys().includes("eve"), "bob sees eve");
  await ada.refresh({ sub: "ada" });
  await eventually(() => !ada.keys().includes("eve"), "ada no longer sees eve");
  assert(bob.keys().includes("eve"));
});

test("revoke() ends the streams and sockets of a subject, which needs a new token", async () => {
  await using service = serve();
  const token = await issue({ sub: "ada" });
  await using bob = await supabase(service, { sub: "bob" });
  await using ada = await phoenix(service, { sub: "ada" });
  const watching = await stream(service, token);
  await eventually(() => bob.keys().includes("ada"), "ada is seen");
  const before = service.statuses.length;
  service.tokens.revoke("ada");
  await within(watching.end, () => "the stream does not end");
  await eventually(() => ada.closes.length > 0, "the socket is closed");
  assertEquals(ada.closes[0], [1008, "revoked"]);
  await eventually(() => !bob.keys().includes("ada"), "ada is gone at once");
  const refused = await publish(service, token);
  assertEquals(refused.status, 401);
  await refused.body?.cancel();
  await eventually(
    () => service.statuses.slice(before).includes(403),
    "its socket may not come back",
  );
  assertEquals(bob.statuses, ["SUBSCRIBED"]);
  const isBack = async () => {
    // Tokens that are issued within the tolerance are refused as well.
    while (ada.channel.state !== "joined") {
      await ada.take({ sub: "ada" });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await within(isBack(), () => "it does not come back");
});

function socketsOf({ endpoint }: Service, subject: string) {
  return [...endpoint.sockets]
    .filter(({ identity }) => identity.subject === subject);
}
