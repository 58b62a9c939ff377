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

/** Follows somebody in an editor of 300 by 200 with a long text, or in the page. */
async function start(
  page: Page,
  what: "editor" | "page" = "editor",
): Promise<JSHandle<Followed>> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  return await page.evaluateHandle(async ([views, what]) => {
    const { follow }: typeof import("./mod.ts") = await import(views);
    const editor = document.createElement("textarea");
    editor.value = "line\n".repeat(60);
    editor.style.cssText = "width: 300px; height: 200px; line-height: 20px; " +
      "border: 0; padding: 0; position: absolute; left: 0; top: 0";
    document.body.replaceChildren(editor);
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
): Promise<void> {
  const followed = await start(page);
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

const OWN: [how: string, act: (page: Page) => Promise<void>][] = [
  ["with a wheel", async (page) => {
    await page.mouse.move(50, 50);
    await page.mouse.wheel(0, 40);
  }],
  ["with a key", (page) => page.locator("textarea").press("PageDown")],
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

for (const [how, act] of OWN) {
  viewTest(
    `follow() ends when the user scrolls ${how}`,
    (page) => expectEnd(page, act),
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
