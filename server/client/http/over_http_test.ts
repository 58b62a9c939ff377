import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
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

/** What happens to a request before the service gets it. */
type OnTheWay = (
  request: Request,
) => Promise<Response | void> | Response | void;

/** A way to a service without sockets: a proxy that knows nothing of upgrades. */
function blocked(
  { endpoint, server }: Service,
  options: HttpHandlerOptions = {},
  onTheWay: OnTheWay = () => {},
): { readonly port: number } & AsyncDisposable {
  const handler = createHttpHandler(server, options);
  const http = listen(async (request) => {
    const headers = new Headers(request.headers);
    headers.delete("upgrade");
    const { method, body, url } = request;
    const plain = new Request(url, { method, headers, body });
    return await onTheWay(plain) ?? await endpoint.answer(plain) ??
      await handler(plain);
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

/** Whether a request publishes an update. */
const isUpdate = ({ url }: Request) => url.endsWith("/v1/updates");

/** Whether it watches. */
const isWatch = ({ url }: Request) => url.includes("/v1/changes");

/** Refuses a request because there were too many. */
const tooMany = () => new Response(null, { status: 429 });

/** A wire that a room joins, and how it was closed. */
function joined({ port }: { readonly port: number }) {
  const { promise: closed, resolve } = Promise.withResolvers<
    [code: number, reason: string]
  >();
  const { promise: live, resolve: onLive } = Promise.withResolvers<void>();
  const open = overHttp(new URL(`http://127.0.0.1:${port}`));
  const wire = open([], {
    opened() {},
    received: (frame) => frame.includes("phx_reply") && onLive(),
    closed: (...how) => resolve(how),
  });
  const send = (event: string, payload: object) =>
    wire.send(JSON.stringify(["1", "2", "doc-42", event, payload]));
  send("phx_join", {
    key: "ada",
    live: { facets: { name: "Ada" }, resource: "laptop" },
  });
  return { send, live, closed, [Symbol.dispose]: () => wire.close() };
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
  await using way = blocked(service, {}, async (request) => {
    if (isUpdate(request) && ++updates === 2) await held.promise;
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

for (
  const [what, isIt] of [
    ["its first update", isUpdate],
    ["its first watch", isWatch],
    [
      "an update",
      (request: Request, nth: number) => isUpdate(request) && nth > 1,
    ],
  ] as const
) {
  Deno.test(`over HTTP, a connection is lost if ${what} has no answer in time`, async () => {
    await using service = serve();
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    let updates = 0;
    await using way = blocked(service, {}, async (request) => {
      if (isUpdate(request)) updates++;
      if (!isIt(request, updates)) return;
      asked.resolve();
      await held.promise;
    });
    using time = new FakeTime();
    using wire = joined(way);
    if (what === "an update") {
      await wire.live;
      wire.send("update", { facets: { name: "Countess" } });
    }
    await asked.promise;
    time.tick(10_000);
    assertEquals(await wire.closed, [1006, ""]);
    held.resolve();
  });
}

Deno.test("over HTTP, updates that wait for an answer go as one", async () => {
  await using service = serve();
  const held = Promise.withResolvers<void>();
  let updates = 0;
  await using way = blocked(service, {}, async (request) => {
    if (isUpdate(request) && ++updates === 2) await held.promise;
  });
  using ada = clientOver(way, { subject: "ada" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  room.update({ name: "Countess" });
  await eventually(() => updates === 2, "the update is on its way");
  for (let x = 1; x <= 9; x++) {
    room.update({ cursor: { x, y: 0 } });
    // The throttle lets each of them through.
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  held.resolve();
  const self = room.person("ada");
  const { facets } = await until(self, (ada) => ada?.facets.cursor?.x === 9) ??
    {};
  assertEquals([facets?.name, updates], ["Countess", 3]);
});

Deno.test("over HTTP, a fresh token follows one that is no longer good", async () => {
  await using service = serve();
  let good = "first";
  const shown = new Set<string>();
  await using way = blocked(service, {
    authorize({ headers }) {
      const token = headers.get("authorization") ?? "";
      shown.add(token);
      return token.endsWith(good) ? adaWho({ mayWrite: true }) : undefined;
    },
  });
  using ada = clientOver(way, { token: () => good });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  good = "second";
  room.update({ name: "Countess" });
  const self = room.person("ada");
  await until(self, (ada) => ada?.facets.name === "Countess");
  assertEquals([...shown], ["Bearer first", "Bearer second"]);
});

Deno.test("over HTTP, a client whose token is never good is refused", async () => {
  await using service = serve();
  await using way = blocked(service, { authorize: () => undefined });
  using ada = clientOver(way, { token: () => "forged" });
  const { status } = ada.room("doc-42", { facets: { name: "Ada" } });
  assertEquals(
    await until(status, ({ type }) => type === "refused"),
    { type: "refused", reason: "revoked", isFinal: true },
  );
});

Deno.test("over HTTP, a room that one may not read is refused, and the others are not", async () => {
  await using service = serve();
  const canRead = (context: string) => context !== "secret";
  await using way = blocked(service, {
    authorize: () => ({ ...adaWho({ mayWrite: true }), canRead }),
  });
  using ada = clientOver(way, {});
  const secret = ada.room("secret", { facets: { name: "Ada" } });
  const open = ada.room("open", { facets: { name: "Ada" } });
  assertEquals(
    await until(secret.status, ({ type }) => type === "refused"),
    { type: "refused", reason: "unauthorized", isFinal: true },
  );
  await until(open.status, isLive);
  const { store } = service.server;
  await eventually(() => store.size === 1, "nobody is in the secret room");
});

Deno.test("over HTTP, what is too much for now is sent later", async () => {
  await using service = serve();
  let updates = 0;
  let watches = 0;
  await using way = blocked(service, {}, (request) => {
    if (isWatch(request) && ++watches === 1) return tooMany();
    if (isUpdate(request) && ++updates === 2) return tooMany();
  });
  using ada = clientOver(way, { subject: "ada" });
  const room = ada.room("doc-42", { facets: { name: "Ada" } });
  await until(room.status, isLive);
  room.update({ name: "Countess" });
  const self = room.person("ada");
  await until(self, (ada) => ada?.facets.name === "Countess");
  assertEquals(updates, 3);
});

Deno.test("over HTTP, a room that is left at once is left", async () => {
  await using service = serve();
  await using way = blocked(service);
  using ada = clientOver(way, { subject: "ada" });
  await until(ada.room("doc-42").status, isLive);
  const { store } = service.server;
  const options = { facets: { name: "Ada" } };
  await ada.room("doc-43", options).leave();
  // What was on its way before this room is there by now.
  await until(ada.room("doc-44").status, isLive);
  assertEquals(store.size, 0);
  // And entered again at once, it is entered.
  const left = ada.room("doc-43", options).leave();
  const { status } = ada.room("doc-43", options);
  await Promise.all([left, until(status, isLive)]);
  assertEquals(store.size, 1);
});

Deno.test("over HTTP, a client has four rooms at once", async () => {
  await using service = serve();
  await using way = blocked(service);
  using ada = clientOver(way, { subject: "ada" });
  const rooms = ["1", "2", "3", "4"].map((name) => ada.room(name));
  await Promise.all(rooms.map(({ status }) => until(status, isLive)));
  const fifth = ada.room("5");
  assertEquals(
    await until(fifth.status, ({ type }) => type === "refused"),
    {
      type: "refused",
      reason: "there is no socket for more than 4 rooms",
      isFinal: false,
    },
  );
  await rooms[0]?.leave();
  await until(fifth.status, isLive);
});

Deno.test("over HTTP, a room stays live when its stream ends", async () => {
  await using service = serve();
  const { server } = service;
  let watches = 0;
  await using way = blocked(service, {
    authorize: (request) => ({
      ...adaWho({ mayWrite: true }),
      // The end of a token ends its streams.
      ...isWatch(request) && ++watches === 1 && { expiresAt: server.now + 500 },
    }),
  });
  using ada = clientOver(way, { token: () => "good" });
  using bob = clientOf(service, { subject: "bob" });
  const room = ada.room("doc-42");
  await until(room.status, isLive);
  const statuses: string[] = [];
  room.status.subscribe(({ type }) => statuses.push(type));
  await eventually(() => watches === 2, "there is another stream");
  bob.room("doc-42", { facets: { name: "Bob" } });
  await until(room.person("bob"), Boolean);
  assertEquals(statuses, []);
});

Deno.test("over HTTP, an entry lives on with a fresh token", async () => {
  await using service = serve();
  const shown: (string | null)[] = [];
  await using way = blocked(service, {}, (request) => {
    if (isUpdate(request)) shown.push(request.headers.get("authorization"));
  });
  using wire = joined(way);
  await wire.live;
  wire.send("access_token", { access_token: "fresh" });
  await eventually(() => shown.length === 2, "there is a sign of life");
  assertEquals(shown, [null, "Bearer fresh"]);
});

Deno.test("over HTTP, an entry outlives a minute without timers, and hardly its page", async () => {
  let now = 0;
  await using service = serve({ server: { clock: () => now } });
  const { store } = service.server;
  const endOf = (context: string) => {
    const [entry] = store.snapshots({ context });
    return entry && store.liveness(entry)?.expiry;
  };
  await using way = blocked(service);
  using ada = clientOver(way, { subject: "ada" });
  const options = { facets: { name: "Ada" } };
  const rooms = ["doc-42", "doc-43"].map((name) => ada.room(name, options));
  await Promise.all(rooms.map(({ status }) => until(status, isLive)));
  assertEquals(endOf("doc-42"), 90_000);
  now = 1_000;
  dispatchEvent(new Event("pagehide"));
  await eventually(() => endOf("doc-42") === 11_000, "it ends soon");
  now = 2_000;
  // A page that was only put aside is there again.
  await eventually(() => endOf("doc-42") === 92_000, "it lives on");
  now = 3_000;
  ada[Symbol.dispose]();
  await eventually(() => endOf("doc-43") === 13_000, "it ends soon");
});
