import * as v from "valibot";
import {
  type FacetPatch,
  isActivity,
  isAvailability,
  isKey,
  type PresenceModel,
} from "../../../core/mod.ts";
import { isJsonObject } from "../../internal.ts";
import type { HttpLimits } from "../limits.ts";
import { invalid, type ProblemField } from "./problem.ts";

/** The schema of updates from the wire. */
export type UpdateSchema = ReturnType<typeof updateSchema>;

/** An update from the wire: well-formed, but not yet stamped. */
export type ReadUpdate = v.InferOutput<UpdateSchema>;

/** Checks a key that comes over a wire. */
export type KeySchema = ReturnType<typeof keySchema>;

type Json = Readonly<Record<string, unknown>>;

/** Fields that a publisher is likely to send, and why each is refused. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["observedAt", "is set by the server"],
  ["expiry", "is set by the server: send ttlMs"],
  ["facetDeadlines", "are set by the server: send facetTtlsMs"],
]);

const TTL_RULE = "must be a number of milliseconds above 0";

/** JSON.parse() reads 1e999 as Infinity. */
const TTL = v.pipe(
  v.number(TTL_RULE),
  v.gtValue(0, TTL_RULE),
  v.maxValue(Number.MAX_VALUE, TTL_RULE),
);

/** The largest number of faulty fields in one problem. */
const MAX_FIELDS = 20;

/** Creates the schema of an update. */
export function updateSchema({ keyLength, facets, facetDepth }: HttpLimits) {
  const key = keySchema(keyLength);
  // An empty name comes from a variable that is not set.
  const name = v.pipe(
    key,
    v.nonEmpty("must be a well-formed string that is not empty"),
  );
  const visibility = v.union(
    [v.picklist(["public", "private"]), v.strictObject({ restricted: key })],
    'must be "public", "private" or { "restricted": label }',
  );
  const fields = {
    subject: v.optional(name),
    context: name,
    resource: v.nullish(key),
    origin: v.optional(key),
    visibility: v.optional(visibility, "public"),
    ttlMs: TTL,
    facets: v.optional(
      members<FacetPatch<PresenceModel>>(
        (name, value) => facetFault(name, value, key, facetDepth),
        facets,
      ),
      {},
    ),
    facetTtlsMs: v.optional(
      members<Readonly<Record<string, number>>>((_, ttlMs) =>
        faultOf(TTL, ttlMs)
      ),
    ),
  };
  return v.pipe(
    members<Json>((name) =>
      Object.hasOwn(fields, name)
        ? undefined
        : REFUSED.get(name) ?? "is not a field of an update"
    ),
    v.object(fields, "is missing"),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { facets, facetTtlsMs = {} } = dataset.value;
      const set = new Map(Object.entries(facets));
      for (const name of Object.keys(facetTtlsMs)) {
        if ((set.get(name) ?? null) !== null) continue;
        addIssue({
          message: "must belong to a facet that the same update sets",
          path: [step("facetTtlsMs"), step(name)],
        });
      }
    }),
  );
}

/** Creates the schema of a key from the wire. */
export function keySchema(maxLength: number) {
  return v.pipe(
    v.string(({ input }) => `must be a string: received ${kindOf(input)}`),
    v.maxLength(
      maxLength,
      ({ input: { length } }) =>
        `must have at most ${maxLength} characters: received ${length}`,
    ),
    v.guard(isKey, "must be a well-formed string"),
  );
}

/**
 * Checks a value from the wire. An error names up to 20 fields; it calls the
 * whole value by the given name.
 *
 * @throws {HttpProblem} If the value does not match the schema.
 */
export function checked<T>(
  action: string,
  schema: v.GenericSchema<unknown, T>,
  value: unknown,
  name: string,
): T {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const fieldOf = ({ path, message }: v.BaseIssue<unknown>): ProblemField => ({
    field: path?.map(stepText).join("").replace(/^\./, "") || name,
    message,
  });
  const [first, ...others] = result.issues;
  const more = others.slice(0, MAX_FIELDS - 1).map(fieldOf);
  throw invalid(action, fieldOf(first), ...more);
}

function stepText({ key }: v.IssuePathItem): string {
  if (typeof key === "number") return `[${key}]`;
  // An error must not echo a megabyte.
  const name = String(key);
  return name.length > 60 ? `.${name.slice(0, 60)}…` : `.${name}`;
}

/**
 * Creates the schema of an object with arbitrary names. `v.record()` silently
 * drops members such as `__proto__` and `constructor`; this keeps them.
 */
function members<T extends Json>(
  faultOf: (name: string, value: unknown) => string | undefined,
  max = Infinity,
): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.custom<T>(
      isJsonObject,
      ({ input }) => `must be an object: received ${kindOf(input)}`,
    ),
    v.maxEntries(
      max,
      ({ received }) => `must be at most ${max}: received ${received}`,
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (dataset.issues) return;
      for (const [name, value] of Object.entries(dataset.value)) {
        const message = faultOf(name, value);
        if (message !== undefined) addIssue({ message, path: [step(name)] });
      }
    }),
    // This is reached only without a fault.
    v.custom<T>(() => true),
  );
}

/** Creates a step into an object, for the path of an issue. */
function step(key: string): v.ObjectPathItem {
  return { type: "object", origin: "value", input: {}, key, value: undefined };
}

/** Returns how a value breaks a schema; `undefined` if it does not. */
function faultOf(schema: v.GenericSchema, value: unknown): string | undefined {
  return v.safeParse(schema, value).issues?.[0].message;
}

function facetFault(
  name: string,
  value: unknown,
  key: KeySchema,
  depth: number,
): string | undefined {
  const fault = faultOf(key, name);
  if (fault !== undefined) return `has a bad name, which ${fault}`;
  if (name === "lastSeen") return "is set by the server";
  if (value === null) return undefined;
  if (name === "availability" && !isAvailability(value)) {
    return 'must be "available", "busy", "away", "offline" or "unknown"';
  }
  if (name === "activity" && !isActivity(value)) {
    return 'must be "idle", "observing", "navigating", "editing", "presenting", "acting" or { "custom": word }';
  }
  return valueFault(value, depth);
}

function valueFault(value: unknown, levels: number): string | undefined {
  // JSON.parse() reads 1e999 as Infinity, and JSON.stringify() writes it as null.
  if (typeof value === "number" && !Number.isFinite(value)) {
    return "has a number that is too large";
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (levels === 0) return "is nested too deeply";
  for (const below of Object.values(value)) {
    const fault = valueFault(below, levels - 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Names the kind of a JSON value. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
