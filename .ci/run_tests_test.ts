import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("./run_tests.ts", import.meta.url));
const PROGRAMS = new URL("../server/testing/programs.ts", import.meta.url);

/** A file with a skipped test, and one that passes or fails. */
function fileOf(passes: boolean): string {
  return `
    import { leaveOut } from ${JSON.stringify(PROGRAMS.href)};
    leaveOut("the tests that need a crystal ball.");
    Deno.test({ name: "needs it", ignore: true, fn() {} });
    Deno.test("does not", () => {
      if (!${passes}) throw new Error("It fails");
    });`;
}

/** Runs test files; returns the exit code and the last lines of output. */
async function run(files: Record<string, string>) {
  const folder = await Deno.makeTempDir({ prefix: "ruthere-tests-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", SCRIPT, "--no-check", folder],
      env: { NO_COLOR: "1", CI: "" },
      stderr: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split(/\n+/);
    return { code, lines: lines.slice(-2) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("run_tests.ts prints last how many tests passed, and what did not run", async () => {
  const { code, lines } = await run({
    "a_test.ts": fileOf(true),
    "b_test.ts": fileOf(true),
  });
  assertEquals(code, 0);
  assertMatch(lines[0] ?? "", /^ok \| 2 passed \| 0 failed \| 2 ignored/);
  assertEquals(lines[1], "Not run: the tests that need a crystal ball.");
});

Deno.test("run_tests.ts fails if a test does", async () => {
  const { code, lines } = await run({
    "a_test.ts": fileOf(true),
    "b_test.ts": fileOf(false),
  });
  assertEquals(code, 1);
  assertMatch(lines[0] ?? "", /^FAILED \| 1 passed \| 1 failed \| 2 ignored/);
});
