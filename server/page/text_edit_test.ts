import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { editBetween, movedBy, positionAt } from "./text_edit.js";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 200);

/** Texts of few letters, so that parts of them are often the same. */
const TEXT = fc.string({
  unit: fc.constantFrom("a", "b", "\n"),
  maxLength: 12,
});

Deno.test("editBetween() finds what is replaced, and by what", () => {
  const edits = [
    ["one two", "one two", { start: 7, end: 7, inserted: "" }],
    ["one two", "one big two", { start: 4, end: 4, inserted: "big " }],
    ["one two", "one ", { start: 4, end: 7, inserted: "" }],
    ["one two", "one 2", { start: 4, end: 7, inserted: "2" }],
    ["aa", "aaa", { start: 2, end: 2, inserted: "a" }],
    ["", "one", { start: 0, end: 0, inserted: "one" }],
  ] as const;
  for (const [before, after, edit] of edits) {
    assertEquals(editBetween(before, after), edit);
  }
});

Deno.test("editBetween() makes any text of any other (property)", () => {
  fc.assert(
    fc.property(TEXT, TEXT, (before, after) => {
      const { start, end, inserted } = editBetween(before, after);
      assert(start <= end);
      assertEquals(
        before.slice(0, start) + inserted + before.slice(end),
        after,
      );
    }),
    { numRuns },
  );
});

Deno.test("movedBy() keeps an offset at the letter after it", () => {
  const edit = { start: 4, end: 7, inserted: "2" };
  const moved = [0, 3, 4, 6, 7, 9].map((offset) => movedBy(offset, edit));
  assertEquals(moved, [0, 3, 4, 4, 5, 7]);
  const insertion = { start: 4, end: 4, inserted: "big " };
  assertEquals([3, 4, 5].map((offset) => movedBy(offset, insertion)), [
    3,
    8,
    9,
  ]);
});

Deno.test("movedBy() stays in the text, and changes no order (property)", () => {
  fc.assert(
    fc.property(TEXT, TEXT, fc.nat(12), fc.nat(12), (before, after, a, b) => {
      const [first = 0, second = 0] = [a, b]
        .map((offset) => Math.min(offset, before.length))
        .sort((one, other) => one - other);
      const edit = editBetween(before, after);
      const [one, other] = [movedBy(first, edit), movedBy(second, edit)];
      assert(0 <= one && one <= other && other <= after.length);
      // A letter that is left is still the one after the cursor.
      const isLeft = first < edit.start || first >= edit.end;
      if (isLeft) assertEquals(after[one], before[first]);
    }),
    { numRuns },
  );
});

Deno.test("positionAt() counts lines and columns from 0", () => {
  const text = "one\ntwo\n\nfour";
  const places = [0, 3, 4, 8, 9, 13, 99, -1].map((offset) => {
    const position = positionAt(text, offset);
    return [position.line, position.column, position.offset];
  });
  assertEquals(places, [
    [0, 0, 0],
    [0, 3, 3],
    [1, 0, 4],
    [2, 0, 8],
    [3, 0, 9],
    [3, 4, 13],
    [3, 4, 13],
    [0, 0, 0],
  ]);
});
