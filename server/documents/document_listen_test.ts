import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type {
  DocumentListener,
  DocumentListening,
  DocumentMessage,
  DocumentPresence,
} from "./mod.ts";
import {
  at,
  documents,
  flush,
  inWords,
  join,
  update,
} from "./testing/harness.ts";

/** A listener with room for so many messages. */
class Wire implements DocumentListener {
  readonly listening: DocumentListening;
  readonly messages: DocumentMessage[] = [];
  /** How it has ended. */
  readonly ends: unknown[] = [];
  room: number;
  /** Called after it has taken a message. */
  onTake: (message: DocumentMessage) => void = () => {};

  constructor(presence: DocumentPresence, room = Infinity) {
    this.room = room;
    this.listening = presence.listen("42", this);
  }

  take(message: DocumentMessage): boolean {
    if (this.room === 0) return false;
    this.room--;
    this.messages.push(message);
    this.onTake(message);
    return true;
  }

  end(): void {
    this.ends.push("the end");
  }

  fail(error: unknown): void {
    this.ends.push(error);
  }

  /** Returns the messages since the last call, in words. */
  told(): string[] {
    return this.messages.splice(0).map(inWords);
  }

  /** Makes room for so many messages, and returns what arrives at once. */
  resume(room: number): string[] {
    this.room = room;
    this.listening.resume();
    return this.told();
  }
}

/** Returns a listener that has received the state. */
function begun(presence: DocumentPresence): Wire {
  const wire = new Wire(presence);
  wire.listening.resume();
  wire.told();
  return wire;
}

Deno.test("DocumentPresence.listen() delivers nothing before resume(), then a state, then events as they occur", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const ada = await join(all.presence);
  const wire = new Wire(all.presence);
  await flush();
  assertEquals(wire.told(), []);
  wire.listening.resume();
  assertEquals(wire.told(), ["here: ada"]);
  ada.updateCursor(at(1));
  await join(all.presence, "bob");
  await flush();
  assertEquals(wire.told(), ["ada at 1", "bob joined"]);
});

Deno.test("DocumentPresence.listen() and watch() deliver the same objects", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const wires = [new Wire(all.presence), new Wire(all.presence)];
  for (const { listening } of wires) listening.resume();
  const watch = all.presence.watch("42");
  const watched = [(await watch.next()).value];
  await join(all.presence);
  watched.push((await watch.next()).value);
  for (const { messages } of wires) {
    assertEquals(messages.map(({ type }) => type), ["state", "userJoined"]);
    for (const [n, message] of messages.entries()) {
      assertStrictEquals<unknown>(message, watched[n]);
    }
  }
});

Deno.test("a refused message waits for resume(), and nothing is offered meanwhile", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const wire = begun(all.presence);
  wire.room = 0;
  await join(all.presence);
  await flush();
  wire.room = Infinity;
  await join(all.presence, "bob");
  await flush();
  assertEquals(wire.told(), []);
  assertEquals(wire.resume(Infinity), ["ada joined", "bob joined"]);
  await join(all.presence, "cy");
  await flush();
  assertEquals(wire.told(), ["cy joined"]);
});

Deno.test("resume() delivers as much as the listener takes", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const wire = new Wire(presence, 0);
  assertEquals(wire.resume(0), [], "a state can be refused too");
  const ada = await join(presence);
  await flush();
  assertEquals(wire.resume(1), ["here: ada"]);
  await join(presence, "bob");
  ada.updateCursor(at(1));
  await join(presence, "cy");
  await flush();
  assertEquals(wire.told(), []);
  assertEquals(wire.resume(2), ["bob joined", "ada at 1"]);
  assertEquals(wire.resume(0), []);
  assertEquals(wire.resume(Infinity), ["cy joined"]);
  assertEquals(wire.resume(Infinity), []);
});

Deno.test("a slow listener receives only the latest position of each person", async () => {
  using time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const [ada, bob] = [await join(presence), await join(presence, "bob")];
  const wire = begun(presence);
  wire.room = 0;
  for (let line = 0; line < 100; line++) {
    for (const person of [ada, bob]) person.updateCursor(at(line));
    await time.tickAsync(50);
  }
  assertEquals(wire.resume(Infinity), ["ada at 99", "bob at 99"]);
  assertEquals(presence.stats, { coalesced: 198, statesResent: 0 });
});

Deno.test("a listener that is too far behind gets a state and continues", async () => {
  using _time = new FakeTime(0);
  using all = documents({ maxPendingEvents: 2 });
  const { presence, server } = all;
  const wire = begun(presence);
  wire.room = 0;
  for (const subject of ["a", "b", "c"]) server.receive(update({ subject }));
  await flush();
  assertEquals(presence.stats.statesResent, 1);
  server.receive(update({ subject: "d" }));
  await flush();
  assertEquals(wire.resume(Infinity), ["here: a b c d"]);
  server.withdraw(update({ subject: "d" }));
  await flush();
  assertEquals(wire.told(), ["d left"]);
});

Deno.test("a listener that resumes another causes no duplicates", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const first = begun(presence);
  const behind = new Wire(presence);
  behind.room = 0;
  behind.listening.resume();
  let late: Wire | undefined;
  first.onTake = () => {
    behind.room = Infinity;
    behind.listening.resume();
    late = new Wire(presence);
    late.listening.resume();
    first.onTake = () => {};
  };
  server.receive(update());
  await flush();
  assertEquals(first.told(), ["ada joined"]);
  assertEquals(behind.told(), ["here: ada"]);
  assertEquals(late?.told(), ["here: ada"]);
  server.withdraw(update());
  await flush();
  for (const wire of [first, behind, late]) {
    assertEquals(wire?.told(), ["ada left"]);
  }
});

Deno.test("calls of take() never overlap", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const wire = begun(presence);
  wire.room = 0;
  for (const subject of ["a", "b", "c"]) server.receive(update({ subject }));
  await flush();
  let depth = 0;
  let deepest = 0;
  wire.onTake = () => {
    deepest = Math.max(deepest, ++depth);
    wire.listening.resume();
    depth--;
  };
  assertEquals(wire.resume(Infinity), ["a joined", "b joined", "c joined"]);
  assertEquals(deepest, 1);
});

Deno.test("a listener ends once: when the documents are closed, or if they were closed before", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence } = all;
  const wires = [begun(presence), begun(presence)];
  const [first] = wires;
  assert(first !== undefined);
  first.room = 0;
  await join(presence);
  await flush();
  presence[Symbol.dispose]();
  const late = new Wire(presence);
  assertEquals(late.ends, []);
  late.listening.resume();
  for (const wire of [...wires, late]) {
    assertEquals(wire.ends, ["the end"]);
    wire.listening.resume();
    wire.listening[Symbol.dispose]();
    assertEquals(wire.ends, ["the end"]);
  }
  assertEquals(first.told(), [], "what waited is forgotten");
});

Deno.test("a listener ends when the server is closed", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const wire = begun(all.presence);
  all.server[Symbol.dispose]();
  await flush();
  assertEquals(wire.ends, ["the end"]);
});

Deno.test("a listening that is disposed of within take() receives nothing more, and the others continue", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const [leaving, other] = [begun(presence), begun(presence)];
  leaving.onTake = () => leaving.listening[Symbol.dispose]();
  for (const subject of ["a", "b"]) server.receive(update({ subject }));
  await flush();
  assertEquals(leaving.told(), ["a joined"]);
  leaving.listening.resume();
  assertEquals(leaving.told(), []);
  assertEquals(other.told(), ["a joined", "b joined"]);
  presence[Symbol.dispose]();
  assertEquals([leaving.ends, other.ends], [[], ["the end"]]);
});

Deno.test("an error of a listener ends it and no other", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const [broken, other] = [begun(presence), begun(presence)];
  const error = new Error("The wire is cut");
  broken.onTake = () => {
    throw error;
  };
  for (const subject of ["a", "b"]) server.receive(update({ subject }));
  await flush();
  assertEquals(broken.ends, [error]);
  assertEquals(broken.told(), ["a joined"]);
  assertEquals(other.told(), ["a joined", "b joined"]);
  assertEquals(other.ends, []);
});

Deno.test("the last listener to leave ends the watch of the server", async () => {
  using _time = new FakeTime(0);
  using all = documents();
  const { presence, server } = all;
  const wires = [begun(presence), begun(presence)];
  await flush();
  assertEquals(server.stats.watches, 1);
  for (const { listening } of wires) listening[Symbol.dispose]();
  await flush();
  assertEquals(server.stats.watches, 0);
});
