/**
 * A suite of cases that every {@linkcode PresenceBackbone} must pass, for authors
 * of backbones. It belongs to no test runner: pass each case to yours, like
 * `test(name, () => run(harness))` of `node:test`, Bun or vitest.
 *
 * @example Usage
 * ```ts
 * import { MemoryBackbone } from "@ruthere/presence/server/cluster";
 * import { backboneSuite } from "@ruthere/presence/server/cluster/testing";
 *
 * for (const { name, run } of backboneSuite()) {
 *   Deno.test(`MemoryBackbone ${name}`, async () => {
 *     const backbone = new MemoryBackbone();
 *     await run({ open: () => backbone, forget: () => backbone.restart() });
 *   });
 * }
 * ```
 *
 * @module
 */

import { CHANGE_CASES } from "./backbone_suite/change_cases.ts";
import type { BackboneHarness } from "./backbone_suite/harness.ts";
import { Lab } from "./backbone_suite/lab.ts";
import { LEASE_CASES } from "./backbone_suite/lease_cases.ts";
import { LIFE_CASES } from "./backbone_suite/life_cases.ts";
import { MESSAGE_CASES } from "./backbone_suite/message_cases.ts";
import { NAME_CASES } from "./backbone_suite/name_cases.ts";
import { WRITE_CASES } from "./backbone_suite/write_cases.ts";

export type { BackboneHarness } from "./backbone_suite/harness.ts";
export { BackboneContractError } from "./backbone_suite/assertions.ts";

/** One case that a backbone must pass. */
export interface BackboneCase {
  /** What the backbone must do; begins with the call that it is about. */
  readonly name: string;
  /**
   * Runs the case. It closes its own connections, also when it fails; the caller
   * closes what the harness has opened.
   *
   * @param harness Gives access to an empty backbone that nobody else uses.
   * @throws {BackboneContractError} If the backbone breaks the contract.
   */
  run(harness: BackboneHarness): Promise<void>;
}

/**
 * Returns the cases. They need a real clock. They wait up to 20 s for each thing
 * that must happen, and expect nothing to be fast.
 *
 * @returns All cases. Each may run alone, in any order, and at the same time as
 * others if their harnesses share nothing.
 *
 * @example Usage
 * ```ts
 * import { MemoryBackbone } from "@ruthere/presence/server/cluster";
 * import { backboneSuite } from "@ruthere/presence/server/cluster/testing";
 * import { assert } from "@std/assert";
 *
 * const [first] = backboneSuite();
 * const backbone = new MemoryBackbone();
 * await first?.run({
 *   open: () => backbone,
 *   forget: () => backbone.restart(),
 * });
 * assert(first?.name.startsWith("acquire()"));
 * ```
 */
export function backboneSuite(): readonly BackboneCase[] {
  const cases = {
    ...LEASE_CASES,
    ...LIFE_CASES,
    ...WRITE_CASES,
    ...CHANGE_CASES,
    ...NAME_CASES,
    ...MESSAGE_CASES,
  };
  return Object.entries(cases).map(([name, look]) => ({
    name,
    run: async (harness) => {
      const lab = new Lab(harness);
      try {
        await look(lab);
      } finally {
        await lab.close();
      }
    },
  }));
}
