/// <reference lib="dom" />

import { assert } from "@std/assert";
import type { BrowserContext, Page } from "playwright-core";
import {
  CHROMIUM,
  PATIENCE_MS,
} from "../../server/service/page/testing/browser.ts";
import { sharedBrowser } from "../../server/service/page/testing/shared_browser.ts";
import { serveExample } from "../testing/serve_example.ts";

/** Opens the page as somebody. */
async function open(
  context: BrowserContext,
  url: string,
  name: string,
): Promise<Page> {
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  await page.goto(`${url}?name=${name}`);
  return page;
}

/** Waits until the text of a page is this one. */
async function untilText(page: Page, text: string): Promise<void> {
  await page.waitForFunction((text) => {
    const content = document.querySelector(".cm-content")?.cloneNode(true);
    if (!(content instanceof Element)) return false;
    for (const caret of content.querySelectorAll(".cm-ySelectionCaret")) {
      caret.remove();
    }
    return content.textContent === text;
  }, text);
}

function caretOf(page: Page, name: string) {
  return page.locator(".cm-ySelectionCaret", { hasText: name });
}

Deno.test({
  name: "examples/codemirror: people write a text, and see who is where",
  ignore: CHROMIUM === undefined,
  // Playwright keeps timers after the test.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    assert(CHROMIUM);
    const browser = await sharedBrowser(CHROMIUM);
    await using served = await serveExample("codemirror");
    const [here, there] = [
      await browser.newContext(),
      await browser.newContext(),
    ];
    const ada = await open(here, served.url, "Ada");
    const bob = await open(there, served.url, "Bob");
    await ada.locator("#people", { hasText: "1 more" }).waitFor();
    await ada.locator(".cm-content").pressSequentially("Hello");
    await untilText(bob, "Hello");
    await caretOf(bob, "Ada").waitFor({ state: "attached" });
    await bob.locator(".cm-content").press("End");
    await bob.locator(".cm-content").pressSequentially(" Ada");
    await untilText(ada, "Hello Ada");
    await caretOf(ada, "Bob").waitFor({ state: "attached" });
    // A page that comes later, as a tab beside another one, gets the text, too.
    const tom = await open(here, served.url, "Tom");
    await untilText(tom, "Hello Ada");
    for (const name of ["Ada", "Bob"]) {
      await caretOf(tom, name).waitFor({ state: "attached" });
    }
    for (const context of [here, there]) await context.close();
  },
});
