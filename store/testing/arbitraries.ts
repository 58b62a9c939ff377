import fc from "fast-check";
import type {
  EntryKey,
  FacetDeadlines,
  FacetPatch,
  Key,
  PresenceModel,
  PresenceUpdate,
  Timestamp,
  Visibility,
  VisibilityPolicy,
} from "../../core/mod.ts";
import type {
  CursorStart,
  PresenceStoreOptions,
  ProjectionPolicy,
} from "../mod.ts";

const OWN_FACETS = [
  "focus",
  "",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
] as const;

/** A model whose own facets have names that every object has. */
export interface FuzzModel extends PresenceModel {
  facets: Record<typeof OWN_FACETS[number], unknown>;
}

export type FuzzUpdate = PresenceUpdate<FuzzModel>;
export type FuzzKey = EntryKey<FuzzModel>;
export type FuzzPolicy = VisibilityPolicy<string, Key> | undefined;

const KEYS: readonly Key[] = [
  "",
  "null",
  "undefined",
  "..",
  "__proto__",
  "constructor",
  "a",
  "a\0b",
  "a|b",
  "a,b",
  "1",
  1,
  "0",
  0,
  -0,
  -1.5,
  Number.MAX_VALUE,
  "\u{1f600}",
];

/** The few keys that one run draws from, so that they often meet again. */
export interface Pools {
  readonly subjects: readonly Key[];
  readonly contexts: readonly Key[];
  readonly resources: readonly (Key | undefined)[];
  readonly origins: readonly Key[];
}

function someOf<T>(values: readonly T[], maxLength: number) {
  return fc.uniqueArray(fc.constantFrom(...values), {
    minLength: 1,
    maxLength,
    comparator: "SameValue",
    size: "max",
  });
}

export const pools: fc.Arbitrary<Pools> = fc.record({
  subjects: someOf(KEYS, 4),
  contexts: someOf(KEYS, 3),
  resources: someOf([undefined, ...KEYS], 3),
  origins: someOf(KEYS, 3),
});

export const options: fc.Arbitrary<PresenceStoreOptions<FuzzModel>> = fc.record(
  {
    retention: fc.constantFrom(Infinity, Infinity, 0, 1, 2, 5, 17, 40),
    refreshes: fc.constantFrom("change", "silent"),
    staleUpdates: fc.constantFrom("accept", "accept", "refuse"),
    epoch: fc.constant("this life"),
  },
);

/** Picks from a pool by number, so that a shrunken run still makes sense. */
export interface KeyDraft {
  readonly subject: number;
  readonly context: number;
  readonly resource: number;
  readonly origin: number;
}

const index = fc.nat({ max: 5 });

export const keyDraft: fc.Arbitrary<KeyDraft> = fc.record({
  subject: index,
  context: index,
  resource: index,
  origin: index,
});

export function pick<T>(values: readonly T[], index: number): T {
  return values[index % values.length]!;
}

export function keyOf(pools: Pools, draft: KeyDraft): FuzzKey {
  return {
    subject: pick(pools.subjects, draft.subject),
    context: pick(pools.contexts, draft.context),
    resource: pick(pools.resources, draft.resource),
    origin: pick(pools.origins, draft.origin),
  };
}

/** Times coincide often; a few are unusual. */
export const time: fc.Arbitrary<Timestamp> = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 40 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-5, 0.5, -0, 1_700_000_000_000, 1e300),
  },
);

const visibility: fc.Arbitrary<Visibility> = fc.oneof(
  fc.constantFrom("public" as const, "private" as const),
  fc.record({ restricted: fc.constantFrom("team", "", "__proto__") }),
);

/** Values that recur as other objects of the same structure. */
const facetValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(0, -0, 1, NaN, "", "1", false),
  fc.record({ line: fc.constantFrom(1, undefined) }),
  fc.record({ line: fc.constant(1), column: fc.constant(2) }),
  fc.array(fc.constantFrom<unknown>(1, "1", null), { maxLength: 2 }),
);

interface FacetDraft {
  readonly name: string;
  readonly value: unknown;
  readonly deadline: Timestamp | undefined;
}

function facetDraft(
  names: readonly string[],
  value: fc.Arbitrary<unknown>,
): fc.Arbitrary<FacetDraft> {
  return fc.record({
    name: fc.constantFrom(...names),
    value: fc.oneof(
      { weight: 6, arbitrary: value },
      { weight: 1, arbitrary: fc.constantFrom(null, undefined) },
    ),
    deadline: fc.option(time, { nil: undefined }),
  });
}

const facet: fc.Arbitrary<FacetDraft> = fc.oneof(
  facetDraft(
    ["availability"],
    fc.constantFrom("available", "busy", "away", "offline", "unknown"),
  ),
  facetDraft(
    ["activity"],
    fc.oneof(
      fc.constantFrom("idle", "observing", "editing", "presenting"),
      fc.record({ custom: fc.constantFrom("", 1) }),
    ),
  ),
  facetDraft(["lastSeen"], time),
  facetDraft(OWN_FACETS, facetValue),
);

const facets = fc.uniqueArray(facet, {
  maxLength: 3,
  selector: ({ name }) => name,
});

export interface UpdateDraft {
  readonly key: KeyDraft;
  readonly visibility: Visibility;
  readonly observedAt: Timestamp;
  readonly expiry: Timestamp | "never";
  readonly facets: readonly FacetDraft[];
}

const expiry = fc.oneof(
  { weight: 4, arbitrary: time },
  { weight: 1, arbitrary: fc.constant("never" as const) },
);

export const updateDraft: fc.Arbitrary<UpdateDraft> = fc.record({
  key: keyDraft,
  visibility,
  observedAt: time,
  expiry,
  facets,
});

/** Makes records whose names are own properties, even `__proto__`. */
export function updateOf(
  key: FuzzKey,
  { visibility, observedAt, expiry, facets }: Omit<UpdateDraft, "key">,
): FuzzUpdate {
  const deadlines = facets.flatMap(({ name, value, deadline }) =>
    value === null || value === undefined ? [] : [[name, deadline]]
  );
  return {
    ...key,
    visibility,
    observedAt,
    expiry,
    facets: Object.fromEntries(
      facets.map(({ name, value }) => [name, value]),
    ) as FacetPatch<FuzzModel>,
    facetDeadlines: deadlines.length === 0
      ? undefined
      : Object.fromEntries(deadlines) as FacetDeadlines<FuzzModel>,
  };
}

/** One operation on a store. Entries are picked by their number. */
export type Write =
  | { readonly type: "publish"; readonly update: UpdateDraft }
  | {
    readonly type: "publishAll";
    readonly updates: readonly UpdateDraft[];
    readonly bad: boolean;
  }
  | {
    readonly type: "refresh" | "flip" | "nearly";
    readonly entry: number;
    readonly update: UpdateDraft;
    /** The value of a facet in an update that is nearly a refresh. */
    readonly value: unknown;
    /** Whether existing facets are set to their current values. */
    readonly again: boolean;
  }
  | { readonly type: "withdraw"; readonly key: KeyDraft }
  | { readonly type: "withdrawEntry"; readonly entry: number }
  | { readonly type: "withdrawOrigin"; readonly origin: number }
  | { readonly type: "expire"; readonly now: Timestamp }
  | { readonly type: "compact"; readonly beyondFloor: number }
  | { readonly type: "nextDeadline" };

export const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("publish" as const),
      update: updateDraft,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("publishAll" as const),
      updates: fc.array(updateDraft, { maxLength: 6, size: "max" }),
      bad: fc.nat({ max: 7 }).map((number) => number === 7),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom(
        "refresh" as const,
        "flip" as const,
        "nearly" as const,
      ),
      entry: fc.nat({ max: 30 }),
      update: updateDraft,
      value: facetValue,
      again: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("withdraw" as const),
      key: keyDraft,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("withdrawEntry" as const),
      entry: fc.nat({ max: 30 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("withdrawOrigin" as const),
      origin: index,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("expire" as const), now: time }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("compact" as const),
      beyondFloor: fc.nat({ max: 12 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("nextDeadline" as const) }),
  },
);

/** The policies of a run; some let subjects always see themselves. */
export function policiesOf({ subjects }: Pools): readonly FuzzPolicy[] {
  const [me] = subjects;
  return [
    undefined,
    (visibility) => visibility === "public",
    (visibility) => visibility !== "private",
    (visibility) =>
      typeof visibility === "object" && visibility.restricted === "team",
    (visibility, subject) => visibility === "public" || subject === me,
    (visibility, subject) => visibility !== "public" && subject === me,
    (_, subject) => subject !== me,
    () => false,
    () => true,
  ];
}

export const PROJECTIONS: readonly (ProjectionPolicy | undefined)[] = [
  undefined,
  { activityRank: () => 0, availabilityRank: () => 0 },
  {
    activityRank: (activity) => typeof activity === "object" ? 9 : 0,
    availabilityRank: (availability) => availability === "away" ? -1 : 1,
  },
];

/** A read of a store after a step. */
export interface Question {
  readonly type:
    | "snapshots"
    | "snapshot"
    | "subjectSummary"
    | "subjectSummaries"
    | "page"
    | "count"
    | "contexts"
    | "liveness"
    | "changes";
  readonly key: KeyDraft;
  /** Which parts of the key count; a bit for each. */
  readonly parts: number;
  readonly policy: number;
  readonly projection: number;
  readonly limit: number;
  readonly since: CursorStart;
}

const start: fc.Arbitrary<CursorStart> = fc.oneof(
  fc.constantFrom("zero" as const, "floor" as const, "tail" as const),
  fc.nat({ max: 60 }),
);

export const question: fc.Arbitrary<Question> = fc.record({
  type: fc.constantFrom<Question["type"][]>(
    "snapshots",
    "snapshot",
    "subjectSummary",
    "subjectSummaries",
    "page",
    "count",
    "contexts",
    "liveness",
    "changes",
    "changes",
  ),
  key: keyDraft,
  parts: fc.nat({ max: 15 }),
  policy: fc.nat({ max: 8 }),
  projection: fc.nat({ max: 2 }),
  limit: fc.integer({ min: 1, max: 4 }),
  since: start,
});

/** An action of a watcher or a reader of pages. */
export interface Turn {
  readonly type: "new" | "poll" | "status" | "reset" | "elsewhere" | "page";
  /** Which of them. */
  readonly who: number;
  readonly start: CursorStart;
}

export const turn: fc.Arbitrary<Turn> = fc.record({
  type: fc.constantFrom<Turn["type"][]>(
    "new",
    "poll",
    "poll",
    "poll",
    "status",
    "reset",
    "elsewhere",
    "page",
    "page",
  ),
  who: fc.nat({ max: 5 }),
  start,
});
