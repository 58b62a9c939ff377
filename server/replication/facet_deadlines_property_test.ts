import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import type { PresenceUpdate } from "../../core/mod.ts";
import { PresenceServer, type ReplicationListener } from "../mod.ts";
import { RUNS, update } from "../testing/harness.ts";

const SUBJECTS = ["alice", "bob"];

/** An update whose facets may have a deadline. */
const saying = fc.record({
  subject: fc.constantFrom(...SUBJECTS),
  activity: fc.constantFrom("editing", "idle", null, undefined),
  availability: fc.constantFrom("busy", null, undefined),
  lasts: fc.option(fc.integer({ min: 1, max: 1_500 }), { nil: undefined }),
});

const step = fc.oneof(
  { arbitrary: saying, weight: 3 },
  { arbitrary: fc.integer({ min: 1, max: 700 }), weight: 2 },
);

function updateOf(
  { subject, activity, availability, lasts }: typeof saying extends
    fc.Arbitrary<infer Saying> ? Saying : never,
): PresenceUpdate {
  const deadline = lasts && Date.now() + lasts;
  return update({
    subject,
    facets: { activity, availability },
    facetDeadlines: {
      ...activity ? { activity: deadline } : {},
      ...availability ? { availability: deadline } : {},
    },
  });
}

function facetsOf({ store }: PresenceServer): unknown {
  return SUBJECTS.map((subject) =>
    store.snapshots({ subject }).map(({ facets }) => facets)
  );
}

function showTheSame(owner: PresenceServer, holder: PresenceServer): void {
  // A read of the owner expires what is due, and notifies the replicator.
  const expected = facetsOf(owner);
  assertEquals(facetsOf(holder), expected);
}

/** Returns a replicator that puts the own entries of a server into another. */
function listenerFor(
  owner: PresenceServer,
  holder: PresenceServer,
): ReplicationListener & { isCutOff: boolean } {
  const ignored = { put() {}, removed() {}, watched() {} };
  const replication = holder.replicate(ignored);
  return {
    ...ignored,
    isCutOff: false,
    put(snapshot) {
      if (this.isCutOff) return;
      const { facetDeadlines } = owner.store.liveness(snapshot) ?? {};
      const left = Array.from(
        facetDeadlines ?? [],
        ([name, deadline]) => [name, deadline - owner.now] as const,
      );
      const facetsLeft = Object.fromEntries(left);
      replication.put([{ ...snapshot, facetsLeft }], true);
    },
  };
}

Deno.test("PresenceServer.replicate() property: a server that is put each own entry shows the same facets at any time, and clears the same ones when it is cut off", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      using time = new FakeTime(0);
      using owner = new PresenceServer();
      // It has a different clock, which the owner never reads.
      using holder = new PresenceServer({ clock: () => Date.now() + 12_345 });
      const listener = listenerFor(owner, holder);
      owner.replicate(listener);
      for (const step of steps) {
        const ticks = typeof step === "number" ? step : 0;
        if (typeof step !== "number") owner.receive(updateOf(step));
        showTheSame(owner, holder);
        for (let gone = 0; gone < ticks; gone += 10) {
          time.tick(10);
          showTheSame(owner, holder);
        }
      }
      listener.isCutOff = true;
      time.tick(2_000);
      showTheSame(owner, holder);
    }),
    { numRuns: RUNS },
  );
});
