/**
 * Writes `scripts.ts` anew from the `.lua` files beside it: what is published
 * can't read files everywhere, but it can import modules.
 *
 * @example
 * ```sh
 * deno run -A server/cluster/redis/testing/generate_scripts.ts
 * ```
 *
 * @module
 */

const FOLDER = new URL("../", import.meta.url);
const TARGET = new URL("scripts.ts", FOLDER);

async function sha1(text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-1", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The name and the text of each script, by the name. */
export async function readScripts(): Promise<readonly [string, string][]> {
  const scripts: [string, string][] = [];
  for await (const { name } of Deno.readDir(FOLDER)) {
    const [, stem] = /^(.*)\.lua$/.exec(name) ?? [];
    if (stem === undefined) continue;
    scripts.push([stem, await Deno.readTextFile(new URL(name, FOLDER))]);
  }
  return scripts.sort(([a], [b]) => a < b ? -1 : 1);
}

/** What `scripts.ts` must be. */
export async function generateScripts(): Promise<string> {
  let code = `// deno-fmt-ignore-file
// Generated from the .lua files: see testing/generate_scripts.ts.

/** A script of Redis. */
export interface RedisScript {
  /** What it is called by. */
  readonly sha1: string;
  /** Its text, in Lua. */
  readonly text: string;
}

type ScriptName =
${(await readScripts()).map(([name]) => `  | "${name}"`).join("\n")};

/** The scripts by their names. */
export const SCRIPTS: Readonly<Record<ScriptName, RedisScript>> = {
`;
  for (const [name, text] of await readScripts()) {
    if (/[`$\\]/.test(text)) throw new Error(`${name}.lua has one of \` $ \\`);
    code += `  ${name}: {
    sha1: "${await sha1(text)}",
    text: \`${text}\`,
  },
`;
  }
  return `${code}};\n`;
}

if (import.meta.main) {
  await Deno.writeTextFile(TARGET, await generateScripts());
}
