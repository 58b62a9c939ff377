import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fits, hueApart, hueOf } from "./hue.ts";
import { RUNS } from "../testing/harness.ts";

const GROUPS = 1_000;

/** A group of consecutive ids. */
const FAMILIES: Record<string, (n: number) => string> = {
  "decimal numbers": (n) => `${n}`,
  "numbers with a prefix": (n) => `user-${n}`,
  "numbers with zeros": (n) => `u${`${n}`.padStart(8, "0")}`,
  "hexadecimal numbers": (n) => n.toString(16).padStart(24, "5"),
  "UUIDs of version 7 that count": (n) =>
    `019a5e3c-${hex(n >> 12, 4)}-7${hex(n, 3)}-8a3c-1f2e3d4c5b6a`,
  "UUIDs of version 7": (n) =>
    `019a5e3c-${hex(0x1000 + n, 4)}-7${hex(noise(n), 3)}-8${
      hex(noise(n + 1), 3)
    }-${hex(noise(n + 2), 8)}${hex(noise(n + 3), 4)}`,
  "e-mail addresses": (n) => `ada.lovelace${n}@example.org`,
  "e-mail addresses of other hosts": (n) => `ada@example${n}.org`,
};

function hex(value: number, digits: number): string {
  return (value % 16 ** digits).toString(16).padStart(digits, "0");
}

/** A number that looks like a random one (splitmix32). */
function noise(seed: number): number {
  let bits = Math.imul(seed + 1, 0x9e3779b9);
  bits = Math.imul(bits ^ bits >>> 16, 0x21f0aaad);
  bits = Math.imul(bits ^ bits >>> 15, 0x735a2d97);
  return (bits ^ bits >>> 15) >>> 0;
}

/** The distance of the two hues that are nearest to each other. */
function nearest(hues: readonly number[]): number {
  const sorted = hues.toSorted((a, b) => a - b);
  const [first = 0] = sorted;
  return Math.min(
    ...sorted.map((hue, i) => (sorted[i + 1] ?? first + 360) - hue),
  );
}

/** What to expect of groups of eight: the mean of their nearest distances. */
function meanOf(hueAt: (n: number) => number): number {
  let sum = 0;
  for (let group = 0; group < GROUPS; group++) {
    const hues = Array.from({ length: 8 }, (_, n) => hueAt(8 * group + n));
    sum += nearest(hues);
  }
  return sum / GROUPS;
}

for (const [name, idAt] of Object.entries(FAMILIES)) {
  Deno.test(`hueOf() keeps eight ids in a row as far apart as random hues: ${name}`, () => {
    const random = meanOf((n) => noise(n) % 360);
    const mean = meanOf((n) => hueOf(idAt(n)));
    // Of 1,000 groups, the mean of random ones has a deviation of 3 %.
    assert(mean > random * 0.9, `${mean} of ${random}`);
  });
}

Deno.test("hueOf() reaches every hue, none much more often than others", () => {
  const counts = new Map<number, number>();
  for (let n = 0; n < 36_000; n++) {
    const hue = hueOf(`user-${n}`);
    counts.set(hue, (counts.get(hue) ?? 0) + 1);
  }
  assertEquals(counts.size, 360);
  assert(Math.max(...counts.values()) < 150);
});

Deno.test("hueOf() is the remainder by 360 of the mixed FNV-1a of UTF-8", () => {
  // Of "foobar", "a", "" and the bytes c3 a4.
  const known = { foobar: 0xbf9cf968, a: 0xe40c292c, "": 0x811c9dc5 };
  const mask = 0xffffffffn;
  const next = (hash: bigint, byte: bigint) => (hash ^ byte) * 16777619n & mask;
  const umlaut = Number(next(next(0x811c9dc5n, 0xc3n), 0xa4n));
  for (const [text, fnv] of Object.entries({ ...known, ä: umlaut })) {
    let hash = BigInt(fnv);
    hash = (hash ^ hash >> 16n) * 0x85ebca6bn & mask;
    hash = (hash ^ hash >> 13n) * 0xc2b2ae35n & mask;
    assertEquals(hueOf(text), Number((hash ^ hash >> 16n) % 360n), text);
  }
});

const hue = fc.nat({ max: 359 });

Deno.test("hueApart() gives the first person the hue of the start", () => {
  for (let start = 0; start < 360; start++) {
    assertEquals(hueApart(start, []), start);
  }
});

Deno.test("hueApart() keeps twelve people apart while they join and leave (property)", () => {
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ starts: hue }) },
    { weight: 1, arbitrary: fc.record({ leaves: fc.nat({ max: 11 }) }) },
  );
  const steps = fc.array(step, { minLength: 12, maxLength: 80, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const there: number[] = [];
      for (const step of steps) {
        if ("leaves" in step) there.splice(step.leaves, 1);
        else if (there.length < 12) {
          const hue = hueApart(step.starts, there);
          if (fits(step.starts, there)) assertEquals(hue, step.starts);
          there.push(hue);
        }
        assert(there.length < 2 || nearest(there) >= 20, there.join());
      }
    }),
    { numRuns: RUNS },
  );
});

Deno.test("hueApart() gives any number of people a hue (property)", () => {
  fc.assert(
    fc.property(hue, fc.array(hue, { maxLength: 40 }), (start, taken) => {
      const found = hueApart(start, taken);
      assert(Number.isInteger(found) && found >= 0 && found < 360, `${found}`);
    }),
    { numRuns: RUNS },
  );
});

Deno.test("hueApart() moves as far away as possible in a crowd", () => {
  const taken = Array.from({ length: 10 }, (_, n) => 36 * n);
  assertEquals(hueApart(0, taken), 18);
  const crowd = Array.from({ length: 18 }, (_, n) => 20 * n);
  assertEquals(hueApart(7, crowd), 7);
});
