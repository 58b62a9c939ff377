import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { countedSignal, flush } from "../../testing/harness.ts";
import type { PhoenixIdentity } from "../mod.ts";
import type { Frame } from "../testing/client.ts";
import { inProcess, type InProcessOptions } from "../testing/in_process.ts";
import type { MemoryClient } from "../testing/memory_client.ts";
import { identity } from "../testing/service.ts";

const TEAM = { restricted: ["team"], private: false };

/** Ada, whose tokens are the names of identities; `first` is what she has. */
async function withTokens(
  tokens: Readonly<Record<string, Partial<PhoenixIdentity>>>,
  options: InProcessOptions = {},
) {
  const asked: string[] = [];
  const ada = (name: string) => identity({ subject: "ada", ...tokens[name] });
  const service = inProcess({
    server: { graceMs: 10_000 },
    authorize: ({ url }) =>
      url.endsWith("user=bob") ? identity({ subject: "bob" }) : ada("first"),
    accessToken: (token) => {
      asked.push(token);
      return Object.hasOwn(tokens, token)
        ? ada(token)
        : { reason: "no such token" };
    },
    ...options,
  });
  const client = await service.connect("ada");
  let ref = 0;
  const call = async (topic: string, event: string, payload: object = {}) => {
    ref++;
    const joinRef = event === "phx_join" ? `${ref}` : null;
    client.say([joinRef, `${ref}`, topic, event, payload]);
    await flush();
    const frames = client.take();
    const reply = frames.find(([, at, , event]) =>
      event === "phx_reply" && at === `${ref}`
    );
    return { reply: reply?.[4], frames };
  };
  return {
    service,
    client,
    asked,
    call,
    join: (topic: string, params: object = {}) =>
      call(topic, "phx_join", params),
    fresh: (token: string, topic = "room") =>
      call(topic, "access_token", { access_token: token }),
    keys: (topic = "room") => service.topics.list(topic).map(({ key }) => key),
    [Symbol.dispose]: () => service[Symbol.dispose](),
  };
}

function eventsOf(frames: readonly Frame[]): unknown[] {
  return frames.map(([joinRef, , topic, event]) => [joinRef, topic, event]);
}

/** Who a client sees, by the latest state. */
function shownIn(frames: readonly Frame[]): string[] | undefined {
  const state = frames.findLast(([, , , event]) => event === "presence_state");
  return state && Object.keys(state[4]).sort();
}

const OK = { status: "ok", response: {} };

function refused(reason: string): object {
  return { status: "error", response: { reason } };
}

Deno.test("a fresh token extends the rights of its socket", async () => {
  const end = Date.now() + 60_000;
  const expiresAt = { expiresAt: end };
  using ada = await withTokens({
    first: expiresAt,
    second: { expiresAt: end + 60_000 },
  });
  await ada.service.seconds(50);
  await ada.join("room", { meta: {} });
  assertEquals((await ada.fresh("second")).reply, OK);
  await ada.service.seconds(30);
  assertEquals(ada.client.closeCode, undefined);
  await ada.service.seconds(60);
  assertEquals(ada.client.closeCode, 1008);
});

Deno.test("a fresh token may end sooner than the one before", async () => {
  const end = Date.now() + 600_000;
  using ada = await withTokens({
    first: { expiresAt: end },
    second: { expiresAt: Date.now() + 20_000 },
  });
  await ada.join("room");
  await ada.fresh("second");
  await ada.service.seconds(21);
  assertEquals(ada.client.closeCode, 1008);
});

Deno.test("a fresh token brings the signal that applies from then on", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  using ada = await withTokens({
    first: { signal: first.signal },
    second: { signal: second.signal },
  });
  await ada.join("room", { meta: {} });
  await ada.fresh("second");
  first.abort();
  assertEquals(ada.client.closeCode, undefined);
  second.abort();
  assertEquals(ada.client.closeCode, 1008);
  assertEquals(ada.keys(), []);
});

Deno.test("fresh tokens that alternate count a message for each new state", async () => {
  using ada = await withTokens({ first: {}, second: { viewer: TEAM } }, {
    limits: { messagesPerSecond: 10 },
  });
  // These are 5 of 20 messages that may come at once.
  for (const topic of ["a", "b", "c", "d", "e"]) await ada.join(topic);
  let states = 0;
  const turn = async (count: number) => {
    const reply = await ada.fresh(count % 2 === 1 ? "second" : "first", "a");
    const events = reply.frames.map(([, , , event]) => event);
    states += events.filter((event) => event === "presence_state").length;
    return reply.reply;
  };
  for (let count = 1; count <= 3; count++) {
    assertEquals(await turn(count), OK);
  }
  for (let count = 4; count <= 20; count++) {
    assertEquals(await turn(count), refused("too many messages"));
  }
  assertEquals(states, 15);
  await ada.service.seconds(1);
  assertEquals(await turn(2), OK);
});

Deno.test("a fresh token without a new state counts as one message", async () => {
  using ada = await withTokens({ first: {}, second: {} }, {
    limits: { messagesPerSecond: 10 },
  });
  for (const topic of ["a", "b", "c", "d", "e"]) await ada.join(topic);
  for (let count = 1; count <= 15; count++) {
    const token = count % 2 === 1 ? "second" : "first";
    assertEquals((await ada.fresh(token, "a")).reply, OK);
  }
});

Deno.test("a fresh token leaves no listener on the signal before", async () => {
  const [first, second] = [countedSignal(), countedSignal()];
  using ada = await withTokens({
    first: { signal: first.signal },
    second: { signal: second.signal },
  });
  await ada.join("room");
  assertEquals([first.listeners, second.listeners], [1, 0]);
  await ada.fresh("second");
  assertEquals([first.listeners, second.listeners], [0, 1]);
  ada.client.socket.lost();
  assertEquals([first.listeners, second.listeners], [0, 0]);
});

Deno.test("a refused fresh token changes nothing, and gets the reason", async () => {
  const expiresAt = Date.now() + 60_000;
  using ada = await withTokens({
    first: { expiresAt },
    bobs: { subject: "bob" },
    nobodys: { subject: undefined },
    revoked: { signal: AbortSignal.abort() },
    old: { expiresAt: Date.now() },
  });
  await ada.join("room", { meta: {} });
  const before = ada.client.socket.identity;
  const refusals = {
    bobs: "the token is not yours",
    nobodys: "the token is not yours",
    revoked: "the token has been revoked",
    old: "the token has expired",
    unknown: "no such token",
  };
  for (const [token, reason] of Object.entries(refusals)) {
    assertEquals((await ada.fresh(token)).reply, refused(reason));
  }
  assertEquals(ada.client.socket.identity, before);
  assertEquals(ada.keys(), ["ada"]);
  await ada.service.seconds(61);
  assertEquals(ada.client.closeCode, 1008);
});

Deno.test("a channel that a fresh token may not read is closed, and can't be joined again", async () => {
  using ada = await withTokens({
    first: {},
    second: { canRead: (topic) => topic === "club" },
  });
  await ada.join("room", { meta: {} });
  await ada.join("club", { meta: {} });
  const { reply, frames } = await ada.fresh("second", "club");
  assertEquals(reply, OK);
  // With phx_error, or without a word, clients would join again and again.
  assertEquals(eventsOf(frames).slice(0, 2), [
    [null, "club", "phx_reply"],
    ["1", "room", "phx_close"],
  ]);
  assertEquals(frames[1]?.[4], { reason: "unauthorized" });
  assertEquals([ada.keys("room"), ada.keys("club")], [[], ["ada"]]);
  assertEquals(ada.client.socket.topics, ["club"]);
  assertEquals((await ada.join("room")).reply, refused("unauthorized"));
  assertEquals(ada.client.closeCode, undefined);
});

Deno.test("a fresh token that ends its own channel is answered before that", async () => {
  using ada = await withTokens({
    first: {},
    second: { canRead: () => false },
  });
  await ada.join("room", { meta: {} });
  const { reply, frames } = await ada.fresh("second");
  assertEquals(reply, OK);
  // A client drops what it waits for when its channel ends.
  assertEquals(eventsOf(frames), [
    [null, "room", "phx_reply"],
    ["1", "room", "phx_close"],
  ]);
  assertEquals(ada.keys(), []);
});

for (const right of ["canRead", "canWrite"]) {
  Deno.test(`what a fresh token takes away by ${right} is removed, even if its answer closes the socket`, async () => {
    using ada = await withTokens({
      first: {},
      second: { [right]: () => false },
    }, { limits: { bufferedBytes: 1_000, frameBytes: 1_000 } });
    await ada.join("room", { meta: {} });
    ada.client.bufferedAmount = 10_000;
    await ada.fresh("second");
    assertEquals(ada.client.closeCode, 1008);
    assertEquals(ada.keys(), []);
  });
}

Deno.test("a fresh token is answered once, even if it is known or changes nothing", async () => {
  using ada = await withTokens({ first: {}, second: {} }, {
    accessToken: (token) =>
      token === "second" ? identity({ subject: "ada" }) : undefined,
  });
  await ada.join("room");
  for (const token of ["second", "second", "any"]) {
    const { frames } = await ada.fresh(token);
    assertEquals(eventsOf(frames), [[null, "room", "phx_reply"]]);
  }
});

Deno.test("a channel that a fresh token has closed gets nothing more", async () => {
  using ada = await withTokens({
    first: {},
    second: { canRead: () => false },
  });
  await ada.join("room");
  await ada.fresh("second");
  ada.service.topics.track("room", "eve", {});
  const bob = await ada.service.member({}, "bob");
  bob.say([null, "9", "room", "wave", {}]);
  await ada.service.seconds(1);
  assertEquals(ada.client.take(), []);
});

Deno.test("a fresh token withdraws the entries that it may not write; its client still sees who is there", async () => {
  using ada = await withTokens({
    first: {},
    second: { canWrite: (topic) => topic !== "room" },
  });
  await ada.join("room", { meta: {} });
  await ada.join("club", { meta: {} });
  ada.service.topics.track("room", "eve", {});
  await flush();
  assertEquals((await ada.fresh("second")).reply, OK);
  assertEquals([ada.keys("room"), ada.keys("club")], [["eve"], ["ada"]]);
  const track = { event: "track", payload: {} };
  assertEquals(
    (await ada.call("room", "presence", track)).reply,
    refused("unauthorized to publish here"),
  );
  ada.service.topics.track("room", "dan", {});
  await flush();
  assertEquals(eventsOf(ada.client.take()), [[null, "room", "presence_diff"]]);
});

Deno.test("a fresh token leaves the entries that code on the server has tracked", async () => {
  const readOnly = { canWrite: () => false };
  using ada = await withTokens({ first: readOnly, second: readOnly }, {
    join: (topic) => topic === "club" ? { meta: { by: "hook" } } : {},
  });
  await ada.join("club");
  await ada.join("room");
  ada.client.socket.track("room", { by: "server" });
  await ada.fresh("second");
  assertEquals([ada.keys("room"), ada.keys("club")], [["ada"], ["ada"]]);
});

Deno.test("a fresh token shows what it may see, and hides what it may not", async () => {
  using ada = await withTokens({
    first: {},
    second: { viewer: TEAM },
    third: {},
  });
  const { topics } = ada.service;
  topics.track("room", "eve", {}, { visibility: { restricted: "team" } });
  topics.track("room", "dan", {});
  const joined = await ada.join("room");
  assertEquals(shownIn(joined.frames), ["dan"]);
  assertEquals(shownIn((await ada.fresh("second")).frames), ["dan", "eve"]);
  assertEquals(shownIn((await ada.fresh("third")).frames), ["dan"]);
});

Deno.test("a fresh token with the same rights sends nothing again", async () => {
  using ada = await withTokens({
    first: { viewer: { restricted: ["a", "b"], private: false } },
    second: { viewer: { restricted: ["b", "a"], private: false } },
  });
  await ada.join("room", { meta: {} });
  const { lastSequence } = ada.service.server;
  const { frames } = await ada.fresh("second");
  assertEquals(eventsOf(frames), [[null, "room", "phx_reply"]]);
  assertEquals(ada.service.server.lastSequence, lastSequence);
});

Deno.test("the viewer of a hook, or of code on the server, stays", async () => {
  using ada = await withTokens({ first: {}, second: {}, third: {} }, {
    join: (topic) => topic === "club" ? { viewer: TEAM } : {},
  });
  const visibility = { restricted: "team" };
  for (const topic of ["club", "room"]) {
    ada.service.topics.track(topic, "eve", {}, { visibility });
  }
  assertEquals(shownIn((await ada.join("club")).frames), ["eve"]);
  assertEquals(shownIn((await ada.join("room")).frames), []);
  ada.client.socket.setViewer("room", TEAM);
  await flush();
  assertEquals(shownIn(ada.client.take()), ["eve"]);
  assertEquals(shownIn((await ada.fresh("second")).frames), undefined);
});

Deno.test("the hook is not asked again about the token of a socket", async () => {
  using ada = await withTokens({ first: {}, second: {}, third: {} });
  await ada.join("room");
  await ada.join("club");
  for (const token of ["second", "second", "third", "second"]) {
    assertEquals((await ada.fresh(token)).reply, OK);
    assertEquals((await ada.fresh(token, "club")).reply, OK);
  }
  assertEquals(ada.asked, ["second", "third", "second"]);
});

Deno.test("a hook that answers undefined is asked each time", async () => {
  const asked: string[] = [];
  using ada = await withTokens({}, {
    accessToken: (token) => void asked.push(token),
  });
  await ada.join("room");
  const before = ada.client.socket.identity;
  await ada.fresh("x");
  await ada.fresh("x");
  assertEquals(asked, ["x", "x"]);
  assertEquals(ada.client.socket.identity, before);
});

Deno.test("a socket still belongs to its subject after a fresh token", async () => {
  using ada = await withTokens({ first: {}, second: {} }, {
    limits: { sockets: 1 },
  });
  const { endpoint } = ada.service;
  await ada.join("room", { meta: {} });
  await ada.fresh("second");
  assertNotEquals(ada.client.socket.identity, identity({ subject: "ada" }));
  assertEquals(endpoint.revoke(identity({ subject: "ada" })), 1);
  assertEquals([ada.client.closeCode, ada.keys()], [1008, []]);
  const again = await ada.service.connect("ada");
  assertEquals(again.closeCode, undefined, "there is room for one again");
});

Deno.test("revoke() of either identity ends a socket without a subject", async () => {
  for (const which of ["first", "second"] as const) {
    const identities = { first: identity(), second: identity() };
    using service = inProcess({
      authorize: () => identities.first,
      accessToken: () => identities.second,
    });
    const client = await service.member();
    client.say([null, "2", "room", "access_token", { access_token: "x" }]);
    await flush();
    assertEquals(client.socket.identity, identities.second);
    assertEquals(service.endpoint.revoke(identities[which]), 1);
    assertEquals(client.closeCode, 1008);
  }
});

Deno.test("a socket whose rights can't be judged is closed, and keeps nothing", async () => {
  const failure = new Error("no database");
  const errors: unknown[] = [];
  using ada = await withTokens({
    first: {},
    second: {
      canRead: () => {
        throw failure;
      },
    },
  }, { onError: (error) => void errors.push(error) });
  await ada.join("room");
  await ada.fresh("second");
  assertEquals(ada.client.closeCode, 1011);
  assertEquals(errors, [failure]);
});

Deno.test("a socket that ends while its token is checked stays as it was", async () => {
  const answer = Promise.withResolvers<PhoenixIdentity>();
  using ada = await withTokens({}, { accessToken: () => answer.promise });
  await ada.join("room");
  const before = ada.client.socket.identity;
  await ada.fresh("second");
  ada.client.socket.kick();
  answer.resolve(identity({ subject: "ada" }));
  await flush();
  assertEquals(ada.client.socket.identity, before);
});

/** Supabase's clients join with the token that they have. */
function supabase(token: unknown): object {
  return { config: {}, access_token: token };
}

Deno.test("the token in a join of Supabase's clients counts as a fresh one", async () => {
  using ada = await withTokens({
    first: { canRead: () => false },
    second: { canRead: (topic) => topic === "realtime:room" },
  });
  const topic = "realtime:room";
  const joined = await ada.join(topic, supabase("second"));
  assertEquals(joined.reply?.status, "ok");
  assertEquals(
    (await ada.join("realtime:club", supabase("second"))).reply,
    refused("unauthorized"),
  );
  assertEquals(ada.asked, ["second"]);
  assertEquals(
    (await ada.join(topic, supabase("unknown"))).reply,
    refused("no such token"),
  );
  assertEquals(ada.client.socket.topics, []);
});

Deno.test("a join without a valid token is left alone", async () => {
  using ada = await withTokens({ first: {} });
  for (const token of [null, 7, undefined, "sb_publishable_x"]) {
    const { reply } = await ada.join("realtime:room", supabase(token));
    assertEquals(reply?.status, "ok");
  }
  // Phoenix's joins have no place for one.
  const { reply } = await ada.join("room", { access_token: "unknown" });
  assertEquals(reply?.status, "ok");
  assertEquals(ada.asked, []);
});

Deno.test("a client that may no longer write leaves the document, and still reads it", async () => {
  using ada = await withTokens({
    first: {},
    second: { canWrite: () => false },
  });
  const people = async () =>
    (await ada.service.documents.activeUsers("1")).users
      .map(({ userId }) => userId);
  await ada.join("document:1", { name: "Ada" });
  assertEquals(await people(), ["ada"]);
  assertEquals((await ada.fresh("second", "document:1")).reply, OK);
  assertEquals(await people(), []);
  assert(isJoined(ada.client, "document:1"));
});

function isJoined({ socket }: MemoryClient, topic: string): boolean {
  return socket.topics.includes(topic);
}
