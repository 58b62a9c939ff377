import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvalidValueError } from "../../core/mod.ts";
import { LiveSubjects } from "./live_subjects.ts";
import { RevokedSubjects } from "./revoked_subjects.ts";
import type { TokenAuthority, TokenIdentity } from "./mod.ts";
import { authority, NOW, reasonOf, signed } from "./testing/tokens.ts";

const RUNS = { numRuns: Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000) };

async function identityOf(
  tokens: TokenAuthority,
  sub = "ada",
): Promise<TokenIdentity> {
  const identity = await tokens.verify(await signed({ claims: { sub } }));
  assert(identity.reason === undefined);
  return identity;
}

Deno.test("revoke() ends the streams of a subject, and of no other", async () => {
  const { tokens } = authority();
  const [phone, laptop, bob] = [
    await identityOf(tokens),
    await identityOf(tokens),
    await identityOf(tokens, "bob"),
  ];
  tokens.revoke("ada");
  assertEquals(
    [phone, laptop, bob].map(({ signal }) => signal.aborted),
    [true, true, false],
  );
  assertEquals(
    await reasonOf(tokens, await signed({ claims: { sub: "bob" } })),
    undefined,
  );
});

Deno.test("revoke() refuses tokens that were issued before, until they expire", async () => {
  const it = authority();
  const token = await signed();
  it.tokens.revoke("ada");
  for (const now of [NOW, NOW + 300, NOW + 604]) {
    it.now = now;
    assertEquals(
      await reasonOf(it.tokens, token),
      "the token has been revoked",
    );
  }
  it.now = NOW + 605;
  assertEquals(await reasonOf(it.tokens, token), "the token has expired");
});

Deno.test("revoke() refuses earlier tokens of an issuer whose clock is ahead", async () => {
  const it = authority();
  const token = await signed({ claims: { iat: NOW + 5, exp: NOW + 605 } });
  assertEquals(await reasonOf(it.tokens, token), undefined);
  it.now = NOW + 0.1;
  it.tokens.revoke("ada");
  const reason = "the token has been revoked";
  assertEquals(await reasonOf(it.tokens, token), reason);
  it.now = NOW + 609;
  assertEquals(await reasonOf(it.tokens, token), reason);
  it.now = NOW + 610;
  assertEquals(await reasonOf(it.tokens, token), "the token has expired");
});

Deno.test("revoke() accepts tokens that are issued after the tolerance", async () => {
  const it = authority();
  it.now = NOW + 0.5;
  it.tokens.revoke("ada");
  it.now = NOW + 10;
  const issued = (iat: number) => signed({ claims: { iat } });
  const reason = "the token has been revoked";
  for (const iat of [NOW, NOW + 0.5, NOW + 5, NOW + 5.9]) {
    assertEquals(await reasonOf(it.tokens, await issued(iat)), reason);
  }
  const later = await it.tokens.verify(await issued(NOW + 6));
  assert(later.reason === undefined);
  assertEquals(later.signal.aborted, false);
});

Deno.test("revoke() is remembered for the longest lifetime of the refused tokens", async () => {
  const it = authority({ clockToleranceSeconds: 10, maxLifetimeSeconds: 60 });
  const token = await signed({ claims: { iat: NOW + 10.9, exp: NOW + 70.9 } });
  it.tokens.revoke("ada");
  it.now = NOW + 80;
  // Another revocation forgets those that have expired.
  it.tokens.revoke("bob");
  const reason = "the token has been revoked";
  assertEquals(await reasonOf(it.tokens, token), reason);
});

Deno.test("revoke() applies to a token while it is verified", async () => {
  const { tokens } = authority();
  const token = await signed();
  const verdict = tokens.verify(token);
  tokens.revoke("ada");
  assertEquals((await verdict).reason, "the token has been revoked");
});

Deno.test("revoke() applies to a token while its rights are looked up", async () => {
  const { promise: found, resolve: find } = Promise.withResolvers<object>();
  const { tokens } = authority({ rightsOf: () => found });
  const verdict = tokens.verify(await signed());
  await new Promise((resolve) => setTimeout(resolve));
  tokens.revoke("ada");
  find({ read: ["*"] });
  assertEquals((await verdict).reason, "the token has been revoked");
});

Deno.test("revoke() ends all streams, also of a newer token, which can reconnect", async () => {
  const it = authority();
  const [identity, token] = [await identityOf(it.tokens), await signed()];
  it.tokens.revoke("ada", (NOW - 3_600) * 1_000);
  assert(identity.signal.aborted);
  assertEquals(await reasonOf(it.tokens, token), undefined);
});

Deno.test("revoke() accepts times before a restart and in the future", async () => {
  const { tokens } = authority();
  const issued = (iat: number) => signed({ claims: { iat } });
  tokens.revoke("ada", (NOW - 100) * 1_000);
  assertEquals(await reasonOf(tokens, await issued(NOW - 94)), undefined);
  assert(await reasonOf(tokens, await issued(NOW - 95)) !== undefined);
  tokens.revoke("ada", (NOW + 3) * 1_000);
  tokens.revoke("ada", NOW);
  assert(await reasonOf(tokens, await issued(NOW + 3)) !== undefined);
  assertThrows(() => tokens.revoke("ada", NaN), InvalidValueError);
});

Deno.test("RevokedSubjects forgets revocations whose tokens have expired", () => {
  const revoked = new RevokedSubjects(1_000);
  for (let time = 0; time < 100_000; time += 10) {
    revoked.add(`subject ${time}`, time, time, time);
    assert(revoked.size <= 100);
  }
});

Deno.test("RevokedSubjects refuses all subjects rather than forget a revocation", () => {
  const revoked = new RevokedSubjects(1_000, 2);
  revoked.add("ada", 100, 100, 100);
  revoked.add("bob", 200, 200, 200);
  assertEquals(revoked.includes("eve", 100), false);
  revoked.add("dan", 300, 300, 300);
  assertEquals(revoked.size, 2);
  assert(revoked.includes("ada", 100));
  assert(revoked.includes("eve", 100));
  assertEquals(revoked.includes("ada", 101), false);
  assert(revoked.includes("bob", 200));
});

Deno.test("RevokedSubjects treats a subject that is revoked again as the newest", () => {
  const revoked = new RevokedSubjects(1_000, 2);
  revoked.add("ada", 100, 100, 100);
  revoked.add("bob", 200, 200, 200);
  revoked.add("ada", 300, 300, 300);
  revoked.add("dan", 400, 400, 400);
  assertEquals(revoked.includes("eve", 201), false);
  assert(revoked.includes("ada", 300));
});

Deno.test("RevokedSubjects forgets nothing after the clock was wrong for a while", () => {
  const revoked = new RevokedSubjects(1_000);
  revoked.add("ada", 10_000, 10_000, 500);
  // An hour ahead, and back again.
  revoked.add("bob", 3_610_010, 3_610_010, 510);
  revoked.add("cyd", 10_020, 10_020, 520);
  assert(revoked.includes("ada", 10_000));
  revoked.add("dan", 11_000, 11_000, 1_500);
  assertEquals(revoked.includes("ada", 10_000), false);
});

Deno.test("property: RevokedSubjects never accepts a revoked token", () => {
  const LIFETIME = 50;
  const step = fc.record({
    subject: fc.constantFrom("a", "b", "c", "d"),
    after: fc.nat(20),
    before: fc.integer({ min: -30, max: 10 }),
  });
  fc.assert(
    fc.property(
      fc.array(step),
      fc.integer({ min: 1, max: 4 }),
      (steps, max) => {
        const revoked = new RevokedSubjects(LIFETIME, max);
        const all: { subject: string; until: number }[] = [];
        let now = 0;
        for (const { subject, after, before } of steps) {
          now += after;
          const until = now + before;
          revoked.add(subject, until, now, now);
          all.push({ subject, until });
          assert(revoked.size <= max);
          for (const one of all) {
            // Expired tokens are refused anyway.
            if (one.until + LIFETIME <= now) continue;
            assert(revoked.includes(one.subject, one.until));
          }
          // With room for all, no other token is refused.
          if (max < 4) continue;
          for (const name of ["a", "b", "c", "d"]) {
            const last = all.filter(({ subject }) => subject === name)
              .reduce(
                (latest, { until }) => Math.max(latest, until),
                -1_000,
              );
            assertEquals(revoked.includes(name, last + 1), false);
          }
        }
      },
    ),
    RUNS,
  );
});

Deno.test("LiveSubjects ends all held subjects, after any number of others and any time", () => {
  const live = new LiveSubjects();
  const lasting = live.signalOf("ada");
  for (let turn = 0; turn < 10_000; turn++) live.signalOf(`subject ${turn}`);
  assertEquals(live.signalOf("ada"), lasting);
  live.end("ada");
  assert(lasting.aborted);
  assertEquals(live.signalOf("ada").aborted, false);
});

Deno.test("LiveSubjects forgets subjects that nothing holds", async () => {
  const live = new LiveSubjects();
  const held = Array.from(
    { length: 500 },
    (_, index) => live.signalOf(`held ${index}`),
  );
  for (let round = 0; round < 20; round++) {
    for (let turn = 0; turn < 1_000; turn++) {
      live.signalOf(`subject ${round} ${turn}`);
    }
    // A dereferenced object is kept until the end of the turn.
    await new Promise((resolve) => setTimeout(resolve));
    collectGarbage();
  }
  assert(live.size < 5_000, `${live.size} are remembered`);
  for (const [index, signal] of held.entries()) {
    live.end(`held ${index}`);
    assert(signal.aborted);
  }
});

/** Collects the garbage. */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc()");
}
