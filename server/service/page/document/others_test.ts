import { assertEquals } from "@std/assert";
import { Others } from "./others.js";

const DOING = {
  color: undefined,
  activity: "viewing",
  isTyping: false,
  cursor: { line: 0, column: 3, offset: 3 },
  selection: null,
  lastActive: 5,
};

const ADA = { key: "ada", name: "Ada", color: "#123456", doing: DOING };

/** Others whose cursors and typing are recorded instead of drawn. */
function recorded() {
  const log: unknown[][] = [];
  const others = new Others({
    updateCursor: ({ userId, name, position, lastActive }) =>
      log.push(["cursor", userId, name, position.offset, lastActive]),
    removeCursor: (userId) => log.push(["no cursor", userId]),
  }, {
    updateTyping: (userId, name, isTyping) =>
      log.push([isTyping ? "typing" : "not typing", userId, name]),
  });
  return { others, take: () => log.splice(0) };
}

Deno.test("Others.show() draws somebody again only if something differs", () => {
  const { others, take } = recorded();
  others.show([ADA]);
  assertEquals(take(), [
    ["not typing", "ada", "Ada"],
    ["cursor", "ada", "Ada", 3, Infinity],
  ]);
  others.show([{ ...ADA }]);
  assertEquals(take(), []);
  others.show([{ ...ADA, doing: { ...DOING, isTyping: true } }]);
  assertEquals(take(), [
    ["typing", "ada", "Ada"],
    ["cursor", "ada", "Ada", 3, Infinity],
  ]);
  others.show([{ ...ADA, name: "Countess" }]);
  assertEquals(take(), [
    ["not typing", "ada", "Countess"],
    ["cursor", "ada", "Countess", 3, Infinity],
  ]);
});

Deno.test("Others.show() removes the cursor and the typing of people who leave", () => {
  const { others, take } = recorded();
  others.show([{ ...ADA, doing: { ...DOING, isTyping: true } }]);
  take();
  others.show([]);
  assertEquals(take(), [["no cursor", "ada"], ["not typing", "ada", "Ada"]]);
  others.show([]);
  assertEquals(take(), []);
});

Deno.test("Others.show() draws no cursor for people without one", () => {
  const { others, take } = recorded();
  others.show([{ ...ADA, doing: undefined }]);
  assertEquals(take(), [["not typing", "ada", "Ada"], ["no cursor", "ada"]]);
  others.show([{ ...ADA, doing: { ...DOING, cursor: null } }]);
  assertEquals(take(), [["not typing", "ada", "Ada"], ["no cursor", "ada"]]);
});

Deno.test("Others.show() passes on when quiet people were last active", () => {
  const { others, take } = recorded();
  for (const activity of ["idle", "away"]) {
    others.show([{ ...ADA, doing: { ...DOING, activity } }]);
    assertEquals(take()[1], ["cursor", "ada", "Ada", 3, 5]);
  }
});
