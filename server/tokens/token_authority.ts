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

/** Who a token says that somebody is, and what they may do. */
export interface TokenIdentity extends Identity {
  /** The claim `sub`. */
  readonly subject: string;
  /** Aborted when the tokens of the subject are revoked. */
  readonly signal: AbortSignal;
  /** When the token expires, in Unix milliseconds, the tolerance included. */
  readonly expiresAt: Timestamp;
}

/**
 * Lets those in who have a JSON Web Token, and revokes tokens. Its methods may
 * be handed over as they are: `authorize` to the HTTP handler and to a Phoenix
 * endpoint, `refresh` to the endpoint's `accessToken`.
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
   * Makes an authority. It asks for nothing and waits for nothing yet.
   *
   * @param options Which tokens are taken, and what they say.
   * @throws {InvalidValueError} If one of them makes no sense: neither a secret nor
   * a JWKS URL, a secret that is too short, algorithms that don't go with the keys, a JWKS URL that can't be
   * trusted.
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
      // A second more, of which an `iat` may have a part.
      (maxLifetimeSeconds + clockToleranceSeconds + 1) * 1_000,
    );
  }

  /**
   * Says who a request comes from, by the token that it brings: in the header
   * `Authorization`, in the subprotocol that phoenix.js offers, in the query as
   * `token`, `access_token` or `apikey`, for what can't send headers, or in the
   * header `apikey`.
   *
   * @param request The request.
   * @returns The identity, the reason why there is none, or `undefined` if it
   * brings no token.
   * @throws {TokenKeysError} If the keys can't be had.
   * @throws What `rightsOf` throws.
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
   * Says who the fresh token of an open socket is of: the hook `accessToken` of
   * a Phoenix endpoint.
   *
   * @param token The token.
   * @returns The identity, or the reason why there is none.
   * @throws {TokenKeysError} If the keys can't be had.
   * @throws What `rightsOf` throws.
   */
  readonly refresh = (
    token: string,
  ): Promise<TokenIdentity | Unauthorized> => this.verify(token);

  /**
   * Verifies a token.
   *
   * @param token The token.
   * @returns The identity, or the reason why there is none.
   * @throws {TokenKeysError} If the keys can't be had. It is the same error
   * until they are asked for again.
   * @throws What `rightsOf` throws.
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
   * Tells what the token of an identity says, its private claims too: a join
   * hook finds a name there, for instance.
   *
   * @param identity What this has given.
   * @returns The claims; `undefined` for an identity of somebody else.
   */
  claimsOf(identity: PhoenixIdentity): TokenClaims | undefined {
    return this.#claims.get(identity);
  }

  /**
   * Takes the tokens of a subject away at once: their open streams and sockets
   * end, what they have published here is withdrawn, and what they were issued
   * until now is refused until it has expired by itself. The clock of the issuer
   * may be ahead by the tolerance, so what it issues in the next seconds is
   * refused as well; tokens that are issued later are taken.
   *
   * All that they have open ends, also what a newer token than those that are
   * revoked has opened: they come back with that.
   *
   * It holds here alone and as long as this process lives: tell it to each node
   * of a cluster, and after a start tell again what was revoked before.
   *
   * @param subject Whose.
   * @param issuedUntil Until when they were issued, in Unix milliseconds by the
   * clock here; the tolerance is added.
   * @throws {InvalidValueError} If that is no time.
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
    // Here and there seconds have parts, or not.
    const issuedAt = Math.floor(iat) * 1_000;
    if (issuedAt > this.#clock() + clockToleranceSeconds * 1_000) {
      return { reason: "the token does not count yet" };
    }
    if (!(exp - iat <= maxLifetimeSeconds)) {
      return { reason: "the token lives too long" };
    }
    const given = await this.#rightsOf(claims);
    // Nothing is waited for from here on: what was revoked meanwhile counts.
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
