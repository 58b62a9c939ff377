import { assert, assertEquals } from "@std/assert";
import { stop as stopCompiler } from "esbuild";
import { browserTest } from "../../service/page/testing/browser.ts";
import { until } from "../testing/live.ts";
import { bundle, type Files } from "./testing/bundle.ts";
import { compileSolid, compileSvelte, compileVue } from "./testing/compile.ts";
import { openStage } from "./testing/room.ts";

const README = await Deno.readTextFile(new URL("README.md", import.meta.url));

/** Returns the files that a section of the README shows, by their names. */
function filesOf(section: string): [name: string, text: string][] {
  const [, text = ""] = README.split(`\n### ${section}\n`);
  const [own = ""] = text.split("\n### ");
  const [client = ""] = README.split("\n## Quick starts\n")[1]
    ?.split("\n### ") ?? [];
  const blocks = `${client}${own}`.matchAll(
    /^```.*\n(?:\/\/|<!--) (\S+).*\n([^]*?)^```$/gm,
  );
  return [...blocks].map(([, name = "", text = ""]) => [name, text]);
}

/** How quick starts are compiled and started. */
interface Framework {
  /** Draws into `#app`, and unmounts on the event `end` of the window. */
  readonly main: string;
  /** Compiles a file; most need no other compiler than the bundler. */
  compile?(name: string, text: string): string | Promise<string>;
}

const FRAMEWORKS: Readonly<Record<string, Framework>> = {
  React: {
    main: `
      import { StrictMode } from "react";
      import { createRoot } from "react-dom/client";
      import { App } from "./App.tsx";
      const root = createRoot(document.querySelector("#app"));
      root.render(<StrictMode><App /></StrictMode>);
      addEventListener("end", () => root.unmount());
    `,
  },
  Vue: {
    main: `
      import { createApp } from "vue";
      import App from "./App.vue.ts";
      const app = createApp(App);
      app.mount("#app");
      addEventListener("end", () => app.unmount());
    `,
    compile: (name, text) => /\.vue$/.test(name) ? compileVue(text) : text,
  },
  Svelte: {
    main: `
      import { mount, unmount } from "svelte";
      import App from "./App.svelte.ts";
      const app = mount(App, { target: document.querySelector("#app") });
      addEventListener("end", () => unmount(app));
    `,
    compile: (name, text) =>
      /\.svelte$/.test(name) ? compileSvelte(text, "client") : text,
  },
  Solid: {
    main: `
      import { createComponent, render } from "solid-js/web";
      import { App } from "./App.tsx";
      const app = document.querySelector("#app");
      const end = render(() => createComponent(App, {}), app);
      addEventListener("end", end);
    `,
    compile: (name, text) => /\.tsx$/.test(name) ? compileSolid(text) : text,
  },
};

/** Bundles a quick start that connects to a service. */
async function build(name: string, framework: Framework, url: string) {
  const files: Files = Object.fromEntries(
    await Promise.all(
      filesOf(name).map(async ([file, text]) => {
        const code = await framework.compile?.(file, text) ?? text;
        return [
          file.replace(/\.(vue|svelte)$/, ".$1.ts"),
          code.replace("http://localhost:8787", url)
            .replaceAll(/(?<=from ".*\.(vue|svelte))(?=")/g, ".ts"),
        ];
      }),
    ),
  );
  assert(Object.keys(files).length > 2);
  const all = { ...files, "main.tsx": framework.main };
  return await bundle(all, { platform: "browser", format: "esm" });
}

const HTML = `<!DOCTYPE html>
<html lang="en">
<title>Quick start</title>
<style>main { height: 100vh; }</style>
<div id="app"></div>
<script type="module" src="/main.js"></script>
</html>`;

/** Serves a page with a script. */
function serveSite(script: () => string) {
  return Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => {
      const isScript = request.url.endsWith("/main.js");
      const type = isScript ? "text/javascript" : "text/html";
      const headers = { "content-type": type };
      return new Response(isScript ? script() : HTML, { headers });
    },
  );
}

for (const [name, framework] of Object.entries(FRAMEWORKS)) {
  browserTest(`the quick start of ${name} shows cursors`, async (people) => {
    let script = "";
    await using site = serveSite(() => script);
    const url = `http://127.0.0.1:${site.addr.port}`;
    await using stage = openStage({ origins: [url] });
    script = await build(name, framework, stage.url);
    const bob = stage.client("bob").room("doc-42", {
      facets: { name: "Bob", cursor: { x: 10, y: 20 } },
    });
    const page = await people.newPage();
    await page.goto(url);
    const cursor = page.getByText("Bob");
    await cursor.waitFor();
    const box = await cursor.boundingBox();
    assertEquals([box?.x, box?.y], [10, 20]);
    bob.update({ cursor: { x: 50, y: 60 } });
    await page.locator('[style*="50px"][style*="60px"]').waitFor();
    await page.mouse.move(30, 40);
    const [ada] = await until(
      bob.others,
      ([ada]) => ada?.facets.cursor !== undefined,
    );
    const { name: nameOfAda, cursor: itsCursor } = ada?.facets ?? {};
    assertEquals([nameOfAda, itsCursor], ["Ada", { x: 30, y: 40 }]);
    await page.evaluate("dispatchEvent(new Event('end'))");
    await until(bob.others, (all) => all.length === 0);
  });
}

Deno.test.afterAll(() => stopCompiler());
