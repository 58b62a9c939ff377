/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import type { RemotePointer } from "./mod.ts";
import { glideSlowly, VIEWS, viewTest } from "./testing/view_page.ts";

const ADA = { userId: "ada", name: "Ada", color: "#123456", x: 0.25, y: 0.5 };
const BOB = { userId: "bob", name: "Bob", x: 0.75, y: 0.9 };

/** Shows one list after another in an area of 400 by 200. */
async function showAll(
  page: Page,
  lists: readonly (readonly RemotePointer[])[],
): Promise<void> {
  await glideSlowly(page);
  await page.evaluate(async ([views, lists]) => {
    const { PointerRenderer }: typeof import("./mod.ts") = await import(views);
    const area = document.createElement("div");
    area.style.cssText = "position: relative; width: 400px; height: 200px";
    document.body.replaceChildren(area);
    const renderer = new PointerRenderer(area);
    for (const list of lists) {
      renderer.update(list);
      area.getAnimations({ subtree: true });
    }
  }, [VIEWS, lists] as const);
}

/** What is seen when a part of the time is over that pointers need to move. */
function seen(page: Page, part = 1) {
  return page.evaluate(
    (part) =>
      [...document.querySelectorAll(".remote-pointer")].map((element) => {
        for (const animation of element.getAnimations()) {
          animation.pause();
          const { duration } = animation.effect?.getComputedTiming() ?? {};
          animation.currentTime = Number(duration) * part;
        }
        const { left, top } = getComputedStyle(element);
        return [element.textContent, parseFloat(left), parseFloat(top)];
      }),
    part,
  );
}

viewTest(
  "PointerRenderer shows these pointers, and no others",
  async (page) => {
    await showAll(page, [[ADA, BOB]]);
    assertEquals(await seen(page), [["Ada", 100, 100], ["Bob", 300, 180]]);
    await showAll(page, [[ADA, BOB], [BOB, { ...ADA, userId: "cyd" }]]);
    assertEquals(await seen(page), [["Bob", 300, 180], ["Ada", 100, 100]]);
    await showAll(page, [[ADA, BOB], []]);
    assertEquals(await seen(page), []);
  },
);

viewTest(
  "PointerRenderer: a pointer glides to its last known place, and stays there",
  async (page) => {
    const moved = { ...ADA, x: 0.75 };
    await showAll(page, [[ADA], [moved]]);
    assertEquals(await seen(page, 0.5), [["Ada", 200, 100]]);
    assertEquals(await seen(page), [["Ada", 300, 100]]);
    await showAll(page, [[ADA], [moved], [moved]]);
    assertEquals(await seen(page, 0.5), [["Ada", 200, 100]]);
  },
);

viewTest(
  "PointerRenderer: a pointer that moves on begins where it is seen",
  async (page) => {
    await page.evaluate(async ([views, ada]) => {
      const { PointerRenderer }: typeof import("./mod.ts") = await import(
        views
      );
      const area = document.createElement("div");
      area.style.cssText = "position: relative; width: 400px; height: 200px";
      document.body.replaceChildren(area);
      const renderer = new PointerRenderer(area);
      renderer.update([ada]);
      area.getAnimations({ subtree: true });
      renderer.update([{ ...ada, x: 0.75 }]);
      for (const animation of area.getAnimations({ subtree: true })) {
        animation.pause();
        animation.currentTime = 50;
      }
      renderer.update([{ ...ada, x: 0 }]);
    }, [VIEWS, ADA] as const);
    assertEquals(await seen(page, 0), [["Ada", 200, 100]]);
    assertEquals(await seen(page), [["Ada", 0, 100]]);
  },
);

viewTest(
  "PointerRenderer: nothing glides for people who do not want motion",
  async (page) => {
    await page.emulateMedia({ reducedMotion: "reduce" });
    await showAll(page, [[ADA], [{ ...ADA, x: 0.75 }]]);
    assertEquals(await seen(page, 0.5), [["Ada", 300, 100]]);
  },
);

viewTest(
  "PointerRenderer keeps pointers and their names in the area",
  async (page) => {
    const corners = [[-9, -9], [9, -9], [-9, 9], [9, 9]] as const;
    await showAll(page, [
      corners.map(([x, y]) => ({ ...ADA, userId: `${x} ${y}`, x, y })),
    ]);
    assertEquals(
      (await seen(page)).map(([, left, top]) => [left, top]),
      [[0, 0], [400, 0], [0, 200], [400, 200]],
    );
    const outside = await page.evaluate(() => {
      const area = document.body.firstElementChild?.getBoundingClientRect();
      if (area === undefined) throw new Error("no area");
      return [...document.querySelectorAll(".cursor-label")]
        .map((label) => label.getBoundingClientRect())
        .filter(({ left, right, top, bottom }) =>
          left < area.left || right > area.right ||
          top < area.top || bottom > area.bottom
        );
    });
    assertEquals(outside, []);
  },
);

viewTest(
  "PointerRenderer never takes names for markup, nor words for colours",
  async (page) => {
    const name = "<img src=x onerror=alert(1)>";
    await showAll(page, [[{ ...ADA, name, color: "red; top: 0" }]]);
    assertEquals(await seen(page), [[name, 100, 100]]);
    const color = await page.evaluate(() => {
      const pointer = document.querySelector<HTMLElement>(".remote-pointer");
      return pointer?.style.getPropertyValue("--color");
    });
    assertEquals(/^#[0-9a-f]{6}$/.test(color ?? ""), true);
  },
);
