import { assertEquals } from "@std/assert";
import { delimiter, join } from "node:path";
import { findProgram } from "./programs.ts";

const IS_WINDOWS = Deno.build.os === "windows";

Deno.test("findProgram() looks into the folders of a PATH in their order", async () => {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()];
  const path = folders.join(delimiter);
  const file = IS_WINDOWS ? "program.exe" : "program";
  const [first = "", second = ""] = folders.map((folder) => join(folder, file));
  assertEquals(findProgram("program", path), undefined);
  await Deno.writeTextFile(second, "");
  assertEquals(findProgram("program", path), second);
  await Deno.writeTextFile(first, "");
  assertEquals(findProgram("program", path), first);
  for (const folder of folders) await Deno.remove(folder, { recursive: true });
});

Deno.test("findProgram() finds what Debian hides from ordinary users", () => {
  const folder = "/usr/sbin";
  const [name = "program"] = IS_WINDOWS
    ? []
    : [...Deno.readDirSync(folder)].map(({ name }) => name);
  const place = IS_WINDOWS ? undefined : join(folder, name);
  assertEquals(findProgram(name, ""), place);
});
