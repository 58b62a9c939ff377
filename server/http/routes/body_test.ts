import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { flush } from "../../testing/harness.ts";
import { HttpProblem, readBytes } from "../mod.ts";

/** Creates a request whose body arrives in parts at an interval. */
function slow(seconds: number, parts: number) {
  const body = {
    isCancelled: false,
    request: new Request("http://localhost/", {
      method: "POST",
      body: new ReadableStream<Uint8Array>({
        async start(controller) {
          for (let part = 0; part < parts; part++) {
            await new Promise((resolve) =>
              setTimeout(resolve, seconds * 1_000)
            );
            if (body.isCancelled) return;
            controller.enqueue(Uint8Array.of(part));
          }
          controller.close();
        },
        cancel: () => void (body.isCancelled = true),
      }),
    }),
  };
  return body;
}

Deno.test("readBytes() reads a body that arrives within 30 seconds", async () => {
  using time = new FakeTime();
  const { request } = slow(7, 4);
  const read = readBytes(request, 4);
  for (let part = 0; part < 4; part++) await time.tickAsync(7_000);
  assertEquals(await read, Uint8Array.of(0, 1, 2, 3));
});

Deno.test("readBytes() gives up a body that trickles for 30 seconds", async () => {
  using time = new FakeTime();
  const body = slow(1, 100);
  const problem = assertRejects(
    () => readBytes(body.request, 1_000),
    HttpProblem,
    "Cannot read body: it did not arrive within 30 seconds",
  );
  await time.tickAsync(29_500);
  assert(!body.isCancelled);
  await time.tickAsync(1_000);
  const response = (await problem).toResponse();
  assertEquals(response.status, 408);
  assertEquals(response.headers.get("connection"), "close");
  assert(body.isCancelled);
  await response.body?.cancel();
  await time.tickAsync(1_000);
  await flush();
});

Deno.test("readBytes() reads a missing body as empty", async () => {
  const request = new Request("http://localhost/", { method: "POST" });
  assertEquals(await readBytes(request, 1), new Uint8Array());
});
