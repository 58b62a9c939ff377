import { SignJWT } from "jose";
import { TokenAuthority, type TokenRules } from "../mod.ts";

/** The secret of most tests. */
export const SECRET = "a secret of at least thirty-two bytes";

export const ISSUER = "https://login.example";

export const AUDIENCE = "presence";

/** The present of tests that need none, in Unix seconds. */
export const NOW = 1_800_000_000;

/** How a token of a test is made. */
export interface TokenFields {
  /** Claims beside, or instead of, the usual ones; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** What signs it. */
  readonly key?: CryptoKey | Uint8Array;
  readonly alg?: string;
  readonly kid?: string;
  /** The present, in Unix seconds. */
  readonly now?: number;
}

/** Signs a token of ada, who may do everything for ten minutes. */
export function signed({
  claims = {},
  key = new TextEncoder().encode(SECRET),
  alg = "HS256",
  kid,
  now = NOW,
}: TokenFields = {}): Promise<string> {
  const payload = {
    sub: "ada",
    iss: ISSUER,
    aud: AUDIENCE,
    iat: now,
    exp: now + 600,
    presence: { read: ["*"], write: ["*"] },
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ alg, kid }).sign(key);
}

/** An authority, and the time by its clock, in Unix seconds. */
export interface Authority {
  readonly tokens: TokenAuthority;
  now: number;
}

/** Makes an authority by the secret, whose clock can be moved. */
export function authority(rules: Partial<TokenRules> = {}): Authority {
  const it: Authority = {
    now: NOW,
    tokens: new TokenAuthority({
      secret: SECRET,
      issuer: ISSUER,
      audience: AUDIENCE,
      clock: () => it.now * 1_000,
      ...rules,
    }),
  };
  return it;
}

/** Why a token is not taken; `undefined` if it is. */
export async function reasonOf(
  tokens: TokenAuthority,
  token: string,
): Promise<string | undefined> {
  return (await tokens.verify(token)).reason;
}
