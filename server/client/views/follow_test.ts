/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import { chromium, type Page } from "playwright-core";
import { CHROMIUM } from "../../service/page/testing/browser.ts";
import type { Following } from "./mod.ts";
import { VIEWS, viewTest } from "./testing/view_page.ts";

declare global {
  var following: Following;
  var ends: number;
}

/**
 * Follows somebody in an editor of 300 by 200 whose text is 1,200 high, or in the
 * page.
 */
async function start(page: Page, what: "editor" | "page"): Promise<void> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.evaluate(async ([views, what]) => {
    const { follow }: typeof import("./mod.ts") = await import(views);
    const editor = document.createElement("textarea");
    editor.value = "line\n".repeat(60);
    editor.style.cssText = "width: 300px; height: 200px; line-height: 20px; " +
      "border: 0; padding: 0; position: absolute; left: 0; top: 0";
    document.body.replaceChildren(editor);
    document.body.style.height = "3000px";
    globalThis.ends = 0;
    globalThis.following = follow(
      what === "page" ? document.documentElement : editor,
      () => ends++,
    );
  }, [VIEWS, what] as const);
}

/** How often it has ended; at most once. */
function endsOf(page: Page): Promise<number> {
  return page.evaluate(() => globalThis.ends);
}

viewTest("follow() scrolls to what somebody sees", async (page) => {
  await start(page, "editor");
  const seen = await page.evaluate(async (views) => {
    const { scrolledView }: typeof import("./mod.ts") = await import(views);
    const editor = document.querySelector("textarea");
    if (editor === null) throw new Error("no editor");
    const seen = [];
    for (const scrollPercentage of [50, 100, 0]) {
      following.show({ scrollPercentage });
      following.show(null);
      seen.push([editor.scrollTop, scrolledView(editor).scrollPercentage]);
    }
    return seen;
  }, VIEWS);
  const whole = await page.locator("textarea").evaluate((
    { scrollHeight, clientHeight },
  ) => scrollHeight - clientHeight);
  assertEquals(seen, [[whole / 2, 50], [whole, 100], [0, 0]]);
  assertEquals(await endsOf(page), 0);
});

const OWN: [how: string, act: (page: Page) => Promise<void>][] = [
  ["a wheel", async (page) => {
    await page.mouse.move(50, 50);
    await page.mouse.wheel(0, 40);
  }],
  ["a key", (page) => page.locator("textarea").press("PageDown")],
  ["writing", (page) => page.locator("textarea").press("x")],
  ["a finger", async (page) => {
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", y: number) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: type === "touchEnd" ? [] : [{ x: 50, y }],
      });
    await touch("touchStart", 150);
    await touch("touchMove", 100);
    await touch("touchMove", 50);
    await touch("touchEnd", 50);
    await session.detach();
  }],
];

/** Expects that an act of the user ends it, and that nothing scrolls afterwards. */
async function expectEnd(
  page: Page,
  act: (page: Page) => Promise<void>,
): Promise<void> {
  await start(page, "editor");
  await page.evaluate(() => following.show({ scrollPercentage: 10 }));
  await act(page);
  await page.waitForFunction(() => globalThis.ends === 1);
  await act(page);
  const [before, after] = await page.locator("textarea").evaluate((editor) => {
    const before = editor.scrollTop;
    following.show({ scrollPercentage: 0 });
    return [before, editor.scrollTop];
  });
  assertEquals([await endsOf(page), after], [1, before]);
}

for (const [how, act] of OWN) {
  viewTest(
    `follow() ends when the user scrolls with ${how}`,
    (page) => expectEnd(page, act),
  );
}

viewTest(
  "follow() ends when the user scrolls with the scroll bar",
  async (page) => {
    // The browser of the other tests shows none.
    const browser = await chromium.launch({
      ...CHROMIUM === undefined ? {} : { executablePath: CHROMIUM },
      ignoreDefaultArgs: ["--hide-scrollbars"],
    });
    try {
      const own = await browser.newPage();
      await own.goto(page.url());
      await expectEnd(own, async () => {
        await own.mouse.move(299, 30);
        await own.mouse.down();
        await own.mouse.up();
      });
    } finally {
      await browser.close();
    }
  },
);

viewTest(
  "follow() does not end when a script scrolls, nor with a click or another key",
  async (page) => {
    await start(page, "editor");
    await page.locator("textarea").click();
    await page.keyboard.press("Shift");
    await page.keyboard.press("Control+c");
    await page.evaluate(async () => {
      const editor = document.querySelector("textarea");
      const scrolled = new Promise((resolve) =>
        editor?.addEventListener("scroll", resolve, { once: true })
      );
      editor?.scrollTo(0, 300);
      await scrolled;
    });
    assertEquals(await endsOf(page), 0);
  },
);

viewTest("follow() follows in a page too", async (page) => {
  await start(page, "page");
  await page.evaluate(() => following.show({ scrollPercentage: 50 }));
  const scrolled = await page.evaluate(() => globalThis.scrollY);
  assertEquals(scrolled > 500, true);
  await page.mouse.click(600, 400);
  assertEquals(await endsOf(page), 0);
  await page.keyboard.press("End");
  await page.waitForFunction(() => globalThis.ends === 1);
});

viewTest("follow() ends once, and listens no longer", async (page) => {
  await start(page, "editor");
  await page.evaluate(() => {
    following.end();
    following.end();
  });
  await page.locator("textarea").press("PageDown");
  assertEquals(await endsOf(page), 1);
});

viewTest(
  "follow() scrolls smoothly, if the user does not mind",
  async (page) => {
    await start(page, "editor");
    await page.emulateMedia({ reducedMotion: "no-preference" });
    const [atOnce, whole] = await page.locator("textarea").evaluate(
      (editor) => {
        following.show({ scrollPercentage: 100 });
        return [editor.scrollTop, editor.scrollHeight - editor.clientHeight];
      },
    );
    assertEquals(atOnce, 0);
    await page.waitForFunction(
      (whole) =>
        Math.abs(
          (document.querySelector("textarea")?.scrollTop ?? 0) - (whole ?? 0),
        ) < 1,
      whole,
    );
    assertEquals(await endsOf(page), 0);
  },
);
