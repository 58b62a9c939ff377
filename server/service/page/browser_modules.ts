/**
 * The modules that the pages run: their own, and those of the package that they
 * import, without their types. So the page has no code of its own for what the
 * package does already, and needs no build step.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";

/**
 * The scripts of the pages. Nobody calls these imports; but a service may read
 * the modules that it could import, and no other files.
 */
const SCRIPTS = {
  "/room/room.ts": () => import("./room/room.ts"),
  "/document/document.ts": () => import("./document/document.ts"),
};

/** An import or export of another file. */
const FILE_IMPORT = /^(?:import|export|\}) [^;]*?"(\.{1,2}\/[^"]+)";$/gm;

/** Adds a module, and all that it imports, to those that are found. */
async function collect(
  path: string,
  file: URL,
  found: Map<string, string>,
): Promise<void> {
  if (found.has(path)) return;
  const { default: source }: { default: string } = await import(file.href, {
    with: { type: "text" },
  });
  const code = path.endsWith(".ts") ? stripTypeScriptTypes(source) : source;
  found.set(path, code);
  for (const [, specifier = ""] of code.matchAll(FILE_IMPORT)) {
    const { pathname } = new URL(specifier, `http://localhost${path}`);
    await collect(pathname, new URL(specifier, file), found);
  }
}

const modules = new Map<string, string>();
for (const path of Object.keys(SCRIPTS)) {
  await collect(path, new URL(`.${path}`, import.meta.url), modules);
}

/** The code of each module, by the path that browsers ask for. */
export const BROWSER_MODULES: ReadonlyMap<string, string> = modules;
