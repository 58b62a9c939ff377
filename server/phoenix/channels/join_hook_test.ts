import { assert, assertEquals } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import { eventually } from "../../testing/waiting.ts";
import type { JsonValue } from "../../topics/mod.ts";
import type { Admission, PhoenixOptions, Rejection } from "../mod.ts";
import { Client, type Frame, Screen } from "../testing/client.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import { byName, identity, serve } from "../testing/service.ts";

/** A hook that answers when a test lets it. */
function slowHook(): {
  readonly join: PhoenixOptions["join"];
  readonly asked: number;
  answer(answer: Admission | Rejection): void;
  fail(error: Error): void;
} {
  const asked: PromiseWithResolvers<Admission | Rejection>[] = [];
  return {
    join: () => {
      const answer = Promise.withResolvers<Admission | Rejection>();
      asked.push(answer);
      return answer.promise;
    },
    get asked() {
      return asked.length;
    },
    answer: (answer) => asked.at(-1)?.resolve(answer),
    fail: (error) => asked.at(-1)?.reject(error),
  };
}

/** To what there are replies, and which. */
function replies(frames: readonly Frame[]): unknown[] {
  return frames.filter(([, , , event]) => event === "phx_reply")
    .map(([, ref, , , { status }]) => [ref, status]);
}

Deno.test("the join hook gives the key, the meta and the response", async () => {
  await using service = serve({
    join: (topic, { secret }) => ({
      key: `${secret} of ${topic}`,
      meta: { role: "guest" },
      response: { hello: topic, key: "not this one" },
    }),
  });
  await using client = await Client.connect(service);
  const params = { secret: "x", key: "ada", meta: { role: "boss" } };
  assertEquals(await client.join("room", params), {
    hello: "room",
    key: "x of room",
    epoch: "e",
    sequence: 1,
  });
  assertEquals(service.topics.list("room"), [
    { key: "x of room", metas: [{ role: "guest" }] },
  ]);
});

Deno.test("the client decides what the join hook leaves out", async () => {
  await using service = serve({ join: () => ({}) });
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: 1, visibility: "private" });
  assertEquals(service.topics.list("room"), [{ key: "ada", metas: [1] }]);
  const viewer = { restricted: [], private: false };
  assertEquals(service.topics.list("room", viewer), []);
});

Deno.test("the join hook decides who sees the first meta", async () => {
  await using service = serve({ join: () => ({ visibility: "private" }) });
  await using client = await Client.connect(service);
  await client.join("room", { meta: 1, visibility: "public" });
  const viewer = { restricted: [], private: false };
  assertEquals(service.topics.list("room", viewer), []);
  assertEquals(service.topics.countPresences("room"), 1);
});

Deno.test("null in the answer of a join hook is a meta", async () => {
  await using service = serve({ join: () => ({ meta: null }) });
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: 1 });
  assertEquals(service.topics.list("room"), [{ key: "ada", metas: [null] }]);
});

Deno.test("a meta of a join hook needs no right to write, that of a client does", async () => {
  await using service = serve({
    authorize: () => identity({ canWrite: () => false }),
    join: (topic) => topic === "lobby" ? { meta: { role: "guest" } } : {},
  });
  await using client = await Client.connect(service);
  const params = { key: "ada", meta: { role: "boss" } };
  assertEquals(
    await client.refusedJoin("room", params),
    "unauthorized to publish here: leave out the meta to watch",
  );
  await client.join("lobby", params);
  assertEquals(service.topics.list("lobby"), [
    { key: "ada", metas: [{ role: "guest" }] },
  ]);
  const track = { event: "track", payload: { role: "boss" } };
  assertEquals(
    await client.refused("lobby", "presence", track),
    "unauthorized to publish here",
  );
});

Deno.test("the join hook refuses with a reason, and others see nothing", async () => {
  await using service = serve({
    join: (topic) => topic === "room" ? {} : { reason: "members only" },
  });
  await using client = await Client.connect(service);
  assertEquals(
    await client.refusedJoin("club", { meta: {} }),
    "members only",
  );
  assertEquals(service.topics.list("club"), []);
  assertEquals(await client.refused("club", "wave"), "unmatched topic");
  await client.join("room");
});

Deno.test("the join hook gets the identity, and is asked only where reading is allowed", async () => {
  const asked: unknown[] = [];
  await using service = serve({
    authorize: byName({
      ada: identity({ subject: "ada", canRead: (topic) => topic === "room" }),
    }),
    join: (topic, params, { subject }, socket) => {
      asked.push([topic, params, subject, socket.topics]);
      return {};
    },
  });
  const query = "vsn=2.0.0&user=ada";
  await using client = await Client.connect(service, { query });
  assertEquals(await client.refusedJoin("club"), "unauthorized");
  assertEquals((await client.join("room", { a: 1 })).key, "ada");
  assertEquals(asked, [["room", { a: 1 }, "ada", []]]);
});

Deno.test("a join hook that throws refuses, and the error is reported", async () => {
  const failures: unknown[] = [];
  const thrown = new Error("a secret of the server");
  const rejected = new Error("another one");
  let how: "throws" | "rejects" | "does not fail" = "throws";
  await using service = serve({
    onError: (error) => void failures.push(error),
    join: () => {
      if (how === "throws") throw thrown;
      return how === "rejects" ? Promise.reject(rejected) : {};
    },
  });
  await using client = await Client.connect(service);
  assertEquals(await client.refusedJoin("room"), "internal error");
  how = "rejects";
  assertEquals(await client.refusedJoin("room"), "internal error");
  assertEquals(failures, [thrown, rejected]);
  how = "does not fail";
  await client.join("room");
});

Deno.test("frames wait for a join hook, and are handled in order", async () => {
  const hook = slowHook();
  await using service = serve({ join: hook.join });
  const client = await MemoryClient.connect(service.endpoint);
  client.say(["1", "1", "room", "phx_join", { key: "ada" }]);
  client.say(["1", "2", "room", "presence", { event: "track", payload: 1 }]);
  client.say(["1", "4", "room", "phx_leave", {}]);
  client.say(["1", "5", "room", "wave", {}]);
  await flush();
  assertEquals(client.take(), []);
  hook.answer({});
  await flush();
  assertEquals(replies(client.take()), [
    ["1", "ok"],
    ["2", "ok"],
    ["4", "ok"],
    ["5", "error"],
  ]);
  assertEquals(service.topics.list("room"), []);
});

Deno.test("a heartbeat does not wait for a join hook", async () => {
  const hook = slowHook();
  await using service = serve({ join: hook.join });
  const client = await MemoryClient.connect(service.endpoint);
  client.say(["1", "1", "room", "phx_join", { key: "ada" }]);
  client.say(["1", "2", "room", "heartbeat", {}]);
  client.say([null, "3", "phoenix", "heartbeat", {}]);
  await flush();
  assertEquals(replies(client.take()), [["3", "ok"]]);
  hook.answer({});
  await flush();
  assertEquals(replies(client.take()), [["1", "ok"], ["2", "error"]]);
});

Deno.test("frames wait for each of several join hooks", async () => {
  const hook = slowHook();
  await using service = serve({ join: hook.join });
  const client = await MemoryClient.connect(service.endpoint);
  client.say(["1", "1", "room", "phx_join", {}]);
  client.say(["2", "2", "club", "phx_join", {}]);
  client.say(["2", "3", "club", "wave", {}]);
  await flush();
  hook.answer({});
  await flush();
  assertEquals(hook.asked, 2);
  client.say(["1", "4", "room", "wave", {}]);
  assertEquals(replies(client.take()), [["1", "ok"]]);
  hook.answer({ reason: "members only" });
  await flush();
  assertEquals(replies(client.take()), [
    ["2", "error"],
    ["3", "error"],
    ["4", "ok"],
  ]);
  client.say(["1", "5", "room", "wave", {}]);
  assertEquals(replies(client.take()), [["5", "ok"]]);
});

Deno.test("a join is refused if the right to read is lost while the hook is asked", async () => {
  const hook = slowHook();
  let mayRead = true;
  await using service = serve({
    authorize: () => identity({ canRead: () => mayRead }),
    join: hook.join,
  });
  const client = await MemoryClient.connect(service.endpoint);
  client.say(["1", "1", "room", "phx_join", {}]);
  mayRead = false;
  hook.answer({ meta: {} });
  await flush();
  const response = { reason: "unauthorized" };
  assertEquals(client.take().map((frame) => frame[4]), [
    { status: "error", response },
  ]);
  assertEquals(service.topics.list("room"), []);
  assertEquals(client.socket.topics, []);
});

Deno.test("a slow join hook of one socket delays no other", async () => {
  const hook = slowHook();
  await using service = serve({
    join: (topic, ...rest) =>
      topic === "slow" ? hook.join?.(topic, ...rest) ?? {} : {},
  });
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  client.ask("slow");
  await eventually(() => hook.asked === 1, "the hook is asked");
  await other.join("room");
  hook.answer({});
});

Deno.test("a client that floods while a join hook is asked is closed", async () => {
  const hook = slowHook();
  await using service = serve({ join: hook.join });
  await using client = await Client.connect(service);
  client.ask("room", { meta: {} });
  for (let turn = 0; turn < 300; turn++) client.push("room", "wave");
  // The code may be lost, because it still sends.
  await client.closed();
  hook.answer({});
  await using other = await Client.connect(service);
  await other.done("phoenix", "heartbeat");
  assertEquals(service.topics.list("room"), []);
});

Deno.test("a client that has disconnected when the join hook answers does not join", async () => {
  const hook = slowHook();
  await using service = serve({ join: hook.join });
  const client = await Client.connect(service);
  client.ask("room", { key: "ada", meta: {} });
  await eventually(() => hook.asked === 1, "the hook is asked");
  await client.close();
  await eventually(() => service.endpoint.sockets.size === 0, "it is gone");
  hook.answer({ meta: {} });
  await using other = await Client.connect(service);
  other.ask("room");
  await eventually(() => hook.asked === 2, "the hook is asked again");
  hook.answer({});
  await other.event("presence_state");
  assertEquals(service.topics.list("room"), []);
});

Deno.test("a join hook that fails after its socket has closed harms nobody", async () => {
  const hook = slowHook();
  await using service = serve({ join: hook.join });
  const client = await Client.connect(service);
  client.ask("room");
  await eventually(() => hook.asked === 1, "the hook is asked");
  await client.close();
  await eventually(() => service.endpoint.sockets.size === 0, "it is gone");
  hook.fail(new Error("too late"));
  await using other = await Client.connect(service);
  await other.done("phoenix", "heartbeat");
});

for (
  const [how, answer] of [
    ["lets in", () => ({ meta: {} })],
    ["answers later", () => Promise.resolve({ meta: {} })],
    ["fails later", () => Promise.reject(new Error("too late"))],
  ] as const
) {
  Deno.test(`a join hook that kicks and ${how} lets nobody in`, async () => {
    await using service = serve({
      join: (_topic, _params, _identity, socket) => {
        socket.kick();
        return answer();
      },
    });
    await using client = await Client.connect(service);
    client.ask("room");
    assertEquals(await client.closed(), { code: 1008, reason: "kicked" });
    await using other = await Client.connect(service);
    await other.done("phoenix", "heartbeat");
    assertEquals(service.topics.list("room"), []);
  });
}

Deno.test("a stamp is in every meta, and can't be overwritten", async () => {
  await using service = serve({
    join: () => ({ stamp: { name: "Ada", role: "guest" } }),
  });
  await using client = await Client.connect(service);
  const forged = { name: "Eve", role: "boss" };
  await client.join("room", { key: "ada", meta: { ...forged, tab: 1 } });
  const list = () => service.topics.list("room");
  const stamp = { name: "Ada", role: "guest" };
  assertEquals(list(), [{ key: "ada", metas: [{ ...stamp, tab: 1 }] }]);
  await client.track("room", { ...forged, tab: 2 });
  assertEquals(list(), [{ key: "ada", metas: [{ ...stamp, tab: 2 }] }]);
  await client.untrack("room");
  await client.track("room", {});
  assertEquals(list(), [{ key: "ada", metas: [stamp] }]);
  // Nor by a field that would make clients read the meta in another form.
  const trick = { phx_meta: forged, phx_ref: "x", phx_other: 1, phx: 2 };
  await client.track("room", { ...trick, tab: 3 });
  assertEquals(list(), [{ key: "ada", metas: [{ ...stamp, phx: 2, tab: 3 }] }]);
  const reason = "Cannot track presence: meta must be an object: " +
    'received "a text"';
  const track = { event: "track", payload: "a text" };
  assertEquals(await client.refused("room", "presence", track), reason);
});

Deno.test("undefined fields in the answer of a join hook are left out", async () => {
  const meta = { name: "Ada", mood: undefined };
  const stamp = { role: undefined };
  const response = { welcome: "Ada", hint: undefined };
  await using service = serve({
    join: () => ({ key: "ada", meta, stamp, response }),
  });
  await using client = await Client.connect(service);
  await client.join("room", {});
  const list = () => service.topics.list("room");
  assertEquals(list(), [{ key: "ada", metas: [{ name: "Ada" }] }]);
  await client.track("room", { role: "boss", mood: "fine" });
  assertEquals(list(), [{ key: "ada", metas: [{ mood: "fine" }] }]);
});

Deno.test("a join whose answer can't be written leaves nothing behind", async () => {
  const failures: unknown[] = [];
  const endless: JsonValue[] = [];
  endless.push(endless);
  await using service = serve({
    onError: (error) => void failures.push(error),
    join: () => ({ response: { endless } }),
  });
  await using client = await Client.connect(service);
  const params = { meta: {} };
  assertEquals(
    await client.refused("room", "phx_join", params),
    "internal error",
  );
  assertEquals(failures.length, 1);
  assertEquals(service.topics.list("room"), []);
  assertEquals([...service.endpoint.sockets].map(({ topics }) => topics), [[]]);
});

Deno.test("the viewer of a join hook decides what is seen", async () => {
  await using service = serve({
    join: (_topic, { team }) => ({
      viewer: {
        restricted: typeof team === "string" ? [team] : [],
        private: false,
      },
    }),
  });
  for (const label of ["red", "blue"]) {
    const visibility = { restricted: label };
    service.topics.track("room", label, {}, { visibility });
  }
  service.topics.track("room", "nobody", {}, { visibility: "private" });
  await using client = await Client.connect(service);
  await client.join("room", { team: "red" });
  const screen = new Screen("room").show(await client.rest());
  assertEquals(screen.list().map(({ key }) => key), ["red"]);
});

Deno.test("a fresh token goes to its hook, which may refuse it", async () => {
  const tokens: unknown[] = [];
  await using service = serve({
    accessToken: (token, socket) => {
      tokens.push([token, socket.topics]);
      if (token === "old") return { reason: "expired" };
    },
  });
  await using client = await Client.connect(service);
  await client.join("room");
  await client.done("room", "access_token", { access_token: "new" });
  const payload = { access_token: "old" };
  assertEquals(
    await client.refused("room", "access_token", payload),
    "expired",
  );
  assertEquals(tokens, [["new", ["room"]], ["old", ["room"]]]);
  assert(client.isOpen);
});

Deno.test("the error of a token hook is reported, and not sent to the client", async () => {
  const failures: unknown[] = [];
  const failure = new Error("a secret of the server");
  await using service = serve({
    onError: (error) => void failures.push(error),
    accessToken: () => Promise.reject(failure),
  });
  await using client = await Client.connect(service);
  await client.join("room");
  const payload = { access_token: "x" };
  assertEquals(
    await client.refused("room", "access_token", payload),
    "internal error",
  );
  assertEquals(failures, [failure]);
});
