import * as v from "valibot";
import type {
  FacetPatch,
  PresenceModel,
  Visibility,
} from "../../../core/mod.ts";
import {
  facetPatch,
  facetTtls,
  isTtl,
  jsonObject,
  kindOf,
  pathItem,
  TTL_RULE,
} from "./facet_schema.ts";
import type { HttpLimits } from "../limits.ts";
import type { ProblemField } from "./problem.ts";
import { keyFault } from "../routes/query.ts";

/** An update as it was read: well-formed, but not yet stamped. */
export interface ReadUpdate {
  readonly subject?: string | undefined;
  readonly context: string;
  readonly resource?: string | null | undefined;
  readonly origin?: string | undefined;
  readonly visibility: Visibility;
  readonly ttlMs: number;
  readonly facets: FacetPatch<PresenceModel>;
  readonly facetTtlsMs?: Readonly<Record<string, number>> | undefined;
}

/** Checks updates that come over a wire. */
export type UpdateSchema = v.GenericSchema<unknown, ReadUpdate>;

const FIELDS: ReadonlySet<string> = new Set<keyof ReadUpdate>([
  "subject",
  "context",
  "resource",
  "origin",
  "visibility",
  "ttlMs",
  "facets",
  "facetTtlsMs",
]);

/** What a publisher is likely to send, and what to say of it. */
const REFUSED = new Map([
  ["observedAt", "is the server's to say"],
  ["expiry", "is the server's to say: send ttlMs"],
  ["facetDeadlines", "are the server's to say: send facetTtlsMs"],
]);

const EMPTY = "must be a well-formed string that is not empty";

/** Makes the schema of an update. */
export function updateSchema(limits: HttpLimits): UpdateSchema {
  const key = keySchema(limits.keyLength);
  // An empty one is a variable that nobody has set. No other face takes it.
  const name = v.pipe(key, v.minLength(1, EMPTY));
  return v.pipe(
    jsonObject,
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      for (const name of Object.keys(dataset.value)) {
        if (FIELDS.has(name)) continue;
        const message = REFUSED.get(name) ?? "is not a field of an update";
        addIssue({ message, path: [pathItem(dataset.value, name)] });
      }
    }),
    v.object(
      {
        subject: v.optional(name),
        context: name,
        resource: v.nullish(key),
        origin: v.optional(key),
        visibility: v.optional(visibilitySchema(limits.keyLength), "public"),
        ttlMs: v.custom<number>(isTtl, TTL_RULE),
        facets: v.optional(facetPatch(limits), {}),
        facetTtlsMs: v.optional(facetTtls()),
      },
      "is missing",
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const { facets, facetTtlsMs = {} } = dataset.value;
      const set = new Map(Object.entries(facets));
      for (const name of Object.keys(facetTtlsMs)) {
        if ((set.get(name) ?? null) !== null) continue;
        addIssue({
          message: "must belong to a facet that the same update sets",
          path: [
            pathItem({ facetTtlsMs }, "facetTtlsMs"),
            pathItem(facetTtlsMs, name),
          ],
        });
      }
    }),
  );
}

/** What is wrong with a value, as fields of a problem document. */
export function problemFields(
  issues: readonly v.BaseIssue<unknown>[],
  where: string,
): ProblemField[] {
  return issues.map(({ path, message }) => {
    const steps = (path ?? []).map(({ key }) => shorten(String(key)));
    const field = [...where === "" ? [] : [where], ...steps].join(".");
    return { field: field === "" ? "update" : field, message };
  });
}

function keySchema(maxLength: number): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.string(({ input }) => `must be a string: received ${kindOf(input)}`),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const fault = keyFault(dataset.value, maxLength);
      if (fault !== undefined) addIssue({ message: fault });
    }),
  );
}

function visibilitySchema(
  maxLength: number,
): v.GenericSchema<unknown, Visibility> {
  return v.custom<Visibility>(
    (value) => {
      if (value === "public" || value === "private") return true;
      if (typeof value !== "object" || value === null) return false;
      return Object.keys(value).join() === "restricted" &&
        "restricted" in value && typeof value.restricted === "string" &&
        keyFault(value.restricted, maxLength) === undefined;
    },
    'must be "public", "private" or { "restricted": label }',
  );
}

/** An error is no place to send a megabyte back. */
function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
