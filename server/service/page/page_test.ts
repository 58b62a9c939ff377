import { assert, assertEquals, assertMatch } from "@std/assert";
import { BROWSER_MODULES } from "./browser_modules.ts";
import { contrast } from "../../client/views/color.ts";
import { servePage } from "./mod.ts";

const SITE = "http://127.0.0.1:8787";

function get(path: string, init: RequestInit = {}): Response | undefined {
  return servePage(new Request(`${SITE}${path}`, init));
}

async function textOf(path: string): Promise<string> {
  const response = get(path);
  assert(response, `${path} is not served`);
  return await response.text();
}

/** Returns the paths that a file of the pages imports or loads. */
function wantedBy(file: string, text: string): string[] {
  const references = text.matchAll(/\b(?:src|href)="(\/[^"?]*)/g);
  const imports = text.matchAll(
    /^(?:import|export|\}) [^;]*?"(\.{1,2}\/[^"]+)";$/gm,
  );
  return [...references, ...imports]
    .map(([, path = ""]) => new URL(path, SITE + file).pathname);
}

/** Returns all files that the pages load. */
async function closure(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const wanted = ["/"];
  for (const path of wanted) {
    if (found.has(path)) continue;
    const text = await textOf(path);
    found.set(path, text);
    wanted.push(...wantedBy(path, text));
  }
  return found;
}

Deno.test("servePage() serves all files that the pages load, and no others", async () => {
  const paths = [...(await closure()).keys()];
  for (const path of ["/favicon.svg", "/client/live_client.ts"]) {
    assert(paths.includes(path), `nothing asks for ${path}`);
  }
  const files = ["", "document/", "link/", "people/", "room/", "text/"].flatMap(
    (folder) =>
      [...Deno.readDirSync(new URL(`./${folder}`, import.meta.url))]
        .filter(({ name }) => /\.css$|(?<!_test)\.ts$/.test(name))
        .filter(({ name }) => folder !== "" || name.endsWith(".css"))
        .map(({ name }) => `/${folder}${name}`),
  );
  assert(files.length > 10);
  assertEquals(files.filter((path) => !paths.includes(path)), []);
  const modules = [...BROWSER_MODULES.keys()];
  assertEquals(modules.filter((path) => !paths.includes(path)), []);
});

Deno.test("servePage() serves only what the client and the views need of the package", () => {
  const own = /^\/(document|link|people|room|text)\/\w+\.ts$/;
  const folders = [...BROWSER_MODULES.keys()]
    .filter((path) => !own.test(path))
    .map((path) => path.slice(0, path.lastIndexOf("/") + 1));
  assertEquals([...new Set(folders)].toSorted(), [
    "/",
    "/beacon/",
    "/client/",
    "/client/views/",
    "/core/",
    "/documents/",
    "/documents/people/",
    "/documents/wire/",
    "/replication/",
    "/shared/",
    "/store/",
    "/watch/",
  ]);
  assertEquals(get("/presence_server.ts"), undefined);
});

Deno.test("servePage() serves the beacon without types", async () => {
  const throttle = await textOf("/beacon/throttle.ts");
  assertMatch(
    throttle,
    /export class Throttle\s+\{[^]*\spush\(value\s*\)\s+\{/,
  );
});

Deno.test("servePage() sends the type of each file", () => {
  const types = {
    "/": "text/html; charset=utf-8",
    "/document": "text/html; charset=utf-8",
    "/style.css": "text/css; charset=utf-8",
    "/room/room.ts": "text/javascript; charset=utf-8",
    "/beacon/throttle.ts": "text/javascript; charset=utf-8",
    "/favicon.svg": "image/svg+xml; charset=utf-8",
  };
  for (const [path, type] of Object.entries(types)) {
    const headers = get(path)?.headers;
    assertEquals(headers?.get("content-type"), type);
    assertEquals(headers?.get("x-content-type-options"), "nosniff");
    assertEquals(headers?.get("cache-control"), "no-cache");
    assertEquals(headers?.get("referrer-policy"), "no-referrer");
  }
});

Deno.test("servePage() forbids the pages to load anything from elsewhere", async () => {
  const policy = get("/")?.headers.get("content-security-policy");
  assertEquals(
    policy,
    "default-src 'self'; " +
      "connect-src 'self' ws://127.0.0.1:8787 wss://127.0.0.1:8787; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
      "object-src 'none'",
  );
  for (const text of (await closure()).values()) {
    const names = text.match(/\b(?:https?:)?\/\/[a-z][\w.-]*\.[a-z]+/g) ?? [];
    // That is the namespace of SVG, which is not loaded.
    assertEquals(names.filter((name) => !name.endsWith("//www.w3.org")), []);
  }
});

Deno.test("the pages have no inline code, which the policy would forbid", async () => {
  for (
    const [path, script] of [["/", "room/room"], [
      "/document",
      "document/document",
    ]]
  ) {
    const page = await textOf(path ?? "");
    assertEquals(page.match(/<style|\sstyle=|\son[a-z]+=|javascript:/gi), null);
    const scripts = page.match(/<script[^>]*>[^<]*<\/script>/g);
    assertEquals(scripts, [
      `<script type="module" src="/${script}.ts"></script>`,
    ]);
  }
});

Deno.test("the pages never take text for markup", async () => {
  const markup =
    /\b(innerHTML|outerHTML|insertAdjacentHTML|setHTML\w*|document\.write|eval|parseFromString|createContextualFragment)\b/;
  for (const [path, text] of await closure()) {
    assertEquals(text.match(markup), null, path);
  }
});

Deno.test("servePage() leaves out a host that would change the policy", () => {
  for (const host of ["a;script-src", "a,b", "[::1]:8787"]) {
    const url = `http://${host}/`;
    if (!URL.canParse(url)) continue;
    const response = servePage(new Request(url));
    const policy = response?.headers.get("content-security-policy");
    assertMatch(policy ?? "", /; connect-src 'self'; base-uri /);
  }
});

Deno.test("servePage() returns nothing for other paths and methods", () => {
  const paths = [
    "/v1/presence",
    "/index.html",
    "/document.html",
    "/mod.ts",
    "/room",
    "//",
  ];
  for (const path of paths) assertEquals(get(path), undefined);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    assertEquals(get("/", { method }), undefined);
  }
});

Deno.test("servePage() ignores the query", async () => {
  assertEquals(await textOf("/?guest"), await textOf("/"));
});

Deno.test("servePage() answers HEAD with the same headers as GET", () => {
  const [head, got] = [get("/", { method: "HEAD" }), get("/")];
  assert(head && got);
  assertEquals([...head.headers], [...got.headers]);
});

Deno.test("the colours of the pages have enough contrast, in light and dark", async () => {
  const style = await textOf("/style.css");
  const [light = "", dark = ""] = [...style.matchAll(/:root \{[^}]*\}/g)]
    .map(([text]) => text);
  const pairs = [
    ["ink", "paper"],
    ["ink", "card"],
    ["soft", "paper"],
    ["soft", "card"],
    ["soft", "well"],
    ["accent", "paper"],
    ["accent", "card"],
    ["on-accent", "accent"],
    ["good", "good-paper"],
    ["bad", "bad-paper"],
    ["bad", "card"],
  ] as const;
  for (const theme of [light, dark]) {
    const colors = new Map(
      [...theme.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)]
        .map(([, name = "", color = ""]) => [name, color]),
    );
    const colorOf = (name: string) => {
      const color = colors.get(name);
      assert(color, `no colour ${name}`);
      return color;
    };
    for (const [text, paper] of pairs) {
      const measured = contrast(colorOf(text), colorOf(paper));
      assert(measured >= 4.5, `${text} on ${paper}: ${measured}`);
    }
    // The edges of controls are visible.
    assert(contrast(colorOf("edge"), colorOf("card")) >= 3);
    assert(contrast(colorOf("edge"), colorOf("paper")) >= 3);
  }
});
