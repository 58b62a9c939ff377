/// <reference lib="dom" />

/**
 * The room in a real browser, against a real service.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import {
  announcements,
  brokenRules,
  browserTest,
  chipOf,
  type People,
  pointerOf,
  runCommand,
  sharedTest,
  turn,
} from "../testing/browser.ts";
import { Service } from "../../testing/service.ts";

/** Tests a room that no other test uses, at its URL. */
function test(
  name: string,
  run: (people: People, url: string, room: string) => Promise<void>,
  args: readonly string[] = [],
): void {
  sharedTest(
    `the page ${name}`,
    (people, url, room) => run(people, `${url}?room=${room}`, room),
    args,
  );
}

/** Moves the mouse in the shared area, whose size is 1 by 1. */
async function point(page: Page, x: number, y: number): Promise<void> {
  const area = page.locator("#area");
  await area.scrollIntoViewIfNeeded();
  const box = await area.boundingBox();
  assert(box);
  await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
}

/** Records from now on which chips appear, disappear and turn idle. */
async function watchChips(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const list = document.querySelector("#people");
    if (list === null) throw new Error("no list");
    const note = (what: string, nodes: NodeList) => {
      for (const node of nodes) {
        if (!(node instanceof HTMLElement) || !node.matches(".chip")) continue;
        document.body.dataset.noted = `${document.body.dataset.noted ?? ""}${
          node.querySelector(".name")?.textContent
        } ${what}\n`;
      }
    };
    new MutationObserver((records) => {
      for (const { addedNodes, removedNodes } of records) {
        note("added", addedNodes);
        note("removed", removedNodes);
      }
      const isIdle = (chip: Element) => chip.textContent?.includes("Idle");
      const chips = [...list.children].filter(isIdle);
      if (chips.length > 0) document.body.dataset.noted = "idle";
    }).observe(list, { childList: true, subtree: true });
  });
  return async () => {
    const text = await page.locator("body").getAttribute("data-noted") ?? "";
    return text.split("\n").filter((line) => line !== "");
  };
}

test("shows somebody who joins, in both browsers", async (people, url) => {
  const ada = await people.joinRoom(url, "Ada");
  assertEquals(await ada.locator("#link").textContent(), "Live");
  await ada.getByRole("heading", { name: "You are here, on your own." })
    .waitFor();

  const bob = await people.joinRoom(url, "Bob");
  await chipOf(bob, "Ada").waitFor();
  await chipOf(ada, "Bob").waitFor();
  await ada.getByRole("heading", { name: "You and Bob are here." }).waitFor();
  await bob.getByRole("heading", { name: "You and Ada are here." }).waitFor();
  assertEquals(await chipOf(ada, "Ada").locator(".tag").textContent(), "you");
  assertEquals(await chipOf(ada, "Bob").locator(".tag").isVisible(), false);
  assertEquals((await announcements(ada)).length, 1);
  assertEquals(await announcements(bob), []);
});

test(
  "shows what others change: name, state, a word about it",
  async (people, url) => {
    const ada = await people.joinRoom(url, "Ada");
    const bob = await people.joinRoom(url, "Bob");
    await bob.getByLabel("Name").fill("Robert");
    await bob.getByLabel("What you are doing").selectOption("presenting");
    await bob.getByLabel("Busy").check({ force: true });
    await bob.getByLabel("A word about it").fill("slides <b>&</b> notes");
    const chip = chipOf(ada, "Robert");
    await chip.getByText("Presenting, showing something").waitFor();
    await chip.getByText("Busy", { exact: true }).waitFor();
    await chip.getByText("slides <b>&</b> notes").waitFor();
    await chipOf(ada, "Bob").waitFor({ state: "detached" });
    assertEquals(await chip.locator("b").count(), 0);
    assertEquals((await announcements(ada)).length, 1);
  },
);

test(
  "counts the tabs of one person, and shows what each does",
  async (people, url) => {
    const ada = await people.joinRoom(url, "Ada");
    const bob = await people.joinRoom(url, "Bob");
    await chipOf(ada, "Bob").getByText("1 tab · 1 device").waitFor();
    const second = await people.open(await bob.context().newPage(), url);
    await chipOf(ada, "Bob").getByText("2 tabs · 1 device").waitFor();
    assertEquals(await second.getByLabel("Name").inputValue(), "Bob");
    await second.getByLabel("What you are doing").selectOption("editing");
    const chip = chipOf(ada, "Bob");
    await chip.getByText("Editing, changing something").waitFor();
    await chip.getByText(/, 2 tabs: editing, observing$/).waitFor();
    await second.getByLabel("What you are doing").selectOption("observing");
    await chip.getByText(/, 2 tabs: observing$/).waitFor();
    // A profile holds for all tabs of a person.
    await second.getByLabel("Name").fill("Robert");
    await chipOf(bob, "Robert").waitFor();
    assertEquals(await bob.getByLabel("Name").inputValue(), "Robert");
    await second.close();
    await chipOf(ada, "Robert").getByText("1 tab · 1 device").waitFor();
    assertEquals((await announcements(ada)).length, 1);
  },
);

test("shows a hidden tab as idle", async (people, url) => {
  const ada = await people.joinRoom(url, "Ada");
  const bob = await people.joinRoom(url, "Bob");
  await chipOf(ada, "Bob").getByText("Observing").waitFor();
  await turn(bob, true);
  await chipOf(ada, "Bob").getByText("Idle, here, but not active").waitFor();
  await turn(bob, false);
  await chipOf(ada, "Bob").getByText("Observing").waitFor();
});

test(
  "shows where the others point, by mouse and by keys",
  async (people, url) => {
    const ada = await people.joinRoom(url, "Ada");
    const bob = await people.joinRoom(url, "Bob");
    await chipOf(bob, "Ada").waitFor();
    await point(bob, 0.25, 0.5);
    const pointer = pointerOf(ada, "Bob");
    await pointer.waitFor();
    const left = await pointer.evaluate(({ style }) => parseFloat(style.left));
    assert(Math.abs(left - 25) < 1, `${left} is not 25 %`);
    assertEquals(await bob.locator(".remote-pointer").count(), 0);
    await bob.mouse.move(0, 0);
    await pointer.waitFor({ state: "detached" });

    await bob.locator("#area").focus();
    await bob.keyboard.press("ArrowUp");
    await pointer.waitFor();
    await bob.keyboard.press("Tab");
    await pointer.waitFor({ state: "detached" });
  },
);

test(
  "hides somebody who turns invisible, and their pointer",
  async (people, url) => {
    const ada = await people.joinRoom(url, "Ada");
    const bob = await people.joinRoom(url, "Bob");
    await chipOf(ada, "Bob").waitFor();
    await point(bob, 0.5, 0.5);
    await pointerOf(ada, "Bob").waitFor();

    await bob.getByLabel("Invisible").check();
    await chipOf(ada, "Bob").waitFor({ state: "detached" });
    await pointerOf(ada, "Bob").waitFor({ state: "detached" });
    await ada.getByText("Bob has left.").waitFor({ state: "attached" });
    await ada.locator(".departure", { hasText: "Bob" }).waitFor();
    await chipOf(bob, "Ada").waitFor();
    await chipOf(bob, "Bob").getByText("you, invisible").waitFor();

    // Ada would see this pointer before she sees that Bob is back.
    await point(bob, 0.2, 0.2);
    await point(bob, 0.3, 0.3);
    const seen = await watchChips(ada);
    await ada.evaluate(() => {
      const area = document.querySelector("#area");
      if (area === null) throw new Error("no area");
      new MutationObserver((records) => {
        if (records.some(({ addedNodes }) => addedNodes.length > 0)) {
          document.body.dataset.pointed = "yes";
        }
      }).observe(area, { childList: true });
    });
    await point(bob, 0.6, 0.6);
    await point(bob, 0.7, 0.7);
    await ada.getByLabel("A word about it").fill("still here");
    await chipOf(bob, "Ada").getByText("still here").waitFor();
    assertEquals(await ada.locator("body").getAttribute("data-pointed"), null);
    assertEquals(await seen(), []);

    await bob.getByLabel("Invisible").uncheck();
    await chipOf(ada, "Bob").waitFor();
    await ada.locator(".departure", { hasText: "Bob" })
      .waitFor({ state: "detached" });
  },
);

test("hides a reload from others", async (people, url) => {
  const ada = await people.joinRoom(url, "Ada");
  const bob = await people.joinRoom(url, "Bob");
  await chipOf(ada, "Bob").waitFor();
  const before = await announcements(ada);
  const seen = await watchChips(ada);
  for (const status of ["back once", "back twice", "back thrice"]) {
    await bob.reload();
    await bob.locator(".chip[data-you]").waitFor();
    await bob.getByLabel("A word about it").fill(status);
    await chipOf(ada, "Bob").getByText(status).waitFor();
  }
  await chipOf(ada, "Bob").getByText("1 tab · 1 device").waitFor();
  assertEquals(await seen(), []);
  assertEquals(await announcements(ada), before);
});

test("shows who has left, after the grace period", async (people, url) => {
  const ada = await people.joinRoom(url, "Ada");
  const bob = await people.joinRoom(url, "Bob");
  await chipOf(ada, "Bob").waitFor();
  await bob.context().close();
  await chipOf(ada, "Bob").waitFor({ state: "detached" });
  await ada.getByText("Bob has left.").waitFor({ state: "attached" });
  await ada.locator(".departure", { hasText: "Bob" }).getByText("just now")
    .waitFor();
}, ["--grace-ms", "1000"]);

test(
  "shows a device that another program publishes",
  async (people, url) => {
    const ada = await people.joinRoom(url, "Ada");
    await runCommand(ada);
    const chip = chipOf(ada, "robot");
    await chip.getByText("Acting, carrying out a task").waitFor();
    await chip.getByText("1 device", { exact: true }).waitFor();
  },
);

test(
  "shows a command that the name of the room can't change",
  async (people, url) => {
    const name = "o'clock'; echo harm; '";
    const address = new URL(`/?room=${encodeURIComponent(name)}`, url);
    const ada = await people.joinRoom(address.href, "Ada");
    const command = await ada.locator("#command").textContent() ?? "";
    const harmless = command.replace(/^curl /, "printf '%s\\n' ");
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", harmless],
    }).output();
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    assertEquals(lines.slice(1, -1), [
      "-H",
      "content-type: application/json",
      "-d",
    ]);
    const { context } = JSON.parse(lines.at(-1) ?? "");
    assertEquals(context, `room:${name}`);
  },
);

test(
  "makes a guest tab of the same browser another person",
  async (people, url) => {
    const ada = await people.joinRoom(url, "Ada");
    const guest = await people.open(
      await ada.context().newPage(),
      `${url}&guest`,
    );
    await ada.getByRole("heading", { name: / are here\.$/ })
      .getByText("You").waitFor();
    await chipOf(guest, "Ada").waitFor();
    await guest.getByLabel("Name").fill("Eve");
    await chipOf(ada, "Eve").waitFor();
    assertEquals(await ada.locator(".chip").count(), 2);
  },
);

browserTest(
  "the page says when the connection is lost, and when it is back",
  async (people) => {
    await using service = await Service.start();
    const { url, port } = service;
    const ada = await people.joinRoom(url, "Ada");
    const bob = await people.joinRoom(url, "Bob");
    await chipOf(ada, "Bob").waitFor();
    const seen = await watchChips(ada);
    const before = await announcements(ada);
    await service.kill();
    for (const page of [ada, bob]) {
      await page.getByRole("status").getByText("Connection lost").waitFor();
      assertEquals(await page.locator("#link").textContent(), "Offline");
    }
    // They are shown as they were.
    await chipOf(ada, "Bob").waitFor();

    await using _again = await Service.start(["--port", port]);
    for (const page of [ada, bob]) {
      await page.getByRole("status").getByText("Connected again").waitFor();
      assertEquals(await page.locator("#link").textContent(), "Live");
      await page.locator(".chip:not([data-returning])").nth(1).waitFor();
    }
    await bob.getByLabel("A word about it").fill("I am back");
    await chipOf(ada, "Bob").getByText("I am back").waitFor();
    assertEquals(await seen(), []);
    assertEquals(await announcements(ada), before);
  },
);

test("fits a width of 320 px, in light and dark", async (people, url) => {
  const ada = await people.joinRoom(url, "Ada".repeat(10));
  await people.joinRoom(url, "Bob");
  await chipOf(ada, "Bob").waitFor();
  await ada.setViewportSize({ width: 320, height: 640 });
  const widths = () => ada.evaluate(() => document.documentElement.scrollWidth);
  assertEquals(await widths(), 320);
  const paper = () =>
    ada.locator("body").evaluate((body) =>
      getComputedStyle(body).backgroundColor
    );
  const light = await paper();
  await ada.emulateMedia({ colorScheme: "dark" });
  assert(await paper() !== light);
});

/** Publishes somebody into a room by HTTP. */
async function publish(
  url: string,
  room: string,
  subject: string,
): Promise<void> {
  const response = await fetch(new URL("/v1/updates", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      subject,
      context: `room:${room}`,
      ttlMs: 60_000,
      facets: { activity: "acting" },
    }),
  });
  await response.body?.cancel();
  assertEquals(response.status, 200);
}

/** Returns the top and the bottom of an element. */
async function extentOf(
  page: Page,
  selector: string,
): Promise<{ top: number; left: number; right: number }> {
  const box = await page.locator(selector).boundingBox();
  assert(box);
  return { top: box.y, left: box.x, right: box.x + box.width };
}

test(
  "keeps the area on the first screen of a full room",
  async (people, url, room) => {
    const names = Array.from({ length: 41 }, (_, index) => `bot-${index}`);
    await Promise.all(names.map((name) => publish(url, room, name)));
    const ada = await people.joinRoom(url, "Ada");
    await chipOf(ada, "bot-40").waitFor();
    assertEquals(await ada.locator(".chip").count(), 42);
    await ada.setViewportSize({ width: 1200, height: 800 });
    const { top } = await extentOf(ada, "#area");
    assert(top < 600, `the area begins at ${top}`);
    // The crowd scrolls, with keys too.
    await ada.locator("#people").focus();
    await ada.keyboard.press("End");
    await ada.waitForFunction(() => {
      const list = document.querySelector("#people");
      return list !== null && list.scrollTop > 0;
    });
  },
);

test(
  "has the form on the first screen of a phone, and says to touch",
  async (people, url, room) => {
    const ada = await people.joinRoom(url, "Ada");
    for (let index = 0; index < 8; index++) {
      await publish(url, room, `bot-${index}`);
    }
    await chipOf(ada, "bot-7").waitFor();
    const phone = await people.newPage({
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const bob = await people.open(phone, url);
    await chipOf(bob, "bot-7").waitFor();
    const { top } = await extentOf(bob, "#name");
    assert(top < 844, `the form begins at ${top}`);
    await bob.getByText("Touch this area.").waitFor();
    await phone.context().close();
  },
);

test("keeps names of pointers in the area", async (people, url) => {
  const ada = await people.joinRoom(url, "Ada");
  const bob = await people.joinRoom(url, "Wilhelmina ".repeat(5).trim());
  await chipOf(bob, "Ada").waitFor();
  for (const width of [1200, 360]) {
    await ada.setViewportSize({ width, height: 800 });
    for (const x of [0.02, 0.35, 0.5, 0.65, 0.98]) {
      await point(bob, x, 0.98);
      const place = ada.locator(".remote-pointer").filter({
        has: ada.locator(".cursor-label"),
      });
      await place.waitFor();
      await ada.waitForFunction((x) => {
        const pointer = document.querySelector(".remote-pointer");
        return pointer instanceof HTMLElement &&
          Math.abs(parseFloat(pointer.style.left) - 100 * x) < 1;
      }, x);
      // Its place at the end of the transition.
      await ada.locator(".remote-pointer").evaluate((element) =>
        Promise.all(element.getAnimations().map(({ finished }) => finished))
      );
      const area = await extentOf(ada, "#area");
      const name = await extentOf(ada, ".cursor-label");
      assert(name.left >= area.left, `${x} of ${width}: cut at the left`);
      assert(name.right <= area.right, `${x} of ${width}: cut at the right`);
    }
  }
});

test(
  "makes a new room, whose address lets others in",
  async (people, url) => {
    const ada = await people.joinRoom(url, "Ada");
    await ada.getByRole("link", { name: "Make a room of your own" }).click();
    await ada.waitForURL(/\?room=[a-z]+-[a-z]+-[0-9a-z]+$/);
    await chipOf(ada, "Ada").waitFor();
    const bob = await people.joinRoom(ada.url(), "Bob");
    await chipOf(ada, "Bob").waitFor();
    const eve = await people.joinRoom(url, "Eve");
    await eve.getByRole("heading", { name: "You are here, on your own." })
      .waitFor();
    const name = new URL(ada.url()).searchParams.get("room");
    await bob.getByRole("link", { name: `document:${name}` }).click();
    await bob.waitForURL(new URL(`/document?document=${name}`, url).href);
    await bob.locator(".participant[data-you]").waitFor();
  },
  ["--grace-ms", "1000"],
);

sharedTest("the page keeps the rules of accessibility", async (people, url) => {
  const ada = await people.joinRoom(url, "Ada");
  const bob = await people.joinDocument(`${url}document`, "Bob");
  for (const colorScheme of ["light", "dark"] as const) {
    for (const page of [ada, bob]) {
      await page.emulateMedia({ colorScheme });
      assertEquals(await brokenRules(page), []);
    }
  }
});
