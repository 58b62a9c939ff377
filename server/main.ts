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
  type Cluster,
  type ClusterStatus,
  joinCluster,
  type PresenceBackbone,
} from "./cluster/mod.ts";
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
  --backbone URL
                redis://… or nats://…, or with TLS rediss://… or tls://…, by
                which several of these services act as one; a user and a
                password go into the URL; memory, which is the default, is for
                a single one (or RUTHERE_BACKBONE)
  --node NAME   its name among them, which no other one has at the same time; a
                new one, if it is left out (or RUTHERE_NODE)
  --lease-ms MS after how long without a sign of life one is given up, in
                milliseconds, the same for all (15000, or RUTHERE_LEASE_MS)
  --help        print this
`;

/** Where clients of Phoenix Channels and of Supabase Realtime connect. */
const SOCKETS: ReadonlySet<string> = new Set([
  "/socket/websocket",
  "/realtime/v1/websocket",
]);

/** The protocols of backbones. */
const BACKBONES: ReadonlySet<string> = new Set([
  "nats:",
  "redis:",
  "rediss:",
  "tls:",
]);

/** A shorter lease would end whenever a node has something else to do. */
const MIN_LEASE_MS = 1_000;

/** Nobody should have to wait longer for a reader that does not read. */
const MAX_SHUTDOWN_MS = 3_000;

interface Settings {
  readonly port: number;
  readonly host: string;
  readonly insecure: boolean;
  readonly graceMs: number;
  /** Where the backbone is; `undefined` if there is none. */
  readonly backbone: URL | undefined;
  readonly node: string | undefined;
  readonly leaseMs: number;
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
  const graceMs = readDuration(
    "grace",
    values["grace-ms"] ?? Deno.env.get("RUTHERE_GRACE_MS") ?? "10000",
  );
  const leaseMs = readDuration(
    "lease",
    values["lease-ms"] ?? Deno.env.get("RUTHERE_LEASE_MS") ?? "15000",
  );
  const backbone = readBackbone(
    values.backbone ?? Deno.env.get("RUTHERE_BACKBONE") ?? "memory",
  );
  if (leaseMs < MIN_LEASE_MS) {
    throw new StartError(`the lease must be at least ${MIN_LEASE_MS} ms`);
  }
  const node = (values.node ?? Deno.env.get("RUTHERE_NODE")) || undefined;
  return {
    port: Number(port),
    host,
    insecure,
    graceMs,
    backbone,
    node,
    leaseMs,
  };
}

function readDuration(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new StartError(
    `the ${name} must be a number of milliseconds: received ${
      JSON.stringify(text)
    }`,
  );
}

function readBackbone(text: string): URL | undefined {
  if (text === "memory") return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && BACKBONES.has(url.protocol) && url.host) return url;
  // It may hold a password.
  throw new StartError(
    "the backbone must be memory or a URL like redis://HOST, rediss://HOST, nats://HOST or tls://HOST",
  );
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
        backbone: { type: "string" },
        node: { type: "string" },
        "lease-ms": { type: "string" },
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

/** A backbone, and what ends the connection to it. */
interface Dialled {
  readonly backbone: PresenceBackbone;
  close(): Promise<void>;
}

/** Dials a backbone; it may be there later. */
async function dial(url: URL): Promise<Dialled> {
  try {
    return url.protocol.startsWith("redis")
      ? await dialRedis(url)
      : await dialNats(url);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StartError(`the URL of the backbone is wrong: ${error.message}`);
  }
}

async function dialRedis(url: URL): Promise<Dialled> {
  const [{ createClient }, { fromNodeRedis, RedisBackbone }] = await Promise
    .all([import("redis"), import("./cluster/redis/mod.ts")]);
  // The backbone makes connections of its own like this one.
  const client = createClient({ url: url.href });
  return {
    backbone: new RedisBackbone(fromNodeRedis(client)),
    close: () => Promise.resolve(),
  };
}

async function dialNats(url: URL): Promise<Dialled> {
  const [{ connect }, { NatsBackbone }] = await Promise.all([
    import("@nats-io/transport-node"),
    import("./cluster/nats/mod.ts"),
  ]);
  // A server that refuses a client resets its socket, to which nobody listens.
  globalThis.addEventListener("error", (event) => {
    if (event.error?.code === "ECONNRESET") event.preventDefault();
  });
  const [user, pass] = [url.username, url.password].map(decodeURIComponent);
  const options = {
    servers: url.host,
    maxReconnectAttempts: -1,
    ...pass ? { user, pass } : user ? { token: user } : {},
    ...url.protocol === "tls:" ? { tls: {} } : {},
  };
  let connection: Awaited<ReturnType<typeof connect>> | undefined;
  return {
    backbone: {
      async connect(node, listener) {
        if (connection?.isClosed() !== false) {
          connection = await connect(options);
        }
        return await new NatsBackbone(connection).connect(node, listener);
      },
    },
    // If it has never been there, there is nothing to close.
    close: async () => await connection?.close(),
  };
}

/** Makes a server one with those that share its backbone. */
async function join(
  server: PresenceServer<TopicModel>,
  { backbone: url, node, leaseMs }: Settings,
): Promise<AsyncDisposable> {
  if (url === undefined) {
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { backbone, close } = await dial(url);
  const cluster: Cluster<TopicModel> = joinCluster(server, backbone, {
    node,
    leaseTtlMs: leaseMs,
    onError: sayOnce(),
  });
  sayStatus(cluster);
  return {
    async [Symbol.asyncDispose]() {
      // Who comes back to another node before the lease ends has not left.
      await cluster.leave({ keep: true });
      await close();
    },
  };
}

/** Says what fails; what goes on failing in the same way, once. */
function sayOnce(): (error: unknown) => void {
  let last: string | undefined;
  return (error) => {
    const sentence = error instanceof Error ? error.message : String(error);
    if (sentence !== last) console.error(sentence);
    last = sentence;
  };
}

/** What is said of a node. */
const STATUS_LINES: Readonly<Record<ClusterStatus, string>> = {
  connecting: "ruthere connects to its backbone, as node NODE",
  connected: "ruthere is one with the other nodes",
  isolated: "ruthere is cut off from its backbone, and shows what it knew",
  left: "ruthere has left the other nodes",
};

/** Says whether the node is one with the others, each time that it changes. */
async function sayStatus(cluster: Cluster<TopicModel>): Promise<void> {
  for await (const status of cluster.watchStatus()) {
    console.error(STATUS_LINES[status].replace("NODE", cluster.node));
  }
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
  const cluster = await join(server, settings);
  console.log(`ruthere listens on http://${name}:${http.addr.port}/`);

  await stopSignal();
  // First: a socket that the listener ends does not tell its client to return.
  await endpoint[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
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
