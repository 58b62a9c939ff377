/** A proxy between a client and a server that a test can cut. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  #target: number;
  #isCut = false;
  #isStalled = false;
  #resume: (() => void)[] = [];
  #bytes = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#serving = this.#serve();
  }

  /** Starts a proxy to a port of this machine. */
  static start(target: number): Promise<TcpProxy> {
    return Promise.resolve(new TcpProxy(target));
  }

  /** Its port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many connections it has. */
  get connections(): number {
    return this.#open.size / 2;
  }

  /** How many bytes it has passed, both ways. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Ends all connections and refuses new ones. */
  cut(): void {
    this.#isCut = true;
    this.#closeAll();
  }

  /** Passes nothing on, but leaves the connections open. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Passes everything on again, also what has come meanwhile. */
  heal(): void {
    this.#isCut = false;
    this.#isStalled = false;
    for (const resume of this.#resume.splice(0)) resume();
  }

  /** Redirects new connections to another port, and ends the present ones. */
  lead(target: number): void {
    this.#target = target;
    this.#closeAll();
  }

  /** Redirects new connections to another port, and keeps the present ones. */
  leadLater(target: number): void {
    this.#target = target;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    for (const resume of this.#resume.splice(0)) resume();
    await this.#serving;
  }

  #closeAll(): void {
    for (const connection of this.#open) close(connection);
    this.#open.clear();
  }

  async #serve(): Promise<void> {
    const all: Promise<void>[] = [];
    try {
      for await (const client of this.#listener) all.push(this.#lead(client));
    } catch {
      // It was closed while it waited.
    }
    await Promise.all(all);
  }

  async #lead(client: Deno.TcpConn): Promise<void> {
    if (this.#isCut) return close(client);
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect({
        hostname: "127.0.0.1",
        port: this.#target,
      });
    } catch {
      return close(client);
    }
    if (this.#isCut) {
      close(client);
      return close(server);
    }
    this.#open.add(client).add(server);
    await Promise.all([this.#pipe(client, server), this.#pipe(server, client)]);
    for (const connection of [client, server]) {
      this.#open.delete(connection);
      close(connection);
    }
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      while (true) {
        const length = await from.read(buffer);
        if (length === null) break;
        if (this.#isStalled) {
          await new Promise<void>((resolve) => this.#resume.push(resolve));
        }
        this.#bytes += length;
        for (let sent = 0; sent < length;) {
          sent += await to.write(buffer.subarray(sent, length));
        }
      }
      await to.closeWrite();
    } catch {
      // One of them is gone.
      close(from);
      close(to);
    }
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
