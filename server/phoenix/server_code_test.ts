import { assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../core/mod.ts";
import { ContextAtCapacityError, PUBLIC_VIEWER } from "../mod.ts";
import { Client, diffOf, Screen } from "./testing/client.ts";
import { serve } from "./testing/service.ts";

const EVERYTHING = { restricted: "all", private: true } as const;

Deno.test("code on the server tracks and untracks for a socket", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room", { key: "ada" });
  const socket = service.socketOf("room");
  await other.join("room", { key: "bob" });
  const screen = new Screen("room");
  assertEquals(socket.track("room", { step: 1 }), true);
  assertEquals(screen.show(await other.rest()).list(), [
    { key: "ada", metas: [{ step: 1 }] },
  ]);
  assertEquals(socket.track("room", "a text", "private"), true);
  assertEquals(screen.show(await other.rest()).list(), []);
  // Its visibility is as before.
  socket.track("room", { step: 2 });
  assertEquals(screen.show(await other.rest()).list(), []);
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ step: 2 }] },
  ]);
  assertEquals(socket.untrack("room"), true);
  assertEquals(service.topics.list("room"), []);
  assertEquals(socket.topics, ["room"]);
});

Deno.test("a socket is not tracked in a topic that it has not joined", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room", { meta: 1 });
  const socket = service.socketOf("room");
  assertEquals(socket.track("club", 1), false);
  assertEquals(socket.untrack("club"), false);
  assertEquals(socket.setViewer("club", EVERYTHING), false);
  assertEquals(service.topics.list("club"), []);
  socket.kick();
  assertEquals(socket.closed, true);
  assertEquals(socket.track("room", 1), false);
  assertEquals(socket.topics, []);
  await client.closed();
  assertEquals(service.topics.list("room"), []);
});

Deno.test("code on the server gets errors where clients get refusals", async () => {
  await using service = serve({ server: { maxSubjectsPerContext: 1 } });
  await using client = await Client.connect(service);
  await client.join("room");
  const socket = service.socketOf("room");
  assertThrows(() => socket.track("room", NaN), InvalidValueError);
  service.topics.track("room", "ada", 1);
  assertThrows(() => socket.track("room", 1), ContextAtCapacityError);
});

Deno.test("a client that is tracked gets presence, though it did not ask for it", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  const config = { presence: { enabled: false } };
  await client.join("room", { key: "ada", config });
  service.topics.track("room", "bob", 1);
  assertEquals(await client.rest(), []);
  service.socketOf("room").track("room", 2);
  const screen = new Screen("room").show(await client.rest());
  assertEquals(screen.list().map(({ key }) => key), ["ada", "bob"]);
});

Deno.test("a viewer without the right gets neither state nor diffs", async () => {
  await using service = serve();
  const team = { visibility: { restricted: "team" } };
  using hidden = service.topics.track("room", "eve", 1, team);
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada" });
  const [, , , , state] = await client.event("presence_state");
  assertEquals(state, {});
  hidden.update(2);
  using _more = service.topics.track("room", "eve", 3, team);
  service.topics.track("room", "mallory", 1, { visibility: "private" });
  hidden[Symbol.dispose]();
  assertEquals(await client.rest(), []);
});

Deno.test("a gained right shows as a join, a lost one as a leave", async () => {
  await using service = serve();
  service.topics.track("room", "bob", 1);
  service.topics.track("room", "eve", 1, {
    visibility: { restricted: "team" },
  });
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada" });
  const socket = service.socketOf("room");
  const screen = new Screen("room").show(await client.rest());
  const keys = () => screen.list().map(({ key }) => key);
  assertEquals(keys(), ["bob"]);
  assertEquals(
    socket.setViewer("room", { restricted: ["team"], private: false }),
    true,
  );
  const [frame, ...others] = await client.rest();
  assertEquals([frame?.[0], frame?.[3], others], ["1", "presence_state", []]);
  screen.show(frame === undefined ? [] : [frame]);
  assertEquals(keys(), ["bob", "eve"]);
  socket.setViewer("room", PUBLIC_VIEWER);
  screen.show(await client.rest());
  assertEquals(keys(), ["bob"]);
  // From then on it gets the diffs of its new rights alone.
  service.topics.track("room", "eve", 2, {
    visibility: { restricted: "team" },
  });
  assertEquals(await client.rest(), []);
});

Deno.test("a viewer whose rights change still sees their own entries", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: 1, visibility: "private" });
  const socket = service.socketOf("room");
  const screen = new Screen("room").show(await client.rest());
  socket.setViewer("room", EVERYTHING);
  socket.setViewer("room", PUBLIC_VIEWER);
  screen.show(await client.rest());
  assertEquals(screen.list(), [{ key: "ada", metas: [1] }]);
});

Deno.test("changed rights change which broadcasts arrive, too", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room", { key: "ada" });
  const socket = service.socketOf("room");
  await other.join("room", { key: "eve", meta: 1, visibility: "private" });
  await client.rest();
  await other.done("room", "wave");
  assertEquals(await client.rest(), []);
  socket.setViewer("room", EVERYTHING);
  await other.done("room", "nod");
  assertEquals(
    (await client.rest()).map((frame) => frame[3]),
    ["presence_state", "nod"],
  );
});

Deno.test("a person who turns private and public again leaves and joins for others", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room", { key: "ada", meta: { mood: "fine" } });
  await other.join("room", { key: "bob" });
  await other.rest();
  await client.rest();
  const told = async (client: Client) =>
    (await client.rest()).map(diffOf)
      .map(({ joins, leaves }) => [Object.keys(joins), Object.keys(leaves)]);
  const meta = { mood: "fine" };
  await client.track("room", meta, { visibility: "private" });
  assertEquals(await told(other), [[[], ["ada"]]]);
  // A change that they may not see is none.
  await client.track("room", { mood: "tired" });
  assertEquals(await told(other), []);
  await client.track("room", meta, { visibility: "public" });
  assertEquals(await told(other), [[["ada"], []]]);
  // Oneself has seen the changes of the mood, and nothing else.
  assertEquals(await told(client), [[["ada"], ["ada"]], [["ada"], ["ada"]]]);
});

Deno.test("a person whose entry others remove and who tracks again is shown as before", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: 1, visibility: "private" });
  service.server.withdrawOrigin(`phoenix/${service.socketOf("room").id}`);
  assertEquals(service.topics.list("room"), []);
  await client.track("room", 2);
  assertEquals(service.topics.list("room"), [{ key: "ada", metas: [2] }]);
  assertEquals(service.topics.countPresences("room", PUBLIC_VIEWER), 0);
});

Deno.test("an invalid visibility is refused", async () => {
  await using service = serve();
  await using client = await Client.connect(service);
  await client.join("room", { key: "ada", meta: 1 });
  const track = { event: "track", payload: 2, visibility: "hidden" };
  const reason = String(await client.refused("room", "presence", track));
  assertEquals(reason.startsWith("Cannot track presence: visibility"), true);
  assertEquals(service.topics.list("room"), [{ key: "ada", metas: [1] }]);
});
