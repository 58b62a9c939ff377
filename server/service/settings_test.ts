import { assertEquals, assertThrows } from "@std/assert";
import { readSettings, StartError } from "./settings.ts";

Deno.test("readSettings() says what is wrong with a value, or that there is none", () => {
  const grace =
    "the grace must be a whole number of milliseconds, from 0 to 999999999";
  const cases: [string[], string][] = [
    [["--grace-ms", "-5"], `${grace}: received "-5"`],
    [["--grace-ms=-5"], `${grace}: received "-5"`],
    [["--grace-ms", "1.5"], `${grace}: received "1.5"`],
    [["--grace-ms", ""], `${grace}: received ""`],
    [
      ["--port", "-1"],
      'the port must be a number from 0 to 65535: received "-1"',
    ],
    [
      ["--metrics-documents", "-1"],
      'the number of documents must be from 0 to 9999: received "-1"',
    ],
    [["--grace-ms"], "--grace-ms needs a value; --help tells of the options"],
    [
      ["--grace-ms", "--port", "1"],
      "--grace-ms needs a value; --help tells of the options",
    ],
    [
      ["--origin", "--port=1"],
      "--origin needs a value; --help tells of the options",
    ],
  ];
  for (const [args, reason] of cases) {
    const error = assertThrows(() => readSettings(args), StartError);
    assertEquals(error.message, reason);
  }
});
