import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { DeadlineQueue, type Scheduled } from "./deadline_queue.ts";
import { PresenceStore } from "./mod.ts";
import {
  type FuzzModel,
  keyOf,
  options,
  policiesOf,
  pools,
  PROJECTIONS,
  question,
  turn,
  updateDraft,
  updateOf,
  write,
} from "./testing/arbitraries.ts";
import { assertInvariants, assertQueue } from "./testing/invariants.ts";
import { ModelPair } from "./testing/model_pair.ts";
import { notePrototypes, withUntamedProto } from "./testing/prototypes.ts";
import { keyText } from "./testing/text.ts";
import { VisibleMirror } from "./testing/visible_mirror.ts";

/** `RUTHERE_RUNS` sets the number of runs; `RUTHERE_SEED` repeats one. */
const seed = Deno.env.get("RUTHERE_SEED");
const parameters = {
  numRuns: Number(Deno.env.get("RUTHERE_RUNS") ?? 1000),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
};

const steps = fc.array(
  fc.record({
    write,
    questions: fc.array(question, { maxLength: 3 }),
    turns: fc.array(turn, { maxLength: 2 }),
  }),
  { maxLength: 60, size: "max" },
);

Deno.test("property: a store behaves like the naive model", () => {
  fc.assert(
    fc.property(pools, options, steps, (pools, options, steps) => {
      withUntamedProto(() => {
        const assertPrototypesUntouched = notePrototypes();
        const pair = new ModelPair(pools, options);
        for (const { write, questions, turns } of steps) {
          pair.write(write);
          for (const question of questions) pair.ask(question);
          for (const turn of turns) pair.turn(turn);
        }
        assertInvariants(pair.store);
        assertPrototypesUntouched();
      });
    }),
    parameters,
  );
});

Deno.test("property: a store's parts agree after every step", () => {
  fc.assert(
    fc.property(pools, options, steps, (pools, options, steps) => {
      const pair = new ModelPair(pools, options);
      for (const { write } of steps) {
        pair.write(write);
        assertInvariants(pair.store);
      }
    }),
    { ...parameters, numRuns: Math.ceil(parameters.numRuns / 4) },
  );
});

const watched = fc.array(
  fc.record({
    write,
    polls: fc.uniqueArray(fc.nat({ max: 17 }), { maxLength: 3 }),
    rebuild: fc.option(fc.nat({ max: 40 }), { nil: undefined }),
  }),
  { maxLength: 60, size: "max" },
);

Deno.test("property: a mirror fed by visible polls is a visible read", () => {
  fc.assert(
    fc.property(pools, options, watched, (pools, options, steps) => {
      const pair = new ModelPair(pools, options);
      const mirrors = policiesOf(pools).flatMap((visible) =>
        [undefined, pools.contexts[0]].map((context) =>
          new VisibleMirror(pair.store, visible ?? (() => true), context)
        )
      );
      for (const { write, polls, rebuild } of steps) {
        pair.write(write);
        // Some mirrors are always up to date, the others lag.
        for (const [index, mirror] of mirrors.entries()) {
          if (index % 3 === 0 || polls.includes(index)) mirror.poll();
        }
        if (rebuild !== undefined) mirrors[rebuild]?.rebuild();
      }
      for (const mirror of mirrors) mirror.poll();
    }),
    parameters,
  );
});

Deno.test("property: a deadline queue holds no more than necessary", () => {
  const step = fc.record({
    type: fc.constantFrom("schedule", "schedule", "forget", "take", "next"),
    which: fc.nat({ max: 7 }),
    due: fc.oneof(fc.nat({ max: 20 }), fc.constant(Infinity)),
  });
  const steps = fc.array(step, { maxLength: 120, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const queue = new DeadlineQueue<Scheduled & { due: number }>();
      const things = new Map<number, Scheduled & { due: number }>();
      const firstDue = () => Math.min(...things.values().map(({ due }) => due));
      for (const { type, which, due } of steps) {
        if (type === "schedule") {
          const thing = things.get(which) ?? { due, queuedAt: Infinity };
          thing.due = due;
          things.set(which, thing);
          queue.schedule(thing);
        } else if (type === "forget") {
          // Remove all without a deadline, or one element.
          for (const [name, thing] of things) {
            if (due === Infinity ? thing.due !== due : name !== which) continue;
            things.delete(name);
            queue.forget(thing);
          }
        } else if (type === "next") {
          assertEquals(queue.next(), firstDue());
        } else if (due !== Infinity) {
          const first = firstDue();
          const taken = queue.takeDue(due);
          assertEquals(taken?.due, first <= due ? first : undefined);
          if (taken !== undefined) {
            taken.due = Infinity;
            queue.schedule(taken);
          }
        }
        assert(queue.earliest() <= firstDue());
        assertQueue(queue, new Set(things.values()));
      }
    }),
    parameters,
  );
});

Deno.test("property: a summary does not depend on the insertion order", () => {
  const updates = fc.array(updateDraft, { maxLength: 8, size: "max" });
  fc.assert(
    fc.property(pools, updates, fc.infiniteStream(fc.nat()), (...drawn) => {
      const [pools, drafts, random] = drawn;
      const updates = new Map(drafts.map((draft) => {
        const key = keyOf(pools, draft.key);
        return [keyText(key), updateOf(key, draft)];
      }));
      const shuffled = [...updates.values()]
        .map((update) => [random.next().value, update] as const)
        .toSorted(([a], [b]) => a - b)
        .map(([, update]) => update);
      const stores = [[...updates.values()], shuffled].map((updates) => {
        const store = new PresenceStore<FuzzModel>();
        store.publishAll(updates);
        return store;
      });
      for (const subject of pools.subjects) {
        for (const projection of PROJECTIONS) {
          const [first, second] = stores.map((store) =>
            store.subjectSummaries({ subject, projection })
              .map(keyText).sort()
          );
          assertEquals(first, second);
        }
      }
    }),
    parameters,
  );
});
