import { assertEquals } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import type { Frame } from "../testing/client.ts";
import { type InProcess, inProcess } from "../testing/in_process.ts";
import type { MemoryClient } from "../testing/memory_client.ts";
import { byName, identity } from "../testing/service.ts";

/** Joins the room as a live client; returns the reply and what follows. */
async function live(
  service: InProcess,
  params: object,
  user?: string,
): Promise<{ client: MemoryClient; frames: Frame[] }> {
  const client = await service.connect(user);
  client.say(["1", "1", "room", "phx_join", params]);
  await flush();
  return { client, frames: client.take() };
}

/** Sends a message, and returns what its reply says. */
function ask(client: MemoryClient, event: string, payload: object): unknown {
  client.say(["1", "9", "room", event, payload]);
  const reply = client.take().find(([, ref]) => ref === "9");
  return reply?.[4];
}

const ok = { status: "ok", response: {} };

const refused = (reason: string) => ({ status: "error", response: { reason } });

/** The facets in the store, without those of the server. */
function facetsIn({ server }: InProcess): unknown[] {
  return server.store.snapshots({ context: "room" })
    .map(({ facets: { visit: _, ...facets } }) => facets);
}

Deno.test("a live client gets a state of entries, and then changes", async () => {
  using service = inProcess();
  service.topics.track("room", "eve", {}, { connection: "tab" });
  const { client, frames } = await live(service, {
    key: "ada",
    live: { facets: { activity: "editing" }, resource: "laptop" },
  });
  const [[, , , , reply] = [], [joinRef, ref, , event, state] = []] = frames;
  const { response = {} } = Object(reply);
  assertEquals([response.key, response.resource], ["ada", "laptop"]);
  assertEquals([joinRef, ref, event], [null, null, "presence_entries"]);
  const { type, part, last, entries } = Object(state);
  assertEquals([type, part, last], ["state", 0, true]);
  assertEquals(
    entries.map((entry: Record<string, unknown>) => entry.subject),
    ["eve", "ada"],
  );
  client.say(["1", null, "room", "update", { facets: { activity: null } }]);
  await flush();
  const [[, , , , changes] = []] = client.take();
  const [{ update }] = Object(changes).changes;
  assertEquals(
    [update.subject, update.origin, update.facets],
    ["ada", response.origin, { activity: null }],
  );
});

Deno.test("a live client without facets only watches", async () => {
  using service = inProcess();
  const { client } = await live(service, { key: "ada", live: {} });
  assertEquals(service.server.store.size, 0);
  assertEquals(ask(client, "update", { facets: { mood: "fine" } }), ok);
  assertEquals(facetsIn(service), [{ mood: "fine" }]);
});

Deno.test("update merges facets, and changes who may see them", async () => {
  using service = inProcess();
  const { client } = await live(service, {
    live: { facets: { mood: "fine", place: 1 } },
    visibility: "private",
  });
  assertEquals(ask(client, "update", { facets: { place: null } }), ok);
  const [entry] = service.server.store.snapshots({ context: "room" });
  assertEquals(entry?.visibility, "private");
  assertEquals(ask(client, "update", { visibility: "public" }), ok);
  const [now] = service.server.store.snapshots({ context: "room" });
  assertEquals([now?.visibility, facetsIn(service)], [
    "public",
    [{ mood: "fine" }],
  ]);
});

Deno.test("a facet with a time to live ends by itself", async () => {
  using service = inProcess();
  const { client } = await live(service, { live: {} });
  assertEquals(
    ask(client, "update", {
      facets: { typing: true, mood: "fine" },
      facetTtlsMs: { typing: 5_000 },
    }),
    ok,
  );
  await service.seconds(4);
  assertEquals(facetsIn(service), [{ typing: true, mood: "fine" }]);
  await service.seconds(2);
  assertEquals(facetsIn(service), [{ mood: "fine" }]);
});

Deno.test("update refuses what is not valid, and changes nothing", async () => {
  using service = inProcess({ limits: { metaBytes: 100 } });
  const { client } = await live(service, { live: { facets: { mood: "ok" } } });
  const rule = "must be an object without lastSeen, meta and visit";
  const most = "must be at most 64 in all, and 100 bytes as JSON";
  const ttl = "must be milliseconds above 0 of a facet that is set";
  const many = Object.fromEntries(Array.from({ length: 65 }, (_, n) => [n, 1]));
  const bad: [object, string][] = [
    [{ facets: [] }, `facets ${rule}: received an array`],
    [{ facets: { visit: "x" } }, `facets ${rule}: received an object`],
    [{ facets: { lastSeen: 1 } }, `facets ${rule}: received an object`],
    [
      { facets: { text: "x".repeat(90) } },
      `facets ${most}: received "2 and 113 bytes"`,
    ],
    [
      { facets: { mood: "no" }, facetTtlsMs: { mood: 0 } },
      `facetTtlsMs.mood ${ttl}: received 0`,
    ],
    [{ facetTtlsMs: { mood: 5 } }, `facetTtlsMs.mood ${ttl}: received 5`],
  ];
  for (const [payload, reason] of bad) {
    assertEquals(
      ask(client, "update", payload),
      refused(`Cannot update presence: ${reason}`),
    );
  }
  assertEquals(ask(client, "update", { facets: many }) !== ok, true);
  assertEquals(
    ask(client, "presence", { event: "track", payload: {} }),
    refused('a live client has no meta: send "update"'),
  );
  assertEquals(facetsIn(service), [{ mood: "ok" }]);
});

Deno.test("a join refuses facets and names that are not valid", async () => {
  using service = inProcess();
  for (
    const bad of [[], "x", { facets: 1 }, { resource: "" }, { resource: 5 }]
  ) {
    const { frames: [[, , , , reply] = []] } = await live(service, {
      live: bad,
    });
    assertEquals(Object(reply).status, "error", JSON.stringify(bad));
  }
  assertEquals(service.server.store.size, 0);
});

Deno.test("a live client that may only read watches, and its update is refused", async () => {
  using service = inProcess({
    authorize: () => identity({ canWrite: () => false }),
  });
  const { frames: [[, , , , reply] = []] } = await live(service, {
    live: { facets: {} },
  });
  const reason = "unauthorized to publish here: leave out the facets to watch";
  assertEquals(reply, refused(reason));
  const { client } = await live(service, { live: {} });
  const answer = Object(ask(client, "update", { facets: { mood: "fine" } }));
  assertEquals(answer.status, "error");
  assertEquals(service.server.store.size, 0);
});

Deno.test("a live client hears no more of an entry that it may no longer see", async () => {
  using service = inProcess({
    authorize: byName({
      ada: identity({ subject: "ada" }),
      bob: identity({ subject: "bob" }),
    }),
  });
  const { client: ada } = await live(
    service,
    { live: { facets: { mood: "fine" } } },
    "ada",
  );
  const { client: bob } = await live(service, { live: {} }, "bob");
  ada.say(["1", null, "room", "update", {
    facets: { mood: "secret" },
    visibility: "private",
  }]);
  await flush();
  const [[, , , , payload] = []] = bob.take();
  const [{ gone }] = Object(payload).changes;
  assertEquals(gone.subject, "ada");
  assertEquals(JSON.stringify(payload).includes("secret"), false);
  // Its own entries it sees always.
  assertEquals(JSON.stringify(ada.take()).includes("secret"), true);
});

Deno.test("a connection that returns takes its entry over, and a former one can't change it", async () => {
  using service = inProcess();
  const params = {
    key: "ada",
    live: { facets: { mood: "fine" }, resource: "tab" },
  };
  const { client: bob } = await live(service, { key: "bob", live: {} });
  const { client: before } = await live(service, params);
  await live(service, { ...params, live: { ...params.live, facets: {} } });
  await flush();
  const gone = JSON.stringify(bob.take()).match(/"gone"/g)?.length;
  assertEquals([service.server.store.size, gone], [1, 1]);
  assertEquals(
    ask(before, "update", { facets: { mood: "bad" } }),
    refused("another connection has the name of this one"),
  );
});

Deno.test("a live client that does not read gets later changes together", async () => {
  using service = inProcess({ limits: { bufferedBytes: 1_000 } });
  const { client: slow } = await live(service, { key: "slow", live: {} });
  slow.bufferedAmount = 1_001;
  for (let n = 0; n < 3; n++) {
    service.topics.track("room", `p${n}`, {});
    await flush();
  }
  const [before = []] = slow.take();
  slow.bufferedAmount = 0;
  await service.seconds(1);
  const frames = slow.take();
  assertEquals(frames.length, 1);
  const all = JSON.stringify([before, frames]);
  assertEquals(["p0", "p1", "p2"].every((id) => all.includes(id)), true);
});

Deno.test("nobody can broadcast entries to live clients", async () => {
  using service = inProcess();
  const { client } = await live(service, { key: "ada", live: {} });
  const mallory = await service.member();
  const state = { type: "state", part: 0, last: true, entries: [] };
  mallory.say(["1", "9", "room", "presence_entries", state]);
  const [[, , , , reply] = []] = mallory.take();
  assertEquals(Object(reply).status, "error");
  assertEquals(client.take(), []);
});

for (const admission of [{ meta: { role: "guest" } }, { stamp: { role: 1 } }]) {
  const [name] = Object.keys(admission);
  Deno.test(`a live join is refused where the hook answers with a ${name}`, async () => {
    using service = inProcess({ join: () => admission });
    const { frames: [[, , , , reply] = []] } = await live(service, {
      live: { facets: {} },
    });
    assertEquals(reply, refused("a live join is not possible here"));
    assertEquals(service.server.store.size, 0);
  });
}

Deno.test("a live join of a document gets its sessions as entries", async () => {
  using service = inProcess();
  const ada = await service.connect();
  const params = { key: "ada", name: "Ada", live: {} };
  ada.say(["1", "1", "document:1", "phx_join", params]);
  await flush();
  const [[, , , , reply] = [], [, , , event, state] = []] = ada.take();
  const { response } = Object(reply);
  const { entries: [session] } = Object(state);
  assertEquals(
    [event, session.subject, session.resource, session.facets.meta.value.name],
    ["presence_entries", "ada", response.session_id, "Ada"],
  );
  const cursor = { line: 3, column: 4, offset: 50 };
  const bob = await service.reader({ key: "bob", name: "Bob" });
  await flush();
  ada.take();
  bob.say(["1", "2", "document:1", "cursor", { cursor, selection: null }]);
  await flush();
  const [[, , , , changes] = []] = ada.take();
  const [{ update }] = Object(changes).changes;
  assertEquals([update.subject, update.facets.cursor], ["bob", cursor]);
});

Deno.test("a live join of a document has a name in place of facets", async () => {
  using service = inProcess();
  const client = await service.connect();
  client.say(["1", "1", "document:1", "phx_join", { live: { facets: {} } }]);
  await flush();
  const [[, , , , reply] = []] = client.take();
  assertEquals(
    reply,
    refused("in a document a name takes the place of facets"),
  );
});

Deno.test("an update of an entry that is gone is refused: it is only a part", async () => {
  using service = inProcess();
  const { client } = await live(service, {
    live: { facets: { mood: "fine", place: 1 } },
  });
  const [entry] = service.server.store.snapshots({ context: "room" });
  if (entry) service.server.withdraw(entry);
  assertEquals(
    ask(client, "update", { facets: { place: 2 } }),
    refused("no longer present: join again"),
  );
  assertEquals(service.server.store.size, 0);
});

Deno.test("a client whose key is only claimed takes no entry over", async () => {
  using service = inProcess({ authorize: () => identity() });
  const params = {
    key: "ada",
    live: { facets: { mood: "fine" }, resource: "tab" },
  };
  await live(service, params);
  await live(service, params);
  assertEquals(facetsIn(service).length, 2);
});
