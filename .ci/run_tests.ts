/**
 * Runs the tests, several files at a time, and lists at the end what could not
 * run on this machine. Accepts the paths and options of `deno test`.
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

/** Many tests wait more than they compute: two files for each core. */
const JOBS = Deno.env.get("DENO_JOBS") ??
  `${2 * navigator.hardwareConcurrency}`;

/** Names the file to which skipped tests write the reason. */
const NOT_RUN = "RUTHERE_NOT_RUN";

async function main(args: string[]): Promise<number> {
  const path = await Deno.makeTempFile({ prefix: "ruthere-not-run-" });
  try {
    const env = { DENO_JOBS: JOBS, [NOT_RUN]: path };
    const code = await withJsr([...TEST, ...args], env);
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
