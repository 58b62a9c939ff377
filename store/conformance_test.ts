import { assert } from "@std/assert";
import type { ConformanceDocument } from "./testing/conformance_document.ts";
import { ConformanceReplay } from "./testing/conformance_replay.ts";

/** The folder of recorded runs: `RUTHERE_VECTORS`, or the test data. */
const FOLDER = Deno.env.get("RUTHERE_VECTORS") ||
  new URL("./testdata/", import.meta.url);

async function read(file: string): Promise<ConformanceDocument> {
  const path = typeof FOLDER === "string"
    ? `${FOLDER}/${file}`
    : new URL(file, FOLDER);
  const bytes = await Deno.readFile(path);
  const body = new Blob([bytes]).stream();
  const text = file.endsWith(".gz")
    ? body.pipeThrough(new DecompressionStream("gzip"))
    : body;
  return await new Response(text).json();
}

Deno.test("conformance: PresenceStore behaves like the reference", async (t) => {
  const files = Array.from(Deno.readDirSync(FOLDER), ({ name }) => name)
    .filter((name) => /\.json(\.gz)?$/.test(name))
    .sort();
  assert(files.length > 0, `Cannot replay ${FOLDER}: no document is there`);
  for (const file of files) {
    await t.step(file, async () => {
      new ConformanceReplay(await read(file)).run();
    });
  }
});
