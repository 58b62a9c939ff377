import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError, type Timestamp } from "../../core/mod.ts";
import type { TokenClaims } from "./claims.ts";

/** What holds of tokens, however they are signed. */
export interface TokenRules {
  /** Who may issue them: their claim `iss`. */
  readonly issuer: string | readonly string[];
  /** Whom they are for: their claim `aud` has one of these. */
  readonly audience: string | readonly string[];
  /**
   * By how many seconds the clocks of the issuer and of this machine may
   * differ. A token is taken that much longer.
   *
   * @default {5}
   */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * How many seconds there may be between `iat` and `exp` of a token. For so
   * long a revocation is remembered.
   *
   * @default {86_400}
   */
  readonly maxLifetimeSeconds?: number | undefined;
  /**
   * Bytes of a token. Longer ones are refused unread.
   *
   * @default {8_192}
   */
  readonly maxTokenBytes?: number | undefined;
  /**
   * Finds what somebody may do among the claims of a token, or makes it of
   * them. It may be asynchronous, and is asked each time that a token is
   * verified. What it gives is checked as what a client sends: it must be a
   * plain object. What it throws is thrown on: nobody is let in, and the answer
   * is 500.
   *
   * @default {(claims) => claims.presence}
   */
  readonly rightsOf?: ((claims: TokenClaims) => unknown) | undefined;
  /**
   * Tells the time, in Unix milliseconds: the clock of the server.
   *
   * @default {Date.now}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/** Tokens that are signed with a secret that their issuer and this share. */
export interface SecretOptions extends TokenRules {
  /**
   * The secret: as many bytes as the hash of the algorithm has, 32 at least. It
   * is taken as it is: of a text from a file, leave out the line end yourself.
   */
  readonly secret: string | Uint8Array;
  /**
   * The algorithms: `HS256`, `HS384`, `HS512`.
   *
   * @default {["HS256"]}
   */
  readonly algorithms?: readonly string[] | undefined;
  /** The keys are here already. */
  readonly jwksUrl?: undefined;
}

/** Tokens that are signed with the private keys of their issuer. */
export interface JwksOptions extends TokenRules {
  /**
   * Where the public keys are, as a JSON Web Key Set: at `https:`, or on a
   * loopback address. They are asked for when a token comes, again every 10
   * minutes, and when a token names a key that is not among them.
   */
  readonly jwksUrl: string | URL;
  /**
   * After how many milliseconds the keys may be asked for anew because a token
   * names an unknown one, or since that has failed: else anybody could have
   * them asked for all the time.
   *
   * @default {30_000}
   */
  readonly jwksCooldownMs?: number | undefined;
  /**
   * Told of what should not happen and nobody is told of by an answer of 500:
   * that the keys can't be had anew while there are others, and, once for each,
   * that one of them can't be used.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /**
   * The algorithms: `RS`, `PS` and `ES` with `256`, `384` or `512`, `EdDSA`, and
   * `Ed25519`.
   *
   * @default {all of these}
   */
  readonly algorithms?: readonly string[] | undefined;
  /** There is no secret. */
  readonly secret?: undefined;
}

/** Which tokens are taken, and what they say. */
export type TokenOptions = SecretOptions | JwksOptions;

/** What the tokens are signed with: the options without the rules. */
export type KeyOptions =
  | Omit<SecretOptions, keyof TokenRules>
  | Omit<JwksOptions, keyof TokenRules>;

/** The rules of tokens, with nothing left out. */
export interface FilledRules {
  readonly issuer: string[];
  readonly audience: string[];
  readonly clockToleranceSeconds: number;
  readonly maxLifetimeSeconds: number;
  readonly maxTokenBytes: number;
}

/** What does not happen when an option makes no sense. */
const ACTION = "create token authority";

/** How many bytes a secret must have: those of the hash. */
const SECRET_BYTES: ReadonlyMap<string, number> = new Map([
  ["HS256", 32],
  ["HS384", 48],
  ["HS512", 64],
]);

const ASYMMETRIC: ReadonlySet<string> = new Set([
  ...["RS", "PS", "ES"].flatMap((name) =>
    ["256", "384", "512"].map((bits) => name + bits)
  ),
  "EdDSA",
  "Ed25519",
]);

/**
 * Fills in what is not said of the rules, and tells the keys from them.
 *
 * @throws {InvalidValueError} If one of the rules makes no sense.
 */
export function rulesFrom({
  issuer,
  audience,
  clockToleranceSeconds = 5,
  maxLifetimeSeconds = 86_400,
  maxTokenBytes = 8_192,
  ...keys
}: TokenRules & KeyOptions): {
  readonly rules: FilledRules;
  readonly keys: KeyOptions;
} {
  if (!(clockToleranceSeconds >= 0) || clockToleranceSeconds === Infinity) {
    const rule = "must be a number that is not below 0";
    const field = "clockToleranceSeconds";
    throw new InvalidValueError(ACTION, field, rule, clockToleranceSeconds);
  }
  assertAboveZero("maxLifetimeSeconds", maxLifetimeSeconds);
  assertAboveZero("maxTokenBytes", maxTokenBytes);
  const rules = {
    issuer: namesFrom("issuer", issuer),
    audience: namesFrom("audience", audience),
    clockToleranceSeconds,
    maxLifetimeSeconds,
    maxTokenBytes,
  };
  return { rules, keys };
}

/**
 * Checks a secret, and the algorithms that use it.
 *
 * @throws {InvalidValueError} If there is no secret, if it is too short for one
 * of them, or one of them is for public keys.
 */
export function secretFrom(
  { secret, algorithms = ["HS256"], jwksUrl: _, ...others }: Omit<
    SecretOptions,
    keyof TokenRules
  >,
): { readonly secret: Uint8Array; readonly algorithms: string[] } {
  assertNoOtherOptions(others, ACTION);
  assertSecret(secret);
  const bytes = typeof secret === "string"
    ? new TextEncoder().encode(secret)
    : Uint8Array.from(secret);
  for (const algorithm of someOf(algorithms)) {
    const least = SECRET_BYTES.get(algorithm);
    if (least === undefined) {
      const rule = "must be HS256, HS384 or HS512 where there is a secret";
      throw new InvalidValueError(ACTION, "algorithms", rule, algorithm);
    }
    if (bytes.length < least) {
      const rule = `must have at least ${least} bytes for ${algorithm}`;
      const had = `${bytes.length} bytes`;
      throw new InvalidValueError(ACTION, "secret", rule, had);
    }
  }
  return { secret: bytes, algorithms: [...algorithms] };
}

/**
 * Checks where keys are, and the algorithms that use them.
 *
 * @throws {InvalidValueError} If the URL is none that can be trusted, or an
 * algorithm is none of public keys: whoever knows one could sign with it.
 */
export function jwksFrom(
  { jwksUrl, secret: _, ...rest }: Omit<JwksOptions, keyof TokenRules>,
): {
  readonly url: URL;
  readonly cooldownMs: number;
  readonly onError: (error: unknown) => void;
  readonly algorithms: string[];
} {
  const { jwksCooldownMs = 30_000, onError = console.error, ...more } = rest;
  const { algorithms = [...ASYMMETRIC], ...others } = more;
  assertNoOtherOptions(others, ACTION);
  const url = URL.canParse(String(jwksUrl)) ? new URL(jwksUrl) : undefined;
  if (url === undefined || !isTrusted(url)) {
    const rule =
      "must be a URL of https:, or of http: on a loopback address, without a user and a password";
    throw new InvalidValueError(ACTION, "jwksUrl", rule, withoutSecrets(url));
  }
  if (!(jwksCooldownMs >= 0)) {
    const rule = "must be a number that is not below 0";
    throw new InvalidValueError(ACTION, "jwksCooldownMs", rule, jwksCooldownMs);
  }
  for (const algorithm of someOf(algorithms)) {
    if (ASYMMETRIC.has(algorithm)) continue;
    const rule = `must be some of ${[...ASYMMETRIC].join(", ")}`;
    throw new InvalidValueError(ACTION, "algorithms", rule, algorithm);
  }
  return {
    url,
    cooldownMs: jwksCooldownMs,
    onError,
    algorithms: [...algorithms],
  };
}

/** Whoever is on the way to other hosts could put in keys of their own. */
function isTrusted({ protocol, hostname, username, password }: URL): boolean {
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  // What is public wants no password, and errors would repeat it.
  return username === "" && password === "" &&
    (protocol === "https:" || protocol === "http:" && isLoopback);
}

/** What can be told of a URL in an error. */
function withoutSecrets(url: URL | undefined): string {
  if (url === undefined) return "no URL";
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** What the environment does not have is `undefined`, whatever its type says. */
function assertSecret(secret: unknown): void {
  if (typeof secret === "string" || secret instanceof Uint8Array) return;
  const rule = "must be a string or bytes, unless there is a jwksUrl";
  // Whatever else was given is not shown: it may be a secret all the same.
  const had = secret === undefined
    ? "nothing"
    : `a value of the type ${typeof secret}`;
  throw new InvalidValueError(ACTION, "secret", rule, had);
}

function someOf(algorithms: readonly string[]): readonly string[] {
  if (algorithms.length > 0) return algorithms;
  const rule = "must name at least one";
  throw new InvalidValueError(ACTION, "algorithms", rule, algorithms);
}

function namesFrom(
  field: "issuer" | "audience",
  given: string | readonly string[],
): string[] {
  const names = typeof given === "string" ? [given] : given;
  const isGood = Array.isArray(names) && names.length > 0 &&
    names.every((name) => typeof name === "string" && name !== "");
  if (isGood) return [...names];
  const rule = "must be a name, or several";
  throw new InvalidValueError(ACTION, field, rule, given);
}

function assertAboveZero(field: string, value: number): void {
  if (value > 0 && value < Infinity) return;
  const rule = "must be a finite number above 0";
  throw new InvalidValueError(ACTION, field, rule, value);
}
