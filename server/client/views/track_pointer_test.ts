/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import type { JSHandle, Page } from "playwright-core";
import type { PointerPlace } from "./mod.ts";
import { VIEWS, viewTest } from "./testing/view_page.ts";

/** What was told, and how to end it. */
interface Tracked {
  readonly told: (PointerPlace | null)[];
  readonly end: () => void;
}

/** Tracks the pointer in an area of 400 by 200 with a field in it. */
async function track(page: Page): Promise<JSHandle<Tracked>> {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
  return await page.evaluateHandle(async (views) => {
    const { trackPointer }: typeof import("./mod.ts") = await import(views);
    const area = document.createElement("div");
    area.style.cssText =
      "position: absolute; left: 100px; top: 100px; width: 400px; height: 200px";
    area.tabIndex = 0;
    area.append(document.createElement("input"));
    document.body.replaceChildren(area);
    const told: Tracked["told"] = [];
    return { told, end: trackPointer(area, (place) => told.push(place)) };
  }, VIEWS);
}

const toldIn = (tracked: JSHandle<Tracked>) =>
  tracked.evaluate(({ told }) => told.splice(0));

viewTest(
  "trackPointer() tells where a mouse is, until it leaves",
  async (page) => {
    const tracked = await track(page);
    await page.mouse.move(200, 200);
    await page.mouse.move(0, 0);
    assertEquals(await toldIn(tracked), [{ x: 0.25, y: 0.5 }, null]);
  },
);

viewTest(
  "trackPointer() tells that it has not moved for five seconds, once",
  async (page) => {
    const tracked = await track(page);
    await page.mouse.move(200, 200);
    await page.clock.runFor(4_999);
    assertEquals(await toldIn(tracked), [{ x: 0.25, y: 0.5 }]);
    await page.clock.runFor(1);
    await page.mouse.move(0, 0);
    assertEquals(await toldIn(tracked), [null]);
  },
);

viewTest(
  "trackPointer() tells where the arrow keys are, until the focus is elsewhere",
  async (page) => {
    const tracked = await track(page);
    await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Tab");
    // This key is for the field.
    await page.keyboard.press("ArrowRight");
    assertEquals(await toldIn(tracked), [
      { x: 0.53, y: 0.5 },
      { x: 0.53, y: 0.47 },
      null,
    ]);
  },
);

viewTest(
  "trackPointer() tells no more than that it has ended",
  async (page) => {
    const tracked = await track(page);
    await page.mouse.move(200, 200);
    await tracked.evaluate(({ end }) => end());
    await page.mouse.move(300, 200);
    assertEquals(await toldIn(tracked), [{ x: 0.25, y: 0.5 }, null]);
  },
);
