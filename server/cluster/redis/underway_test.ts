import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { flush } from "../../testing/harness.ts";
import { Underway } from "./underway.ts";

/** Answers that come when the test says so. */
class Answers {
  readonly asked: string[] = [];
  readonly #resolvers = new Map<string, (answer: string) => void>();

  ask(name: string): () => Promise<string> {
    return () => {
      this.asked.push(name);
      return new Promise((resolve) => this.#resolvers.set(name, resolve));
    };
  }

  give(name: string): void {
    this.#resolvers.get(name)?.(`answer to ${name}`);
  }
}

Deno.test("run() sends at once, but no more than may be under way", async () => {
  using _time = new FakeTime();
  const answers = new Answers();
  const underway = new Underway(2, 5_000, () => {});
  const all = ["1", "2", "3", "4"].map((name) =>
    underway.run(answers.ask(name))
  );
  assertEquals(answers.asked, ["1", "2"]);
  assertEquals(underway.size, 4);
  answers.give("2");
  await flush();
  assertEquals(answers.asked, ["1", "2", "3"]);
  for (const name of ["1", "3"]) answers.give(name);
  await flush();
  answers.give("4");
  assertEquals(
    await Promise.all(all),
    ["1", "2", "3", "4"].map((name) => `answer to ${name}`),
  );
  assertEquals(underway.size, 0);
});

Deno.test("run() makes way when an answer is an error", async () => {
  using _time = new FakeTime();
  const underway = new Underway(1, 5_000, () => {});
  const failing = underway.run(() => Promise.reject(new Error("no")));
  const next = underway.run(() => Promise.resolve("yes"));
  await assertRejects(() => failing, Error, "no");
  assertEquals(await next, "yes");
});

Deno.test("run() makes way when nothing could be sent", async () => {
  using _time = new FakeTime();
  const answers = new Answers();
  const underway = new Underway(1, 5_000, () => {});
  const unsendable = () => {
    throw new Error("no way");
  };
  const first = underway.run(unsendable);
  await assertRejects(() => first, Error, "no way");
  assertEquals(underway.size, 0);
  const second = underway.run(answers.ask("second"));
  const third = underway.run(unsendable);
  answers.give("second");
  assertEquals(await second, "answer to second");
  await assertRejects(() => third, Error, "no way");
  assertEquals(underway.size, 0);
});

Deno.test("run() tells when an answer is late, however many come in time", async () => {
  using time = new FakeTime();
  const answers = new Answers();
  let late = 0;
  const underway = new Underway(10, 5_000, () => late++);
  const slow = underway.run(answers.ask("slow"));
  for (let turn = 0; turn < 5; turn++) {
    const quick = underway.run(answers.ask(`${turn}`));
    await time.tickAsync(900);
    answers.give(`${turn}`);
    await quick;
  }
  assertEquals(late, 0);
  await time.tickAsync(5_000);
  assertEquals(late > 0, true);
  underway.failAll(new Error("over"));
  await assertRejects(() => slow, Error, "over");
});

Deno.test("run() looks once more after the last answer, and keeps no timer", async () => {
  using time = new FakeTime();
  const underway = new Underway(1, 5_000, () => {});
  assertEquals(await underway.run(() => Promise.resolve(1)), 1);
  await flush();
  assertEquals([time.next(), time.next()], [true, false]);
});

Deno.test("failAll() fails what is under way, what waits and what comes", async () => {
  using _time = new FakeTime();
  const answers = new Answers();
  const underway = new Underway(1, 5_000, () => {});
  const all = ["1", "2"].map((name) => underway.run(answers.ask(name)));
  underway.failAll(new Error("over"));
  answers.give("1");
  all.push(underway.run(answers.ask("3")));
  for (const each of all) await assertRejects(() => each, Error, "over");
  assertEquals(answers.asked, ["1"]);
  assertEquals(underway.size, 0);
});
