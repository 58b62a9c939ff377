import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { RUNS } from "./testing/harness.ts";
import { Ticks } from "./ticks.ts";

/** Nothing is later than that. */
const TICK_MS = 10;

Deno.test("Ticks property: all that is due is taken, once, and nothing before it is", () => {
  const step = fc.oneof(
    fc.record({
      item: fc.integer({ min: 0, max: 9 }),
      due: fc.integer({ min: -100, max: 500 }),
    }),
    fc.record({ item: fc.integer({ min: 0, max: 9 }) }),
    fc.record({ now: fc.integer({ min: -50, max: 600 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const ticks = new Ticks<number>();
      const model = new Map<number, number>();
      for (const step of steps) {
        if ("now" in step) {
          const { now } = step;
          const taken = ticks.takeDue(now);
          assertEquals(new Set(taken).size, taken.length);
          for (const item of taken) {
            assert((model.get(item) ?? Infinity) <= now, "it is due");
            model.delete(item);
          }
          for (const due of model.values()) assert(due > now - TICK_MS);
          assert(ticks.earliest() > now);
        } else if ("due" in step) {
          ticks.set(step.item, step.due);
          model.set(step.item, step.due);
        } else {
          ticks.delete(step.item);
          model.delete(step.item);
        }
        for (const due of model.values()) {
          assert(ticks.earliest() < due + TICK_MS);
        }
      }
    }),
    { numRuns: RUNS },
  );
});
