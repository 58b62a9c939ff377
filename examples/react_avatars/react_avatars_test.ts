/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import {
  browserTest,
  type People,
} from "../../server/service/page/testing/browser.ts";
import { serveExample } from "../testing/serve_example.ts";

/** Opens the page as somebody, who types their name. */
async function open(people: People, url: string, name: string): Promise<Page> {
  const viewport = { width: 1_000, height: 500 };
  const page = await people.newPage({ viewport });
  page.once("dialog", (dialog) => dialog.accept(name));
  await page.goto(url);
  await avatarOf(page, name).waitFor();
  return page;
}

const avatarOf = (page: Page, name: string) =>
  page.locator(`li[title=${name}]`);

/** The cursor of somebody at a place of the page, in percent. */
const cursorAt = (page: Page, name: string, left: number, top: number) =>
  page.locator(`.cursor[style*="left: ${left}%; top: ${top}%"]`, {
    hasText: name,
  });

/** Moves to a place of the page, in percent. */
async function point(page: Page, left: number, top: number): Promise<void> {
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  await page.mouse.move(width * left / 100, height * top / 100);
}

/** Lists the people whose avatars disappear from now on. */
function watchLeaves(page: Page) {
  return page.evaluateHandle(() => {
    const left: string[] = [];
    new MutationObserver((changes) => {
      for (const { removedNodes } of changes) {
        for (const node of removedNodes) {
          if (node instanceof HTMLLIElement) left.push(node.title);
        }
      }
    }).observe(document.body, { childList: true, subtree: true });
    return left;
  });
}

browserTest(
  "examples/react_avatars: people see who is here, and where they point",
  async (people, t) => {
    const served = await serveExample("react_avatars");
    const { url } = served;
    const ada = await open(people, url, "Ada");
    const bob = await open(people, url, "Bob");

    await t.step("two pages see each other", async () => {
      await avatarOf(ada, "Bob").waitFor();
      await avatarOf(bob, "Ada").waitFor();
      await point(ada, 30, 60);
      await cursorAt(bob, "Ada", 30, 60).waitFor();
    });

    await t.step("a reload shows nobody leave", async () => {
      const leaves = await watchLeaves(ada);
      await bob.reload();
      await avatarOf(bob, "Ada").waitFor();
      await point(bob, 70, 20);
      await cursorAt(ada, "Bob", 70, 20).waitFor();
      assertEquals(await leaves.jsonValue(), []);
    });

    await t.step("a page says that its connection is lost", async () => {
      const status = ada.getByRole("status");
      await served[Symbol.asyncDispose]();
      await status.filter({ hasText: "lost" }).waitFor();
      await using _again = await serveExample(
        "react_avatars",
        new URL(url).port,
      );
      await status.filter({ hasNotText: "lost" }).waitFor({
        state: "attached",
      });
      await avatarOf(ada, "Bob").waitFor();
    });
  },
);
