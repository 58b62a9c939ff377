import * as v from "valibot";
import { isKey } from "../../core/mod.ts";

/** What a token says, once it has been verified. */
export interface TokenClaims {
  /** Who it is about. */
  readonly sub: string;
  /** Who has issued it. */
  readonly iss: string;
  /** Whom it is for. */
  readonly aud: string | readonly string[];
  /** When it was issued, in Unix seconds. */
  readonly iat: number;
  /** When it expires, in Unix seconds. */
  readonly exp: number;
  /** From when on it counts, in Unix seconds. */
  readonly nbf?: number | undefined;
  /** Everything else. */
  readonly [name: string]: unknown;
}

/**
 * What somebody may do: the claim `presence` of a token. What is left out they
 * may not; with any other name in it the token is refused. A pattern is a context, or topic, or what it begins with and a `*`.
 */
export interface TokenRights {
  /** The contexts that they may read. */
  readonly read?: readonly string[] | undefined;
  /** The contexts that they may write to, which does not let them read. */
  readonly write?: readonly string[] | undefined;
  /** The labels whose restricted entries they see. */
  readonly labels?: "all" | readonly string[] | undefined;
  /** Whether they see private entries. */
  readonly private?: boolean | undefined;
}

/** As long as the keys of other faces. */
const MAX_SUBJECT_LENGTH = 256;

const claimsSchema = v.looseObject({
  sub: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(MAX_SUBJECT_LENGTH),
    v.check((sub) => isKey(sub)),
  ),
  iss: v.string(),
  aud: v.union([v.string(), v.array(v.string())]),
  iat: v.number(),
  exp: v.number(),
  nbf: v.optional(v.number()),
});

const patterns = v.optional(v.array(v.string()), []);

/** A name that is not known is one that was meant otherwise. */
const rightsSchema = v.strictObject({
  read: patterns,
  write: patterns,
  labels: v.optional(v.union([v.literal("all"), v.array(v.string())]), []),
  private: v.optional(v.boolean(), false),
});

/** Rights as they were read: nothing is left out. */
export type ReadRights = v.InferOutput<typeof rightsSchema>;

/** Reads claims; the name of the claim that is not as it must be, if one is. */
export function readClaims(payload: unknown): TokenClaims | { wrong: string } {
  const result = v.safeParse(claimsSchema, payload);
  return result.success
    ? result.output
    : { wrong: v.getDotPath(result.issues[0]) ?? "sub" };
}

/**
 * Reads rights; `undefined` if they are malformed. What leaves rights out has
 * none, so what can't have any at all, a `Map` or a promise, is malformed.
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
