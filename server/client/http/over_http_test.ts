import { assertEquals } from "@std/assert";
import {
  createHttpHandler,
  type HttpHandlerOptions,
  type Identity,
} from "../../http/mod.ts";
import { serve, type Service } from "../../phoenix/testing/service.ts";
import { listen } from "../../testing/listen.ts";
import { eventually } from "../../testing/waiting.ts";
import type { LiveClientOptions } from "../live_client.ts";
import { overHttp } from "../mod.ts";
import { clientOf, isLive, until } from "../testing/live.ts";

/** A way to a service without sockets: a proxy that knows nothing of upgrades. */
function blocked(
  { endpoint, server }: Service,
  options: HttpHandlerOptions = {},
  delay: (request: Request) => Promise<void> | void = () => {},
): { readonly port: number } & AsyncDisposable {
  const handler = createHttpHandler(server, options);
  const http = listen(async (request) => {
    const headers = new Headers(request.headers);
    headers.delete("upgrade");
    const { method, body, url } = request;
    const plain = new Request(url, { method, headers, body });
    await delay(plain);
    return await endpoint.answer(plain) ?? await handler(plain);
  });
  return {
    port: http.addr.port,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
}

/** What an `authorize` knows of Ada. */
function adaWho({ mayWrite }: { readonly mayWrite: boolean }): Identity {
  return {
    subject: "ada",
    origin: "token/ada",
    canRead: () => true,
    canWrite: () => mayWrite,
    viewer: { restricted: [], private: false, subject: "ada" },
  };
}

/** Makes a client of a way. */
const clientOver = (
  way: { readonly port: number },
  options: Partial<LiveClientOptions>,
) => clientOf(way, { fallback: overHttp, ...options });

Deno.test("a client whose socket is blocked shows and is shown by HTTP", async () => {
  await using service = serve();
  await using way = blocked(service);
  using bob = clientOf(service, { subject: "bob" });
  const other = bob.room("doc-42", { facets: { name: "Bob" } });
  await until(other.status, isLive);
  using ada = clientOver(way, { subject: "ada" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const [person] = await until(room.others, (all) => all.length > 0);
  assertEquals([person?.id, person?.facets.name], ["bob", "Bob"]);
  await until(other.others, ([ada]) => ada?.facets.name === "Ada");
  room.update({ cursor: { x: 7, y: 8 } });
  await until(other.others, ([ada]) => ada?.facets.cursor?.x === 7);
  room.setVisibility("private");
  await until(other.others, (all) => all.length === 0);
  room.setVisibility("public");
  await until(other.others, (all) => all.length === 1);
  await room.leave();
  await until(other.others, (all) => all.length === 0);
});

Deno.test("a client whose socket is blocked is in a document by HTTP", async () => {
  await using service = serve();
  await using way = blocked(service);
  using bob = clientOf(service, { subject: "bob" });
  const seen = bob.document("42").person("ada");
  using ada = clientOver(way, { subject: "ada" });
  const document = ada.document("42", { name: "Ada" });
  const cursor = { line: 1, column: 2, offset: 3 };
  document.moveCursor(cursor);
  const person = await until(seen, (ada) => ada?.cursor?.offset === 3);
  assertEquals([person?.name, person?.activity], ["Ada", "viewing"]);
  document.typed();
  await until(seen, (ada) => ada?.typing === true);
  document.stoppedTyping();
  await until(seen, (ada) => ada?.typing === false);
  assertEquals(document.me.get().person?.name, "Ada");
});

Deno.test("a client whose socket is blocked knows who it is from the service", async () => {
  await using service = serve();
  await using way = blocked(service, {
    authorize: () => adaWho({ mayWrite: true }),
  });
  using ada = clientOver(way, { token: () => "täken" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  assertEquals([room.me.get().id, room.others.get()], ["ada", []]);
});

Deno.test("a broadcast without a socket is reported", async () => {
  await using service = serve();
  await using way = blocked(service);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  using ada = clientOver(way, { onError: resolve });
  const room = ada.room("doc-42");
  await until(room.status, isLive);
  room.broadcast("wave");
  assertEquals(
    String(await promise),
    "Error: Cannot send wave: there is no socket for broadcasts",
  );
});

Deno.test("a client that was blocked returns to a socket", async () => {
  const service = serve();
  const way = blocked(service);
  using ada = clientOver(way, { subject: "ada" });
  const { status } = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(status, isLive);
  assertEquals(service.endpoint.sockets.size, 0);
  await service[Symbol.asyncDispose]();
  await way[Symbol.asyncDispose]();
  await until(status, ({ type }) => type === "reconnecting");
  await using open = serve({ port: way.port });
  await until(status, isLive);
  assertEquals(open.endpoint.sockets.size, 1);
});

Deno.test("over HTTP, no update overtakes another one or the goodbye", async () => {
  await using service = serve();
  /** The first update is held until the others could have come. */
  const held = Promise.withResolvers<void>();
  let updates = 0;
  await using way = blocked(service, {}, async ({ url }) => {
    if (url.endsWith("/v1/updates") && ++updates === 2) await held.promise;
  });
  using ada = clientOver(way, { subject: "ada" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  room.update({ name: "one" });
  await eventually(() => updates === 2, "the update is on its way");
  room.update({ name: "two" });
  const left = room.leave();
  held.resolve();
  await left;
  assertEquals(service.server.store.size, 0);
});

Deno.test("over HTTP, an entry that has expired returns whole", async () => {
  await using service = serve();
  await using way = blocked(service);
  using ada = clientOver(way, { subject: "ada" });
  using bob = clientOf(service);
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  const seen = bob.room("doc-42").person("ada");
  await until(seen, Boolean);
  const [entry] = service.server.store.snapshots({ context: "doc-42" });
  if (entry !== undefined) service.server.withdraw(entry);
  await until(seen, (ada) => ada === undefined);
  // With the next sign of life.
  assertEquals((await until(seen, Boolean))?.facets.name, "Ada");
});

Deno.test("over HTTP, a client that may only read watches", async () => {
  await using service = serve();
  await using way = blocked(service, {
    authorize: () => adaWho({ mayWrite: false }),
  });
  using ada = clientOver(way, {});
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  const { mayWrite } = await until(room.state, ({ status }) => isLive(status));
  assertEquals([mayWrite, service.server.store.size], [false, 0]);
});

Deno.test("over HTTP, a watcher that becomes present is one connection", async () => {
  await using service = serve();
  await using way = blocked(service);
  using ada = clientOver(way, { subject: "ada" });
  const room = ada.room("doc-42");
  await until(room.status, isLive);
  const { resource } = room.me.get();
  room.update({ name: "Ada" });
  const self = await until(room.person("ada"), Boolean);
  assertEquals(self?.connections.map(({ resource }) => resource), [resource]);
  assertEquals(room.me.get().resource, resource);
});

Deno.test("over HTTP, a client that a cookie names is present", async () => {
  await using service = serve();
  await using way = blocked(service, {
    authorize: () => adaWho({ mayWrite: true }),
  });
  using ada = clientOver(way, { subject: "a guess" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  assertEquals([room.me.get().id, service.server.store.size], ["ada", 1]);
});
