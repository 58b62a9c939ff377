import { assert, assertEquals, assertMatch } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import { PresenceServer } from "../../mod.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";
import {
  type JsonObject,
  PhoenixEndpoint,
  type PhoenixIdentity,
} from "../mod.ts";
import { isJsonObject } from "../../internal.ts";
import type { Frame } from "../testing/client.ts";
import {
  type InProcess,
  inProcess,
  type InProcessOptions,
} from "../testing/in_process.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import { byName, identity } from "../testing/service.ts";

const TOPIC = "document:1";
const CURSOR = { line: 3, column: 4, offset: 50 };
const ADA = { key: "ada", name: "Ada" };

/** The happenings among frames. */
function told(frames: readonly Frame[]): JsonObject[] {
  return frames.filter(([, , , event]) => event === "presence")
    .map(([, , , , { payload }]) => {
      assert(isJsonObject(payload));
      return payload;
    });
}

/** The kinds of what `presence` events tell. */
function kinds(frames: readonly Frame[]): unknown[] {
  return told(frames).map(({ type, user_id }) =>
    type === "state" ? type : `${type} ${user_id}`
  );
}

/** Sends an event, and gives what the reply says. */
function ask(
  client: MemoryClient,
  event: string,
  payload: unknown = {},
  topic = TOPIC,
): JsonObject {
  const { frames } = client;
  const before = frames.length;
  client.say(["1", "ask", topic, event, payload]);
  const [reply] = frames.splice(before, 1);
  assert(typeof reply === "string", "there is no reply");
  const [, ref, , , said] = JSON.parse(reply);
  assertEquals(ref, "ask");
  return said;
}

/** Sends an event that is refused, and gives the reason. */
function refusal(
  client: MemoryClient,
  event: string,
  payload: unknown = {},
): unknown {
  const { status, response } = ask(client, event, payload);
  assertEquals(status, "error");
  assert(isJsonObject(response));
  return response.reason;
}

/** Sends an event that is done. */
function done(client: MemoryClient, event: string, payload: unknown = {}) {
  assertEquals(ask(client, event, payload), { status: "ok", response: {} });
}

/** Joins, and gives what the reply says. */
async function join(
  client: MemoryClient,
  params: object,
  { topic = TOPIC, ref = "1" } = {},
): Promise<JsonObject> {
  client.say([ref, ref, topic, "phx_join", params]);
  await flush();
  const index = client.frames.findIndex((frame) =>
    typeof frame === "string" && frame.includes("phx_reply")
  );
  const [frame] = client.frames.splice(index, 1);
  assert(typeof frame === "string", "there is no reply");
  const [, , , , said] = JSON.parse(frame);
  return said;
}

/** Joins, and gives the reason why it may not. */
async function refusedJoin(
  client: MemoryClient,
  params: object,
): Promise<unknown> {
  const { status, response } = await join(client, params);
  assertEquals(status, "error");
  assert(isJsonObject(response));
  return response.reason;
}

/** The people in the document. */
async function users({ documents }: InProcess): Promise<string[]> {
  const { users } = await documents.activeUsers("1");
  return users.map(({ userId, sessions }) => `${userId} ${sessions}`);
}

Deno.test("a client that joins a document with a name enters, and gets who is there", async () => {
  using service = inProcess();
  const client = await service.connect();
  client.say(["1", "1", TOPIC, "phx_join", ADA]);
  await flush();
  const frames = client.take();
  assertEquals(frames.map(([, , , event]) => event), [
    "phx_reply",
    "presence_state",
    "presence",
  ]);
  const [session] = service.server.store.snapshots({ context: TOPIC });
  const { users: [ada] } = await service.documents.activeUsers("1");
  assertEquals<unknown>(frames[0]?.[4], {
    status: "ok",
    response: {
      key: "ada",
      session_id: session?.resource,
      color: ada?.color,
      epoch: "e",
      sequence: service.server.lastSequence,
    },
  });
  const now = service.server.now;
  assertEquals<unknown>(frames[2], [null, null, TOPIC, "presence", {
    event_type: "presence",
    payload: {
      type: "state",
      document_id: "1",
      users: [{
        user_id: "ada",
        name: "Ada",
        avatar_url: null,
        activity: "viewing",
        last_active_at: now,
        document_id: "1",
        workspace_id: null,
        color: ada?.color,
        online: true,
        is_typing: false,
        is_focused: true,
        viewport: null,
        cursor: null,
        selection: null,
        connected_at: now,
        last_cursor_update: now,
      }],
    },
    timestamp: now,
  }]);
});

Deno.test("a client that joins a document without a name only watches", async () => {
  using service = inProcess();
  const watcher = await service.reader({ key: "eve" });
  assertEquals(await users(service), []);
  await service.reader(ADA);
  assertEquals(kinds(watcher.take()), ["user_joined ada"]);
  for (const event of ["cursor", "typing", "viewport", "focus"]) {
    assertMatch(String(refusal(watcher, event)), /only watched/);
  }
});

Deno.test("there is no document without an id, not even to watch", async () => {
  using service = inProcess();
  for (const params of [{}, ADA]) {
    const client = await service.connect();
    assertEquals(await join(client, params, { topic: "document:" }), {
      status: "error",
      response: { reason: "unmatched topic" },
    });
    assertEquals(client.frames, []);
  }
});

Deno.test("a workspace is enough to enter, and finds the document", async () => {
  using service = inProcess();
  await service.reader({ key: "ada", workspace_id: "acme" });
  const { users: [ada] } = await service.documents.activeUsers("1");
  assertEquals(ada?.name, "ada", "without a name it is the key");
  const { documents } = await service.documents.activeDocuments("acme");
  assertEquals(documents.map(({ documentId }) => documentId), ["1"]);
});

Deno.test("a client that joins the topic of a workspace does not see its documents", async () => {
  using service = inProcess();
  await service.reader({ ...ADA, workspace_id: "acme" });
  const eve = await service.connect();
  await join(eve, { key: "eve" }, { topic: "workspace:acme" });
  await service.reader({ key: "bob", name: "Bob", workspace_id: "acme" });
  await flush();
  const said = JSON.stringify(eve.take());
  assert(said.includes("presence_state"), said);
  assert(!/ada|bob|document/.test(said), said);
});

Deno.test("a name that is null or empty is none", async () => {
  using service = inProcess();
  await service.reader({ key: "ada", name: null, workspace_id: null });
  assertEquals(await users(service), []);
  await service.reader({ key: "bob", name: "", workspace_id: "" });
  const { users: [bob] } = await service.documents.activeUsers("1");
  assertEquals(bob?.name, "bob");
});

Deno.test("a document sends the changes of a client to the others", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob", name: "Bob" });
  const anchor = { line: 3, column: 9, offset: 55 };
  const selection = { anchor, head: CURSOR, is_backward: true };
  const heard = async () => {
    await flush();
    ada.take();
    return told(bob.take());
  };

  done(ada, "cursor", { cursor: CURSOR, selection });
  assertEquals(await heard(), [
    { type: "cursor_moved", user_id: "ada", cursor: CURSOR, selection },
    { type: "activity_changed", user_id: "ada", activity: "selecting" },
  ]);

  await service.seconds(1);
  done(ada, "cursor", { cursor: CURSOR });
  assertEquals(await heard(), [
    { type: "cursor_moved", user_id: "ada", cursor: CURSOR, selection: null },
    { type: "activity_changed", user_id: "ada", activity: "viewing" },
  ]);

  const viewport = { top_line: 1, bottom_line: 40, scroll_percentage: 2.5 };
  done(ada, "viewport", viewport);
  assertEquals(await heard(), [
    { type: "viewport_changed", user_id: "ada", viewport },
  ]);

  done(ada, "typing");
  const typing = await heard();
  assertEquals(typing, [
    { type: "typing_changed", user_id: "ada", is_typing: true },
    { type: "activity_changed", user_id: "ada", activity: "editing" },
  ]);
  await service.seconds(1);
  assertEquals(await heard(), [
    { type: "typing_changed", user_id: "ada", is_typing: false },
    { type: "activity_changed", user_id: "ada", activity: "viewing" },
  ]);

  done(ada, "typing", { is_typing: true });
  assertEquals(await heard(), typing);
  done(ada, "typing", { is_typing: false });
  assertEquals(await heard(), [
    { type: "typing_changed", user_id: "ada", is_typing: false },
    { type: "activity_changed", user_id: "ada", activity: "viewing" },
  ]);

  done(ada, "focus", { focused: false, hidden: true });
  assertEquals(await heard(), [
    { type: "activity_changed", user_id: "ada", activity: "away" },
  ]);
  done(ada, "focus", { focused: true });
  assertEquals(await heard(), [
    { type: "activity_changed", user_id: "ada", activity: "viewing" },
  ]);
});

Deno.test("an idle person is reported, and activity changes no meta", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob" });
  done(ada, "cursor", { cursor: CURSOR });
  await service.seconds(31);
  const frames = bob.take();
  assertEquals(kinds(frames), ["cursor_moved ada", "user_idle ada"]);
  assert(!frames.some(([, , , event]) => event === "presence_diff"));
});

Deno.test("of many positions at once, the first and the last are sent", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob" });
  for (let offset = 0; offset < 50; offset++) {
    done(ada, "cursor", { cursor: { ...CURSOR, offset } });
  }
  await service.seconds(1);
  const offsets = told(bob.take())
    .map(({ cursor }) => isJsonObject(cursor) && cursor.offset);
  assertEquals(offsets, [0, 49]);
});

Deno.test("the subject of an identity is the user, whatever the client sends", async () => {
  using service = inProcess({
    authorize: byName({ ada: identity({ subject: "ada" }) }),
  });
  await service.reader({ key: "eve", name: "Ada" }, "ada");
  assertEquals(await users(service), ["ada 1"]);
});

Deno.test("a stamp of the join hook can't be overwritten", async () => {
  using service = inProcess({
    join: () => ({
      stamp: { name: "Ada L.", avatar_url: "https://a.example" },
    }),
  });
  await service.reader({
    key: "ada",
    name: "The Queen",
    avatar_url: "https://evil.example",
  });
  const { users: all } = await service.documents.activeUsers("1");
  assertEquals(all.map(({ name, avatarUrl }) => [name, avatarUrl]), [
    ["Ada L.", "https://a.example"],
  ]);
});

Deno.test("a stamped name lets a client enter without a name", async () => {
  using service = inProcess({ join: () => ({ stamp: { name: "Ada L." } }) });
  const ada = await service.reader({ key: "ada" });
  done(ada, "typing");
  const { users: all } = await service.documents.activeUsers("1");
  assertEquals(all.map(({ name }) => name), ["Ada L."]);
});

Deno.test("a client with the name null watches, whatever is stamped", async () => {
  using service = inProcess({ join: () => ({ stamp: { name: "Ada L." } }) });
  await service.reader({ key: "ada", name: null });
  assertEquals(await users(service), []);
});

Deno.test("without the right to write, a client with a stamped name watches", async () => {
  using service = inProcess({
    authorize: byName({
      ada: identity({ subject: "ada", canWrite: () => false }),
    }),
    join: () => ({ stamp: { name: "Ada L." } }),
  });
  await service.reader({}, "ada");
  assertEquals(await users(service), []);
  const ada = await service.connect("ada");
  assertMatch(
    String(await refusedJoin(ada, { name: "Ada" })),
    /unauthorized/,
    "a name of one's own asks for more",
  );
});

Deno.test("a stamped workspace alone lets nobody enter", async () => {
  using service = inProcess({ join: () => ({ stamp: { workspace_id: "w" } }) });
  await service.reader({ key: "ada" });
  assertEquals(await users(service), []);
});

Deno.test("a meta of the join hook lets a client enter, under a name", async () => {
  using service = inProcess({ join: () => ({ meta: { name: "Guest" } }) });
  await service.reader({ key: "eve" });
  const { users: all } = await service.documents.activeUsers("1");
  assertEquals(all.map(({ name }) => name), ["Guest"]);
});

Deno.test("a document may be full, also for sockets", async () => {
  using service = inProcess({ documents: { maxUsersPerDocument: 1 } });
  const ada = await service.reader(ADA);
  const bob = await service.connect();
  assertEquals(
    await refusedJoin(bob, { key: "bob", name: "Bob" }),
    "Document at capacity: maximum 1 users",
  );
  assertEquals(bob.socket.topics, []);
  assertEquals(ada.take(), []);
  await service.reader(ADA);
  assertEquals(await users(service), ["ada 2"], "another tab is welcome");
  const { status } = await join(bob, { key: "bob" });
  assertEquals(status, "ok", "so is who watches");
});

/** Lets a server take its time to learn what others have, and returns what ends it. */
function slowToLearn({ server }: InProcess): () => Promise<void> {
  const learnt = Promise.withResolvers<boolean>();
  server.replicate({
    put: () => {},
    removed: () => {},
    watched: () => {},
    follow: () => learnt.promise,
  });
  return async () => {
    learnt.resolve(true);
    await flush();
  };
}

// Rights

const WATCHER: PhoenixIdentity = identity({
  subject: "eve",
  canWrite: () => false,
});

Deno.test("a client that may not read a document does not join it, and nobody sees it", async () => {
  using service = inProcess({
    authorize: byName({
      eve: identity({ canRead: (topic) => topic !== TOPIC }),
      bob: identity(),
    }),
    join: (_topic, { name }) => name === "Spam" ? { reason: "no" } : {},
  });
  const bob = await service.reader({}, "bob");
  const eve = await service.connect("eve");
  assertEquals(await refusedJoin(eve, { name: "Eve" }), "unauthorized");
  const spam = await service.connect("bob");
  assertEquals(await refusedJoin(spam, { name: "Spam" }), "no");
  assertEquals(bob.take(), []);
});

Deno.test("a mistyped event of a document is refused with the right name, and not broadcast", async () => {
  using service = inProcess();
  const ada = await service.reader({ name: "Ada" });
  const watcher = await service.reader();
  const other = await service.reader({ name: "Bob" });
  for (const client of [ada, watcher, other]) client.take();
  const slips: [string, string][] = [
    ["typng", "typing"],
    ["tpying", "typing"],
    ["Typing", "typing"],
    ["curser", "cursor"],
    ["cursors", "cursor"],
    ["viewprot", "viewport"],
    ["fokus", "focus"],
  ];
  for (const client of [ada, watcher]) {
    for (const [event, meant] of slips) {
      assertEquals(
        refusal(client, event),
        `a document has no event "${event}": did you mean "${meant}"?`,
      );
    }
  }
  assertEquals(other.take(), []);
  // All others are broadcasts, also of who only watches.
  for (const event of ["wave", "text", "type", "locate", "cursor_color"]) {
    for (const client of [ada, watcher]) {
      assertEquals(ask(client, event).status, "ok");
      assertEquals(other.take().map(([, , , heard]) => heard), [event]);
    }
  }
});

Deno.test("a client that may not write broadcasts nothing, neither in a room nor in a document", async () => {
  using service = inProcess({ authorize: byName({ eve: WATCHER }) });
  const eve = await service.connect("eve");
  eve.say(["1", "1", "room", "phx_join", {}]);
  await flush();
  eve.take();
  for (const event of ["track", "wave"]) {
    eve.say(["1", "2", "room", event, {}]);
    const [[, , , , reply] = []] = eve.take();
    assertEquals(reply, {
      status: "error",
      response: { reason: "unauthorized to publish here" },
    });
  }
  const reader = await service.reader({}, "eve");
  assertEquals(refusal(reader, "wave"), "unauthorized to publish here");
});

Deno.test("a client that may not write to a document does not enter", async () => {
  using service = inProcess({ authorize: byName({ eve: WATCHER }) });
  const eve = await service.connect("eve");
  const other = await service.reader({}, "eve");
  assertEquals(
    await refusedJoin(eve, { name: "Eve" }),
    "unauthorized to publish here: leave out the name to watch",
  );
  assertEquals(other.take(), [], "nobody has seen them");
  const { status } = await join(eve, {});
  assertEquals(status, "ok", "they may watch");
  await flush();
  assertEquals(kinds(eve.take()), ["state"]);
  for (const event of ["cursor", "typing", "viewport", "focus", "presence"]) {
    assertMatch(String(refusal(eve, event)), /unauthorized/);
  }
});

Deno.test("a client that loses the right to write is no longer relayed", async () => {
  let canWrite = true;
  using service = inProcess({
    authorize: byName({
      ada: identity({ subject: "ada", canWrite: () => canWrite }),
    }),
  });
  const ada = await service.reader({ name: "Ada" }, "ada");
  canWrite = false;
  assertMatch(
    String(refusal(ada, "cursor", { cursor: CURSOR })),
    /unauthorized/,
  );
});

/** Ada in the document, whose next token says what she may do. */
async function withToken(
  fresh: Partial<PhoenixIdentity>,
  options: InProcessOptions = {},
) {
  const service = inProcess({
    authorize: byName({ ada: identity({ subject: "ada" }) }),
    accessToken: () => identity({ subject: "ada", ...fresh }),
    ...options,
  });
  const ada = await service.reader({ name: "Ada", workspace_id: "w" }, "ada");
  return {
    ...service,
    ada,
    async refresh(): Promise<Frame[]> {
      ada.say(["1", "9", TOPIC, "access_token", { access_token: "new" }]);
      await flush();
      return ada.take();
    },
  };
}

Deno.test("a client stays in a document after a fresh token with the same rights", async () => {
  using service = await withToken({});
  const { lastSequence } = service.server;
  await service.refresh();
  assertEquals(service.server.lastSequence, lastSequence);
  done(service.ada, "cursor", { cursor: CURSOR });
});

Deno.test("a fresh token without the right to read closes a document", async () => {
  using service = await withToken({ canRead: (topic) => topic !== TOPIC });
  const frames = await service.refresh();
  assert(
    frames.some(([, , topic, event]) =>
      topic === TOPIC && event === "phx_close"
    ),
  );
  assertEquals(service.server.store.size, 0);
  await service.documents.join("bob", { documentId: "1", name: "Bob" });
  await service.seconds(1);
  assertEquals(service.ada.take(), []);
});

for (const lost of [TOPIC, "workspace:w"]) {
  Deno.test(`a client only watches after a fresh token without the right to write to ${lost}`, async () => {
    using service = await withToken({ canWrite: (topic) => topic !== lost });
    await service.refresh();
    assertEquals(service.server.store.size, 0);
    assertEquals(typeof refusal(service.ada, "typing"), "string");
    await service.documents.join("bob", { documentId: "1", name: "Bob" });
    await flush();
    assertEquals(kinds(service.ada.take()).at(-1), "user_joined bob");
  });
}

Deno.test("a client that the join hook has let in stays without the right to write", async () => {
  using service = await withToken({ canWrite: () => false }, {
    join: () => ({ meta: { name: "Guest" }, stamp: { workspace_id: "w" } }),
  });
  await service.refresh();
  assertEquals(await users(service), ["ada 1"]);
  assertMatch(String(refusal(service.ada, "typing")), /unauthorized/);
});

Deno.test("a client must be able to write to a workspace that it names", async () => {
  using service = inProcess({
    authorize: byName({
      eve: identity({ subject: "eve", canWrite: (topic) => topic === TOPIC }),
    }),
    join: (_topic, { stamped }) =>
      stamped === true ? { stamp: { workspace_id: "acme" } } : {},
  });
  const eve = await service.connect("eve");
  const params = { name: "Eve", workspace_id: "acme" };
  assertMatch(String(await refusedJoin(eve, params)), /unauthorized/);
  assertEquals(await users(service), []);
  await join(eve, { ...params, stamped: true, workspace_id: "other" });
  const found = async (workspace: string) =>
    (await service.documents.activeDocuments(workspace)).documents.length;
  assertEquals([await found("acme"), await found("other")], [1, 0]);
});

// Coming and going

Deno.test("a second join of a document by one socket is not a leave", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob" });
  const { status } = await join(ada, { ...ADA, name: "Ada L." }, { ref: "2" });
  assertEquals(status, "ok");
  await flush();
  assert(!kinds(bob.take()).includes("user_left ada"));
  assertEquals(await users(service), ["ada 1"]);
  const { users: [user] } = await service.documents.activeUsers("1");
  assertEquals(user?.name, "Ada L.");
});

Deno.test("a second join that is refused ends the first one", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob" });
  const { status } = await join(ada, { ...ADA, name: 7 }, { ref: "2" });
  assertEquals(status, "error");
  await flush();
  assertEquals(kinds(bob.take()), ["user_left ada"]);
  assertEquals(ada.socket.topics, []);
});

Deno.test("a client that leaves a document is removed at once", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob" });
  done(ada, "phx_leave");
  await flush();
  assertEquals(kinds(bob.take()), ["user_left ada"]);
  assertEquals(service.server.store.size, 0);
});

Deno.test("a person whose socket is lost has the server's grace", async () => {
  using service = inProcess({ server: { graceMs: 10_000 } });
  const ada = await service.reader({ ...ADA, workspace_id: "acme" });
  const bob = await service.reader({ key: "bob" });
  ada.socket.lost();
  await service.seconds(9);
  assertEquals(kinds(bob.take()), []);
  await service.seconds(2);
  assertEquals(kinds(bob.take()), ["user_left ada"]);
  assertEquals(service.server.store.size, 0);
});

Deno.test("a person who returns within the grace has not been away", async () => {
  using service = inProcess({ server: { graceMs: 10_000 } });
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob" });
  ada.socket.lost();
  await service.seconds(5);
  await service.reader(ADA);
  await service.seconds(20);
  const left = kinds(bob.take())
    .filter((kind) => kind === "user_left ada" || kind === "user_joined ada");
  assertEquals(left, []);
  assertEquals(await users(service), ["ada 1"]);
});

Deno.test("the last position of a cursor is sent although its socket is lost", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  done(ada, "cursor", { cursor: CURSOR });
  done(ada, "cursor", { cursor: { ...CURSOR, offset: 51 } });
  ada.socket.lost();
  const { users: [user] } = await service.documents.activeUsers("1");
  assertEquals(user?.cursor?.offset, 51);
});

Deno.test("a kicked person is removed at once", async () => {
  using service = inProcess();
  const ada = await service.reader({ ...ADA, workspace_id: "acme" });
  const bob = await service.reader({ key: "bob" });
  done(ada, "cursor", { cursor: CURSOR });
  done(ada, "cursor", { cursor: { ...CURSOR, offset: 51 } });
  ada.socket.kick();
  await flush();
  assertEquals(kinds(bob.take()).at(-1), "user_left ada");
  assertEquals(service.server.store.size, 0);
});

Deno.test("a person whose rights are revoked is removed at once", async () => {
  const ada = identity({ subject: "ada" });
  using service = inProcess({ authorize: byName({ ada }) });
  await service.reader({ name: "Ada" }, "ada");
  assertEquals(service.endpoint.revoke(ada), 1);
  assertEquals(service.server.store.size, 0);
});

const ENDS: Record<string, (client: MemoryClient) => void> = {
  "is lost": ({ socket }) => socket.lost(),
  "is kicked": ({ socket }) => socket.kick(),
};

for (const [what, end] of Object.entries(ENDS)) {
  Deno.test(`a client whose socket ${what} while it enters leaves no ghost`, async () => {
    using service = inProcess({ server: { graceMs: 10_000 } });
    const learn = slowToLearn(service);
    const ada = await service.connect();
    ada.say(["1", "1", TOPIC, "phx_join", { ...ADA, workspace_id: "acme" }]);
    await flush();
    const { lastSequence } = service.server;
    end(ada);
    await flush();
    await learn();
    assertEquals(service.server.store.size, 0);
    assertEquals(
      service.server.lastSequence,
      lastSequence,
      "nobody sees them come and go",
    );
    await service.seconds(11);
    assertEquals(service.endpoint.sockets.size, 0);
  });
}

for (const right of ["canRead", "canWrite"]) {
  Deno.test(`a client that loses ${right} while it enters does not stay`, async () => {
    const rights = { canRead: true, canWrite: true };
    using service = inProcess({
      authorize: byName({
        ada: identity({
          subject: "ada",
          canRead: () => rights.canRead,
          canWrite: () => rights.canWrite,
        }),
      }),
    });
    const learn = slowToLearn(service);
    const ada = await service.connect("ada");
    ada.say(["1", "1", TOPIC, "phx_join", { name: "Ada" }]);
    await flush();
    assertEquals(ada.take(), [], "it waits");
    Object.assign(rights, { [right]: false });
    await learn();
    const [reply, ...others] = ada.take();
    assertEquals([reply?.[4].status, others], ["error", []]);
    assertEquals(service.server.store.size, 0);
    assertEquals(ada.socket.topics, []);
  });
}

Deno.test("events right after a join wait until the client has entered", async () => {
  using service = inProcess();
  const ada = await service.connect();
  ada.say(["1", "1", TOPIC, "phx_join", ADA]);
  ada.say(["1", "2", TOPIC, "cursor", { cursor: CURSOR }]);
  ada.say(["1", "3", TOPIC, "phx_leave", {}]);
  await flush();
  const replies = ada.take().filter(([, , , event]) => event === "phx_reply");
  assertEquals(replies.map(([, ref, , , { status }]) => [ref, status]), [
    ["1", "ok"],
    ["2", "ok"],
    ["3", "ok"],
  ]);
  assertEquals(service.server.store.size, 0);
});

Deno.test("a client whose session the server has removed gets an error", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  for (const entry of service.server.store.snapshots()) {
    service.server.withdraw(entry);
  }
  assertMatch(
    String(refusal(ada, "typing")),
    /^User not found: ada: /,
  );
});

Deno.test("closed documents send their clients elsewhere", async () => {
  using service = inProcess();
  const ada = await service.connect();
  service.documents[Symbol.dispose]();
  ada.say(["1", "1", TOPIC, "phx_join", ADA]);
  await flush();
  assertEquals(ada.closeCode, 1012);
});

Deno.test("an endpoint that ends leaves people to the grace", async () => {
  using service = inProcess({ server: { graceMs: 10_000 } });
  const ada = await service.reader(ADA);
  service.endpoint[Symbol.dispose]();
  await flush();
  assertEquals(ada.closeCode, 1012);
  assertEquals(await users(service), ["ada 1"]);
  await service.seconds(11);
  assertEquals(await users(service), []);
});

Deno.test("code on the server makes a client leave a document by untrack", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  assert(ada.socket.untrack(TOPIC));
  assertEquals(await users(service), []);
  assertMatch(String(refusal(ada, "typing")), /only watched/);
});

// Refusals

Deno.test("presence is not tracked in a document", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  for (const event of ["track", "untrack"]) {
    const reason = refusal(ada, "presence", { event, payload: {} });
    assertMatch(String(reason), /in a document nobody is tracked/);
  }
  assertEquals(await users(service), ["ada 1"]);
});

const BAD_JOINS: Record<string, [object, RegExp]> = {
  "a name that is no text": [{ name: 7 }, /name must be/],
  "a name that is too long": [{ name: "x".repeat(257) }, /name must be/],
  "half a character in a name": [{ name: "\ud800" }, /name must be/],
  "a picture that is no text": [
    { name: "Ada", avatar_url: {} },
    /avatar_url must be/,
  ],
  "a picture that is too long": [
    { name: "Ada", avatar_url: "x".repeat(2_049) },
    /avatar_url must be/,
  ],
  "a picture that is a script": [
    { name: "Ada", avatar_url: "javascript:alert(1)" },
    /avatarUrl must be an http or https URL/,
  ],
  "a workspace that is no text": [{ workspace_id: [] }, /workspace_id must be/],
  "all that is too large together": [
    { name: "€".repeat(256), avatar_url: "€".repeat(2_000) },
    /may have 4096 bytes/,
  ],
  "a meta": [{ meta: {} }, /takes the place of a meta/],
  "another visibility": [
    { name: "Ada", visibility: "private" },
    /is public/,
  ],
};

for (const [what, [params, reason]] of Object.entries(BAD_JOINS)) {
  Deno.test(`a join of a document with ${what} is refused`, async () => {
    using service = inProcess();
    const client = await service.connect();
    assertMatch(String(await refusedJoin(client, params)), reason);
    assertEquals(service.server.store.size, 0);
    const { status } = await join(client, ADA);
    assertEquals(status, "ok", "the socket goes on");
  });
}

const BAD_EVENTS: [event: string, payload: unknown, RegExp][] = [
  ["cursor", {}, /cursor must be an object/],
  ["cursor", { cursor: { ...CURSOR, line: -1 } }, /cursor.line must be/],
  ["cursor", { cursor: CURSOR, selection: {} }, /selection.anchor must be/],
  ["viewport", { top_line: 1 }, /bottom_line must be/],
  ["focus", { focused: "yes" }, /focused must be true or false/],
  ["typing", { is_typing: "no" }, /is_typing must be true or false/],
];

for (const [event, payload, reason] of BAD_EVENTS) {
  Deno.test(`${event} with ${JSON.stringify(payload)} is refused`, async () => {
    using service = inProcess();
    const ada = await service.reader(ADA);
    const { lastSequence } = service.server;
    assertMatch(String(refusal(ada, event, payload)), reason);
    assertEquals(service.server.lastSequence, lastSequence);
  });
}

Deno.test("bytes are nothing to do in a document", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const parts = ["1", "ask", TOPIC, "cursor"];
  const text = new TextEncoder().encode(parts.join(""));
  ada.say(Uint8Array.of(0, ...parts.map(({ length }) => length), ...text));
  const [reply] = ada.take();
  assertEquals(reply?.[4], {
    status: "error",
    response: { reason: "the payload must be JSON" },
  });
});

// Beside documents

Deno.test("those in a document tell each other what they like", async () => {
  using service = inProcess();
  const ada = await service.reader(ADA);
  const bob = await service.reader({ key: "bob" });
  bob.take();
  done(ada, "wave", { hand: "left" });
  assertEquals(bob.take(), [[null, null, TOPIC, "wave", {
    hand: "left",
    sender: { key: "ada", connection: ada.socket.id },
  }]]);
});

Deno.test("a document lists its people as any topic does", async () => {
  using service = inProcess();
  const watcher = await service.connect();
  await join(watcher, {});
  await flush();
  watcher.take();
  await service.reader(ADA);
  const [diff] = watcher.take()
    .filter(([, , , event]) => event === "presence_diff");
  const [entry] = service.topics.list(TOPIC);
  assertEquals(entry?.key, "ada");
  const [meta] = entry?.metas ?? [];
  assert(isJsonObject(meta));
  const { name, color, session_id } = meta;
  const { users: [user] } = await service.documents.activeUsers("1");
  assertEquals([name, color], ["Ada", user?.color]);
  assert(typeof session_id === "string");
  assert(JSON.stringify(diff).includes(session_id));
});

Deno.test("a client without presence receives the events all the same", async () => {
  using service = inProcess();
  const client = await service.connect();
  await join(client, { ...ADA, config: { presence: { enabled: false } } });
  await flush();
  assertEquals(client.take().map(([, , , event]) => event), ["presence"]);
});

Deno.test("a document in Supabase's dialect is another topic", async () => {
  using service = inProcess();
  const client = await service.connect();
  const topic = `realtime:${TOPIC}`;
  const { status } = await join(client, { key: "ada", meta: {} }, { topic });
  assertEquals(status, "ok");
  assertEquals(await users(service), []);
  assertEquals(service.topics.countPresences(topic), 1);
  assertEquals(ask(client, "cursor", {}, topic), {
    status: "ok",
    response: {},
  }, "it is a broadcast there");
});

Deno.test("without documents it is a topic like any other", async () => {
  using server = new PresenceServer<TopicModel>();
  const topics = new TopicPresence(server);
  using endpoint = new PhoenixEndpoint(topics);
  const client = await MemoryClient.connect(endpoint);
  client.say(["1", "1", TOPIC, "phx_join", { key: "ada", meta: { tab: 1 } }]);
  assertEquals(topics.list(TOPIC), [{ key: "ada", metas: [{ tab: 1 }] }]);
  done(client, "presence", { event: "track", payload: { tab: 2 } });
  done(client, "cursor", {});
});
