import { assert, assertEquals } from "@std/assert";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = new URL("../../../../", import.meta.url);

/** The files of a program by their names; `main.tsx` is the one that is run. */
export type Files = Readonly<Record<string, string>>;

/** Where a program runs, and as what it is bundled. */
export type Target =
  /** A module for a page. */
  | { platform: "browser"; format: "esm" }
  /** What `run()` takes. */
  | { platform: "browser" | "deno"; format: "cjs" };

/** Returns what programs may import: the doors of the package, and what tests do. */
async function importMap(): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(new URL("deno.json", ROOT));
  const { name, exports, imports, scopes } = JSON.parse(text);
  const doors = Object.entries<string>(exports)
    .map(([door, file]) => [name + door.slice(1), new URL(file, ROOT).href]);
  return { ...imports, ...scopes["./"], ...Object.fromEntries(doors) };
}

/**
 * Bundles a program with the packages that it imports, as the build of an
 * application does.
 */
export async function bundle(
  files: Files,
  { platform, format }: Target,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ruthere-bundle-"));
  try {
    const config = {
      imports: await importMap(),
      compilerOptions: { jsx: "react-jsx", jsxImportSource: "react" },
    };
    const all = { ...files, "deno.json": JSON.stringify(config) };
    for (const [name, text] of Object.entries(all)) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--platform", platform, "--format", format, "main.tsx"],
      cwd: folder,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    assertEquals(code, 0, decoder.decode(stderr));
    return decoder.decode(stdout);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs a bundle.
 *
 * @param globals What it sees as globals, which no other code does.
 * @returns What it exports.
 */
export function run<P>(
  bundled: string,
  globals: Readonly<Record<string, unknown>> = {},
): P {
  const module: { exports?: P } = {};
  const program = new Function("module", ...Object.keys(globals), bundled);
  program(module, ...Object.values(globals));
  assert(module.exports !== undefined);
  return module.exports;
}
