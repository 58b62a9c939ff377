import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../core/mod.ts";
import { PresenceServer } from "../mod.ts";
import {
  createMetricsHandler,
  type MetricsHandlerOptions,
  PresenceMetrics,
} from "./mod.ts";
import { parseExposition } from "./testing/exposition.ts";

function make(options?: MetricsHandlerOptions) {
  const server = new PresenceServer();
  const handler = createMetricsHandler(
    new PresenceMetrics({ server }),
    options,
  );
  return (path = "/metrics", init?: RequestInit, host = "localhost") =>
    handler(new Request(`http://${host}:9464${path}`, init));
}

function bearing(authorization: string): RequestInit {
  return { headers: { authorization } };
}

Deno.test("createMetricsHandler() serves the text format", async () => {
  const response = await make()();
  assertEquals(response.status, 200);
  assertEquals(
    response.headers.get("content-type"),
    "text/plain; version=0.0.4; charset=utf-8",
  );
  assertEquals(response.headers.get("cache-control"), "no-store");
  assert(parseExposition(await response.text()).length > 10);
});

Deno.test("createMetricsHandler() answers HEAD without a body", async () => {
  const response = await make()("/metrics", { method: "HEAD" });
  assertEquals(response.status, 200);
  assertEquals(await response.text(), "");
});

Deno.test("createMetricsHandler() serves only its path, and only GET", async () => {
  const send = make();
  for (const path of ["/", "/metrics/", "/metricsx", "/v1/metrics"]) {
    assertEquals((await send(path)).status, 404, path);
  }
  assertEquals((await send("/metrics?x=1")).status, 200);
  const refused = await send("/metrics", { method: "POST" });
  assertEquals(refused.status, 405);
  assertEquals(refused.headers.get("allow"), "GET, HEAD");
  assertEquals((await make({ path: "/numbers" })("/numbers")).status, 200);
});

Deno.test("createMetricsHandler() requires the token", async () => {
  const send = make({ token: "s3cret" });
  const bad = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer s3cre",
    "Bearer s3cret2",
    "Bearer S3CRET",
    "Bearer s3cret s3cret",
    "Basic s3cret",
    "s3cret",
  ];
  for (const authorization of bad) {
    const refused = await send("/metrics", bearing(authorization));
    assertEquals(refused.status, 401, authorization);
    assertEquals(refused.headers.get("www-authenticate"), "Bearer");
    assert(!(await refused.text()).includes("ruthere_"));
  }
  assertEquals((await send()).status, 401);
  for (const authorization of ["Bearer s3cret", "bearer  s3cret"]) {
    const { status } = await send("/metrics", bearing(authorization));
    assertEquals(status, 200, authorization);
  }
});

Deno.test("createMetricsHandler() computes nothing before a request", () => {
  // An open request at the end fails this test.
  for (let count = 0; count < 1_000; count++) make({ token: "s3cret" });
});

Deno.test("createMetricsHandler() serves loopback names without a token, and all names with one", async () => {
  const name = "metrics.internal";
  const open = make();
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    assertEquals((await open("/metrics", {}, host)).status, 200, host);
  }
  assertEquals((await open("/metrics", {}, name)).status, 421);
  const named = make({ hosts: [name] });
  assertEquals((await named("/metrics", {}, name)).status, 200);
  const closed = make({ token: "s3cret" });
  const init = bearing("Bearer s3cret");
  assertEquals((await closed("/metrics", init, name)).status, 200);
  const both = make({ token: "s3cret", hosts: ["localhost"] });
  assertEquals((await both("/metrics", init, name)).status, 421);
});

Deno.test("createMetricsHandler() refuses pages of other sites", async () => {
  const init = { headers: { origin: "https://evil.example" } };
  assertEquals((await make()("/metrics", init)).status, 403);
});

Deno.test("createMetricsHandler() reports failures to onError, but not to the client", async () => {
  const failure = new Error("s3cret");
  const errors: unknown[] = [];
  const handler = createMetricsHandler(
    { contentType: "text/plain", text: () => Promise.reject(failure) },
    { onError: (error) => errors.push(error) },
  );
  const response = await handler(new Request("http://localhost/metrics"));
  assertEquals(response.status, 500);
  assert(!(await response.text()).includes("s3cret"));
  assertEquals(errors, [failure]);
});

Deno.test("createMetricsHandler() answers even if onError throws", async () => {
  const handler = createMetricsHandler(
    { contentType: "text/plain", text: () => Promise.reject(new Error("x")) },
    {
      onError() {
        throw new Error("the log is full");
      },
    },
  );
  const response = await handler(new Request("http://localhost/metrics"));
  assertEquals(response.status, 500);
  await response.body?.cancel();
});

Deno.test("createMetricsHandler() refuses what is not a PresenceMetrics", () => {
  for (const bad of [{}, null, undefined, new PresenceServer()]) {
    assertThrows(
      () => Reflect.apply(createMetricsHandler, undefined, [bad]),
      InvalidValueError,
      "Cannot serve metrics: metrics must be a PresenceMetrics",
    );
  }
});

Deno.test("createMetricsHandler() refuses invalid options, and does not repeat the token", () => {
  for (const token of ["", "two words", "ümlaut", "line\nbreak"]) {
    const error = assertThrows(() => make({ token }), InvalidValueError);
    assert(token === "" || !error.message.includes(token), error.message);
  }
  assertThrows(() => make({ path: "metrics" }), InvalidValueError);
  assertThrows(() => make({ hosts: ["a:1"] }), InvalidValueError);
});
