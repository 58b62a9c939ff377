import { assertEquals } from "@std/assert";
import { PresenceServer } from "../mod.ts";
import { createHttpHandler, type HttpHandlerOptions } from "./mod.ts";
import { blamed, posting, sendTo, sent } from "./testing/service.ts";

const PATH = "/v1/presence?context=doc-1";

/** Returns the answer to a request with some headers. */
async function ask(
  headers: Record<string, string>,
  options: HttpHandlerOptions = {},
  init: RequestInit = {},
): Promise<Response> {
  using server = new PresenceServer();
  const send = sendTo(createHttpHandler(server, options));
  return await send(PATH, { ...init, headers });
}

async function status(
  headers: Record<string, string>,
  options?: HttpHandlerOptions,
): Promise<number> {
  const response = await ask(headers, options);
  await response.body?.cancel();
  return response.status;
}

Deno.test("createHttpHandler() serves loopback names on any port", async () => {
  const hosts = ["localhost", "LOCALHOST:80", "127.0.0.1:8787", "[::1]:8787"];
  for (const host of hosts) assertEquals(await status({ host }), 200, host);
});

Deno.test("createHttpHandler() refuses other hosts", async () => {
  const hosts = [
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example:8787",
    "127.0.0.2",
    "",
    "localhost/x@evil.example",
    "user@localhost",
    "local host",
    ":80",
  ];
  for (const host of hosts) {
    assertEquals(await blamed(await ask({ host }), 421), ["host"], host);
  }
});

Deno.test("createHttpHandler() uses the URL if there is no host header", async () => {
  using server = new PresenceServer();
  const handler = createHttpHandler(server);
  for (const [host, status] of [["localhost:9", 200], ["evil.example", 421]]) {
    const response = await handler(new Request(`http://${host}${PATH}`));
    assertEquals(response.status, status);
    await response.body?.cancel();
  }
  const both = await handler(
    new Request(`http://evil.example${PATH}`, {
      headers: { host: "localhost" },
    }),
  );
  assertEquals(await blamed(both, 421), ["host"]);
});

Deno.test("createHttpHandler() serves the given hosts", async () => {
  const hosts = ["Presence.Example", "localhost"];
  const host = "presence.example:8443";
  assertEquals(await status({ host }, { hosts }), 200);
  assertEquals(await status({ host: "other.example" }, { hosts }), 421);
  assertEquals(await status({ host: "other.example" }, { hosts: "any" }), 200);
});

Deno.test("createHttpHandler() serves pages of its own site", async () => {
  const sites = [
    ["http://localhost:8787", "localhost:8787"],
    ["https://localhost", "localhost"],
    ["https://localhost", "localhost:443"],
    ["http://localhost", "localhost:80"],
    ["http://[::1]:8787", "[::1]:8787"],
  ] as const;
  for (const [origin, host] of sites) {
    assertEquals(await status({ origin, host }), 200, origin);
  }
});

Deno.test("createHttpHandler() refuses all requests of pages of other sites", async () => {
  using server = new PresenceServer();
  const send = sendTo(createHttpHandler(server));
  const origins = [
    "https://evil.example",
    "http://localhost:3000",
    "http://127.0.0.1",
    "null",
    "",
    "localhost",
    "chrome-extension://localhost",
    "file://",
  ];
  for (const origin of origins) {
    const host = "localhost";
    const requests: [string, RequestInit][] = [
      [PATH, { headers: { origin, host } }],
      ["/v1/changes?context=doc-1", { headers: { origin, host } }],
      ["/v1/updates", posting(sent(), { origin, host })],
      [`${PATH}&subject=alice`, {
        method: "DELETE",
        headers: { origin, host },
      }],
      [PATH, {
        method: "OPTIONS",
        headers: { origin, host, "access-control-request-method": "GET" },
      }],
    ];
    for (const [path, init] of requests) {
      const refused = await send(path, init);
      assertEquals(refused.headers.has("access-control-allow-origin"), false);
      assertEquals(await blamed(refused, 403), ["origin"], origin);
    }
  }
  assertEquals(server.store.size, 0);
});

Deno.test("createHttpHandler() disables CORS without origins", async () => {
  const own = await ask({
    origin: "http://localhost:8787",
    host: "localhost:8787",
  });
  assertEquals(own.headers.has("access-control-allow-origin"), false);
  assertEquals(own.headers.has("vary"), false);
  await own.body?.cancel();
});

Deno.test("createHttpHandler() shares answers with the given origins", async () => {
  const origin = "https://app.example";
  const options = { origins: [origin] };
  const answer = await ask({ origin }, options);
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("access-control-allow-origin"), origin);
  assertEquals(answer.headers.get("vary"), "Origin");
  assertEquals(answer.headers.has("access-control-allow-credentials"), false);
  await answer.body?.cancel();

  const withCookies = { ...options, credentials: true };
  const refused = await ask({ origin }, {
    ...withCookies,
    authorize: () => undefined,
  });
  assertEquals(refused.status, 401, "an error is readable as well");
  assertEquals(refused.headers.get("access-control-allow-origin"), origin);
  assertEquals(
    refused.headers.get("access-control-allow-credentials"),
    "true",
  );
  await refused.body?.cancel();

  const other = await ask({ origin: "https://evil.example" }, withCookies);
  assertEquals(other.headers.has("access-control-allow-origin"), false);
  assertEquals(other.headers.has("access-control-allow-credentials"), false);
  assertEquals(other.headers.get("vary"), "Origin");
  assertEquals(await blamed(other, 403), ["origin"]);
});

Deno.test("createHttpHandler() answers a preflight without authorization", async () => {
  const origin = "https://app.example";
  const headers = {
    origin,
    "access-control-request-method": "DELETE",
    "access-control-request-headers": "authorization,last-event-id",
  };
  const authorize = () => {
    throw new Error("not asked");
  };
  const options = { origins: [origin], authorize };
  const answer = await ask(headers, options, { method: "OPTIONS" });
  assertEquals(answer.status, 204);
  assertEquals(Object.fromEntries(answer.headers), {
    "access-control-allow-headers": "authorization,last-event-id",
    "access-control-allow-methods": "GET, HEAD, POST, DELETE",
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "Presence-Keep-Alive-Ms, Retry-After",
    "access-control-max-age": "600",
    "vary": "Access-Control-Request-Headers, Origin",
  });
});

Deno.test("createHttpHandler() accepts origins of apps and of sites", async () => {
  const origins = [
    "https://app.example:8443",
    "http://[::1]:3000",
    "chrome-extension://abcdef",
    "capacitor://localhost",
  ];
  for (const origin of origins) {
    assertEquals(await status({ origin }, { origins }), 200, origin);
  }
});

Deno.test("createHttpHandler() refuses cross-site requests without an origin", async () => {
  const options = { origins: ["https://app.example"] };
  const site = "sec-fetch-site";
  const refused = await ask({ [site]: "cross-site" }, options);
  assertEquals(await blamed(refused, 403), ["origin"]);
  const origin = "https://app.example";
  assertEquals(await status({ [site]: "cross-site", origin }, options), 200);
  for (const value of ["same-origin", "none"]) {
    assertEquals(await status({ [site]: value }, options), 200, value);
  }
});
