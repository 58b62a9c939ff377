/**
 * The service that one command starts.
 *
 * ```sh
 * deno task start --port 8787
 * ```
 *
 * @module
 */

import { InvalidValueError } from "../core/mod.ts";
import { type DocumentModel, DocumentPresence } from "./documents/mod.ts";
import { createHttpHandler, createTrustGuard } from "./http/mod.ts";
import { createMetricsHandler, PresenceMetrics } from "./metrics/mod.ts";
import { PresenceServer } from "./mod.ts";
import { servePage } from "./service/page/mod.ts";
import { PhoenixEndpoint, upgradeInDeno } from "./phoenix/mod.ts";
import { join } from "./service/backbone.ts";
import { Readiness } from "./service/readiness.ts";
import { readSettings, type Settings, StartError } from "./service/settings.ts";
import USAGE from "./service/usage.txt" with { type: "text" };
import { TokenAuthority } from "./tokens/mod.ts";
import { liftFacets, TopicPresence } from "./topics/mod.ts";

/** Where clients of Phoenix Channels and of Supabase Realtime connect. */
const SOCKETS: ReadonlySet<string> = new Set([
  "/socket/websocket",
  "/realtime/v1/websocket",
]);

/** The limits without tokens, where all clients share one trusted identity. */
const OPEN_LIMITS = {
  entries: 1_000_000,
  contexts: 100_000,
  streams: 10_000,
  requestsPerSecond: 1_000,
};

/** How long a client that does not read can delay the shutdown. */
const MAX_SHUTDOWN_MS = 3_000;

/** Answers requests, as an `HttpHandler` does. */
type Handler = (request: Request) => Promise<Response>;

function listen(
  host: string,
  port: number,
  handler: Handler,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ port, hostname: host, onListen() {} }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new StartError(
        `port ${port} of ${host} is taken; choose another one`,
      );
    }
    if (!(error instanceof Error)) throw error;
    throw new StartError(`can't listen on ${host}: ${error.message}`);
  }
}

/** What clients of the service talk to. */
type Faces = ReturnType<typeof facesOf>;

/** Routes each request to the face that it is for. */
function route(
  { hosts, endpoint, http, metrics }: Faces,
  readiness: Readiness,
): Handler {
  const refusalOf = createTrustGuard({ hosts });
  return async (request) => {
    // With some Host headers there is no URL; the handler answers these.
    if (!URL.canParse(request.url)) return await http(request);
    const { pathname } = new URL(request.url);
    if (pathname === "/readyz") return readiness.answer(request);
    if (SOCKETS.has(pathname)) return await upgradeInDeno(endpoint, request);
    const answer = await endpoint.answer(request);
    if (answer !== undefined) return answer;
    if (pathname === "/metrics" && metrics) return await metrics(request);
    const page = servePage(request);
    if (page === undefined) return await http(request);
    // A page on a host that the service refuses could reach nothing.
    return refusalOf(request) ?? page;
  };
}

/** Makes the faces; an error names the option or variable with a bad value. */
function makeFaces(
  server: PresenceServer<DocumentModel>,
  settings: Settings,
): Faces {
  try {
    return facesOf(server, settings);
  } catch (error) {
    if (!(error instanceof InvalidValueError)) throw error;
    const { field, message } = error;
    const by = settings.givenBy[field];
    if (by === undefined) throw new StartError(message);
    const [, reason = ""] = message.split(`: ${field} `);
    throw new StartError(`${by} ${reason}`);
  }
}

function facesOf(
  server: PresenceServer<DocumentModel>,
  settings: Settings,
) {
  const { host, insecure, metricsPort, metricsToken, origins } = settings;
  const authority = settings.tokens && new TokenAuthority(settings.tokens);
  // With tokens, a page on a foreign host name can do nothing without one.
  const hosts: "any" | string[] = insecure || authority !== undefined
    ? "any"
    : ["localhost", "127.0.0.1", "[::1]", nameOf(host)];
  const numbers = new PresenceMetrics({
    server,
    documentLabels: settings.metricsDocuments,
  });
  const documents = new DocumentPresence(server, {
    onCursorUpdate: numbers.observeCursorUpdate,
  });
  const topics = new TopicPresence(server, { facets: liftFacets });
  const endpoint = new PhoenixEndpoint(topics, {
    hosts,
    origins,
    documents,
    authorize: authority?.authorize,
    accessToken: authority?.refresh,
  });
  const http = createHttpHandler(server, {
    hosts,
    origins,
    documents,
    authorize: authority?.authorize,
    goodbyeSecret: settings.goodbyeSecret,
    limits: authority === undefined ? OPEN_LIMITS : {},
  });
  numbers.measure({ http, phoenix: endpoint, documents });
  // Elsewhere, the metrics have a port of their own, or are secret.
  const isOpen = metricsPort === undefined &&
    (authority === undefined || metricsToken !== undefined);
  const metrics: Handler | undefined = isOpen
    ? createMetricsHandler(numbers, { token: metricsToken, hosts })
    : undefined;
  return { hosts, endpoint, http, metrics, documents, numbers };
}

async function serve(settings: Settings): Promise<void> {
  const { graceMs, host, port, metricsPort, metricsToken } = settings;
  // Retained changes hold what strangers have published.
  const options = { graceMs, retention: 2_000 };
  using server = new PresenceServer<DocumentModel>(options);
  const faces = makeFaces(server, settings);
  const { documents, endpoint, hosts, numbers } = faces;
  const readiness = new Readiness();
  const main = listen(host, port, route(faces, readiness));
  const listeners = [main];
  if (metricsPort !== undefined) {
    // The tokens of clients do not open the metrics.
    const isGuarded = metricsToken !== undefined || settings.insecure;
    const handler = createMetricsHandler(numbers, {
      token: metricsToken,
      hosts: isGuarded ? hosts : undefined,
    });
    const metricsHost = isGuarded ? host : "127.0.0.1";
    listeners.push(listen(metricsHost, metricsPort, handler));
  }
  const membership = await join(server, settings);
  numbers.measure({ cluster: membership?.cluster });
  readiness.serving(membership?.cluster);
  console.log(
    `ruthere listens on http://${nameOf(host)}:${main.addr.port}/`,
  );

  await stopSignal();
  readiness.draining();
  // First: the listener would close sockets without the code to reconnect.
  await endpoint[Symbol.asyncDispose]();
  await membership?.[Symbol.asyncDispose]();
  documents[Symbol.dispose]();
  // Streams end with their watches; then nothing keeps the listener open.
  server[Symbol.dispose]();
  const late = setTimeout(() => Deno.exit(0), MAX_SHUTDOWN_MS);
  await Promise.all(listeners.map((listener) => listener.shutdown()));
  clearTimeout(late);
}

/** Formats a host for a URL. */
function nameOf(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** Resolves at the first signal to stop; further ones change nothing. */
function stopSignal(): Promise<void> {
  // Windows has no SIGTERM.
  const termination = Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM";
  return new Promise((resolve) => {
    Deno.addSignalListener("SIGINT", () => resolve());
    Deno.addSignalListener(termination, () => resolve());
  });
}

/** Runs the service until a signal stops it; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const settings = readSettings(args);
    if (settings === "help") console.log(USAGE.trimEnd());
    else await serve(settings);
    return 0;
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(`Cannot start: ${error.message}`);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
