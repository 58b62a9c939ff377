/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { upgradeInDeno } from "../../phoenix/mod.ts";
import { serve } from "../../phoenix/testing/service.ts";
import { browserTest } from "../../service/page/testing/browser.ts";
import { listen } from "../../testing/listen.ts";
import { eventually } from "../../testing/waiting.ts";
import { bundle } from "../bindings/testing/bundle.ts";
import type { Carets } from "./testing/page.ts";

const EDITORS = ["codemirror", "prosemirror", "quill", "tiptap", "lexical"];

let script: Promise<string> | undefined;

/** Bundles the page with all editors. */
function bundlePage(): Promise<string> {
  const { href } = new URL("testing/page.ts", import.meta.url);
  const files = { "main.tsx": `export * from "${href}";` };
  return bundle(files, { platform: "browser", format: "esm" });
}

const HTML = `<!DOCTYPE html>
<html lang="en">
<title>Editor</title>
<body>
<script type="module" src="/page.js"></script>`;

/** Serves the page, and rooms. */
function openSite(graceMs: number): AsyncDisposable & { readonly url: string } {
  const service = serve({ server: { graceMs } });
  const http = listen(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/socket/websocket") {
      return upgradeInDeno(service.endpoint, request);
    }
    const isScript = pathname === "/page.js";
    const type = isScript ? "text/javascript" : "text/html";
    const body = isScript ? await (script ??= bundlePage()) : HTML;
    return new Response(body, { headers: { "content-type": type } });
  });
  return {
    url: `http://127.0.0.1:${http.addr.port}/`,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await http.shutdown();
    },
  };
}

/** Code that reads what the module of a page exports. */
const inPage = (code: string) =>
  `import("/page.js").then(({ editor, counts }) => ${code})`;

/** Waits until a page shows the cursors of others. */
async function untilCarets(page: Page, ...carets: Carets): Promise<void> {
  const wanted = JSON.stringify(carets);
  const shown = inPage("JSON.stringify(editor.carets())");
  await eventually(
    async () => await page.evaluate(shown) === wanted,
    `the page shows ${wanted}`,
  );
}

/** Puts the cursor of a page somewhere. */
async function put(page: Page, at: number): Promise<void> {
  await page.evaluate(inPage(`editor.put(${at})`));
}

/** Defines a test with an editor, in pages that must have no errors. */
function editorTest(
  editor: string,
  name: string,
  graceMs: number,
  run: (open: (name: string, at: number) => Promise<Page>) => Promise<void>,
): void {
  browserTest(`${editor}: ${name}`, async (people) => {
    await using site = openSite(graceMs);
    await run(async (name, at) => {
      const page = await people.newPage();
      const query = new URLSearchParams({ editor, name, at: String(at) });
      query.set("room", editor);
      await page.goto(`${site.url}?${query}`);
      return page;
    });
  });
}

for (const editor of EDITORS) {
  editorTest(
    editor,
    "two people see the cursors of each other, also after a reload",
    600_000,
    async (open) => {
      const [ada, bob] = await Promise.all([open("Ada", 3), open("Bob", 7)]);
      await untilCarets(ada, ["Bob", 7]);
      await untilCarets(bob, ["Ada", 3]);
      await put(ada, 10);
      await untilCarets(bob, ["Ada", 10]);
      await put(bob, 0);
      await untilCarets(ada, ["Bob", 0]);
      await bob.evaluate(inPage("counts.length = 0"));
      await ada.reload();
      await untilCarets(ada, ["Bob", 0]);
      await untilCarets(bob, ["Ada", 3]);
      // It was not gone for a moment.
      assertEquals(await bob.evaluate(inPage("[...new Set(counts)]")), [1]);
    },
  );

  editorTest(editor, "the cursor of a page that dies goes", 1, async (open) => {
    const [ada, bob] = await Promise.all([open("Ada", 3), open("Bob", 7)]);
    await untilCarets(bob, ["Ada", 3]);
    await untilCarets(ada, ["Bob", 7]);
    await ada.close();
    await untilCarets(bob);
  });
}
