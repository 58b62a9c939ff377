import { assertThrows } from "@std/assert";
import { assertTimestamp, InvalidValueError } from "./mod.ts";

Deno.test("assertTimestamp() takes finite numbers", () => {
  for (const time of [0, -0, -1, 1.5, 1_700_000_000_000, Number.MAX_VALUE]) {
    assertTimestamp(time, "now", "expire entries");
  }
});

Deno.test("assertTimestamp() refuses everything else", () => {
  const others = [undefined, null, NaN, Infinity, "1", 1n, new Date(0)];
  for (const other of others) {
    assertThrows(
      () => assertTimestamp(other, "now", "expire entries"),
      InvalidValueError,
      "Cannot expire entries: now must be a finite number: received ",
    );
  }
});
