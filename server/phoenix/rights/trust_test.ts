import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "@std/assert";
import { InvalidValueError } from "../../../core/mod.ts";
import { type DocumentModel, DocumentPresence } from "../../documents/mod.ts";
import { PresenceServer } from "../../mod.ts";
import { eventually } from "../../testing/waiting.ts";
import { type TopicModel, TopicPresence } from "../../topics/mod.ts";
import { PhoenixEndpoint, type PhoenixIdentity, tokenOf } from "../mod.ts";
import { Client, Screen } from "../testing/client.ts";
import { inProcess } from "../testing/in_process.ts";
import { MemoryClient } from "../testing/memory_client.ts";
import {
  byName,
  identity,
  serve,
  type ServiceOptions,
} from "../testing/service.ts";
import { TcpClient } from "../testing/tcp_client.ts";

/** The answer of a service to a request for a socket. */
async function statusOf(
  options: ServiceOptions,
  request: { query?: string; headers?: Record<string, string> } = {},
): Promise<number> {
  await using service = serve(options);
  using client = await TcpClient.connect(service, request);
  return client.handshake.status;
}

/** The query of somebody. */
const as = (user: string) => ({ query: `vsn=2.0.0&user=${user}` });

Deno.test("an unknown version is refused with 403", async () => {
  for (const vsn of ["3.0.0", "2", "2.1.0", "", "x"]) {
    assertEquals(await statusOf({}, { query: `vsn=${vsn}` }), 403);
  }
  for (const query of ["vsn=1.0.0", "vsn=2.0.0", "vsn=2.0.7", ""]) {
    assertEquals(await statusOf({}, { query }), 101);
  }
});

Deno.test("a request for no socket is answered with 426", async () => {
  await using service = serve();
  const url = `${service.url.replace("ws:", "http:")}/websocket?vsn=2.0.0`;
  const response = await fetch(url);
  await response.body?.cancel();
  assertEquals(response.status, 426);
});

Deno.test("pages of other sites are refused unless they are trusted", async () => {
  const from = (origin: string) => ({ headers: { "Origin": origin } });
  const app = "https://app.example";
  assertEquals(await statusOf({}, from(app)), 403);
  assertEquals(await statusOf({ origins: [app] }, from(app)), 101);
});

Deno.test("a host that is not served is refused", async () => {
  const headers = { "Host": "evil.example" };
  assertEquals(await statusOf({}, { headers }), 421);
  assertEquals(await statusOf({ hosts: ["app.example"] }, { headers }), 421);
  assertEquals(await statusOf({ hosts: ["evil.example"] }, { headers }), 101);
  assertEquals(await statusOf({ hosts: "any" }, { headers }), 101);
});

Deno.test("the constructor refuses hosts and origins that no request has", () => {
  using server = new PresenceServer<TopicModel>();
  const presence = new TopicPresence(server);
  for (
    const [options, message] of [
      [
        { hosts: ["https://a:80"] },
        'hosts must be names without ports, as URLs have them: received "https://a:80"',
      ],
      [
        { origins: ["a.example"] },
        'origins must be like https://app.example, without a path: received "a.example"',
      ],
    ] as const
  ) {
    const error = assertThrows(
      () => new PhoenixEndpoint(presence, options),
      InvalidValueError,
    );
    assertEquals(error.message, `Cannot serve presence: ${message}`);
  }
});

Deno.test("documents of another server are refused", () => {
  using server = new PresenceServer<DocumentModel>();
  using other = new PresenceServer<DocumentModel>();
  using mine = new DocumentPresence(server);
  using others = new DocumentPresence(other);
  const presence = new TopicPresence(server);
  using _endpoint = new PhoenixEndpoint(presence, { documents: mine });
  const error = assertThrows(
    () => new PhoenixEndpoint(presence, { documents: others }),
    InvalidValueError,
    "Cannot create endpoint: documents must be of the server that the topics are of",
  );
  assertEquals(error.field, "documents");
});

Deno.test("a client that authorize does not know is refused with 403", async () => {
  for (const nobody of [undefined, null]) {
    assertEquals(await statusOf({ authorize: () => nobody }), 403);
    assertEquals(
      await statusOf({ authorize: () => Promise.resolve(nobody) }),
      403,
    );
  }
  const signal = AbortSignal.abort();
  assertEquals(await statusOf({ authorize: () => identity({ signal }) }), 403);
  assertEquals(await statusOf({ authorize: () => identity() }), 101);
});

Deno.test("an authorize that throws is answered with 500, and reported", async () => {
  const failures: unknown[] = [];
  const onError = (error: unknown) => void failures.push(error);
  const failure = new Error("a secret of the server");
  const authorize = () => Promise.reject(failure);
  assertEquals(await statusOf({ onError, authorize }), 500);
  assertEquals(failures, [failure]);
});

Deno.test("a page finds out by a request of its own why a socket is refused", async () => {
  const origin = "https://app.example";
  await using service = serve({
    origins: [origin],
    authorize: (request) =>
      tokenOf(request) === "good"
        ? identity()
        : { reason: "the token has expired" },
  });
  const url = `${service.url.replace("ws:", "http:")}/websocket?vsn=2.0.0`;
  const ask = async (query: string, headers: HeadersInit = {}) => {
    const answer = await fetch(`${url}${query}`, { headers });
    return [answer.status, await answer.text()];
  };
  const refused = [403, "Cannot connect: the token has expired\n"];
  assertEquals(await ask("&token=bad"), refused);
  assertEquals(await ask("", { authorization: "Bearer bad" }), refused);
  assertEquals((await ask("&token=good"))[0], 426);
  const shared = await fetch(`${url}&token=bad`, { headers: { origin } });
  await shared.body?.cancel();
  assertEquals(shared.headers.get("access-control-allow-origin"), origin);
  const preflight = await fetch(url, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "GET" },
  });
  assertEquals(preflight.status, 204);
});

Deno.test("a token in the subprotocol arrives, and phoenix is chosen", async () => {
  const tokens: unknown[] = [];
  await using service = serve({
    authorize: (request) => {
      tokens.push(tokenOf(request));
      return identity();
    },
  });
  const bearer = btoa("secret?>").replaceAll("=", "");
  const protocols = ["phoenix", `base64url.bearer.phx.${bearer}`];
  await using client = await Client.connect(service, { protocols });
  assertEquals(tokens, ["secret?>"]);
  assertEquals(client.protocol, "phoenix");
  await client.join("room");
  await using plain = await Client.connect(service);
  assertEquals(plain.protocol, "");
});

Deno.test("one subject may open a limited number of sockets, others are not affected", async () => {
  await using service = serve({
    limits: { sockets: 2 },
    authorize: byName({
      ada: identity({ subject: "ada" }),
      bob: identity({ subject: "bob" }),
      service: identity(),
    }),
  });
  await using first = await Client.connect(service, as("ada"));
  await using _second = await Client.connect(service, as("ada"));
  using third = await TcpClient.connect(service, as("ada"));
  assertEquals(third.handshake.status, 429);
  await using _bob = await Client.connect(service, as("bob"));
  for (let turn = 0; turn < 3; turn++) {
    using other = await TcpClient.connect(service, as("service"));
    assertEquals(other.handshake.status, 101);
  }
  await first.close();
  await eventually(
    () =>
      [...service.endpoint.sockets]
        .filter((socket) => socket.identity.subject === "ada").length === 1,
    "the server notes that one is closed",
  );
  await using _again = await Client.connect(service, as("ada"));
});

Deno.test("concurrent requests for sockets don't exceed the limit", async () => {
  const gate = Promise.withResolvers<PhoenixIdentity>();
  await using service = serve({
    limits: { sockets: 2 },
    authorize: () => gate.promise,
  });
  const asked = Promise.all(
    Array.from({ length: 6 }, () => TcpClient.connect(service)),
  );
  gate.resolve(identity({ subject: "ada" }));
  const clients = await asked;
  await eventually(() => service.endpoint.sockets.size === 2, "two are open");
  const closed: unknown[] = [];
  for (const client of clients) {
    if (client.handshake.status !== 101) closed.push(429);
    else {
      await client.send([null, "1", "phoenix", "heartbeat", {}]);
      if (await client.read() === undefined) closed.push("closed");
    }
    client[Symbol.dispose]();
  }
  assertEquals(closed.length, 4);
});

Deno.test("all subjects together may open a limited number of sockets", async () => {
  await using service = serve({
    limits: { allSockets: 2 },
    authorize: byName({
      ada: identity({ subject: "ada" }),
      service: identity(),
    }),
  });
  await using first = await Client.connect(service, as("ada"));
  await using _second = await Client.connect(service, as("service"));
  for (const user of ["ada", "service"]) {
    using third = await TcpClient.connect(service, as(user));
    assertEquals(third.handshake.status, 503);
  }
  await first.close();
  const { sockets } = service.endpoint;
  await eventually(() => sockets.size === 1, "it is closed");
  await using _again = await Client.connect(service, as("service"));
});

Deno.test("concurrent requests for sockets don't exceed the limit of all", async () => {
  using service = inProcess({ limits: { allSockets: 2 } });
  const opens = [];
  for (let turn = 0; turn < 3; turn++) {
    opens.push(await MemoryClient.accepted(service.endpoint));
  }
  const codes = opens.map((open) => open().closeCode);
  assertEquals(codes, [undefined, undefined, 1008]);
  assertEquals(service.endpoint.sockets.size, 2);
});

Deno.test("a page may ask why a socket is refused that is one too many", async () => {
  for (
    const [limit, status] of [["sockets", 429], ["allSockets", 503]] as const
  ) {
    using service = inProcess({
      authorize: () => identity({ subject: "ada" }),
      limits: { [limit]: 1 },
    });
    await service.connect();
    const url = "http://localhost/socket/websocket?vsn=2.0.0";
    const answer = await service.endpoint.answer(new Request(url));
    assertEquals(answer?.status, status);
  }
});

Deno.test("10,000 sockets may be open, unless a limit says otherwise", async () => {
  using service = inProcess();
  for (let turn = 0; turn < 10_000; turn++) await service.connect();
  const url = "http://localhost/socket/websocket?vsn=2.0.0";
  const headers = { "upgrade": "websocket" };
  const answer = await service.endpoint.accept(new Request(url, { headers }));
  assertInstanceOf(answer, Response);
  assertEquals(answer.status, 503);
});

Deno.test("a client that may not read a topic can't join it", async () => {
  await using service = serve({
    authorize: () => identity({ canRead: (topic) => topic === "room" }),
  });
  await using client = await Client.connect(service);
  assertEquals(await client.refusedJoin("club", { meta: 1 }), "unauthorized");
  assertEquals(service.topics.list("club"), []);
  await client.join("room");
});

Deno.test("a client that may not write to a topic only watches it", async () => {
  await using service = serve({
    authorize: () => identity({ canWrite: () => false }),
  });
  service.topics.track("room", "bob", {});
  await using client = await Client.connect(service);
  assertEquals(
    await client.refusedJoin("room", { meta: 1 }),
    "unauthorized to publish here: leave out the meta to watch",
  );
  await client.join("room", { key: "ada" });
  const [, , , , state] = await client.event("presence_state");
  assertEquals(Object.keys(state), ["bob"]);
  const track = { event: "track", payload: {} };
  assertEquals(
    await client.refused("room", "presence", track),
    "unauthorized to publish here",
  );
  assertEquals(
    await client.refused("room", "wave"),
    "unauthorized to publish here",
  );
  await client.untrack("room");
  assertEquals(service.topics.list("room").map(({ key }) => key), ["bob"]);
});

Deno.test("an answer other than true gives no right", async () => {
  for (const answer of [1, "yes", {}, Promise.resolve(true)]) {
    const rights = { ...identity() };
    Object.assign(rights, { canRead: () => answer });
    await using service = serve({ authorize: () => rights });
    await using client = await Client.connect(service);
    assertEquals(await client.refusedJoin("room"), "unauthorized");
  }
});

Deno.test("the key is the subject, not what a client asks for", async () => {
  await using service = serve({
    authorize: () => identity({ subject: "ada" }),
  });
  await using client = await Client.connect(service);
  const config = { presence: { key: "eve" } };
  await client.join("room", { key: "eve", config, meta: {} });
  assertEquals(service.topics.list("room"), [{ key: "ada", metas: [{}] }]);
});

for (
  const [how, revoke] of Object.entries({
    "revoke() of the subject": ({ service }: Revocation) =>
      service.endpoint.revoke(identity({ subject: "ada" })),
    "revoke() of the identity": ({ service, ada }: Revocation) =>
      service.endpoint.revoke(ada),
    "an aborted signal": ({ controller }: Revocation) => controller.abort(),
  })
) {
  Deno.test(`${how} closes the sockets, and others see them leave at once`, async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const ada = identity({ subject: "ada", signal });
    await using service = serve({
      server: { graceMs: 60_000 },
      authorize: byName({ ada, bob: identity({ subject: "bob" }) }),
    });
    await using laptop = await Client.connect(service, as("ada"));
    await using phone = await Client.connect(service, as("ada"));
    await using bob = await Client.connect(service, as("bob"));
    await laptop.join("room", { meta: 1 });
    await phone.join("room", { meta: 2 });
    await phone.join("club", { meta: 3 });
    await bob.join("room", { meta: {} });
    const screen = new Screen("room").show(await bob.rest());
    assertEquals(screen.list().map(({ key }) => key), ["ada", "bob"]);
    revoke({ service, ada, controller });
    const closing = { code: 1008, reason: "revoked" };
    assertEquals(await laptop.closed(), closing);
    assertEquals(await phone.closed(), closing);
    screen.show(await bob.rest());
    assertEquals(screen.list().map(({ key }) => key), ["bob"]);
    assertEquals(service.topics.list("club"), []);
    assertEquals(service.endpoint.sockets.size, 1);
  });
}

interface Revocation {
  readonly service: ReturnType<typeof serve>;
  readonly ada: PhoenixIdentity;
  readonly controller: AbortController;
}

Deno.test("revoke() of an identity without a subject ends only its sockets", async () => {
  const [one, two] = [identity(), identity()];
  await using service = serve({ authorize: byName({ one, two }) });
  await using first = await Client.connect(service, as("one"));
  await using second = await Client.connect(service, as("two"));
  assertEquals(service.endpoint.revoke(one), 1);
  assertEquals((await first.closed()).code, 1008);
  await second.done("phoenix", "heartbeat");
  assertEquals(service.endpoint.revoke(identity()), 0);
});

Deno.test("a kick closes one socket, and removes what it held at once", async () => {
  await using service = serve({ server: { graceMs: 60_000 } });
  await using client = await Client.connect(service);
  await using other = await Client.connect(service);
  await client.join("room", { key: "ada", meta: { tab: 1 } });
  await other.join("club");
  await other.join("room", { key: "ada", meta: { tab: 2 } });
  service.socketOf("club").kick("too loud");
  assertEquals(await other.closed(), { code: 1008, reason: "too loud" });
  assertEquals(service.topics.list("room"), [
    { key: "ada", metas: [{ tab: 1 }] },
  ]);
  assert(client.isOpen);
});

Deno.test("revoked rights remove what a lost socket held within its grace", async () => {
  for (const way of ["revoke", "abort"] as const) {
    const rights = new AbortController();
    const ada = identity({ subject: "ada", signal: rights.signal });
    await using service = serve({ authorize: () => ada });
    const client = await Client.connect(service);
    await client.join("room", { meta: 1 });
    await client.close();
    const { sockets } = service.endpoint;
    await eventually(() => sockets.size === 0, "the socket is lost");
    assertEquals(service.topics.isPresent("room", "ada"), true);
    if (way === "revoke") assertEquals(service.endpoint.revoke(ada), 1);
    else rights.abort();
    assertEquals(service.topics.isPresent("room", "ada"), false);
  }
});
