/**
 * Histories of agents, generated from seeds. `RUTHERE_RUNS` sets the number;
 * `RUTHERE_SEED` replays one, with a log.
 *
 * @module
 */

import { Random } from "../cluster/testing/random.ts";
import { simulateAgents } from "./testing/agent_simulation.ts";

const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 300);
const SEED = Deno.env.get("RUTHERE_SEED");

/** How many seeds are the same in every run; further ones are random. */
const CONSTANT = 300;

if (SEED === undefined) {
  Deno.test("AgentPresence property: after any history and healing, all agents agree on the live ones", async () => {
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
