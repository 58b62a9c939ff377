import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import {
  compareEntryKeys,
  type EntryKey,
  type Key,
  type PresenceSnapshot,
  type PresenceUpdate,
  restricted,
  type VisibilityPolicy,
} from "../../core/mod.ts";
import { EntryTree, type Leaf, summarize } from "../../store/mod.ts";
import {
  ContextAtCapacityError,
  OMNISCIENT_VIEWER,
  type PresenceBatch,
  PresenceServer,
  PresenceView,
  type PresenceViewEvent,
  PUBLIC_VIEWER,
  type Viewer,
  viewerPolicy,
} from "../mod.ts";
import { Reader, RUNS, update } from "../testing/harness.ts";

const VIEWERS: Viewer[] = [
  OMNISCIENT_VIEWER,
  PUBLIC_VIEWER,
  { restricted: ["a"], private: false },
  { restricted: "all", private: false, subject: "s1" },
  { restricted: [], private: false, subject: "s0" },
  { restricted: [], private: false, subject: "s1" },
];

const SCOPES = [
  {},
  { context: "c0" },
  { subject: "s0" },
  { context: "c0", subject: "s0" },
];

const key = fc.record({
  subject: fc.constantFrom("s0", "s1", "s2"),
  context: fc.constantFrom("c0", "c1"),
  resource: fc.constantFrom(undefined, "r"),
  origin: fc.constantFrom("o0", "o1", "o2"),
});

const publication = fc.record({
  key,
  visibility: fc.constantFrom(
    "public",
    "public",
    "private",
    restricted("a"),
    restricted("b"),
  ),
  ttl: fc.constantFrom(undefined, 30, 150, 400),
  activity: fc.constantFrom(undefined, null, "idle", "editing"),
  activityTtl: fc.constantFrom(undefined, 50, 200),
});

const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      receive: fc.array(publication, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ withdraw: key }) },
  { weight: 1, arbitrary: fc.record({ goodbye: fc.constantFrom("o0", "o1") }) },
  {
    weight: 2,
    arbitrary: fc.record({ disconnect: fc.constantFrom("o0", "o1", "o2") }),
  },
  { weight: 3, arbitrary: fc.record({ tick: fc.nat(200) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      read: fc.nat(),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ check: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ resume: fc.nat() }) },
);

const history = fc.record({
  options: fc.record({
    retention: fc.constantFrom(0, 1, 3, 8, 1_000),
    graceMs: fc.constantFrom(0, 100),
    maxSubjectsPerContext: fc.constantFrom(2, Infinity),
  }),
  keepAliveMs: fc.constantFrom(undefined, 120),
  commands: fc.array(command, { minLength: 5, maxLength: 60 }),
});

type Scope = { context?: string; subject?: string };

/** A mirror of the entries that a viewer sees in a scope, and its invariants. */
class Checked {
  readonly #server: PresenceServer;
  readonly #scope: Scope;
  readonly #viewer: Viewer;
  readonly #visible: VisibilityPolicy;
  readonly #keepAliveMs: number | undefined;
  readonly #view = new PresenceView();
  readonly #here = new Map<Key, Set<Key>>();
  readonly #known = new EntryTree<Leaf>();
  #reader: Reader<PresenceBatch>;

  constructor(
    server: PresenceServer,
    scope: Scope,
    viewer: Viewer,
    keepAliveMs: number | undefined,
  ) {
    this.#server = server;
    this.#scope = scope;
    this.#viewer = viewer;
    this.#visible = viewerPolicy(viewer);
    this.#keepAliveMs = keepAliveMs;
    this.#reader = this.#watch();
  }

  /** Ends the watch, and starts another one at the position of the mirror. */
  async resume(): Promise<void> {
    await this.#reader.watch.return?.();
    this.#reader = this.#watch();
  }

  async read(limit?: number): Promise<void> {
    for (const batch of await this.#reader.read(limit)) {
      this.#checkSecrecy(batch);
      for (const event of this.#view.apply(batch)) this.#checkEvent(event);
    }
  }

  /** Reads all batches; then the mirror equals a read of the store. */
  async check(): Promise<void> {
    const { store } = this.#server;
    await this.read();
    const there = store.snapshots({ ...this.#scope, visible: this.#visible })
      .sort(compareEntryKeys);
    const mirrored = this.#view.snapshots().toSorted(compareEntryKeys);
    assertEquals(mirrored, there);
    for (const context of ["c0", "c1"]) {
      const subjects = this.#view.subjects(context);
      assertEquals(new Set(subjects), this.#here.get(context) ?? new Set());
      assertStrictEquals(this.#view.subjects(context), subjects);
      this.#checkReads(there, { context });
      for (const subject of subjects) {
        this.#checkReads(there, { subject });
        this.#checkReads(there, { context, subject });
        const sum = () => this.#view.subjectSummary(subject, context);
        assertEquals(
          sum(),
          summarize(this.#view.snapshots({ context, subject })),
        );
        assertStrictEquals(sum(), sum());
      }
    }
  }

  /** A cached read equals a new one. */
  #checkReads(
    there: readonly PresenceSnapshot[],
    query: { readonly context?: Key; readonly subject?: Key },
  ): void {
    const { context, subject } = query;
    const read = this.#view.snapshots(query);
    assertEquals(
      read.toSorted(compareEntryKeys),
      there.filter((one) =>
        (context === undefined || one.context === context) &&
        (subject === undefined || one.subject === subject)
      ),
    );
    assertStrictEquals(this.#view.snapshots(query), read);
  }

  #watch(): Reader<PresenceBatch> {
    return new Reader(this.#server.watch({
      ...this.#scope,
      viewer: this.#viewer,
      since: this.#view.position,
      keepAliveMs: this.#keepAliveMs,
    }));
  }

  /** No hidden entry leaks, nor the key of one that was never visible. */
  #checkSecrecy(batch: PresenceBatch): void {
    const seen = (entry: PresenceUpdate | EntryKey | undefined) => {
      if (entry === undefined) return;
      const { context, subject } = this.#scope;
      assert(context === undefined || entry.context === context);
      assert(subject === undefined || entry.subject === subject);
      if ("visibility" in entry) {
        assert(this.#visible(entry.visibility, entry.subject));
        if (!this.#known.get(entry)) this.#known.add({ snapshot: entry });
      } else {
        assert(this.#known.get(entry), "a hidden entry was visible once");
      }
    };
    if (batch.type === "baseline") return batch.snapshots.forEach(seen);
    for (const change of batch.changes) {
      if (change.type === "hidden") {
        seen(change.key);
        continue;
      }
      seen(change.previous);
      if (change.type === "published") seen(change.update);
      if ("snapshot" in change) seen(change.snapshot);
    }
  }

  #checkEvent({ type, subject, context, entries }: PresenceViewEvent): void {
    const here = this.#here.get(context) ?? new Set();
    this.#here.set(context, here);
    assertEquals(here.has(subject), type !== "joined");
    assert(entries.length > 0);
    if (type === "joined") here.add(subject);
    if (type === "left") here.delete(subject);
  }
}

function run(server: PresenceServer, time: FakeTime, step: object): void {
  if ("receive" in step) {
    const { receive } = step as { receive: Publication[] };
    try {
      server.receiveAll(receive.map(updateOf));
    } catch (error) {
      if (!(error instanceof ContextAtCapacityError)) throw error;
    }
  } else if ("withdraw" in step) {
    server.withdraw(step.withdraw as EntryKey);
  } else if ("goodbye" in step) {
    server.withdrawOrigin(step.goodbye as Key);
  } else if ("disconnect" in step) {
    server.disconnect(step.disconnect as Key);
  } else if ("tick" in step) {
    time.tick(step.tick as number);
  }
}

type Publication = typeof publication extends fc.Arbitrary<infer P> ? P : never;

function updateOf(
  { key, visibility, ttl, activity, activityTtl }: Publication,
): PresenceUpdate {
  const now = Date.now();
  return update({
    ...key,
    visibility: visibility as PresenceUpdate["visibility"],
    expiry: ttl === undefined ? "never" : now + ttl,
    facets: { lastSeen: now, activity: activity as "idle" },
    facetDeadlines: activity && activityTtl
      ? { activity: now + activityTtl }
      : {},
  });
}

Deno.test("PresenceView property: for any history and viewer it equals a visible read", async () => {
  using time = new FakeTime(0);
  await fc.assert(
    fc.asyncProperty(history, async ({ options, keepAliveMs, commands }) => {
      using server = new PresenceServer(options);
      const mirrors = VIEWERS.flatMap((viewer) =>
        SCOPES.map((scope) => new Checked(server, scope, viewer, keepAliveMs))
      );
      for (const step of commands) {
        if ("read" in step) {
          await mirrors[step.read % mirrors.length]?.read(step.limit);
        } else if ("check" in step) {
          await mirrors[step.check % mirrors.length]?.check();
        } else if ("resume" in step) {
          await mirrors[step.resume % mirrors.length]?.resume();
        } else {
          run(server, time, step);
        }
      }
      for (const mirror of mirrors) await mirror.check();
      // A reader that has read everything continues from there.
      time.tick(1_000);
      for (const mirror of mirrors) await mirror.check();
    }),
    { numRuns: RUNS },
  );
});
