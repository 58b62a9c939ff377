/// <reference lib="dom" />

import type { Page } from "playwright-core";
import { browserTest } from "../../server/service/page/testing/browser.ts";
import { serveExample } from "../testing/serve_example.ts";

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

browserTest(
  "examples/codemirror: people write a text, and see who is where",
  async (people) => {
    await using served = await serveExample("codemirror");
    const ada = await people.newPage();
    await ada.goto(`${served.url}?name=Ada`);
    const bob = await people.newPage();
    await bob.goto(`${served.url}?name=Bob`);
    await ada.locator("#people", { hasText: "1 more" }).waitFor();
    await ada.locator(".cm-content").pressSequentially("Hello");
    await untilText(bob, "Hello");
    await caretOf(bob, "Ada").waitFor({ state: "attached" });
    await bob.locator(".cm-content").press("End");
    await bob.locator(".cm-content").pressSequentially(" Ada");
    await untilText(ada, "Hello Ada");
    await caretOf(ada, "Bob").waitFor({ state: "attached" });
    // A page that comes later, as a tab beside another one, gets the text, too.
    const tom = await ada.context().newPage();
    await tom.goto(`${served.url}?name=Tom`);
    await untilText(tom, "Hello Ada");
    for (const name of ["Ada", "Bob"]) {
      await caretOf(tom, name).waitFor({ state: "attached" });
    }
  },
);
