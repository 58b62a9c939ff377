import { assertEquals } from "@std/assert";

const NAMES = [
  "basic_presence_flow",
  "watcher_presence_flow",
  "associated_resource_flow",
  "topic_viewers",
  "document_presence_flow",
];

/** Runs an example as a reader does: by its path, without permissions. */
async function run(name: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", `examples/${name}.ts`],
    cwd: new URL("../", import.meta.url),
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

// To update the expected output:
// deno run examples/NAME.ts > examples/testdata/NAME.txt
for (const name of NAMES) {
  Deno.test(`examples/${name}.ts prints its walk-through`, async () => {
    const url = new URL(`testdata/${name}.txt`, import.meta.url);
    const expected = await Deno.readTextFile(url);
    // Git may have given the file Windows line endings.
    assertEquals(await run(name), expected.replaceAll("\r\n", "\n"));
  });
}
