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
import {
  createHttpHandler,
  createTrustGuard,
  type HttpHandler,
} from "./http/mod.ts";
import { PresenceServer } from "./mod.ts";
import { servePage } from "./page/mod.ts";
import { PhoenixEndpoint, upgradeInDeno } from "./phoenix/mod.ts";
import { liftFacets, type TopicModel, TopicPresence } from "./topics/mod.ts";

const USAGE = `Usage: deno task start [OPTIONS]

Serves presence to whoever reaches it, over HTTP, over the sockets of Phoenix
Channels and Supabase Realtime, and as a page; everyone may do everything.

  --port PORT   the port to listen on; 0 picks one (8787, or RUTHERE_PORT)
  --host HOST   the host to listen on (127.0.0.1, or RUTHERE_HOST); any other
                than loopback wants --insecure
  --insecure    yes, everyone who reaches the host may read, publish and
                withdraw everything (or RUTHERE_INSECURE=1)
  --grace-ms MS how long somebody whose connection is lost is still shown, in
                milliseconds (10000, or RUTHERE_GRACE_MS)
  --help        print this
`;

/** Where clients of Phoenix Channels and of Supabase Realtime connect. */
const SOCKETS: ReadonlySet<string> = new Set([
  "/socket/websocket",
  "/realtime/v1/websocket",
]);

/** Nobody should have to wait longer for a reader that does not read. */
const MAX_SHUTDOWN_MS = 3_000;

interface Settings {
  readonly port: number;
  readonly host: string;
  readonly insecure: boolean;
  readonly graceMs: number;
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
  const graceMs = values["grace-ms"] ?? Deno.env.get("RUTHERE_GRACE_MS") ??
    "10000";
  if (!/^\d{1,9}$/.test(graceMs)) {
    throw new StartError(
      `the grace must be a number of milliseconds: received ${
        JSON.stringify(graceMs)
      }`,
    );
  }
  return { port: Number(port), host, insecure, graceMs: Number(graceMs) };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        port: { type: "string" },
        host: { type: "string" },
        insecure: { type: "boolean" },
        "grace-ms": { type: "string" },
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

/** Sends a request to the face that it is for. */
function route(
  hosts: "any" | readonly string[],
  endpoint: PhoenixEndpoint,
  handler: HttpHandler,
): HttpHandler {
  const refusalOf = createTrustGuard({ hosts });
  return async (request) => {
    // A Host can be such that there is no URL; the handler knows what to say.
    if (!URL.canParse(request.url)) return await handler(request);
    const { pathname } = new URL(request.url);
    if (SOCKETS.has(pathname)) return await upgradeInDeno(endpoint, request);
    const page = servePage(request);
    if (page === undefined) return await handler(request);
    // A page that could reach nothing had better not come up.
    return refusalOf(request) ?? page;
  };
}

async function serve(settings: Settings): Promise<void> {
  const { graceMs } = settings;
  // Changes hold what strangers have published, until others take their place.
  using server = new PresenceServer<TopicModel>({ graceMs, retention: 2_000 });
  const { host, insecure } = settings;
  const name = host.includes(":") ? `[${host}]` : host;
  const hosts = insecure ? "any" : ["localhost", "127.0.0.1", "[::1]", name];
  const topics = new TopicPresence(server, { facets: liftFacets });
  const endpoint = new PhoenixEndpoint(topics, { hosts });
  const handler = createHttpHandler(server, {
    hosts,
    limits: {
      entries: 1_000_000,
      contexts: 100_000,
      streams: 10_000,
      requestsPerSecond: 1_000,
    },
  });
  const http = listen(settings, route(hosts, endpoint, handler));
  console.log(`ruthere listens on http://${name}:${http.addr.port}/`);

  await stopSignal();
  // First: a socket that the listener ends does not tell its client to return.
  await endpoint[Symbol.asyncDispose]();
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
