/**
 * What every {@linkcode PresenceBackbone} must do, as one suite of cases, for
 * the author of another backbone to run. It belongs to no test runner: give each
 * case to your own, as `test(name, () => run(harness))` of `node:test`, Bun or
 * vitest.
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

export type {
  BackboneConnection,
  BackboneListener,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  PresenceBackbone,
  Renewal,
  Row,
  RowChange,
  RowWrite,
  Written,
} from "./backbone.ts";
export type { BackboneHarness } from "./backbone_suite/harness.ts";
export { BackboneContractError } from "./backbone_suite/assertions.ts";

/** One thing that a backbone must do. */
export interface BackboneCase {
  /** What that is; begins with the call that it is about. */
  readonly name: string;
  /**
   * Looks whether it does. What the case has connected is closed when it ends,
   * however it ends; what the harness itself has opened is left to the caller.
   *
   * @param harness A backbone that is empty, and that nobody else uses.
   * @throws {BackboneContractError} If the backbone does otherwise.
   */
  run(harness: BackboneHarness): Promise<void>;
}

/**
 * The cases. They take a real clock: what must happen is waited for, up to 20 s
 * each time, and no case expects anything to be fast.
 *
 * @returns All cases, each of which may run alone, in any order, and beside
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
