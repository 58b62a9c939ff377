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

/** How many of them are the same in every run. */
const CONSTANT = 200;

Deno.test({
  name:
    "AgentPresence property: whatever has happened, after healing all agents agree on who lives",
  ignore: SEED !== undefined,
  async fn() {
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
  },
});

Deno.test({
  name: `AgentPresence property: the history of seed ${SEED}`,
  ignore: SEED === undefined,
  fn: () => simulateAgents(Number(SEED), console.log),
});
