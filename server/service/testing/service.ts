const MAIN = new URL("../../main.ts", import.meta.url);

/** The service as one starts it, in a process of its own. */
export class Service {
  readonly #child: Deno.ChildProcess;

  /** Where it is, with a slash at the end. */
  readonly url: string;

  private constructor(child: Deno.ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @param args Its options; without a port it takes any.
   * @param env What its environment has besides.
   */
  static async start(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Service> {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--allow-net",
        "--allow-env",
        MAIN.href,
        ...["--port", "0"],
        ...args,
      ],
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`The service has ended: ${text}`);
      text += value;
    }
    await reader.cancel();
    const url = /http:\S+/.exec(text)?.[0];
    if (url === undefined) throw new Error(`No URL in ${text}`);
    return new Service(child, url);
  }

  /** Its port. */
  get port(): string {
    return new URL(this.url).port;
  }

  /** Has it stand still, or go on. */
  pause(isPaused: boolean): void {
    this.#child.kill(isPaused ? "SIGSTOP" : "SIGCONT");
  }

  /** Tells it to stop, and does not wait. */
  stop(): void {
    this.#child.kill("SIGTERM");
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#child.status;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
