import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { fieldProblem, HttpProblem } from "./wire/problem.ts";

/** An HTTP handler and other faces use the guard, so errors name neither. */
const ACTION = "serve presence";

/** The names of a machine for itself. */
const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** The hosts and pages that a handler trusts. */
export interface TrustOptions {
  /**
   * The host names to serve, without ports, or `"any"` for all names. Requests
   * for other hosts are refused with 421: otherwise a page with a host name that
   * points to this machine could read everything.
   *
   * @default {["localhost", "127.0.0.1", "[::1]"]}
   */
  readonly hosts?: "any" | readonly string[] | undefined;
  /**
   * The other sites whose pages may use the handler, such as
   * `"https://app.example"`. Pages of the handler's own site always may; pages
   * of all other sites are refused with 403.
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
}

/**
 * Decides which pages may use the service. A page of any site can send requests
 * to a port of its reader's machine. But it can't choose the `Origin` that the
 * browser adds, and a page whose host name points to that machine can't choose
 * the `Host`.
 */
export class Trust {
  readonly #hosts: "any" | ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #credentials: boolean;

  /**
   * Creates the trust of a handler.
   *
   * @throws {InvalidValueError} If a host or an origin is not written as in a
   * request.
   */
  constructor(
    { hosts = LOOPBACK_HOSTS, origins = [], credentials = false }: TrustOptions,
  ) {
    this.#hosts = hosts === "any" ? "any" : new Set(hosts.map(hostName));
    this.#origins = new Set(origins.map(originName));
    this.#credentials = credentials;
  }

  /**
   * Checks that a request is trusted.
   *
   * @throws {HttpProblem} If its host is not served, or its origin is not
   * trusted.
   */
  check(request: Request, url: URL): void {
    const header = request.headers.get("host");
    const host = header ?? url.host;
    if (!this.#isServed(url.hostname) || !this.#isServed(hostNameOf(host))) {
      const detail = `Cannot answer: the host ${JSON.stringify(host)}`;
      throw fieldProblem("misdirected", detail, "host", "is not served here");
    }
    const origin = request.headers.get("origin");
    if (origin === null) return assertNoOtherSite(request);
    if (this.#origins.has(origin) || isSameSite(origin, host)) return;
    const detail = `Cannot answer: the origin ${JSON.stringify(origin)}`;
    throw fieldProblem("forbidden", detail, "origin", "is not trusted");
  }

  /** Answers a preflight of a trusted page; `undefined` for other requests. */
  preflight(request: Request): Response | undefined {
    const { headers } = request;
    const origin = headers.get("origin");
    const isPreflight = request.method === "OPTIONS" &&
      headers.has("access-control-request-method");
    if (!isPreflight || origin === null || !this.#origins.has(origin)) {
      return undefined;
    }
    const answer = new Headers({
      "access-control-allow-methods": "GET, HEAD, POST, DELETE",
      "access-control-max-age": "600",
      "vary": "Access-Control-Request-Headers",
    });
    const wanted = headers.get("access-control-request-headers");
    if (wanted !== null) answer.set("access-control-allow-headers", wanted);
    return new Response(null, { status: 204, headers: answer });
  }

  /** Lets a trusted page of another site read a response. */
  share(request: Request, { headers }: Response): void {
    if (this.#origins.size === 0) return;
    headers.append("vary", "Origin");
    const origin = request.headers.get("origin");
    if (origin === null || !this.#origins.has(origin)) return;
    headers.set("access-control-allow-origin", origin);
    const exposed = "Presence-Keep-Alive-Ms, Retry-After";
    headers.set("access-control-expose-headers", exposed);
    if (this.#credentials) {
      headers.set("access-control-allow-credentials", "true");
    }
  }

  #isServed(name: string | undefined): boolean {
    return this.#hosts === "any" ||
      (name !== undefined && this.#hosts.has(name));
  }
}

/** Refuses requests that are not trusted, and lets trusted pages read answers. */
export interface TrustGuard {
  /** Returns the refusal of a request; `undefined` if it is trusted. */
  (request: Request): Response | undefined;
  /** Answers a preflight of a trusted page; `undefined` for other requests. */
  preflight(request: Request): Response | undefined;
  /** Lets a trusted page of another site read a response. */
  share(request: Request, response: Response): void;
}

/**
 * Creates the guard with which a handler refuses requests, for another service
 * behind the same port.
 *
 * @param options The trusted hosts and origins. By default, only loopback hosts
 * are trusted.
 * @returns The guard, which returns the refusal of a request, or `undefined` if
 * the request is trusted.
 * @throws {InvalidValueError} If a host or an origin is not written as in a
 * request.
 *
 * @example Usage
 * ```ts
 * import { createTrustGuard } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * const refusalOf = createTrustGuard({ hosts: ["app.example"] });
 * assertEquals(refusalOf(new Request("http://app.example/")), undefined);
 * assertEquals(refusalOf(new Request("http://evil.example/"))?.status, 421);
 * ```
 */
export function createTrustGuard(
  { hosts, origins, ...others }: Omit<TrustOptions, "credentials"> = {},
): TrustGuard {
  assertNoOtherOptions(others, ACTION);
  const trust = new Trust({ hosts, origins });
  const guard = (request: Request): Response | undefined => {
    try {
      trust.check(request, urlOf(request));
      return undefined;
    } catch (error) {
      if (error instanceof HttpProblem) return error.toResponse();
      throw error;
    }
  };
  guard.preflight = (request: Request) => trust.preflight(request);
  guard.share = (request: Request, response: Response) =>
    trust.share(request, response);
  return guard;
}

/**
 * Returns the URL of a request.
 *
 * @throws {HttpProblem} If its host is not a valid name.
 */
export function urlOf({ url }: Request): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new HttpProblem(
    "misdirected",
    "Cannot answer: the host is not a valid name",
  );
}

/** A browser sends no `Origin` with the request of an image or a link. */
function assertNoOtherSite({ headers }: Request): void {
  if (headers.get("sec-fetch-site") !== "cross-site") return;
  const detail = "Cannot answer: the request is cross-site, and its origin";
  throw fieldProblem("forbidden", detail, "origin", "is missing");
}

function hostName(host: string): string {
  const name = host.toLowerCase();
  if (hostNameOf(name) === name) return name;
  const rule = "must be names without ports, as URLs have them";
  throw new InvalidValueError(ACTION, "hosts", rule, host);
}

function originName(origin: string): string {
  const url = parse(origin);
  const written = url?.origin === "null"
    ? `${url.protocol}//${url.host}`
    : url?.origin;
  if (origin === written && url?.host !== "") return origin;
  const rule = "must be like https://app.example, without a path";
  throw new InvalidValueError(ACTION, "origins", rule, origin);
}

function hostNameOf(host: string): string | undefined {
  if (/[\s/?#@\\]/.test(host)) return undefined;
  return parse(`http://${host}`)?.hostname;
}

/**
 * Reports whether an origin has a host, whatever the scheme: a proxy may
 * terminate TLS. The default port is that of the origin's scheme.
 */
function isSameSite(origin: string, host: string): boolean {
  const page = parse(origin);
  if (page === undefined || !/^https?:$/.test(page.protocol)) return false;
  return hostNameOf(host) !== undefined &&
    parse(`${page.protocol}//${host}`)?.host === page.host;
}

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}
