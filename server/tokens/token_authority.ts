import {
  InvalidValueError,
  steadyNow,
  type Timestamp,
} from "../../core/mod.ts";
import type { Identity, Unauthorized } from "../internal.ts";
import { type PhoenixIdentity, tokenOf } from "../phoenix/mod.ts";
import { readClaims, readRights, type TokenClaims } from "./claims.ts";
import { LiveSubjects } from "./live_subjects.ts";
import { matcherOf } from "./patterns.ts";
import { RevokedSubjects } from "./revoked_subjects.ts";
import { Signatures } from "./signatures.ts";
import {
  type FilledRules,
  rulesFrom,
  type TokenOptions,
} from "./token_options.ts";

/** The identity and the rights in a token. */
export interface TokenIdentity extends Identity {
  /** The claim `sub`. */
  readonly subject: string;
  /** Aborted when the tokens of the subject are revoked. */
  readonly signal: AbortSignal;
  /** The expiry of the token with the tolerance, in Unix milliseconds. */
  readonly expiresAt: Timestamp;
}

/**
 * Verifies JSON Web Tokens and revokes them. Its methods are bound: pass
 * `authorize` to an HTTP handler and to a Phoenix endpoint, and `refresh` to the
 * endpoint as `accessToken`.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { TokenAuthority } from "@ruthere/presence/server/tokens";
 * import { assertEquals } from "@std/assert";
 * import { SignJWT } from "jose";
 *
 * const secret = "a secret of at least thirty-two bytes";
 * const tokens = new TokenAuthority({
 *   secret,
 *   issuer: "https://app.example",
 *   audience: "presence",
 * });
 * using server = new PresenceServer();
 * const handler = createHttpHandler(server, { authorize: tokens.authorize });
 *
 * const token = await new SignJWT({ presence: { read: ["doc-*"] } })
 *   .setProtectedHeader({ alg: "HS256" })
 *   .setSubject("alice")
 *   .setIssuer("https://app.example")
 *   .setAudience("presence")
 *   .setIssuedAt()
 *   .setExpirationTime("10 minutes")
 *   .sign(new TextEncoder().encode(secret));
 *
 * const ask = () =>
 *   handler(
 *     new Request("http://localhost/v1/presence?context=doc-1", {
 *       headers: { authorization: `Bearer ${token}` },
 *     }),
 *   );
 * assertEquals((await ask()).status, 200);
 * tokens.revoke("alice");
 * assertEquals((await ask()).status, 401);
 * ```
 */
export class TokenAuthority {
  readonly #rules: FilledRules;
  readonly #rightsOf: (claims: TokenClaims) => unknown;
  readonly #clock: () => Timestamp;
  readonly #steadyClock: () => Timestamp;
  readonly #signatures: Signatures;
  readonly #revoked: RevokedSubjects;
  readonly #live = new LiveSubjects();
  readonly #claims = new WeakMap<PhoenixIdentity, TokenClaims>();

  /**
   * Creates an authority. It loads no keys yet.
   *
   * @param options The options of the authority.
   * @throws {InvalidValueError} If an option is not valid: there is neither a
   * secret nor a JWKS URL, the secret is too short, an algorithm does not fit the
   * keys, or the JWKS URL can't be trusted.
   */
  constructor(options: TokenOptions) {
    const { rightsOf, clock = Date.now, ...rest } = options;
    const { rules, keys } = rulesFrom(rest);
    this.#rules = rules;
    this.#rightsOf = rightsOf ?? ((claims) => claims.presence);
    this.#clock = clock;
    this.#steadyClock = options.clock ?? steadyNow;
    this.#signatures = new Signatures(keys, rules);
    const { maxLifetimeSeconds, clockToleranceSeconds } = rules;
    this.#revoked = new RevokedSubjects(
      // One more second, since an `iat` may have a fraction.
      (maxLifetimeSeconds + clockToleranceSeconds + 1) * 1_000,
    );
  }

  /**
   * Returns the identity in the token of a request. The token is in the header
   * `Authorization`, in the subprotocol that phoenix.js offers, in the query as
   * `token`, `access_token` or `apikey` for clients that can't set headers, or in
   * the header `apikey`.
   *
   * @param request The request.
   * @returns The identity, the reason why the token is refused, or `undefined` if
   * there is no token.
   * @throws {TokenKeysError} If the keys can't be loaded.
   * @throws The error of `rightsOf`.
   */
  readonly authorize = async (
    request: Request,
  ): Promise<TokenIdentity | Unauthorized | undefined> => {
    const token = tokenOf(request);
    if (token !== undefined) return await this.verify(token);
    if (!request.headers.get("authorization")) return undefined;
    return { reason: "the header Authorization must be Bearer and a token" };
  };

  /**
   * Returns the identity in a fresh token of an open socket: the hook
   * `accessToken` of a Phoenix endpoint.
   *
   * @param token The token.
   * @returns The identity, or the reason why the token is refused.
   * @throws {TokenKeysError} If the keys can't be loaded.
   * @throws The error of `rightsOf`.
   */
  readonly refresh = (
    token: string,
  ): Promise<TokenIdentity | Unauthorized> => this.verify(token);

  /**
   * Verifies a token.
   *
   * @param token The token.
   * @returns The identity, or the reason why the token is refused.
   * @throws {TokenKeysError} If the keys can't be loaded. It is the same error
   * until they are loaded again.
   * @throws The error of `rightsOf`.
   */
  async verify(token: string): Promise<TokenIdentity | Unauthorized> {
    if (token.length > this.#rules.maxTokenBytes) {
      return { reason: "the token is too large" };
    }
    const signed = await this.#signatures.verify(token, this.#clock());
    if (signed.reason !== undefined) return signed;
    const claims = readClaims(signed.payload);
    if ("wrong" in claims) {
      return { reason: `the token's ${claims.wrong} is malformed` };
    }
    return await this.#identityOf(claims);
  }

  /**
   * Returns the claims of an identity, including private ones. A join hook can
   * find a name there, for instance.
   *
   * @param identity An identity that this authority has returned.
   * @returns The claims; `undefined` for any other identity.
   */
  claimsOf(identity: PhoenixIdentity): TokenClaims | undefined {
    return this.#claims.get(identity);
  }

  /**
   * Revokes the tokens of a subject at once: its open streams and sockets end, its
   * entries that were published here are withdrawn, and its tokens that were
   * issued until now are refused until they expire. The clock of the issuer may be
   * ahead by the tolerance, so tokens that it issues in the next seconds are
   * refused too. Later tokens are accepted.
   *
   * All open streams and sockets end, even those that were opened with a newer
   * token: they can reconnect with it.
   *
   * A revocation applies to this process only: call this on each node of a
   * cluster, and again after a restart.
   *
   * @param subject The subject.
   * @param issuedUntil The time of the last revoked token, in Unix milliseconds of
   * the local clock; the tolerance is added.
   * @throws {InvalidValueError} If the time is not a finite number.
   */
  revoke(subject: string, issuedUntil: Timestamp = this.#clock()): void {
    if (!Number.isFinite(issuedUntil)) {
      const rule = "must be a finite number";
      const action = "revoke tokens";
      throw new InvalidValueError(action, "issuedUntil", rule, issuedUntil);
    }
    const { clockToleranceSeconds } = this.#rules;
    const until = issuedUntil + clockToleranceSeconds * 1_000;
    this.#revoked.add(subject, until, this.#clock(), this.#steadyClock());
    this.#live.end(subject);
  }

  async #identityOf(
    claims: TokenClaims,
  ): Promise<TokenIdentity | Unauthorized> {
    const { sub: subject, exp, iat } = claims;
    const { maxLifetimeSeconds, clockToleranceSeconds } = this.#rules;
    // Some issuers write fractions of seconds, and others do not.
    const issuedAt = Math.floor(iat) * 1_000;
    if (issuedAt > this.#clock() + clockToleranceSeconds * 1_000) {
      return { reason: "the token is not valid yet" };
    }
    if (!(exp - iat <= maxLifetimeSeconds)) {
      return { reason: "the lifetime of the token is too long" };
    }
    const given = await this.#rightsOf(claims);
    // The rest is synchronous, so a revocation during the wait is not missed.
    if (this.#revoked.includes(subject, issuedAt)) {
      return { reason: "the token has been revoked" };
    }
    if (given === undefined) return { reason: "the token has no rights" };
    const rights = readRights(given);
    if (rights === undefined) {
      return { reason: "the rights in the token are malformed" };
    }
    const identity: TokenIdentity = {
      subject,
      origin: `token/${subject}`,
      viewer: { restricted: rights.labels, private: rights.private, subject },
      signal: this.#live.signalOf(subject),
      expiresAt: (exp + clockToleranceSeconds) * 1_000,
      canRead: matcherOf(rights.read),
      canWrite: matcherOf(rights.write),
    };
    this.#claims.set(identity, claims);
    return identity;
  }
}
