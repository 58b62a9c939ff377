import {
  errors,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import type { Timestamp } from "../../core/mod.ts";
import type { Unauthorized } from "../internal.ts";
import { PublishedKeys } from "./published_keys.ts";
import {
  type FilledRules,
  jwksFrom,
  type KeyOptions,
  secretFrom,
} from "./token_options.ts";

/** What is in a token that is signed as it must be, and is for us and now. */
export interface SignedToken {
  readonly payload: JWTPayload;
  readonly reason?: undefined;
}

type Keys =
  | { readonly secret: Uint8Array }
  | { readonly published: PublishedKeys };

/**
 * Says of a token whether it is signed as it must be, by whom it must be, for
 * whom it must be, and now. The algorithms are those of the kind of keys that
 * there are, whatever the token says: a public key is no secret.
 */
export class Signatures {
  readonly #keys: Keys;
  readonly #algorithms: string[];
  readonly #rules: FilledRules;

  /** @throws {InvalidValueError} If the keys or the algorithms make no sense. */
  constructor(options: KeyOptions, rules: FilledRules) {
    this.#rules = rules;
    if (options.jwksUrl === undefined) {
      const { secret, algorithms } = secretFrom(options);
      this.#keys = { secret };
      this.#algorithms = algorithms;
    } else {
      const { url, cooldownMs, onError, algorithms } = jwksFrom(options);
      const settings = { url, cooldownMs, onError: guarded(onError) };
      this.#keys = { published: new PublishedKeys(settings) };
      this.#algorithms = algorithms;
    }
  }

  /**
   * Verifies a token.
   *
   * @throws {TokenKeysError} If the keys can't be had.
   */
  async verify(
    token: string,
    now: Timestamp,
  ): Promise<SignedToken | Unauthorized> {
    const { issuer, audience } = this.#rules;
    const options: JWTVerifyOptions = {
      algorithms: this.#algorithms,
      issuer,
      audience,
      clockTolerance: this.#rules.clockToleranceSeconds,
      currentDate: new Date(now),
      requiredClaims: ["sub", "exp", "iat"],
    };
    try {
      return { payload: await this.#payloadOf(token, options) };
    } catch (error) {
      return { reason: reasonOf(error) };
    }
  }

  async #payloadOf(
    token: string,
    options: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    return "secret" in this.#keys
      ? (await jwtVerify(token, this.#keys.secret, options)).payload
      : await this.#keys.published.payloadOf(token, options);
  }
}

/**
 * What its sender is told of a token that is not taken.
 *
 * @throws What has gone wrong, if it is not the token that is to blame.
 */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return reasonOfClaim(error);
  }
  const isMalformed = error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid;
  if (isMalformed) return "the token is malformed";
  if (error instanceof errors.JOSEError) {
    return "the token is not signed as it must be";
  }
  throw error;
}

function reasonOfClaim(
  { claim, reason }: errors.JWTClaimValidationFailed,
): string {
  if (reason === "missing") return `the token has no ${claim}`;
  if (reason !== "check_failed") return `the token's ${claim} is malformed`;
  switch (claim) {
    case "iss":
      return "the token is of another issuer";
    case "aud":
      return "the token is for another audience";
    default:
      return "the token does not count yet";
  }
}

/** What it is told of must not let in, nor keep out, because telling fails. */
function guarded(
  onError: (error: unknown) => void,
): (error: unknown) => void {
  return (error) => {
    try {
      onError(error);
    } catch {
      // There is nobody left to tell.
    }
  };
}
