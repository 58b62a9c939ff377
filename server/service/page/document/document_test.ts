/// <reference lib="dom" />

/**
 * The page of a document in a real browser, against real services.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { RedisServer } from "../../../cluster/testing/redis_server.ts";
import {
  announcements,
  browserTest,
  cursorOf,
  participantOf,
  PATIENCE_MS,
  type People,
  runCommand,
  sharedTest,
  turn,
} from "../testing/browser.ts";
import { Service } from "../../testing/service.ts";

/** Tests a document that no other test uses, at its URL. */
function test(
  name: string,
  run: (people: People, url: string, document: string) => Promise<void>,
  args: readonly string[] = [],
): void {
  sharedTest(
    `the document ${name}`,
    (people, url, document) =>
      run(people, `${url}document?document=${document}`, document),
    args,
  );
}

/** Tests a document of two services that share a Redis. */
function clusterTest(
  name: string,
  run: (people: People, urls: readonly [string, string]) => Promise<void>,
): void {
  browserTest(`the document ${name}`, async (people) => {
    await using redis = await RedisServer.start();
    const backbone = ["--backbone", `redis://127.0.0.1:${redis.port}`];
    const start = (node: string) =>
      Service.start([...backbone, "--node", node, "--grace-ms", "500"]);
    await using a = await start("a");
    await using b = await start("b");
    await run(people, [`${a.url}document`, `${b.url}document`]);
  }, RedisServer.isInstalled);
}

/** Waits until a probe returns what is wanted. */
async function until<T>(wanted: T, probe: () => Promise<T>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  const text = JSON.stringify(wanted);
  let found = await probe();
  while (JSON.stringify(found) !== text) {
    if (Date.now() > end) assertEquals(found, wanted);
    await new Promise((resolve) => setTimeout(resolve, 100));
    found = await probe();
  }
}

/** Selects a part of the text, or moves the cursor. */
async function select(
  page: Page,
  start: number,
  end = start,
  direction: "forward" | "backward" = "forward",
): Promise<void> {
  await page.locator("#text").focus();
  await page.locator("#text").evaluate(
    (element, [start, end, direction]) => {
      if (!(element instanceof HTMLTextAreaElement)) throw new Error("no text");
      element.setSelectionRange(start, end, direction);
    },
    [start, end, direction] as const,
  );
}

/** Returns what is selected on a page, and in which direction. */
function selectionOf(page: Page): Promise<unknown[]> {
  return page.locator("#text").evaluate((element) => {
    if (!(element instanceof HTMLTextAreaElement)) throw new Error("no text");
    const { selectionStart, selectionEnd, selectionDirection } = element;
    return [selectionStart, selectionEnd, selectionDirection];
  });
}

function textOf(page: Page): Promise<string> {
  return page.locator("#text").inputValue();
}

/** Replaces all the text. */
async function write(page: Page, text: string): Promise<void> {
  await page.locator("#text").fill(text);
}

/** Returns where somebody's cursor is on a page, in pixels. */
async function placeOf(page: Page, name: string) {
  const box = await cursorOf(page, name).boundingBox();
  assert(box, `no cursor of ${name}`);
  return { x: Math.round(box.x), y: Math.round(box.y) };
}

/** Clicks at somebody's cursor, and returns the offset of the caret. */
async function offsetBeside(page: Page, name: string): Promise<number> {
  const box = await cursorOf(page, name).boundingBox();
  assert(box, `no cursor of ${name}`);
  await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
  return await page.locator("#text").evaluate((element) =>
    element instanceof HTMLTextAreaElement ? element.selectionStart : -1
  );
}

/** Returns the typing line, `undefined` while it is hidden. */
async function typingLine(page: Page): Promise<string | undefined> {
  const line = page.locator("#typing");
  const isHidden = await line.evaluate(({ classList }) =>
    classList.contains("hidden")
  );
  return isHidden ? undefined : await line.textContent() ?? "";
}

/**
 * Presses a key again and again while something runs: nobody is shown as typing for
 * long, and a busy machine may look too late.
 */
async function whileTyping(
  page: Page,
  key: string,
  run: () => Promise<void>,
): Promise<void> {
  let goesOn = true;
  const typing = (async () => {
    while (goesOn) {
      await page.keyboard.press(key);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  try {
    await run();
  } finally {
    goesOn = false;
    await typing;
  }
}

clusterTest(
  "shows three people at two services each other's cursors, selections and typing",
  async (people, [a, b]) => {
    const ada = await people.joinDocument(a, "Ada");
    const bob = await people.joinDocument(a, "Bob");
    const cyd = await people.joinDocument(b, "Cyd");
    for (const page of [ada, bob, cyd]) {
      await until(3, () => page.locator(".participant").count());
    }
    await select(ada, 5);
    await select(bob, 40, 44);
    await select(cyd, 90);
    const others: [Page, string[]][] = [
      [ada, ["Bob", "Cyd"]],
      [bob, ["Ada", "Cyd"]],
      [cyd, ["Ada", "Bob"]],
    ];
    for (const [page, names] of others) {
      for (const name of names) await cursorOf(page, name).waitFor();
      const labels = page.locator(".cursor-label");
      assertEquals((await labels.allTextContents()).toSorted(), names);
    }
    await participantOf(cyd, "Bob").getByText("Selecting").waitFor();
    await cyd.locator(".remote-selection").waitFor();
    assertEquals(await offsetBeside(cyd, "Bob"), 44);
    await select(bob, 44);
    await cyd.locator(".remote-selection").waitFor({ state: "detached" });

    // All have the same text.
    await write(cyd, "one\ntwo\nthree\n");
    for (const page of [ada, bob]) {
      await until("one\ntwo\nthree\n", () => textOf(page));
    }
    await select(ada, 3);
    await ada.keyboard.type(" and a half");
    for (const page of [bob, cyd]) {
      await until("one and a half\ntwo\nthree\n", () => textOf(page));
    }

    await whileTyping(cyd, "x", async () => {
      for (const page of [ada, bob]) {
        await until("Cyd is typing...", () => typingLine(page));
        await participantOf(page, "Cyd").getByText("Editing").waitFor();
      }
      assertEquals(await typingLine(cyd), undefined);
    });
    for (const page of [ada, bob]) {
      await until(undefined, () => typingLine(page));
      await participantOf(page, "Cyd").getByText("Viewing").waitFor();
    }

    await cyd.context().close();
    for (const page of [ada, bob]) {
      await cursorOf(page, "Cyd").waitFor({ state: "detached" });
      await until(2, () => page.locator(".participant").count());
      await page.getByText("Cyd has left.").waitFor({ state: "attached" });
    }
  },
);

test("says who is here only when it knows", async (people, url) => {
  const ada = await people.joinDocument(url, "Ada");
  // It opens, and receives nothing.
  await ada.routeWebSocket(/websocket/, () => {});
  for (const path of [url, new URL("/", url).href]) {
    await ada.goto(path);
    await ada.getByLabel("Name", { exact: true }).fill("Eve");
    await ada.getByLabel("Name", { exact: true }).blur();
    await ada.evaluate(() =>
      new Promise((resolve) =>
        requestAnimationFrame(() => requestAnimationFrame(resolve))
      )
    );
    assertEquals(await ada.locator("#headline").textContent(), "One moment…");
  }
  // Nothing takes the route away.
  await ada.context().close();
});

test(
  "keeps a cursor at its letters while the text before it changes",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await write(ada, "first line\nsecond line\nthird line");
    await until("first line\nsecond line\nthird line", () => textOf(bob));
    // Before "line" in the second one.
    await select(bob, 18);
    await cursorOf(ada, "Bob").waitFor();
    await until(18, () => offsetBeside(ada, "Bob"));
    const before = await placeOf(ada, "Bob");

    await select(ada, 0);
    await ada.keyboard.type("zero\n");
    const { x, y } = { x: before.x, y: before.y + 28 };
    await until({ x, y }, () => placeOf(ada, "Bob"));
    await until(23, () => offsetBeside(ada, "Bob"));

    await ada.keyboard.press("Control+Home");
    await ada.keyboard.press("Delete");
    await ada.keyboard.type("Z");
    await until({ x, y }, () => placeOf(ada, "Bob"));
    await until(23, () => offsetBeside(ada, "Bob"));
    // Bob's own cursor has moved too.
    await until("Zero\nfirst line\nsecond line\nthird line", () => textOf(bob));
    await bob.keyboard.type("!");
    await until(
      "Zero\nfirst line\nsecond !line\nthird line",
      () => textOf(ada),
    );
    await until(24, () => offsetBeside(ada, "Bob"));
  },
);

test(
  "keeps a cursor at its letters when its position arrives after another's edits",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await write(ada, "some words");
    await until("some words", () => textOf(bob));
    await select(ada, 0);
    await bob.routeWebSocket(/./, (socket) => {
      const service = socket.connectToServer();
      socket.onMessage((data) => {
        setTimeout(() => service.send(data), 300);
      });
    });
    await bob.reload();
    await until("some words", () => textOf(bob));
    await select(bob, 5);
    await ada.keyboard.type("Here are the ", { delay: 150 });
    await until("Here are the some words", () => textOf(bob));
    await until(18, () => offsetBeside(ada, "Bob"));
    // Nothing takes the route away.
    await bob.context().close();
  },
);

test(
  "keeps a caret collapsed while another replaces all the text",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await select(bob, 10);
    await select(ada, 0);
    await ada.keyboard.press("Control+A");
    const pasted = "Forty-three letters stand in place of all.\n";
    await ada.keyboard.insertText(pasted);
    await until(pasted, () => textOf(bob));
    assertEquals(await selectionOf(bob), [0, 0, "forward"]);
    await bob.keyboard.type("B");
    for (const page of [ada, bob]) {
      await until(`B${pasted}`, () => textOf(page));
    }
  },
);

test(
  "keeps the same letters selected",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await write(ada, "one two three");
    await until("one two three", () => textOf(bob));
    await select(bob, 4, 7, "backward");
    await select(ada, 4);
    await ada.keyboard.type("2 ");
    await until("one 2 two three", () => textOf(bob));
    assertEquals(await selectionOf(bob), [6, 9, "backward"]);
    await select(ada, 9);
    await ada.keyboard.type("!");
    await until("one 2 two! three", () => textOf(bob));
    assertEquals(await selectionOf(bob), [6, 9, "backward"]);
    await until(6, () => offsetBeside(ada, "Bob"));
  },
);

test(
  "loses no letter of people who write at the same time",
  async (people, url) => {
    const pages = [
      await people.joinDocument(url, "Ada"),
      await people.joinDocument(url, "Bob"),
      await people.joinDocument(url, "Cyd"),
    ];
    const [ada, bob, cyd] = pages;
    assert(ada && bob && cyd);
    await write(ada, "<|>");
    for (const page of pages) await until("<|>", () => textOf(page));
    await select(ada, 0);
    await select(bob, 3);
    await select(cyd, 2);
    const letters = (first: number) =>
      String.fromCharCode(...Array.from({ length: 20 }, (_, i) => first + i));
    const [a, b, c] = [letters(0x41), letters(0x61), letters(0x410)];
    await Promise.all([
      ada.keyboard.type(a, { delay: 20 }),
      bob.keyboard.type(b, { delay: 30 }),
      cyd.keyboard.type(c, { delay: 25 }),
    ]);
    for (const page of pages) {
      await until(`${a}<|${c}>${b}`, () => textOf(page));
    }
  },
);

test(
  "undoes what its own person has written, but no later edits of others",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    const both = async (text: string) => {
      for (const page of [ada, bob]) await until(text, () => textOf(page));
    };
    await write(ada, "one two");
    await both("one two");
    await select(ada, 4, 7);
    await ada.keyboard.type("2");
    await both("one 2");
    await select(bob, 0);
    await bob.keyboard.type("Bob: ");
    await both("Bob: one 2");
    await ada.keyboard.press("Control+Z");
    await both("Bob: one two");
    assertEquals(await selectionOf(ada), [12, 12, "forward"]);
    await ada.keyboard.press("Control+Shift+Z");
    await both("Bob: one 2");
    await bob.keyboard.press("Control+Z");
    await both("one 2");
    await bob.keyboard.press("Control+Y");
    await both("Bob: one 2");

    // As the menu of the browser does.
    const menu = await ada.context().newCDPSession(ada);
    await ada.keyboard.type("3");
    await both("Bob: one 23");
    await menu.send("Input.dispatchKeyEvent", {
      type: "keyDown",
      commands: ["undo"],
    });
    await both("Bob: one 2");
  },
);

test(
  "keeps a composition going while others write",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await write(ada, "one");
    await until("one", () => textOf(bob));
    await select(ada, 3);
    const method = await ada.context().newCDPSession(ada);
    const compose = (text: string) =>
      method.send("Input.imeSetComposition", {
        text,
        selectionStart: text.length,
        selectionEnd: text.length,
      });
    await compose("ㄱ");
    await select(bob, 0);
    await bob.keyboard.type("Bob ");
    await until("Bob oneㄱ", () => textOf(bob));
    await participantOf(ada, "Bob").getByText("Editing").waitFor();
    await compose("가");
    await until("Bob one가", () => textOf(bob));
    assertEquals(await textOf(ada), "one가");
    await method.send("Input.insertText", { text: "각" });
    for (const page of [ada, bob]) {
      await until("Bob one각", () => textOf(page));
    }
    assertEquals(await selectionOf(ada), [8, 8, "forward"]);
  },
);

test(
  "keeps a cursor at its letters after scrolling, and when the page gets narrow",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    const lines = Array.from(
      { length: 60 },
      (_, index) => `${index}: ${"word and ".repeat(index % 17)}`,
    );
    await write(ada, lines.join("\n"));
    await until(lines.join("\n"), () => textOf(bob));
    const offset = lines.slice(0, 9).join("\n").length - 6;
    await select(bob, offset);
    const scroll = (top: number) =>
      ada.locator("#text").evaluate(
        (element, top) => element.scrollTo({ top }),
        top,
      );
    // The text was scrolled to the end by writing.
    await scroll(0);
    await cursorOf(ada, "Bob").waitFor();
    await until(offset, () => offsetBeside(ada, "Bob"));

    const before = await placeOf(ada, "Bob");
    await scroll(57);
    await until({ x: before.x, y: before.y - 57 }, () => placeOf(ada, "Bob"));
    assertEquals(await offsetBeside(ada, "Bob"), offset);
    await scroll(2000);
    await cursorOf(ada, "Bob").waitFor({ state: "hidden" });
    await scroll(0);
    await until(before, () => placeOf(ada, "Bob"));

    const topOf = () =>
      ada.locator(".remote-cursor")
        .evaluate(({ style }) => parseFloat(style.top));
    const wideTop = await topOf();
    await ada.setViewportSize({ width: 320, height: 900 });
    // Shorter lines are more lines.
    await until(true, async () => await topOf() > wideTop);
    await scroll(await topOf() - 100);
    await until(offset, () => offsetBeside(ada, "Bob"));
    assertEquals(
      await ada.evaluate(() => document.documentElement.scrollWidth),
      320,
    );
  },
);

test(
  "shows cursors exactly where a click would put them",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    const text = "A tab:\there.  Two spaces, an emoji 👋, and العربية.\n\n" +
      "Averylongwordthatgoesonandonandon".repeat(6) + "\nlast";
    await write(ada, text);
    await until(text, () => textOf(bob));
    for (const offset of [0, 7, 14, 37, 52, 53, 110, 200, text.length]) {
      await select(bob, offset);
      await cursorOf(ada, "Bob").waitFor();
      await until(offset, () => offsetBeside(ada, "Bob"));
    }
  },
);

test(
  "shows a selection in a text from right to left",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    const text = "שלום\nabc שלום def";
    await write(ada, text);
    await until(text, () => textOf(bob));
    const edges = (boxes: { left: number; right: number }[]) =>
      boxes.map(({ left, right }) => [left, right].map(Math.round));
    const lettersOf = (start: number, end: number) =>
      ada.locator(".textarea-mirror").evaluate(
        ({ firstChild }, [start, end]) => {
          if (firstChild === null) throw new Error("no text");
          const range = document.createRange();
          range.setStart(firstChild, start);
          range.setEnd(firstChild, end);
          return [...range.getClientRects()]
            .map(({ left, right }) => ({ left, right }));
        },
        [start, end] as const,
      );
    const selected = () =>
      ada.locator(".remote-selection").evaluateAll((elements) =>
        elements.map((element) => element.getBoundingClientRect())
          .map(({ left, right }) => ({ left, right }))
          .sort((one, other) => one.left - other.left)
      );
    for (const [start, end] of [[0, 3], [7, 11]] as const) {
      await select(bob, start, end);
      const wanted = edges(await lettersOf(start, end));
      await until(wanted, async () => edges(await selected()));
      const [last] = await lettersOf(end - 1, end);
      assert(last);
      // The last letter is read from right to left.
      assertEquals((await placeOf(ada, "Bob")).x, Math.round(last.left - 1));
    }
  },
);

test(
  "gives a newcomer the text and all cursors",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await write(ada, "some words");
    await until("some words", () => textOf(bob));
    await select(bob, 5);
    await until(5, () => offsetBeside(ada, "Bob"));
    await select(ada, 0);
    await ada.keyboard.type("Here are ");
    await until("Here are some words", () => textOf(bob));
    // The position that Bob sent is in the former text.
    const cyd = await people.joinDocument(url, "Cyd");
    await until("Here are some words", () => textOf(cyd));
    await cursorOf(cyd, "Bob").waitFor();
    await until(14, () => offsetBeside(cyd, "Bob"));
  },
);

test(
  "shows somebody with a hidden tab as away",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await participantOf(ada, "Bob").getByText("Viewing").waitFor();
    await turn(bob, true);
    await participantOf(ada, "Bob").getByText("Away").waitFor();
    await turn(bob, false);
    await participantOf(ada, "Bob").getByText("Viewing").waitFor();
    assertEquals((await announcements(ada)).length, 1);
  },
);

test(
  "removes somebody who has closed the tab, after the grace period",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await select(bob, 3);
    await cursorOf(ada, "Bob").waitFor();
    await bob.context().close();
    await cursorOf(ada, "Bob").waitFor({ state: "detached" });
    await participantOf(ada, "Bob").waitFor({ state: "detached" });
    assertEquals(await announcements(ada), [
      "Bob has joined.",
      "Bob has left.",
    ]);
  },
  ["--grace-ms", "1000"],
);

test("shows nobody leave on a reload", async (people, url) => {
  const ada = await people.joinDocument(url, "Ada");
  const bob = await people.joinDocument(url, "Bob");
  await select(bob, 3);
  await cursorOf(ada, "Bob").waitFor();
  await bob.reload();
  await bob.locator(".participant[data-you]").waitFor();
  await select(bob, 7);
  await until(7, () => offsetBeside(ada, "Bob"));
  assertEquals(await announcements(ada), ["Bob has joined."]);
});

test("shows a name that looks like markup as it is", async (people, url) => {
  const name = "<img src=x>&amp;";
  const ada = await people.joinDocument(url, "Ada");
  const eve = await people.joinDocument(url, name);
  await select(eve, 3);
  await cursorOf(ada, name).waitFor();
  await whileTyping(
    eve,
    "y",
    () => until(`${name} is typing...`, () => typingLine(ada)),
  );
  assertEquals(await ada.locator(".participant img, .editor img").count(), 0);
  assertEquals(await ada.locator(".cursor-label").textContent(), name);
});

test("shows a new name, and nobody leaves", async (people, url) => {
  const ada = await people.joinDocument(url, "Ada");
  const bob = await people.joinDocument(url, "Bob");
  await select(bob, 3);
  await cursorOf(ada, "Bob").waitFor();
  await bob.getByLabel("Name").fill("Robert");
  await bob.getByLabel("Name").press("Enter");
  await participantOf(ada, "Robert").waitFor();
  await cursorOf(ada, "Robert").waitFor();
  await select(bob, 9);
  await until(9, () => offsetBeside(ada, "Robert"));
  assertEquals(await ada.locator(".participant").count(), 2);
  assertEquals(await announcements(ada), ["Bob has joined."]);
});

test("is read-only for somebody invisible", async (people, url) => {
  const ada = await people.joinDocument(url, "Ada");
  const ghost = await people.openAs(url, { key: "ghost", invisible: true });
  await participantOf(ghost, "Ada").waitFor();
  await ghost.getByText("You are invisible").waitFor();
  assertEquals(await ghost.locator("#text").isEditable(), false);
  await select(ada, 3);
  await cursorOf(ghost, "Ada").waitFor();
  await write(ada, "seen by all");
  await until("seen by all", () => textOf(ghost));
  assertEquals(await ada.locator(".participant").count(), 1);
});

test(
  "shows a person that another program publishes",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    await runCommand(ada);
    await participantOf(ada, "robot").waitFor();
    assertEquals(await ada.locator(".remote-cursor").count(), 0);
  },
);

sharedTest(
  "the document is the one that the URL names",
  async (people, url) => {
    const notes = `${url}document?document=notes`;
    const ada = await people.joinDocument(notes, "Ada");
    const bob = await people.joinDocument(`${url}document`, "Bob");
    const cyd = await people.joinDocument(notes, "Cyd");
    await participantOf(cyd, "Ada").waitFor();
    assertEquals(await participantOf(cyd, "Bob").count(), 0);
    assertEquals(await bob.locator(".participant").count(), 1);
    const here = ada.locator("nav [aria-current]");
    assertEquals(await here.textContent(), "document:notes");
    await ada.getByRole("link", { name: "room:notes" }).click();
    await ada.locator(".chip[data-you]").waitFor();
    await ada.getByRole("link", { name: "document:notes" }).click();
    await participantOf(ada, "Cyd").waitFor();
  },
);

browserTest(
  "the document continues when the service is back",
  async (people) => {
    await using service = await Service.start();
    const url = `${service.url}document`;
    const ada = await people.joinDocument(url, "Ada");
    const bob = await people.joinDocument(url, "Bob");
    await select(bob, 3);
    await cursorOf(ada, "Bob").waitFor();
    await service.kill();
    for (const page of [ada, bob]) {
      await page.getByRole("status").getByText("Connection lost").waitFor();
    }
    await cursorOf(ada, "Bob").waitFor({ state: "detached" });
    await write(ada, "written meanwhile");

    await using _again = await Service.start(["--port", service.port]);
    for (const page of [ada, bob]) {
      await page.getByRole("status").getByText("Connected again").waitFor();
    }
    await until("written meanwhile", () => textOf(bob));
    await cursorOf(ada, "Bob").waitFor();
    assertEquals(await announcements(ada), ["Bob has joined."]);
  },
);

test(
  "refuses letters above the maximum, and says so",
  async (people, url) => {
    const ada = await people.joinDocument(url, "Ada");
    // Replaced letters count too.
    for (let part = 0; part < 10; part++) {
      await write(ada, `${part}`.repeat(10_000));
    }
    await ada.getByText("the text has no room").waitFor();
    assertEquals(await textOf(ada), "8".repeat(10_000));
    await write(ada, "none");
    assertEquals(await textOf(ada), "none");
  },
);

test(
  "limits its answers to somebody who asks all the time",
  async (people, url, document) => {
    const ada = await people.joinDocument(url, "Ada");
    await write(ada, "one");
    await using rude = await Rude.join(url, document);
    for (let count = 1; count < 100; count += 2) {
      rude.push("text_wanted", {});
      rude.push("text", { writer: "rude", count, runs: [] });
    }
    const runs = [["rude", 900, "", 0, 0, "!"]];
    rude.push("text", { writer: "rude", count: 101, runs });
    await until("!one", () => textOf(ada));
    await select(ada, 4);
    await ada.keyboard.type("?");
    await until(true, () => Promise.resolve(rude.received.includes('"?"]')));
    const asked = rude.received.split('"text_wanted"').length - 1;
    const answered = rude.received.split('"weight"').length - 1;
    assert(asked > 0 && asked < 20, `${asked}`);
    assert(answered < 20, `${answered}`);
  },
);

/** Somebody in the document with another program. */
class Rude {
  readonly #socket: WebSocket;
  readonly #topic: string;
  /** All frames that arrived. */
  received = "";

  constructor(socket: WebSocket, topic: string) {
    this.#socket = socket;
    this.#topic = topic;
    socket.addEventListener("message", ({ data }) => this.received += data);
  }

  static async join(url: string, document: string): Promise<Rude> {
    const address = new URL("/socket/websocket?vsn=2.0.0", url);
    const socket = new WebSocket(address.href.replace("http", "ws"));
    const rude = new Rude(socket, `document:${document}`);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    rude.push("phx_join", {});
    return rude;
  }

  push(event: string, payload: object): void {
    const message = ["1", null, this.#topic, event, payload];
    this.#socket.send(JSON.stringify(message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) =>
      this.#socket.addEventListener("close", resolve)
    );
    this.#socket.close();
    await closed;
  }
}
