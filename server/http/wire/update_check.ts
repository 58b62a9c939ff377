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

/** An update from the wire: well-formed, but not yet stamped. */
export interface ReadUpdate {
  readonly subject?: string;
  readonly context: string;
  readonly resource?: string | null;
  readonly origin?: string;
  readonly visibility?: Visibility;
  readonly ttlMs: number;
  readonly facets?: FacetPatch<PresenceModel>;
  readonly facetTtlsMs?: Readonly<Record<string, number>>;
}

/** Returns how a value breaks a rule; `undefined` if it does not. */
type Rule = (value: unknown, limits: HttpLimits) => string | undefined;

/** The fields of an update, and those that a publisher is likely to send. */
const FIELDS: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["subject", nameFault],
  ["context", nameFault],
  [
    "resource",
    (key, limits) => key === null ? undefined : keyFault(key, limits),
  ],
  ["origin", keyFault],
  ["visibility", visibilityFault],
  ["ttlMs", ttlFault],
  ["facets", facetsFault],
  ["facetTtlsMs", objectFault],
  ["observedAt", () => "is set by the server"],
  ["expiry", () => "is set by the server: send ttlMs"],
  ["facetDeadlines", () => "are set by the server: send facetTtlsMs"],
]);

/** The largest number of faulty fields in one problem. */
const MAX_FIELDS = 20;

/**
 * Checks updates that come over the wire.
 *
 * @param updates The values to check.
 * @param prefixOf Returns the prefix of the fields of an update, such as `[3].`.
 * @param limits The limits of the handler.
 * @throws {HttpProblem} If a value is not an update.
 */
export function assertUpdates(
  updates: readonly unknown[],
  prefixOf: (index: number) => string,
  limits: HttpLimits,
): asserts updates is readonly ReadUpdate[] {
  function* faults() {
    for (const [index, update] of updates.entries()) {
      yield* updateFaults(update, prefixOf(index), limits);
    }
  }
  assertNoFaults("publish update", faults());
}

/**
 * Checks that nothing is wrong. An error names up to 20 fields.
 *
 * @throws {HttpProblem} If there is a fault.
 */
export function assertNoFaults(
  action: string,
  faults: Iterable<ProblemField>,
): void {
  const found: ProblemField[] = [];
  for (const fault of faults) if (found.push(fault) === MAX_FIELDS) break;
  const [first, ...others] = found;
  if (first !== undefined) throw invalid(action, first, ...others);
}

/** Returns what is wrong with a key from the wire. */
export function keyFault(
  key: unknown,
  { keyLength }: HttpLimits,
): string | undefined {
  if (typeof key !== "string") {
    return `must be a string: received ${kindOf(key)}`;
  }
  if (key.length > keyLength) {
    return `must have at most ${keyLength} characters: received ${key.length}`;
  }
  return isKey(key) ? undefined : "must be a well-formed string";
}

/** An empty name comes from a variable that is not set. */
function nameFault(name: unknown, limits: HttpLimits): string | undefined {
  return name === ""
    ? "must be a well-formed string that is not empty"
    : keyFault(name, limits);
}

function* updateFaults(
  update: unknown,
  prefix: string,
  limits: HttpLimits,
): Iterable<ProblemField> {
  const message = objectFault(update);
  if (message) yield { field: prefix.slice(0, -1) || "update", message };
  if (!isJsonObject(update)) return;
  yield* memberFaults(prefix, update, (name, value) => {
    const rule = FIELDS.get(name);
    return rule ? rule(value, limits) : "is not a field of an update";
  });
  for (const name of ["context", "ttlMs"]) {
    if (Object.hasOwn(update, name)) continue;
    yield { field: prefix + name, message: "is missing" };
  }
  const { facets, facetTtlsMs } = update;
  yield* memberFaults(
    `${prefix}facets.`,
    facets,
    (name, value) => facetFault(name, value, limits),
  );
  const set = new Map(Object.entries(facets ?? {}));
  yield* memberFaults(`${prefix}facetTtlsMs.`, facetTtlsMs, (name, ttlMs) => {
    const isSet = (set.get(name) ?? null) !== null;
    const rule = "must belong to a facet that the same update sets";
    return ttlFault(ttlMs) ?? (isSet ? undefined : rule);
  });
}

/** Checks the members of an object one by one, whatever their names. */
function* memberFaults(
  prefix: string,
  value: unknown,
  faultOf: (name: string, member: unknown) => string | undefined,
): Iterable<ProblemField> {
  if (!isJsonObject(value)) return;
  for (const [name, member] of Object.entries(value)) {
    const message = faultOf(name, member);
    if (message === undefined) continue;
    // An error must not echo a megabyte.
    const short = name.length > 60 ? `${name.slice(0, 60)}…` : name;
    yield { field: prefix + short, message };
  }
}

function objectFault(value: unknown): string | undefined {
  if (isJsonObject(value)) return undefined;
  return `must be an object: received ${kindOf(value)}`;
}

function facetsFault(value: unknown, limits: HttpLimits): string | undefined {
  const { length } = Object.keys(Object(value));
  return objectFault(value) ??
    (length > limits.facets
      ? `must be at most ${limits.facets}: received ${length}`
      : undefined);
}

function visibilityFault(
  value: unknown,
  limits: HttpLimits,
): string | undefined {
  const isGood = value === "public" || value === "private" ||
    isJsonObject(value) && Object.keys(value).join() === "restricted" &&
      keyFault(value.restricted, limits) === undefined;
  const rule = 'must be "public", "private" or { "restricted": label }';
  return isGood ? undefined : rule;
}

function facetFault(
  name: string,
  value: unknown,
  limits: HttpLimits,
): string | undefined {
  const fault = keyFault(name, limits);
  if (fault !== undefined) return `has a bad name, which ${fault}`;
  if (name === "lastSeen") return "is set by the server";
  if (value === null) return undefined;
  if (name === "availability" && !isAvailability(value)) {
    return 'must be "available", "busy", "away", "offline" or "unknown"';
  }
  if (name === "activity" && !isActivity(value)) {
    return 'must be "idle", "observing", "navigating", "editing", "presenting", "acting" or { "custom": word }';
  }
  return valueFault(value, limits.facetDepth);
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

function ttlFault(value: unknown): string | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0
    ? undefined
    : "must be a number of milliseconds above 0";
}

/** Names the kind of a JSON value. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
