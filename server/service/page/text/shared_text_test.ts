import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  lengthOf,
  MAX_LENGTH,
  readRuns,
  type Run,
  SharedText,
} from "./shared_text.ts";
import type { TextEdit } from "../../../client/views/text_edit.ts";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 200);

/** A writer, whose methods return what the others receive. */
class Writer {
  readonly shared: SharedText;
  /** The text as the edits make it. */
  text: string;

  constructor(name: string, text: string) {
    this.shared = new SharedText(name, text);
    this.text = text;
  }

  write(edit: TextEdit): Run[] {
    this.#apply(this.shared.write(edit));
    return this.shared.takeNews();
  }

  undo(isRedo = false): Run[] {
    this.#apply(isRedo ? this.shared.redo() : this.shared.undo());
    return this.shared.takeNews();
  }

  receive(runs: Run[]): void {
    // As over the wire.
    const read = readRuns(JSON.parse(JSON.stringify(runs)));
    assert(read !== undefined);
    this.#apply(this.shared.merge(read));
  }

  #apply(edits: readonly TextEdit[]): void {
    for (const { start, end, inserted } of edits) {
      this.text = this.text.slice(0, start) + inserted + this.text.slice(end);
    }
    assertEquals(this.text, this.shared.text);
  }
}

function insertion(at: number, inserted: string): TextEdit {
  return { start: at, end: at, inserted };
}

Deno.test("SharedText has what two people write at once", () => {
  const [ada, bob] = [
    new Writer("ada", "one two"),
    new Writer("bob", "one two"),
  ];
  const sent = [ada.write(insertion(0, "A ")), bob.write(insertion(7, " B"))];
  ada.receive(sent[1] ?? []);
  bob.receive(sent[0] ?? []);
  assertEquals([ada.text, bob.text], ["A one two B", "A one two B"]);
  assertEquals(ada.shared.weight, bob.shared.weight);
});

Deno.test("SharedText keeps what one person types while another replaces all", () => {
  const [ada, bob] = [
    new Writer("ada", "one two"),
    new Writer("bob", "one two"),
  ];
  const typed = ada.write(insertion(3, "!"));
  const pasted = bob.write({ start: 0, end: 7, inserted: "three" });
  ada.receive(pasted);
  bob.receive(typed);
  assertEquals([ada.text, bob.text], ["three!", "three!"]);
});

Deno.test("SharedText does not mix the words that two people write at one place", () => {
  const [ada, bob] = [new Writer("ada", ""), new Writer("bob", "")];
  const sent: [Run[][], Run[][]] = [[], []];
  for (let index = 0; index < 3; index++) {
    sent[0].push(ada.write(insertion(index, "abc".charAt(index))));
    sent[1].push(bob.write(insertion(index, "123".charAt(index))));
  }
  sent[0].forEach((runs) => bob.receive(runs));
  sent[1].forEach((runs) => ada.receive(runs));
  assertEquals([ada.text, bob.text], ["123abc", "123abc"]);
});

Deno.test("SharedText.undo() undoes the last change of its own writer only", () => {
  const [ada, bob] = [
    new Writer("ada", "one two"),
    new Writer("bob", "one two"),
  ];
  bob.receive(ada.write({ start: 0, end: 3, inserted: "1" }));
  ada.receive(bob.write(insertion(1, "B")));
  ada.receive(bob.write(insertion(6, "!")));
  bob.receive(ada.undo());
  assertEquals([ada.text, bob.text], ["Bone two!", "Bone two!"]);
  bob.receive(ada.undo(true));
  assertEquals([ada.text, bob.text], ["1B two!", "1B two!"]);
  ada.receive(bob.undo());
  ada.receive(bob.undo());
  assertEquals([ada.text, bob.text], ["1 two", "1 two"]);
});

Deno.test("SharedText.undo() skips a step that another writer has undone", () => {
  const [ada, bob] = [new Writer("ada", "one"), new Writer("bob", "one")];
  bob.receive(ada.write(insertion(0, "A")));
  bob.receive(ada.write(insertion(4, "Z")));
  ada.receive(bob.write({ start: 4, end: 5, inserted: "" }));
  bob.receive(ada.undo());
  assertEquals([ada.text, bob.text], ["one", "one"]);
});

/** Each letter that is written is one of a kind. */
const FIRST_LETTER = 0x4e00;

/** What one of three writers does. */
const ACTION = fc.record({
  who: fc.nat(2),
  does: fc.constantFrom(
    "insert",
    "replace",
    "undo",
    "redo",
    "receive",
    "receive",
  ),
  start: fc.nat(1_000),
  length: fc.nat(4),
  isAstral: fc.boolean(),
  next: fc.nat(1_000),
});

Deno.test("SharedText converges, and neither loses nor reorders letters (property)", () => {
  fc.assert(
    fc.property(fc.array(ACTION, { maxLength: 60 }), (actions) => {
      const initial = "one two";
      const writers = ["a", "b", "c"].map((name) => new Writer(name, initial));
      const inboxes: Run[][][] = [[], [], []];
      const orders: string[][] = [];
      const written = new Set(initial);
      const deleted = new Set<string>();
      let number = FIRST_LETTER;
      const receive = (who: number, next: number) => {
        const inbox = inboxes[who] ?? [];
        const [runs] = inbox.splice(next % inbox.length, 1);
        if (runs === undefined) return;
        writers[who]?.receive(runs);
        // Some messages arrive twice.
        if (next % 3 === 0) writers[who]?.receive(runs);
      };
      const send = (who: number, runs: Run[]) =>
        inboxes.forEach((inbox, other) => {
          if (other !== who && runs.length > 0) inbox.push(runs);
        });
      for (const { who, does, start, length, isAstral, next } of actions) {
        const writer = writers[who];
        assert(writer !== undefined);
        if (does === "receive") receive(who, next);
        if (does === "undo") send(who, writer.undo());
        if (does === "redo") send(who, writer.undo(true));
        if (does === "insert" || does === "replace") {
          const letters = [...writer.text];
          const from = start % (letters.length + 1);
          const to = does === "insert" ? from : from + length;
          const gone = letters.slice(from, to);
          gone.forEach((letter) => deleted.add(letter));
          const offset = letters.slice(0, from).join("").length;
          const inserted = Array.from({ length: 1 + next % 3 }, () => {
            const code = number++ + (isAstral ? 0x20000 : 0);
            return String.fromCodePoint(code);
          });
          inserted.forEach((letter) => written.add(letter));
          send(
            who,
            writer.write({
              start: offset,
              end: offset + gone.join("").length,
              inserted: inserted.join(""),
            }),
          );
        }
        orders.push([...writer.text]);
      }
      inboxes.forEach((inbox, who) => {
        while (inbox.length > 0) receive(who, inbox.length);
      });
      const [text = "", ...others] = writers.map(({ text }) => text);
      for (const other of others) assertEquals(other, text);
      const weights = new Set(writers.map(({ shared }) => shared.weight));
      assertEquals(weights.size, 1);

      // What nobody deleted or undid is there.
      const final = new Map([...text].map((letter, index) => [letter, index]));
      const hasUndo = actions.some(({ does }) => does === "undo");
      if (!hasUndo) {
        const lost = [...written].filter((letter) =>
          !deleted.has(letter) && !final.has(letter)
        );
        assertEquals(lost, []);
      }
      // Letters stand in the order in which anybody has ever seen them.
      for (const seen of orders) {
        const unique = seen.filter((letter) => letter >= "\u4e00");
        const places = unique.flatMap((letter) => final.get(letter) ?? []);
        assertEquals(places, places.toSorted((a, b) => a - b));
      }

      // A newcomer gets the same from one of them.
      const late = new Writer("late", initial);
      late.receive(writers[0]?.shared.runs ?? []);
      assertEquals(late.text, text);
      assertEquals(late.shared.weight, writers[0]?.shared.weight);
    }),
    { numRuns },
  );
});

Deno.test("SharedText.undo() of all own steps leaves the text of the others (property)", () => {
  fc.assert(
    fc.property(fc.array(ACTION, { maxLength: 40 }), (actions) => {
      const [ada, bob] = [new Writer("a", ""), new Writer("b", "")];
      // Bob writes the same, but Ada does not.
      const alone = new Writer("b", "");
      for (const { who, start, next } of actions) {
        if (who === 0) {
          const at = start % (ada.text.length + 1);
          bob.receive(ada.write(insertion(at, "AB".repeat(1 + next % 2))));
          continue;
        }
        const at = start % (alone.text.length + 1);
        alone.write(insertion(at, "x"));
        // The same place among the letters of Bob.
        let left = at;
        let index = 0;
        while (left > 0) if (bob.text[index++] === "x") left--;
        ada.receive(bob.write(insertion(index, "x")));
      }
      for (const _ of actions) bob.receive(ada.undo());
      assertEquals([ada.text, bob.text], [alone.text, alone.text]);
    }),
    { numRuns },
  );
});

Deno.test("SharedText.runs has few runs", () => {
  const ada = new Writer("ada", "one two");
  ada.write(insertion(3, "!"));
  ada.write(insertion(4, "?"));
  ada.write({ start: 0, end: 1, inserted: "" });
  assertEquals(ada.shared.runs, [
    ["", 1, "", 0, 1, 1],
    ["", 2, "", 1, 0, "ne two"],
    ["ada", 8, "", 3, 0, "!?"],
  ]);
  const long = new Writer("long", "");
  long.write(insertion(0, "👋".repeat(12_000)));
  const runs = long.shared.runs;
  const lengths = runs.map(([, , , , , content]) => String(content).length);
  assertEquals(lengths, [MAX_LENGTH, MAX_LENGTH, 4_000]);
  ada.receive(runs);
  assertEquals(ada.shared.text.length, 24_008);
});

Deno.test("SharedText.merge() survives malicious runs", () => {
  const ada = new Writer("ada", "one");
  // After letters that nobody knows, and more letters than a text may have.
  ada.receive([["eve", 5, "nobody", 4, 0, "x"], ["eve", 9, "eve", 6, 1, 10]]);
  for (let index = 0; index < 50; index++) {
    ada.receive([[`eve${index}`, 20, "", 0, 1, MAX_LENGTH]]);
  }
  assertEquals(ada.text, "one");
  const letters = ada.shared.runs.reduce((sum, run) => sum + lengthOf(run), 0);
  assert(letters < 250_000);
});

Deno.test("SharedText can be written after somebody has used the highest numbers", () => {
  const [ada, bob] = [new Writer("ada", "one"), new Writer("bob", "one")];
  const highest = [["eve", 2 ** 49, "", 0, 0, "x"]];
  assertEquals(readRuns(highest), undefined);
  const deleted: Run[] = [["", 1, "", 0, 999_999, 3]];
  for (const writer of [ada, bob]) writer.receive(deleted);
  bob.receive(ada.write(insertion(0, "two")));
  assertEquals([ada.text, bob.text], ["two", "two"]);
  bob.receive(ada.undo());
  bob.receive(ada.undo(true));
  assertEquals([ada.text, bob.text], ["two", "two"]);
});

Deno.test("SharedText refuses letters without room, and all replicas stay equal", () => {
  const [ada, bob] = [new Writer("ada", "-"), new Writer("bob", "-")];
  const send = (runs: Run[]) => runs.forEach((run) => bob.receive([run]));
  send(ada.write(insertion(1, "x".repeat(99_999))));
  assertEquals(ada.text.length, 100_000);
  assertEquals(ada.write(insertion(0, "y")), []);
  assertEquals(ada.write({ start: 0, end: 9, inserted: "y" }), []);
  send(ada.write({ start: 1, end: 99_999, inserted: "" }));
  assertEquals([ada.text, bob.text], ["-x", "-x"]);
});

Deno.test("readRuns() refuses a message with too many deleted letters", () => {
  const run: Run = ["eve", 1, "", 0, 1, MAX_LENGTH];
  assertEquals(readRuns(Array(6).fill(run))?.length, 6);
  assertEquals(readRuns(Array(7).fill(run)), undefined);
});

Deno.test("SharedText orders what was written after one letter, newest first", () => {
  const numbers = [5, 2, 9, 7, 3, 8, 6, 4];
  const runs = numbers.map((number): Run => [
    `w${number % 3}`,
    number,
    "",
    0,
    0,
    `${number}`,
  ]);
  const ada = new Writer("ada", "");
  for (const run of runs) ada.receive([run]);
  assertEquals(ada.text, "98765432");
});

Deno.test("readRuns() accepts runs, and nothing else", () => {
  const shown: Run = ["ada", 3, "", 2, 0, "one\n👋"];
  const hidden: Run = ["ada", 3, "bob", 2, 1, 5];
  assertEquals(readRuns([shown, hidden]), [shown, hidden]);
  assertEquals(readRuns([]), []);
  const bad = [
    null,
    [],
    [1, 3, "", 2, 0, "x"],
    ["ada", 3, null, 2, 0, "x"],
    ["ada", 1.5, "", 0, 0, "x"],
    ["ada", -1, "", -2, 0, "x"],
    ["ada", 2, "", 2, 0, "x"],
    ["ada", 100_001, "", 2, 0, "x"],
    ["ada", 3, "", 2, 1_000_001, 1],
    ["ada", 3, "", 2, "0", "x"],
    ["ada", 3, "", 2, 0, ""],
    ["ada", 3, "", 2, 0, 1],
    ["ada", 3, "", 2, 1, "x"],
    ["ada", 3, "", 2, 1, 0],
    ["ada", 3, "", 2, 1, MAX_LENGTH + 1],
    ["ada", 3, "", 2, 0, "x".repeat(MAX_LENGTH + 1)],
    ["ada", 3, "", 2, 0, "one\r\ntwo"],
    ["ada", 3, "", 2, 0, "\ud83d"],
    [...shown, "more"],
  ];
  for (const run of bad) assertEquals(readRuns([run]), undefined);
  for (const value of [null, "one", {}, shown]) {
    assertEquals(readRuns(value), undefined);
  }
});
