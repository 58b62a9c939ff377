import { assertMatch } from "@std/assert";
import { eventually } from "../../testing/waiting.ts";

const MAIN = new URL("../../main.ts", import.meta.url);

/**
 * Starts the service in a process of its own.
 *
 * @param args Its options.
 * @param env Variables added to its environment.
 */
export function spawnService(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", "--allow-env", MAIN.href, ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** A service that listens, in a process of its own. */
export class Service implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #stdout = "";
  #stderr = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reading = Promise.all([
      read(child.stdout, (piece) => this.#stdout += piece),
      read(child.stderr, (piece) => this.#stderr += piece),
    ]);
  }

  /**
   * Starts a service, and waits until it listens.
   *
   * @param args Its options; without `--port`, it takes a free port.
   * @param env Variables added to its environment.
   */
  static async start(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Service> {
    const port = args.includes("--port") ? [] : ["--port", "0"];
    const child = spawnService([...port, ...args], env);
    const service = new Service(child);
    let hasEnded = false;
    service.#reading.then(() => hasEnded = true);
    await eventually(
      () => hasEnded || service.#stdout.includes("\n"),
      "the service listens",
    );
    if (hasEnded) throw new Error(`The service has ended: ${service.#stderr}`);
    assertMatch(service.#stdout, /^ruthere listens on http:\/\/\S+:\d+\/\n$/);
    return service;
  }

  /** Its URL, with a slash at the end. */
  get url(): string {
    return /http:\S+/.exec(this.#stdout)?.[0] ?? "";
  }

  /** Its port. */
  get port(): string {
    return new URL(this.url).port;
  }

  /** The lines that it has written to standard error. */
  get lines(): readonly string[] {
    return this.#stderr.split("\n").slice(0, -1).filter((line) => line !== "");
  }

  /** Waits until it has written a line to standard error. */
  async says(line: string): Promise<void> {
    await eventually(() => this.lines.includes(line), `it says ${line}`);
  }

  /** Suspends the process, or resumes it. */
  pause(isPaused: boolean): void {
    this.#child.kill(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  /**
   * Sends signals, and waits until the service has ended.
   *
   * @returns Its exit code, and what it has written since it began to listen.
   */
  async stop(
    ...signals: Deno.Signal[]
  ): Promise<{ code: number; text: string }> {
    for (const signal of signals) this.#child.kill(signal);
    await this.#reading;
    const { code } = await this.#child.status;
    const [, ...lines] = this.#stdout.split("\n");
    return { code, text: lines.join("\n") + this.#stderr };
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#reading;
    await this.#child.status;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

async function read(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  add: (piece: string) => void,
): Promise<void> {
  for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
    add(piece);
  }
}
