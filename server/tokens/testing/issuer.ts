import { exportJWK, generateKeyPair, type JWK } from "jose";
import { listen } from "../../testing/listen.ts";
import { type JwksOptions, TokenAuthority } from "../mod.ts";
import { AUDIENCE, ISSUER, NOW, signed } from "./tokens.ts";

/** The reason for a token that no known key has signed. */
export const NOT_SIGNED = "the token is not signed correctly";

/** An issuer that publishes keys. */
export interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** The published keys, or another answer. */
  published: readonly JWK[] | Response;
  /** The number of requests. */
  asked: number;
}

/** Starts an issuer. */
export function issuer(published: readonly JWK[] | Response): Issuer {
  const http = listen(() => {
    it.asked++;
    return it.published instanceof Response
      ? it.published.clone()
      : Response.json({ keys: it.published });
  });
  const it: Issuer = {
    url: `http://127.0.0.1:${http.addr.port}/jwks.json`,
    published,
    asked: 0,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
  return it;
}

/** Creates an authority with the keys at a URL and a fixed time. */
export function authority(
  url: string,
  options: Partial<JwksOptions> = {},
): TokenAuthority {
  return new TokenAuthority({
    jwksUrl: url,
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: () => NOW * 1_000,
    ...options,
  });
}

/** Creates a pair of keys; the public one has a name and can be published. */
export async function pair(kid: string | undefined, alg = "ES256") {
  const { privateKey, publicKey } = await generateKeyPair(alg, {
    extractable: true,
  });
  const jwk: JWK = { ...await exportJWK(publicKey), kid, use: "sig" };
  const sign = (claims = {}) => signed({ key: privateKey, alg, kid, claims });
  return { jwk, sign, publicKey };
}

/** Creates an unsigned token that names a key. */
export function forged(kid: string | undefined, alg = "ES256"): string {
  const header = btoa(JSON.stringify({ alg, kid })).replaceAll("=", "");
  return `${header}.e30.AAAA`;
}
