/**
 * Bundles the installed package for browsers: what a page downloads, and what
 * remains of a module that it does not use.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { build } from "esbuild";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const PACKAGE = "@ruthere/presence";
const KB = 1_024;

/** What a page imports, from where, and the most kB of that by gzip. */
const PAGES: readonly (readonly [names: string, door: string, kB: number])[] = [
  ["{ PresenceClient }", "/client", 4],
  ["{ PresenceClient, PresenceView }", "/client", 6.5],
  ["{ LiveClient }", "/client", 12],
  ["*", "/react", 0.8],
  ["*", "/solid", 0.7],
  ["*", "/svelte", 0.65],
  ["*", "/vue", 0.7],
  ["{ CursorRenderer }", "/views", 3.5],
  ["{ TextareaEditor }", "/views", 2.5],
  ["{ PointerRenderer }", "/views", 3],
  ["{ TypingIndicator }", "/views", 2.2],
  ["{ AvatarStack }", "/views", 3.5],
  ["{ follow, scrolledView }", "/views", 0.8],
  ["*", "/views", 8.2],
  ["{ Awareness }", "/awareness", 1.6],
  ["{ syncDiff, syncState }", "/server/topics/state", 1.2],
  ["{ Throttle }", "/beacon", 1],
  ["*", "/beacon", 3.5],
];

/** The same from doors of the server, which is left out. */
const FROM_THE_SERVER: typeof PAGES = [
  ["{ PresenceView }", "/server", 3],
  ["{ PresenceView }", "", 3],
  ["{ syncDiff, syncState }", "/server/topics", 1.2],
  ["{ syncDiff, syncState }", "", 1.2],
  ["{ Throttle }", "", 1],
];

/**
 * Doors that only servers use, all of which need other packages or Node's
 * modules. Nothing is won by leaving parts of them out.
 */
const FOR_SERVERS = [
  "/server/agents",
  "/server/cluster/nats",
  "/server/cluster/redis",
  "/server/cluster/testing",
  "/server/http",
  "/server/metrics",
  "/server/phoenix",
  "/server/tokens",
];

async function bundle(project: string, code: string) {
  const { outputFiles: [output], metafile } = await build({
    stdin: { contents: code, resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    format: "esm",
    logLevel: "silent",
    metafile: true,
    minify: true,
    platform: "browser",
    write: false,
  });
  assert(output !== undefined);
  return {
    text: output.text,
    bytes: output.contents.length,
    gzipped: gzipSync(output.contents).length,
    files: Object.keys(metafile.inputs),
  };
}

/** Prints the sizes of what pages import, and fails if one is over its bound. */
export async function checkPages(project: string): Promise<void> {
  const tooLarge: string[] = [];
  for (const page of [...PAGES, ...FROM_THE_SERVER]) {
    const [names, door, kB] = page;
    const code = `export ${names} from "${PACKAGE}${door}"`;
    const { text, bytes, gzipped, files } = await bundle(project, code);
    const line = `${code}: ${bytes} bytes, ${gzipped} by gzip`;
    console.log(line);
    if (gzipped > kB * KB) tooLarge.push(line);
    assert(!/["']node:|\bDeno\b/.test(text), line);
    // A page without a bundler loads all files.
    const loadsServer = files.some((file) => /presence_server\.js$/.test(file));
    assertEquals(loadsServer, FROM_THE_SERVER.includes(page), line);
  }
  assertEquals(tooLarge, []);
}

/** Fails if something remains of a door of which nothing is used. */
export async function checkEffects(project: string): Promise<void> {
  const folder = join(project, "node_modules", PACKAGE);
  const manifest = await readFile(join(folder, "package.json"), "utf8");
  const doors = Object.keys(JSON.parse(manifest).exports)
    .map((door) => door.slice(1))
    .filter((door) => !FOR_SERVERS.includes(door));
  const left: Record<string, string> = {};
  for (const door of doors) {
    const { text } = await bundle(project, `import "${PACKAGE}${door}"`);
    if (text !== "") left[door] = text.slice(0, 1_000);
  }
  assertEquals(left, {});
}

/** Fails if a class has a statement of its own besides it, or within it. */
export async function checkClasses(project: string): Promise<void> {
  const folder = join(project, "node_modules", PACKAGE);
  const found: string[] = [];
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(".js")) continue;
    const code = await readFile(join(folder, file), "utf8");
    if (/^_computedKey|^\s*static\s*\{/m.test(code)) found.push(file);
  }
  assertEquals(found, []);
}
