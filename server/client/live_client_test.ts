import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError } from "../../core/mod.ts";
import { upgradeInDeno } from "../phoenix/mod.ts";
import { Client } from "../phoenix/testing/client.ts";
import { identity, serve } from "../phoenix/testing/service.ts";
import { listen } from "../testing/listen.ts";
import { LiveClient, type LiveRoom, type Readable, sameItems } from "./mod.ts";
import {
  clientOf,
  isLive,
  type Model,
  restart,
  until,
} from "./testing/live.ts";

/** A service that knows nobody after a restart. */
function serveLives() {
  const lives = [serve(), serve({ server: { epoch: "f" } })] as const;
  let [{ endpoint }] = lives;
  const http = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => upgradeInDeno(endpoint, request),
  );
  return {
    port: http.addr.port,
    restart() {
      [, { endpoint }] = lives;
      restart(lives[0]);
    },
    async [Symbol.asyncDispose]() {
      for (const life of lives) await life[Symbol.asyncDispose]();
      await http.shutdown();
    },
  };
}

/** The names of the others in a room. */
function namesIn(room: LiveRoom<Model>): Readable<readonly unknown[]> {
  return room.select(
    ({ others }) => others.map(({ facets }) => facets.name),
    sameItems,
  );
}

Deno.test("LiveClient.room() shows the others, and not oneself", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  assertEquals(room.status.get(), { type: "connecting" });
  assertEquals(room.others.get(), []);
  await until(room.status, isLive);
  const other = bob.room("doc-42", { facets: { name: "Bob" } });
  const [person] = await until(room.others, (all) => all.length > 0);
  assertEquals([person?.id, person?.facets.name], ["bob", "Bob"]);
  assertEquals(await until(namesIn(other), (all) => all.length > 0), ["Ada"]);
  const { id, facets } = room.me.get();
  assertEquals([id, facets], ["ada", { name: "Ada" }]);
});

Deno.test("LiveClient.room() shows the tabs of a person as one person", async () => {
  await using service = serve();
  using bob = clientOf(service, { subject: "bob" });
  using laptop = clientOf(service, { subject: "ada" });
  using phone = clientOf(service, { subject: "ada" });
  const room = bob.room("doc-42");
  laptop.room("doc-42", { facets: { activity: "editing" } });
  phone.room("doc-42", { facets: { activity: "idle" } });
  const [person, ...more] = await until(
    room.others,
    ([person]) => person?.connections.length === 2,
  );
  assertEquals([person?.id, person?.activity, more], ["ada", "editing", []]);
});

Deno.test("LiveClient.room() without facets only watches", async () => {
  await using service = serve();
  using bob = clientOf(service, { subject: "bob" });
  const room = bob.room("doc-42");
  await until(room.status, isLive);
  assertEquals(service.server.store.size, 0);
  room.update({ name: "Bob" });
  using ada = clientOf(service);
  assertEquals(
    await until(namesIn(ada.room("doc-42")), (all) => all.length > 0),
    ["Bob"],
  );
});

Deno.test("LiveRoom.update() shows oneself at once, and the others the latest", async () => {
  await using service = serve();
  using ada = clientOf(service, { throttleMs: 20 });
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const other = bob.room("doc-42");
  await until(other.others, (all) => all.length > 0);
  const seen: unknown[] = [];
  const cursor = other.select(({ others: [ada] }) => ada?.facets.cursor);
  cursor.subscribe((place) => seen.push(place?.x));
  for (let x = 0; x <= 100; x++) room.update({ cursor: { x, y: 0 } });
  assertEquals(room.me.get().facets, { name: "Ada", cursor: { x: 100, y: 0 } });
  await until(cursor, (place) => place?.x === 100);
  // The first one goes at once, all later ones together.
  assertEquals(seen, [0, 100]);
});

Deno.test("LiveRoom.select() hears nothing of the cursors of others", async () => {
  await using service = serve();
  using ada = clientOf(service);
  using bob = clientOf(service, { subject: "bob" });
  using eve = clientOf(service, { subject: "eve" });
  const mover = ada.room("doc-42", { facets: { name: "Ada" } });
  bob.room("doc-42", { facets: { name: "Bob" } });
  const room = eve.room("doc-42");
  await until(room.others, (all) => all.length === 2);
  const heard = { names: 0, bob: 0, cursor: 0 };
  namesIn(room).subscribe(() => heard.names++);
  const isBob = ({ id }: { readonly id: string }) => id === "bob";
  room.select(({ others }) => others.find(isBob)).subscribe(() => heard.bob++);
  const cursor = room.select(({ others }) =>
    others.find(({ facets }) => facets.name === "Ada")?.facets.cursor
  );
  cursor.subscribe(() => heard.cursor++);
  for (let x = 1; x <= 20; x++) {
    mover.update({ cursor: { x, y: 0 } });
    await until(cursor, (place) => place?.x === x);
  }
  assertEquals(heard, { names: 0, bob: 0, cursor: 20 });
});

Deno.test("LiveRoom.setVisibility() hides from the others at once", async () => {
  await using service = serve();
  using ada = clientOf(service);
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const other = bob.room("doc-42");
  await until(other.others, (all) => all.length === 1);
  room.setVisibility("private");
  assertEquals(room.me.get().visibility, "private");
  await until(other.others, (all) => all.length === 0);
  room.setVisibility("public");
  await until(other.others, (all) => all.length === 1);
});

Deno.test("LiveRoom.broadcast() reaches those who listen", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const other = bob.room("doc-42");
  assertEquals(room.broadcast("wave"), false);
  await Promise.all([room, other].map(({ status }) => until(status, isLive)));
  const heard = new Promise((resolve) => other.on("wave", resolve));
  assertEquals(room.broadcast("wave", { hand: "left" }), true);
  assertEquals(await heard, { payload: { hand: "left" }, from: "ada" });
});

/** A model that names its broadcasts. */
interface Waving extends Model {
  events: { wave: { hand: "left" | "right" }; ping: { at?: number } };
}

Deno.test("LiveRoom.broadcast() and on() have the types of a model that names its events", async () => {
  await using service = serve();
  using ada = clientOf<Waving>(service, { subject: "ada" });
  using bob = clientOf<Waving>(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const other = bob.room("doc-42");
  await Promise.all([room, other].map(({ status }) => until(status, isLive)));
  const hand = new Promise<"left" | "right">((resolve) =>
    other.on("wave", ({ payload }) => resolve(payload.hand))
  );
  room.broadcast("ping");
  room.broadcast("wave", { hand: "left" });
  assertEquals(await hand, "left");
  // Compiled, and not called.
  function _refused() {
    // @ts-expect-error Another value.
    room.broadcast("wave", { hand: "up" });
    // @ts-expect-error The payload may not be empty.
    room.broadcast("wave");
    // @ts-expect-error Another name.
    room.broadcast("wink");
    // @ts-expect-error Another name.
    room.on("wink", () => {});
  }
});

Deno.test("LiveRoom.on() calls a listener until each that has given it ends it", async () => {
  await using service = serve();
  using ada = clientOf(service);
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const other = bob.room("doc-42");
  await Promise.all([room, other].map(({ status }) => until(status, isLive)));
  const { promise, resolve } = Promise.withResolvers();
  const stop = other.on("wave", resolve);
  other.on("wave", resolve);
  stop();
  room.broadcast("wave");
  assertEquals(await promise, { payload: {}, from: room.me.get().id });
});

Deno.test("LiveRoom.leave() is a goodbye", async () => {
  await using service = serve();
  using ada = clientOf(service);
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const other = bob.room("doc-42");
  await until(other.others, (all) => all.length === 1);
  await room.leave();
  assertEquals(room.status.get(), { type: "closed" });
  await until(other.others, (all) => all.length === 0);
});

Deno.test("LiveRoom.leave() leaves a room that others of the page use to them", async () => {
  await using service = serve();
  using ada = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  assertStrictEquals(ada.room("doc-42"), room);
  await until(room.status, isLive);
  await room.leave();
  assertEquals(room.status.get(), { type: "live" });
  await room.leave();
  assertEquals([room.status.get(), service.server.store.size], [
    { type: "closed" },
    0,
  ]);
});

Deno.test("a lost connection is opened again, and nobody is seen to leave", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const other = bob.room("doc-42", { facets: { name: "Bob" } });
  await until(room.others, (all) => all.length === 1);
  await until(other.others, (all) => all.length === 1);
  const counts = new Set<number>();
  for (const { others } of [room, other]) {
    others.subscribe(({ length }) => counts.add(length));
  }
  restart(service);
  await until(room.status, ({ type }) => type === "reconnecting");
  room.update({ cursor: { x: 7, y: 0 } });
  await until(
    other.others,
    ([ada]) => ada?.facets.cursor?.x === 7,
  );
  await until(room.status, isLive);
  await until(other.status, isLive);
  assertEquals([...counts], [1]);
});

Deno.test("a service that restarts alone makes nobody leave who returns", async () => {
  await using lives = serveLives();
  using ada = clientOf(lives, { subject: "ada" });
  using bob = clientOf(lives, { subject: "bob", connection: "laptop" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  bob.room("doc-42", { facets: { name: "Bob" } });
  await until(room.others, (all) => all.length === 1);
  const seen = new Set<string>();
  room.state.subscribe(({ others, isComplete }) => {
    const [bob, ...more] = others;
    seen.add(
      `${bob?.facets.name} ${bob?.isReturning} ${isComplete} ${more.length}`,
    );
  });
  bob[Symbol.dispose]();
  lives.restart();
  await until(room.others, ([bob]) => bob?.isReturning === true);
  await until(room.status, isLive);
  using again = clientOf(lives, { subject: "bob", connection: "laptop" });
  again.room("doc-42", { facets: { name: "Bob" } });
  await until(room.state, ({ isComplete }) => isComplete);
  assertEquals([...seen], [
    "Bob false false 0",
    "Bob true false 0",
    "Bob false true 0",
  ]);
});

Deno.test("who does not return within 35 seconds after a restart has left", async () => {
  using time = new FakeTime();
  await using lives = serveLives();
  using ada = clientOf(lives);
  using bob = clientOf(lives, { subject: "bob" });
  const room = ada.document("42", { name: "Ada" });
  bob.document("42", { name: "Bob" });
  await until(room.others, (all) => all.length === 1);
  bob[Symbol.dispose]();
  lives.restart();
  await until(room.status, ({ type }) => type === "reconnecting");
  await time.tickAsync(1_000);
  await until(room.others, ([bob]) => bob?.isReturning === true);
  await time.tickAsync(34_000);
  assertEquals(room.others.get().length, 1);
  await time.tickAsync(1_000);
  assertEquals(room.others.get(), []);
  assertEquals(room.state.get().isComplete, true);
});

Deno.test("a token that the service refuses is not tried again", async () => {
  await using service = serve({
    authorize: () => ({ reason: "the token is not good" }),
  });
  using ada = clientOf(service, { token: () => "x" });
  const room = ada.room("doc-42");
  assertEquals(
    await until(room.status, ({ type }) => type === "refused"),
    {
      type: "refused",
      reason: "Cannot connect: the token is not good",
      isFinal: true,
    },
  );
  assertEquals(ada.room("doc-43").status.get().type, "refused");
});

Deno.test("a client that is kicked does not return", async () => {
  await using service = serve();
  using ada = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  service.socketOf("doc-42").kick();
  assertEquals(
    await until(room.status, ({ type }) => type === "refused"),
    { type: "refused", reason: "kicked", isFinal: true },
  );
  assertEquals(service.server.store.size, 0);
});

Deno.test("a room that one may not read is refused, and the others are not", async () => {
  await using service = serve({
    authorize: () => identity({ canRead: (topic) => topic !== "secret" }),
  });
  using ada = clientOf(service);
  const secret = ada.room("secret");
  const open = ada.room("open");
  assertEquals(
    await until(secret.status, ({ type }) => type === "refused"),
    { type: "refused", reason: "unauthorized", isFinal: true },
  );
  await until(open.status, isLive);
});

Deno.test("a full document lets somebody in when there is room again", async () => {
  await using service = serve({ documents: { maxUsersPerDocument: 1 } });
  using ada = clientOf(service);
  using bob = clientOf(service);
  const first = ada.document("42", { name: "Ada" });
  await until(first.status, isLive);
  const second = bob.document("42", { name: "Bob" });
  const status = await until(
    second.status,
    ({ type }) => type === "refused",
  );
  assertEquals(status.type === "refused" && status.isFinal, false);
  await first.leave();
  await until(second.status, isLive);
});

Deno.test("a copy of a tab gets a name of its own", async () => {
  await using service = serve();
  using one = clientOf(service, { subject: "ada", connection: "tab" });
  using copy = clientOf(service, { subject: "ada", connection: "tab" });
  using bob = clientOf(service);
  const room = one.room("doc-42", { facets: { name: "first" } });
  await until(room.status, isLive);
  copy.room("doc-42", { facets: { name: "second" } });
  const [person] = await until(
    bob.room("doc-42").others,
    ([person]) => person?.connections.length === 2,
  );
  assertEquals(
    person?.connections.map(({ facets }) => facets.name).sort(),
    ["first", "second"],
  );
});

Deno.test("a reload keeps the name of its connection, and nobody sees a leave", async () => {
  await using service = serve();
  using bob = clientOf(service);
  const room = bob.room("doc-42");
  const options = { subject: "ada", connection: "tab" };
  const before = clientOf(service, options);
  before.room("doc-42", { facets: { name: "before" } });
  await until(room.others, (all) => all.length === 1);
  const counts = new Set<number>();
  room.others.subscribe(({ length }) => counts.add(length));
  before[Symbol.dispose]();
  using after = clientOf(service, options);
  after.room("doc-42", { facets: { name: "after" } });
  const [person] = await until(
    room.others,
    ([person]) => person?.facets.name === "after",
  );
  assertEquals([person?.connections.length, [...counts]], [1, [1]]);
});

Deno.test("what changes while a room is being joined is not lost", async () => {
  await using service = serve();
  using ada = clientOf(service);
  using bob = clientOf(service);
  await until(ada.room("doc-1").status, isLive);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  // The join is on its way.
  room.setVisibility("private");
  await until(room.status, isLive);
  const isHidden = () =>
    service.server.store.snapshots({ context: "doc-42" })
      .every(({ visibility }) => visibility === "private");
  const other = bob.room("doc-42");
  await until(other.status, isLive);
  await until(other.others, (all) => all.length === 0);
  assert(isHidden());
});

Deno.test("LiveRoom.leave() of a room that is being joined leaves nobody there", async () => {
  await using service = serve();
  using ada = clientOf(service);
  await until(ada.room("doc-1").status, isLive);
  await ada.room("doc-42", { facets: { name: "Ada" } }).leave();
  assertEquals(service.server.store.snapshots({ context: "doc-42" }), []);
});

Deno.test("a large room that returns keeps the name of its connection", async () => {
  await using service = serve();
  for (let n = 0; n < 1_500; n++) service.topics.track("doc-42", `p${n}`, {});
  using ada = clientOf(service, { connection: "tab" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  restart(service);
  await until(room.status, ({ type }) => type === "reconnecting");
  await until(room.status, isLive);
  assertEquals(room.me.get().resource, "tab");
});

Deno.test("LiveRoom.broadcast() refuses events of the protocol", async () => {
  await using service = serve();
  using ada = clientOf(service);
  const room = ada.room("doc-42");
  await until(room.status, isLive);
  for (const event of ["update", "phx_leave", "presence_entries"]) {
    assertThrows(() => room.broadcast(event), InvalidValueError);
  }
});

Deno.test("a large room arrives in parts", async () => {
  await using service = serve();
  for (let n = 0; n < 2_500; n++) service.topics.track("doc-42", `p${n}`, {});
  using ada = clientOf(service);
  const room = ada.room("doc-42");
  assertEquals(room.others.get().length, 0);
  await until(room.status, isLive);
  assertEquals(room.others.get().length, 2_500);
});

Deno.test("live clients and clients of Phoenix see each other", async () => {
  await using service = serve();
  await using phoenix = await Client.connect(service);
  await phoenix.join("doc-42", { key: "eve", meta: { mood: "fine" } });
  using ada = clientOf(service, { subject: "ada" });
  const room = ada.room("doc-42", { facets: { activity: "editing" } });
  const [eve] = await until(room.others, (all) => all.length === 1);
  assertEquals(eve?.id, "eve");
  const [, , , , diff] = await phoenix.event("presence_diff");
  assertEquals(Object.keys(Object(diff.joins)), ["ada"]);
});

Deno.test("LiveRoom.person() finds one person", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service, { subject: "bob" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const bobThere = room.person("bob");
  assertEquals(bobThere.get(), undefined);
  const other = bob.room("doc-42", { facets: { name: "Bob" } });
  assertEquals((await until(bobThere, Boolean))?.facets.name, "Bob");
  assertStrictEquals(bobThere.get(), room.others.get()[0]);
  assertEquals(room.person("ada").get()?.facets.name, "Ada");
  await other.leave();
  await until(bobThere, (bob) => bob === undefined);
});

Deno.test("LiveRoom.typed() shows that somebody types, until they stop", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const doing = bob.room("doc-42").select(({ others: [ada] }) => ada?.activity);
  room.typed();
  await until(doing, (activity) => activity === "editing");
  room.stoppedTyping();
  await until(doing, (activity) => activity === undefined);
});

Deno.test("a client that may only read watches, and knows it", async () => {
  await using service = serve({
    authorize: () => identity({ canWrite: () => false }),
  });
  using ada = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  assertEquals(room.state.get().mayWrite, true);
  const { mayWrite } = await until(room.state, ({ status }) => isLive(status));
  assertEquals([mayWrite, service.server.store.size], [false, 0]);
  // The service would refuse both, and `onError` would fail the test.
  room.update({ name: "Countess" });
  assertEquals(room.broadcast("wave"), false);
  using bob = clientOf(service);
  await until(bob.room("doc-42").status, isLive);
});

Deno.test("a room is complete while its service hears from the others", async () => {
  await using service = serve();
  let isConnected = false;
  using _replication = service.server.replicate({
    put() {},
    removed() {},
    watched() {},
    isConnected: () => isConnected,
  });
  using ada = clientOf(service);
  const room = ada.room("doc-42");
  assertEquals(room.state.get().isComplete, false);
  await until(room.status, isLive);
  assertEquals(room.state.get().isComplete, false);
  isConnected = true;
  // A page that wakes up asks for a sign of life.
  globalThis.dispatchEvent(new Event("online"));
  await until(room.state, ({ isComplete }) => isComplete);
  restart(service);
  await until(room.state, ({ isComplete }) => !isComplete);
  await until(room.state, ({ isComplete }) => isComplete);
});

Deno.test("an entry that the service has lost is there again with the next update", async () => {
  await using service = serve();
  using ada = clientOf(service, { subject: "ada" });
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const names = namesIn(bob.room("doc-42"));
  await until(names, (names) => names.length === 1);
  const [entry] = service.server.store.snapshots({ context: "doc-42" });
  if (entry !== undefined) service.server.withdraw(entry);
  await until(names, (names) => names.length === 0);
  room.update({ cursor: { x: 1, y: 2 } });
  // Not the cursor alone.
  assertEquals(await until(names, (names) => names.length === 1), ["Ada"]);
});

Deno.test("a listener that throws keeps nothing from the others", async () => {
  await using service = serve();
  const errors: unknown[] = [];
  using ada = clientOf(service, { onError: (error) => errors.push(error) });
  using bob = clientOf(service);
  const room = ada.room("doc-42");
  const other = bob.room("doc-42", { facets: { name: "Bob" } });
  await Promise.all([room, other].map(({ status }) => until(status, isLive)));
  const heard = new Promise((resolve) => {
    room.on("wave", () => {
      throw new Error("clumsy");
    });
    room.on("wave", resolve);
  });
  other.broadcast("wave");
  await heard;
  await until(room.others, (all) => all.length === 1);
  assertEquals(errors.map(String), ["Error: clumsy"]);
});

Deno.test("a token that never comes keeps no client from trying again", async () => {
  await using service = serve();
  using time = new FakeTime();
  let asked = 0;
  using ada = clientOf(service, {
    token: () => {
      asked++;
      return new Promise(() => {});
    },
  });
  ada.room("doc-42");
  await time.tickAsync(60_000);
  assert(asked > 1);
});

Deno.test("LiveClient without rooms connects to nothing", async () => {
  await using service = serve();
  using _ada = clientOf(service);
  globalThis.dispatchEvent(new Event("focus"));
  using bob = clientOf(service);
  await until(bob.room("doc-42").status, isLive);
  assertEquals(service.endpoint.sockets.size, 1);
});

Deno.test("LiveRoom.update() leaves the visibility that a join hook gave", async () => {
  await using service = serve({ join: () => ({ visibility: "private" }) });
  using ada = clientOf(service, { subject: "ada" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  room.update({ cursor: { x: 1, y: 2 } });
  const entry = await until(
    room.person("ada"),
    (ada) => ada?.facets.cursor !== undefined,
  );
  assertEquals(entry?.connections[0]?.visibility, "private");
});

Deno.test("LiveRoom.update() sends later what the service refuses for now", async () => {
  await using service = serve({ limits: { messagesPerSecond: 20 } });
  using ada = clientOf(service, { subject: "ada", onError() {} });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  for (let n = 0; n < 60; n++) room.broadcast("drag", { n });
  room.update({ name: "Countess" });
  await until(
    room.person("ada"),
    (ada) => ada?.facets.name === "Countess",
  );
});

Deno.test("LiveRoom.update() takes back what the service refuses", async () => {
  await using service = serve();
  const errors: unknown[] = [];
  using ada = clientOf(service, { onError: (error) => errors.push(error) });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  room.update({ name: "x".repeat(5_000) });
  await until(room.me, ({ facets }) => facets.name === "Ada");
  // More than a frame can have.
  room.update({ name: "x".repeat(300_000), cursor: { x: 1, y: 2 } });
  await until(room.me, ({ facets }) => facets.name === "Ada");
  assertEquals(errors.length, 2);
  await restart(service);
  await until(room.status, ({ type }) => type === "reconnecting");
  await until(room.status, isLive);
  assertEquals(room.me.get().facets, { name: "Ada" });
});

Deno.test("LiveRoom.update() takes back what the service refuses with a join", async () => {
  await using service = serve();
  const errors: unknown[] = [];
  using ada = clientOf(service, { onError: (error) => errors.push(error) });
  const room = ada.room("doc-42", { facets: { name: "x".repeat(5_000) } });
  await until(room.status, isLive);
  assertEquals([room.me.get().facets, service.server.store.size], [{}, 0]);
  room.update({ name: "Ada" });
  await until(room.person(room.me.get().id), (ada) => ada !== undefined);
  restart(service);
  await until(room.status, ({ type }) => type === "reconnecting");
  room.update({ name: "x".repeat(5_000) });
  await until(room.status, isLive);
  assertEquals(room.me.get().facets, { name: "Ada" });
  assertEquals(errors.length, 2);
});

Deno.test("LiveRoom.update() takes back nothing that was changed since", async () => {
  await using service = serve();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  using ada = clientOf(service, { onError: resolve, throttleMs: 20 });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  room.update({ name: "x".repeat(5_000), cursor: { x: 1, y: 2 } });
  room.update({ name: "Ada Lovelace" });
  await promise;
  assertEquals(room.me.get().facets, { name: "Ada Lovelace" });
});

Deno.test("LiveRoom.update() and broadcast() refuse what is too long for a frame, in bytes", async () => {
  await using service = serve();
  const errors: unknown[] = [];
  using ada = clientOf(service, { onError: (error) => errors.push(error) });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  const statuses = new Set<string>();
  room.status.subscribe(({ type }) => statuses.add(type));
  const long = "漢".repeat(100_000);
  room.update({ name: long });
  room.broadcast("wave", { hand: long });
  await until(room.me, ({ facets }) => facets.name === "Ada");
  assertEquals([errors.length, ...statuses], [2]);
});

Deno.test("LiveRoom.leave() of a room that is about to join again leaves nobody there", async () => {
  await using service = serve();
  using ada = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  const [transport] = service.transports;
  const failed = [null, null, "doc-42", "phx_error", {}];
  transport?.send(JSON.stringify([failed]));
  await until(room.status, ({ type }) => type === "reconnecting");
  await room.leave();
  assertEquals(service.server.store.size, 0);
});

Deno.test("a client that loses the right to write watches, and is present again with a token that has it", async () => {
  let mayWrite = true;
  let tokens = 0;
  await using service = serve({
    authorize: () => identity({ subject: "ada", canWrite: () => mayWrite }),
    accessToken: () => identity({ subject: "ada" }),
  });
  // It is renewed after ten seconds.
  const claims = () => ({ exp: Date.now() / 1_000 + 35, n: tokens++ });
  using ada = clientOf(service, {
    token: () => `x.${btoa(JSON.stringify(claims()))}.x`,
  });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  mayWrite = false;
  room.update({ cursor: { x: 1, y: 2 } });
  await until(room.state, ({ mayWrite }) => !mayWrite);
  await until(room.person("ada"), (ada) => ada === undefined);
  await until(room.state, ({ mayWrite }) => mayWrite);
  const back = await until(room.person("ada"), Boolean);
  assertEquals(back?.facets.cursor, { x: 1, y: 2 });
});

Deno.test("a selector that fails on what somebody publishes is reported", async () => {
  await using service = serve();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  using ada = clientOf(service, { onError: resolve });
  using bob = clientOf(service);
  const room = ada.room("doc-42");
  room.select(({ others: [bob] }) => bob?.facets.name?.trim())
    .subscribe(() => {});
  await until(room.status, isLive);
  const facets: object = { name: 5 };
  const other: LiveRoom = bob.room("doc-42");
  other.update(facets);
  assertEquals(await promise instanceof TypeError, true);
});

Deno.test("a refusal that is not of the service is not final", async () => {
  await using service = serve();
  let isBlocked = true;
  await using proxy = listen((request) =>
    isBlocked
      ? new Response("<h1>Forbidden</h1>", { status: 403 })
      : upgradeInDeno(service.endpoint, request)
  );
  using ada = clientOf({ port: proxy.addr.port });
  const room = ada.room("doc-42");
  await until(room.status, ({ type }) => type === "connecting");
  setTimeout(() => isBlocked = false, 100);
  await until(room.status, isLive);
});

Deno.test("LiveClient refuses options that it can't use", () => {
  const url = "http://localhost";
  for (
    const options of [{ url: "localhost" }, { url: "ftp://x" }, { url, x: 1 }]
  ) {
    assertThrows(() => new LiveClient(options), InvalidValueError);
  }
  const closed = new LiveClient({ url });
  closed[Symbol.dispose]();
  assertThrows(() => closed.room("doc-42"), Error, "the client is closed");
});
