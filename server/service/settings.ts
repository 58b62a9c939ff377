import { parseArgs } from "node:util";

/** What `--help` prints. */
export const USAGE = `Usage: deno task start [OPTIONS]

Serves presence over HTTP, over the sockets of Phoenix Channels and Supabase
Realtime, and as a page. Everyone who can reach it may do everything, unless it
requires tokens.

  --port PORT   the port to listen on; 0 picks one (8787, or RUTHERE_PORT)
  --host HOST   the host to listen on (127.0.0.1, or RUTHERE_HOST); any
                host but loopback needs tokens or --insecure
  --insecure    lets everyone who can reach the host read, publish and withdraw
                everything (or RUTHERE_INSECURE=1)
  --jwks-url URL
                requires JSON Web Tokens that are signed by one of the keys at
                this URL (or RUTHERE_JWKS_URL), or with RUTHERE_JWT_SECRET, a
                secret of at least 32 bytes
  --jwt-issuer NAME
                the issuer that tokens must name (or RUTHERE_JWT_ISSUER)
  --jwt-audience NAME
                the audience that tokens must name (or RUTHERE_JWT_AUDIENCE)
  --grace-ms MS how long somebody whose connection is lost is still shown, in
                milliseconds (10000, or RUTHERE_GRACE_MS)
  --backbone URL
                connects several services, so that they act as one: redis://…
                or nats://…, with TLS rediss://… or tls://…; a user and a
                password go into the URL; memory, the default, is for a single
                service (or RUTHERE_BACKBONE)
  --node NAME   the name of this service among them; no two may share one; by
                default a new one at each start (or RUTHERE_NODE)
  --lease-ms MS how long the others keep a service that has gone silent, in
                milliseconds, the same for all (15000, or RUTHERE_LEASE_MS)
  --origin URL  another site whose pages may use the service, like
                https://app.example; can be repeated (or RUTHERE_ORIGINS, with
                commas between them)
  --metrics-port PORT
                serves /metrics on this port alone (or RUTHERE_METRICS_PORT):
                on the same host with --insecure or RUTHERE_METRICS_TOKEN, which
                Prometheus then has to send, else on 127.0.0.1; without it,
                /metrics is on the main port, but a service that requires tokens
                serves it there only with RUTHERE_METRICS_TOKEN
  --metrics-documents N
                adds to the metrics how many people the N largest documents and
                workspaces have, by their ids (0, or RUTHERE_METRICS_DOCUMENTS)
  --help        print this
`;

/** The protocols of backbones. */
const BACKBONES: ReadonlySet<string> = new Set([
  "nats:",
  "redis:",
  "rediss:",
  "tls:",
]);

/** A shorter lease would end whenever a node has something else to do. */
const MIN_LEASE_MS = 1_000;

/** How the service is to run. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly insecure: boolean;
  readonly graceMs: number;
  /** Where the backbone is; `undefined` if there is none. */
  readonly backbone: URL | undefined;
  readonly node: string | undefined;
  readonly leaseMs: number;
  /** What tells good tokens; `undefined` if none is wanted. */
  readonly tokens: TokenSettings | undefined;
  /** The other sites whose pages may use it. */
  readonly origins: readonly string[];
  /** Where the metrics are served alone. */
  readonly metricsPort: number | undefined;
  /** Of how many documents the metrics tell by their ids. */
  readonly metricsDocuments: number;
  /** What Prometheus has to know. */
  readonly metricsToken: string | undefined;
  /** What gave the values that others than this file check, for errors. */
  readonly givenBy: Readonly<Record<string, string>>;
}

/** What tells good tokens: a secret, or where keys are found. */
export interface TokenSettings {
  readonly key: { readonly secret: string } | { readonly jwksUrl: string };
  readonly issuer: string;
  readonly audience: string;
}

/** Something that the one who starts the service can put right. */
export class StartError extends Error {}

/**
 * Reads the settings from the arguments, and from the environment.
 *
 * @throws {StartError} If one of them can not be.
 */
export function readSettings(args: readonly string[]): Settings | "help" {
  // `deno task start -- --port 1` hands the dashes on.
  const given = args[0] === "--" ? args.slice(1) : [...args];
  const { values } = parse(given);
  if (values.help) return "help";
  warnOfUnknown();
  const port = readPort(valueOf(values, "port", "8787"));
  const host = valueOf(values, "host", "127.0.0.1");
  const insecure = values.insecure ?? readFlag("RUTHERE_INSECURE");
  const jwksUrl = valueOf(values, "jwks-url", "");
  const tokens = readTokens(values, jwksUrl.text);
  if (!insecure && tokens === undefined && !isLoopback(host.text)) {
    throw new StartError(
      `others can reach the host ${
        JSON.stringify(host.text)
      } of ${host.by}, and everyone could do everything; require tokens, or say --insecure if that is meant`,
    );
  }
  const metricsPort = valueOf(values, "metrics-port", "");
  return {
    port,
    host: host.text,
    insecure,
    graceMs: readDuration(valueOf(values, "grace-ms", "10000")),
    backbone: readBackbone(valueOf(values, "backbone", "memory")),
    node: valueOf(values, "node", "").text || undefined,
    leaseMs: readDuration(valueOf(values, "lease-ms", "15000"), MIN_LEASE_MS),
    tokens,
    origins: values.origin ?? listed(fromEnvironment("RUTHERE_ORIGINS")),
    metricsPort: metricsPort.text ? readPort(metricsPort) : undefined,
    metricsDocuments: readCount(valueOf(values, "metrics-documents", "0")),
    metricsToken: readMetricsToken(),
    givenBy: {
      origins: values.origin ? "--origin" : "RUTHERE_ORIGINS",
      jwksUrl: jwksUrl.by,
      secret: "RUTHERE_JWT_SECRET",
    },
  };
}

/** A value, and the option or the variable that gave it. */
interface Given {
  readonly by: string;
  readonly text: string;
}

/** Reads an option; if it is left out, its variable of the environment. */
function valueOf<Name extends string>(
  values: Readonly<Partial<Record<Name, string>>>,
  option: Name,
  otherwise: string,
): Given {
  const text = values[option];
  if (text !== undefined) return { by: `--${option}`, text };
  const by = variableOf(option);
  return { by, text: fromEnvironment(by) ?? otherwise };
}

function variableOf(option: string): string {
  return `RUTHERE_${option.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * Reads a variable of the environment. What was written to a file, or by `echo`,
 * has a line end that nobody means.
 */
function fromEnvironment(name: string): string | undefined {
  const value = Deno.env.get(name);
  const meant = value?.replace(/\r?\n$/, "");
  if (meant !== value) {
    console.error(`ruthere leaves out the line end of ${name}`);
  }
  return meant;
}

function listed(text = ""): string[] {
  return text.split(",").map((part) => part.trim()).filter(Boolean);
}

function readPort({ by, text }: Given): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new StartError(
    `${by} must be a number from 0 to 65535: received ${JSON.stringify(text)}`,
  );
}

function readMetricsToken(): string | undefined {
  const token = fromEnvironment("RUTHERE_METRICS_TOKEN") || undefined;
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new StartError(
    "RUTHERE_METRICS_TOKEN must be visible characters of ASCII",
  );
}

function readTokens(
  values: Readonly<Partial<Record<"jwt-issuer" | "jwt-audience", string>>>,
  jwksUrl: string,
): TokenSettings | undefined {
  // Not an argument: those can be read by everybody on the machine.
  const secret = fromEnvironment("RUTHERE_JWT_SECRET");
  const { text: issuer } = valueOf(values, "jwt-issuer", "");
  const { text: audience } = valueOf(values, "jwt-audience", "");
  if (!jwksUrl && !secret) {
    if (!issuer && !audience) return undefined;
    throw new StartError(
      "tokens need a key: set RUTHERE_JWT_SECRET, --jwks-url or RUTHERE_JWKS_URL",
    );
  }
  if (jwksUrl && secret) {
    throw new StartError(
      "set RUTHERE_JWT_SECRET or the URL of the keys (--jwks-url or RUTHERE_JWKS_URL), not both",
    );
  }
  if (!issuer || !audience) {
    throw new StartError(
      "tokens need an issuer and an audience: set --jwt-issuer and --jwt-audience, or RUTHERE_JWT_ISSUER and RUTHERE_JWT_AUDIENCE",
    );
  }
  return {
    key: secret ? { secret } : { jwksUrl },
    issuer,
    audience,
  };
}

function readCount({ by, text }: Given): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new StartError(
    `${by} must be from 0 to 9999: received ${JSON.stringify(text)}`,
  );
}

function readDuration({ by, text }: Given, min = 0): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= min) return Number(text);
  throw new StartError(
    `${by} must be a whole number of milliseconds, from ${min} to 999999999: received ${
      JSON.stringify(text)
    }`,
  );
}

function readBackbone({ by, text }: Given): URL | undefined {
  if (text === "memory") return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && BACKBONES.has(url.protocol) && url.host) return url;
  // It may hold a password.
  throw new StartError(
    `${by} must be memory or a URL like redis://HOST, rediss://HOST, nats://HOST or tls://HOST`,
  );
}

const OPTIONS = {
  port: { type: "string" },
  host: { type: "string" },
  insecure: { type: "boolean" },
  "grace-ms": { type: "string" },
  backbone: { type: "string" },
  node: { type: "string" },
  "lease-ms": { type: "string" },
  "jwks-url": { type: "string" },
  "jwt-issuer": { type: "string" },
  "jwt-audience": { type: "string" },
  origin: { type: "string", multiple: true },
  "metrics-port": { type: "string" },
  "metrics-documents": { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** The variables that the service reads, and those of its tests. */
const VARIABLES: ReadonlySet<string> = new Set([
  ...Object.keys(OPTIONS)
    .filter((option) => !["help", "origin"].includes(option))
    .map(variableOf),
  "RUTHERE_ORIGINS",
  "RUTHERE_JWT_SECRET",
  "RUTHERE_METRICS_TOKEN",
  "RUTHERE_CHROMIUM",
  "RUTHERE_NOT_RUN",
  "RUTHERE_PROFILE",
  "RUTHERE_RUNS",
  "RUTHERE_SEED",
  "RUTHERE_VECTORS",
]);

/** A misspelt variable could leave the service open. Its value may be a secret. */
function warnOfUnknown(): void {
  const unknown = Object.keys(Deno.env.toObject())
    .filter((name) => name.startsWith("RUTHERE_") && !VARIABLES.has(name));
  if (unknown.length === 0) return;
  console.error(
    `ruthere does not know these variables: ${unknown.sort().join(", ")}`,
  );
}

/** What is written for the options that take a value, and for all of them. */
const FLAGS = Object.entries(OPTIONS)
  .map(([name, { type }]) => ({ flag: `--${name}`, type }));

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: joined(args), options: OPTIONS });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = ""] = error.message.split(/\.(?:\s|$)/);
    throw new StartError(`${sentence}; --help tells of the options`);
  }
}

/**
 * Joins options with their values: a value that begins with a dash, like a
 * negative number, is to be judged as a value.
 */
function joined(args: readonly string[]): string[] {
  const all: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [arg = "", next] = args.slice(at, at + 2);
    const takesValue = FLAGS
      .some(({ flag, type }) => flag === arg && type === "string");
    if (!takesValue) {
      all.push(arg);
      continue;
    }
    const isMissing = next === undefined ||
      FLAGS.some(({ flag }) => flag === next.split("=")[0]);
    if (isMissing) {
      throw new StartError(`${arg} needs a value; --help tells of the options`);
    }
    all.push(`${arg}=${next}`);
    at++;
  }
  return all;
}

function readFlag(name: string): boolean {
  const value = fromEnvironment(name) ?? "";
  if (["1", "true"].includes(value)) return true;
  if (["", "0", "false"].includes(value)) return false;
  throw new StartError(`${name} must be 1 or 0: received "${value}"`);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" ||
    /^127(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3}$/.test(host);
}
