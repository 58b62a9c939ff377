import { assert, assertFalse } from "@std/assert";
import { equalValues } from "./mod.ts";

function parsed(text: string): unknown {
  return JSON.parse(text);
}

Deno.test("equalValues() compares primitives by value", () => {
  for (const value of ["", "a", 0, 1.5, NaN, true, null, undefined, 1n]) {
    assert(equalValues(value, value), String(value));
  }
  assertFalse(equalValues(1, "1"));
  assertFalse(equalValues(0, false));
  assertFalse(equalValues(null, undefined));
  assertFalse(equalValues(null, {}));
  assertFalse(equalValues({}, null));
});

Deno.test("equalValues() compares arrays by their elements, in order", () => {
  assert(equalValues([1, ["a", { b: 2 }]], [1, ["a", { b: 2 }]]));
  assertFalse(equalValues([1, 2], [2, 1]));
  assertFalse(equalValues([1], [1, undefined]));
  assertFalse(equalValues([], {}));
  assertFalse(equalValues({}, []));
  assertFalse(equalValues({ 0: "a", length: 1 }, ["a"]));
});

Deno.test("equalValues() compares objects by their own names, in any order", () => {
  assert(equalValues({ a: 1, b: { c: [] } }, { b: { c: [] }, a: 1 }));
  assert(equalValues(Object.create(null), {}));
  assertFalse(equalValues({ a: 1 }, { a: 2 }));
  assertFalse(equalValues({ a: 1 }, { a: 1, b: 1 }));
});

Deno.test("equalValues() treats an undefined member as absent", () => {
  assert(equalValues({ a: undefined }, {}));
  assert(equalValues({ a: undefined }, { b: undefined }));
  assert(equalValues([{ a: 1, b: undefined }], [{ c: undefined, a: 1 }]));
  assertFalse(equalValues({ a: undefined }, { a: null }));
  assertFalse(equalValues({ a: undefined }, { a: 1 }));
  assertFalse(equalValues({ a: undefined, b: 1 }, { a: 1, b: undefined }));
});

Deno.test("equalValues() is not fooled by names that every object has", () => {
  assertFalse(equalValues({ toString: Object.prototype.toString }, { a: 1 }));
  assertFalse(equalValues({ constructor: Object }, { other: Object }));
  assert(equalValues(parsed(`{"__proto__":1}`), parsed(`{"__proto__":1}`)));
  assertFalse(
    equalValues(parsed(`{"__proto__":1}`), parsed(`{"__proto__":2}`)),
  );
  assertFalse(equalValues(parsed(`{"__proto__":{}}`), parsed(`{"a":{}}`)));
});

Deno.test("equalValues() treats other objects as equal only to themselves", () => {
  const date = new Date(0);
  assert(equalValues(date, date));
  assertFalse(equalValues(date, new Date(0)));
  assertFalse(equalValues(new Map([[1, 2]]), new Map([[1, 3]])));
  assertFalse(equalValues(new Set([1]), new Set([2])));
  assertFalse(equalValues(new Uint8Array([1]), new Uint8Array([2])));
  assertFalse(equalValues({}, new Map()));
  assertFalse(equalValues(() => 1, () => 1));
});
