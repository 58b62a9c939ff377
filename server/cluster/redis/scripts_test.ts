import { assertEquals } from "@std/assert";
import { generateScripts, readScripts } from "./testing/generate_scripts.ts";

Deno.test("scripts.ts is what the .lua files say", async () => {
  const code = await Deno.readTextFile(new URL("scripts.ts", import.meta.url));
  // deno run -A server/cluster/redis/testing/generate_scripts.ts
  assertEquals(code, await generateScripts());
});

Deno.test("the header of each script names its KEYS and ARGV", async () => {
  const scripts = await readScripts();
  assertEquals(scripts.length, 9);
  for (const [name, text] of scripts) {
    const header = /^(?:--.*\n)+/.exec(text)?.[0] ?? "";
    const named = new Set(header.match(/(KEYS|ARGV)\[\d+\]/g));
    const used = new Set(
      text.slice(header.length).match(/(KEYS|ARGV)\[\d+\]/g),
    );
    const missing = [...used].filter((argument) => !named.has(argument));
    assertEquals(missing, [], `${name}.lua`);
  }
});
