import type { JWTPayload } from "jose";
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

/** Rights with all defaults. */
export type ReadRights = {
  readonly [Name in keyof TokenRights]-?: NonNullable<TokenRights[Name]>;
};

/** Reads claims, or returns the name of the first malformed claim. */
export function readClaims(
  payload: JWTPayload,
): TokenClaims | { readonly wrong: string } {
  const { sub, iss, aud, iat, exp, nbf } = payload;
  const isSubject = sub !== "" && isKey(sub) && typeof sub === "string" &&
    sub.length <= MAX_NAME_LENGTH;
  if (!isSubject) return { wrong: "sub" };
  if (typeof iss !== "string") return { wrong: "iss" };
  if (typeof aud !== "string" && !areStrings(aud)) return { wrong: "aud" };
  if (typeof iat !== "number") return { wrong: "iat" };
  if (typeof exp !== "number") return { wrong: "exp" };
  return { ...payload, sub, iss, aud, iat, exp, nbf };
}

/**
 * Reads rights; returns `undefined` if they are malformed. Only plain objects are
 * rights: a `Map` or a promise would be rights that grant nothing. An unknown name
 * is most likely a misspelt one.
 */
export function readRights(value: unknown): ReadRights | undefined {
  if (!isPlainObject(value)) return undefined;
  const { read = [], write = [], labels = [], ...rest } = value;
  const { private: isPrivate = false, ...others } = rest;
  if (!areStrings(read) || !areStrings(write)) return undefined;
  if (labels !== "all" && !areStrings(labels)) return undefined;
  if (typeof isPrivate !== "boolean") return undefined;
  if (Object.keys(others).length > 0) return undefined;
  return { read, write, labels, private: isPrivate };
}

function areStrings(value: unknown): value is string[] {
  return Array.isArray(value) &&
    value.every((text) => typeof text === "string");
}

function isPlainObject(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
