/// <reference lib="dom" />

import { assert, assertEquals } from "@std/assert";
import { chromium, type JSHandle, type Page } from "playwright-core";
import { CHROMIUM } from "../../service/page/testing/browser.ts";
import type { Following } from "./mod.ts";
import { VIEWS, viewTest } from "./testing/view_page.ts";

/** Something in the page that follows somebody. */
interface Followed {
  readonly scroller: HTMLElement;
  readonly following: Following;
  /** How often it has ended. */
  ends: number;
}

/** What scrolls: an editor or an element of 300 by 200 with a long text, or the page. */
type What = "editor" | "element" | "page";

/** Follows somebody. Below the element there is a field. */
async function start(
  page: Page,
  what: What = "editor",
): Promise<JSHandle<Followed>> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  return await page.evaluateHandle(async ([views, what]) => {
    const { follow }: typeof import("./mod.ts") = await import(views);
    const editor = document.createElement(
      what === "element" ? "pre" : "textarea",
    );
    editor.textContent = "line\n".repeat(60);
    editor.style.cssText = "width: 300px; height: 200px; line-height: 20px; " +
      "border: 0; padding: 0; position: absolute; left: 0; top: 0; " +
      "margin: 0; overflow: auto";
    const field = document.createElement("input");
    field.style.cssText = "position: absolute; left: 0; top: 300px";
    document.body.replaceChildren(editor, field);
    document.body.style.height = "3000px";
    const scroller = what === "page" ? document.documentElement : editor;
    const followed: Followed = {
      scroller,
      following: follow(scroller, () => followed.ends++),
      ends: 0,
    };
    return followed;
  }, [VIEWS, what] as const);
}

function endsOf(followed: JSHandle<Followed>): Promise<number> {
  return followed.evaluate(({ ends }) => ends);
}

async function ended(page: Page, followed: JSHandle<Followed>): Promise<void> {
  await page.waitForFunction(({ ends }) => ends > 0, followed);
}

viewTest("follow() scrolls to what somebody sees", async (page) => {
  const followed = await start(page);
  const seen = await followed.evaluate(
    async ({ scroller, following }, views) => {
      const { scrolledView }: typeof import("./mod.ts") = await import(views);
      const hidden = scroller.scrollHeight - scroller.clientHeight;
      return [50, 100, 0].map((scrollPercentage) => {
        following.show({ scrollPercentage });
        following.show(null);
        const { scrollTop } = scroller;
        return [scrollTop / hidden, scrolledView(scroller).scrollPercentage];
      });
    },
    VIEWS,
  );
  assertEquals(seen, [[0.5, 50], [1, 100], [0, 0]]);
  assertEquals(await endsOf(followed), 0);
});

/** Expects that an act of the user ends it, and that it scrolls no longer. */
async function expectEnd(
  page: Page,
  act: (page: Page) => Promise<void>,
  what?: What,
): Promise<void> {
  const followed = await start(page, what);
  await followed.evaluate(({ following }) =>
    following.show({ scrollPercentage: 10 })
  );
  await act(page);
  await ended(page, followed);
  await act(page);
  const isStill = await followed.evaluate(({ scroller, following }) => {
    const before = scroller.scrollTop;
    following.show({ scrollPercentage: before === 0 ? 100 : 0 });
    return scroller.scrollTop === before;
  });
  assertEquals([await endsOf(followed), isStill], [1, true]);
}

/** Selects text with the mouse, from one place to others. */
async function drag(
  page: Page,
  ...places: readonly (readonly [x: number, y: number])[]
): Promise<void> {
  const [[x, y] = [0, 0], ...rest] = places;
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (const [x, y] of rest) await page.mouse.move(x, y);
  await page.mouse.up();
}

const OWN: [how: string, act: (page: Page) => Promise<void>, what?: What][] = [
  ["with a wheel", async (page) => {
    await page.mouse.move(50, 50);
    await page.mouse.wheel(0, 40);
  }],
  ["with a key", (page) => page.locator("textarea").press("PageDown")],
  ["with a key after a click on a text, which has no focus", async (page) => {
    await page.mouse.click(10, 30);
    await page.keyboard.press("PageDown");
  }, "element"],
  [
    "by selecting text up to the edge",
    (page) => drag(page, [10, 30], [20, 190]),
    "element",
  ],
  [
    "by selecting text of an editor beyond the edge",
    (page) => drag(page, [10, 30], [20, 250]),
  ],
  ["to the caret", (page) => page.locator("textarea").press("ArrowLeft")],
  ["to what gets the focus", async (page) => {
    await page.locator("input").focus();
    await page.keyboard.press("Shift+Tab");
  }],
  ["by writing", (page) => page.locator("textarea").press("x")],
  ["with a finger", async (page) => {
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", y?: number) =>
      session.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: y === undefined ? [] : [{ x: 50, y }],
      });
    await touch("touchStart", 150);
    await touch("touchMove", 100);
    await touch("touchMove", 50);
    await touch("touchEnd");
    await session.detach();
  }],
];

for (const [how, act, what] of OWN) {
  viewTest(
    `follow() ends when the user scrolls ${how}`,
    (page) => expectEnd(page, act, what),
  );
}

viewTest(
  "follow() ends when the user scrolls with the scroll bar",
  async (page) => {
    assert(CHROMIUM);
    // The browser of the other tests shows no scroll bars.
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
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
    const followed = await start(page);
    await page.locator("textarea").click();
    await page.keyboard.press("Shift");
    await page.keyboard.press("Control+c");
    await followed.evaluate(async ({ scroller }) => {
      const scrolled = new Promise((resolve) =>
        scroller.addEventListener("scroll", resolve, { once: true })
      );
      scroller.scrollTo(0, 300);
      await scrolled;
    });
    assertEquals(await endsOf(followed), 0);
  },
);

viewTest(
  "follow() does not end when the user clicks in it, nor with what is done elsewhere",
  async (page) => {
    const followed = await start(page, "element");
    await drag(page, [10, 30], [12, 31]);
    await page.mouse.move(20, 150);
    await page.locator("input").click();
    await page.keyboard.press("PageDown");
    await page.keyboard.type("some words");
    await drag(page, [600, 400], [10, 30], [600, 400]);
    await page.keyboard.press("PageDown");
    await page.mouse.wheel(0, 40);
    assertEquals(await endsOf(followed), 0);
  },
);

viewTest("follow() follows in a page too", async (page) => {
  const followed = await start(page, "page");
  const scrolled = await followed.evaluate(({ following }) => {
    following.show({ scrollPercentage: 50 });
    return scrollY;
  });
  assert(scrolled > 500);
  await page.mouse.click(600, 400);
  assertEquals(await endsOf(followed), 0);
  await page.keyboard.press("End");
  await ended(page, followed);
});

viewTest("follow() ends once, and listens no longer", async (page) => {
  const followed = await start(page);
  await followed.evaluate(({ following }) => {
    following.end();
    following.end();
  });
  await page.locator("textarea").press("PageDown");
  assertEquals(await endsOf(followed), 1);
});

viewTest(
  "follow() scrolls smoothly, unless the user wants no motion",
  async (page) => {
    const followed = await start(page);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    const atOnce = await followed.evaluate(({ scroller, following }) => {
      following.show({ scrollPercentage: 100 });
      return scroller.scrollTop;
    });
    assertEquals(atOnce, 0);
    await page.waitForFunction(
      ({ scroller: { scrollTop, scrollHeight, clientHeight } }) =>
        scrollHeight - clientHeight - scrollTop < 1,
      followed,
    );
    assertEquals(await endsOf(followed), 0);
  },
);
