/**
 * Runs a command with the packages of JSR: from JSR if it answers, else from the
 * stand-ins in `.ci/jsr`. See `.ci/README.md`.
 *
 * @example
 * ```sh
 * deno run -A .ci/with_jsr.ts deno test -A store/
 * ```
 *
 * @module
 */

import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const PROBE = "https://jsr.io/@std/assert/meta.json";
const PATIENCE_MS = 3000;
const WINDOWS = Deno.build.os === "windows";

async function jsrAnswers(): Promise<boolean> {
  try {
    const response = await fetch(PROBE, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * Lays out the stand-ins as a registry, outside the tree: inside it, `deno
 * publish` and `deno pack` would treat it as a part of the package.
 */
async function layOutStandIns(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ruthere-jsr-"));
  await cp(new URL("./jsr/", import.meta.url), folder, { recursive: true });
  return folder;
}

function passOn(signal: Deno.Signal, child: Deno.ChildProcess): void {
  // A terminal sends Ctrl-C to the child too: it needs no second signal.
  if (signal === "SIGINT" && (WINDOWS || Deno.stdin.isTerminal())) return;
  try {
    child.kill(signal);
  } catch {
    // The child has ended already.
  }
}

async function run(command: string[], env: Record<string, string>) {
  const [program = "", ...args] = command;
  const child = new Deno.Command(
    program === "deno" ? Deno.execPath() : program,
    { args, env, stdin: "inherit", stdout: "inherit", stderr: "inherit" },
  ).spawn();
  // Windows has no other signal.
  const signals: Deno.Signal[] = WINDOWS
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => passOn(signal, child));
  }
  return (await child.status).code;
}

/**
 * Runs a command with the packages of JSR.
 *
 * @param command The program and its arguments.
 * @param env Additional variables of its environment.
 * @returns Its exit code.
 */
export async function withJsr(
  command: string[],
  env: Record<string, string> = {},
): Promise<number> {
  if (Deno.env.get("JSR_URL") || await jsrAnswers()) return run(command, env);
  const folder = await layOutStandIns();
  try {
    const url = `${pathToFileURL(folder)}/`;
    console.error(
      `JSR does not answer: using the stand-ins of .ci/jsr, ${url}`,
    );
    return await run(command, { ...env, JSR_URL: url });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(command: string[]): Promise<number> {
  if (command.length > 0) return await withJsr(command);
  console.error("Usage: with_jsr.ts COMMAND [ARGUMENTS]");
  return 2;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
