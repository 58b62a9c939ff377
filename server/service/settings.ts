import type { TokenOptions } from "../tokens/mod.ts";
import USAGE from "./usage.txt" with { type: "text" };

/** The options that `usage.txt` lists, each with whether it takes a value. */
const OPTIONS: ReadonlyMap<string, boolean> = new Map(
  [...USAGE.matchAll(/^ {2}(--[a-z-]+)( [A-Z]+)?/gm)]
    .map(([, flag = "", value]) => [flag, value !== undefined]),
);

/** The environment variables that `usage.txt` lists, and those of the tests. */
const VARIABLES: ReadonlySet<string> = new Set([
  ...USAGE.match(/RUTHERE_[A-Z_]+/g) ?? [],
  "RUTHERE_CHROMIUM",
  "RUTHERE_NOT_RUN",
  "RUTHERE_PROFILE",
  "RUTHERE_RUNS",
  "RUTHERE_SEED",
  "RUTHERE_VECTORS",
]);

const MAX_PORT = 65_535;

/** A shorter lease would end whenever a node has something else to do. */
const MIN_LEASE_MS = 1_000;

/** How the service is to run. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly insecure: boolean;
  readonly graceMs: number;
  /** The URL of the backbone; `undefined` for a single service. */
  readonly backbone: URL | undefined;
  readonly node: string | undefined;
  readonly leaseMs: number;
  /** How to verify tokens; `undefined` if none are required. */
  readonly tokens: TokenOptions | undefined;
  /** Signs the tickets of goodbyes, for all services with the same backbone. */
  readonly goodbyeSecret: string | undefined;
  /** The other sites whose pages may use the service. */
  readonly origins: readonly string[];
  /** The port that serves only the metrics. */
  readonly metricsPort: number | undefined;
  /** How many documents the metrics list by id. */
  readonly metricsDocuments: number;
  /** The token that Prometheus has to send. */
  readonly metricsToken: string | undefined;
  /** The option or variable behind each value that is checked elsewhere. */
  readonly givenBy: Readonly<Record<string, string>>;
}

/** A mistake that the person who starts the service can correct. */
export class StartError extends Error {}

/** A value, and the option or the environment variable that gave it. */
interface Given {
  readonly by: string;
  readonly text: string;
}

/**
 * Reads the settings from the arguments and the environment.
 *
 * @throws {StartError} If one of them is not valid.
 */
export function readSettings(args: readonly string[]): Settings | "help" {
  if (args.includes("-h")) return "help";
  // `deno task start -- --port 1` passes the dashes on.
  const options = parse(args[0] === "--" ? args.slice(1) : args);
  if (options.has("--help")) return "help";
  warnOfUnknownVariables();
  /** Reads an option or, if it is absent, its environment variable. */
  const read = (option: string, byDefault = ""): Given => {
    const text = options.get(`--${option}`)?.at(-1);
    if (text !== undefined) return { by: `--${option}`, text };
    const by = `RUTHERE_${option.toUpperCase().replaceAll("-", "_")}`;
    return { by, text: fromEnvironment(by) ?? byDefault };
  };
  const host = read("host", "127.0.0.1");
  const insecure = options.has("--insecure") || readFlag("RUTHERE_INSECURE");
  const jwksUrl = read("jwks-url");
  const issuer = read("jwt-issuer").text;
  const tokens = readTokens(jwksUrl.text, issuer, read("jwt-audience").text);
  if (!insecure && tokens === undefined && !isLoopback(host.text)) {
    throw new StartError(
      `others can reach the host ${
        JSON.stringify(host.text)
      } of ${host.by}, and everyone could do everything; require tokens, or pass --insecure if that is meant`,
    );
  }
  const backbone = read("backbone", "memory");
  const metricsPort = read("metrics-port");
  const origins = options.get("--origin");
  return {
    port: readNumber(read("port", "8787"), 0, MAX_PORT),
    host: host.text,
    insecure,
    graceMs: readMilliseconds(read("grace-ms", "10000"), 0),
    backbone: readBackbone(backbone),
    node: read("node").text || undefined,
    leaseMs: readMilliseconds(read("lease-ms", "15000"), MIN_LEASE_MS),
    tokens,
    // Not an option: everybody on the machine can read those.
    goodbyeSecret: fromEnvironment("RUTHERE_GOODBYE_SECRET") || undefined,
    origins: origins ?? (fromEnvironment("RUTHERE_ORIGINS") ?? "").split(",")
      .map((origin) => origin.trim()).filter(Boolean),
    metricsPort: metricsPort.text
      ? readNumber(metricsPort, 0, MAX_PORT)
      : undefined,
    metricsDocuments: readNumber(read("metrics-documents", "0"), 0, 9_999),
    metricsToken: readMetricsToken(),
    givenBy: {
      backbone: backbone.by,
      goodbyeSecret: "RUTHERE_GOODBYE_SECRET",
      origins: origins ? "--origin" : "RUTHERE_ORIGINS",
      jwksUrl: jwksUrl.by,
      secret: "RUTHERE_JWT_SECRET",
    },
  };
}

/** Reads options of the form `--name`, `--name value` or `--name=value`. */
function parse(args: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    const [, flag = "", inline] = /^([^=]*)(?:=([^]*))?$/.exec(arg) ?? [];
    const takesValue = OPTIONS.get(flag);
    if (takesValue === undefined) {
      throw new StartError(`${flag} is not an option; --help lists them`);
    }
    if (!takesValue && inline !== undefined) {
      throw new StartError(`${flag} takes no value`);
    }
    const value = takesValue ? inline ?? left.shift() : "";
    // -5 is a value, if a wrong one; another option is none.
    if (value === undefined || OPTIONS.has(value.split("=", 1)[0] ?? "")) {
      throw new StartError(`${flag} needs a value; --help lists the options`);
    }
    found.set(flag, [...found.get(flag) ?? [], value]);
  }
  return found;
}

/** A misspelt name could leave the service open. The value may be a secret. */
function warnOfUnknownVariables(): void {
  const unknown = Object.keys(Deno.env.toObject())
    .filter((name) => name.startsWith("RUTHERE_") && !VARIABLES.has(name));
  if (unknown.length === 0) return;
  console.error(
    `ruthere does not know these variables: ${unknown.sort().join(", ")}`,
  );
}

/**
 * Reads an environment variable, without the line end that `echo` and files add.
 */
function fromEnvironment(name: string): string | undefined {
  const value = Deno.env.get(name);
  const meant = value?.replace(/\r?\n$/, "");
  if (meant !== value) {
    console.error(`ruthere leaves out the line end of ${name}`);
  }
  return meant;
}

function readMetricsToken(): string | undefined {
  const token = fromEnvironment("RUTHERE_METRICS_TOKEN") || undefined;
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  throw new StartError(
    "RUTHERE_METRICS_TOKEN must be visible characters of ASCII",
  );
}

function readTokens(
  jwksUrl: string,
  issuer: string,
  audience: string,
): TokenOptions | undefined {
  // Not an option: everybody on the machine can read those.
  const secret = fromEnvironment("RUTHERE_JWT_SECRET");
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
  return { ...secret ? { secret } : { jwksUrl }, issuer, audience };
}

function readMilliseconds(given: Given, min: number): number {
  return readNumber(given, min, 999_999_999, " of milliseconds");
}

function readNumber(
  { by, text }: Given,
  min: number,
  max: number,
  unit = "",
): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (min <= value && value <= max) return value;
  throw new StartError(
    `${by} must be a whole number${unit} from ${min} to ${max}: received ${
      JSON.stringify(text)
    }`,
  );
}

function readBackbone({ by, text }: Given): URL | undefined {
  if (text === "memory") return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.host && /^(nats|rediss?|tls):$/.test(url.protocol)) return url;
  // The text is left out: it may hold a password.
  throw new StartError(
    `${by} must be memory or a URL like redis://HOST, rediss://HOST, nats://HOST or tls://HOST`,
  );
}

function readFlag(name: string): boolean {
  const value = fromEnvironment(name) ?? "";
  if (["1", "true"].includes(value)) return true;
  if (["", "0", "false"].includes(value)) return false;
  throw new StartError(`${name} must be 1 or 0: received "${value}"`);
}

function isLoopback(host: string): boolean {
  return /^(localhost|::1|127(\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])){3})$/
    .test(host);
}
