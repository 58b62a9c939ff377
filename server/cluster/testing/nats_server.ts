import type { ConnectionOptions, NatsConnection } from "@nats-io/nats-core";
import { connect } from "@nats-io/transport-node";
import { findServer, RealServer } from "./real_server.ts";

const PROGRAM = findServer("nats-server");

/** A NATS with JetStream of its own for a test. */
export class NatsServer extends RealServer {
  /** Whether there is one on this machine: `apt-get install -y nats-server`. */
  static readonly isInstalled: boolean = PROGRAM !== undefined;

  #settings: string;

  /** @param settings More lines of its configuration. */
  constructor(settings = "") {
    super();
    this.#settings = settings;
  }

  /** Starts one. What is kept in files outlives it when it is killed. */
  static async start(settings = ""): Promise<NatsServer> {
    const server = new NatsServer(settings);
    await server.start();
    return server;
  }

  /**
   * Connects a client that tries for ever, and soon.
   *
   * @param options Where, and what else is otherwise.
   */
  static dial(options: ConnectionOptions): Promise<NatsConnection> {
    return connect({
      maxReconnectAttempts: -1,
      reconnectTimeWait: 50,
      reconnectJitter: 0,
      noAsyncTraces: true,
      ...options,
    });
  }

  /** Connects a client to it. */
  connect(): Promise<NatsConnection> {
    return NatsServer.dial({ port: this.port });
  }

  protected override readonly program: string | undefined = PROGRAM;

  /** Gives it other settings while it runs. */
  reload(settings: string): void {
    this.#settings = settings;
    this.args();
    this.signal("SIGHUP");
  }

  protected override args(): string[] {
    const file = `${this.folder}/server.conf`;
    Deno.writeTextFileSync(
      file,
      `listen: "127.0.0.1:${this.port}"
      jetstream { store_dir: ${JSON.stringify(this.folder)} }
      ${this.#settings}`,
    );
    return ["-c", file];
  }

  /** It greets once JetStream is ready. */
  protected override async answers(): Promise<boolean> {
    try {
      using socket = await Deno.connect({ port: this.port });
      return await socket.read(new Uint8Array(16)) !== null;
    } catch {
      return false;
    }
  }
}
