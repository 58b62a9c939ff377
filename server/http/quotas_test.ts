import { assertEquals, assertThrows } from "@std/assert";
import { DEFAULT_LIMITS } from "./limits.ts";
import { HttpProblem } from "./wire/problem.ts";
import { Quotas } from "./quotas.ts";

function refusal(action: () => unknown): string | null {
  const problem = assertThrows(action, HttpProblem);
  return problem.toResponse().headers.get("retry-after");
}

Deno.test("Quotas.countRequest() allows a burst, then a rate", () => {
  const quotas = new Quotas({ ...DEFAULT_LIMITS, requestsPerSecond: 2 });
  quotas.countRequest("a", 0);
  quotas.countRequest("a", 0);
  assertEquals(refusal(() => quotas.countRequest("a", 0)), "1");
  quotas.countRequest("b", 0);
  quotas.countRequest("a", 500);
  assertEquals(refusal(() => quotas.countRequest("a", 900)), "1");
  quotas.countRequest("a", 1_000);
});

Deno.test("Quotas.countRequest() returns the wait for a low rate", () => {
  const quotas = new Quotas({ ...DEFAULT_LIMITS, requestsPerSecond: 0.1 });
  quotas.countRequest("a", 0);
  assertEquals(refusal(() => quotas.countRequest("a", 1_000)), "9");
  quotas.countRequest("a", 10_000);
});

Deno.test("Quotas.countRequest() survives a clock that is set back", () => {
  const quotas = new Quotas({ ...DEFAULT_LIMITS, requestsPerSecond: 1 });
  quotas.countRequest("a", 10_000);
  refusal(() => quotas.countRequest("a", 0));
  quotas.countRequest("a", 1_000);
});

Deno.test("Quotas.assertStream() counts open streams", () => {
  const quotas = new Quotas({ ...DEFAULT_LIMITS, streams: 2 });
  const close = quotas.openStream("a");
  quotas.openStream("a");
  quotas.openStream("b");
  assertEquals(refusal(() => quotas.assertStream("a")), "10");
  close();
  quotas.assertStream("a");
});
