/**
 * Answers of a server in a cluster, about its own entries and those of others.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type DocumentModel, DocumentPresence } from "../documents/mod.ts";
import {
  PresenceServer,
  PUBLIC_VIEWER,
  type RemoteEntry,
  type Replication,
} from "../mod.ts";
import { createHttpHandler, type HttpHandlerOptions } from "./mod.ts";
import {
  byCookie,
  identity,
  posting,
  read,
  records,
  sendTo,
  sent,
} from "./testing/service.ts";

/** An entry of another server. */
function remote(
  fields: Partial<RemoteEntry<DocumentModel>> = {},
): RemoteEntry<DocumentModel> {
  return {
    subject: "bob",
    context: "doc-1",
    resource: undefined,
    origin: "http",
    visibility: "public",
    observedAt: 0,
    facets: { activity: "editing" },
    ...fields,
  };
}

/** A server beside others, which have entries and may be unreachable. */
function beside(
  others: readonly RemoteEntry<DocumentModel>[],
  { isCutOff = false, ...options }: HttpHandlerOptions & {
    readonly isCutOff?: boolean;
  } = {},
) {
  const server = new PresenceServer<DocumentModel>();
  const documents = new DocumentPresence(server);
  const followed: unknown[] = [];
  const removed: unknown[] = [];
  const replication: Replication<DocumentModel> = server.replicate({
    put: () => {},
    removed: ({ subject }) => removed.push(subject),
    watched: () => {},
    follow: (context) => {
      followed.push(context);
      if (isCutOff) return Promise.resolve(false);
      replication.put(others.filter((entry) => entry.context === context));
      return Promise.resolve(true);
    },
    locate: (subject) => {
      const entries = isCutOff
        ? []
        : others.filter((entry) => entry.subject === subject);
      const isComplete = !isCutOff;
      return Promise.resolve({ entries, isComplete, missing: [] });
    },
    count: (contexts) => {
      const subjects = new Map(contexts.map((context) => [
        context,
        isCutOff
          ? 0
          : others.filter((entry) => entry.context === context).length,
      ]));
      const isComplete = !isCutOff;
      return Promise.resolve({ subjects, isComplete, missing: [] });
    },
  });
  return {
    send: sendTo(createHttpHandler(server, { documents, ...options })),
    server,
    followed,
    removed,
    [Symbol.dispose]: () => server[Symbol.dispose](),
  };
}

Deno.test("GET /v1/presence answers for a context that this server does not follow yet", async () => {
  using service = beside([remote()]);
  const { count, incomplete } = await read(
    await service.send("/v1/presence?context=doc-1"),
  );
  assertEquals([count, incomplete], [1, undefined]);
  const { summary } = await read(
    await service.send("/v1/presence?context=doc-1&subject=bob"),
  );
  assertEquals(records([summary])[0]?.activity, "editing");
});

Deno.test("GET /v1/presence finds a subject at all servers", async () => {
  using service = beside([remote(), remote({ context: "doc-2" })]);
  const { summaries, incomplete } = await read(
    await service.send("/v1/presence?subject=bob"),
  );
  assertEquals(
    records(summaries).map(({ context }) => context).sort(),
    ["doc-1", "doc-2"],
  );
  assertEquals(incomplete, undefined);
});

Deno.test("GET /v1/presence hides the contexts where the client can't see the subject", async () => {
  const others = [
    remote(),
    remote({ context: "doc-2", visibility: "private" }),
    remote({ context: "doc-3" }),
  ];
  using service = beside(others, {
    authorize: byCookie({
      eve: identity({
        viewer: PUBLIC_VIEWER,
        canRead: (context) => context !== "doc-3",
      }),
    }),
  });
  const { summaries } = await read(
    await service.send("/v1/presence?subject=bob", {
      headers: { cookie: "user=eve" },
    }),
  );
  assertEquals(records(summaries).map(({ context }) => context), ["doc-1"]);
});

for (
  const query of [
    "context=doc-1",
    "context=doc-1&subject=alice",
    "subject=alice",
  ]
) {
  Deno.test(`GET /v1/presence?${query} is incomplete while others can't be asked`, async () => {
    using service = beside([remote()], { isCutOff: true });
    await read(await service.send("/v1/updates", posting(sent())));
    const answer = await read(await service.send(`/v1/presence?${query}`));
    assertEquals(answer.incomplete, true);
    assertEquals(
      answer.summary === undefined
        ? records(answer.summaries).length
        : records([answer.summary]).length,
      1,
    );
  });
}

Deno.test("POST /v1/updates changes entries of another server", async () => {
  using service = beside([remote()]);
  const patch = sent({ subject: "bob", facets: { availability: "busy" } });
  await read(await service.send("/v1/updates", posting(patch)));
  assertEquals(service.followed, ["doc-1"]);
  assertEquals(
    service.server.store.snapshots().map(({ facets }) => facets),
    [{ activity: "editing", availability: "busy" }],
  );
});

Deno.test("POST /v1/updates follows each writable context once", async () => {
  using service = beside([], {
    authorize: byCookie({
      eve: identity({ canWrite: (context) => context !== "doc-2" }),
    }),
  });
  const headers = { cookie: "user=eve" };
  const updates = ["doc-1", "doc-1", "doc-2"].map((context) =>
    sent({ context })
  );
  await read(
    await service.send("/v1/updates", posting(updates, headers)),
    403,
  );
  assertEquals(service.followed, ["doc-1"]);
});

Deno.test("DELETE /v1/presence withdraws entries of another server", async () => {
  for (const query of ["", "&all=true"]) {
    using service = beside([remote()]);
    const { withdrawn } = await read(
      await service.send(`/v1/presence?context=doc-1&subject=bob${query}`, {
        method: "DELETE",
      }),
    );
    assertEquals(withdrawn, 1);
    assertEquals(service.removed, ["bob"]);
  }
});

Deno.test("GET /v1/changes answers polls with the current entries of other servers", async () => {
  const others: RemoteEntry<DocumentModel>[] = [];
  using service = beside(others);
  const { cursor } = await read(
    await service.send("/v1/presence?context=doc-1"),
  );
  others.push(remote());
  const { changes } = await read(
    await service.send(
      `/v1/changes?context=doc-1&since=${encodeURIComponent(String(cursor))}`,
      { headers: { accept: "application/json" } },
    ),
  );
  assertEquals(records(changes).map(({ type }) => type), ["published"]);
});

Deno.test("DELETE and a poll are incomplete while others can't be asked", async () => {
  using service = beside([remote()], { isCutOff: true });
  const { cursor } = await read(
    await service.send("/v1/presence?context=doc-1"),
  );
  const gone = await read(
    await service.send("/v1/presence?context=doc-1&subject=bob", {
      method: "DELETE",
    }),
  );
  assertEquals([gone.withdrawn, gone.incomplete], [0, true]);
  const polled = await read(
    await service.send(
      `/v1/changes?context=doc-1&since=${encodeURIComponent(String(cursor))}`,
      { headers: { accept: "application/json" } },
    ),
  );
  assertEquals([polled.changes, polled.incomplete], [[], true]);
});

Deno.test("a goodbye is incomplete while others can't be asked", async () => {
  const goodbyeSecret = "a secret of at least thirty-two bytes";
  using other = beside([], { goodbyeSecret });
  const update = posting(sent({ subject: "bob" }));
  const { goodbye } = await read(
    await other.send("/v1/updates?goodbye=true", update),
  );
  const headers = { "content-type": "text/plain" };
  const init = { method: "POST", headers, body: String(goodbye) };
  using service = beside([], { isCutOff: true, goodbyeSecret });
  const gone = await read(await service.send("/v1/goodbye", init));
  assertEquals([gone.withdrawn, gone.incomplete], [0, true]);
});

Deno.test("documents have the people of other servers, and say whether they are complete", async () => {
  const facets = { document: "1" };
  const others = [
    remote({ context: "document:1" }),
    remote({ context: "workspace:acme", facets }),
  ];
  for (const isCutOff of [false, true]) {
    using service = beside(others, { isCutOff });
    const incomplete = isCutOff ? true : undefined;
    const document = await read(
      await service.send("/v1/documents/1/presence"),
    );
    const count = isCutOff ? 0 : 1;
    assertEquals(
      [document.total_count, document.incomplete],
      [count, incomplete],
    );
    const workspace = await read(
      await service.send("/v1/workspaces/acme/documents"),
    );
    assertEquals(
      [workspace.total_count, workspace.incomplete],
      [count, incomplete],
    );
    const { counts, ...answer } = await read(
      await service.send(
        "/v1/documents/counts",
        posting({ document_ids: ["1"] }),
      ),
    );
    assertEquals([counts, answer.incomplete], [{ "1": count }, incomplete]);
  }
});
