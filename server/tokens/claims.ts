import * as v from "valibot";
import { isKey } from "../../core/mod.ts";
import { MAX_NAME_LENGTH } from "../internal.ts";

/** The claims of a verified token. */
export interface TokenClaims {
  /** The subject. */
  readonly sub: string;
  /** The issuer. */
  readonly iss: string;
  /** The audience. */
  readonly aud: string | readonly string[];
  /** The time of issue, in Unix seconds. */
  readonly iat: number;
  /** The time of expiry, in Unix seconds. */
  readonly exp: number;
  /** The time before which the token is not valid, in Unix seconds. */
  readonly nbf?: number | undefined;
  /** All other claims. */
  readonly [name: string]: unknown;
}

/**
 * The rights in a token, by default its claim `presence`. An omitted right is not
 * granted, and a token with an unknown right is refused. A pattern is the name of
 * a context (a topic), or a prefix and a `*`.
 */
export interface TokenRights {
  /** Patterns of the contexts that the subject may read. */
  readonly read?: readonly string[] | undefined;
  /** Patterns of the contexts that the subject may write to, but not read. */
  readonly write?: readonly string[] | undefined;
  /** The labels whose restricted entries the subject sees. */
  readonly labels?: "all" | readonly string[] | undefined;
  /** Whether the subject sees private entries. */
  readonly private?: boolean | undefined;
}

const strings = v.array(v.string());

const claimsSchema = v.looseObject({
  sub: v.pipe(
    v.string(),
    v.nonEmpty(),
    v.maxLength(MAX_NAME_LENGTH),
    v.check((sub) => isKey(sub)),
  ),
  iss: v.string(),
  aud: v.union([v.string(), strings]),
  iat: v.number(),
  exp: v.number(),
  nbf: v.optional(v.number()),
});

/** Strict, since an unknown name is most likely a misspelt one. */
const rightsSchema = v.strictObject({
  read: v.optional(strings, []),
  write: v.optional(strings, []),
  labels: v.optional(v.union([v.literal("all"), strings]), []),
  private: v.optional(v.boolean(), false),
});

/** Rights with all defaults. */
export type ReadRights = v.InferOutput<typeof rightsSchema>;

/** Reads claims, or returns the name of the first malformed claim. */
export function readClaims(
  payload: unknown,
): TokenClaims | { readonly wrong: string } {
  const result = v.safeParse(claimsSchema, payload);
  return result.success
    ? result.output
    : { wrong: v.getDotPath(result.issues[0]) ?? "sub" };
}

/**
 * Reads rights; returns `undefined` if they are malformed. Only plain objects are
 * rights: a `Map` or a promise would be rights that grant nothing.
 */
export function readRights(value: unknown): ReadRights | undefined {
  if (!isPlainObject(value)) return undefined;
  const result = v.safeParse(rightsSchema, value);
  return result.success ? result.output : undefined;
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
