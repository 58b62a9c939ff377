/// <reference lib="dom" />

import type { Page } from "playwright-core";
import { blankTest } from "../../../service/page/testing/blank_page.ts";

/** Where the page of a test finds the views. */
export const VIEWS = "/client/views/mod.ts";

/**
 * Defines a test of views in a real browser, in a page without styles of its own,
 * whose policy allows only files of the site.
 *
 * @param name The name of the test.
 * @param run The test.
 */
export function viewTest(
  name: string,
  run: (page: Page) => Promise<void>,
): void {
  blankTest(name, async (page) => {
    await page.goto(new URL("/strict", page.url()).href);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await run(page);
  });
}

/** Makes moves last, so that a slow machine sees their middle too. */
export async function glideSlowly(page: Page): Promise<void> {
  await page.evaluate(() =>
    document.documentElement.style.setProperty("--ruthere-glide", "1000s")
  );
}
