/**
 * Runs the tests, several files at a time, and says at the end what could not
 * be run on this machine. Takes the paths and options of `deno test`.
 *
 * @example
 * ```sh
 * deno run -A .ci/run_tests.ts store/
 * ```
 *
 * @module
 */

import { withJsr } from "./with_jsr.ts";

const TEST = ["deno", "test", "-A", "--doc", "--parallel"];

/** Tests that are left out write why into the file that this names. */
const NOT_RUN = "RUTHERE_NOT_RUN";

async function main(args: string[]): Promise<number> {
  const path = await Deno.makeTempFile({ prefix: "ruthere-not-run-" });
  try {
    const code = await withJsr([...TEST, ...args], { [NOT_RUN]: path });
    const reasons = (await Deno.readTextFile(path)).split("\n");
    for (const reason of new Set(reasons)) {
      if (reason !== "") console.log(`Not run: ${reason}`);
    }
    return code;
  } finally {
    await Deno.remove(path);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
