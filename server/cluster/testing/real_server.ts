/** A port that nobody listens on. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * Whether a server is there to be started; where it is not, that is said aloud,
 * and is an error where it must be.
 */
export function isInstalled(program: string): boolean {
  try {
    new Deno.Command(program, { args: ["--version"] }).outputSync();
    return true;
  } catch {
    const sentence =
      `Cannot run the tests that need ${program}: it is not installed ` +
      `(Debian: apt-get install -y ${program}).`;
    if (Deno.env.get("CI") === "true") throw new Error(sentence);
    const line = "!".repeat(72);
    console.error(`\n${line}\n${sentence}\n${line}\n`);
    return false;
  }
}

/** Waits until something holds; it may take as long as a slow machine takes. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await holds()) {
    if (performance.now() > end) {
      throw new Error(`Waited in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A server in a process of its own, on a port and with a folder of its own. */
export abstract class RealServer implements AsyncDisposable {
  /** Where it listens. */
  readonly port: number = freePort();
  /** Where it keeps its data; gone in the end. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "ruthere-server-" });
  #child: Deno.ChildProcess | undefined;

  /** The program, and what it is told. */
  protected abstract command(): readonly [program: string, ...args: string[]];

  /** Whether it answers on its port. */
  protected abstract answers(): Promise<boolean>;

  /** Starts it, or starts it again where it was, and waits until it answers. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error("It runs already");
    const [program, ...args] = this.command();
    this.#child = new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let hasEnded = false;
    this.#child.status.then(() => hasEnded = true);
    await eventually(() => {
      if (hasEnded) throw new Error(`${program} has ended at once`);
      return this.answers();
    }, `${program} answers`);
  }

  /** Ends it without a warning. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#child?.status;
    this.#child = undefined;
  }

  /** Has it stand still, connected as it is. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  /** Has it go on. */
  resume(): void {
    this.#signal("SIGCONT");
  }

  /** Ends it, and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.folder, { recursive: true });
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child?.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }
}
