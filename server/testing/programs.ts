import { delimiter, join } from "node:path";

const IS_WINDOWS = Deno.build.os === "windows";

/** Debian has servers here, where the PATH of ordinary users does not lead. */
const BESIDE_PATH = IS_WINDOWS ? [] : ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/**
 * Finds a program that tests start.
 *
 * @param name Its name, without the `.exe` of Windows.
 * @param path Where to look first, as in the environment variable `PATH`.
 * @returns Where it is, or `undefined` if this machine has none.
 */
export function findProgram(
  name: string,
  path: string = Deno.env.get("PATH") ?? "",
): string | undefined {
  const file = IS_WINDOWS ? `${name}.exe` : name;
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  return [...folders, ...BESIDE_PATH]
    .map((folder) => join(folder, file))
    .find(isFile);
}

/** Whether a file is there. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Says that tests can't be run on this machine: at the end of all tests if
 * `.ci/run_tests.ts` runs them, else at once.
 *
 * @param tests Which, and what to do about it.
 * @throws {Error} In CI, where no test may be left out.
 */
export function leaveOut(tests: string): void {
  if (Deno.env.get("CI") === "true") throw new Error(`Cannot run ${tests}`);
  const notes = Deno.env.get("RUTHERE_NOT_RUN");
  if (notes === undefined) console.error(`\nNot run: ${tests}\n`);
  else Deno.writeTextFileSync(notes, `${tests}\n`, { append: true });
}
