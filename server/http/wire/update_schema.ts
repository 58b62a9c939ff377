import * as v from "valibot";
import {
  type FacetPatch,
  isActivity,
  isAvailability,
  isKey,
  type PresenceModel,
  type Visibility,
} from "../../../core/mod.ts";
import { isJsonObject } from "../../internal.ts";
import type { HttpLimits } from "../limits.ts";
import { invalid, type ProblemField } from "./problem.ts";

/** Checks updates that come over a wire. */
export type UpdateSchema = ReturnType<typeof updateSchema>;

/** An update as it was read: well-formed, but not yet stamped. */
export type ReadUpdate = v.InferOutput<UpdateSchema>;

type Json = Readonly<Record<string, unknown>>;

/** What is wrong with a member of an object, if anything is. */
type FaultOf = (name: string, value: unknown) => string | undefined;

/** What a publisher is likely to send, and what to say of it. */
const REFUSED = new Map([
  ["observedAt", "is the server's to say"],
  ["expiry", "is the server's to say: send ttlMs"],
  ["facetDeadlines", "are the server's to say: send facetTtlsMs"],
]);

const EMPTY = "must be a well-formed string that is not empty";
const TTL_RULE = "must be a number of milliseconds above 0";

/** More than so many fields are not told of. */
const MAX_FIELDS = 20;

/** Makes the schema of an update. */
export function updateSchema(limits: HttpLimits) {
  const { keyLength } = limits;
  const key = keySchema(keyLength);
  // An empty one is a variable that nobody has set. No other face takes it.
  const name = v.pipe(key, v.minLength(1, EMPTY));
  const facets = members<FacetPatch<PresenceModel>>(
    (name, value) => facetFault(name, value, limits),
    limits.facets,
  );
  const facetTtlsMs = members<Readonly<Record<string, number>>>(
    (_, ttl) => isTtl(ttl) ? undefined : TTL_RULE,
  );
  const fields = {
    subject: v.optional(name),
    context: name,
    resource: v.nullish(key),
    origin: v.optional(key),
    visibility: v.optional(visibilitySchema(keyLength), "public"),
    ttlMs: v.custom<number>(isTtl, TTL_RULE),
    facets: v.optional(facets, {}),
    facetTtlsMs: v.optional(facetTtlsMs),
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

/** Makes the schema of a key that comes over a wire. */
export function keySchema(
  maxLength: number,
): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.string(({ input }) => `must be a string: received ${kindOf(input)}`),
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed && keyFault(dataset.value, maxLength);
      if (message) addIssue({ message });
    }),
  );
}

/** What is wrong with a key that came over the wire, if anything is. */
export function keyFault(key: string, maxLength: number): string | undefined {
  if (key.length > maxLength) {
    return `must have at most ${maxLength} characters: received ${key.length}`;
  }
  return isKey(key) ? undefined : "must be a well-formed string";
}

/**
 * Checks what has come over a wire; the name is for the problem of a value that
 * is wrong as a whole.
 *
 * @throws {HttpProblem} If it is not as it must be.
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
  const told = others.slice(0, MAX_FIELDS - 1).map(fieldOf);
  throw invalid(action, fieldOf(first), ...told);
}

function stepText({ key }: v.IssuePathItem): string {
  return typeof key === "number" ? `[${key}]` : `.${shorten(String(key))}`;
}

/**
 * An object whose members are checked one by one. A record of valibot leaves
 * names like `__proto__` and `constructor` out without a word; here they are
 * names like any other.
 */
function members<T extends Json>(
  faultOf: FaultOf,
  max = Infinity,
): v.GenericSchema<unknown, T> {
  return v.pipe(
    v.custom<Json>(
      isJsonObject,
      ({ input }) => `must be an object: received ${kindOf(input)}`,
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const entries = Object.entries(dataset.value);
      if (entries.length > max) {
        const message = `must be at most ${max}: received ${entries.length}`;
        return addIssue({ message });
      }
      for (const [name, value] of entries) {
        const message = faultOf(name, value);
        if (message !== undefined) addIssue({ message, path: [step(name)] });
      }
    }),
    // It comes here only without a fault.
    v.custom<T>(() => true),
  );
}

/** A step into an object, for the path of an issue. */
function step(key: string): v.ObjectPathItem {
  return { type: "object", origin: "value", input: {}, key, value: undefined };
}

function visibilitySchema(
  maxLength: number,
): v.GenericSchema<unknown, Visibility> {
  return v.custom<Visibility>(
    (value) =>
      value === "public" || value === "private" ||
      isJsonObject(value) && Object.keys(value).join() === "restricted" &&
        typeof value.restricted === "string" &&
        keyFault(value.restricted, maxLength) === undefined,
    'must be "public", "private" or { "restricted": label }',
  );
}

function facetFault(
  name: string,
  value: unknown,
  { keyLength, facetDepth }: HttpLimits,
): string | undefined {
  const fault = keyFault(name, keyLength);
  if (fault !== undefined) return `has a bad name, which ${fault}`;
  if (name === "lastSeen") return "is the server's to say";
  if (value === null) return undefined;
  if (name === "availability" && !isAvailability(value)) {
    return 'must be "available", "busy", "away", "offline" or "unknown"';
  }
  if (name === "activity" && !isActivity(value)) {
    return 'must be "idle", "observing", "navigating", "editing", "presenting", "acting" or { "custom": word }';
  }
  return valueFault(value, facetDepth);
}

function valueFault(value: unknown, levels: number): string | undefined {
  // JSON can say 1e999, which is read as Infinity and written as null.
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

function isTtl(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

/** Names the kind of a JSON value. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** An error is no place to send a megabyte back. */
function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
