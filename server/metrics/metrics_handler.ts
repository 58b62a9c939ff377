import { createHash, timingSafeEqual } from "node:crypto";
import { assertMethods, assertNoOtherOptions } from "../../core/assert.ts";
import { InvalidValueError } from "../../core/mod.ts";
import { createTrustGuard } from "../http/mod.ts";
import type { PresenceMetrics } from "./presence_metrics.ts";

/** The options of a metrics handler. */
export interface MetricsHandlerOptions {
  /**
   * The token that each request must have, as `Authorization: Bearer <token>`.
   * Without it, all clients that can reach the handler may read the metrics.
   */
  readonly token?: string | undefined;
  /**
   * The path of the metrics.
   *
   * @default {"/metrics"}
   */
  readonly path?: string | undefined;
  /**
   * The host names to serve, without ports, or `"any"` for all names. The default
   * is `"any"` with a token, and only loopback names without one: otherwise a page
   * with a host name that points to this machine could read the metrics.
   */
  readonly hosts?: "any" | readonly string[] | undefined;
  /**
   * Called with each error that was answered with 500.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Creates a handler that serves metrics to Prometheus, on a port of its own or
 * beside other handlers. It answers requests for other paths with 404.
 *
 * @param metrics The metrics.
 * @param options The options of the handler.
 * @returns The handler, which never rejects.
 * @throws {InvalidValueError} If the token is empty or has characters that a
 * header can't have, the path does not begin with a slash, or a host is not
 * written as in a request.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import {
 *   createMetricsHandler,
 *   PresenceMetrics,
 * } from "@ruthere/presence/server/metrics";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const metrics = new PresenceMetrics({ server });
 * const handler = createMetricsHandler(metrics, { token: "s3cret" });
 * // Deno.serve({ port: 9464 }, handler);
 *
 * const url = "http://localhost:9464/metrics";
 * assertEquals((await handler(new Request(url))).status, 401);
 * const headers = { authorization: "Bearer s3cret" };
 * assertEquals((await handler(new Request(url, { headers }))).status, 200);
 * ```
 */
export function createMetricsHandler(
  metrics: Pick<PresenceMetrics, "contentType" | "text">,
  options: MetricsHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const { token, path = "/metrics", onError = console.error, ...rest } =
    options;
  const rule = "must be a PresenceMetrics";
  assertMethods(metrics, ["text"], "metrics", rule, "serve metrics");
  assertToken(token);
  assertPath(path);
  const { hosts = token === undefined ? undefined : "any", ...others } = rest;
  assertNoOtherOptions(others, "serve metrics");
  const refusalOf = createTrustGuard({ hosts });

  function knows({ headers }: Request): boolean {
    if (token === undefined) return true;
    const given = headers.get("authorization") ?? "";
    // The name of the scheme is not case-sensitive.
    const said = given.replace(/^bearer +/i, "Bearer ");
    const wanted = `Bearer ${token}`;
    return timingSafeEqual(digestOf(said), digestOf(wanted));
  }

  return async (request) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) return refusal;
    if (new URL(request.url).pathname !== path) {
      return refuse(404, "Cannot find metrics: they have another path");
    }
    if (!["GET", "HEAD"].includes(request.method)) {
      const allow = { allow: "GET, HEAD" };
      return refuse(405, "Cannot read metrics: the method must be GET", allow);
    }
    if (!knows(request)) {
      const scheme = { "www-authenticate": "Bearer" };
      return refuse(401, "Cannot read metrics: the token is wrong", scheme);
    }
    try {
      const text = await metrics.text();
      return new Response(request.method === "HEAD" ? null : text, {
        headers: { ...HEADERS, "content-type": metrics.contentType },
      });
    } catch (error) {
      try {
        onError(error);
      } catch {
        // There is no other place to report it.
      }
      return refuse(500, "Cannot read metrics: the server has failed");
    }
  };
}

const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

function refuse(
  status: number,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(`${reason}\n`, {
    status,
    headers: { ...HEADERS, ...headers },
  });
}

/** Digests are equally long, so the time of a comparison reveals nothing. */
function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}

function assertToken(token: string | undefined): void {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return;
  const rule = "must be one or more visible ASCII characters";
  // The error must not repeat a secret.
  const received = `${token.length} characters`;
  throw new InvalidValueError("serve metrics", "token", rule, received);
}

function assertPath(path: string): void {
  if (path.startsWith("/")) return;
  const rule = "must begin with a slash";
  throw new InvalidValueError("serve metrics", "path", rule, path);
}
