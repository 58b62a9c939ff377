import { backboneSuite } from "./backbone_suite.ts";
import { MemoryBackbone } from "./memory_backbone.ts";

for (const { name, run } of backboneSuite()) {
  Deno.test(`MemoryBackbone ${name}`, async () => {
    const backbone = new MemoryBackbone();
    await run({ open: () => backbone, forget: () => backbone.restart() });
  });
}
