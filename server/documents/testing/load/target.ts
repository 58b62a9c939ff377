import type { Place } from "./load_client.ts";
import type { Kind } from "./wires.ts";

/** What a process under load has used so far. */
export interface Usage {
  /** Microseconds of processor time. */
  readonly cpuUs: number;
  /** Bytes of memory. */
  readonly rss: number;
  /** Bytes that wait for the slowest client. */
  readonly backlogBytes: number;
  /** Positions that later ones replaced before a client received them. */
  readonly coalesced: number;
}

/** A process under load. */
export class Target implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #usagePort: number;
  /** The server. */
  readonly kind: Kind;
  /** The port of its sockets. */
  readonly port: number;

  private constructor(
    process: Deno.ChildProcess,
    kind: Kind,
    [port, usagePort]: readonly [number, number],
  ) {
    this.#process = process;
    this.#usagePort = usagePort;
    this.kind = kind;
    this.port = port;
  }

  /** Starts a server. */
  static async start(kind: Kind, throttleMs = 50): Promise<Target> {
    const flags = ["-A", "--v8-flags=--expose-gc"];
    const args = ["run", ...flags, "servers/main.ts", kind, `${throttleMs}`];
    const cpuProfile = Deno.env.get("RUTHERE_PROFILE");
    if (cpuProfile) {
      args.splice(1, 0, "--cpu-prof", `--cpu-prof-dir=${cpuProfile}/${kind}`);
    }
    const process = new Deno.Command(Deno.execPath(), {
      args,
      cwd: new URL(".", import.meta.url),
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    return new Target(
      process,
      kind,
      JSON.parse(new TextDecoder().decode(value)),
    );
  }

  /** Returns one of its topics. */
  place(topic: string): Place {
    const { kind, port } = this;
    return { kind, port, topic };
  }

  /** Returns what it has used so far. */
  usage(): Promise<Usage> {
    return this.#ask("/");
  }

  /** Returns the same after a collection of garbage. */
  tidyUsage(): Promise<Usage> {
    return this.#ask("/tidy");
  }

  async #ask(path: string): Promise<Usage> {
    const response = await fetch(`http://127.0.0.1:${this.#usagePort}${path}`);
    return await response.json();
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGINT");
    await this.#process.stdin.abort().catch(() => {});
    await this.#process.stdout.cancel();
    await this.#process.status;
  }
}
