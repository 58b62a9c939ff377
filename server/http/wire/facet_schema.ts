import * as v from "valibot";
import { assertFacet } from "../../../core/assert.ts";
import {
  type FacetPatch,
  InvalidValueError,
  type PresenceModel,
} from "../../../core/mod.ts";
import { isJsonObject } from "../../internal.ts";
import type { HttpLimits } from "../limits.ts";
import { keyFault } from "../routes/query.ts";

type Json = Readonly<Record<string, unknown>>;
type FacetLimits = Pick<HttpLimits, "facets" | "facetDepth" | "keyLength">;

/** Any JSON object. */
export const jsonObject: v.GenericSchema<unknown, Json> = v.custom<Json>(
  isJsonObject,
  ({ input }) => `must be an object: received ${kindOf(input)}`,
);

/** What the facets that all applications share must be; others may be all. */
const FACET_RULES: ReadonlyMap<string, string> = new Map([
  [
    "availability",
    'must be "available", "busy", "away", "offline" or "unknown"',
  ],
  [
    "activity",
    'must be "idle", "observing", "navigating", "editing", "presenting", "acting" or { "custom": word }',
  ],
]);

// A record of valibot leaves names like `__proto__` and `constructor` out
// without a word; here they are names like any other.

/** A patch of facets, as it comes over a wire. */
export function facetPatch(
  limits: FacetLimits,
): v.GenericSchema<unknown, FacetPatch<PresenceModel>> {
  return v.pipe(
    jsonObject,
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { value: facets } = dataset;
      const names = Object.keys(facets);
      if (names.length > limits.facets) {
        addIssue({
          message: `must be at most ${limits.facets}: received ${names.length}`,
        });
        return;
      }
      for (const name of names) {
        const fault = nameFault(name, limits) ??
          facetFault(name, facets[name], limits);
        if (fault !== undefined) {
          addIssue({ message: fault, path: [pathItem(facets, name)] });
        }
      }
    }),
    v.custom<FacetPatch<PresenceModel>>(isFacetPatch),
  );
}

/** Times to live of facets that the same update sets. */
export function facetTtls(): v.GenericSchema<
  unknown,
  Readonly<Record<string, number>>
> {
  return v.pipe(
    jsonObject,
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { value: ttls } = dataset;
      for (const name of Object.keys(ttls)) {
        if (isTtl(ttls[name])) continue;
        const path: [ObjectPathItem] = [pathItem(ttls, name)];
        addIssue({ message: TTL_RULE, path });
      }
    }),
    v.custom<Readonly<Record<string, number>>>((ttls) =>
      isJsonObject(ttls) && Object.keys(ttls).every((name) => isTtl(ttls[name]))
    ),
  );
}

/** What a time to live must be. */
export const TTL_RULE = "must be a number of milliseconds above 0";

/** Tells whether a value is a time to live. */
export function isTtl(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value > 0;
}

/** A step into an object, for the path of an issue. */
export type ObjectPathItem = {
  type: "object";
  origin: "value";
  input: Record<string, unknown>;
  key: string;
  value: unknown;
};

/** Makes a step into an object. */
export function pathItem(input: Json, key: string): ObjectPathItem {
  return { type: "object", origin: "value", input, key, value: input[key] };
}

/** Names the kind of a JSON value. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function nameFault(name: string, limits: FacetLimits): string | undefined {
  const fault = keyFault(name, limits.keyLength);
  return fault && `has a bad name, which ${fault}`;
}

function facetFault(
  name: string,
  value: unknown,
  limits: FacetLimits,
): string | undefined {
  if (name === "lastSeen") return "is the server's to say";
  if (value === null) return undefined;
  const fault = valueFault(value, limits.facetDepth);
  if (fault !== undefined) return fault;
  return isFacet(name, value) ? undefined : FACET_RULES.get(name);
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

function isFacetPatch(facets: unknown): facets is FacetPatch<PresenceModel> {
  return isJsonObject(facets) &&
    Object.keys(facets).every((name) =>
      facets[name] === null || isFacet(name, facets[name])
    );
}

function isFacet(name: string, value: unknown): boolean {
  try {
    assertFacet(name, value, "read update");
    return true;
  } catch (error) {
    if (error instanceof InvalidValueError) return false;
    throw error;
  }
}
