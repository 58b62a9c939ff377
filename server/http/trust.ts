import { assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { HttpProblem } from "./wire/problem.ts";

/** What an HTTP handler does, and whatever else lets requests pass by this. */
const ACTION = "serve presence";

/** The names under which a service is reached on the machine it runs on. */
const LOOPBACK_HOSTS: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** What a handler believes of the pages that requests come from. */
export interface TrustOptions {
  /** The host names that are served, or `"any"`; left out, loopback names. */
  readonly hosts?: "any" | readonly string[] | undefined;
  /** The other sites whose pages may ask; none, if they are left out. */
  readonly origins?: readonly string[] | undefined;
  /** Whether those pages may send cookies; left out, they may not. */
  readonly credentials?: boolean | undefined;
}

/**
 * Decides which pages may speak to the service. A page of any site can send
 * requests to a port of the machine that its reader sits at; it can't choose
 * the `Origin` that the browser adds, and one that has its own name point to
 * that machine can't choose the `Host`.
 */
export class Trust {
  readonly #hosts: "any" | ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;
  readonly #credentials: boolean;

  /**
   * Makes the judge.
   *
   * @throws {InvalidValueError} If a host or an origin is written as no request
   * has it.
   */
  constructor(
    { hosts = LOOPBACK_HOSTS, origins = [], credentials = false }: TrustOptions,
  ) {
    this.#hosts = hosts === "any" ? "any" : new Set(hosts.map(hostName));
    this.#origins = new Set(origins.map(originName));
    this.#credentials = credentials;
  }

  /**
   * Lets a request pass.
   *
   * @throws {HttpProblem} If its host is not served, or its origin is not
   * trusted.
   */
  check(request: Request, url: URL): void {
    const header = request.headers.get("host");
    const host = header ?? url.host;
    if (!this.#isServed(url.hostname) || !this.#isServed(hostNameOf(host))) {
      throw new HttpProblem(
        "misdirected",
        `Cannot answer: the host ${JSON.stringify(host)} is not served here`,
        { errors: [{ field: "host", message: "is not served here" }] },
      );
    }
    const origin = request.headers.get("origin");
    if (origin === null) return assertNoOtherSite(request);
    if (this.#origins.has(origin) || isSameSite(origin, host)) return;
    throw new HttpProblem(
      "forbidden",
      `Cannot answer: the origin ${JSON.stringify(origin)} is not trusted`,
      { errors: [{ field: "origin", message: "is not trusted" }] },
    );
  }

  /** Tells a trusted page of another site what it may send; `undefined` for no preflight. */
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
    headers.set(
      "access-control-expose-headers",
      "Presence-Keep-Alive-Ms, Retry-After",
    );
    if (this.#credentials) {
      headers.set("access-control-allow-credentials", "true");
    }
  }

  #isServed(name: string | undefined): boolean {
    return this.#hosts === "any" ||
      (name !== undefined && this.#hosts.has(name));
  }
}

/** Decides which requests a handler answers, and who may read the answers. */
export interface TrustGuard {
  /** Gives the refusal of a request; `undefined` for one that may pass. */
  (request: Request): Response | undefined;
  /**
   * Answers the question of a trusted page of another site whether it may ask
   * something; `undefined` for any other request.
   */
  preflight(request: Request): Response | undefined;
  /** Lets a trusted page of another site read a response. */
  share(request: Request, response: Response): void;
}

/**
 * Makes the guard by which a handler lets requests pass: its own, or another
 * face's behind the same port.
 *
 * @param options Which hosts and origins are trusted; those of a loopback
 * address alone, if they are left out.
 * @returns What gives the refusal of a request, `undefined` for one that may
 * pass.
 * @throws {InvalidValueError} If a host or an origin is written as no request
 * has it.
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
  { hosts, origins, ...others }: {
    readonly hosts?: "any" | readonly string[] | undefined;
    readonly origins?: readonly string[] | undefined;
  } = {},
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
 * The URL of a request.
 *
 * @throws {HttpProblem} If it has no host that can be one.
 */
export function urlOf({ url }: Request): URL {
  if (URL.canParse(url)) return new URL(url);
  throw new HttpProblem("misdirected", "Cannot answer: the host is no name");
}

/** For an image or a link, a browser asks without saying which page wants it. */
function assertNoOtherSite({ headers }: Request): void {
  if (headers.get("sec-fetch-site") !== "cross-site") return;
  throw new HttpProblem(
    "forbidden",
    "Cannot answer: a page of another site asks, and does not say which",
    { errors: [{ field: "origin", message: "is missing" }] },
  );
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
 * The scheme is left out of it, because what ends TLS may stand before us. A
 * default port is that of the origin's scheme.
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
