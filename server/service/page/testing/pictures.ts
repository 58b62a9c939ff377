/// <reference lib="dom" />

/**
 * Takes the pictures of the page that the READMEs show, into `docs/`:
 *
 * ```sh
 * deno task with-jsr deno run -A server/service/page/testing/pictures.ts
 * ```
 *
 * @module
 */

import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { chipOf, CHROMIUM, cursorOf, participantOf, turn } from "./browser.ts";
import { Service } from "../../testing/service.ts";

const DOCS = new URL("../docs/", import.meta.url);
const WIDE = { width: 1200, height: 800 };
const AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) " +
  "Version/18.0 Safari/604.1";

interface Guest {
  /** Decides the colour. */
  readonly key: string;
  readonly name: string;
  readonly status?: string;
  readonly availability?: string;
  readonly activity?: string;
  readonly userAgent?: string;
}

/** Makes the stored state of a browser that has a profile. */
function stateOf(
  url: string,
  profile: object,
): BrowserContextOptions["storageState"] {
  const localStorage = [
    { name: "ruthere profile", value: JSON.stringify(profile) },
  ];
  return {
    cookies: [],
    origins: [{ origin: new URL(url).origin, localStorage }],
  };
}

/** Opens the room as somebody who is the same in every picture. */
async function join(
  browser: Browser,
  url: string,
  { userAgent, activity = "observing", ...guest }: Guest,
): Promise<Page> {
  const context = await browser.newContext({
    ...userAgent === undefined ? {} : { userAgent },
    viewport: WIDE,
    reducedMotion: "reduce",
    storageState: stateOf(url, guest),
  });
  const page = await context.newPage();
  await page.goto(url);
  await page.locator(".chip[data-you]").waitFor();
  await page.getByLabel("What you are doing").selectOption(activity);
  return page;
}

async function point(page: Page, x: number, y: number): Promise<void> {
  const box = await page.locator("#area").boundingBox();
  if (box === null) throw new Error("The page has no area");
  await page.mouse.move(box.x + box.width * x, box.y + box.height * y);
}

async function take(page: Page, name: string): Promise<void> {
  const bytes = await page.screenshot();
  await Deno.writeFile(new URL(name, DOCS), bytes);
}

async function takeAll(browser: Browser, url: string): Promise<void> {
  const you = await join(browser, url, {
    key: "guest-Nora-27",
    name: "Nora",
    status: "having a look around",
  });
  const mei = await join(browser, url, {
    key: "guest-Mei-4",
    name: "Mei",
    status: "rewriting the introduction",
    activity: "editing",
  });
  const second = await mei.context().newPage();
  await second.goto(url);
  const tom = await join(browser, url, {
    key: "guest-Tomás-26",
    name: "Tomás",
    availability: "busy",
    activity: "presenting",
    userAgent: AGENT,
  });
  const ivo = await join(browser, url, { key: "guest-Ivo-14", name: "Ivo" });
  await chipOf(you, "Ivo").waitFor();
  await ivo.context().close();
  await fetch(`${url}v1/updates`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      subject: "robot",
      context: "room:lobby",
      ttlMs: 60_000,
      facets: { activity: "acting" },
    }),
  });
  await chipOf(you, "Ivo").waitFor({ state: "detached" });
  await chipOf(you, "robot").waitFor();
  await point(mei, 0.3, 0.3);
  await point(tom, 0.66, 0.52);
  await you.locator(".remote-pointer").nth(1).waitFor();
  await take(you, "room.png");
}

/** Takes the document, as its first visitor sees it. */
async function takeDocument(browser: Browser, url: string): Promise<void> {
  const open = async ({ userAgent: _, ...guest }: Guest) => {
    const context = await browser.newContext({
      viewport: WIDE,
      reducedMotion: "reduce",
      storageState: stateOf(url, guest),
    });
    const page = await context.newPage();
    await page.goto(`${url}document`);
    await page.locator(".participant[data-you]").waitFor();
    return page;
  };
  const you = await open({ key: "guest-Nora-0", name: "Nora" });
  const mei = await open({ key: "guest-Mei-11", name: "Mei" });
  const tom = await open({ key: "guest-Tomás-3", name: "Tomás" });
  const ivo = await open({ key: "guest-Ivo-10", name: "Ivo" });
  await select(ivo, "A text for everybody", 0, 20);
  await select(mei, "what they have selected", 0, 23);
  await select(tom, "whether they are typing", 23);
  // An edit shortly after a move makes its page say again where the cursor is.
  await ivo.waitForTimeout(1_100);
  await turn(ivo, true);
  await cursorOf(you, "Ivo").waitFor();
  await participantOf(you, "Ivo").getByText("Away").waitFor();
  await tom.keyboard.type(" now");
  await you.locator("#typing:not(.hidden)").waitFor();
  await take(you, "document.png");
}

/** Selects a part of the text, relative to some words in it. */
async function select(
  page: Page,
  words: string,
  start: number,
  end = start,
): Promise<void> {
  await page.locator("#text").focus();
  await page.locator("#text").evaluate((element, [words, start, end]) => {
    if (!(element instanceof HTMLTextAreaElement)) throw new Error("No text");
    const at = element.value.indexOf(words);
    element.setSelectionRange(at + start, at + end);
  }, [words, start, end] as const);
}

if (CHROMIUM === undefined) Deno.exit(1);
await using service = await Service.start(["--grace-ms", "500"]);
const browser = await chromium.launch({ executablePath: CHROMIUM });
try {
  await Deno.mkdir(DOCS, { recursive: true });
  await takeAll(browser, service.url);
  await takeDocument(browser, service.url);
} finally {
  await browser.close();
}
