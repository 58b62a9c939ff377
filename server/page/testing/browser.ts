/// <reference lib="dom" />

import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import axe from "axe-core";

declare global {
  var axe: typeof import("axe-core");
}

const USUAL_PLACES: Partial<Record<typeof Deno.build.os, string[]>> = {
  linux: [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/snap/bin/chromium",
  ],
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  windows: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  ],
};

/**
 * Where Chromium is on this machine: where `RUTHERE_CHROMIUM` says, or in one
 * of the usual places. Says so loudly if there is none.
 *
 * @throws {Error} If there is none where tests must not be left out.
 */
export function findChromium(): string | undefined {
  const said = Deno.env.get("RUTHERE_CHROMIUM");
  const places = said ? [said] : USUAL_PLACES[Deno.build.os] ?? [];
  const found = places.find(isFile);
  if (found !== undefined) return found;
  const sentence =
    `Cannot test the page: no Chromium in ${places.join(", ")}. ` +
    "Install it (Debian: apt-get install -y chromium), " +
    "or set RUTHERE_CHROMIUM to where it is.";
  if (Deno.env.get("CI") === "true") throw new Error(sentence);
  const line = "!".repeat(72);
  console.error(`\n${line}\n${sentence}\n${line}\n`);
  return undefined;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Several browsers in one, each a person of its own. */
export class People {
  readonly #browser: Browser;
  readonly #errors: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts the browser. */
  static async start(executablePath: string): Promise<People> {
    return new People(await chromium.launch({ executablePath }));
  }

  /** What went wrong in the pages so far. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** A new person comes to the page, and is in. */
  async come(url: string, name: string): Promise<Page> {
    const context = await this.#browser.newContext();
    const page = await this.open(await context.newPage(), url);
    await page.locator("#name").fill(name);
    await chipOf(page, name).waitFor();
    return page;
  }

  /** A new person opens a document, and is in. */
  async enter(url: string, name: string): Promise<Page> {
    const key = `guest-${name.toLowerCase().replaceAll(/\W/g, "-")}`;
    const page = await this.watch(url, { key, name });
    await page.locator(".participant[data-you]").waitFor();
    return page;
  }

  /** A new person, who is somebody already, opens the page. */
  async watch(url: string, profile: object): Promise<Page> {
    const context = await this.#browser.newContext({
      storageState: stateOf(url, profile),
    });
    const page = await context.newPage();
    await this.#visit(page, url);
    return page;
  }

  /** Shows the page in a tab, and waits until one is in. */
  async open(page: Page, url: string): Promise<Page> {
    await this.#visit(page, url);
    await page.locator(".chip[data-you]").waitFor();
    return page;
  }

  async #visit(page: Page, url: string): Promise<void> {
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => this.#errors.push(String(error)));
    page.on("console", (message) => {
      const text = message.text();
      if (/content security policy/i.test(text)) this.#errors.push(text);
    });
    await page.goto(url);
  }

  /** Ends the browser. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** What a browser has kept of somebody who has been there before. */
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

/** The chip of somebody, by the name. */
export function chipOf(page: Page, name: string): ReturnType<Page["locator"]> {
  return page.locator(".chip", {
    has: page.locator(".name", { hasText: new RegExp(`^${name}$`) }),
  });
}

/** The pointers of somebody, by the name on them. */
export function pointerOf(
  page: Page,
  name: string,
): ReturnType<Page["locator"]> {
  return page.locator(".pointer", { hasText: name });
}

/** The line of somebody in a document, by the name. */
export function participantOf(
  page: Page,
  name: string,
): ReturnType<Page["locator"]> {
  return page.locator(".participant", {
    has: page.locator(".name", { hasText: new RegExp(`^${name}$`) }),
  });
}

/** The cursor of somebody in a document, by the name on it. */
export function cursorOf(
  page: Page,
  name: string,
): ReturnType<Page["locator"]> {
  return page.locator(".remote-cursor", { hasText: name });
}

/** Which rules of accessibility a page breaks, and where. */
export async function brokenRules(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async () => {
    const { violations } = await globalThis.axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html }) => `${id}: ${html}`)
    );
  });
}

/** What the page has told of who came and went. */
export function told(page: Page): Promise<string[]> {
  return page.locator("#log p").allTextContents();
}

/** As if the tab was hidden behind another one, or shown again. */
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
