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

/**
 * Says of a token whether it is signed as it must be, by whom it must be, for
 * whom it must be, and now. The algorithms are those of the kind of keys that
 * there are, whatever the token says: a public key is no secret.
 */
export class Signatures {
  readonly #options: JWTVerifyOptions;
  readonly #payloadOf: (
    token: string,
    options: JWTVerifyOptions,
  ) => Promise<JWTPayload>;

  /** @throws {InvalidValueError} If the keys or the algorithms make no sense. */
  constructor(keys: KeyOptions, rules: FilledRules) {
    const { issuer, audience, clockToleranceSeconds: clockTolerance } = rules;
    const requiredClaims = ["sub", "exp", "iat"];
    const options = { issuer, audience, clockTolerance, requiredClaims };
    if (keys.jwksUrl === undefined) {
      const { secret, algorithms } = secretFrom(keys);
      this.#options = { ...options, algorithms };
      this.#payloadOf = async (token, options) =>
        (await jwtVerify(token, secret, options)).payload;
    } else {
      const { algorithms, ...settings } = jwksFrom(keys);
      const published = new PublishedKeys(settings);
      this.#options = { ...options, algorithms };
      this.#payloadOf = (token, options) => published.payloadOf(token, options);
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
    const options = { ...this.#options, currentDate: new Date(now) };
    try {
      return { payload: await this.#payloadOf(token, options) };
    } catch (error) {
      return { reason: reasonOf(error) };
    }
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
