/// <reference lib="dom" />

import { assertEquals, assertThrows } from "@std/assert";
import type { Page } from "playwright-core";
import { InvalidValueError } from "../../../core/mod.ts";
import { brokenRules } from "../../service/page/testing/browser.ts";
import { AvatarStack, initialsOf } from "./avatar_stack.ts";
import type { AvatarPerson } from "./mod.ts";
import { VIEWS, viewTest } from "./testing/view_page.ts";

const ADA = { userId: "ada", name: "Ada Lovelace", color: "#123456" };
const BOB = { userId: "bob", name: "Bob" };
const CYD = { userId: "cyd", name: "Cyd" };
const DAN = { userId: "dan", name: "Dan" };

/**
 * Shows one list after another, and returns how many elements of the last one were
 * made for it.
 */
function showAll(
  page: Page,
  lists: readonly (readonly AvatarPerson[])[],
  max?: number,
): Promise<number> {
  return page.evaluate(async ([views, lists, max]) => {
    const { AvatarStack }: typeof import("./mod.ts") = await import(views);
    const element = document.createElement("div");
    element.ariaLabel = "Who is here";
    document.body.replaceChildren(element);
    const stack = new AvatarStack(element, { max });
    let former: Element[] = [];
    let made = 0;
    for (const list of lists) {
      stack.update(list);
      const now = [...element.children];
      made = now.filter((child) => !former.includes(child)).length;
      former = now;
    }
    return made;
  }, [VIEWS, lists, max] as const);
}

/** The items of the list: what is written, and the name for screen readers. */
function shown(page: Page) {
  return page.evaluate(() =>
    [...document.querySelectorAll("[role=list] > [role=listitem]")]
      .map((item) => {
        const face = item.querySelector("[role=img]");
        return [item.textContent, face?.ariaLabel].filter((text) => text);
      })
  );
}

viewTest(
  "AvatarStack shows initials, and whole names to screen readers",
  async (page) => {
    await showAll(page, [[ADA, BOB]]);
    assertEquals(await shown(page), [["AL", "Ada Lovelace"], ["B", "Bob"]]);
    const style = await page.evaluate(() => {
      const item = document.querySelector("[role=listitem]");
      if (item === null) throw new Error("no item");
      const { backgroundColor, color } = getComputedStyle(item);
      return { backgroundColor, color };
    });
    assertEquals(style, {
      backgroundColor: "rgb(18, 52, 86)",
      color: "rgb(255, 255, 255)",
    });
  },
);

viewTest(
  "AvatarStack counts people beyond its maximum",
  async (page) => {
    await showAll(page, [[ADA, BOB, CYD, DAN]], 2);
    const two = [["AL", "Ada Lovelace"], ["B", "Bob"]];
    assertEquals(await shown(page), [...two, ["+2"]]);
    await showAll(page, [[ADA, BOB, CYD, DAN], [ADA, BOB]], 2);
    assertEquals(await shown(page), two);
    await showAll(page, [[ADA], []], 2);
    assertEquals(await shown(page), []);
  },
);

viewTest(
  "AvatarStack keeps the elements of people who stay",
  async (page) => {
    assertEquals(await showAll(page, [[ADA, BOB, CYD], [CYD, DAN, ADA]]), 1);
    assertEquals(
      (await shown(page)).map(([, name]) => name),
      ["Cyd", "Dan", "Ada Lovelace"],
    );
    const renamed = { ...ADA, name: "Countess" };
    assertEquals(await showAll(page, [[ADA, BOB], [renamed, BOB]]), 0);
    assertEquals(await shown(page), [["C", "Countess"], ["B", "Bob"]]);
  },
);

viewTest("AvatarStack shows somebody once", async (page) => {
  await showAll(page, [[ADA, { ...ADA, name: "Countess" }, BOB]], 2);
  assertEquals(await shown(page), [["C", "Countess"], ["B", "Bob"]]);
});

/** The pictures that cover initials, when all are loaded or have failed. */
async function pictures(page: Page): Promise<string[]> {
  await page.waitForFunction(() =>
    [...document.images].every(({ naturalWidth }) => naturalWidth > 0)
  );
  return await page.evaluate(() =>
    [...document.images].map(({ src }) => new URL(src).pathname)
  );
}

viewTest(
  "AvatarStack shows pictures over the initials, unless they can't be loaded",
  async (page) => {
    const face = { ...ADA, avatarUrl: "/favicon.svg" };
    await showAll(page, [[face, { ...BOB, avatarUrl: "/nobody.png" }]]);
    assertEquals(await pictures(page), ["/favicon.svg"]);
    assertEquals(await shown(page), [["AL", "Ada Lovelace"], ["B", "Bob"]]);
    await showAll(page, [[face], [{ ...ADA, avatarUrl: null }]]);
    assertEquals(await pictures(page), []);
  },
);

viewTest(
  "AvatarStack shows a name that looks like markup as it is",
  async (page) => {
    const name = "<img src=x onerror=alert(1)>";
    await showAll(page, [[{ ...ADA, name }]]);
    assertEquals((await shown(page)).map(([, label]) => label), [name]);
    assertEquals(await page.locator("img").count(), 0);
  },
);

viewTest(
  "AvatarStack loads pictures by http and https only",
  async (page) => {
    const protocols = await page.evaluate(async (views) => {
      const { AvatarStack }: typeof import("./mod.ts") = await import(views);
      const element = document.createElement("div");
      const urls = [
        "javascript:alert(1)",
        "data:image/gif,GIF89a",
        "blob:http://127.0.0.1/1",
        "http://",
        "https://example.invalid/ada.png",
        "favicon.svg",
      ];
      new AvatarStack(element, { max: 9 }).update(
        urls.map((avatarUrl) => ({ userId: avatarUrl, name: "", avatarUrl })),
      );
      return [...element.querySelectorAll("img")]
        .map(({ src }) => new URL(src).protocol);
    }, VIEWS);
    assertEquals(protocols, ["https:", "http:"]);
  },
);

viewTest(
  "AvatarStack: the first is at the right where people read from right to left",
  async (page) => {
    const lefts = async () => {
      await showAll(page, [[ADA, BOB, CYD, DAN]], 2);
      return await page.evaluate(() =>
        [...document.querySelectorAll("[role=listitem]")]
          .map((item) => item.getBoundingClientRect().left)
      );
    };
    const [ada = 0, bob = 0, rest = 0] = await lefts();
    assertEquals(ada < bob && bob < rest, true);
    await page.evaluate(() => document.documentElement.dir = "rtl");
    const [first = 0, second = 0, last = 0] = await lefts();
    assertEquals([second - first, last < second], [ada - bob, true]);
  },
);

viewTest("AvatarStack has no fault of accessibility", async (page) => {
  await page.evaluate(() => {
    document.title = "Avatars";
    document.documentElement.lang = "en";
  });
  await showAll(page, [[ADA, BOB, CYD, DAN]], 3);
  const broken = await brokenRules(page);
  assertEquals(
    broken.filter((rule) => !/^(region|landmark|page-has)/.test(rule)),
    [],
  );
});

Deno.test("AvatarStack refuses invalid options", () => {
  for (const options of [{ max: 0 }, { max: 1.5 }, { max: NaN }]) {
    assertThrows(
      () => Reflect.construct(AvatarStack, [{}, options]),
      InvalidValueError,
      "Cannot create avatar stack: max must be a whole number of one or more",
    );
  }
});

Deno.test("initialsOf() abbreviates any name", () => {
  assertEquals(initialsOf("Ada"), "A");
  assertEquals(initialsOf("grace brewster hopper"), "GH");
  assertEquals(initialsOf("Élodie d'Arc"), "ÉA");
  assertEquals(initialsOf("李"), "李");
  assertEquals(initialsOf("דנה כהן"), "דכ");
  assertEquals(initialsOf("محمد علي"), "م\u200cع");
  assertEquals(initialsOf("…"), "?");
});
