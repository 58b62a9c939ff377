import { assertEquals, assertRejects } from "@std/assert";
import { flush } from "../../testing/harness.ts";
import { NatsAwayError } from "./errors.ts";
import { Limiter } from "./limiter.ts";

/** A limiter, what was started in it, and what ends each. */
function sample(max: number) {
  const started: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const limiter = new Limiter(max);
  const run = (name: string) =>
    limiter.run(() => {
      started.push(name);
      const end = Promise.withResolvers<void>();
      ends.set(name, end);
      return end.promise;
    });
  const end = async (name: string, error?: Error) => {
    if (error === undefined) ends.get(name)?.resolve();
    else ends.get(name)?.reject(error);
    await flush();
  };
  return { started, run, end };
}

Deno.test("Limiter has only so many under way, and the others in order", async () => {
  const { started, run, end } = sample(2);
  const all = ["a", "b", "c", "d"].map(run);
  assertEquals(started, ["a", "b"]);
  await end("b");
  assertEquals(started, ["a", "b", "c"]);
  await end("a");
  for (const name of ["c", "d"]) await end(name);
  await Promise.all(all);
  assertEquals(started, ["a", "b", "c", "d"]);
});

Deno.test("Limiter goes on after a failure", async () => {
  const { started, run, end } = sample(1);
  const [a, b] = ["a", "b"].map(run);
  const failing = assertRejects(async () => await a, TypeError);
  await end("a", new TypeError("It is no good"));
  await failing;
  assertEquals(started, ["a", "b"]);
  await end("b");
  await b;
});

Deno.test("Limiter has those that wait fail when nobody answers, and goes on", async () => {
  const { started, run, end } = sample(1);
  const failing = ["a", "b", "c"].map((name) =>
    assertRejects(() => run(name), NatsAwayError)
  );
  await end("a", new NatsAwayError());
  await Promise.all(failing);
  assertEquals(started, ["a"]);
  const next = run("d");
  assertEquals(started, ["a", "d"]);
  await end("d");
  await next;
});
