/** What connections to Redis tell. */
export interface RedisLinesListener {
  /** Something was told on a channel. */
  onMessage(channel: string, message: string): void;
  /** One of them has ended, by whatever reason. */
  onEnd(reason: unknown): void;
}

/** One connection. It does its commands in the order in which they are sent. */
export interface RedisLine {
  /** Sends a command, and gives the answer. */
  send(args: readonly string[]): Promise<unknown>;
  /** Begins to hear a channel; a sharded one or not. */
  subscribe(channel: string, isSharded: boolean): Promise<void>;
  /** Ends that. */
  unsubscribe(channel: string, isSharded: boolean): Promise<void>;
}

/** The connections to one server. */
export interface RedisServerLines {
  /** The one for commands. */
  readonly mouth: RedisLine;
  /** The one that hears what is told. */
  readonly ear: RedisLine;
}

/**
 * The connections of one node. They are opened once, end together, and don't
 * come back by themselves: then others are opened.
 */
export interface RedisLines {
  /** Opens them. Whoever does not want to wait any more, closes them. */
  open(): Promise<void>;
  /** One server or, on a Redis Cluster, each of its masters. */
  readonly servers: readonly RedisServerLines[];
  /** Closes them, also while they are being opened. May be called twice. */
  close(): Promise<void>;
}

/**
 * What opens connections to Redis. `fromIoredis` and `fromNodeRedis` make one of
 * a client; for a client of another kind, write one.
 */
export interface RedisConnector {
  /** Makes connections, which are yet to be opened. */
  lines(listener: RedisLinesListener): RedisLines;
}
