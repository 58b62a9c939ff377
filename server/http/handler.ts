import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError, type PresenceUpdate } from "../../core/mod.ts";
import { StaleUpdateError } from "../../store/mod.ts";
import { BackboneError, ChannelClosedError } from "../documents/mod.ts";
import {
  assertServer,
  type Identity,
  toldOnce,
  type Unauthorized,
} from "../internal.ts";
import { ContextAtCapacityError, ServerClosedError } from "../mod.ts";
import {
  assertOpen,
  assertStillIn,
  json,
  type Service,
  unauthorized,
} from "./routes/exchange.ts";
import { EventWriter } from "./routes/event_writer.ts";
import { GoodbyeTickets } from "./routes/goodbye_ticket.ts";
import { Holders } from "./holders.ts";
import { type Actor, actorOf, TRUSTED_ACTOR } from "./identity.ts";
import {
  DEFAULT_LIMITS,
  type HttpLimits,
  keepAliveFrom,
  limitsFrom,
  TRUSTED_LIMITS,
  type TtlBounds,
  ttlBoundsFrom,
} from "./limits.ts";
import { PositionTokens } from "./routes/position_token.ts";
import { HttpProblem, type ProblemKind } from "./wire/problem.ts";
import { Quotas } from "./quotas.ts";
import { routesOf } from "./routes/routes.ts";
import type { ServedDocuments, ServedPresence } from "./served.ts";
import { Trust, type TrustOptions, urlOf } from "./trust.ts";
import { keySchema, updateSchema } from "./wire/update_schema.ts";

/** The result of `authorize`; `undefined` and `null` refuse the request. */
export type Authorization = Identity | Unauthorized | null | undefined;

/** The options of a handler. */
export interface HttpHandlerOptions extends TrustOptions {
  /**
   * Returns the identity of the author of a request. `undefined`, `null` or a
   * reason, which the client gets, refuse the request with 401. An error answers
   * with 500, without an effect. The function sees the whole request, but must
   * not read its body. `EventSource` can't set headers, but sends cookies and
   * the query of its URL.
   *
   * Without this option, **all clients that can reach the handler are one trusted
   * identity**: they read everything, private entries too, and publish and
   * withdraw for any subject and origin. That suits a service on a loopback
   * address, or behind a gateway that checks its clients.
   */
  readonly authorize?:
    | ((request: Request) => Authorization | Promise<Authorization>)
    | undefined;
  /** The range that times to live are clamped to: a second to ten minutes. */
  readonly ttlMs?: Partial<TtlBounds> | undefined;
  /**
   * The interval of keep-alives on a stream without events, in milliseconds.
   *
   * @default {15_000}
   */
  readonly keepAliveMs?: number | undefined;
  /** The limits of a request and of an identity. */
  readonly limits?: Partial<HttpLimits> | undefined;
  /**
   * Checks an update by rules of the application, above all its facets. An
   * `InvalidValueError` from it refuses the request with 400. It must be
   * synchronous: if it returns a promise, the handler publishes nothing and
   * answers with 500.
   */
  readonly checkUpdate?: ((update: PresenceUpdate) => void) | undefined;
  /**
   * The documents of the same server, a `DocumentPresence`. Without this option,
   * the handler has no routes of documents.
   */
  readonly documents?: ServedDocuments | undefined;
  /**
   * Signs the tickets of goodbyes; at least 32 bytes. The nodes of a cluster need
   * the same secret, because any of them may get a goodbye. With the default, a
   * handler accepts only its own tickets.
   *
   * @default {random bytes for each handler}
   */
  readonly goodbyeSecret?: string | undefined;
  /**
   * Called with each error that was answered with 500, or with 503 because the
   * other servers of a cluster can't be asked. It gets the same error only once.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined;
}

/** Answers a request; never rejects. */
export type HttpHandler = (request: Request) => Promise<Response>;

/** The counters and the current state of a handler. */
export interface HttpStats {
  /** The number of requests. */
  readonly requests: number;
  /** The number of refused requests, by the kind of the problem. */
  readonly rejected: ReadonlyMap<ProblemKind, number>;
  /** The number of open streams. */
  readonly streams: number;
}

/** A handler with statistics. */
export interface MeasuredHttpHandler {
  /** Answers a request; never rejects. */
  (request: Request): Promise<Response>;
  /** The current statistics. */
  readonly stats: HttpStats;
}

/**
 * Creates a handler that serves presence over HTTP: JSON to publish and to query,
 * server-sent events to watch. It needs only `Request` and `Response`, so it runs
 * under `Deno.serve`, Bun and Node. The README of this folder lists the routes.
 *
 * @param server The server, usually a `PresenceServer`.
 * @param options The options of the handler. Without `authorize`, all clients may
 * do everything.
 * @returns The handler.
 * @throws {InvalidValueError} If `server` is not a server, an option is unknown
 * or invalid, or the documents belong to another server.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const handler = createHttpHandler(server);
 *
 * const published = await handler(
 *   new Request("http://localhost/v1/updates", {
 *     method: "POST",
 *     headers: { "content-type": "application/json" },
 *     body: JSON.stringify({ subject: "alice", context: "doc-1", ttlMs: 30_000 }),
 *   }),
 * );
 * assertEquals((await published.json()).sequences, [1]);
 *
 * const asked = await handler(
 *   new Request("http://localhost/v1/presence?context=doc-1"),
 * );
 * assertEquals((await asked.json()).count, 1);
 * ```
 *
 * @example Authorizing with a cookie
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * const sessions = new Map([["s3cret", { user: "alice", team: "doc-members" }]]);
 *
 * using server = new PresenceServer();
 * const handler = createHttpHandler(server, {
 *   authorize(request) {
 *     const cookie = request.headers.get("cookie") ?? "";
 *     const id = /(?:^|; )session=(\w+)/.exec(cookie)?.[1] ?? "";
 *     const session = sessions.get(id);
 *     return session && {
 *       subject: session.user,
 *       origin: `session/${id}`,
 *       viewer: { restricted: [session.team], private: false },
 *       canRead: () => true,
 *       canWrite: (context) => context === "doc-1",
 *     };
 *   },
 * });
 *
 * const refused = await handler(
 *   new Request("http://localhost/v1/presence?context=doc-1"),
 * );
 * assertEquals(refused.status, 401);
 * ```
 */
export function createHttpHandler(
  server: ServedPresence,
  options: HttpHandlerOptions = {},
): MeasuredHttpHandler {
  const { authorize, documents, checkUpdate, goodbyeSecret, ...rest } = options;
  const { onError = (error) => console.error(error), ...more } = rest;
  const { limits: given = {}, ttlMs = {}, keepAliveMs, ...trusted } = more;
  const { hosts, origins, credentials, ...others } = trusted;
  const action = "create HTTP handler";
  assertServer(server, action);
  assertNoOtherOptions(others, action);
  // Documents of another server would list people who are not in this one, and
  // who never leave.
  if (documents !== undefined && documents.server !== server) {
    const rule = "must belong to the same server";
    throw new InvalidValueError(action, "documents", rule, documents);
  }
  const isNew = toldOnce();
  const defaults = authorize === undefined ? TRUSTED_LIMITS : DEFAULT_LIMITS;
  const limits = limitsFrom(given, defaults);
  const routes = routesOf(documents);
  const trust = new Trust({ hosts, origins, credentials });
  const service: Service = {
    server,
    limits,
    ttlMs: ttlBoundsFrom(ttlMs),
    keepAliveMs: keepAliveFrom(keepAliveMs),
    quotas: new Quotas(limits),
    holders: new Holders(server),
    tokens: new PositionTokens(),
    goodbyes: new GoodbyeTickets(goodbyeSecret),
    events: new EventWriter(limits.changes),
    schema: updateSchema(limits),
    keySchema: keySchema(limits.keyLength),
    checkUpdate,
    report(error, request) {
      if (!isNew(error)) return;
      try {
        onError(error, request);
      } catch {
        // There is no other place to report it.
      }
    },
  };

  const rejected = new Map<ProblemKind, number>();
  const stats = {
    requests: 0,
    get rejected() {
      return new Map(rejected);
    },
    get streams() {
      return service.quotas.streams;
    },
  };
  async function identify(request: Request): Promise<Actor> {
    if (authorize === undefined) return TRUSTED_ACTOR;
    const identity = await authorize(request);
    if (identity === null || identity === undefined) throw unauthorized();
    if (identity.reason !== undefined) throw unauthorized(identity.reason);
    return actorOf(identity, () => server.now);
  }

  async function respond(request: Request): Promise<Response> {
    assertOpen(server);
    const url = urlOf(request);
    if (url.pathname === "/healthz") return health(request);
    trust.check(request, url);
    const found = routes.filter(({ path }) => path.test(url.pathname));
    if (found.length === 0) {
      const path = url.pathname.slice(0, 100);
      const detail = `Cannot find ${path}: there is no such path`;
      throw new HttpProblem("not-found", detail);
    }
    const preflight = trust.preflight(request);
    if (preflight !== undefined) return preflight;
    if (request.method === "OPTIONS") {
      return new Response(null, { status: 204, headers: allow(found) });
    }
    const route = routeFor(request, found);
    const ask = { service, request, url };
    if ("answerAnybody" in route) return await route.answerAnybody(ask);
    const actor = await identify(request);
    assertStillIn(actor);
    service.quotas.countRequest(actor.account, server.steadyNow);
    const [, name = ""] = route.path.exec(url.pathname) ?? [];
    return await route.answer({ ...ask, actor }, name);
  }

  const handle = async (request: Request): Promise<Response> => {
    stats.requests++;
    let response: Response;
    try {
      response = await respond(request);
    } catch (error) {
      const problem = problemOf(error);
      const { kind } = problem;
      rejected.set(kind, (rejected.get(kind) ?? 0) + 1);
      if (REPORTED_KINDS.has(kind)) service.report(error, request);
      response = problem.toResponse();
    }
    trust.share(request, response);
    return request.method === "HEAD" ? withoutBody(response) : response;
  };
  handle.stats = stats;
  return handle;
}

function health(request: Request): Response {
  if (request.method !== "OPTIONS") routeFor(request, [{ method: "GET" }]);
  return json({ status: "ok" });
}

/** Returns the route for the method of a request. */
function routeFor<R extends { readonly method: string }>(
  { method }: Request,
  routes: readonly R[],
): R {
  const wanted = method === "HEAD" ? "GET" : method;
  const route = routes.find((route) => route.method === wanted);
  if (route !== undefined) return route;
  throw new HttpProblem(
    "method-not-allowed",
    `Cannot ${method.slice(0, 20)}: the method is not allowed here`,
    { headers: allow(routes) },
  );
}

/** Returns the header that lists the methods of routes. */
function allow(routes: readonly { readonly method: string }[]) {
  const methods = routes.map(({ method }) => method);
  if (methods.includes("GET")) methods.push("HEAD");
  return { allow: [...methods, "OPTIONS"].sort().join(", ") };
}

function withoutBody(response: Response): Response {
  const { status, headers } = response;
  response.body?.cancel().catch(() => {});
  return new Response(null, { status, headers });
}

/** Returns the problem of an error; that of an unknown error says nothing. */
function problemOf(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (
    error instanceof BackboneError && error.cause instanceof ServerClosedError
  ) return problemOf(error.cause);
  if (error instanceof Error) {
    const kind = KINDS_OF_ERRORS.find(([type]) => error instanceof type)?.[1];
    if (kind !== undefined) return new HttpProblem(kind, error.message);
  }
  return new HttpProblem("internal-error", "Cannot answer: something failed");
}

const KINDS_OF_ERRORS: readonly [
  new (...args: never[]) => Error,
  ProblemKind,
][] = [
  [ContextAtCapacityError, "context-at-capacity"],
  [StaleUpdateError, "stale-update"],
  [ServerClosedError, "closed"],
  [ChannelClosedError, "closed"],
  [BackboneError, "unavailable"],
];

/** The kinds of problem that the application gets in `onError`. */
const REPORTED_KINDS: ReadonlySet<ProblemKind> = new Set([
  "internal-error",
  "unavailable",
]);
