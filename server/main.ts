/**
 * The service that one command starts.
 *
 * ```sh
 * deno task start --port 8787
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import { createHttpHandler, type HttpHandler } from "./http/mod.ts";
import { PresenceServer } from "./mod.ts";

const USAGE = `Usage: deno task start [OPTIONS]

Serves presence over HTTP to whoever reaches it; everyone may do everything.

  --port PORT   the port to listen on; 0 picks one (8787, or RUTHERE_PORT)
  --host HOST   the host to listen on (127.0.0.1, or RUTHERE_HOST); any other
                than loopback wants --insecure
  --insecure    yes, everyone who reaches the host may read, publish and
                withdraw everything (or RUTHERE_INSECURE=1)
  --help        print this
`;

/** What GET / answers until there is a page. */
function whatToTry(url: string): string {
  return `ruthere: who or what is here right now?

curl ${url}v1/updates -H 'content-type: application/json' -d '{"subject":"alice","context":"doc-1","ttlMs":60000,"facets":{"activity":"editing"}}'
curl '${url}v1/presence?context=doc-1'
curl -N '${url}v1/changes?context=doc-1'
`;
}

/** Nobody should have to wait longer for a reader that does not read. */
const MAX_SHUTDOWN_MS = 3_000;

interface Settings {
  readonly port: number;
  readonly host: string;
  readonly insecure: boolean;
}

/** Something that the one who starts the service can put right. */
class StartError extends Error {}

function readSettings(args: readonly string[]): Settings | "help" {
  // `deno task start -- --port 1` hands the dashes on.
  const given = args[0] === "--" ? args.slice(1) : [...args];
  const { values } = parse(given);
  if (values.help) return "help";
  const port = values.port ?? Deno.env.get("RUTHERE_PORT") ?? "8787";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new StartError(
      `the port must be a number from 0 to 65535: received ${
        JSON.stringify(port)
      }`,
    );
  }
  const host = values.host ?? Deno.env.get("RUTHERE_HOST") ?? "127.0.0.1";
  const insecure = values.insecure ?? readFlag("RUTHERE_INSECURE");
  if (!insecure && !isLoopback(host)) {
    throw new StartError(
      `the host ${
        JSON.stringify(host)
      } can be reached from elsewhere, where everyone could do everything; say --insecure if that is meant`,
    );
  }
  return { port: Number(port), host, insecure };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: "string" },
        host: { type: "string" },
        insecure: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = ""] = error.message.split(/\.(?:\s|$)/);
    throw new StartError(`${sentence}; --help tells of the options`);
  }
}

function readFlag(name: string): boolean {
  const value = Deno.env.get(name) ?? "";
  if (["1", "true"].includes(value)) return true;
  if (["", "0", "false"].includes(value)) return false;
  throw new StartError(`${name} must be 1 or 0: received "${value}"`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" ||
    /^127(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/.test(host);
}

function listen(
  { port, host }: Settings,
  handler: HttpHandler,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ port, hostname: host, onListen() {} }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new StartError(
        `port ${port} of ${host} is taken; choose another one with --port`,
      );
    }
    if (!(error instanceof Error)) throw error;
    throw new StartError(`can't listen on ${host}: ${error.message}`);
  }
}

function withFrontPage(handler: HttpHandler): HttpHandler {
  return (request) => {
    // A Host can be such that there is no URL; the handler knows what to say.
    if (!URL.canParse(request.url)) return handler(request);
    const { pathname, origin } = new URL(request.url);
    const isAsked = request.method === "GET" || request.method === "HEAD";
    if (pathname !== "/" || !isAsked) return handler(request);
    return Promise.resolve(new Response(whatToTry(`${origin}/`)));
  };
}

async function serve(settings: Settings): Promise<void> {
  using server = new PresenceServer();
  const { host, insecure } = settings;
  const name = host.includes(":") ? `[${host}]` : host;
  const handler = createHttpHandler(server, {
    hosts: insecure ? "any" : ["localhost", "127.0.0.1", "[::1]", name],
    limits: {
      entries: 1_000_000,
      contexts: 100_000,
      streams: 10_000,
      requestsPerSecond: 1_000,
    },
  });
  const http = listen(settings, withFrontPage(handler));
  console.log(`ruthere listens on http://${name}:${http.addr.port}/`);

  const stopped = stopSignal();
  await stopped;
  // Streams end when the watches do; then nothing keeps the listener open.
  server[Symbol.dispose]();
  const late = setTimeout(() => Deno.exit(0), MAX_SHUTDOWN_MS);
  await http.shutdown();
  clearTimeout(late);
}

/** Resolves with the first signal to stop; further ones change nothing. */
function stopSignal(): Promise<void> {
  // Windows knows no SIGTERM; it has SIGBREAK instead.
  const signals: Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    for (const signal of signals) {
      Deno.addSignalListener(signal, () => resolve());
    }
  });
}

/** Runs the service until it is told to stop; gives the exit code. */
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
