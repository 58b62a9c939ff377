import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvalidValueError } from "../../../core/mod.ts";
import { PresenceServer, ServerClosedError } from "../../mod.ts";
import {
  BackboneError,
  documentContext,
  type DocumentModel,
  DocumentPresence,
} from "../../documents/mod.ts";
import { createHttpHandler, type HttpHandlerOptions } from "../mod.ts";
import {
  blamed,
  byCookie,
  identity,
  isRecord,
  oneOf,
  posting,
  read,
  records,
  type Send,
  sendTo,
} from "../testing/service.ts";

const RUNS = { numRuns: Number(Deno.env.get("RUTHERE_RUNS") ?? 1_000) };

/** A service with documents, and requests to it. */
interface Service extends Disposable {
  readonly server: PresenceServer<DocumentModel>;
  readonly documents: DocumentPresence;
  readonly send: Send;
  /** Joins a document as a user. */
  enter(
    userId: string,
    documentId: string,
    workspaceId?: string,
  ): Promise<void>;
}

function serve(options: HttpHandlerOptions = {}): Service {
  const server = new PresenceServer<DocumentModel>();
  // A user keeps typing, however busy the machine is.
  const documents = new DocumentPresence(server, { typingDebounceMs: 60_000 });
  return {
    server,
    documents,
    send: sendTo(createHttpHandler(server, { documents, ...options })),
    async enter(userId, documentId, workspaceId) {
      const name = userId.toUpperCase();
      await documents.join(userId, { documentId, workspaceId, name });
    },
    [Symbol.dispose]() {
      documents[Symbol.dispose]();
      server[Symbol.dispose]();
    },
  };
}

/** Returns the names of the people in an answer. */
function names({ active_users }: Record<string, unknown>): unknown[] {
  return records(active_users).map(({ user_id }) => user_id);
}

const as = (user: string) => ({ headers: { cookie: `user=${user}` } });

for (const path of ["/v1/documents/42/presence", "/internal/presence/42"]) {
  Deno.test(`GET ${path} lists the people in a document`, async () => {
    using service = serve();
    const { documents } = service;
    await documents.join("bob", { documentId: "42", name: "Bob" });
    const ada = await documents.join("ada", {
      documentId: "42",
      name: "Ada",
      avatarUrl: "https://a.example/1",
    });
    ada.typed();
    await service.enter("eve", "another");
    const { timestamp, ...answer } = await read(await service.send(path));
    assert(typeof timestamp === "number");
    const { users } = await documents.activeUsers("42");
    const [atAda, atBob] = users.map(({ lastActiveAt }) => lastActiveAt);
    assertEquals(answer, {
      document_id: "42",
      active_users: [
        {
          user_id: "ada",
          name: "Ada",
          avatar_url: "https://a.example/1",
          activity: "editing",
          last_active_at: atAda,
        },
        {
          user_id: "bob",
          name: "Bob",
          avatar_url: null,
          activity: "viewing",
          last_active_at: atBob,
        },
      ],
      total_count: 2,
    });
  });
}

Deno.test("an unknown document is empty", async () => {
  using service = serve();
  const { timestamp, ...answer } = await read(
    await service.send("/v1/documents/nowhere/presence"),
  );
  assert(typeof timestamp === "number");
  assertEquals(answer, {
    document_id: "nowhere",
    active_users: [],
    total_count: 0,
  });
});

Deno.test("people from other faces are in a document if their entries are public", async () => {
  using service = serve();
  const enter = (subject: string, visibility: string) =>
    service.send(
      "/v1/updates",
      posting({
        subject,
        context: "document:42",
        ttlMs: 60_000,
        visibility,
        facets: { cursor: "nowhere", lastActiveAt: "never", meta: 7 },
      }),
    );
  await read(await enter("robot", "public"));
  await read(await enter("spy", "private"));
  const answer = await read(await service.send("/v1/documents/42/presence"));
  assertEquals(names(answer), ["robot"]);
});

Deno.test("a document has pages", async () => {
  using service = serve({ limits: { page: 2 } });
  for (const id of ["e", "d", "c", "b", "a"]) await service.enter(id, "42");
  const found: unknown[] = [];
  let after = "";
  for (const size of [2, 2, 1]) {
    const answer = await read(
      await service.send(`/v1/documents/42/presence?limit=9${after}`),
    );
    assertEquals(names(answer).length, size);
    assertEquals(answer.total_count, 5);
    found.push(...names(answer));
    assertEquals(answer.next, size === 2 ? found.at(-1) : undefined);
    after = `&after=${answer.next}`;
  }
  assertEquals(found, ["a", "b", "c", "d", "e"]);
});

Deno.test("GET /v1/workspaces/{id}/documents lists the documents in use", async () => {
  using service = serve();
  await service.enter("ada", "1", "acme");
  await service.enter("bob", "1", "acme");
  await service.enter("ada", "2", "acme");
  await service.enter("eve", "3", "other");
  const path = "/v1/workspaces/acme/documents";
  const { documents, timestamp, ...answer } = await read(
    await service.send(path),
  );
  assert(typeof timestamp === "number");
  assertEquals(answer, { workspace_id: "acme", total_count: 2 });
  assertEquals(
    records(documents).map(({ document_id, user_count, last_active_at }) => [
      document_id,
      user_count,
      typeof last_active_at,
    ]),
    [["1", 2, "number"], ["2", 1, "number"]],
  );
  const first = await read(await service.send(`${path}?limit=1`));
  assertEquals([records(first.documents).length, first.next], [1, "1"]);
  const second = await read(await service.send(`${path}?limit=1&after=1`));
  assertEquals(records(second.documents)[0]?.document_id, "2");
  assertEquals(second.next, undefined);
});

Deno.test("POST /v1/documents/counts counts people, and 0 in an empty document", async () => {
  using service = serve();
  await service.enter("ada", "1");
  await service.enter("bob", "1");
  await service.enter("ada", "2");
  const { counts, timestamp, ...answer } = await read(
    await service.send(
      "/v1/documents/counts",
      posting({ document_ids: ["1", "2", "nowhere", "1"] }),
    ),
  );
  assertEquals(counts, { "1": 2, "2": 1, nowhere: 0 });
  assert(typeof timestamp === "number");
  assertEquals(answer, {});
});

Deno.test("ids may be any keys, in a path and in a body", async () => {
  using service = serve();
  const ids = [
    "__proto__",
    "constructor",
    "toString",
    "counts",
    "a/b",
    "a b?c#d",
    "%2F",
    "ä€😀",
    "document:1",
    "...",
  ];
  for (const id of ids) await service.enter("ada", id, id);
  for (const id of ids) {
    const segment = encodeURIComponent(id);
    const answer = await read(
      await service.send(`/v1/documents/${segment}/presence`),
    );
    assertEquals([answer.document_id, names(answer)], [id, ["ada"]]);
    const { workspace_id, documents } = await read(
      await service.send(`/v1/workspaces/${segment}/documents`),
    );
    assertEquals(workspace_id, id);
    assertEquals(records(documents)[0]?.document_id, id);
  }
  const { counts } = await read(
    await service.send(
      "/v1/documents/counts",
      posting({ document_ids: [...ids, "hasOwnProperty"] }),
    ),
  );
  assert(isRecord(counts));
  assertEquals(Object.keys(counts).length, ids.length + 1);
  const countOf = (id: string): unknown =>
    Object.getOwnPropertyDescriptor(counts, id)?.value;
  for (const id of ids) assertEquals(countOf(id), 1, id);
  assertEquals(countOf("hasOwnProperty"), 0);
});

for (const segment of ["%", "%zz", "%ff", "%ed%a0%80"]) {
  Deno.test(`an id that is written as ${segment} is refused`, async () => {
    using service = serve();
    const paths = [
      `/v1/documents/${segment}/presence`,
      `/internal/presence/${segment}`,
      `/v1/workspaces/${segment}/documents`,
    ];
    for (const path of paths) {
      assertEquals(await blamed(await service.send(path), 400), ["id"]);
    }
  });
}

Deno.test("an id that is too long is refused", async () => {
  using service = serve();
  const id = "x".repeat(257);
  const asked = await service.send(`/v1/documents/${id}/presence`);
  assertEquals(await blamed(asked, 400), ["id"]);
  const counted = await service.send(
    "/v1/documents/counts",
    posting({ document_ids: ["1", id] }),
  );
  assertEquals(await blamed(counted, 400), ["document_ids[1]"]);
});

const BAD_BODIES: [what: string, body: unknown, blamed: string][] = [
  ["a number", 7, "document_ids"],
  ["an array", ["1"], "document_ids"],
  ["no ids", {}, "document_ids"],
  ["ids that are not an array", { document_ids: "1" }, "document_ids"],
  ["an id that is a number", { document_ids: [1] }, "document_ids[0]"],
  ["half a character", { document_ids: ["\ud800"] }, "document_ids[0]"],
  ["too many ids", { document_ids: Array(1_001).fill("1") }, "document_ids"],
];

for (const [what, body, field] of BAD_BODIES) {
  Deno.test(`POST /v1/documents/counts refuses ${what}`, async () => {
    using service = serve();
    const response = await service.send("/v1/documents/counts", posting(body));
    assertEquals(await blamed(response, 400), [field]);
  });
}

Deno.test("POST /v1/documents/counts refuses invalid JSON, other types and large bodies", async () => {
  using service = serve({ limits: { bodyBytes: 100 } });
  const send = (body: string, type = "application/json") =>
    service.send("/v1/documents/counts", {
      method: "POST",
      headers: { "content-type": type },
      body,
    });
  await blamed(await send("{"), 400);
  assertEquals(await blamed(await send("{}", "text/plain"), 415), [
    "content-type",
  ]);
  const lines = await send("{}", "application/x-ndjson");
  assertEquals(lines.headers.get("accept-post"), "application/json");
  assertEquals(await blamed(lines, 415), ["content-type"]);
  await blamed(await send(" ".repeat(101)), 413);
});

Deno.test("only clients with the right read documents", async () => {
  using service = serve({
    authorize: byCookie({
      ada: identity({
        canRead: oneOf("document:1", "workspace:acme"),
      }),
    }),
  });
  await service.enter("bob", "1", "acme");
  await service.enter("bob", "2", "acme");
  const send = (path: string, init: RequestInit = {}) =>
    service.send(path, {
      ...init,
      headers: { ...init.headers, ...as("ada").headers },
    });
  const mine = await read(await send("/v1/documents/1/presence"));
  assertEquals(names(mine), ["bob"]);
  assertEquals(await blamed(await send("/v1/documents/2/presence"), 403), [
    "context",
  ]);
  assertEquals(await blamed(await send("/internal/presence/2"), 403), [
    "context",
  ]);
  assertEquals(
    await blamed(await send("/v1/workspaces/other/documents"), 403),
    ["context"],
  );
  const { documents, total_count } = await read(
    await send("/v1/workspaces/acme/documents"),
  );
  assertEquals(records(documents).map(({ document_id }) => document_id), [
    "1",
  ]);
  assertEquals(total_count, 1);
  const { counts } = await read(
    await send("/v1/documents/counts", posting({ document_ids: ["1", "2"] })),
  );
  assertEquals(counts, { "1": 1, "2": 0 });
});

Deno.test("a workspace that is read as a context names no documents", async () => {
  using service = serve({
    authorize: byCookie({
      ada: identity({ canRead: oneOf("workspace:acme") }),
    }),
  });
  await service.enter("bob", "secret", "acme");
  const paths = [
    "/v1/presence?context=workspace:acme",
    "/v1/presence?subject=bob",
  ];
  const send = (path: string) =>
    service.send(path, {
      headers: { ...as("ada").headers, accept: "application/json" },
    });
  const { cursor } = await read(await send(paths[0] ?? ""));
  await service.enter("bob", "secret", "acme");
  paths.push(`/v1/changes?context=workspace:acme&since=${cursor}`);
  for (const path of paths) {
    const said = JSON.stringify(await read(await send(path)));
    assert(!said.includes("secret"), said);
  }
});

Deno.test("createHttpHandler() refuses documents of another server", () => {
  using service = serve();
  using other = serve();
  const error = assertThrows(
    () => createHttpHandler(service.server, { documents: other.documents }),
    InvalidValueError,
    "Cannot create HTTP handler: documents must belong to the same server",
  );
  assertEquals(error.field, "documents");
});

Deno.test("a document is unavailable if the other servers can't be asked", async () => {
  const errors: unknown[] = [];
  using service = serve();
  const failing = (cause: unknown) => {
    const fail = () => Promise.reject(new BackboneError("list users", cause));
    return sendTo(createHttpHandler(service.server, {
      documents: {
        server: service.server,
        activeUsers: fail,
        activeDocuments: fail,
        counts: fail,
      },
      onError: (error) => errors.push(error),
    }));
  };
  const path = "/v1/documents/1/presence";
  const lost = await failing(new Error("lost"))(path);
  const { type, detail } = await lost.clone().json();
  await blamed(lost, 503);
  assertEquals(type, "urn:ruthere:unavailable");
  assertEquals(detail, "Backbone error: cannot list users");
  assert(errors.splice(0)[0] instanceof BackboneError);

  const closed = await failing(new ServerClosedError("follow context"))(path);
  const { type: kind } = await closed.clone().json();
  await blamed(closed, 503);
  assertEquals([kind, errors], ["urn:ruthere:closed", []]);
});

Deno.test("an unknown client reads no documents", async () => {
  using service = serve({ authorize: byCookie({}) });
  await blamed(await service.send("/v1/documents/1/presence"), 401);
});

const ASKED: Record<string, [path: string, init?: RequestInit]> = {
  "document": ["/v1/documents/1/presence"],
  "workspace": ["/v1/workspaces/1/documents"],
  "counts": ["/v1/documents/counts", posting({ document_ids: ["1"] })],
};

for (const [what, [path, init]] of Object.entries(ASKED)) {
  Deno.test(`a client whose rights end while other servers are asked gets no ${what}`, async () => {
    const rights = new AbortController();
    using service = serve({
      authorize: () => identity({ signal: rights.signal }),
    });
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<boolean>();
    const subjects = new Map<string, number>();
    service.server.replicate({
      put: () => {},
      removed: () => {},
      watched: () => {},
      follow: () => {
        asked.resolve();
        return answer.promise;
      },
      count: async () => {
        asked.resolve();
        const isComplete = await answer.promise;
        return { subjects, isComplete, missing: [] };
      },
    });
    const pending = service.send(path, init);
    await asked.promise;
    rights.abort();
    answer.resolve(true);
    await blamed(await pending, 401);
  });
}

Deno.test("requests for documents count like all others", async () => {
  using service = serve({
    authorize: byCookie({ ada: identity() }),
    limits: { requestsPerSecond: 1 },
  });
  const path = "/v1/documents/1/presence";
  await read(await service.send(path, as("ada")));
  await blamed(await service.send(path, as("ada")), 429);
});

Deno.test("routes of documents list and check their methods", async () => {
  using service = serve();
  await service.enter("ada", "1");
  const gets = [
    "/v1/documents/1/presence",
    "/internal/presence/1",
    "/v1/workspaces/1/documents",
  ];
  for (const path of gets) {
    const head = await service.send(path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    const options = await service.send(path, { method: "OPTIONS" });
    assertEquals(options.status, 204);
    assertEquals(options.headers.get("allow"), "GET, HEAD, OPTIONS");
    const post = await service.send(path, posting({}));
    assertEquals(post.headers.get("allow"), "GET, HEAD, OPTIONS");
    await blamed(post, 405);
  }
  const counts = "/v1/documents/counts";
  const get = await service.send(counts);
  assertEquals(get.headers.get("allow"), "OPTIONS, POST");
  await blamed(get, 405);
});

const NOWHERE = [
  "/v1/documents",
  "/v1/documents/",
  "/v1/documents//presence",
  "/v1/documents/1",
  "/v1/documents/1/presence/",
  "/v1/documents/a/b/presence",
  "/v1/workspaces/../documents",
  "/v1/documents/%2e/presence",
  "/internal/presence/",
  "/internal/presence/a/b",
  "/v1/workspaces//documents",
];

for (const path of NOWHERE) {
  Deno.test(`there is no route at ${path}`, async () => {
    using service = serve();
    await blamed(await service.send(path), 404);
  });
}

Deno.test("a handler without documents has no routes of documents", async () => {
  using service = serve({ documents: undefined });
  const paths = ["/v1/documents/1/presence", "/internal/presence/1"];
  for (const path of paths) await blamed(await service.send(path), 404);
  const counts = await service.send(
    "/v1/documents/counts",
    posting({ document_ids: [] }),
  );
  await blamed(counts, 404);
});

Deno.test("a page of another site reads no documents", async () => {
  using service = serve();
  const headers = { origin: "https://evil.example" };
  const response = await service.send("/v1/documents/1/presence", { headers });
  assertEquals(await blamed(response, 403), ["origin"]);
});

Deno.test("closed documents are answered with 503", async () => {
  using service = serve();
  service.documents[Symbol.dispose]();
  const response = await service.send("/v1/documents/1/presence");
  const { detail } = await read(response, 503);
  assertMatch(String(detail), /closed/);
});

Deno.test("property: any id can be read by its path and counted", async () => {
  using service = serve();
  const id = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 })
    // A browser resolves these as steps in the path.
    .filter((id) => id !== "." && id !== "..");
  await fc.assert(
    fc.asyncProperty(id, async (id) => {
      using _session = await service.documents
        .join("ada", { documentId: id, name: "Ada" });
      const answer = await read(
        await service.send(
          `/v1/documents/${encodeURIComponent(id)}/presence`,
        ),
      );
      assertEquals([answer.document_id, names(answer)], [id, ["ada"]]);
      const { counts } = await read(
        await service.send(
          "/v1/documents/counts",
          posting({ document_ids: [id] }),
        ),
      );
      assertEquals(counts, Object.fromEntries([[id, 1]]));
      assertEquals(service.server.store.contexts(), [documentContext(id)]);
    }),
    RUNS,
  );
});
