/**
 * Histories of agents, each made up from a seed. `RUTHERE_RUNS` is how many;
 * `RUTHERE_SEED` replays one, and tells of it.
 *
 * @module
 */

import { Random } from "../cluster/testing/random.ts";
import { simulateAgents } from "./testing/agent_simulation.ts";

const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);
const SEED = Deno.env.get("RUTHERE_SEED");

/** The first so many are the same in every run; those beyond are others. */
const CONSTANT = 300;

if (SEED === undefined) {
  Deno.test("AgentPresence property: whatever has happened, after healing all agents agree on who lives", async () => {
    const random = new Random(Date.now());
    for (let run = 1; run <= RUNS; run++) {
      const seed = run <= CONSTANT ? run : random.below(2 ** 31);
      try {
        await simulateAgents(seed);
      } catch (error) {
        throw new Error(`The simulation of RUTHERE_SEED=${seed} has failed`, {
          cause: error,
        });
      }
    }
  });
} else {
  Deno.test(`AgentPresence property: the history of seed ${SEED}`, () =>
    simulateAgents(Number(SEED), console.log));
}
