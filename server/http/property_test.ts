import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PresenceServer } from "../mod.ts";
import { update } from "../testing/harness.ts";
import { createHttpHandler, type HttpHandlerOptions } from "./mod.ts";
import { byCookie, identity, oneOf } from "./testing/service.ts";

const RUNS = Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000);

const key = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("alice", "bob", "doc-1", "doc-2") },
  fc.constantFrom("", "null", "__proto__", "constructor", "..", "a\0b"),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme", minLength: 250, maxLength: 260 }),
);

const json = fc.jsonValue({ maxDepth: 4 });

const facets = fc.dictionary(
  fc.oneof(
    fc.constantFrom("activity", "availability", "lastSeen", "__proto__"),
    fc.string(),
  ),
  fc.oneof(
    fc.constantFrom("editing", "away", "idle", null, { custom: "x" }),
    json,
  ),
  { maxKeys: 4 },
);

const wireUpdate = fc.record({
  subject: fc.oneof(key, key, json),
  context: fc.oneof(key, key, key, json),
  resource: fc.oneof(key, fc.constant(null), json),
  origin: fc.oneof(key, json),
  visibility: fc.oneof(
    fc.constantFrom("public", "private", { restricted: "team" }),
    json,
  ),
  ttlMs: fc.oneof(fc.integer(), fc.double(), json),
  facets: fc.oneof(facets, facets, json),
  facetTtlsMs: fc.oneof(fc.constant({ activity: 5_000 }), json),
  observedAt: json,
}, { requiredKeys: [] });

/** An update that is accepted most of the time. */
const goodUpdate = fc.record({
  subject: fc.constantFrom("alice", "bob"),
  context: fc.constantFrom("doc-1", "doc-2", "doc-3"),
  resource: fc.constantFrom(null, "", "tab"),
  visibility: fc.constantFrom("public", "private", { restricted: "team" }),
  ttlMs: fc.integer({ min: 1, max: 1e6 }),
  facets,
}, { requiredKeys: ["context", "ttlMs"] });

const anyUpdate = fc.oneof(goodUpdate, wireUpdate);

const body = fc.oneof(
  { weight: 4, arbitrary: anyUpdate.map((update) => JSON.stringify(update)) },
  fc.array(anyUpdate, { maxLength: 4 }).map((list) => JSON.stringify(list)),
  fc.array(anyUpdate, { maxLength: 4 })
    .map((list) => list.map((update) => JSON.stringify(update)).join("\n")),
  json.map((value) => JSON.stringify(value)),
  fc.string({ unit: "binary" }),
  fc.uint8Array({ maxLength: 50 }),
  fc.integer({ min: 0, max: 50_000 }).map((depth) => "[".repeat(depth)),
);

const query = fc.array(
  fc.tuple(
    fc.constantFrom(
      "context",
      "context",
      "subject",
      "resource",
      "origin",
      "all",
      "limit",
      "after",
      "resources",
      "since",
    ),
    fc.oneof(key, fc.constantFrom("true", "false", "0", "2", "e.1.x")),
  ),
  { maxLength: 4 },
).map((pairs) =>
  pairs.map((pair) =>
    pair.map((text) => encodeURIComponent(text.toWellFormed())).join("=")
  ).join("&")
);

const path = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.constantFrom(
      "/v1/updates",
      "/v1/presence",
      "/v1/changes",
      "/healthz",
    ),
  },
  fc.webPath(),
  fc.constantFrom("/", "//", "/v1/", "/v1/presence/", "/%", "/%ff"),
);

const header = fc.oneof(
  fc.tuple(
    fc.constant("content-type"),
    fc.constantFrom(
      "application/json",
      "application/json; charset=utf-8",
      "application/x-ndjson",
      "text/plain",
      ";;",
    ),
  ),
  fc.tuple(
    fc.constant("cookie"),
    fc.constantFrom("user=alice", "user=service", "user=nobody"),
  ),
  fc.tuple(
    fc.constantFrom("host", "origin"),
    fc.constantFrom("localhost", "http://localhost", "evil.example", "null"),
  ),
  fc.tuple(
    fc.constantFrom(
      "accept",
      "last-event-id",
      "content-length",
      "content-encoding",
      "access-control-request-method",
      "access-control-request-headers",
    ),
    fc.oneof(
      fc.constantFrom("application/json", "text/event-stream", "7", "e.1.x"),
      fc.string({ unit: fc.constantFrom(..."aZ9 .,;:/\\\"'=<>~") }),
    ),
  ),
);

const request = fc.record({
  method: fc.constantFrom(
    "GET",
    "POST",
    "POST",
    "POST",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "PUT",
    "PATCH",
    "BREW",
  ),
  path,
  query,
  headers: fc.oneof(
    { weight: 2, arbitrary: fc.array(header, { maxLength: 4 }) },
    {
      weight: 3,
      arbitrary: fc.tuple(
        fc.constant<[string, string]>(["content-type", "application/json"]),
        fc.constantFrom<[string, string][]>(
          ["cookie", "user=alice"],
          ["cookie", "user=service"],
        ),
      ),
    },
  ),
  body,
});

const PEOPLE = {
  alice: identity({
    subject: "alice",
    origin: "session/alice",
    viewer: { restricted: ["team"], private: false },
    canWrite: oneOf("doc-1", "doc-2"),
    canRead: oneOf("doc-1"),
  }),
  service: identity({ origin: "service" }),
};

const HANDLERS: Record<string, HttpHandlerOptions> = {
  "trusts everybody": {},
  "knows who is who": {
    authorize: byCookie(PEOPLE),
    origins: ["http://localhost"],
  },
};

/** Returns all entries of a store with their deadlines. */
function stateOf({ store }: PresenceServer): unknown {
  return store.snapshots().map((snapshot) => [
    snapshot,
    store.liveness(snapshot),
  ]);
}

for (const [how, options] of Object.entries(HANDLERS)) {
  Deno.test(`property: a handler that ${how} answers any request, and only successful ones change anything`, async () => {
    let answered = 0;
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 4 }),
        async (requests) => {
          using server = new PresenceServer({ maxSubjectsPerContext: 3 });
          server.receive(update({ origin: "elsewhere", subject: "carol" }));
          const errors: unknown[] = [];
          const handler = createHttpHandler(server, {
            ...options,
            onError: (error) => errors.push(error),
          });
          for (const { method, path, query, headers, body } of requests) {
            const isRead = method === "GET" || method === "HEAD";
            const before = stateOf(server);
            const response = await handler(
              new Request(`http://localhost${path}?${query}`, {
                method,
                headers: new Headers(headers),
                body: isRead ? null : new Uint8Array(
                  typeof body === "string"
                    ? new TextEncoder().encode(body)
                    : body,
                ),
              }),
            );
            await response.body?.cancel();
            assertEquals(errors, []);
            assert(response.status < 500, String(response.status));
            answered++;
            if (response.ok && !isRead && method !== "OPTIONS") accepted++;
            else assertEquals(stateOf(server), before);
            assertEquals(
              server.store.snapshots({ subject: "carol" }).some(({ origin }) =>
                origin === "elsewhere"
              ),
              true,
              "only a request that names that origin can act for it",
            );
          }
        },
      ),
      { numRuns: RUNS },
    );
    assert(accepted > 0 && accepted < answered);
  });
}
