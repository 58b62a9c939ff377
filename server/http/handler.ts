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
  assertStillIn,
  json,
  type Service,
  unauthorized,
} from "./routes/exchange.ts";
import { EventWriter } from "./routes/event_writer.ts";
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
import { Trust, urlOf } from "./trust.ts";
import { updateSchema } from "./wire/update_schema.ts";

/** How a handler behaves. */
export interface HttpHandlerOptions {
  /**
   * Says who a request comes from; `undefined` or `null` refuses it with 401,
   * and so does a reason, which the client is told. It sees the whole request,
   * but must leave its body alone. `EventSource` sends no headers of its own:
   * what it does send is cookies and the query of its URL. If this throws, the
   * answer is 500 and nothing is done.
   *
   * Left out, **everybody who reaches the handler is one trusted identity**:
   * they read everything, private entries too, and publish and withdraw for any
   * subject and origin. That suits a service on a loopback address, or one
   * behind something that lets only the right ones through.
   */
  readonly authorize?:
    | ((
      request: Request,
    ) =>
      | Identity
      | Unauthorized
      | null
      | undefined
      | Promise<Identity | Unauthorized | null | undefined>)
    | undefined;
  /**
   * The host names that are served, without ports; `"any"` serves all. Requests
   * for others are refused with 421: else a page whose name points to this
   * machine could read everything.
   *
   * @default {["localhost", "127.0.0.1", "[::1]"]}
   */
  readonly hosts?: "any" | readonly string[] | undefined;
  /**
   * The other sites whose pages may use the handler, like
   * `"https://app.example"`. Pages of the handler's own site always may, all
   * others are refused with 403.
   *
   * @default {[]}
   */
  readonly origins?: readonly string[] | undefined;
  /**
   * Whether pages of `origins` may send cookies.
   *
   * @default {false}
   */
  readonly credentials?: boolean | undefined;
  /** The span that times to live are clamped to: a second to ten minutes. */
  readonly ttlMs?: Partial<TtlBounds> | undefined;
  /**
   * After how many milliseconds without an event a stream says that it is
   * alive.
   *
   * @default {15_000}
   */
  readonly keepAliveMs?: number | undefined;
  /** What one request and one identity may ask for. */
  readonly limits?: Partial<HttpLimits> | undefined;
  /**
   * Checks an update by the application's own rules, for its facets above all;
   * an `InvalidValueError` that it throws refuses the request with 400. It
   * must not be asynchronous: one that returns a promise takes no update, and
   * the answer is 500.
   */
  readonly checkUpdate?: ((update: PresenceUpdate) => void) | undefined;
  /**
   * Documents of the very same server, whose people and numbers are told as
   * well: a `DocumentPresence`. Left out, there are no such routes.
   */
  readonly documents?: ServedDocuments | undefined;
  /**
   * Told of what should not happen and was answered with 500, or with 503
   * because the other servers of a cluster can't be asked. An error that is
   * thrown again, the very same one, is told once.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown, request: Request) => void) | undefined;
}

/** Answers a request; never rejects. */
export type HttpHandler = (request: Request) => Promise<Response>;

/** What has happened at a handler since it was made, and how it stands. */
export interface HttpStats {
  /** Requests that have come in. */
  readonly requests: number;
  /** How many of them were refused, by the kind of the problem. */
  readonly rejected: ReadonlyMap<ProblemKind, number>;
  /** Streams that are open now. */
  readonly streams: number;
}

/** A handler that says what has happened at it. */
export interface MeasuredHttpHandler {
  /** Answers a request; never rejects. */
  (request: Request): Promise<Response>;
  /** What has happened so far, and how it stands; always up to date. */
  readonly stats: HttpStats;
}

/**
 * Serves presence over HTTP: JSON to publish and to ask, server-sent events to
 * watch. It needs nothing but `Request` and `Response`, and so runs under
 * `Deno.serve`, Bun and Node. The README of this folder has the routes.
 *
 * @param server What to serve, a `PresenceServer` as a rule.
 * @param options How it behaves. Without `authorize`, everybody may do
 * everything.
 * @returns The handler.
 * @throws {InvalidValueError} If `server` is none, a number, a host or an origin
 * among the options makes no sense, one is not known, or the documents are of
 * another server.
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
 * @example People with a cookie
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
  const { authorize, documents, checkUpdate, ...rest } = options;
  const { onError = (error) => console.error(error), ...more } = rest;
  const { limits: given = {}, ttlMs = {}, keepAliveMs, ...trusted } = more;
  const { hosts, origins, credentials, ...others } = trusted;
  const action = "create HTTP handler";
  assertServer(server, action);
  assertNoOtherOptions(others, action);
  // Those of another one would tell of people whom nobody else sees, and who
  // never leave.
  if (documents !== undefined && documents.server !== server) {
    const rule = "must be of the server that is given, and not of another one";
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
    events: new EventWriter(limits.changes),
    schema: updateSchema(limits),
    checkUpdate,
    report(error, request) {
      if (!isNew(error)) return;
      try {
        onError(error, request);
      } catch {
        // There is nobody left to tell.
      }
    },
  };

  const rejected = new Map<ProblemKind, number>();
  let requests = 0;

  async function identify(request: Request): Promise<Actor> {
    if (authorize === undefined) return TRUSTED_ACTOR;
    const identity = await authorize(request);
    if (identity === null || identity === undefined) throw unauthorized();
    if (identity.reason !== undefined) throw unauthorized(identity.reason);
    return actorOf(identity, () => server.now);
  }

  async function respond(request: Request): Promise<Response> {
    if (server.closed) {
      throw new HttpProblem("closed", "Cannot answer: the server is closed");
    }
    const url = urlOf(request);
    if (url.pathname === "/healthz") return health(request);
    trust.check(request, url);
    const found = routes.filter(({ path }) => path.test(url.pathname));
    if (found.length === 0) {
      throw new HttpProblem(
        "not-found",
        `Cannot find ${url.pathname.slice(0, 100)}: there is no such path`,
      );
    }
    const preflight = trust.preflight(request);
    if (preflight !== undefined) return preflight;
    if (request.method === "OPTIONS") {
      return new Response(null, { status: 204, headers: allow(found) });
    }
    const route = routeFor(request, found);
    const actor = await identify(request);
    assertStillIn(actor);
    service.quotas.countRequest(actor.account, server.steadyNow);
    const [, name = ""] = route.path.exec(url.pathname) ?? [];
    return await route.answer({ service, request, url, actor }, name);
  }

  const handle = async (request: Request): Promise<Response> => {
    let response: Response;
    requests++;
    try {
      response = await respond(request);
    } catch (error) {
      const problem = problemOf(error);
      const { kind } = problem;
      rejected.set(kind, (rejected.get(kind) ?? 0) + 1);
      if (SERVERS_FAULTS.has(kind)) service.report(error, request);
      response = problem.toResponse();
    }
    trust.share(request, response);
    return request.method === "HEAD" ? withoutBody(response) : response;
  };
  handle.stats = {
    get requests() {
      return requests;
    },
    get rejected() {
      return new Map(rejected);
    },
    get streams() {
      return service.quotas.streams;
    },
  };
  return handle;
}

function health(request: Request): Response {
  if (request.method !== "OPTIONS") routeFor(request, [{ method: "GET" }]);
  return json({ status: "ok" });
}

/** The route for the method of a request. */
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

/** The header that names the methods of routes. */
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

/** What to answer to an error; what is not known is nobody's business. */
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

/** What the application is told of. */
const SERVERS_FAULTS: ReadonlySet<ProblemKind> = new Set([
  "internal-error",
  "unavailable",
]);
