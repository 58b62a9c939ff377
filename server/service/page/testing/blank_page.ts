import { assert } from "@std/assert";
import type { Page } from "playwright-core";
import { listen } from "../../../testing/listen.ts";
import { servePage } from "../mod.ts";
import { CHROMIUM } from "./browser.ts";
import { sharedBrowser } from "./shared_browser.ts";

const BLANK = `<!DOCTYPE html>
<html lang="en">
<title>Blank</title>
<link rel="stylesheet" href="/style.css">
<link rel="stylesheet" href="/document.css">
</html>`;

/** A page without styles, whose policy allows only files of the site. */
const STRICT = `<!DOCTYPE html>
<html lang="en">
<title>Blank</title>
</html>`;
const POLICY = "default-src 'self'";

/** A site that serves the files of the page, and else an empty page. */
const site = CHROMIUM === undefined ? undefined : listen((request) => {
  const isStrict = new URL(request.url).pathname === "/strict";
  return servePage(request) ?? new Response(isStrict ? STRICT : BLANK, {
    headers: {
      "content-type": "text/html",
      ...isStrict ? { "content-security-policy": POLICY } : {},
    },
  });
});

/** The pages that the tests of a file share, by their scale. */
const pages = new Map<number, Promise<Page>>();

/**
 * Defines a test of modules that draw something: with an empty page in a real
 * browser, on a site that serves the modules.
 *
 * @param name The name of the test.
 * @param run The test.
 * @param deviceScaleFactor Pixels of the screen for one of CSS, as zoom changes
 * it.
 */
export function blankTest(
  name: string,
  run: (page: Page) => Promise<void>,
  deviceScaleFactor = 1,
): void {
  Deno.test({
    name,
    ignore: CHROMIUM === undefined,
    // Playwright keeps timers after the test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      assert(CHROMIUM && site);
      const browser = await sharedBrowser(CHROMIUM);
      const opened = pages.get(deviceScaleFactor) ??
        browser.newPage({ deviceScaleFactor });
      pages.set(deviceScaleFactor, opened);
      const page = await opened;
      // Each test gets a new document.
      await page.goto(`http://127.0.0.1:${site.addr.port}/blank`);
      await run(page);
    },
  });
}

Deno.test.afterAll(async () => {
  for (const page of pages.values()) await (await page).close();
  await site?.shutdown();
});
