/// <reference lib="dom" />

import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Page,
} from "playwright-core";
import axe from "axe-core";
import { findProgram, isFile, leaveOut } from "../../../testing/programs.ts";
import { sharedBrowser } from "./shared_browser.ts";

declare global {
  var axe: typeof import("axe-core");
}

/** How long a test waits, at most, on a busy machine. */
export const PATIENCE_MS = 60_000;

/** The first one, without windows, needs half the processor time. */
const NAMES = [
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
];

/** Its path on systems that have no PATH for such programs. */
const USUAL_PLACES = [
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/**
 * Finds Chromium: at the path in `RUTHERE_CHROMIUM`, on the PATH, or in one of the
 * usual places. If it is missing, reports that tests are left out.
 *
 * @throws {Error} If it is missing where no test may be left out.
 */
export function findChromium(): string | undefined {
  const named = Deno.env.get("RUTHERE_CHROMIUM");
  const found = named
    ? [named].find(isFile)
    : NAMES.map((name) => findProgram(name)).find((path) => path) ??
      USUAL_PLACES.find(isFile);
  if (found === undefined) {
    leaveOut(
      "the tests that need Chromium, which is not " +
        (named ? `at ${named}` : "installed") +
        " (Debian: apt-get install -y chromium; RUTHERE_CHROMIUM says where " +
        "another one is).",
    );
  }
  return found;
}

/** Several browsers in one, each a person of its own. */
export class People {
  readonly #browser: Browser;
  readonly #contexts: BrowserContext[] = [];
  readonly #errors: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts the browser, unless another test of the file has. */
  static async start(executablePath: string): Promise<People> {
    return new People(await sharedBrowser(executablePath));
  }

  /** The errors of the pages so far. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** Opens the room as a new person, and waits until they have joined. */
  async joinRoom(url: string, name: string): Promise<Page> {
    const page = await this.open(await this.#newPage(), url);
    await page.locator("#name").fill(name);
    await chipOf(page, name).waitFor();
    return page;
  }

  /** Opens a document as a new person, and waits until they have joined. */
  async joinDocument(url: string, name: string): Promise<Page> {
    const key = `guest-${name.toLowerCase().replaceAll(/\W/g, "-")}`;
    const page = await this.openAs(url, { key, name });
    await page.locator(".participant[data-you]").waitFor();
    return page;
  }

  /** Opens a page with a profile, in a browser of its own. */
  async openAs(url: string, profile: object): Promise<Page> {
    const page = await this.#newPage({ storageState: stateOf(url, profile) });
    await this.#visit(page, url);
    return page;
  }

  /** Opens the room in a tab, and waits until its person has joined. */
  async open(page: Page, url: string): Promise<Page> {
    await this.#visit(page, url);
    await page.locator(".chip[data-you]").waitFor();
    return page;
  }

  async #newPage(options?: BrowserContextOptions): Promise<Page> {
    const context = await this.#browser.newContext(options);
    this.#contexts.push(context);
    return await context.newPage();
  }

  async #visit(page: Page, url: string): Promise<void> {
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("pageerror", (error) => this.#errors.push(String(error)));
    page.on("console", (message) => {
      const text = message.text();
      if (/content security policy/i.test(text)) this.#errors.push(text);
    });
    await page.goto(url);
  }

  /** Closes all browsers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }
}

/** Makes the stored state of a browser that has a profile. */
export function stateOf(
  url: string,
  profile: object,
): Exclude<BrowserContextOptions["storageState"], string | undefined> {
  const localStorage = [
    { name: "ruthere profile", value: JSON.stringify(profile) },
  ];
  return {
    cookies: [],
    origins: [{ origin: new URL(url).origin, localStorage }],
  };
}

/** Finds the chip of somebody by the name. */
export function chipOf(page: Page, name: string): ReturnType<Page["locator"]> {
  return page.locator(".chip", {
    has: page.locator(".name", { hasText: new RegExp(`^${name}$`) }),
  });
}

/** Finds the pointers of somebody by the name on them. */
export function pointerOf(
  page: Page,
  name: string,
): ReturnType<Page["locator"]> {
  return page.locator(".pointer", { hasText: name });
}

/** Finds the line of somebody in a document by the name. */
export function participantOf(
  page: Page,
  name: string,
): ReturnType<Page["locator"]> {
  return page.locator(".participant", {
    has: page.locator(".name", { hasText: new RegExp(`^${name}$`) }),
  });
}

/** Finds the cursor of somebody in a document by the name on it. */
export function cursorOf(
  page: Page,
  name: string,
): ReturnType<Page["locator"]> {
  return page.locator(".remote-cursor", { hasText: name });
}

/** Returns which rules of accessibility a page breaks, and where. */
export async function brokenRules(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html}`)
    );
  });
}

/** Returns what the page has announced of people who joined and left. */
export function announcements(page: Page): Promise<string[]> {
  return page.locator("#log p").allTextContents();
}

/** Acts as if the tab was hidden behind another one, or shown again. */
export function turn(page: Page, hidden: boolean): Promise<void> {
  return page.evaluate((hidden) => {
    const state = hidden ? "hidden" : "visible";
    for (
      const [name, value] of Object.entries({ hidden, visibilityState: state })
    ) {
      Object.defineProperty(document, name, {
        configurable: true,
        get: () => value,
      });
    }
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
}
