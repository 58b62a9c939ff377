import { findProgram, leaveOut } from "../../testing/programs.ts";
import { eventually } from "../../testing/waiting.ts";

/**
 * A port that nobody listens on. Systems take the ports of connections, and
 * those that they are asked to choose, from above 32,768: what is chosen from
 * below nobody else takes before it is used.
 */
export function freePort(): number {
  while (true) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/**
 * Where a server is that tests start; where it is not, that is said.
 *
 * @param program Its name, which is that of its package in Debian, too.
 */
export function findServer(program: string): string | undefined {
  const path = findProgram(program);
  if (path === undefined) {
    leaveOut(
      `the tests that need ${program}, which is not installed ` +
        `(Debian: apt-get install -y ${program}).`,
    );
  }
  return path;
}

/** A server in its own process, with its own port and folder. */
export abstract class RealServer implements AsyncDisposable {
  /** Its port. */
  readonly port: number = freePort();
  /** The folder of its data, which is removed at the end. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "ruthere-server-" });
  #child: Deno.ChildProcess | undefined;

  /** The program, as `findServer()` finds it. */
  protected abstract readonly program: string | undefined;

  /** Its arguments. */
  protected abstract args(): readonly string[];

  /** Reports whether it answers on its port. */
  protected abstract answers(): Promise<boolean>;

  /** Starts it, or starts it again on its port, and waits until it answers. */
  async start(): Promise<void> {
    if (this.#child !== undefined) throw new Error("It runs already");
    const { program } = this;
    if (program === undefined) throw new Error("It is not installed");
    this.#child = new Deno.Command(program, {
      args: [...this.args()],
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

  /** Kills it. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#child?.status;
    this.#child = undefined;
  }

  /** Pauses it; its connections stay. */
  pause(): void {
    this.signal("SIGSTOP");
  }

  /** Resumes it. */
  resume(): void {
    this.signal("SIGCONT");
  }

  /** Ends it, and removes its data. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.folder, { recursive: true });
  }

  /** Sends it a signal. */
  protected signal(signal: Deno.Signal): void {
    try {
      this.#child?.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }
}
