/// <reference lib="dom" />

import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Page,
} from "playwright-core";
import axe from "axe-core";
import { assert, assertEquals } from "@std/assert";
import { findProgram, isFile, leaveOut } from "../../../testing/programs.ts";
import { sharedBrowser } from "./shared_browser.ts";
import { sharedService } from "./shared_service.ts";

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

/** Where Chromium is, if it is installed. */
export const CHROMIUM = findChromium();

/**
 * A browser context with a tab, which one test after another uses: a new one would
 * need a process, and take longer than most tests.
 */
interface Seat {
  readonly context: BrowserContext;
  readonly page: Page;
  /** The errors of its pages. */
  readonly errors: string[];
}

/** The seats that no test uses now. */
const freeSeats: Seat[] = [];

/** How many rooms tests have used. */
let rooms = 0;

const VIEWPORT = { width: 1280, height: 720 };

/** Cursors are at once where they are. */
const STILL = { reducedMotion: "reduce" } as const;

async function makeSeat(
  browser: Browser,
  options: BrowserContextOptions = { viewport: VIEWPORT, ...STILL },
): Promise<Seat> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  const errors: string[] = [];
  context.on("weberror", (error) => errors.push(String(error.error())));
  context.on("console", (message) => {
    const text = message.text();
    if (/content security policy/i.test(text)) errors.push(text);
  });
  return { context, page: await context.newPage(), errors };
}

/** Several browsers in one, each a person of its own. */
export class People implements AsyncDisposable {
  readonly #browser: Browser;
  readonly #seats: Seat[] = [];
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
    const inUse = this.#seats.flatMap(({ errors }) => errors);
    return [...this.#errors, ...inUse];
  }

  /** Opens the room as a new person, and waits until they have joined. */
  async joinRoom(url: string, name: string): Promise<Page> {
    const page = await this.openAs(url, { name });
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
    const page = await this.newPage();
    await goToStorage(page, url);
    await page.evaluate(
      (profile) => localStorage.setItem("ruthere profile", profile),
      JSON.stringify(profile),
    );
    await page.goto(url);
    return page;
  }

  /** Opens the room in a tab, and waits until its person has joined. */
  async open(page: Page, url: string): Promise<Page> {
    await page.goto(url);
    await page.locator(".chip[data-you]").waitFor();
    return page;
  }

  /**
   * Opens an empty page as a new person.
   *
   * @param options Those of a new browser, which the test has to close.
   */
  async newPage(options?: BrowserContextOptions): Promise<Page> {
    const free = options === undefined ? freeSeats.pop() : undefined;
    const seat = free ?? await makeSeat(this.#browser, options);
    this.#seats.push(seat);
    return seat.page;
  }

  /**
   * Gives the browsers that are still open to later tests, as if they were new. The
   * service must still run.
   */
  async release(): Promise<void> {
    for (const seat of this.#seats.splice(0)) {
      const { context, page, errors } = seat;
      this.#errors.push(...errors.splice(0));
      if (page.isClosed()) {
        await context.close();
        continue;
      }
      for (const other of context.pages()) {
        if (other !== page) await other.close();
      }
      await goToStorage(page, page.url());
      await page.evaluate(() => {
        localStorage.clear();
        sessionStorage.clear();
      });
      await page.mouse.move(0, 0);
      await page.setViewportSize(VIEWPORT);
      await page.emulateMedia({ colorScheme: "light", ...STILL });
      freeSeats.push(seat);
    }
  }

  /** Closes the browsers that are not released. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#seats.map(({ context }) => context.close()));
  }
}

/** Opens a file of the service: it has the storage of its pages, and no script. */
async function goToStorage(page: Page, url: string): Promise<void> {
  const { href } = new URL("/favicon.svg", url);
  if (page.url() !== href) await page.goto(href);
}

/**
 * Defines a test with people in a browser, whose pages must have no errors.
 *
 * @param name The name of the test.
 * @param run The test.
 * @param isReady Whether all else is installed that the test needs.
 */
export function browserTest(
  name: string,
  run: (people: People, t: Deno.TestContext) => Promise<void>,
  isReady = true,
): void {
  Deno.test({
    name,
    ignore: !isReady || CHROMIUM === undefined,
    // Playwright keeps timers after the test.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn(t) {
      assert(CHROMIUM);
      await using people = await People.start(CHROMIUM);
      await run(people, t);
      assertEquals(people.errors, []);
    },
  });
}

/**
 * Defines a test of a service that the tests of a file share.
 *
 * @param name The name of the test.
 * @param run The test, with the URL of the service, and the name of a room or a
 * document that no other test uses.
 * @param args The options of the service.
 * @param env Variables added to its environment.
 */
export function sharedTest(
  name: string,
  run: (people: People, url: string, room: string) => Promise<void>,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): void {
  browserTest(name, async (people) => {
    const { url } = await sharedService(args, env);
    await run(people, url, `test-${++rooms}`);
    await people.release();
  });
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
  return page.locator(".remote-pointer", { hasText: name });
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

/** Runs the command that a page shows, with variables for it. */
export async function runCommand(
  page: Page,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const command = await page.locator("#command").textContent() ?? "";
  const { success } = await new Deno.Command("sh", {
    args: ["-c", command.replace("curl", "curl --silent --fail")],
    env,
    stdout: "null",
  }).output();
  assert(success);
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
