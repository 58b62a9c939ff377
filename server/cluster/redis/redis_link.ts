import type {
  RedisConnector,
  RedisLine,
  RedisLines,
  RedisServerLines,
} from "./connector.ts";
import { RedisUnavailableError } from "./errors.ts";
import { textOf } from "./replies.ts";
import { SCRIPTS } from "./scripts.ts";
import { ownSlots, slotOf, SLOTS } from "./slots.ts";
import { Underway } from "./underway.ts";

/** How many commands may be under way. */
const MAX_UNDER_WAY = 1_000;

/** How long an answer, or a connection, may take, in milliseconds. */
const PATIENCE_MS = 5_000;

/** The shortest and the longest pause before the next try to connect. */
const PAUSES_MS = [50, 2_000] as const;

/** What a link notifies a node of. */
export interface RedisLinkListener {
  /** A channel has received a message. */
  onMessage(channel: string, message: string): void;
  /** The link is connected again, and subscribed to all channels again. */
  onInterrupted(): void;
}

/** Open connections, and what is known of them. */
interface Session {
  readonly lines: RedisLines;
  readonly underway: Underway;
  /** The server of each slot; empty if there is only one server. */
  readonly slots: RedisServerLines[];
  /** Whether there are sharded channels; Redis has them since version 7. */
  isSharded: boolean;
  /** Whether a script takes the keys of one slot alone, as in a Redis Cluster. */
  hasSlots: boolean;
  /** When it was opened; `undefined` until then. */
  openedAt: number | undefined;
}

/** A channel that is, or was, subscribed to. */
interface Channel {
  readonly isWanted: boolean;
  /** Whether messages are newer than the subscription. */
  isListening: boolean;
  /** Settles when everything requested so far is done. */
  done: Promise<void>;
}

/**
 * A node's link to Redis. It replaces connections that have ended, or that do
 * not answer, and then subscribes to the same channels. While there are none,
 * every call fails at once.
 */
export class RedisLink {
  readonly #connector: RedisConnector;
  readonly #probe: string;
  readonly #listener: RedisLinkListener;
  readonly #channels = new Map<string, Channel>();
  readonly #closing = new Set<Promise<void>>();
  /** The only session, if there is one; it may be still opening. */
  #latest: Session | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  /** What calls fail with while there are no connections. */
  #failure = new RedisUnavailableError("it is not connected");
  /** Whether keys of several slots were refused, as by a proxy of a cluster. */
  #hasRefusedSlots = false;
  #isClosed = false;

  /**
   * @param connector Opens connections.
   * @param probe A channel to which an empty message may be published.
   * @param listener Notified of messages and interruptions.
   */
  constructor(
    connector: RedisConnector,
    probe: string,
    listener: RedisLinkListener,
  ) {
    this.#connector = connector;
    this.#probe = probe;
    this.#listener = listener;
  }

  /** The command that publishes to a channel. */
  get publishCommand(): "PUBLISH" | "SPUBLISH" {
    return this.#latest?.isSharded === false ? "PUBLISH" : "SPUBLISH";
  }

  /**
   * Returns the slot of a key or a channel. A server that is not of a Redis
   * Cluster is like one slot.
   */
  slotOf(name: string): number {
    const hasSlots = this.#hasRefusedSlots || this.#latest?.hasSlots !== false;
    return hasSlots ? slotOf(name) : 0;
  }

  /** Connects for the first time; if that fails, the link must be closed. */
  open(): Promise<void> {
    return this.#open();
  }

  /**
   * Sends a command.
   *
   * @param key A key or channel that it is about.
   * @param args The command and its arguments.
   * @throws {RedisUnavailableError} If there is no connection, or no answer.
   */
  command(key: string, args: readonly string[]): Promise<unknown> {
    const session = this.#session;
    if (session === undefined) return Promise.reject(this.#failure);
    return this.#send(session, key, args);
  }

  /**
   * Publishes a message that may be lost. It is dropped if there is no
   * connection, or the limit of commands under way is reached.
   */
  publish(channel: string, message: string): void {
    const session = this.#session;
    if (session === undefined || session.underway.size >= MAX_UNDER_WAY) return;
    this.#send(session, channel, [this.publishCommand, channel, message])
      .catch(() => {});
  }

  /** Subscribes to a channel. */
  subscribe(name: string): Promise<void> {
    return this.#session === undefined
      ? Promise.reject(this.#failure)
      : this.#want(name, true);
  }

  /** Unsubscribes from a channel. Later messages are dropped. */
  unsubscribe(name: string): void {
    this.#want(name, false).catch(() => {
      // The subscription ends with the connection.
    });
  }

  /**
   * Connects anew, after which everything is read again.
   *
   * @param reason Why.
   * @returns What all calls that are under way have failed with.
   */
  restart(reason: unknown): RedisUnavailableError {
    return this.#session === undefined
      ? this.#failure
      : this.#end(this.#session, reason);
  }

  /** Checks that the subscriptions are alive; connects anew if they are not. */
  check(): void {
    const session = this.#session;
    for (const { subscriptions } of session?.lines.servers ?? []) {
      session?.underway.run(() => subscriptions.send(["PING"]))
        .catch((error) => this.#end(session, error));
    }
  }

  /** Closes all connections. May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failure = new RedisUnavailableError("it has been closed");
    clearTimeout(this.#timer);
    this.#channels.clear();
    const session = this.#latest;
    this.#latest = undefined;
    if (session !== undefined) this.#drop(session);
    await Promise.all(this.#closing);
  }

  /** The session, once it is open. */
  get #session(): Session | undefined {
    return this.#latest?.openedAt === undefined ? undefined : this.#latest;
  }

  #send(
    session: Session,
    key: string,
    args: readonly string[],
  ): Promise<unknown> {
    return this.#run(session, key, ({ commands }) => commands.send(args));
  }

  async #run<T>(
    session: Session,
    name: string,
    send: (server: RedisServerLines) => Promise<T>,
  ): Promise<T> {
    try {
      return await session.underway.run(() => send(serverOf(session, name)));
    } catch (error) {
      // The connections lead to a server that it is not, or not any more, or
      // that has lost the scripts, which are loaded before anything else.
      if (/^(MOVED|READONLY|MASTERDOWN|NOSCRIPT)\b/.test(messageOf(error))) {
        throw this.#end(session, error);
      }
      // The next writes are divided by slot.
      if (/\bCROSSSLOT\b/.test(messageOf(error))) this.#hasRefusedSlots = true;
      throw unavailable(error);
    }
  }

  /** Subscribes or unsubscribes, after all that was requested before. */
  #want(name: string, isWanted: boolean): Promise<void> {
    const former = this.#channels.get(name);
    if (former?.isWanted === isWanted) return former.done;
    if (former === undefined && !isWanted) return Promise.resolve();
    const done = Promise.resolve(former?.done.catch(() => {}));
    const channel: Channel = { isWanted, isListening: false, done };
    this.#channels.set(name, channel);
    channel.done = this.#change(name, channel, done);
    return channel.done;
  }

  async #change(
    name: string,
    channel: Channel,
    before: Promise<void>,
  ): Promise<void> {
    let isSubscribed = false;
    try {
      // What arrives until then was published before the subscription.
      await before;
      const session = this.#session;
      if (session === undefined) throw this.#failure;
      await this.#apply(session, name, channel);
      isSubscribed = channel.isWanted;
    } finally {
      const isLatest = this.#channels.get(name) === channel;
      if (isLatest && !isSubscribed) this.#channels.delete(name);
    }
  }

  /** Subscribes or unsubscribes now. */
  async #apply(
    session: Session,
    name: string,
    channel: Channel,
  ): Promise<void> {
    const { isWanted } = channel;
    channel.isListening = isWanted;
    await this.#run(
      session,
      name,
      ({ subscriptions }) =>
        isWanted
          ? subscriptions.subscribe(name, session.isSharded)
          : subscriptions.unsubscribe(name, session.isSharded),
    );
  }

  async #open(onOpen = () => {}): Promise<void> {
    const lines = this.#connector.lines({
      onMessage: (channel, message) => {
        // While it is being opened, nobody knows yet of the interruption.
        if (session !== this.#session) return;
        if (!this.#channels.get(channel)?.isListening) return;
        this.#listener.onMessage(channel, message);
      },
      onEnd: (reason) => this.#end(session, reason),
    });
    const session: Session = {
      lines,
      underway: new Underway(MAX_UNDER_WAY, PATIENCE_MS, () => {
        this.#end(session, new Error(`no answer within ${PATIENCE_MS} ms`));
      }),
      slots: [],
      isSharded: true,
      hasSlots: true,
      openedAt: undefined,
    };
    this.#latest = session;
    try {
      await session.underway.run(() => lines.open());
      await this.#prepare(session);
      await Promise.all(
        [...this.#channels].filter(([, { isWanted }]) => isWanted)
          .map(([name, channel]) => this.#apply(session, name, channel)),
      );
      if (this.#latest !== session) throw this.#failure;
      session.openedAt = performance.now();
    } catch (error) {
      if (this.#latest === session) this.#latest = undefined;
      // Of a link that is closed that is the reason.
      if (!this.#isClosed) this.#failure = unavailable(error);
      this.#drop(session);
      throw this.#failure;
    }
    // At once, without a pause: the next message may be there already.
    onOpen();
  }

  async #prepare(session: Session): Promise<void> {
    const { servers } = session.lines;
    if (servers.length > 1) session.slots.length = SLOTS;
    const ask = (line: RedisLine, ...args: readonly string[]) =>
      session.underway.run(() => line.send(args));
    await Promise.all(servers.map(async (server) => {
      const { commands } = server;
      await Promise.all(
        Object.values(SCRIPTS)
          .map(({ text }) => ask(commands, "SCRIPT", "LOAD", text)),
      );
      if (servers.length === 1) return;
      const nodes = textOf(await ask(commands, "CLUSTER", "NODES"));
      for (const [first, last] of ownSlots(nodes)) {
        session.slots.fill(server, first, last + 1);
      }
    }));
    const [first, ...others] = servers;
    if (first !== undefined && others.length === 0) {
      session.hasSlots = await isClustered(
        ask(first.commands, "INFO", "cluster"),
      );
    }
    const gap = session.slots.findIndex((server) => server === undefined);
    if (gap !== -1) throw new Error(`no server serves slot ${gap}`);
    try {
      await this.#send(session, this.#probe, ["SPUBLISH", this.#probe, ""]);
    } catch (error) {
      if (!/unknown command/i.test(messageOf(error))) throw error;
      session.isSharded = false;
    }
  }

  /** Ends a session, unless it has ended; returns what calls fail with. */
  #end(session: Session, reason: unknown): RedisUnavailableError {
    if (session !== this.#latest) return this.#failure;
    this.#failure = unavailable(reason);
    this.#latest = undefined;
    this.#drop(session);
    const { openedAt } = session;
    if (openedAt === undefined) return this.#failure;
    if (performance.now() - openedAt > PATIENCE_MS) this.#tries = 0;
    this.#openAgain();
    return this.#failure;
  }

  #drop({ lines, underway }: Session): void {
    underway.failAll(this.#failure);
    const closing = lines.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #openAgain(): void {
    const [shortest, longest] = PAUSES_MS;
    const pause = Math.min(longest, shortest * 2 ** this.#tries++);
    this.#timer = setTimeout(async () => {
      try {
        await this.#open(() => this.#listener.onInterrupted());
      } catch (error) {
        if (!(error instanceof RedisUnavailableError)) throw error;
        if (!this.#isClosed) this.#openAgain();
      }
    }, pause * (0.5 + Math.random() / 2));
  }
}

function serverOf({ lines, slots }: Session, name: string): RedisServerLines {
  const { servers } = lines;
  const server = servers.length > 1 ? slots[slotOf(name)] : servers[0];
  if (server !== undefined) return server;
  throw new RedisUnavailableError("no server serves the slot");
}

/** Reports whether a server may be one of a Redis Cluster, by its `INFO`. */
async function isClustered(info: Promise<unknown>): Promise<boolean> {
  try {
    return !/\bcluster_enabled:0\b/.test(textOf(await info));
  } catch {
    return true;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns what a call fails with, without the place in a script. */
function unavailable(reason: unknown): RedisUnavailableError {
  if (reason instanceof RedisUnavailableError) return reason;
  const text = messageOf(reason)
    .replace(/\s*script: [0-9a-f]{40}, on @user_script:\d+\.?$/, "");
  const cause = reason instanceof Error ? reason : undefined;
  const readable = text.startsWith("READONLY")
    ? "it is read-only, as a replica is; nodes need a master"
    : text;
  return new RedisUnavailableError(readable, { cause });
}
