/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { VIEWS, viewTest } from "./testing/view_page.ts";

/** What others may send in place of anything. None is a place in a text. */
const VALUES: readonly unknown[] = [
  null,
  true,
  5,
  -1,
  1e300,
  "",
  "words",
  [],
  [0.5],
  {},
  // Nothing makes a text or a number of it.
  { toString: 1, valueOf: 1 },
  { line: 1, column: 2 },
  { line: 1, column: 2, offset: "3" },
  { line: 1, column: 2, offset: -3 },
  { line: 1, column: 2, offset: 0.5 },
  { line: 1, column: 2, offset: { toString: 1, valueOf: 1 } },
  { anchor: { line: 1, column: 2, offset: 3 } },
  { anchor: null, head: { line: 1, column: 2, offset: 3 } },
];

/** Somebody whom all views show, whatever else they get. */
const MALLORY = {
  userId: "mallory",
  name: "Mallory",
  color: "#123456",
  avatarUrl: "/favicon.svg",
  x: 0.5,
  y: 0.5,
  position: { line: 0, column: 2, offset: 2 },
  selection: {
    anchor: { line: 0, column: 0, offset: 0 },
    head: { line: 0, column: 2, offset: 2 },
  },
};
const ADA = { ...MALLORY, userId: "ada", name: "Ada" };

/** Returns the name by which somebody is seen who sends a value. */
type Name = (value: unknown) => string | undefined;

const name: Name = (value) => typeof value === "string" ? value : "mallory";
const same: Name = () => "Mallory";
const never: Name = () => undefined;
const ifNumber: Name = (value) =>
  typeof value === "number" ? "Mallory" : undefined;

/** Each way to show people, and the name that a hostile value of a field leaves. */
const TABLE: Readonly<Record<string, Readonly<Record<string, Name>>>> = {
  "AvatarStack.update()": { name, color: same, avatarUrl: same },
  "PointerRenderer.update()": { name, color: same, x: ifNumber, y: ifNumber },
  "TypingIndicator.update()": { name },
  "TypingIndicator.updateTyping()": { name },
  "CursorRenderer.update()": {
    name,
    color: same,
    position: never,
    selection: same,
    isTyping: same,
    lastActive: same,
    lastMoved: same,
  },
  "CursorRenderer.updateCursor()": { name, position: never },
};

/** Shows one list after another, and returns the names that are seen with each. */
function seenIn(
  page: Page,
  way: string,
  lists: readonly (readonly object[])[],
): Promise<(string | null)[][]> {
  return page.evaluate(async ([views, way, json]) => {
    const module: typeof import("./mod.ts") = await import(views);
    document.body.innerHTML =
      "<div></div><div></div><div></div><div><textarea></textarea></div>";
    const [list, area, line] = document.querySelectorAll("div");
    const textarea = document.querySelector("textarea");
    if (!list || !area || !line || !textarea) throw new Error("no elements");
    textarea.value = "one\ntwo";
    const stack = new module.AvatarStack(list);
    const pointers = new module.PointerRenderer(area);
    const indicator = new module.TypingIndicator(line);
    const cursors = new module.CursorRenderer(
      new module.TextareaEditor(textarea),
    );
    return JSON.parse(json).map((people: never[]) => {
      if (way === "AvatarStack.update()") stack.update(people);
      if (way === "PointerRenderer.update()") pointers.update(people);
      if (way === "TypingIndicator.update()") indicator.update(people);
      if (way === "CursorRenderer.update()") cursors.update(people);
      for (const person of people) {
        const { userId, name } = person;
        if (way === "TypingIndicator.updateTyping()") {
          indicator.updateTyping(userId, name, true);
        }
        if (way === "CursorRenderer.updateCursor()") {
          cursors.updateCursor(person);
        }
      }
      cursors.refresh();
      return [...document.querySelectorAll("[role=img], .cursor-label, bdi")]
        .map((element) => element.ariaLabel ?? element.textContent);
    });
  }, [VIEWS, way, JSON.stringify(lists)] as const);
}

for (const [way, fields] of Object.entries(TABLE)) {
  viewTest(`${way} shows others, whatever somebody sends`, async (page) => {
    for (const [field, nameOf] of Object.entries(fields)) {
      const lists = VALUES.map((
        value,
      ) => [{ ...MALLORY, [field]: value }, ADA]);
      // It is seen, too, that a good value counts again.
      const good = [MALLORY, ADA];
      const seen = await seenIn(
        page,
        way,
        lists.flatMap((list) => [list, good]),
      );
      const wanted = VALUES.flatMap((value) => [[nameOf(value)], ["Mallory"]])
        .map((names) => [...names, "Ada"].filter((name) => name !== undefined));
      assertEquals(
        seen.map((names) => names.toSorted()),
        wanted.map((names) => names.toSorted()),
        field,
      );
    }
  });
}

viewTest("Following.show() ignores what is no view", async (page) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  const values = VALUES.filter((value) => typeof value !== "number");
  const tops = await page.evaluate(async ([views, json]) => {
    const { follow }: typeof import("./mod.ts") = await import(views);
    document.body.style.height = "3000px";
    const scroller = document.documentElement;
    scroller.scrollTo(0, 500);
    const following = follow(scroller);
    return JSON.parse(json).map((value: never) => {
      following.show(value);
      following.show({ scrollPercentage: value });
      return scroller.scrollTop;
    });
  }, [VIEWS, JSON.stringify(values)] as const);
  assertEquals(tops, values.map(() => 500));
});
