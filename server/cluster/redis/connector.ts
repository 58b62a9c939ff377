/** What connections to Redis notify a node of. */
export interface RedisLinesListener {
  /** A channel has received a message. */
  onMessage(channel: string, message: string): void;
  /** One of the connections has ended, for whatever reason. */
  onEnd(reason: unknown): void;
}

/** One connection. It does its commands in the order in which they are sent. */
export interface RedisLine {
  /** Sends a command, and returns the reply. */
  send(args: readonly string[]): Promise<unknown>;
  /** Subscribes to a channel, a sharded one or not. */
  subscribe(channel: string, isSharded: boolean): Promise<unknown>;
  /** Unsubscribes from it. */
  unsubscribe(channel: string, isSharded: boolean): Promise<unknown>;
}

/** The connections to one server. */
export interface RedisServerLines {
  /** For commands. */
  readonly commands: RedisLine;
  /** For subscriptions. */
  readonly subscriptions: RedisLine;
}

/**
 * The connections of one node. They are opened once, end together, and do not
 * reconnect: the node opens others then.
 */
export interface RedisLines {
  /** Opens them. */
  open(): Promise<void>;
  /** One server or, on a Redis Cluster, each of its masters. */
  readonly servers: readonly RedisServerLines[];
  /** Closes them, also while they are being opened. May be called twice. */
  close(): Promise<void>;
}

/**
 * Opens connections to Redis. `fromIoredis` and `fromNodeRedis` make one of a
 * client; for a client of another kind, write one.
 */
export interface RedisConnector {
  /** Makes connections, which are yet to be opened. */
  lines(listener: RedisLinesListener): RedisLines;
}

/** What all clients have. */
interface Connectable {
  connect(): Promise<unknown>;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** How a library is used. */
export interface Library<
  Client extends Connectable,
  Cluster extends Connectable,
> {
  /** Makes a client of a node like another client, not connected. */
  like(client: Client): Client;
  /** Makes a cluster like another one, not connected. */
  likeCluster(cluster: Cluster): Cluster;
  /** Whether a client is a cluster. */
  isCluster(client: Client | Cluster): client is Cluster;
  /** Returns clients of the masters of a cluster that is connected. */
  masters(cluster: Cluster): Promise<Client[]>;
  /** Uses a client that is connected. */
  line(client: Client, listener: RedisLinesListener): RedisLine;
  /** Disconnects a client, and waits for it. */
  close(client: Client | Cluster): Promise<void>;
}

/** Makes a connector of a client, which serves as a pattern and no more. */
export function connectorOf<
  Client extends Connectable,
  Cluster extends Connectable,
>(
  library: Library<Client, Cluster>,
  pattern: Client | Cluster,
): RedisConnector {
  return { lines: (listener) => new ClientLines(library, pattern, listener) };
}

class ClientLines<Client extends Connectable, Cluster extends Connectable>
  implements RedisLines {
  readonly #library: Library<Client, Cluster>;
  readonly #pattern: Client | Cluster;
  readonly #listener: RedisLinesListener;
  readonly #open = new Set<Client | Cluster>();
  #servers: readonly RedisServerLines[] = [];
  #isClosed = false;

  constructor(
    library: Library<Client, Cluster>,
    pattern: Client | Cluster,
    listener: RedisLinesListener,
  ) {
    this.#library = library;
    this.#pattern = pattern;
    this.#listener = listener;
  }

  get servers(): readonly RedisServerLines[] {
    return this.#servers;
  }

  async open(): Promise<void> {
    const masters = this.#library.isCluster(this.#pattern)
      ? await this.#discover(this.#pattern)
      : [this.#pattern];
    this.#servers = await Promise.all(
      masters.map(async (master) => ({
        commands: await this.#line(master),
        subscriptions: await this.#line(master),
      })),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(
      [...this.#open].map((client) => this.#library.close(client)),
    );
  }

  /** Returns the masters of a cluster, as patterns. */
  async #discover(pattern: Cluster): Promise<Client[]> {
    const cluster = this.#library.likeCluster(pattern);
    try {
      await this.#connect(cluster);
      return await this.#library.masters(cluster);
    } finally {
      this.#open.delete(cluster);
      await this.#library.close(cluster);
    }
  }

  async #line(master: Client): Promise<RedisLine> {
    const client = this.#library.like(master);
    await this.#connect(client);
    // It does not reconnect: any error is its end.
    client.on("error", (error) => this.#listener.onEnd(error));
    for (const event of ["close", "end"]) {
      client.on(event, () => {
        this.#listener.onEnd(new Error("the connection has ended"));
      });
    }
    return this.#library.line(client, this.#listener);
  }

  async #connect(client: Client | Cluster): Promise<void> {
    if (this.#isClosed) throw new Error("it has been closed");
    this.#open.add(client);
    // Without a listener an error would end the process.
    let lastError: unknown;
    client.on("error", (error) => lastError = error);
    try {
      await client.connect();
    } catch (error) {
      throw lastError ?? error;
    }
  }
}
