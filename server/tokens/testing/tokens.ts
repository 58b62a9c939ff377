import { SignJWT } from "jose";
import { TokenAuthority, type TokenRules } from "../mod.ts";

/** The secret of most tests. */
export const SECRET = "a secret of at least thirty-two bytes";

export const ISSUER = "https://login.example";

export const AUDIENCE = "presence";

/** The default time of tests, in Unix seconds. */
export const NOW = 1_800_000_000;

/** The options of a token in a test. */
export interface TokenFields {
  /** Claims that replace or extend the defaults; `undefined` omits one. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** The key that signs it. */
  readonly key?: CryptoKey | Uint8Array;
  readonly alg?: string;
  readonly kid?: string;
  /** The current time, in Unix seconds. */
  readonly now?: number;
}

/** Signs a token of ada with all rights for ten minutes. */
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

/** An authority, and the time of its clock in Unix seconds. */
export interface Authority {
  readonly tokens: TokenAuthority;
  now: number;
}

/** Creates an authority with the secret and a clock that can be set. */
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

/** Returns the reason why a token is refused; `undefined` if it is accepted. */
export async function reasonOf(
  tokens: TokenAuthority,
  token: string,
): Promise<string | undefined> {
  return (await tokens.verify(token)).reason;
}
