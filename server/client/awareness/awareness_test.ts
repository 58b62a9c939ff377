import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Doc } from "yjs";
import {
  applyAwarenessUpdate,
  Awareness as AwarenessOfYjs,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from "y-protocols/awareness";
import { serve, type Service } from "../../phoenix/testing/service.ts";
import { within } from "../../testing/waiting.ts";
import {
  LiveClient,
  type LiveClientOptions,
  type LiveModel,
  type LiveRoom,
} from "../mod.ts";
import {
  clientOf,
  isLive,
  restart,
  until as untilValue,
} from "../testing/live.ts";
import {
  Awareness,
  type AwarenessChanges,
  type AwarenessFacet,
  type AwarenessModel,
} from "./awareness.ts";

/** Somebody who edits a document. */
interface Editor extends Disposable {
  readonly client: LiveClient<AwarenessModel>;
  readonly room: LiveRoom<AwarenessModel>;
  readonly doc: Doc;
  readonly awareness: Awareness<Doc>;
}

/** Lets somebody edit the document. Any error of the client fails the test. */
function edit(
  service: Service,
  subject: string,
  { clientID, userOf, ...options }: Partial<LiveClientOptions> & {
    readonly clientID?: number;
    readonly userOf?: (subject: string) => object;
  } = {},
): Editor {
  const client = clientOf<AwarenessModel>(service, { subject, ...options });
  return editorOf(client, clientID, userOf);
}

function editorOf(
  client: LiveClient<AwarenessModel>,
  clientID?: number,
  userOf?: (subject: string) => object,
): Editor {
  const room = client.room("doc-42");
  const doc = new Doc();
  doc.clientID = clientID ?? doc.clientID;
  const awareness = new Awareness(room, doc, userOf);
  return {
    client,
    room,
    doc,
    awareness,
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** Waits until the states are as they shall be. */
async function until(
  { awareness }: Editor,
  isThere: (states: ReadonlyMap<number, Record<string, unknown>>) => boolean,
): Promise<void> {
  await untilValue({
    get: () => awareness.states,
    subscribe(listener) {
      const look = () => listener(awareness.states);
      awareness.on("update", look);
      return () => awareness.off("update", look);
    },
  }, isThere);
}

/** Waits until a client has a state with an x. */
function untilX(editor: Editor, clientID: number, x: number): Promise<void> {
  return until(editor, (states) => states.get(clientID)?.x === x);
}

/** Notes the changes from now on. */
function changesOf({ awareness }: Editor): [AwarenessChanges, unknown][] {
  const changes: [AwarenessChanges, unknown][] = [];
  awareness.on("change", (change, origin) => changes.push([change, origin]));
  return changes;
}

/** Notes whether a client was ever missing from now on. */
function missing({ awareness }: Editor, clientID: number): () => boolean {
  let isMissing = false;
  awareness.on("update", () => isMissing ||= !awareness.states.has(clientID));
  return () => isMissing;
}

/** Publishes an entry with anything as the facet, past all clients. */
function receive(
  { server }: Service,
  entry: { subject: string; resource?: string; observedAt: number },
  awareness: unknown,
): void {
  server.receive({
    ...entry,
    context: "doc-42",
    origin: "elsewhere",
    visibility: "public",
    expiry: entry.observedAt + 60_000,
    facets: Object.fromEntries(Object.entries({ awareness })),
  });
}

Deno.test("Awareness shows each the state of the other", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob", { clientID: 2 });
  ada.awareness.setLocalState({ x: 3, user: { name: "Ada" } });
  bob.awareness.setLocalStateField("x", 4);
  await untilX(ada, 2, 4);
  await untilX(bob, 1, 3);
  assertEquals([...bob.awareness.getStates()], [
    [2, { x: 4 }],
    [1, { x: 3, user: { name: "Ada", id: "ada" } }],
  ]);
});

Deno.test("Awareness.on() tells who was added, updated and removed, and by whom", async () => {
  await using service = serve();
  using bob = edit(service, "bob", { clientID: 2 });
  const changes = changesOf(bob);
  using ada = edit(service, "ada", { clientID: 1 });
  await until(bob, (states) => states.has(1));
  ada.awareness.setLocalState({ x: 3 });
  await untilX(bob, 1, 3);
  bob.awareness.setLocalState({ x: 4 });
  ada.awareness.setLocalState(null);
  await until(bob, (states) => !states.has(1));
  assertEquals(changes, [
    [{ added: [1], updated: [], removed: [] }, bob.room],
    [{ added: [], updated: [1], removed: [] }, bob.room],
    [{ added: [], updated: [2], removed: [] }, "local"],
    [{ added: [], updated: [], removed: [1] }, bob.room],
  ]);
});

Deno.test("Awareness.once() and off() end a listener", () => {
  using ada = offline();
  const heard: string[] = [];
  const listener = () => heard.push("on");
  ada.awareness.on("change", listener);
  ada.awareness.once("change", () => heard.push("once"));
  ada.awareness.setLocalState({ x: 1 });
  ada.awareness.setLocalState({ x: 2 });
  ada.awareness.off("change", listener);
  ada.awareness.setLocalState({ x: 3 });
  assertEquals(heard, ["on", "once", "on"]);
});

Deno.test("Awareness tells others nothing of an equal state", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob");
  ada.awareness.setLocalState({ x: 3 });
  await untilX(bob, 1, 3);
  const { me } = ada.room;
  const former = me.get();
  const updates: unknown[] = [];
  const changes = changesOf(ada);
  ada.awareness.on("update", ({ updated }) => updates.push(updated));
  ada.awareness.setLocalState({ x: 3 });
  assertEquals([updates, changes], [[[1]], []]);
  assertStrictEquals(me.get(), former);
});

Deno.test("Awareness tells others of a state that was changed in place", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob");
  const state = { x: 3 };
  ada.awareness.setLocalState(state);
  await untilX(bob, 1, 3);
  state.x = 4;
  ada.awareness.setLocalState(state);
  await untilX(bob, 1, 4);
});

Deno.test("a state that an editor completes for itself stays on its screen", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob");
  ada.awareness.setLocalState({ x: 3, user: { name: "Ada" } });
  await untilX(bob, 1, 3);
  Object.assign(Object(bob.awareness.states.get(1)?.user), { color: "red" });
  const changes = changesOf(bob);
  ada.awareness.setLocalState({ x: 4, user: { name: "Ada" } });
  await untilX(bob, 1, 4);
  assertEquals(changes.length, 1);
  const user = { name: "Ada", id: "ada" };
  assertEquals(bob.awareness.states.get(1), { x: 4, user });
  assertEquals(
    bob.room.others.get()[0]?.facets.awareness?.state,
    { x: 4, user: { name: "Ada" } },
  );
});

Deno.test("nobody has the id of another", async () => {
  await using service = serve();
  using bob = edit(service, "bob");
  using eve = edit(service, "eve", { clientID: 3 });
  eve.awareness.setLocalState({ x: 1, user: { id: "ada", name: "Ada" } });
  await untilX(bob, 3, 1);
  assertEquals(
    bob.awareness.states.get(3)?.user,
    { id: "eve", name: "Ada" },
  );
});

Deno.test("Awareness shows what the application knows of somebody", async () => {
  await using service = serve();
  const userOf = (subject: string) => ({ name: `the real ${subject}` });
  using bob = edit(service, "bob", { userOf });
  using eve = edit(service, "eve", { clientID: 3 });
  const user = { name: "Ada", color: "#3063b8" };
  eve.awareness.setLocalState({ x: 1, user });
  await untilX(bob, 3, 1);
  assertEquals(
    bob.awareness.states.get(3)?.user,
    { id: "eve", name: "the real eve", color: "#3063b8" },
  );
});

Deno.test("somebody whom the application does not know yet hides nobody, and is shown later", async () => {
  await using service = serve();
  const names = new Map([["ada", "Ada"]]);
  const userOf = (subject: string) => {
    const name = names.get(subject);
    if (name === undefined) throw new Error(`Nobody knows ${subject}`);
    return { name };
  };
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  using bob = edit(service, "bob", { clientID: 2, userOf, onError });
  const changes = changesOf(bob);
  using eve = edit(service, "eve", { clientID: 3 });
  eve.awareness.setLocalState({ x: 1 });
  const hers = bob.room.person("eve");
  await untilValue(hers, (she) => she?.facets.awareness?.state.x === 1);
  using ada = edit(service, "ada", { clientID: 1 });
  await until(bob, (states) => states.has(1));
  assertEquals([...bob.awareness.states.keys()], [2, 1]);
  assertEquals(String(errors[0]), "Error: Nobody knows eve");
  names.set("eve", "Eve");
  ada.awareness.setLocalState({ x: 2 });
  await untilX(bob, 1, 2);
  assertEquals(bob.awareness.states.get(3), {
    x: 1,
    user: { name: "Eve", id: "eve" },
  });
  assertEquals(changes.at(-1), [
    { added: [3], updated: [1], removed: [] },
    bob.room,
  ]);
});

/** The `x` and the id of each other client, by its number. */
function shownIn({ awareness, doc }: Editor): unknown[] {
  return [...awareness.states]
    .filter(([number]) => number !== doc.clientID)
    .map(([number, { x, user }]) => [number, x, Object(user).id])
    .sort();
}

Deno.test("nobody takes the place of another by its number", async () => {
  await using service = serve();
  using bob = edit(service, "bob", { clientID: 2 });
  using eve = edit(service, "eve", { clientID: 3 });
  await until(bob, (states) => states.has(3));
  using ada = edit(service, "ada", { clientID: 7 });
  ada.awareness.setLocalState({ x: 1 });
  await untilX(bob, 7, 1);
  const isMissing = missing(bob, 7);
  // She has been here for longer, and sees the number of another.
  eve.awareness.destroy();
  eve.doc.clientID = 7;
  new Awareness(eve.room, eve.doc).setLocalState({ x: 2 });
  await untilX(bob, 8, 2);
  ada.awareness.setLocalState({ x: 3 });
  await untilX(bob, 7, 3);
  assertEquals(shownIn(bob), [[7, 3, "ada"], [8, 2, "eve"]]);
  assertEquals(isMissing(), false);
  // Somebody who comes later sees both, too.
  using tom = edit(service, "tom");
  await until(tom, ({ size }) => size === 4);
  assertEquals(
    shownIn(tom).map((client) => Object(client)[2]).sort(),
    ["ada", "bob", "eve"],
  );
  ada.awareness.destroy();
  await untilX(bob, 7, 2);
  assertEquals(bob.awareness.states.has(8), false);
});

Deno.test("nobody takes one's own place", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 7 });
  ada.awareness.setLocalState({ x: 1 });
  using eve = edit(service, "eve", { clientID: 7 });
  eve.awareness.setLocalState({ x: 2 });
  await untilX(ada, 8, 2);
  assertEquals(ada.awareness.getLocalState(), { x: 1 });
  await untilX(eve, 8, 1);
  assertEquals(eve.awareness.getLocalState(), { x: 2 });
});

Deno.test("a number that somebody has got in place of their own is free for its owner", async () => {
  await using service = serve();
  using bob = edit(service, "bob", { clientID: 2 });
  using ada = edit(service, "ada", { clientID: 7 });
  ada.awareness.setLocalState({ x: 1 });
  await untilX(bob, 7, 1);
  using eve = edit(service, "eve", { clientID: 7 });
  eve.awareness.setLocalState({ x: 2 });
  await untilX(bob, 8, 2);
  using tom = edit(service, "tom", { clientID: 8 });
  tom.awareness.setLocalState({ x: 3 });
  await untilX(bob, 8, 3);
  assertEquals(shownIn(bob), [[7, 1, "ada"], [8, 3, "tom"], [9, 2, "eve"]]);
});

Deno.test("Awareness leaves out what is no state", async () => {
  await using service = serve();
  using bob = edit(service, "bob");
  const good = { clientID: 5, state: { x: 1 } };
  const facets = [
    7,
    null,
    "awareness",
    [],
    {},
    { ...good, state: null },
    { ...good, state: [1] },
    { ...good, clientID: "5" },
    { ...good, clientID: -1 },
    { ...good, clientID: 0.5 },
    { ...good, clientID: 2 ** 53 },
  ];
  for (const [n, facet] of facets.entries()) {
    receive(service, { subject: `p${n}`, observedAt: Date.now() }, facet);
  }
  using ada = edit(service, "ada", { clientID: 1 });
  await until(bob, (states) => states.has(1));
  assertEquals(bob.room.others.get().length, facets.length + 1);
  assertEquals([...bob.awareness.states.keys()], [bob.doc.clientID, 1]);
  assert(ada.awareness.states.has(1));
});

Deno.test("two tabs of a person see each other", async () => {
  await using service = serve();
  using laptop = edit(service, "ada", { clientID: 1 });
  using phone = edit(service, "ada", { clientID: 2 });
  laptop.awareness.setLocalState({ x: 3 });
  phone.awareness.setLocalState({ x: 4 });
  await untilX(phone, 1, 3);
  await untilX(laptop, 2, 4);
  phone.awareness.destroy();
  await until(laptop, ({ size }) => size === 1);
});

Deno.test("a lost connection changes nothing on any screen", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob", { clientID: 2 });
  ada.awareness.setLocalState({ x: 1 });
  bob.awareness.setLocalState({ x: 1 });
  await untilX(bob, 1, 1);
  await untilX(ada, 2, 1);
  const changes = [changesOf(ada), changesOf(bob)];
  restart(service);
  await untilValue(ada.room.status, ({ type }) => type === "reconnecting");
  ada.awareness.setLocalState({ x: 2 });
  await untilX(bob, 1, 2);
  await untilValue(ada.room.status, isLive);
  assertEquals(changes, [
    [[{ added: [], updated: [1], removed: [] }, "local"]],
    [[{ added: [], updated: [1], removed: [] }, bob.room]],
  ]);
});

Deno.test("a client that has two entries for a moment is seen once, as the newer one says", async () => {
  await using service = serve();
  using bob = edit(service, "bob", { clientID: 2 });
  const now = Date.now();
  for (const [resource, x] of [["a", 1], ["b", 3], ["c", 2]] as const) {
    const awareness = { clientID: 1, state: { x } };
    receive(
      service,
      { subject: "ada", resource, observedAt: now + x },
      awareness,
    );
  }
  await untilX(bob, 1, 3);
  assertEquals(bob.room.person("ada").get()?.connections.length, 3);
  assertEquals(shownIn(bob), [[1, 3, "ada"]]);
});

Deno.test("a reload replaces a client by its successor in one change", async () => {
  await using service = serve();
  using bob = edit(service, "bob", { clientID: 2 });
  const before = edit(service, "ada", { clientID: 1, connection: "tab" });
  before.awareness.setLocalState({ x: 1 });
  await untilX(bob, 1, 1);
  const changes = changesOf(bob);
  before[Symbol.dispose]();
  using after = edit(service, "ada", { clientID: 3, connection: "tab" });
  after.awareness.setLocalState({ x: 1 });
  await untilX(bob, 3, 1);
  assertEquals(changes, [
    [{ added: [3], updated: [], removed: [1] }, bob.room],
  ]);
});

Deno.test("a client that dies is removed after the grace of the service", async () => {
  await using service = serve({ server: { graceMs: 1 } });
  using bob = edit(service, "bob");
  const ada = edit(service, "ada", { clientID: 1 });
  await until(bob, (states) => states.has(1));
  ada[Symbol.dispose]();
  await until(bob, (states) => !states.has(1));
});

Deno.test("Awareness.destroy() removes the own cursor, and stays in the room", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob", { clientID: 2 });
  await until(bob, (states) => states.has(1));
  await until(ada, (states) => states.has(2));
  const changes = changesOf(bob);
  ada.awareness.destroy();
  assertEquals(ada.awareness.getLocalState(), null);
  await until(bob, (states) => !states.has(1));
  assertEquals(bob.room.others.get().map(({ id }) => id), ["ada"]);
  // An editor that is removed later says something about its cursor.
  ada.awareness.setLocalStateField("cursor", null);
  ada.awareness.setLocalState({ cursor: null });
  assertEquals(ada.awareness.getLocalState(), null);
  bob.awareness.setLocalState({ x: 1 });
  const stateOfBob = ada.room.select(({ others: [bob] }) =>
    bob?.facets.awareness?.state
  );
  await within(
    new Promise((resolve) => stateOfBob.subscribe(resolve)),
    () => "Nothing is heard of Bob",
  );
  assertEquals(ada.awareness.states.get(2), { user: { id: "bob" } });
  assertEquals(changes.length, 2);
  assertEquals(ada.doc._observers.get("destroy")?.size ?? 0, 0);
});

Deno.test("the end of the document is the end of its awareness", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob");
  await until(bob, (states) => states.has(1));
  ada.doc.destroy();
  await until(bob, (states) => !states.has(1));
  assertEquals(ada.awareness.getLocalState(), null);
});

Deno.test("Awareness shows nobody once the room is left or refused", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob", { clientID: 2 });
  using tom = edit(service, "tom", { clientID: 3 });
  for (const editor of [ada, bob, tom]) {
    await until(editor, ({ size }) => size === 3);
  }
  await ada.room.leave();
  await until(ada, ({ size }) => size === 1);
  await until(bob, ({ size }) => size === 2);
  for (const socket of [...service.endpoint.sockets]) socket.kick();
  await until(bob, ({ size }) => size === 1);
});

Deno.test("Awareness keeps nothing of those who are gone, and its clock grows", async () => {
  await using service = serve();
  using bob = edit(service, "bob", { clientID: 2 });
  using ada = edit(service, "ada", { clientID: 1 });
  await until(bob, (states) => states.has(1));
  const first = bob.awareness.meta.get(1)?.clock ?? NaN;
  let last = NaN;
  bob.awareness.on("update", ({ removed: [clientID = 0] }) => {
    last = bob.awareness.meta.get(clientID)?.clock ?? last;
  });
  ada.awareness.setLocalState(null);
  await until(bob, (states) => !states.has(1));
  assert(last > first, `${last} is not above ${first}`);
  await Promise.resolve();
  assertEquals([...bob.awareness.meta.keys()], [2]);
  ada.awareness.setLocalState({});
  await until(bob, (states) => states.has(1));
  assert(Number(bob.awareness.meta.get(1)?.clock) > last);
});

// Beside y-protocols

/** Somebody without a connection. */
function offline(): Editor {
  class NoSocket {
    send(): void {}
    close(): void {}
    addEventListener(): void {}
  }
  const client = new LiveClient<AwarenessModel>({
    url: "http://localhost",
    webSocket: NoSocket,
  });
  return editorOf(client, 1);
}

/** The awareness of y-protocols; its timer ends with the document. */
function ofYjs(clientID: number): AwarenessOfYjs & Disposable {
  const doc = new Doc();
  doc.clientID = clientID;
  const awareness = new AwarenessOfYjs(doc);
  return Object.assign(awareness, { [Symbol.dispose]: () => doc.destroy() });
}

/** What the test of y-protocols does, with one that sends and one that receives. */
function relay(sender: AwarenessOfYjs, receiver: AwarenessOfYjs): void {
  const { clientID } = sender;
  sender.on("update", ({ added, updated, removed }: AwarenessChanges) => {
    const changed = [...added, ...updated, ...removed];
    const update = encodeAwarenessUpdate(sender, changed);
    applyAwarenessUpdate(receiver, update, "custom");
  });
  const sent: AwarenessChanges[] = [];
  const received: AwarenessChanges[] = [];
  sender.on("change", (changes: AwarenessChanges) => sent.push(changes));
  receiver.on("change", (changes: AwarenessChanges) => received.push(changes));
  const steps = [{ x: 3 }, { x: 4 }, { x: 4 }, null].map((state) => {
    sender.setLocalState(state);
    assertEquals(sender.getLocalState(), state);
    const shown = receiver.getStates().get(clientID);
    return [shown, receiver.meta.get(clientID)?.clock];
  });
  assertEquals(steps, [[{ x: 3 }, 1], [{ x: 4 }, 2], [{ x: 4 }, 3], [
    undefined,
    4,
  ]]);
  const updated = { added: [], updated: [clientID], removed: [] };
  const removed = { added: [], updated: [], removed: [clientID] };
  // The receiver did not know the sender, whose first state was set before.
  const added = { added: [clientID], updated: [], removed: [] };
  assertEquals(sent, [updated, updated, removed]);
  assertEquals(received, [added, updated, removed]);
}

Deno.test("the test of y-protocols passes with an Awareness that sends", () => {
  using ours = offline();
  using theirs = ofYjs(2);
  relay(ours.awareness, theirs);
});

Deno.test("the test of y-protocols passes with an Awareness that receives", () => {
  using ours = offline();
  using theirs = ofYjs(2);
  relay(theirs, ours.awareness);
});

Deno.test("Awareness removes nobody after the 30 seconds of y-protocols", () => {
  using time = new FakeTime();
  using ours = offline();
  using away = ofYjs(3);
  away.setLocalState({ x: 1 });
  const update = encodeAwarenessUpdate(away, [3]);
  applyAwarenessUpdate(ours.awareness, update, "custom");
  const changes = changesOf(ours);
  time.tick(120_000);
  assertEquals([[...ours.awareness.states.keys()], changes], [[1, 3], []]);
});

Deno.test("the test of y-protocols passes over a room, where it needs no clock", async () => {
  await using service = serve();
  using aw1 = edit(service, "ada", { clientID: 1 });
  using aw2 = edit(service, "bob", { clientID: 2 });
  const sent = changesOf(aw1);
  const received = changesOf(aw2);
  const updated = { added: [], updated: [1], removed: [] };
  aw1.awareness.setLocalState({ x: 3 });
  await untilX(aw2, 1, 3);
  assertEquals(sent.at(0), [updated, "local"]);
  assertEquals(received.map(([{ added }]) => added), [[1]]);
  aw1.awareness.setLocalState({ x: 4 });
  await untilX(aw2, 1, 4);
  assertEquals(received.at(-1), [updated, aw2.room]);
  const [ofSender, ofReceiver] = [sent.length, received.length];
  aw1.awareness.setLocalState({ x: 4 });
  aw1.awareness.setLocalState(null);
  await until(aw2, (states) => !states.has(1));
  const removed = { added: [], updated: [], removed: [1] };
  assertEquals(sent.slice(ofSender), [[removed, "local"]]);
  assertEquals(received.slice(ofReceiver), [[removed, aw2.room]]);
  assertEquals(aw1.awareness.getStates().get(1), undefined);
});

Deno.test("removeAwarenessStates() of y-protocols removes the own cursor", async () => {
  await using service = serve();
  using ada = edit(service, "ada", { clientID: 1 });
  using bob = edit(service, "bob");
  await until(bob, (states) => states.has(1));
  removeAwarenessStates(ada.awareness, [1], "unload");
  await until(bob, (states) => !states.has(1));
  ada.awareness.setLocalState({ x: 1 });
  await untilX(bob, 1, 1);
});

/** A model with other facets beside that of an awareness. */
interface Model extends LiveModel {
  subject: "ada" | "bob";
  facets: { name: string; awareness: AwarenessFacet };
}

/** Two models whose rooms have no awareness. */
interface Nameless extends LiveModel {
  facets: { name: string };
}
interface Other extends LiveModel {
  facets: { awareness: string };
}

Deno.test("an Awareness has the type of y-protocols, and its room the facet", () => {
  const awarenessOf = (room: LiveRoom<Model>): AwarenessOfYjs =>
    new Awareness(room, new Doc());
  // @ts-expect-error: the model does not have the facet
  const nameless = (room: LiveRoom<Nameless>) => new Awareness(room, new Doc());
  // @ts-expect-error: the facet is another one
  const other = (room: LiveRoom<Other>) => new Awareness(room, new Doc());
  for (const make of [awarenessOf, nameless, other]) {
    assertEquals(make.length, 1);
  }
});
