import { assertEquals, assertThrows } from "@std/assert";
import { readSettings, StartError } from "./settings.ts";

Deno.test("readSettings() says what is wrong with an option or its value", () => {
  const grace =
    "--grace-ms must be a whole number of milliseconds from 0 to 999999999";
  const cases: [string[], string][] = [
    [["--grace-ms", "-5"], `${grace}: received "-5"`],
    [["--grace-ms=-5"], `${grace}: received "-5"`],
    [["--grace-ms", "1.5"], `${grace}: received "1.5"`],
    [["--grace-ms", ""], `${grace}: received ""`],
    [
      ["--port", "-1"],
      '--port must be a whole number from 0 to 65535: received "-1"',
    ],
    [
      ["--metrics-documents", "-1"],
      '--metrics-documents must be a whole number from 0 to 9999: received "-1"',
    ],
    [
      ["--lease-ms", "5"],
      '--lease-ms must be a whole number of milliseconds from 1000 to 999999999: received "5"',
    ],
    [
      ["--metrics-port", "many"],
      '--metrics-port must be a whole number from 0 to 65535: received "many"',
    ],
    [
      ["--backbone", "x"],
      "--backbone must be memory or a URL like redis://HOST, rediss://HOST, nats://HOST or tls://HOST",
    ],
    [["--grace-ms"], "--grace-ms needs a value; --help lists the options"],
    [
      ["--grace-ms", "--port", "1"],
      "--grace-ms needs a value; --help lists the options",
    ],
    [["--prot", "1"], "--prot is not an option; --help lists them"],
    [["8787"], "8787 is not an option; --help lists them"],
    [["--insecure=yes"], "--insecure takes no value"],
    [
      ["--origin", "--port=1"],
      "--origin needs a value; --help lists the options",
    ],
  ];
  for (const [args, reason] of cases) {
    const error = assertThrows(() => readSettings(args), StartError);
    assertEquals(error.message, reason);
  }
});
