/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import type { TypingPerson } from "./mod.ts";
import { VIEWS, viewTest } from "./testing/view_page.ts";

/** Somebody begins or ends typing, or all who type are named. */
type Step =
  | readonly [userId: string, name: string, isTyping: boolean]
  | { readonly all: readonly TypingPerson[] };

interface Shown {
  readonly text: string;
  readonly isHidden: boolean;
  readonly elements: string[];
  /** Whether something in the line has changed. */
  readonly isChanged: boolean;
}

/** What the line shows after each step, the state at the beginning first. */
function shownAfter(page: Page, steps: readonly Step[]): Promise<Shown[]> {
  return page.evaluate(async ([views, steps]) => {
    const module: typeof import("./mod.ts") = await import(views);
    const line = document.createElement("p");
    const observer = new MutationObserver(() => {});
    observer.observe(line, { childList: true, subtree: true });
    const indicator = new module.TypingIndicator(line);
    const shown = () => ({
      text: line.textContent ?? "",
      isHidden: line.classList.contains("hidden"),
      elements: [...line.querySelectorAll("*")].map(({ tagName }) => tagName),
      isChanged: observer.takeRecords().length > 0,
    });
    const all = [shown()];
    for (const step of steps) {
      if ("all" in step) indicator.update(step.all);
      else indicator.updateTyping(...step);
      all.push(shown());
    }
    return all;
  }, [VIEWS, steps] as const);
}

viewTest(
  "TypingIndicator names one or two people, and counts more",
  async (page) => {
    const shown = await shownAfter(page, [
      ["a", "Ada", true],
      ["b", "Bob", true],
      ["c", "Cyd", true],
      ["a", "Ada", false],
      ["b", "Bob", false],
      ["c", "Cyd", false],
    ]);
    assertEquals(shown.map(({ text }) => text), [
      "",
      "Ada is typing...",
      "Ada and Bob are typing...",
      "3 people are typing...",
      "Bob and Cyd are typing...",
      "Cyd is typing...",
      "",
    ]);
    const hidden = shown.map(({ isHidden }) => isHidden);
    assertEquals(hidden, [true, false, false, false, false, false, true]);
  },
);

viewTest(
  "TypingIndicator counts somebody once, by their current name",
  async (page) => {
    const shown = await shownAfter(page, [
      ["a", "Ada", true],
      ["a", "Ada", true],
      ["a", "Countess", true],
      ["b", "Bob", false],
    ]);
    assertEquals(shown.at(-1)?.text, "Countess is typing...");
  },
);

viewTest(
  "TypingIndicator shows a name that looks like markup as it is",
  async (page) => {
    const shown = await shownAfter(page, [["a", "<img src=x> &amp;", true]]);
    assertEquals(shown.at(-1), {
      text: "<img src=x> &amp; is typing...",
      isHidden: false,
      elements: ["SPAN", "BDI"],
      isChanged: true,
    });
  },
);

viewTest(
  "TypingIndicator.update() shows these people, and no others",
  async (page) => {
    const ada = { userId: "a", name: "Ada" };
    const bob = { userId: "b", name: "Bob" };
    const cyd = { userId: "c", name: "Cyd" };
    const shown = await shownAfter(
      page,
      [[ada, bob], [cyd, bob], [cyd], []].map((all) => ({ all })),
    );
    assertEquals(shown.map(({ text }) => text), [
      "",
      "Ada and Bob are typing...",
      "Bob and Cyd are typing...",
      "Cyd is typing...",
      "",
    ]);
  },
);

viewTest(
  "TypingIndicator changes nothing while the same people type, so that nothing is read aloud again",
  async (page) => {
    const [, ...shown] = await shownAfter(
      page,
      [true, true, false, false].map((isTyping) => ["ada", "Ada", isTyping]),
    );
    const changes = shown.map(({ isChanged }) => isChanged);
    assertEquals(changes, [true, false, true, false]);
  },
);

viewTest(
  "TypingIndicator writes its sentence from left to right, and each name in its own direction",
  async (page) => {
    const lefts = await page.evaluate(async (views) => {
      const { TypingIndicator }: typeof import("./mod.ts") = await import(
        views
      );
      document.documentElement.dir = "rtl";
      const line = document.createElement("p");
      document.body.append(line);
      new TypingIndicator(line).updateTyping("dana", "דנה", true);
      const [sentence] = line.children;
      const name = line.querySelector("bdi");
      if (!sentence || !name) throw new Error("no name");
      const right = (element: Element) => element.getBoundingClientRect().right;
      return {
        startsWithName: sentence.getBoundingClientRect().left ===
          name.getBoundingClientRect().left,
        isAtTheRight: right(sentence) === right(line),
      };
    }, VIEWS);
    assertEquals(lefts, { startsWithName: true, isAtTheRight: true });
  },
);
