import { exportJWK, generateKeyPair, type JWK } from "jose";
import { type JwksOptions, TokenAuthority } from "../mod.ts";
import { AUDIENCE, ISSUER, NOW, signed } from "./tokens.ts";

/** What is said of a token that no known key has signed. */
export const NOT_SIGNED = "the token is not signed as it must be";

/** An issuer that publishes keys. */
export interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** What it publishes: keys, or an answer that is none. */
  published: readonly JWK[] | Response;
  /** How often it was asked. */
  asked: number;
}

/** Starts an issuer. */
export function issuer(published: readonly JWK[] | Response): Issuer {
  const http = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => {
      it.asked++;
      return it.published instanceof Response
        ? it.published.clone()
        : Response.json({ keys: it.published });
    },
  );
  const it: Issuer = {
    url: `http://127.0.0.1:${http.addr.port}/jwks.json`,
    published,
    asked: 0,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
  return it;
}

/** Makes an authority by the keys at a URL, at a time that stands still. */
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

/** A pair of keys, of which the public one has a name and can be published. */
export async function pair(kid: string | undefined, alg = "ES256") {
  const { privateKey, publicKey } = await generateKeyPair(alg, {
    extractable: true,
  });
  const jwk: JWK = { ...await exportJWK(publicKey), kid, use: "sig" };
  const sign = (claims = {}) => signed({ key: privateKey, alg, kid, claims });
  return { jwk, sign, publicKey };
}

/** A token that names a key, and that nobody has signed. */
export function forged(kid: string | undefined, alg = "ES256"): string {
  const header = btoa(JSON.stringify({ alg, kid })).replaceAll("=", "");
  return `${header}.e30.AAAA`;
}
