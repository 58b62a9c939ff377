import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError, type Timestamp } from "../../core/mod.ts";
import type { TokenClaims } from "./claims.ts";
import type { PublishedKeysSettings } from "./published_keys.ts";

/** The rules of tokens, however they are signed. */
export interface TokenRules {
  /** The issuers: the claim `iss` must be one of them. */
  readonly issuer: string | readonly string[];
  /** The audiences: the claim `aud` must have one of them. */
  readonly audience: string | readonly string[];
  /**
   * The largest difference between the clocks of the issuer and of this machine,
   * in seconds. A token stays valid for this much longer.
   *
   * @default {5}
   */
  readonly clockToleranceSeconds?: number | undefined;
  /**
   * The largest number of seconds between `iat` and `exp` of a token. A revocation
   * is remembered for as long.
   *
   * @default {86_400}
   */
  readonly maxLifetimeSeconds?: number | undefined;
  /**
   * The largest number of bytes in a token. Longer tokens are refused unread.
   *
   * @default {8_192}
   */
  readonly maxTokenBytes?: number | undefined;
  /**
   * Returns the {@linkcode TokenRights} of the claims of a token. It may be
   * asynchronous, and is called each time that a token is verified. Its result
   * is checked like the data of a client: it must be a plain object. If it
   * throws, the request is answered with 500.
   *
   * @default {(claims) => claims.presence}
   */
  readonly rightsOf?: ((claims: TokenClaims) => unknown) | undefined;
  /**
   * Returns the time in Unix milliseconds. Use the clock of the server.
   *
   * @default {Date.now}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/** The options for tokens that are signed with a shared secret. */
export interface SecretOptions extends TokenRules {
  /**
   * The secret, with at least as many bytes as the hash of the algorithm, which
   * is 32 or more. It is used as it is: trim the line end of a text from a file.
   */
  readonly secret: string | Uint8Array;
  /**
   * The algorithms: `HS256`, `HS384`, `HS512`.
   *
   * @default {["HS256"]}
   */
  readonly algorithms?: readonly string[] | undefined;
  /** A secret needs no URL. */
  readonly jwksUrl?: undefined;
}

/** The options for tokens that are signed with the private keys of an issuer. */
export interface JwksOptions extends TokenRules {
  /**
   * The URL of the public keys, a JSON Web Key Set: with `https:`, or on a
   * loopback address. The keys are loaded with the first token, again after 10
   * minutes, and when a token names an unknown key.
   */
  readonly jwksUrl: string | URL;
  /**
   * The milliseconds to wait before loading the keys again, after a failure or
   * for a token that names an unknown key: otherwise a client could cause
   * constant requests.
   *
   * @default {30_000}
   */
  readonly jwksCooldownMs?: number | undefined;
  /**
   * Called with errors that do not cause an answer with 500: if the keys can't be
   * loaded again while there are older ones, and once for each key that can't be
   * used.
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
  /** Public keys need no secret. */
  readonly secret?: undefined;
}

/** The options of a token authority. */
export type TokenOptions = SecretOptions | JwksOptions;

/** The options of a secret: those without the rules. */
type SecretKeyOptions = Omit<SecretOptions, keyof TokenRules>;

/** The options of published keys: those without the rules. */
type JwksKeyOptions = Omit<JwksOptions, keyof TokenRules>;

/** The options of the keys: those without the rules. */
export type KeyOptions = SecretKeyOptions | JwksKeyOptions;

/** The rules of tokens with all defaults. */
export interface FilledRules {
  readonly issuer: string[];
  readonly audience: string[];
  readonly clockToleranceSeconds: number;
  readonly maxLifetimeSeconds: number;
  readonly maxTokenBytes: number;
}

const ACTION = "create token authority";

/** The smallest number of bytes in a secret: those of the hash. */
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
 * Adds the defaults to the rules, and separates the keys from them.
 *
 * @throws {InvalidValueError} If a rule is not valid.
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
 * @throws {InvalidValueError} If there is no secret, it is too short for an
 * algorithm, or an algorithm is for public keys.
 */
export function secretFrom(
  { secret, algorithms = ["HS256"], jwksUrl: _, ...others }: SecretKeyOptions,
): { readonly secret: Uint8Array; readonly algorithms: string[] } {
  assertNoOtherOptions(others, ACTION);
  assertSecret(secret);
  const bytes = typeof secret === "string"
    ? new TextEncoder().encode(secret)
    : Uint8Array.from(secret);
  for (const algorithm of someOf(algorithms)) {
    const least = SECRET_BYTES.get(algorithm);
    if (least === undefined) {
      const rule = "must be HS256, HS384 or HS512 if there is a secret";
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
 * Checks the URL of published keys, and the algorithms that use them.
 *
 * @throws {InvalidValueError} If the URL can't be trusted, or an algorithm is
 * not for public keys: otherwise a client could sign with a public key.
 */
export function jwksFrom(
  { jwksUrl, secret: _, ...rest }: JwksKeyOptions,
): PublishedKeysSettings & { readonly algorithms: string[] } {
  const { jwksCooldownMs = 30_000, onError = console.error, ...more } = rest;
  const { algorithms = [...ASYMMETRIC], ...others } = more;
  assertNoOtherOptions(others, ACTION);
  const url = URL.canParse(String(jwksUrl)) ? new URL(jwksUrl) : undefined;
  if (url === undefined || !isTrusted(url)) {
    const rule =
      "must be a URL of https:, or of http: on a loopback address, without a user and a password";
    // An error must not repeat a password or a query.
    const had = url ? `${url.protocol}//${url.host}${url.pathname}` : "no URL";
    throw new InvalidValueError(ACTION, "jwksUrl", rule, had);
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
  const cooldownMs = jwksCooldownMs;
  return { url, cooldownMs, onError, algorithms: [...algorithms] };
}

/** On the way to other hosts, an attacker could replace the keys. */
function isTrusted({ protocol, hostname, username, password }: URL): boolean {
  const isLoopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  // Public keys need no password, and errors would repeat it.
  return username === "" && password === "" &&
    (protocol === "https:" || protocol === "http:" && isLoopback);
}

/** A missing environment variable is `undefined`, whatever its type says. */
function assertSecret(secret: unknown): void {
  if (typeof secret === "string" || secret instanceof Uint8Array) return;
  const rule = "must be a string or bytes, unless there is a jwksUrl";
  // The value is not shown, as it may be a secret.
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
