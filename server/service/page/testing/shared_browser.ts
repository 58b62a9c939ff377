import { type Browser, chromium } from "playwright-core";

let browser: Promise<Browser> | undefined;

/**
 * Returns the browser that all tests of a file share: to start one takes longer
 * than most tests. Each test has contexts of its own in it, which share nothing.
 */
export function sharedBrowser(executablePath: string): Promise<Browser> {
  return browser ??= chromium.launch({ executablePath });
}

Deno.test.afterAll(async () => {
  await (await browser)?.close();
});
