import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { base64url, CompactSign, SignJWT, UnsecuredJWT } from "jose";
import { InvalidValueError } from "../../core/mod.ts";
import {
  type SecretOptions,
  TokenAuthority,
  type TokenClaims,
  type TokenIdentity,
} from "./mod.ts";
import {
  AUDIENCE,
  authority,
  ISSUER,
  NOW,
  reasonOf,
  SECRET,
  signed,
  type TokenFields,
} from "./testing/tokens.ts";

/** Returns the identity of an accepted token. */
async function identityOf(
  tokens: TokenAuthority,
  fields: TokenFields = {},
): Promise<TokenIdentity> {
  const identity = await tokens.verify(await signed(fields));
  assert(identity.reason === undefined, identity.reason);
  return identity;
}

/** Returns the reason why a token with these claims is refused. */
async function refusalOf(
  claims: Record<string, unknown>,
): Promise<string | undefined> {
  return await reasonOf(authority().tokens, await signed({ claims }));
}

Deno.test("a token has an identity and rights", async () => {
  const { tokens } = authority();
  const identity = await identityOf(tokens, {
    claims: {
      presence: {
        read: ["doc-1", "room:*"],
        write: ["doc-1"],
        labels: ["team"],
        private: true,
      },
    },
  });
  const { subject, origin, viewer, expiresAt, signal } = identity;
  assertEquals({ subject, origin, viewer, expiresAt }, {
    subject: "ada",
    origin: "token/ada",
    viewer: { restricted: ["team"], private: true, subject: "ada" },
    expiresAt: (NOW + 605) * 1_000,
  });
  assertEquals(signal.aborted, false);
  const contexts = ["doc-1", "doc-10", "room:", "room:a:b", "room", "", 1];
  assertEquals(contexts.filter(identity.canRead), [
    "doc-1",
    "room:",
    "room:a:b",
  ]);
  assertEquals(contexts.filter(identity.canWrite), ["doc-1"]);
});

Deno.test("a token without rights grants none", async () => {
  const { tokens } = authority();
  const { canRead, canWrite, viewer } = await identityOf(tokens, {
    claims: { presence: {} },
  });
  assertEquals([canRead("doc-1"), canWrite("doc-1")], [false, false]);
  assertEquals(viewer, { restricted: [], private: false, subject: "ada" });
});

Deno.test("rights may come from other claims", async () => {
  const { tokens } = authority({
    rightsOf: ({ roles }) => ({
      read: ["*"],
      labels: Array.isArray(roles) && roles.includes("admin") ? "all" : [],
    }),
  });
  const claims = { presence: undefined, roles: ["admin"] };
  const { viewer, canRead } = await identityOf(tokens, { claims });
  assertEquals(viewer.restricted, "all");
  assertEquals([canRead("doc-1"), canRead(7)], [true, true]);
});

Deno.test("malformed or missing rights are refused", async () => {
  const none = await refusalOf({ presence: undefined });
  assertEquals(none, "the token has no rights");
  const malformed: unknown[] = [
    null,
    "*",
    [],
    { read: "*" },
    { read: [1] },
    { write: { 0: "*" } },
    { labels: "team" },
    { labels: [null] },
    { private: 1 },
    // The authors of these did not intend to grant nothing.
    { rea: ["*"] },
    { read: ["*"], admin: true },
  ];
  for (const presence of malformed) {
    assertEquals(
      await refusalOf({ presence }),
      "the rights in the token are malformed",
      JSON.stringify(presence),
    );
  }
});

Deno.test("rights may be looked up", async () => {
  const rightsOf = ({ sub }: TokenClaims) =>
    Promise.resolve({ read: [`${sub}'s`] });
  const { canRead } = await identityOf(authority({ rightsOf }).tokens);
  assertEquals(["ada's", "bob's"].filter(canRead), ["ada's"]);
});

Deno.test("rights that can't be looked up let nobody in, and report the error", async () => {
  const failure = new Error("no database");
  const { tokens } = authority({ rightsOf: () => Promise.reject(failure) });
  const token = await signed();
  const error = await assertRejects(() => tokens.verify(token));
  assertEquals(error, failure);
});

Deno.test("rights that are not a plain object are malformed, even without rights", async () => {
  const values = [
    () => {},
    new Map([["read", ["*"]]]),
    new Date(0),
    [],
    "all",
    7,
    true,
  ];
  for (const value of values) {
    const { tokens } = authority({ rightsOf: () => value });
    assertEquals(
      await reasonOf(tokens, await signed()),
      "the rights in the token are malformed",
      String(value),
    );
  }
});

Deno.test("a token of another issuer is refused", async () => {
  const reason = "the token is of another issuer";
  assertEquals(await refusalOf({ iss: "https://evil.example" }), reason);
  assertEquals(await refusalOf({ iss: [ISSUER] }), reason);
  assertEquals(await refusalOf({ iss: undefined }), "the token has no iss");
});

Deno.test("a token for another audience is refused", async () => {
  const reason = "the token is for another audience";
  assertEquals(await refusalOf({ aud: "mail" }), reason);
  assertEquals(await refusalOf({ aud: [] }), reason);
  assertEquals(await refusalOf({ aud: undefined }), "the token has no aud");
  assertEquals(await refusalOf({ aud: ["mail", AUDIENCE] }), undefined);
});

Deno.test("there may be several issuers and audiences", async () => {
  const issuer = [ISSUER, "https://other.example"];
  const { tokens } = authority({ issuer, audience: ["mail", AUDIENCE] });
  for (const iss of issuer) {
    const token = await signed({ claims: { iss, aud: "mail" } });
    assertEquals(await reasonOf(tokens, token), undefined);
  }
});

Deno.test("a token expires by the wall clock, even if it is set", async () => {
  const it = authority();
  const token = await signed();
  for (
    const [now, reason] of [
      [NOW + 40, undefined],
      [NOW + 3_600, "the token has expired"],
      [NOW - 3_600, "the token is not valid yet"],
      [NOW + 599, undefined],
    ] as const
  ) {
    it.now = now;
    assertEquals(await reasonOf(it.tokens, token), reason, `${now - NOW} s`);
  }
});

Deno.test("an expired token is refused, with five seconds of tolerance", async () => {
  const it = authority();
  const token = await signed();
  it.now = NOW + 604;
  assertEquals(await reasonOf(it.tokens, token), undefined);
  it.now = NOW + 605;
  assertEquals(await reasonOf(it.tokens, token), "the token has expired");
});

Deno.test("a token of the future is refused, with five seconds of tolerance", async () => {
  const reason = "the token is not valid yet";
  assertEquals(await refusalOf({ nbf: NOW + 6 }), reason);
  assertEquals(await refusalOf({ nbf: NOW + 5 }), undefined);
  assertEquals(await refusalOf({ iat: NOW + 6 }), reason);
  assertEquals(await refusalOf({ iat: NOW + 5 }), undefined);
});

Deno.test("a token of this second is valid, even if its time has a fraction", async () => {
  const it = authority({ clockToleranceSeconds: 0 });
  it.now = NOW + 0.25;
  const issued = (iat: number) => signed({ claims: { iat } });
  assertEquals(await reasonOf(it.tokens, await issued(NOW + 0.2)), undefined);
  assertEquals(await reasonOf(it.tokens, await issued(NOW + 0.9)), undefined);
  assertEquals(
    await reasonOf(it.tokens, await issued(NOW + 1)),
    "the token is not valid yet",
  );
});

Deno.test("a token with too long a lifetime is refused", async () => {
  const reason = "the lifetime of the token is too long";
  assertEquals(await refusalOf({ exp: NOW + 86_401 }), reason);
  assertEquals(await refusalOf({ exp: NOW + 86_400 }), undefined);
  const { tokens } = authority({ maxLifetimeSeconds: 60 });
  assertEquals(await reasonOf(tokens, await signed()), reason);
});

Deno.test("a token without an expiry, a subject or a time of issue is refused", async () => {
  for (const claim of ["exp", "sub", "iat"]) {
    assertEquals(
      await refusalOf({ [claim]: undefined }),
      `the token has no ${claim}`,
    );
  }
});

Deno.test("claims of a wrong type are refused", async () => {
  const wrong: [string, unknown[]][] = [
    ["exp", ["soon", null, [NOW]]],
    ["iat", [String(NOW), null]],
    ["nbf", ["now"]],
    ["sub", ["", 7, null, "\ud800", "x".repeat(257)]],
  ];
  for (const [claim, values] of wrong) {
    for (const value of values) {
      assertEquals(
        await refusalOf({ [claim]: value }),
        `the token's ${claim} is malformed`,
      );
    }
  }
});

Deno.test("a token with a wrong secret is refused", async () => {
  const key = new TextEncoder().encode("another secret of thirty-two bytes");
  assertEquals(
    await reasonOf(authority().tokens, await signed({ key })),
    "the token is not signed correctly",
  );
});

Deno.test("a token that is not signed is refused", async () => {
  const { tokens } = authority();
  const claims = {
    sub: "ada",
    iss: ISSUER,
    aud: AUDIENCE,
    iat: NOW,
    exp: NOW + 600,
    presence: { read: ["*"] },
  };
  const unsecured = new UnsecuredJWT(claims).encode();
  const [, payload, signature] = (await signed()).split(".");
  const forged = ["none", "None", "", "HS257"].flatMap((alg) => {
    const header = base64url.encode(JSON.stringify({ alg }));
    return [`${header}.${payload}.`, `${header}.${payload}.${signature}`];
  });
  for (const token of [unsecured, ...forged]) {
    assert(await reasonOf(tokens, token) !== undefined, token);
  }
});

Deno.test("an algorithm that is not allowed is refused", async () => {
  const secret = "x".repeat(64);
  const key = new TextEncoder().encode(secret);
  const token = await signed({ key, alg: "HS512" });
  const options = { secret, issuer: ISSUER, audience: AUDIENCE };
  const clock = () => NOW * 1_000;
  const strict = new TokenAuthority({ ...options, clock });
  assertEquals(
    await reasonOf(strict, token),
    "the token is not signed correctly",
  );
  const algorithms = ["HS512"];
  const other = new TokenAuthority({ ...options, clock, algorithms });
  assertEquals(await reasonOf(other, token), undefined);
});

Deno.test("a token with an unknown critical header is refused", async () => {
  const token = await new SignJWT({
    sub: "ada",
    iss: ISSUER,
    aud: AUDIENCE,
    iat: NOW,
    exp: NOW + 600,
    presence: {},
  }).setProtectedHeader({ alg: "HS256", crit: ["exp"], exp: 1 })
    .sign(new TextEncoder().encode(SECRET), { crit: { exp: true } });
  assertEquals(
    await reasonOf(authority().tokens, token),
    "the token is not signed correctly",
  );
});

Deno.test("a huge token is refused unread", async () => {
  const { tokens } = authority();
  const reason = "the token is too large";
  const padding = "x".repeat(8_192);
  const huge = await signed({ claims: { padding } });
  assertEquals(await reasonOf(tokens, huge), reason);
  assertEquals(await reasonOf(tokens, "x".repeat(8_193)), reason);
  const larger = authority({ maxTokenBytes: 20_000 });
  assertEquals(await reasonOf(larger.tokens, huge), undefined);
});

Deno.test("garbage is refused", async () => {
  const { tokens } = authority();
  const good = await signed();
  const [header = "", payload = "", signature = ""] = good.split(".");
  const text = (value: string) => base64url.encode(value);
  const garbage = [
    "",
    ".",
    "..",
    "....",
    "a.b.c",
    "Bearer x",
    "\u0000",
    "ä.ö.ü",
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${good}.`,
    `${good}x`,
    ` ${good}`,
    `${text("null")}.${payload}.${signature}`,
    `${text("[]")}.${payload}.${signature}`,
    `${text('{"alg":["HS256"]}')}.${payload}.${signature}`,
    `${text('{"alg":"HS256","alg":"none"}')}.${payload}.${signature}`,
    `${header}.${text("7")}.${signature}`,
    `${header}.${text('{"sub":"eve"}')}.${signature}`,
    `${header}..${signature}`,
    "{}",
    JSON.stringify({ payload, signature, protected: header }),
  ];
  for (const token of garbage) {
    assert(await reasonOf(tokens, token) !== undefined, token);
  }
  assertEquals(await reasonOf(tokens, good), undefined);
});

Deno.test("signed claims that are not an object are refused", async () => {
  const key = new TextEncoder().encode(SECRET);
  for (const payload of ["null", "[]", "7", '"ada"', "", "{"]) {
    const token = await new CompactSign(new TextEncoder().encode(payload))
      .setProtectedHeader({ alg: "HS256" })
      .sign(key);
    assertEquals(
      await reasonOf(authority().tokens, token),
      "the token is malformed",
      payload,
    );
  }
});

Deno.test("authorize() finds a token in all places where clients can send it", async () => {
  const { tokens } = authority();
  const token = await signed();
  const url = "http://localhost/v1/changes";
  const encoded = base64url.encode(token);
  const requests = [
    new Request(url, { headers: { authorization: `Bearer ${token}` } }),
    new Request(url, {
      headers: {
        "sec-websocket-protocol": `phoenix, base64url.bearer.phx.${
          encoded.replaceAll("=", "")
        }`,
      },
    }),
    new Request(`${url}?token=${token}`),
    new Request(`${url}?access_token=${token}`),
    new Request(`${url}?apikey=${token}`),
    new Request(url, { headers: { apikey: token } }),
  ];
  for (const request of requests) {
    const identity = await tokens.authorize(request);
    assert(identity !== undefined && identity.reason === undefined);
    assertEquals(identity.subject, "ada");
  }
  assertEquals(await tokens.authorize(new Request(url)), undefined);
  const none = new Request(url, { headers: { apikey: "", authorization: "" } });
  assertEquals(await tokens.authorize(none), undefined);
});

Deno.test("authorize() reports a malformed token", async () => {
  const { tokens } = authority();
  const url = "http://localhost/v1/changes";
  const protocol = "sec-websocket-protocol";
  const requests = [
    new Request(`${url}?token=`),
    new Request(url, { headers: { authorization: "Bearer garbage" } }),
    new Request(url, { headers: { authorization: "Bearer two words" } }),
    new Request(url, {
      headers: { [protocol]: "phoenix, base64url.bearer.phx.!" },
    }),
  ];
  for (const request of requests) {
    const given = await tokens.authorize(request);
    assertEquals(given?.reason, "the token is malformed");
  }
  const bare = new Request(url, { headers: { authorization: "garbage" } });
  assertEquals(
    (await tokens.authorize(bare))?.reason,
    "the header Authorization must be Bearer and a token",
  );
});

Deno.test("claimsOf() returns the claims of the token of an identity", async () => {
  const { tokens } = authority();
  const identity = await identityOf(tokens, { claims: { name: "Ada" } });
  assertEquals(tokens.claimsOf(identity)?.name, "Ada");
  assertEquals(tokens.claimsOf({ ...identity }), undefined);
});

/** Creates an authority with options, and returns the refused field. */
function refusedField(options: Partial<SecretOptions>): string {
  const make = () =>
    new TokenAuthority({
      secret: SECRET,
      issuer: ISSUER,
      audience: AUDIENCE,
      ...options,
    });
  const error = assertThrows(make, InvalidValueError);
  assert(!error.message.includes(SECRET));
  return error.field;
}

Deno.test("a secret that is too short for its algorithm is refused", () => {
  assertEquals(refusedField({ secret: "short" }), "secret");
  assertEquals(refusedField({ secret: new Uint8Array(31) }), "secret");
  const algorithms = ["HS256", "HS512"];
  assertEquals(refusedField({ algorithms }), "secret");
  const error = assertThrows(() =>
    new TokenAuthority({ secret: "é", issuer: ISSUER, audience: AUDIENCE })
  );
  assert(error instanceof InvalidValueError);
  assertEquals(
    error.message,
    'Cannot create token authority: secret must have at least 32 bytes for HS256: received "2 bytes"',
  );
});

Deno.test("options without a secret and a JWKS URL are refused", () => {
  // A missing environment variable is undefined.
  const unset: unknown = undefined;
  for (
    const [secret, had] of [
      [unset, '"nothing"'],
      [{ key: SECRET }, '"a value of the type object"'],
    ] as const
  ) {
    const options = { issuer: ISSUER, audience: AUDIENCE };
    const error = assertThrows(
      () => Reflect.construct(TokenAuthority, [{ ...options, secret }]),
      InvalidValueError,
    );
    assertEquals(
      error.message,
      `Cannot create token authority: secret must be a string or bytes, unless there is a jwksUrl: received ${had}`,
    );
    assertEquals(error.field, "secret");
  }
});

Deno.test("a secret needs algorithms of secrets", () => {
  for (const algorithms of [["RS256"], ["none"], ["hs256"], []]) {
    assertEquals(refusedField({ algorithms }), "algorithms");
  }
});

Deno.test("invalid rules are refused", () => {
  assertEquals(refusedField({ issuer: "" }), "issuer");
  assertEquals(refusedField({ audience: [] }), "audience");
  for (const value of [-1, NaN, Infinity]) {
    const fields = [
      refusedField({ clockToleranceSeconds: value }),
      refusedField({ maxLifetimeSeconds: value }),
      refusedField({ maxTokenBytes: value }),
    ];
    assertEquals(fields, [
      "clockToleranceSeconds",
      "maxLifetimeSeconds",
      "maxTokenBytes",
    ]);
  }
  assertEquals(refusedField({ maxLifetimeSeconds: 0 }), "maxLifetimeSeconds");
});
