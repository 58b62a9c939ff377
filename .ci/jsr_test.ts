/**
 * What the tests of this project require from the packages of JSR. It holds for
 * the real packages and for their stand-ins.
 *
 * @module
 */

import {
  assert,
  assertArrayIncludes,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  AssertionError,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotStrictEquals,
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

Deno.test("assert: equal values", () => {
  assertEquals<unknown>(Object.create(null), {});
  assertEquals({ a: [0] }, { a: [-0] });
  assertEquals(NaN, NaN);
  assertEquals(new Point(1), new Point(1));
  assertEquals(new Set([{ a: 1 }]), new Set([{ a: 1 }]));
  assertEquals(new Map([[{ a: 1 }, [1]]]), new Map([[{ a: 1 }, [1]]]));
  assertEquals(new Uint8Array([1, 2]), new Uint8Array([1, 2]));
  assertEquals(new Float64Array([0, NaN]), new Float64Array([-0, NaN]));
  assertEquals(new Uint8Array([1]).buffer, new Uint8Array([1]).buffer);
  assertEquals({ [Symbol.iterator]: 1 }, { [Symbol.iterator]: 1 });
  assertEquals(new URL("a:b"), new URL("a:b"));
  // If a key is an object, each entry is compared with all others.
  const [one, two] = [{}, {}];
  assertEquals(new Map([[one, 1], [two, 2]]), new Map([[one, 2], [two, 1]]));
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  const other: Record<string, unknown> = {};
  other.self = other;
  assertEquals(circle, other);
});

Deno.test("assert: unequal values", () => {
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
  assertNotEquals(new URL("a:b"), new URL("a:c"));
  assertNotEquals(new URL("a:b"), Object.assign(new URL("a:b"), { c: 1 }));
  assertNotEquals(new Uint8Array([1]).buffer, new Uint8Array([2]).buffer);
  assertNotEquals(
    new DataView(new ArrayBuffer(2)),
    new DataView(new ArrayBuffer(3)),
  );
  assertThrows(() => assertEquals(new WeakMap(), new WeakMap()), TypeError);
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

Deno.test("assert: a match of other objects", () => {
  const fails = (actual: unknown, expected: unknown) =>
    assertThrows(
      () => assertObjectMatch({ actual }, { actual: expected }),
      AssertionError,
    );
  const day = new Date(1);
  assertObjectMatch({ day }, { day: new Date(1) });
  fails(day, new Date(2));
  fails({}, day);
  fails(day, {});
  fails({ 0: 1, length: 1 }, [1]);
  assertObjectMatch({ list: [1, 2] }, { list: { 0: 1, length: 2 } });
  fails([1], [1, 2]);
  const map = new Map<string, unknown>([["a", { b: 1, c: 2 }], ["d", 3]]);
  assertObjectMatch({ map }, { map: new Map([["a", { b: 1 }]]) });
  fails(map, new Map([["e", 1]]));
  assertObjectMatch({ set: new Set([1, 2]) }, { set: new Set([1]) });
  fails(new Set([{ a: 1 }]), new Set([{ a: 1 }]));
  const circle: Record<string, unknown> = { a: 1 };
  circle.self = circle;
  const other: Record<string, unknown> = { a: 1 };
  other.self = other;
  assertObjectMatch(circle, other);
  assertThrows(
    () => assertObjectMatch(JSON.parse("null"), {}),
    TypeError,
    "Cannot assertObjectMatch null",
  );
});

Deno.test("assert: messages", () => {
  const said = (fails: () => void) =>
    assertThrows(fails, AssertionError).message;
  assertEquals(said(() => assert(false)), "");
  assertEquals(
    said(() => assertNotEquals({ a: [1] }, { a: [1] })),
    "Expected actual: {\n  a: [\n    1,\n  ],\n} not to be: {\n  a: [\n    1,\n  ],\n}.",
  );
  assertEquals(said(() => assertGreater("a", "b")), 'Expect "a" > "b"');
  assertEquals(said(() => assertGreater(1, 2, "why")), "why");
  assertEquals(
    said(() => assertNotStrictEquals("a", "a", "why")),
    'Expected "actual" to not be strictly equal to: "a": why\n',
  );
  assertEquals(
    said(() => assertArrayIncludes([1], [1, "b"])),
    'Expected actual: "[\n  1,\n]" to include: "[\n  1,\n  "b",\n]".\nmissing: [\n  "b",\n]',
  );
  const map = 'Expected object to be an instance of "Map"';
  assertEquals(
    said(() => assertInstanceOf(null, Map)),
    `${map} but was "null".`,
  );
  assertEquals(
    said(() => assertInstanceOf([], Map)),
    `${map} but was "Array".`,
  );
  assertEquals(
    said(() => assertInstanceOf(Map, Map, "why")),
    `${map} but was not an instanced object: why`,
  );
  assertEquals(
    said(() => assertNotInstanceOf([], Array)),
    'Expected object to not be an instance of "function".',
  );
});

Deno.test("assert: thrown errors", async () => {
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
  const coloured = () => {
    throw new Error("\x1b[31mred\x1b[39m and blue");
  };
  assertThrows(coloured, Error, "red and blue");
  assertThrows(
    () =>
      assertThrows(() => {
        throw "no error";
      }, Error),
    AssertionError,
    "A non-Error object was thrown.",
  );
  await assertRejects(() => assertRejects(throws), AssertionError);
  await assertRejects(
    () => assertRejects(() => Promise.resolve()),
    AssertionError,
  );
});

Deno.test("collections", () => {
  assertEquals(maxOf([1, 3, 2], (n) => n * 2), 6);
  // The first of several equal ones wins.
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

Deno.test("types: exact types", () => {
  assertType<IsExact<{ a: 1 } & { b: 2 }, { a: 1; b: 2 }>>(true);
  assertType<IsExact<{ readonly a: 1 }, { a: 1 }>>(false);
  assertType<IsExact<{ a?: 1 }, { a: 1 | undefined }>>(false);
  assertType<IsExact<{ a: unknown }, { a: { b: number } }>>(false);
  // deno-lint-ignore no-explicit-any
  assertType<IsExact<any, unknown>>(false);
  // deno-lint-ignore no-explicit-any
  assertType<IsExact<{ a: any }, { a: string }>>(false);
  assertType<IsExact<(a: string) => void, (a: string | number) => void>>(false);
  assertType<IsExact<string | number, number | string>>(true);
  assertType<IsExact<never, string>>(false);
});

Deno.test("FakeTime fakes dates and timers, and restores them", () => {
  const real = [Date, setTimeout, clearTimeout, AbortSignal.timeout];
  {
    using time = new FakeTime(1000);
    assertEquals([time.start, time.now, Date.now()], [1000, 1000, 1000]);
    assertEquals(new Date().getTime(), 1000);
    assert(new Date() instanceof Date);
    assertThrows(
      () => new FakeTime(),
      TimeError,
      "Cannot construct FakeTime: time is already faked",
    );
    assertThrows(
      () => time.now = 0,
      RangeError,
      "Cannot set current time in the past, time must be >= 1000: received 0",
    );
  }
  assertEquals([Date, setTimeout, clearTimeout, AbortSignal.timeout], real);
  assertThrows(
    () => FakeTime.restore(),
    TimeError,
    "Cannot restore time: time is already restored",
  );
});

Deno.test("FakeTime starts at a given time, or now", () => {
  const startOf = (...args: ConstructorParameters<typeof FakeTime>) => {
    using time = new FakeTime(...args);
    return time.start;
  };
  assertEquals(startOf(1.9), 1);
  assertEquals(startOf(new Date(5)), 5);
  assertEquals(startOf("1970-01-01T00:00:01Z"), 1000);
  assertGreater(startOf(), 1e12);
  assertGreater(startOf(null), 1e12);
  assertThrows(
    () => startOf("soon"),
    TypeError,
    "Cannot construct FakeTime: invalid start time NaN",
  );
});

Deno.test("FakeTime is a proxy of Date", () => {
  const { Date: RealDate } = globalThis;
  const time = new FakeTime(1000);
  const FakeDate = Date;
  const { now } = Date;
  assert(FakeDate !== RealDate);
  assertStrictEquals(FakeDate.prototype, RealDate.prototype);
  assertStrictEquals(new Date().constructor, RealDate);
  assertEquals(new Date(7).getTime(), 7);
  assertEquals(new Date(2000, 0).getTime(), new RealDate(2000, 0).getTime());
  assertEquals(Date.UTC(1970, 0, 1, 0, 0, 3), 3000);
  assertEquals(Date.parse("1970-01-01T00:00:03Z"), 3000);
  // Called as a function, it returns the present, whatever the arguments.
  assertEquals(Reflect.apply(Date, undefined, [0]), new Date(1000).toString());
  time.restore();
  // A kept reference returns the real time, and fake time when faked again.
  assertGreater(now(), 1e12);
  assertGreater(new FakeDate().getTime(), 1e12);
  using _again = new FakeTime(5);
  assertEquals([now(), new FakeDate().getTime()], [5, 5]);
  assertStrictEquals(Date, FakeDate);
});

Deno.test("FakeTime passes an assignment to Date.now on to the real Date", () => {
  const { Date: RealDate } = globalThis;
  const { now } = Date;
  const time = new FakeTime(1000);
  try {
    Object.assign(Date, { now: () => 7 });
    assertEquals([Date.now(), new Date().getTime()], [1000, 1000]);
    assertEquals(RealDate.now(), 7);
    // That is why no test assigns it: the restored fake one would call itself.
    Object.assign(Date, { now: Date.now });
    time.restore();
    assertThrows(() => Date.now(), RangeError);
    assertThrows(() => new FakeTime(), RangeError);
  } finally {
    Object.assign(RealDate, { now });
  }
});

Deno.test("FakeTime numbers timers from 1, and accepts functions only", () => {
  for (let turn = 0; turn < 2; turn++) {
    using _time = new FakeTime();
    const ids = [
      setTimeout(() => {}),
      setInterval(() => {}),
      setTimeout(() => {}),
    ];
    assertEquals<unknown>(ids, [1, 2, 3]);
    for (const name of ["setTimeout", "setInterval"] as const) {
      assertThrows(
        () => Reflect.apply(globalThis[name], undefined, ["code"]),
        TimeError,
        `FakeTime does not support non-function callbacks to ${name}`,
      );
    }
  }
});

Deno.test("FakeTime's timers work through kept references only while time is faked", () => {
  const time = new FakeTime();
  const kept = { setTimeout, clearTimeout, setInterval, clearInterval };
  const { timeout } = AbortSignal;
  time.restore();
  const noop = () => {};
  const says = (call: () => unknown, what: string) =>
    assertThrows(call, TimeError, `Cannot ${what}: time is not faked`);
  says(() => kept.setTimeout(noop), "set timeout");
  says(() => kept.setInterval(noop), "set interval");
  says(() => kept.clearTimeout(1), "clear timeout");
  says(() => kept.clearInterval(1), "clear interval");
  says(() => timeout(1), "set timeout");
  using again = new FakeTime();
  let runs = 0;
  kept.setTimeout(() => runs++, 1);
  again.tick(1);
  assertEquals(runs, 1);
});

Deno.test("FakeTime runs due timers in the order in which they were started", () => {
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

Deno.test("FakeTime runs microtasks before it moves, not while it does", async () => {
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

Deno.test("FakeTime waits longer than a real timer can, and accepts any delay", () => {
  using time = new FakeTime(0);
  const log: string[] = [];
  const add = (what: string) => void log.push(`${what} ${time.now}`);
  setTimeout(add, 2 ** 31 + 1, "long");
  setTimeout(add, -5, "past");
  setTimeout(add, 1.9, "fraction");
  setTimeout(add, Infinity, "never");
  const interval = setInterval(add, 0, "interval");
  time.tick(0);
  assertEquals(log, ["past 0"]);
  time.tick(1.5);
  assertEquals(log.splice(0), ["past 0", "fraction 1", "interval 1"]);
  assertEquals(time.now, 1.5);
  clearInterval(interval);
  time.tick(2 ** 31);
  assertEquals([log, time.now], [["long 2147483649"], 2147483649.5]);
});

Deno.test("FakeTime restarts an interval before it calls back", () => {
  using time = new FakeTime(0);
  const log: string[] = [];
  const interval = setInterval(() => {
    log.push(`interval ${time.now}`);
    setTimeout(() => log.push(`timer ${time.now}`), 10);
    if (time.now === 20) clearInterval(interval);
  }, 10);
  time.tick(40);
  assertEquals(log, ["interval 10", "interval 20", "timer 20", "timer 30"]);
});

Deno.test("FakeTime clears by number, timers and intervals alike", () => {
  using time = new FakeTime(0);
  let runs = 0;
  const count = () => runs++;
  clearInterval(setTimeout(count, 5));
  clearTimeout(setInterval(count, 5));
  const id: unknown = setTimeout(count, 5);
  clearTimeout(Object(id));
  const both: unknown[] = [
    setTimeout(() => clearTimeout(Number(both[1])), 3),
    setTimeout(count, 3),
  ];
  time.tick(10);
  assertEquals(runs, 1);
  assertEquals(time.next(), false);
});

Deno.test("FakeTime stops at a callback that throws, and continues after it", () => {
  using time = new FakeTime(0);
  let runs = 0;
  setTimeout(() => {
    throw new Error("bad");
  }, 5);
  setTimeout(() => runs++, 5);
  setTimeout(() => runs++, 8);
  assertThrows(() => time.tick(10), Error, "bad");
  assertEquals([time.now, runs], [5, 0]);
  time.runAll();
  assertEquals([time.now, runs], [8, 2]);
});

Deno.test("FakeTime's next() runs all timers of the next time", () => {
  using time = new FakeTime(0);
  const log: number[] = [];
  setTimeout(() => log.push(1), 5);
  setTimeout(() => setTimeout(() => log.push(2)), 5);
  setTimeout(() => log.push(3), 6);
  clearTimeout(setTimeout(() => log.push(4), 2));
  assert(time.next());
  assertEquals([log, time.now], [[1, 2], 5]);
  assert(time.next());
  assert(!time.next());
  assertEquals([log, time.now], [[1, 2, 3], 6]);
});

Deno.test("FakeTime can be moved by a callback", () => {
  using time = new FakeTime(0);
  const log: number[] = [];
  setTimeout(() => time.tick(100), 5);
  setTimeout(() => log.push(time.now), 50);
  time.tick(10);
  // The outer one ends last.
  assertEquals([log, time.now], [[50], 10]);
});

Deno.test("FakeTime.restoreFor() rethrows an error, and fakes time again", async () => {
  const real = setTimeout;
  await assertRejects(
    () => FakeTime.restoreFor(() => {}),
    TimeError,
    "Cannot restore time: time is not faked",
  );
  const time = new FakeTime(0);
  const fake = setTimeout;
  assertEquals(
    await FakeTime.restoreFor((a, b) => [setTimeout === real, a + b], 1, 2),
    [true, 3],
  );
  const throws = () => {
    throw new Error("bad");
  };
  await assertRejects(() => FakeTime.restoreFor(throws), Error, "bad");
  assertStrictEquals(setTimeout, fake);
  // Fake timers continue meanwhile, and due ones wait for a tick.
  let runs = 0;
  setTimeout(() => runs++, 5);
  await FakeTime.restoreFor(() => Promise.resolve(time.tick(5)));
  assertEquals([runs, Date.now()], [1, 5]);
  // It fakes time again although time was restored for good.
  await FakeTime.restoreFor(() => Promise.resolve(time.restore()));
  assertStrictEquals(setTimeout, fake);
  using _again = new FakeTime();
});

Deno.test("FakeTime's delay() takes real time, and ends with its signal", async () => {
  using time = new FakeTime(0);
  await time.delay(1);
  assertEquals(time.now, 0);
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = assertRejects(
    () => time.delay(60_000, { signal }),
    DOMException,
    "Delay was aborted.",
  );
  await time.runMicrotasks();
  controller.abort();
  assertEquals((await waiting).name, "AbortError");
  assertEquals(
    (await assertRejects(() => time.delay(0, { signal }), DOMException)).name,
    "AbortError",
  );
});

Deno.test("FakeTime fakes AbortSignal.timeout by its timers", () => {
  using time = new FakeTime(0);
  const signal = AbortSignal.timeout(10);
  assertEquals<unknown>(setTimeout(() => {}), 2);
  time.tick(10);
  assertInstanceOf(signal.reason, DOMException);
  assertEquals(signal.reason.message, "Signal timed out.");
});

Deno.test("FakeTime's runAllAsync() has nothing to wait for without timers", async () => {
  using time = new FakeTime(0);
  let isDone = false;
  queueMicrotask(() => setTimeout(() => isDone = true, 5));
  await time.runAllAsync();
  assertEquals([isDone, time.now], [false, 0]);
  await time.runAllAsync();
  assertEquals([isDone, time.now], [true, 5]);
});

Deno.test("FakeTime advances automatically if asked to", async () => {
  using time = new FakeTime(0, { advanceRate: 1000, advanceFrequency: 1 });
  const start = performance.now();
  while (time.now === 0 && performance.now() - start < 10_000) {
    await time.delay(1);
  }
  assertEquals(time.now % 1000, 0);
  assertGreater(time.now, 0);
});
