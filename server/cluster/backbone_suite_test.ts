import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { BackboneContractError, backboneSuite } from "./backbone_suite.ts";
import { BUGS } from "./testing/backbone_bugs.ts";
import { BrokenBackbone } from "./testing/broken_backbone.ts";

/** Runs an action while fake time advances. */
async function inFakeTime(action: () => Promise<void>): Promise<void> {
  using time = new FakeTime();
  let isDone = false;
  const settled = action().finally(() => isDone = true);
  settled.catch(() => {});
  while (!isDone) await time.tickAsync(100);
  await settled;
}

Deno.test("backboneSuite() has a name for each case, and no name twice", () => {
  const names = backboneSuite().map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  assert(names.every((name) => /^[a-z]+\(\) /.test(name)));
});

for (const [name, bug] of Object.entries(BUGS)) {
  Deno.test(`backboneSuite() finds that ${name}`, async () => {
    const found = backboneSuite().find(({ name }) => name === bug.case);
    assert(found !== undefined, `There is no case "${bug.case}"`);
    const broken = new BrokenBackbone(bug);
    await assertRejects(
      () =>
        inFakeTime(() =>
          found.run({ open: () => broken, forget: () => broken.forget() })
        ),
      BackboneContractError,
    );
  });
}
