import { assert, assertEquals } from "@std/assert";
import { InvalidValueError } from "./mod.ts";

Deno.test("InvalidValueError says what can't be done, why, and with what", () => {
  const error = new InvalidValueError("publish update", "expiry", "is bad", 7);
  assert(error instanceof TypeError);
  assertEquals(error.name, "InvalidValueError");
  assertEquals(
    error.message,
    "Cannot publish update: expiry is bad: received 7",
  );
  assertEquals(error.field, "expiry");
  assertEquals(error.value, 7);
});

Deno.test("InvalidValueError formats any value, short and on one line", () => {
  const shown: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [1n, "1"],
    ["", `""`],
    [`a\n"b"`, `"a\\n\\"b\\""`],
    ["x".repeat(61), `"${"x".repeat(60)}…"`],
    [Symbol("a"), "Symbol(a)"],
    [() => 1, "a function"],
    [[1, 2], "an array"],
    [{ a: 1 }, "an object"],
    [Object.create(null), "an object"],
  ];
  for (const [value, text] of shown) {
    const { message } = new InvalidValueError("do it", "field", "is", value);
    assertEquals(message, `Cannot do it: field is: received ${text}`);
  }
});
