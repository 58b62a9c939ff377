/**
 * Goodbyes over HTTP: tickets for a tab that closes.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { InvalidValueError } from "../../core/mod.ts";
import { joinCluster, MemoryBackbone } from "../cluster/mod.ts";
import { browserTest } from "../service/page/testing/browser.ts";
import { PresenceServer } from "../mod.ts";
import { listen } from "../testing/listen.ts";
import { eventually } from "../testing/waiting.ts";
import { createHttpHandler, type HttpHandlerOptions } from "./mod.ts";
import {
  blamed,
  byCookie,
  identity,
  posting,
  read,
  type Send,
  sendTo,
  sent,
} from "./testing/service.ts";

const ALICE = { cookie: "user=alice" };
const SECRET = "a secret of at least thirty-two bytes";

/** A service, and what Alice asks of it. */
interface Service extends Disposable {
  readonly server: PresenceServer;
  readonly send: Send;
  /** Publishes updates of Alice, and returns the ticket. */
  publish(...updates: Record<string, unknown>[]): Promise<string>;
  /** Sends a ticket as `sendBeacon()` does, and returns the answer. */
  beacon(ticket: string): Promise<Response>;
  /** Sends a ticket; returns how many entries it has withdrawn. */
  withdrawn(ticket: string): Promise<unknown>;
}

function serve(options: HttpHandlerOptions = {}): Service {
  const server = new PresenceServer();
  const authorize = byCookie({
    alice: identity({ subject: "alice", origin: "session/1" }),
  });
  const send = sendTo(createHttpHandler(server, { authorize, ...options }));
  const beacon = (ticket: string) => send("/v1/goodbye", beaconOf(ticket));
  return {
    server,
    send,
    beacon,
    async publish(...updates) {
      const init = posting(updates.map((fields) => sent(fields)), ALICE);
      return ticketIn(await send("/v1/updates?goodbye=true", init));
    },
    withdrawn: async (ticket) => (await read(await beacon(ticket))).withdrawn,
    [Symbol.dispose]: () => server[Symbol.dispose](),
  };
}

/** Creates the request of `sendBeacon()`. */
function beaconOf(
  body: BodyInit,
  headers: Record<string, string> = {},
): RequestInit {
  const type = { "content-type": "text/plain;charset=UTF-8" };
  return { method: "POST", headers: { ...type, ...headers }, body };
}

async function ticketIn(response: Response): Promise<string> {
  const { goodbye } = await read(response);
  assert(typeof goodbye === "string");
  return goodbye;
}

/** Returns a ticket with other content and the same signature. */
function forge(ticket: string, from: string, to: string): string {
  const [content = "", tag] = ticket.split(".");
  const text = atob(content.replaceAll("-", "+").replaceAll("_", "/"));
  assert(text.includes(from), text);
  return `${btoa(text.replace(from, to)).replaceAll("=", "")}.${tag}`;
}

Deno.test("POST /v1/updates has a ticket only if the request asks for it", async () => {
  using service = serve();
  for (const path of ["/v1/updates", "/v1/updates?goodbye=false"]) {
    const init = posting(sent(), ALICE);
    const { goodbye } = await read(await service.send(path, init));
    assertEquals(goodbye, undefined);
  }
  const init = posting(sent(), ALICE);
  const bad = await service.send("/v1/updates?goodbye=yes", init);
  assertEquals(await blamed(bad, 400), ["goodbye"]);
});

Deno.test("POST /v1/goodbye withdraws all entries of a ticket, and no others", async () => {
  using service = serve();
  await service.publish({ resource: "other" });
  const ticket = await service.publish(
    { context: "document:ü" },
    { resource: "" },
    { context: "doc-2", resource: "tab" },
  );
  assertEquals(await service.withdrawn(ticket), 3);
  const left = service.server.store.snapshots();
  assertEquals(left.map(({ resource }) => resource), ["other"]);
});

Deno.test("a ticket needs neither a cookie nor a token", async () => {
  const authorize = byCookie({
    alice: identity({ subject: "alice", origin: "session/1" }),
  });
  const asked: string[] = [];
  using service = serve({
    authorize(request) {
      asked.push(new URL(request.url).pathname);
      return authorize(request);
    },
  });
  assertEquals(await service.withdrawn(await service.publish({})), 1);
  assertEquals(asked, ["/v1/updates"]);
});

Deno.test("a handler without authorize issues tickets, too", async () => {
  using service = serve({ authorize: undefined });
  assertEquals(await service.withdrawn(await service.publish({})), 1);
});

Deno.test("a ticket works once", async () => {
  using _time = new FakeTime();
  using service = serve();
  const ticket = await service.publish({});
  assertEquals(await service.withdrawn(ticket), 1);
  assertEquals(await service.withdrawn(ticket), 0);
  // Even if all happens in one millisecond.
  await service.publish({});
  assertEquals(await service.withdrawn(ticket), 0);
  assertEquals(service.server.store.size, 1);
});

Deno.test("of two equal goodbyes at once, one withdraws", async () => {
  using service = serve();
  const ticket = await service.publish({});
  const both = [service.withdrawn(ticket), service.withdrawn(ticket)];
  assertEquals((await Promise.all(both)).sort(), [0, 1]);
});

Deno.test("a ticket does not withdraw an entry that was published again", async () => {
  using time = new FakeTime();
  using service = serve();
  const old = await service.publish({ resource: "tab" }, {});
  const path = "/v1/presence?context=doc-1&resource=tab";
  await read(await service.send(path, { method: "DELETE", headers: ALICE }));
  await time.tickAsync(1);
  const fresh = await service.publish({ resource: "tab" });
  assertEquals(await service.withdrawn(old), 1);
  const [left] = service.server.store.snapshots();
  assertEquals(left?.resource, "tab");
  assertEquals(await service.withdrawn(fresh), 1);
});

Deno.test("a later change of an entry voids its ticket, but a heartbeat does not", async () => {
  using time = new FakeTime();
  using service = serve();
  const first = await service.publish({ facets: { activity: "editing" } });
  await time.tickAsync(1);
  const second = await service.publish({ facets: { activity: "idle" } });
  assertEquals(await service.withdrawn(first), 0);
  await time.tickAsync(1);
  await service.publish({ facets: { activity: "idle" } });
  assertEquals(await service.withdrawn(second), 1);
});

Deno.test("a ticket expires with the last of its entries", async () => {
  using time = new FakeTime();
  using service = serve();
  const ticket = await service.publish(
    { ttlMs: 30_000 },
    { context: "doc-2", ttlMs: 5_000 },
  );
  // The entries stay there for longer.
  await service.publish({ ttlMs: 60_000 }, { context: "doc-2", ttlMs: 60_000 });
  await time.tickAsync(30_000);
  const refused = await service.beacon(ticket);
  assertEquals(await blamed(refused, 403), ["ticket"]);
  assertEquals(service.server.store.size, 2);

  const inTime = await service.publish({ ttlMs: 5_000 });
  await time.tickAsync(4_999);
  assertEquals(await service.withdrawn(inTime), 1);
});

Deno.test("rights that have ended since do not matter", async () => {
  const writable = new Set(["doc-1"]);
  using service = serve({
    authorize: byCookie({
      alice: identity({
        subject: "alice",
        origin: "session/1",
        canRead: () => false,
        canWrite: (context) => writable.has(String(context)),
      }),
    }),
  });
  const ticket = await service.publish({});
  writable.clear();
  assertEquals(await service.withdrawn(ticket), 1);
});

Deno.test("revoked rights have withdrawn the entries of a ticket already", async () => {
  const rights = new AbortController();
  using service = serve({
    authorize: byCookie({
      alice: identity({ subject: "alice", signal: rights.signal }),
    }),
  });
  const ticket = await service.publish({});
  rights.abort();
  assertEquals(await service.withdrawn(ticket), 0);
});

Deno.test("a forged ticket is refused", async () => {
  using service = serve();
  const ticket = await service.publish({});
  await service.send(
    "/v1/updates",
    posting(sent({ context: "doc-2" }), ALICE),
  );
  const forged = [
    forge(ticket, "doc-1", "doc-2"),
    forge(ticket, "alice", "mally"),
    `${ticket.slice(0, -1)}${ticket.endsWith("A") ? "B" : "A"}`,
  ];
  for (const text of forged) {
    assertEquals(await blamed(await service.beacon(text), 403), ["ticket"]);
  }
  for (const text of ["", ".", "doc-1", ` ${ticket}`, `${ticket}A`, "{}"]) {
    assertEquals(await blamed(await service.beacon(text), 400), ["ticket"]);
  }
  const { cursor } = await read(
    await service.send("/v1/presence?context=doc-1", { headers: ALICE }),
  );
  assertEquals(await blamed(await service.beacon(String(cursor)), 400), [
    "ticket",
  ]);
  assertEquals(service.server.store.size, 2);
});

Deno.test("a ticket of a handler with another secret is refused", async () => {
  using service = serve({ goodbyeSecret: SECRET });
  for (const goodbyeSecret of [undefined, `${SECRET}!`]) {
    using other = serve({ goodbyeSecret });
    const ticket = await other.publish({});
    assertEquals(await blamed(await service.beacon(ticket), 403), ["ticket"]);
    assertEquals(other.server.store.size, 1);
  }
});

Deno.test("a page of another site can't say goodbye, and a trusted one can", async () => {
  const trusted = "https://app.example";
  using service = serve({ origins: [trusted] });
  const ticket = await service.publish({});
  const requests: Record<string, string>[] = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
  ];
  for (const headers of requests) {
    const init = beaconOf(ticket, headers);
    const refused = await service.send("/v1/goodbye", init);
    assertEquals(await blamed(refused, 403), ["origin"]);
  }
  const host = beaconOf(ticket, { host: "evil.example" });
  const refused = await service.send("/v1/goodbye", host);
  assertEquals(await blamed(refused, 421), ["host"]);
  assertEquals(service.server.store.size, 1);

  const headers = { origin: trusted, "sec-fetch-site": "cross-site" };
  const answer = await service.send("/v1/goodbye", beaconOf(ticket, headers));
  assertEquals((await read(answer)).withdrawn, 1);
});

Deno.test("POST /v1/goodbye takes plain text alone", async () => {
  using service = serve();
  const ticket = await service.publish({});
  const types = ["application/json", "text/plain;charset=utf-16", "text/html"];
  for (const type of types) {
    const init = beaconOf(ticket, { "content-type": type });
    const refused = await service.send("/v1/goodbye", init);
    assertEquals(refused.headers.get("accept-post"), "text/plain");
    assertEquals(await blamed(refused, 415), ["content-type"]);
  }
  const bytes = new Uint8Array([0xff]);
  assertEquals(
    await blamed(await service.send("/v1/goodbye", beaconOf(bytes)), 400),
    [],
  );
  const got = await service.send("/v1/goodbye");
  assertEquals(got.headers.get("allow"), "OPTIONS, POST");
  assertEquals(await blamed(got, 405), []);
});

Deno.test("POST /v1/goodbye refuses more than a browser sends, or bodyBytes", async () => {
  using service = serve();
  assertEquals(
    await blamed(await service.beacon("a".repeat(65_537)), 413),
    [],
  );
  assertEquals(
    await blamed(await service.beacon("a".repeat(65_536)), 400),
    ["ticket"],
  );
  using small = serve({ limits: { bodyBytes: 300 } });
  assertEquals(await blamed(await small.beacon("a".repeat(301)), 413), []);
});

Deno.test("goodbyes count among the requests of the identity", async () => {
  using time = new FakeTime();
  using service = serve({ limits: { requestsPerSecond: 1 } });
  const ticket = await service.publish({});
  assertEquals(await blamed(await service.beacon(ticket), 429), []);
  await time.tickAsync(1_000);
  assertEquals(await service.withdrawn(ticket), 1, "a refusal uses no ticket");
});

Deno.test("POST /v1/goodbye answers 503 after the server is closed", async () => {
  using service = serve();
  const ticket = await service.publish({});
  service.server[Symbol.dispose]();
  assertEquals(await blamed(await service.beacon(ticket), 503), []);
});

Deno.test("any node of a cluster with one secret takes a goodbye", async () => {
  using a = serve({ goodbyeSecret: SECRET });
  using b = serve({ goodbyeSecret: SECRET });
  const backbone = new MemoryBackbone();
  await using _a = joinCluster(a.server, backbone);
  await using _b = joinCluster(b.server, backbone);
  const isAt = ({ server }: Service) => server.store.size > 0;
  await eventually(async () => await b.server.follow("doc-1"), "B follows");

  const old = await a.publish({ facets: { activity: "editing" } });
  await eventually(() => isAt(b), "B knows the entry");
  assertEquals(await b.withdrawn(old), 1);
  await eventually(() => !isAt(a), "A has heard the goodbye");

  // A has not seen the ticket, but the entry is another one.
  const { now } = a.server;
  await eventually(() => a.server.now > now, "a millisecond passes");
  await a.publish({ facets: { activity: "editing" } });
  assertEquals(await a.withdrawn(old), 0);
  assert(isAt(a));

  // A heartbeat at another node takes the entry over; it is the same entry.
  await eventually(() => isAt(b), "B knows the entry");
  const beat = await b.publish({ facets: { activity: "editing" } });
  assertEquals(await a.withdrawn(beat), 1);
  await eventually(() => !isAt(b), "B has heard the goodbye");
  assertFalse(isAt(a));
});

Deno.test("a handler refuses a secret that is short, and does not print it", () => {
  using server = new PresenceServer();
  const error = assertThrows(
    () => createHttpHandler(server, { goodbyeSecret: "hunter2" }),
    InvalidValueError,
    'goodbyeSecret must be a string of at least 32 bytes: received "7 bytes"',
  );
  assertFalse(error.message.includes("hunter2"));
});

for (const isOwnSite of [true, false]) {
  const site = isOwnSite ? "the service's own site" : "a trusted site";
  browserTest(
    `a tab of ${site} sends its ticket when it closes`,
    async (people) => {
      const empty = () =>
        new Response("<!DOCTYPE html>", {
          headers: { "content-type": "text/html" },
        });
      await using elsewhere = listen(empty);
      using server = new PresenceServer();
      const handler = createHttpHandler(server, {
        origins: [urlOf(elsewhere)],
      });
      await using here = listen((request) =>
        new URL(request.url).pathname === "/" ? empty() : handler(request)
      );
      const page = await people.newPage();
      await page.goto(urlOf(isOwnSite ? here : elsewhere));
      await page.evaluate(async ([service, update]) => {
        const response = await fetch(`${service}/v1/updates?goodbye=true`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: update,
        });
        const { goodbye } = await response.json();
        addEventListener("pagehide", () => {
          navigator.sendBeacon(`${service}/v1/goodbye`, goodbye);
        });
      }, [urlOf(here), JSON.stringify(sent())] as const);
      assertEquals(server.store.size, 1);
      await page.goto("about:blank");
      await eventually(() => server.store.size === 0, "the goodbye arrives");
    },
  );
}

function urlOf({ addr }: Deno.HttpServer<Deno.NetAddr>): string {
  return `http://127.0.0.1:${addr.port}`;
}
