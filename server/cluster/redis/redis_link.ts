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

/** For how many milliseconds an answer, or a connection, may be outstanding. */
const PATIENCE_MS = 5_000;

/** The shortest and the longest pause before another connection is tried. */
const PAUSES_MS = [50, 2_000] as const;

/** What a link tells. */
export interface RedisLinkListener {
  /** Something was told on a channel. */
  onMessage(channel: string, message: string): void;
  /** It is connected again, and hears all channels again. */
  onInterrupted(): void;
}

/** Connections that are open, and what is known of them. */
interface Session {
  readonly lines: RedisLines;
  readonly underway: Underway;
  /** The server of each slot; empty where there is but one. */
  readonly slots: RedisServerLines[];
  /** Whether it has sharded channels; those before Redis 7 have not. */
  isSharded: boolean;
  /** When it was opened. */
  openedAt: number;
}

/** A channel that somebody wants to hear, or wants no more. */
interface Channel {
  readonly isWanted: boolean;
  /** Whether what comes was told since it is wanted. */
  isHeard: boolean;
  /** Settled when what was asked for so far is done. */
  done: Promise<void>;
}

/**
 * A node's link to Redis. It replaces connections that have ended, or that give
 * no answer, by others, and then hears the same channels. While there are none,
 * every call fails at once.
 */
export class RedisLink {
  readonly #connector: RedisConnector;
  readonly #probe: string;
  readonly #listener: RedisLinkListener;
  readonly #channels = new Map<string, Channel>();
  readonly #closing = new Set<Promise<void>>();
  #session: Session | undefined;
  #opening: Session | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries = 0;
  /** What calls fail with while there are no connections. */
  #failure = new RedisUnavailableError("it is not connected");
  #isClosed = false;

  /**
   * @param connector Opens connections.
   * @param probe A channel on which anybody may be told nothing.
   * @param listener What is told.
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

  /** The command that tells a channel something. */
  get publish(): "PUBLISH" | "SPUBLISH" {
    const session = this.#session ?? this.#opening;
    return session?.isSharded === false ? "PUBLISH" : "SPUBLISH";
  }

  /** Connects for the first time; if that fails, the link is of no use. */
  async open(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Sends a command.
   *
   * @param key A key or channel that it is about.
   * @param args The command, and what belongs to it.
   * @throws {RedisUnavailableError} If there is no connection, or no answer.
   */
  command(key: string, args: readonly string[]): Promise<unknown> {
    const session = this.#session;
    if (session === undefined) return Promise.reject(this.#failure);
    return this.#send(session, key, args);
  }

  /**
   * Tells a channel something, if there is a connection, and not more under way
   * already than may be: what is told may be lost, and must not pile up.
   */
  tell(channel: string, message: string): void {
    const session = this.#session;
    if (session === undefined || session.underway.size >= MAX_UNDER_WAY) return;
    this.#send(session, channel, [this.publish, channel, message])
      .catch(() => {});
  }

  /** Begins to hear a channel. */
  subscribe(name: string): Promise<void> {
    const session = this.#session;
    if (session === undefined) return Promise.reject(this.#failure);
    const former = this.#channels.get(name);
    if (former?.isWanted) return former.done;
    const channel: Channel = {
      isWanted: true,
      isHeard: false,
      done: Promise.resolve(),
    };
    this.#channels.set(name, channel);
    channel.done = this.#subscribe(session, name, channel, former?.done);
    return channel.done;
  }

  /** Ends it. What is told from now on is not heard. */
  unsubscribe(name: string): void {
    const former = this.#channels.get(name);
    if (!former?.isWanted) return;
    const channel: Channel = {
      isWanted: false,
      isHeard: false,
      done: Promise.resolve(),
    };
    this.#channels.set(name, channel);
    channel.done = this.#unsubscribe(name, channel, former.done);
  }

  /**
   * Connects anew, after which all is read again.
   *
   * @param reason Why.
   * @returns What all calls that are under way have failed with.
   */
  restart(reason: unknown): RedisUnavailableError {
    return this.#session === undefined
      ? this.#failure
      : this.#end(this.#session, reason);
  }

  /** Looks whether all that is told is still heard; if not, makes it so. */
  check(): void {
    const session = this.#session;
    for (const { ear } of session?.lines.servers ?? []) {
      session?.underway.run(() => ear.send(["PING"]))
        .catch((error) => this.#end(session, error));
    }
  }

  /** Closes what it has opened. May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failure = new RedisUnavailableError("it has been closed");
    clearTimeout(this.#timer);
    this.#channels.clear();
    const sessions = [this.#session, this.#opening];
    this.#session = undefined;
    this.#opening = undefined;
    for (const session of sessions) {
      if (session !== undefined) this.#drop(session);
    }
    await Promise.all(this.#closing);
  }

  async #send(
    session: Session,
    key: string,
    args: readonly string[],
  ): Promise<unknown> {
    return await this.#run(
      session,
      () => serverOf(session, key).mouth.send(args),
    );
  }

  async #run<T>(session: Session, send: () => Promise<T>): Promise<T> {
    try {
      return await session.underway.run(send);
    } catch (error) {
      // The connections lead to a server that it is not, or not any more, or
      // that has lost the scripts: they are loaded before anything else is done.
      if (/^(MOVED|READONLY|MASTERDOWN|NOSCRIPT)\b/.test(messageOf(error))) {
        throw this.#end(session, error);
      }
      throw unavailable(error);
    }
  }

  async #subscribe(
    session: Session,
    name: string,
    channel: Channel,
    before: Promise<void> | undefined,
  ): Promise<void> {
    try {
      // What still comes was told while nobody wanted to hear it.
      await before?.catch(() => {});
      await this.#hear(session, name, channel);
    } catch (error) {
      if (this.#channels.get(name) === channel) this.#channels.delete(name);
      throw error;
    }
  }

  async #unsubscribe(
    name: string,
    channel: Channel,
    before: Promise<void>,
  ): Promise<void> {
    try {
      await before;
      const session = this.#session;
      await session?.underway.run(() =>
        serverOf(session, name).ear.unsubscribe(name, session.isSharded)
      );
    } catch {
      // It ends with the connection.
    }
    if (this.#channels.get(name) === channel) this.#channels.delete(name);
  }

  async #hear(session: Session, name: string, channel: Channel): Promise<void> {
    if (session !== this.#session && session !== this.#opening) {
      throw this.#failure;
    }
    const { ear } = serverOf(session, name);
    channel.isHeard = true;
    await this.#run(session, () => ear.subscribe(name, session.isSharded));
  }

  async #open(onOpen = () => {}): Promise<void> {
    const lines = this.#connector.lines({
      onMessage: (channel, message) => {
        // While it is being opened, nobody knows yet of the interruption.
        if (session !== this.#session) return;
        if (!this.#channels.get(channel)?.isHeard) return;
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
      openedAt: -Infinity,
    };
    this.#opening = session;
    try {
      await session.underway.run(() => lines.open());
      await this.#prepare(session);
      await Promise.all(
        [...this.#channels].filter(([, { isWanted }]) => isWanted)
          .map(([name, channel]) => this.#hear(session, name, channel)),
      );
      if (this.#opening !== session) throw this.#failure;
      session.openedAt = performance.now();
      this.#session = session;
      this.#opening = undefined;
    } catch (error) {
      if (this.#opening === session) this.#opening = undefined;
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
    const ask = (line: RedisLine, ...args: readonly string[]) =>
      session.underway.run(() => line.send(args));
    await Promise.all(servers.map(async (server) => {
      const loaded = Object.values(SCRIPTS)
        .map(({ text }) => ask(server.mouth, "SCRIPT", "LOAD", text));
      await Promise.all(loaded);
      if (servers.length === 1) return;
      const nodes = textOf(await ask(server.mouth, "CLUSTER", "NODES"));
      for (const [first, last] of ownSlots(nodes)) {
        session.slots.length = Math.max(session.slots.length, last + 1);
        session.slots.fill(server, first, last + 1);
      }
    }));
    if (servers.length > 1) {
      for (let slot = 0; slot < SLOTS; slot++) {
        if (session.slots[slot] === undefined) {
          throw new Error(`no server serves slot ${slot}`);
        }
      }
    }
    try {
      await this.#send(session, this.#probe, ["SPUBLISH", this.#probe, ""]);
    } catch (error) {
      if (!/unknown command/i.test(messageOf(error))) throw error;
      session.isSharded = false;
    }
  }

  /** Ends connections, if they have not ended; gives what calls fail with. */
  #end(session: Session, reason: unknown): RedisUnavailableError {
    if (session !== this.#session && session !== this.#opening) {
      return this.#failure;
    }
    this.#failure = unavailable(reason);
    const wasOpen = session === this.#session;
    if (wasOpen) this.#session = undefined;
    else this.#opening = undefined;
    this.#drop(session);
    if (!wasOpen) return this.#failure;
    if (performance.now() - session.openedAt > PATIENCE_MS) this.#tries = 0;
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What a call fails with; where in a script that was, says nothing to anybody. */
function unavailable(reason: unknown): RedisUnavailableError {
  if (reason instanceof RedisUnavailableError) return reason;
  const text = messageOf(reason)
    .replace(/\s*script: [0-9a-f]{40}, on @user_script:\d+\.?$/, "");
  const cause = reason instanceof Error ? reason : undefined;
  return text.startsWith("READONLY")
    ? new RedisUnavailableError(
      "it is read-only, as a replica is; nodes need a master",
      { cause },
    )
    : new RedisUnavailableError(text, { cause });
}
