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

/** A token with a valid signature, issuer, audience and time. */
export interface SignedToken {
  readonly payload: JWTPayload;
  readonly reason?: undefined;
}

/**
 * Verifies the signature, the issuer, the audience and the time of tokens. The
 * kind of the keys decides the algorithms, not the token: a public key is not a
 * secret.
 */
export class Signatures {
  readonly #options: JWTVerifyOptions;
  readonly #payloadOf: (
    token: string,
    options: JWTVerifyOptions,
  ) => Promise<JWTPayload>;

  /** @throws {InvalidValueError} If the keys or the algorithms are not valid. */
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
   * @throws {TokenKeysError} If the keys can't be loaded.
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
 * Returns the reason why a token is refused, for its sender.
 *
 * @throws The error, if the token is not the cause.
 */
function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "the token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (reason === "missing") return `the token has no ${claim}`;
    if (reason !== "check_failed") return `the token's ${claim} is malformed`;
    return MISMATCHES.get(claim) ?? "the token is not valid yet";
  }
  const isMalformed = error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid;
  if (isMalformed) return "the token is malformed";
  if (error instanceof errors.JOSEError) {
    return "the token is not signed correctly";
  }
  throw error;
}

const MISMATCHES: ReadonlyMap<string, string> = new Map([
  ["iss", "the token is of another issuer"],
  ["aud", "the token is for another audience"],
]);
