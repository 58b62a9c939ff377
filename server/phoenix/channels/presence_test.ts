import { assert, assertEquals } from "@std/assert";
import { Client, Screen } from "../testing/client.ts";
import { serve, type Service } from "../testing/service.ts";

/** A member of the room that has read all frames. */
async function watcher(service: Service): Promise<Client> {
  const client = await Client.connect(service);
  await client.join("room", { key: "watcher" });
  await client.event("presence_state");
  return client;
}

/** A diff as it arrives. */
function diff(
  sequence: number,
  { joins = {}, leaves = {} }: { joins?: object; leaves?: object },
): unknown {
  const payload = { joins, leaves, epoch: "e", sequence };
  return [null, null, "room", "presence_diff", payload];
}

Deno.test("a join with a meta is a presence from the start", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await Client.connect(service);
  const meta = { mood: "fine" };
  assertEquals(await client.join("room", { key: "ada", meta }), {
    key: "ada",
    epoch: "e",
    // That of the state: the room is yet to hear of ada, and tells it by a diff.
    sequence: 0,
  });
  const ada = { ada: { metas: [{ phx_ref: "#1", mood: "fine" }] } };
  assertEquals(await other.rest(), [diff(1, { joins: ada })]);
  const frames = await client.rest();
  const [, , , event] = frames[0] ?? [];
  assertEquals(event, "presence_state");
  assertEquals(new Screen("room").show(frames).list(), [
    { key: "ada", metas: [meta] },
  ]);
});

Deno.test("a join without a meta only watches", async () => {
  await using service = serve();
  await using client = await watcher(service);
  assertEquals(service.topics.list("room"), []);
  service.topics.track("room", "ada", { mood: "fine" });
  const ada = { metas: [{ phx_ref: "#1", mood: "fine" }] };
  assertEquals(await client.rest(), [diff(1, { joins: { ada } })]);
});

Deno.test("a state has all metas of a key, in the order of their joins", async () => {
  await using service = serve();
  for (const tab of [1, 2, 3]) service.topics.track("room", "ada", { tab });
  service.topics.track("room", "bob", "a text");
  await using client = await Client.connect(service);
  await client.join("room");
  assertEquals(await client.next(), ["1", null, "room", "presence_state", {
    ada: {
      metas: [
        { phx_ref: "#1", tab: 1 },
        { phx_ref: "#2", tab: 2 },
        { phx_ref: "#3", tab: 3 },
      ],
    },
    bob: { metas: [{ phx_ref: "#4", phx_meta: "a text" }] },
  }]);
});

Deno.test("track and untrack by the event presence", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await watcher(service);
  await client.track("room", { mood: "fine" });
  const metas = [{ phx_ref: "#1", mood: "fine" }];
  assertEquals(await other.rest(), [
    diff(1, { joins: { watcher: { metas } } }),
  ]);
  assertEquals(await client.rest(), [
    diff(1, { joins: { watcher: { metas } } }),
  ]);
  await client.untrack("room");
  assertEquals(
    await other.rest(),
    [diff(2, { leaves: { watcher: { metas } } })],
  );
  // Nobody is there twice, nor gone twice.
  await client.untrack("room");
  assertEquals(await other.rest(), []);
  assertEquals(service.topics.list("room"), []);
});

Deno.test("an update is one diff: the new meta with phx_ref_prev, the old one leaves", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: { mood: "fine" } });
  await client.track("room", { mood: "tired" });
  await other.event("presence_diff");
  assertEquals(
    await other.next(),
    diff(2, {
      joins: {
        ada: {
          metas: [{ phx_ref: "#2", mood: "tired", phx_ref_prev: "#1" }],
        },
      },
      leaves: { ada: { metas: [{ phx_ref: "#1", mood: "fine" }] } },
    }),
  );
  assertEquals(await other.rest(), []);
});

Deno.test("an update replaces the meta, and does not merge it", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: { mood: "fine", tab: 1 } });
  await client.track("room", { tab: 2 });
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ tab: 2 }] },
  ]);
});

Deno.test("tracking the same again sends nothing", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await watcher(service);
  await client.track("room", { mood: "fine", list: [1, { a: null }] });
  await other.rest();
  const { lastSequence } = service.server;
  await client.track("room", { list: [1, { a: null }], mood: "fine" });
  assertEquals(await other.rest(), []);
  assertEquals(service.server.lastSequence, lastSequence);
});

Deno.test("untrack and track of the same payload sends both", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await watcher(service);
  await client.track("room", { mood: "fine" });
  await client.untrack("room");
  await client.track("room", { mood: "fine" });
  const events = (await other.rest()).map((frame) => frame[4]);
  assertEquals(events.length, 3);
});

Deno.test("several sockets of a key are several metas", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using laptop = await Client.connect(service);
  await using phone = await Client.connect(service);
  await laptop.join("room", { key: "ada", meta: { device: "laptop" } });
  await phone.join("room", { key: "ada", meta: { device: "phone" } });
  const screen = new Screen("room").show(await other.rest());
  const both = [{ device: "laptop" }, { device: "phone" }];
  assertEquals(screen.list(), [{ key: "ada", metas: both }]);
  await laptop.done("room", "phx_leave");
  screen.show(await other.rest());
  assertEquals(screen.list(), [{ key: "ada", metas: [{ device: "phone" }] }]);
});

Deno.test("a leave is a goodbye, without a grace", async () => {
  await using service = serve({ server: { graceMs: 60_000 } });
  await using other = await watcher(service);
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: { tab: 1 } });
  await client.done("room", "phx_leave");
  const metas = [{ phx_ref: "#1", tab: 1 }];
  assertEquals(await other.rest(), [
    diff(1, { joins: { ada: { metas } } }),
    diff(2, { leaves: { ada: { metas } } }),
  ]);
});

Deno.test("refs that a client sends are removed from its metas", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  const forged = { phx_ref: "x", phx_ref_prev: "y", phx_ref_other: 1 };
  await client.join("room", { key: "ada", meta: { ...forged, tab: 1 } });
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ tab: 1 }] },
  ]);
  await client.track("room", { ...forged, tab: 2 });
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ tab: 2 }] },
  ]);
});

Deno.test("a meta may be any JSON value, with any names", async () => {
  await using service = serve();
  await using other = await watcher(service);
  await using client = await watcher(service);
  const screen = new Screen("room");
  const metas = [
    "a text",
    7,
    false,
    [1, [2]],
    JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
    { phx_meta: "mine", phx_other: 1 },
  ];
  for (const meta of metas) {
    await client.track("room", meta);
    screen.show(await other.rest());
    assertEquals(screen.list(), [{ key: "watcher", metas: [meta] }]);
  }
});

Deno.test("a key may be any name", async () => {
  await using service = serve();
  await using other = await watcher(service);
  const screen = new Screen("room");
  for (const key of ["__proto__", "constructor", "a\u0000b", "€🙂"]) {
    await using client = await Client.connect(service);
    const { key: given } = await client.join("room", { key, meta: {} });
    assertEquals(given, key);
    screen.show(await other.rest());
    assertEquals(screen.list(), [{ key, metas: [{}] }]);
    await client.done("room", "phx_leave");
    screen.show(await other.rest());
    assertEquals(screen.list(), []);
  }
});

Deno.test("a join with an empty topic or key is refused", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  assertEquals(
    await client.refusedJoin("", { meta: {} }),
    'Cannot join topic: topic must not be empty: received ""',
  );
  assertEquals(
    await client.refusedJoin("room", { key: "", meta: {} }),
    "Cannot join topic: key must be a well-formed string of 1 to 256 " +
      'characters: received ""',
  );
});

Deno.test("a meta that is too large is refused, and the former stays", async () => {
  await using service = serve({ limits: { metaBytes: 20 } });
  await using client = await Client.connect(service);
  const reason = "Cannot track presence: meta must have at most 20 bytes " +
    'as JSON: received "22 bytes"';
  const large = { text: "x".repeat(11) };
  assertEquals(await client.refusedJoin("room", { meta: large }), reason);
  assertEquals(await client.refused("room", "wave"), "unmatched topic");
  await client.join("room", { key: "ada", meta: { text: "€" } });
  const track = { type: "presence", event: "track", payload: large };
  assertEquals(await client.refused("room", "presence", track), reason);
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ text: "€" }] },
  ]);
});

Deno.test("a meta may have 4,096 bytes, unless a limit says otherwise", async () => {
  await using service = serve();
  await using client = await watcher(service);
  // Two quotes are around it.
  await client.track("room", "x".repeat(4_094));
  const track = { event: "track", payload: "x".repeat(4_095) };
  const reason = String(await client.refused("room", "presence", track));
  assert(reason.includes("at most 4096 bytes"), reason);
  assertEquals(service.topics.list("room")[0]?.metas, ["x".repeat(4_094)]);
});

Deno.test("a label of a visibility may have 256 characters", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  const [long, tooLong] = [256, 257]
    .map((length) => ({ restricted: "x".repeat(length) }));
  const rule = "visibility must have at most 256 characters";
  const params = { key: "ada", meta: 1, visibility: tooLong };
  const reason = String(await client.refusedJoin("room", params));
  assert(reason.startsWith(`Cannot join topic: ${rule}`), reason);
  await client.join("room", { key: "ada", meta: 1, visibility: long });
  const track = { event: "track", payload: 2, visibility: tooLong };
  const refusal = String(await client.refused("room", "presence", track));
  assert(refusal.startsWith(`Cannot track presence: ${rule}`), refusal);
  await client.track("room", 3, { visibility: long });
  assertEquals(service.topics.list("room"), [{ key: "ada", metas: [3] }]);
});

Deno.test("a number that JSON can't keep is refused as a meta", async () => {
  await using service = serve();
  await using client = await watcher(service);
  client.send(
    '["1","9","room","presence",{"event":"track","payload":{"a":1e999}}]',
  );
  const [, , , , { status }] = await client.reply("9");
  assertEquals(status, "error");
  assertEquals(service.topics.list("room"), []);
});

Deno.test("a topic that is full refuses one more key, and no more tabs", async () => {
  await using service = serve({ server: { maxSubjectsPerContext: 1 } });
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room", { key: "ada", meta: {} });
  const reason = await other.refusedJoin("room", { key: "bob", meta: {} });
  assert(/capacity|full|at most/i.test(String(reason)), String(reason));
  await other.join("room", { key: "bob" });
  await other.join("room", { key: "ada", meta: {} });
  assertEquals(service.topics.connectionCount("room", "ada"), 2);
});

Deno.test("the sequences of diffs rise from the one of the reply", async () => {
  await using service = serve();
  service.topics.track("room", "ada", 1);
  service.topics.track("elsewhere", "ada", 1);
  await using client = await Client.connect(service);
  const { epoch, sequence } = await client.join("room");
  assertEquals([epoch, sequence], ["e", 2]);
  await client.event("presence_state");
  service.topics.track("room", "bob", 1);
  assertEquals((await client.event("presence_diff"))[4].sequence, 3);
  service.topics.track("elsewhere", "bob", 1);
  service.topics.track("room", "cem", 1);
  const [, , , , later] = await client.event("presence_diff");
  assertEquals([later.epoch, later.sequence], ["e", 5]);
});

Deno.test("many changes at once are one diff", async () => {
  await using service = serve();
  await using client = await watcher(service);
  for (const key of ["ada", "bob", "cem"]) {
    service.topics.track("room", key, 1);
  }
  const frames = await client.rest();
  assertEquals(frames.length, 1);
  assertEquals(new Screen("room").show(frames).list().length, 3);
});
