import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  editBetween,
  movedBy,
  positionAt,
  type TextEdit,
} from "./text_edit.ts";

const numRuns = Number(Deno.env.get("RUTHERE_RUNS") ?? 200);

/** Texts of few letters, so that parts of them are often the same. */
const TEXT = fc.string({
  unit: fc.constantFrom("a", "b", "\n"),
  maxLength: 12,
});

Deno.test("editBetween() finds what is replaced, and by what", () => {
  const edits = [
    ["one two", "one two", 7, { start: 7, end: 7, inserted: "" }],
    ["one two", "one big two", 8, { start: 4, end: 4, inserted: "big " }],
    ["one two", "one big two", 7, { start: 3, end: 3, inserted: " big" }],
    ["one two", "one ", 4, { start: 4, end: 7, inserted: "" }],
    ["one two", "one 2", 5, { start: 4, end: 7, inserted: "2" }],
    ["", "one", 3, { start: 0, end: 0, inserted: "one" }],
    // The caret is somewhere else.
    ["one two", "one big two", 0, { start: 3, end: 3, inserted: " big" }],
  ] as const;
  for (const [before, after, caret, edit] of edits) {
    assertEquals(editBetween(before, after, caret), edit);
  }
});

Deno.test("editBetween() makes any text of any other (property)", () => {
  fc.assert(
    fc.property(TEXT, TEXT, fc.nat(12), (before, after, caret) => {
      const { start, end, inserted } = editBetween(before, after, caret);
      assert(start <= end);
      assertEquals(
        before.slice(0, start) + inserted + before.slice(end),
        after,
      );
    }),
    { numRuns },
  );
});

Deno.test("editBetween() ends where the caret is, if letters repeat", () => {
  assertEquals(editBetween("aa", "aaa", 1), {
    start: 0,
    end: 0,
    inserted: "a",
  });
  assertEquals(editBetween("aaa", "aa", 1), { start: 1, end: 2, inserted: "" });
  assertEquals(editBetween("aaa", "aa", 2), { start: 2, end: 3, inserted: "" });
});

Deno.test("editBetween() splits no surrogate pair", () => {
  // These share their first half, or their second.
  const edits = [
    ["a👋b", "a👍b"],
    ["a\u{1F600}b", "a\u{1FA00}b"],
    ["👋", "👋👋"],
    ["👋👍", "👍"],
    ["👍", ""],
  ] as const;
  for (const [before, after] of edits) {
    for (let caret = 0; caret <= after.length; caret++) {
      const { start, end, inserted } = editBetween(before, after, caret);
      const parts = [before.slice(0, start), inserted, before.slice(end)];
      assertEquals(parts.join(""), after);
      assert(parts.every((part) => part.isWellFormed()), parts.join("|"));
    }
  }
});

/** Where carets are after an edit. */
function carets(offsets: number[], edit: TextEdit): number[] {
  return offsets.map((offset) => {
    const { anchor, head } = movedBy({ anchor: offset, head: offset }, edit);
    assertEquals(anchor, head);
    return head;
  });
}

Deno.test("movedBy() keeps a caret behind the letter before it", () => {
  const edit = { start: 4, end: 7, inserted: "2" };
  assertEquals(carets([0, 3, 4, 6, 7, 9], edit), [0, 3, 4, 4, 5, 7]);
  const insertion = { start: 4, end: 4, inserted: "big " };
  assertEquals(carets([3, 4, 5], insertion), [3, 4, 9]);
});

Deno.test("movedBy() keeps a caret within a replaced part collapsed", () => {
  const all = { start: 0, end: 80, inserted: "x".repeat(43) };
  assertEquals(carets([0, 10, 80], all), [0, 0, 43]);
});

Deno.test("movedBy() maps a selection by its ends", () => {
  const moves = [
    // Inserted before, at the start, inside, at the end.
    [{ start: 1, end: 1, inserted: "xy" }, [6, 10]],
    [{ start: 4, end: 4, inserted: "xy" }, [6, 10]],
    [{ start: 6, end: 6, inserted: "xy" }, [4, 10]],
    [{ start: 8, end: 8, inserted: "xy" }, [4, 8]],
    // Deleted over the start, inside, over the end, all of it.
    [{ start: 2, end: 5, inserted: "" }, [2, 5]],
    [{ start: 5, end: 7, inserted: "" }, [4, 6]],
    [{ start: 6, end: 9, inserted: "" }, [4, 6]],
    [{ start: 2, end: 9, inserted: "xy" }, [2, 2]],
  ] as const;
  for (const [edit, [first, last]] of moves) {
    const forward = movedBy({ anchor: 4, head: 8 }, edit);
    assertEquals(forward, { anchor: first, head: last });
    const backward = movedBy({ anchor: 8, head: 4 }, edit);
    assertEquals(backward, { anchor: last, head: first });
  }
});

Deno.test("movedBy() stays in the text, and neither turns nor grows a selection (property)", () => {
  fc.assert(
    fc.property(TEXT, TEXT, fc.nat(12), fc.nat(12), (before, after, a, b) => {
      const anchor = Math.min(a, before.length);
      const head = Math.min(b, before.length);
      const edit = editBetween(before, after, 0);
      const moved = movedBy({ anchor, head }, edit);
      const [first, last] = [moved.anchor, moved.head].sort((a, b) => a - b);
      assert(first !== undefined && last !== undefined);
      assert(0 <= first && last <= after.length);
      assert(
        Math.sign(moved.head - moved.anchor) !== -Math.sign(head - anchor) ||
          anchor === head || first === last,
      );
      if (anchor === head) assertEquals(first, last);
      // The letters of others are selected only between one's own.
      const inserted = edit.inserted.length;
      const grown = (last - first) - Math.abs(head - anchor);
      const isInside = Math.min(anchor, head) < edit.start &&
        Math.max(anchor, head) > edit.end;
      assert(isInside || grown <= (edit.start < edit.end ? inserted : 0));
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

Deno.test("positionAt() is never within a surrogate pair", () => {
  const offsets = [0, 1, 2, 3, 4, 5].map((at) =>
    positionAt("a👋👍", at).offset
  );
  assertEquals(offsets, [0, 1, 1, 3, 3, 5]);
});
