import { assertEquals, assertInstanceOf } from "@std/assert";
import { Client } from "../testing/client.ts";
import { serve, type ServiceOptions } from "../testing/service.ts";

/** Options with a join hook that answers what the types forbid. */
function answering(
  answer: () => unknown,
  failures: unknown[] = [],
): ServiceOptions {
  const options: ServiceOptions = {
    onError: (error) => void failures.push(error),
  };
  return Object.assign(options, { join: answer });
}

/** Something that is like a promise, as some libraries have it. */
function thenable(answer: unknown): object {
  return { then: (resolve: (answer: unknown) => void) => resolve(answer) };
}

for (const answer of [undefined, null, false, true, 0, "", "members only"]) {
  for (
    const [how, wrap] of Object.entries({
      "that answers": (answer: unknown) => answer,
      "that promises": (answer: unknown) => Promise.resolve(answer),
      "whose promise is foreign and gives": thenable,
    })
  ) {
    Deno.test(`a join hook ${how} ${JSON.stringify(answer)} lets nobody in`, async () => {
      const failures: unknown[] = [];
      await using service = serve(answering(() => wrap(answer), failures));
      await using client = await Client.connect(service);
      assertEquals(
        await client.refusedJoin("room", { meta: {} }),
        "internal error",
      );
      assertEquals(service.topics.list("room"), []);
      assertEquals(await client.refused("room", "wave"), "unmatched topic");
      const [failure, ...more] = failures;
      assertInstanceOf(failure, TypeError);
      assertEquals(
        failure.message,
        "Cannot join topic: the hook must give an admission or a rejection: " +
          `received ${answer}`,
      );
      assertEquals(more, []);
    });
  }
}

Deno.test("a join hook may answer by a foreign promise", async () => {
  await using service = serve(answering(() => thenable({ key: "ada" })));
  await using client = await Client.connect(service);
  assertEquals((await client.join("room", { key: "eve" })).key, "ada");
});

Deno.test("a join hook may refuse by a foreign promise", async () => {
  const reason = "members only";
  await using service = serve(answering(() => thenable({ reason })));
  await using client = await Client.connect(service);
  assertEquals(await client.refusedJoin("room", { meta: {} }), reason);
  assertEquals(service.topics.list("room"), []);
});

Deno.test("a foreign promise of a join hook that fails refuses, and is reported", async () => {
  const failures: unknown[] = [];
  const failure = new Error("a secret of the server");
  const failing = {
    then: (_resolve: unknown, reject: (error: Error) => void) =>
      reject(failure),
  };
  await using service = serve(answering(() => failing, failures));
  await using client = await Client.connect(service);
  assertEquals(await client.refusedJoin("room"), "internal error");
  assertEquals(failures, [failure]);
});
