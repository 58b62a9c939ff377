/**
 * What the tests of this project rely on in the packages of JSR. It holds for
 * the real packages and for their stand-ins.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  AssertionError,
  assertNotEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { maxOf } from "@std/collections";
import { maxWith } from "@std/collections/max-with";
import { FakeTime, TimeError } from "@std/testing/time";
import { type AssertTrue, assertType, type IsExact } from "@std/testing/types";

class Point {
  constructor(readonly x: number) {}
}

Deno.test("assert: what is equal", () => {
  assertEquals<unknown>(Object.create(null), {});
  assertEquals({ a: [0] }, { a: [-0] });
  assertEquals(NaN, NaN);
  assertEquals(new Point(1), new Point(1));
  assertEquals(new Set([{ a: 1 }]), new Set([{ a: 1 }]));
  assertEquals(new Map([[{ a: 1 }, [1]]]), new Map([[{ a: 1 }, [1]]]));
  assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 2]));
  assertEquals({ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 1 });
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const other: Record<string, unknown> = {};
  other.self = other;
  assertEquals(circle, other);
});

Deno.test("assert: what is not equal", () => {
  assertNotEquals<unknown>({ a: undefined }, {});
  assertNotEquals<unknown>({ a: undefined }, { b: undefined });
  assertNotEquals<unknown>(new Point(1), { x: 1 });
  assertNotEquals(new Point(1), new Point(2));
  assertNotEquals<unknown>([], {});
  assertNotEquals<unknown>("1", 1);
  assertNotEquals(new Date(1), new Date(2));
  assertNotEquals(new Map([[1, 2]]), new Map([[1, 3]]));
  assertNotEquals(new Set([1]), new Set([2]));
  assertNotEquals(() => {}, () => {});
  assertThrows(() => assertStrictEquals(0, -0), AssertionError);
  assertThrows(() => assertEquals(1, 2, "why"), AssertionError, "why");
});

Deno.test("assert: a match names a part", () => {
  const actual = { a: 1, list: [{ b: 2, c: 3 }, 4], point: new Point(1) };
  assertObjectMatch(actual, { list: [{ b: 2 }] });
  assertObjectMatch(actual, { point: { x: 1 } });
  for (const wrong of [{ a: 2 }, { d: undefined }, { list: [{ b: 3 }] }]) {
    assertThrows(() => assertObjectMatch(actual, wrong), AssertionError);
  }
});

Deno.test("assert: what is thrown", async () => {
  const throws = () => {
    throw new RangeError("too far");
  };
  assertType<IsExact<ReturnType<typeof throws>, never>>(true);
  const error = assertThrows(throws, RangeError, "far");
  assertType<IsExact<typeof error, RangeError>>(true);
  assertThrows(() => assertThrows(throws, TypeError), AssertionError);
  assertThrows(() => assertThrows(throws, RangeError, "no"), AssertionError);
  assertThrows(() => assertThrows(() => {}), AssertionError);
  await assertRejects(() => Promise.reject(error), RangeError, "far");
  await assertRejects(() => assertRejects(throws), AssertionError);
  await assertRejects(
    () => assertRejects(() => Promise.resolve()),
    AssertionError,
  );
});

Deno.test("collections", () => {
  assertEquals(maxOf([1, 3, 2], (n) => n * 2), 6);
  // Of equals the first one is found.
  assertEquals(
    maxWith(["a1", "b1", "b2"], (a, b) => +(a > b) - +(a < b)),
    "b2",
  );
  assertEquals(maxWith(["a1", "a2"], () => 0), "a1");
  assertEquals(maxWith([], () => 0), undefined);
  type _Found = AssertTrue<
    IsExact<ReturnType<typeof maxWith<number>>, number | undefined>
  >;
});

Deno.test("FakeTime fakes dates and timers, and restores them", () => {
  const real = [Date, setTimeout, clearTimeout, AbortSignal.timeout];
  {
    using time = new FakeTime(1000);
    assertEquals([time.start, time.now, Date.now()], [1000, 1000, 1000]);
    assertEquals(new Date().getTime(), 1000);
    assert(new Date() instanceof Date);
    const id: unknown = setTimeout(() => {}, 1);
    assertEquals(typeof id, "number");
    assertThrows(() => new FakeTime(), TimeError);
    assertThrows(() => time.now = 0, RangeError);
  }
  assertEquals([Date, setTimeout, clearTimeout, AbortSignal.timeout], real);
  assertThrows(() => FakeTime.restore(), TimeError);
});

Deno.test("FakeTime runs what is due, in the order in which it was armed", () => {
  using time = new FakeTime(0);
  const log: string[] = [];
  const add = (what: string) => log.push(`${what} ${Date.now()}`);
  const interval = setInterval(add, 100, "interval");
  setTimeout(() => add("timer"), 300);
  setTimeout(() => setTimeout(() => add("nested"), 0), 50);
  clearTimeout(setTimeout(() => add("cleared"), 10));
  clearTimeout(undefined);
  const signal = AbortSignal.timeout(120);
  time.tick(119);
  assertEquals(log, ["nested 50", "interval 100"]);
  assert(!signal.aborted);
  time.tick(181);
  assertEquals(log.slice(2), ["interval 200", "timer 300", "interval 300"]);
  assertEquals(signal.reason.name, "TimeoutError");
  clearInterval(interval);
  assert(!time.next());
  assertEquals(time.now, 300);
});

Deno.test("FakeTime lets microtasks run before it moves, not while it does", async () => {
  using time = new FakeTime(0);
  const log: number[] = [];
  setTimeout(() => Promise.resolve().then(() => log.push(Date.now())), 10);
  setTimeout(() => log.push(20), 20);
  await time.tickAsync(30);
  assertEquals(log.slice(0, 1), [20]);
  await time.runMicrotasks();
  assertEquals(log, [20, 30]);
  let runs = 0;
  const interval = setInterval(() => ++runs < 3 || clearInterval(interval), 5);
  assert(await time.nextAsync());
  await time.runAllAsync();
  assertEquals([runs, time.now], [3, 45]);
  await FakeTime.restoreFor(async () => {
    assert(Date.now() > 1e12);
    await new Promise((resolve) => setTimeout(resolve, 1));
  });
  assertEquals(Date.now(), 45);
});
