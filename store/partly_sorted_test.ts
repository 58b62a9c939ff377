import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareKeys, type Key } from "../core/mod.ts";
import { PartlySorted } from "./partly_sorted.ts";

/** Keys, and how often all of them were listed. */
class Listed {
  readonly keys = new Set<Key>();
  readonly sorted: PartlySorted<Key>;
  listings = 0;

  constructor(keys: Iterable<Key>, few?: number) {
    for (const key of keys) this.keys.add(key);
    this.sorted = new PartlySorted<Key>(
      () => {
        this.listings++;
        return [...this.keys];
      },
      compareKeys,
      few,
    );
  }

  /** Adds the key, or deletes it if it is there. */
  toggle(key: Key): void {
    if (this.keys.delete(key)) this.sorted.delete(key);
    else {
      this.keys.add(key);
      this.sorted.add(key);
    }
  }

  page(after: Key | undefined, limit: number): Key[] {
    return [
      ...this.sorted.from(after).filter((key) => key !== after).take(limit),
    ];
  }

  expectedPage(after: Key | undefined, limit: number): Key[] {
    return [...this.keys].filter((key) => compareKeys(key, after) > 0)
      .sort(compareKeys).slice(0, limit);
  }
}

/** Keys in an order that is not theirs. */
function scattered(count: number): Key[] {
  return Array.from({ length: count }, (_, n) => (n * 7_919) % count);
}

Deno.test("PartlySorted lists few keys once, however often they change", () => {
  const listed = new Listed(scattered(100));
  assertEquals(listed.page(undefined, 3), [0, 1, 2]);
  for (const key of [-1, 1, "a", 1.5]) listed.toggle(key);
  assertEquals(listed.page(undefined, 3), [-1, 0, 1.5]);
  assertEquals(listed.page(99, 3), ["a"]);
  assertEquals(listed.listings, 1);
});

Deno.test("PartlySorted sorts many keys part by part, as far as they are read", () => {
  const listed = new Listed(scattered(100_000));
  assertEquals(listed.page(undefined, 2), [0, 1]);
  assertEquals(listed.page(1, 2), [2, 3]);
  assertEquals(listed.listings, 1);
  assertEquals(listed.page(50_000, 2), [50_001, 50_002]);
  assertEquals(listed.listings, 2);
  assertEquals(
    listed.page(undefined, Infinity),
    listed.expectedPage(undefined, Infinity),
  );
  const { listings } = listed;
  assert(listings < 100, `${listings} listings`);
  assertEquals(listed.page(77_777, 1), [77_778]);
  assertEquals(listed.listings, listings);
});

Deno.test("PartlySorted sorts each part once, also if the last page is read first", () => {
  const listed = new Listed(scattered(100_000));
  for (let after = 99_000; after >= 0; after -= 1_000) {
    assertEquals(listed.page(after, 1), [after + 1]);
  }
  assert(listed.listings < 100, `${listed.listings} listings`);
});

Deno.test("PartlySorted keeps what is sorted while other parts change", () => {
  const listed = new Listed(scattered(100_000));
  listed.page(undefined, 1);
  for (let n = 0; n < 10_000; n++) listed.toggle(90_000 + n);
  assertEquals(listed.page(undefined, 1), [0]);
  assertEquals(listed.listings, 1);
});

Deno.test("PartlySorted forgets an order that nobody reads", () => {
  const listed = new Listed(scattered(100));
  listed.page(undefined, 1);
  for (let n = 0; n < 200; n++) listed.toggle(`${n}`);
  assertEquals(listed.page(undefined, 1), [0]);
  assertEquals(listed.listings, 2);
});

Deno.test("PartlySorted yields what a sort does while keys come and go (property)", () => {
  const key: fc.Arbitrary<Key> = fc.oneof(
    fc.integer({ min: -20, max: 20 }),
    fc.string({ maxLength: 1 }),
  );
  const step = fc.record({
    toggled: fc.array(key, { maxLength: 8 }),
    after: fc.option(key, { nil: undefined }),
    limit: fc.nat({ max: 6 }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(key, { maxLength: 60, size: "max" }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(step, { maxLength: 30, size: "max" }),
      (keys, few, steps) => {
        const listed = new Listed(keys, few);
        for (const { toggled, after, limit } of steps) {
          for (const key of toggled) listed.toggle(key);
          assertEquals(
            listed.page(after, limit),
            listed.expectedPage(after, limit),
          );
        }
        assertEquals(
          listed.page(undefined, Infinity),
          listed.expectedPage(undefined, Infinity),
        );
      },
    ),
    { numRuns: Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000) },
  );
});
