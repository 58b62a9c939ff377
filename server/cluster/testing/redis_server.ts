import { findServer, RealServer } from "./real_server.ts";

const PROGRAM = findServer("redis-server");

/** A Redis of its own for a test. */
export class RedisServer extends RealServer {
  /** Whether there is one on this machine: `apt-get install -y redis-server`. */
  static readonly isInstalled: boolean = PROGRAM !== undefined;

  readonly #options: readonly string[];

  /** @param options More options, as on the command line. */
  constructor(options: readonly string[] = []) {
    super();
    this.#options = options;
  }

  /** Starts one. It keeps nothing on disk, unless options say so. */
  static async start(...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(options);
    await server.start();
    return server;
  }

  /** Asks it something, by a connection for it alone. */
  async ask(...args: string[]): Promise<string> {
    return await askRedis(this.port, ...args);
  }

  protected override readonly program: string | undefined = PROGRAM;

  protected override args(): string[] {
    return [
      ...["--port", String(this.port), "--bind", "127.0.0.1"],
      ...["--dir", this.folder, "--save", ""],
      ...this.#options,
    ];
  }

  protected override async answers(): Promise<boolean> {
    try {
      return (await this.ask("PING")).startsWith("+PONG");
    } catch {
      return false;
    }
  }
}

/** Asks a Redis something; the answer is as it comes over the wire. */
export async function askRedis(
  port: number,
  ...args: string[]
): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const encoder = new TextEncoder();
  const parts = args.map((arg) =>
    `$${encoder.encode(arg).length}\r\n${arg}\r\n`
  );
  // What comes after the answer tells where it ends.
  const quit = "*1\r\n$4\r\nQUIT\r\n";
  const writer = connection.writable.getWriter();
  await writer.write(
    encoder.encode(`*${args.length}\r\n${parts.join("")}${quit}`),
  );
  let answer = "";
  const decoder = new TextDecoder();
  for await (const chunk of connection.readable) {
    answer += decoder.decode(chunk, { stream: true });
  }
  return answer.replace(/\+OK\r\n$/, "");
}
