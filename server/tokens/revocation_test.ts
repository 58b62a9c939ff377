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

Deno.test("revoke() ends what a subject has, and nobody else's", async () => {
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

Deno.test("revoke() refuses the tokens that were issued before, until they have expired", async () => {
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

Deno.test("revoke() lets tokens in that are issued in a later second", async () => {
  const it = authority();
  it.now = NOW + 0.5;
  it.tokens.revoke("ada");
  const issued = (iat: number) => signed({ claims: { iat } });
  const reason = "the token has been revoked";
  assertEquals(await reasonOf(it.tokens, await issued(NOW)), reason);
  assertEquals(await reasonOf(it.tokens, await issued(NOW + 0.5)), reason);
  assertEquals(await reasonOf(it.tokens, await issued(NOW + 0.6)), undefined);
  const later = await it.tokens.verify(await issued(NOW + 1));
  assert(later.reason === undefined);
  assertEquals(later.signal.aborted, false);
});

Deno.test("revoke() counts for a token that is being verified", async () => {
  const { tokens } = authority();
  const token = await signed();
  const verdict = tokens.verify(token);
  tokens.revoke("ada");
  assertEquals((await verdict).reason, "the token has been revoked");
});

Deno.test("revoke() of what was revoked before a start, and of what is yet to be issued", async () => {
  const { tokens } = authority();
  const issued = (iat: number) => signed({ claims: { iat } });
  tokens.revoke("ada", (NOW - 100) * 1_000);
  assertEquals(await reasonOf(tokens, await issued(NOW - 50)), undefined);
  assert(await reasonOf(tokens, await issued(NOW - 100)) !== undefined);
  tokens.revoke("ada", (NOW + 3) * 1_000);
  tokens.revoke("ada");
  assert(await reasonOf(tokens, await issued(NOW + 3)) !== undefined);
  assertThrows(() => tokens.revoke("ada", NaN), InvalidValueError);
});

Deno.test("RevokedSubjects forgets what no token can have been issued before", () => {
  const revoked = new RevokedSubjects(1_000);
  for (let time = 0; time < 100_000; time += 10) {
    revoked.add(`subject ${time}`, time, time);
    assert(revoked.size <= 100);
  }
});

Deno.test("RevokedSubjects refuses everybody rather than to forget what matters", () => {
  const revoked = new RevokedSubjects(1_000, 2);
  revoked.add("ada", 100, 100);
  revoked.add("bob", 200, 200);
  assertEquals(revoked.includes("eve", 100), false);
  revoked.add("dan", 300, 300);
  assertEquals(revoked.size, 2);
  assert(revoked.includes("ada", 100));
  assert(revoked.includes("eve", 100));
  assertEquals(revoked.includes("ada", 101), false);
  assert(revoked.includes("bob", 200));
});

Deno.test("RevokedSubjects takes the one that is revoked again for the newest", () => {
  const revoked = new RevokedSubjects(1_000, 2);
  revoked.add("ada", 100, 100);
  revoked.add("bob", 200, 200);
  revoked.add("ada", 300, 300);
  revoked.add("dan", 400, 400);
  assertEquals(revoked.includes("eve", 201), false);
  assert(revoked.includes("ada", 300));
});

Deno.test("RevokedSubjects never lets in what was revoked, a property", () => {
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
          revoked.add(subject, until, now);
          all.push({ subject, until });
          assert(revoked.size <= max);
          for (const one of all) {
            // What has expired by itself is refused without this.
            if (one.until + LIFETIME <= now) continue;
            assert(revoked.includes(one.subject, one.until));
          }
          // With room for all, nobody else is refused.
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

Deno.test("LiveSubjects forgets those whose tokens have expired, and ends nobody by it", () => {
  const live = new LiveSubjects();
  const lasting = live.signalOf("ada", 10, 0);
  assertEquals(live.signalOf("ada", 1_000_000, 0), lasting);
  for (let time = 0; time < 100_000; time++) {
    live.signalOf(`subject ${time}`, time + 100, time);
    assert(live.size <= 1_001);
  }
  assertEquals(live.signalOf("ada", 200, 100_000), lasting);
  live.end("ada");
  assert(lasting.aborted);
  assertEquals(live.signalOf("ada", 200_000, 100_000).aborted, false);
});
