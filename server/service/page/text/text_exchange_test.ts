import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import * as fc from "fast-check";
import { Places } from "../document/places.ts";
import { positionAt } from "../../../client/views/text_edit.ts";
import { TextExchange } from "./text_exchange.ts";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 200);

const NAMES = ["ada", "bob", "cyd"];

/** Tabs that send each other everything, in any order. */
class Network {
  readonly tabs: Tab[] = [];

  /** Opens a document in a tab. */
  open(name: string, text: string): Tab {
    const tab = new Tab(name, text, this);
    this.tabs.push(tab);
    return tab;
  }

  broadcast(from: Tab, event: "text" | "wanted", message: object): void {
    const payload = { ...message, sender: { key: from.name } };
    const text = JSON.stringify(payload);
    for (const tab of this.tabs) {
      if (tab !== from) tab.inbox.push({ event, text });
    }
  }

  /** Until nobody has anything to say. */
  settle(): void {
    while (this.tabs.some(({ inbox }) => inbox.length > 0)) {
      for (const tab of this.tabs) tab.receive();
    }
  }
}

/** What the page does with an exchange. */
class Tab {
  readonly name: string;
  readonly #network: Network;
  readonly inbox: { event: string; text: string }[] = [];
  readonly exchange: TextExchange;
  readonly places: Places;
  /** What the textarea has. */
  text: string;

  constructor(name: string, text: string, network: Network) {
    this.name = name;
    this.text = text;
    this.#network = network;
    const people = NAMES.map((id) => person(id, text));
    this.places = new Places(() => people);
    this.exchange = new TextExchange(name, text, this.places, {
      send: (message) => network.broadcast(this, "text", message),
      ask: () => network.broadcast(this, "wanted", {}),
      onEdits: (edits) => this.#apply(edits),
    });
  }

  write(start: number, end: number, inserted: string): void {
    this.text = this.text.slice(0, start) + inserted + this.text.slice(end);
    this.exchange.write(this.text, start + inserted.length, false);
  }

  undo(): void {
    this.#apply(this.exchange.undo());
  }

  redo(): void {
    this.#apply(this.exchange.redo());
  }

  join(): void {
    this.exchange.joined();
    this.#network.broadcast(this, "wanted", {});
  }

  /** Receives the next message, or a later one. */
  receive(index = 0): void {
    const [message] = this.inbox.splice(index, 1);
    if (message?.event === "wanted") this.exchange.answer();
    if (message?.event === "text") {
      const { sender, ...payload } = JSON.parse(message.text);
      this.exchange.receive(payload, sender.key);
    }
  }

  #apply(
    edits: readonly { start: number; end: number; inserted: string }[],
  ): void {
    for (const { start, end, inserted } of edits) {
      this.text = this.text.slice(0, start) + inserted + this.text.slice(end);
    }
  }
}

/** Somebody with a cursor at the beginning, as the service knows them. */
function person(id: string, text: string) {
  return {
    id,
    cursor: positionAt(text, 0),
    selection: null,
    lastCursorUpdate: 0,
    sessions: 1,
  };
}

/** Lets Cyd join Ada and Bob, of whom Bob is about to answer. */
function joinTwo() {
  const network = new Network();
  const ada = network.open("ada", "words");
  const bob = network.open("bob", "words");
  ada.write(0, 0, "some ");
  ada.exchange.sendNews();
  network.settle();
  for (const { places } of network.tabs) {
    places.correct(new Map([["bob", { anchor: 7, head: 5 }]]));
  }
  const cyd = network.open("cyd", "words");
  cyd.join();
  bob.receive();
  return { network, ada, cyd };
}

function texts({ tabs }: Network): string[] {
  return tabs.map(({ text }) => text);
}

Deno.test("TextExchange gives everybody what two people write at opposite ends", () => {
  const network = new Network();
  const [ada, bob] = NAMES.map((name) => network.open(name, "middle"));
  assert(ada && bob);
  for (let index = 0; index < 20; index++) {
    ada.write(index, index, String.fromCharCode(97 + index));
    bob.write(
      bob.text.length,
      bob.text.length,
      String.fromCharCode(65 + index),
    );
    ada.exchange.sendNews();
    bob.exchange.sendNews();
    // Every third letter arrives too late.
    if (index % 3 > 0) network.settle();
  }
  network.settle();
  const text = "abcdefghijklmnopqrst" + "middle" + "ABCDEFGHIJKLMNOPQRST";
  assertEquals(texts(network), [text, text, text]);
});

Deno.test("TextExchange loses nothing of three writers, in turns or crossing (property)", () => {
  const action = fc.record({
    who: fc.nat(2),
    does: fc.constantFrom("write", "send", "receive", "undo", "redo"),
    start: fc.nat(100),
    length: fc.nat(3),
    inserted: fc.string({
      unit: fc.constantFrom("a", "\n", "👋"),
      maxLength: 3,
    }),
    next: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      // A tab that receives something too early asks for what is missing.
      using _time = new FakeTime();
      const network = new Network();
      for (const name of NAMES) network.open(name, "a👋\nb");
      for (const { who, does, start, length, inserted, next } of actions) {
        const tab = network.tabs[who];
        assert(tab !== undefined);
        if (does === "receive") {
          tab.receive(next % Math.max(1, tab.inbox.length));
        }
        if (does === "send") tab.exchange.sendNews();
        if (does === "undo") tab.undo();
        if (does === "redo") tab.redo();
        if (does === "write") {
          const from = positionAt(tab.text, start % (tab.text.length + 1));
          const to = positionAt(tab.text, from.offset + length);
          tab.write(from.offset, to.offset, inserted);
        }
      }
      for (const tab of network.tabs) tab.exchange.sendNews();
      network.settle();
      assertEquals(new Set(texts(network)).size, 1);
      assert(network.tabs[0]?.text.isWellFormed());
    }),
    { numRuns },
  );
});

Deno.test("TextExchange sends a newcomer the text and the cursors", () => {
  using time = new FakeTime();
  const { network, cyd } = joinTwo();
  time.tick(200);
  // Ada is about to answer, and receives the answer of Bob.
  network.settle();
  time.tick(200);
  assertEquals(cyd.text, "some words");
  assertEquals(cyd.places.all().get("bob")?.place, { anchor: 7, head: 5 });
  assertEquals(network.tabs.map(({ inbox }) => inbox.length), [0, 0, 0]);
});

Deno.test("TextExchange sends a newcomer the cursors even if an edit crosses the answer", () => {
  using time = new FakeTime();
  const { network, ada, cyd } = joinTwo();
  time.tick(200);
  // Bob has answered, and Ada writes before she receives it.
  ada.write(0, 0, "And ");
  ada.exchange.sendNews();
  cyd.receive(1);
  cyd.receive();
  assertEquals(cyd.text, "And some words");
  network.settle();
  time.tick(200);
  network.settle();
  assertEquals(cyd.places.all().get("bob")?.place, { anchor: 11, head: 9 });
});

Deno.test("TextExchange asks for the letters that a slow reader did not get", () => {
  using time = new FakeTime();
  const network = new Network();
  const [ada, bob] = ["ada", "bob"].map((name) => network.open(name, "-"));
  assert(ada && bob);
  for (const letter of ["a", "b", "c"]) {
    ada.write(0, 0, letter);
    ada.exchange.sendNews();
    if (letter === "b") bob.inbox.length = 0;
    bob.receive();
  }
  network.settle();
  time.tick(200);
  network.settle();
  assertEquals(bob.text, "cba-");
});

Deno.test("TextExchange recovers lost messages, even answers, with the next edits (property)", () => {
  const step = fc.record({
    tab: fc.nat({ max: 2 }),
    what: fc.constantFrom("write", "write", "undo", "send", "receive", "lose"),
    place: fc.nat({ max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      using time = new FakeTime();
      const network = new Network();
      const settle = () => {
        for (let round = 0; round < 4; round++) {
          network.settle();
          time.tick(200);
        }
      };
      const tabs = NAMES.map((name) => network.open(name, "-"));
      for (const tab of tabs) tab.join();
      settle();
      for (const { tab: index, what, place } of steps) {
        const tab = tabs[index];
        assert(tab !== undefined);
        const start = Math.min(place, tab.text.length);
        if (what === "write") tab.write(start, start, tab.name);
        if (what === "undo") tab.undo();
        if (what === "send") tab.exchange.sendNews();
        if (what === "receive") tab.receive();
        if (what === "lose") tab.inbox.shift();
        time.tick(20);
      }
      for (const tab of [...tabs, ...tabs]) {
        tab.write(0, 0, "!");
        tab.exchange.sendNews();
        settle();
      }
      const [text] = texts(network);
      assertEquals(texts(network), tabs.map(() => text));
    }),
    { numRuns },
  );
});

Deno.test("TextExchange.joined() sends what was written without a connection", () => {
  const network = new Network();
  const [ada, bob] = ["ada", "bob"].map((name) => network.open(name, "-"));
  assert(ada && bob);
  ada.write(0, 0, "a");
  bob.write(1, 1, "b");
  for (const tab of [ada, bob]) {
    tab.exchange.sendNews();
    tab.inbox.length = 0;
  }
  for (const tab of [ada, bob]) tab.inbox.length = 0;
  ada.exchange.joined();
  bob.exchange.joined();
  network.settle();
  assertEquals(texts(network), ["a-b", "a-b"]);
});

Deno.test("TextExchange sends no message that is too long for a broadcast", () => {
  using time = new FakeTime();
  const network = new Network();
  const ada = network.open("ada", "");
  for (let index = 0; index < 1_500; index++) ada.write(0, 0, "話");
  for (let index = 0; index < 500; index++) ada.write(index, index + 1, "");
  ada.write(0, 0, "語".repeat(8_000));
  const bob = network.open("bob", "");
  ada.exchange.sendNews();
  bob.join();
  network.settle();
  time.tick(200);
  const lengths = bob.inbox.map(({ text }) =>
    new TextEncoder().encode(text).length
  );
  assert(lengths.length > 1);
  assert(Math.max(...lengths) < 60_000, `${lengths}`);
  network.settle();
  assertEquals(bob.text, ada.text);
});

Deno.test("TextExchange sends a long text that was deleted", () => {
  using time = new FakeTime();
  const network = new Network();
  const ada = network.open("ada", "-");
  ada.write(0, 0, "x".repeat(90_000));
  ada.write(0, 90_000, "");
  const bob = network.open("bob", "-");
  bob.join();
  network.settle();
  time.tick(200);
  network.settle();
  bob.write(1, 1, "b");
  bob.exchange.sendNews();
  network.settle();
  assertEquals(texts(network), ["-b", "-b"]);
});

Deno.test("TextExchange.write() reverts an insertion that the text has no room for", () => {
  const network = new Network();
  const ada = network.open("ada", "one two");
  const text = `one ${"x".repeat(100_000)} two`;
  const [edit] = ada.exchange.write(text, 100_005, false);
  assertEquals(edit, { start: 4, end: 100_005, inserted: "" });
  ada.undo();
  assertEquals(ada.text, "one two");
});

Deno.test("TextExchange.undo() undoes together what was written together", () => {
  const network = new Network();
  const ada = network.open("ada", "-");
  const write = (text: string, joins: boolean) => {
    ada.text = text;
    ada.exchange.write(text, text.length, joins);
  };
  write("-a", false);
  write("-ab", true);
  write("-ab", true);
  write("-abc", false);
  ada.undo();
  assertEquals(ada.text, "-ab");
  ada.undo();
  assertEquals(ada.text, "-");
  ada.undo();
  ada.redo();
  ada.redo();
  ada.redo();
  assertEquals(ada.text, "-abc");
  ada.undo();
  write("-abx", true);
  ada.redo();
  ada.undo();
  assertEquals(ada.text, "-ab");
});

Deno.test("TextExchange.receive() ignores malformed messages", () => {
  const network = new Network();
  const ada = network.open("ada", "-");
  const run = ["bob", 5, "", 1, 0, "x"];
  const good = { writer: "bob", count: 1, runs: [run] };
  const bad = [
    {},
    { ...good, writer: 1 },
    { ...good, count: "1" },
    { ...good, runs: [["bob"]] },
  ];
  for (const message of bad) ada.exchange.receive(message, "bob");
  assertEquals(ada.text, "-");
  ada.exchange.receive(good, "bob");
  assertEquals(ada.text, "-x");
});
