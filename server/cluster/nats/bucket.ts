import {
  DeliverPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  RepublishHeaders,
  type StreamConfig,
} from "@nats-io/jetstream";
import type {
  Msg,
  PermissionViolationError,
  Subscription,
} from "@nats-io/nats-core";
import {
  hasCode,
  hasNoResponder,
  IS_IN_USE,
  IS_MISSING,
  IS_NOT_MATCHED,
  IS_OFF,
  IS_OTHER,
  isMissing,
  isRemovedAlready,
} from "./api_errors.ts";
import { type Entry, entryOf, isRemoval, type News } from "./entry.ts";
import { BucketUnfitError, JetStreamOffError } from "./errors.ts";
import { Limiter } from "./limiter.ts";
import type { Link } from "./link.ts";
import { Names } from "./names.ts";
import { Requests } from "./requests.ts";
import { scan, type ScanOptions } from "./scan.ts";
import { ServerClock } from "./server_clock.ts";
import {
  type BucketOptions,
  flawOf,
  isRepublishing,
  MESSAGE_ROOM,
  streamConfig,
} from "./stream.ts";

/** How a key is written. */
export interface PutOptions {
  /** The revision that the key must have, 0 for none; any if left out. */
  readonly expected?: number | undefined;
  /** Headers of the value. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The header that names the revision that a key must have. */
const EXPECTED = "Nats-Expected-Last-Subject-Sequence";

/** The header that names the stream that must answer. */
const STREAM = "Nats-Expected-Stream";

/** How many values are removed at once. */
const MAX_REMOVALS = 64;

/** How long a server may take to delete a bucket, in milliseconds. */
const DELETING_MS = 1_000;

/** How long to wait after a bucket was made, in milliseconds. */
const CREATING_MS = 20;

/**
 * The bucket as a stream of keys: each key has one value, and each value has a
 * greater revision than all before. The leader answers reads, so that they see
 * what was acknowledged. A bucket that is gone is made again.
 */
export class Bucket {
  /** The names of keys and subjects. */
  readonly names: Names;
  /** The clock of the server. */
  readonly clock = new ServerClock();
  readonly #link: Link;
  readonly #options: BucketOptions;
  readonly #js: JetStreamClient;
  readonly #requests: Requests;
  readonly #manager: Promise<JetStreamManager>;
  readonly #onForgotten: () => void;
  #memory = "";
  /** How the bucket was made, once it was checked. */
  #config: StreamConfig | undefined;
  #isRepublishing = false;
  readonly #removals = new Limiter(MAX_REMOVALS);
  #opening: Promise<string> | undefined;
  #reaching: Promise<void> | undefined;

  /**
   * Takes a link; nothing is asked yet.
   *
   * @param id Identifies the connection.
   * @param onForgotten Called when the bucket has forgotten what it knew.
   */
  constructor(
    link: Link,
    options: BucketOptions,
    id: string,
    onForgotten: () => void,
  ) {
    const api = { timeout: options.timeoutMs, checkAPI: false };
    this.names = new Names(options.bucket);
    this.#link = link;
    this.#options = options;
    this.#js = jetstream(link.nats, api);
    this.#requests = new Requests(
      link,
      this.names.answers(id),
      options.timeoutMs,
    );
    this.#manager = jetstreamManager(link.nats, api);
    this.#onForgotten = onForgotten;
  }

  /** The memory as it was last read; "" if it was not yet. */
  get memory(): string {
    return this.#memory;
  }

  /** Whether the server republishes every change. */
  get isRepublishing(): boolean {
    return this.#isRepublishing;
  }

  /** Whether several servers keep the bucket. */
  get isReplicated(): boolean {
    return (this.#config?.num_replicas ?? 1) > 1;
  }

  /** Whether the server finds the keys of a context by an index. */
  get isIndexed(): boolean {
    const { version = "" } = this.#link.nats.info ?? {};
    const [major = 0, minor = 0] = version.split(".").map(Number);
    return major > 2 || major === 2 && minor >= 10;
  }

  /** How many bytes a value may have. */
  get maxBytes(): number {
    const { max_payload = 1_048_576 } = this.#link.nats.info ?? {};
    const { max_msg_size = 0 } = this.#config ?? {};
    const max = max_msg_size > 0 ? max_msg_size : Infinity;
    return Math.min(max_payload, max) - MESSAGE_ROOM;
  }

  /** Reads the memory, and makes the bucket if there is none. */
  open(): Promise<string> {
    this.#opening ??= this.#open().finally(() => this.#opening = undefined);
    return this.#opening;
  }

  /**
   * Checks how the bucket was made, perhaps by somebody else. Call it before
   * anything else: a bucket that is of no use may lose what is written.
   *
   * @throws {BucketUnfitError} If it is of no use.
   */
  async check(): Promise<void> {
    const manager = await this.#manager;
    const { stream, bucket } = this.names;
    const { config } = await this.#ask(() => manager.streams.info(stream));
    const reason = flawOf(this.names, config);
    if (reason !== undefined) throw new BucketUnfitError(bucket, reason);
    this.#config = config;
    this.#isRepublishing = isRepublishing(this.names, config);
  }

  /** Handles a permission that the connection lacks. */
  refused(error: PermissionViolationError): void {
    this.#requests.refused(error);
  }

  /** Makes writes fail from now on. */
  close(): void {
    this.#requests.close();
  }

  /** Returns the value of a key, if it has one; a key may have wildcards. */
  get(key: string): Promise<Entry | undefined> {
    return this.#ask(() => this.#get(key));
  }

  /**
   * Writes a key, if it has the expected revision. Calls in a row are done in
   * that order.
   *
   * @returns The new revision; `undefined` if the key has another one.
   */
  async put(
    key: string,
    value: string | Uint8Array,
    options: PutOptions = {},
  ): Promise<number | undefined> {
    const { expected, headers } = options;
    const head = expected === undefined
      ? headers
      : { ...headers, [EXPECTED]: String(expected) };
    try {
      const { seq } = await this.#ask(() =>
        this.#requests.send(this.names.subject(key), value, head)
      );
      return seq;
    } catch (error) {
      if (hasCode(error, IS_OTHER)) return undefined;
      // It may be full.
      throw error instanceof JetStreamApiError
        ? new BucketUnfitError(this.names.bucket, error.message)
        : error;
    }
  }

  /** Removes the value with a revision, if it is there, and notifies nobody. */
  async remove(revision: number): Promise<void> {
    try {
      await this.#removals.run(() =>
        this.#link.ask(() =>
          this.#requests.send(
            this.names.removals,
            JSON.stringify({ seq: revision, no_erase: true }),
          )
        )
      );
    } catch (error) {
      // The whole bucket may be gone as well.
      if (!isRemovedAlready(error) && !hasCode(error, IS_MISSING)) throw error;
    }
  }

  /** Resolves when all writes that the servers have accepted by now are done. */
  async flush(): Promise<void> {
    const revision = await this.put(this.names.barrier, "");
    // Where nothing may be removed, it stays.
    if (revision !== undefined) await this.remove(revision).catch(() => {});
  }

  /**
   * Reads the values of many keys in the order of their revisions: at least
   * those that there are at the time of the call.
   *
   * @param take Takes a value, and returns `false` when it has enough.
   */
  async scan(
    key: string,
    take: (entry: Entry) => boolean | void,
    options: ScanOptions = {},
  ): Promise<void> {
    // The bucket exists, as there are values.
    const last = () => this.#value(key);
    const asked = performance.now();
    const { time, answered } = await this.#ask(() =>
      scan(this.names, this.#js, {
        ...options,
        key,
        take,
        last,
        mayLag: this.isReplicated,
        patienceMs: this.#options.timeoutMs,
      })
    );
    this.clock.set(asked, time, answered);
  }

  /** Subscribes to a plain subject. Errors end nothing else. */
  subscribe(subject: string, take: (message: Msg) => void): Subscription {
    return this.#link.nats.subscribe(subject, {
      callback: (error, message) =>
        error === null
          ? this.#guard(() => take(message))
          : this.#options.onError(error),
    });
  }

  /**
   * Subscribes to changes of keys that the server republishes.
   *
   * @returns What ends it.
   */
  listen(key: string, take: (news: News) => void): () => void {
    const lead = this.names.changes("");
    const subscription = this.subscribe(
      this.names.changes(key),
      (message) =>
        take({
          key: message.subject.slice(lead.length),
          revision: Number(message.headers?.get(RepublishHeaders.Sequence)),
          isRemoved: isRemoval(message.headers),
          value: message.string(),
        }),
    );
    return () => subscription.unsubscribe();
  }

  /**
   * Subscribes to changes of keys by a consumer on the server.
   *
   * @returns What ends it.
   */
  async consume(key: string, take: (news: News) => void): Promise<() => void> {
    const consumer = await this.#ask(() =>
      this.#js.consumers.getPushConsumer(this.names.stream, {
        filter_subjects: this.names.subject(key),
        deliver_policy: DeliverPolicy.New,
      })
    );
    const messages = await consumer.consume({
      callback: (message) =>
        this.#guard(() => take(entryOf(this.names, message, message.headers))),
    });
    return () => {
      messages.stop();
      // If that is lost, the server forgets it after a while.
      consumer.delete().catch(() => {});
    };
  }

  /**
   * Makes a round trip to the bucket. Whatever was subscribed to before receives
   * all later changes then, at whichever server of a cluster.
   */
  reach(): Promise<void> {
    return this.#ask(() => this.#reach());
  }

  /** Provokes a refusal, which costs nothing; once for all calls at a time. */
  #reach(): Promise<void> {
    this.#reaching ??= Promise.resolve().then(async () => {
      this.#reaching = undefined;
      const subject = this.names.subject(this.names.memory);
      const head = { [STREAM]: `not-${this.names.stream}` };
      try {
        await this.#requests.send(subject, "", head);
      } catch (error) {
        if (!hasCode(error, IS_NOT_MATCHED)) throw error;
      }
    });
    return this.#reaching;
  }

  /**
   * Reads from a bucket that is known to exist: a server of version 2.9 dies if
   * it is asked for a value while the bucket is being made.
   */
  async #get(key: string): Promise<Entry | undefined> {
    await this.#reach();
    return await this.#value(key);
  }

  async #value(key: string): Promise<Entry | undefined> {
    const manager = await this.#manager;
    const query = { last_by_subj: this.names.subject(key) };
    const { stream } = this.names;
    const message = await manager.streams.getMessage(stream, query);
    return message === null
      ? undefined
      : entryOf(this.names, message, message.header);
  }

  async #open(): Promise<string> {
    const { memory } = this.names;
    const end = performance.now() + DELETING_MS + this.#options.timeoutMs;
    for (let tries = 0;; tries++) {
      try {
        const entry = await this.#link.ask(() => this.#get(memory));
        const isThere = entry !== undefined && !entry.isRemoved;
        if (isThere && entry.value !== "") return this.#opened(entry.value);
        // Others may try the same: the first one counts.
        await this.#link.ask(() =>
          this.#requests.send(
            this.names.subject(memory),
            crypto.randomUUID(),
            { [EXPECTED]: String(entry?.revision ?? 0) },
          )
        );
      } catch (error) {
        const isGone = isMissing(error);
        const mayHelp = isGone || hasCode(error, IS_OTHER);
        if (!mayHelp || performance.now() > end) throw error;
        if (!isGone) continue;
        // It was there before: a server that is still deleting it would delete
        // the files of a new one as well.
        if (tries === 0 && this.#memory !== "") await pause(DELETING_MS);
        else await this.#create();
      }
    }
  }

  #opened(memory: string): string {
    const former = this.#memory;
    this.#memory = memory;
    if (former !== "" && former !== memory) this.#onForgotten();
    return memory;
  }

  async #create(): Promise<void> {
    const manager = await this.#manager;
    const config = streamConfig(this.names, this.#options);
    try {
      await this.#link.ask(() => manager.streams.add(config));
    } catch (error) {
      if (hasNoResponder(error) || hasCode(error, IS_OFF)) {
        throw new JetStreamOffError(this.names.bucket, { cause: error });
      }
      if (!hasCode(error, IS_IN_USE)) throw error;
    }
    // Several servers have to agree first on who leads it.
    await pause(CREATING_MS);
  }

  /** Asks; if there is no bucket, makes it again and asks once more. */
  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#link.ask(call);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.open();
      return await this.#link.ask(call);
    }
  }

  /** Catches what a callback throws: it would end the whole connection. */
  #guard(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#options.onError(error);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
