import type { Page } from "playwright-core";
import { servePage } from "../mod.ts";
import { sharedBrowser } from "./shared_browser.ts";

const BLANK = `<!DOCTYPE html>
<html lang="en">
<title>Blank</title>
<link rel="stylesheet" href="/style.css">
<link rel="stylesheet" href="/document.css">
</html>`;

/**
 * An empty page in a real browser, on a site that serves the files of the page:
 * for tests of the modules that draw something.
 */
export class BlankPage {
  readonly #http: Deno.HttpServer;

  /** The page. */
  readonly page: Page;

  private constructor(http: Deno.HttpServer, page: Page) {
    this.#http = http;
    this.page = page;
  }

  /**
   * Opens the page in the browser that the tests of a file share.
   *
   * @param deviceScaleFactor Pixels of the screen for one of CSS, as zoom changes
   * it.
   */
  static async open(
    executablePath: string,
    deviceScaleFactor = 1,
  ): Promise<BlankPage> {
    const http = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => servePage(request) ?? blank(),
    );
    const browser = await sharedBrowser(executablePath);
    const page = await browser.newPage({ deviceScaleFactor });
    await page.goto(`http://127.0.0.1:${http.addr.port}/blank`);
    return new BlankPage(http, page);
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
    await this.#http.shutdown();
  }
}

function blank(): Response {
  return new Response(BLANK, { headers: { "content-type": "text/html" } });
}
