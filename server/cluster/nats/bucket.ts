import {
  DeliverPolicy,
  DiscardPolicy,
  jetstream,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstreamManager,
  type JsMsg,
  RepublishHeaders,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { headers } from "@nats-io/nats-core";
import {
  hasCode,
  IS_IN_USE,
  IS_MISSING,
  IS_NOT_MATCHED,
  IS_OFF,
  IS_OTHER,
  isMissing,
  isRemovedAlready,
  isUnheard,
} from "./api_errors.ts";
import { type Entry, entryOf, isRemoval } from "./entry.ts";
import { BucketUnfitError, JetStreamOffError } from "./errors.ts";
import type { News } from "./feed.ts";
import { guarded, listen, type OnError } from "./guarded.ts";
import type { Link } from "./link.ts";
import { Names } from "./names.ts";
import { scan, type ScanOptions } from "./scan.ts";
import { ServerClock } from "./server_clock.ts";

/** How a bucket is made, and asked. */
export interface BucketOptions {
  /** Its name. */
  readonly bucket: string;
  /** Where it is kept. */
  readonly storage: "file" | "memory";
  /** On how many servers. */
  readonly replicas: number;
  /** After how many milliseconds an answer is not waited for any more. */
  readonly timeoutMs: number;
  /** Told of what should not happen. */
  readonly onError: OnError;
}

/** How a key is written. */
export interface PutOptions {
  /** The revision that it must have, 0 if none; any, if left out. */
  readonly expected?: number | undefined;
  /** What is said beside the value. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Headers and subjects are in the same message, and are short. */
const MESSAGE_ROOM = 2_048;

/** How many milliseconds it may take a server to delete a bucket. */
const DELETING_MS = 1_000;

/** How many milliseconds are left to it to make one before it is asked again. */
const CREATING_MS = 20;

/**
 * The bucket as a stream of keys: each has one value, and each value a revision
 * that is greater than all before. Reads are answered by the leader, so that
 * they see what is acknowledged. A bucket that is gone is made again.
 */
export class Bucket {
  /** How its keys are called. */
  readonly names: Names;
  /** The clock of its server. */
  readonly clock = new ServerClock();
  readonly #link: Link;
  readonly #options: BucketOptions;
  readonly #js: JetStreamClient;
  readonly #manager: Promise<JetStreamManager>;
  readonly #onForgotten: () => void;
  #memory = "";
  #isRepublishing = true;
  /** How many bytes a message may have, as the bucket was made. */
  #maxMessage = Infinity;
  #isReplicated = true;
  #opening: Promise<string> | undefined;
  #reaching: Promise<void> | undefined;

  /**
   * Takes a connection; nothing is asked yet.
   *
   * @param onForgotten Told when what was known is found to be forgotten.
   */
  constructor(link: Link, options: BucketOptions, onForgotten: () => void) {
    const api = { timeout: options.timeoutMs, checkAPI: false };
    this.names = new Names(options.bucket);
    this.#link = link;
    this.#options = options;
    this.#js = jetstream(link.nats, api);
    this.#manager = jetstreamManager(link.nats, api);
    this.#onForgotten = onForgotten;
  }

  /** What the bucket is known by, as far as it is known; "" for not yet. */
  get memory(): string {
    return this.#memory;
  }

  /** Whether the server tells of what is written by itself. */
  get isRepublishing(): boolean {
    return this.#isRepublishing;
  }

  /** How many bytes a value may have. */
  get maxBytes(): number {
    const { max_payload = 1_048_576 } = this.#link.nats.info ?? {};
    return Math.min(max_payload, this.#maxMessage) - MESSAGE_ROOM;
  }

  /** Looks what the bucket is known by, and makes it where there is none. */
  open(): Promise<string> {
    this.#opening ??= this.#open().finally(() => this.#opening = undefined);
    return this.#opening;
  }

  /**
   * Looks how the bucket was made, perhaps by somebody else. To be done before
   * anything else: one that is of no use may lose what is written.
   */
  async check(): Promise<void> {
    const manager = await this.#manager;
    const { config } = await this.#ask(() =>
      manager.streams.info(this.names.stream)
    );
    const reason = this.#flawOf(config);
    if (reason !== undefined) {
      throw new BucketUnfitError(this.names.bucket, reason);
    }
    this.#maxMessage = config.max_msg_size > 0 ? config.max_msg_size : Infinity;
    const { src, dest } = this.#config().republish;
    const { republish } = config;
    this.#isReplicated = config.num_replicas > 1;
    this.#isRepublishing = republish?.src === src && republish.dest === dest &&
      republish.headers_only !== true;
  }

  /** Why a bucket is of no use as it was made. */
  #flawOf(config: StreamConfig): string | undefined {
    const subject = this.names.subject(">");
    const { retention, discard, max_msgs, max_bytes, max_msg_size } = config;
    const isLimited = max_msgs > 0 || max_bytes > 0;
    const least = MESSAGE_ROOM * 2;
    switch (true) {
      case !config.subjects?.includes(subject):
        return `its stream must have the subject ${subject}`;
      case retention !== RetentionPolicy.Limits:
        return "it must keep values until there are others";
      case isLimited && discard !== DiscardPolicy.New:
        return "it must refuse values when it is full, and discard none";
      case config.max_msgs_per_subject !== 1:
        return "it must have a history of 1";
      case config.max_age !== 0:
        return "it must not have a time to live";
      case max_msg_size > 0 && max_msg_size < least:
        return `it must take values of ${least} bytes`;
      case config.sealed:
        return "it must not be sealed";
      case config.no_ack:
        return "its stream must acknowledge what is written";
    }
    return undefined;
  }

  /** The value of a key, if it has one; a key may have wildcards. */
  get(key: string): Promise<Entry | undefined> {
    return this.#ask(() => this.#get(key));
  }

  /**
   * Writes a key, if it has the revision that is expected. What is written by
   * calls in a row is written in that order.
   *
   * @returns The new revision; nothing, if the key has another one.
   */
  async put(
    key: string,
    value: string | Uint8Array,
    options: PutOptions = {},
  ): Promise<number | undefined> {
    const subject = this.names.subject(key);
    const head = headers();
    for (const [name, text] of Object.entries(options.headers ?? {})) {
      head.set(name, text);
    }
    const expect = { lastSubjectSequence: options.expected };
    try {
      const { seq } = await this.#ask(() =>
        this.#js.publish(subject, value, { headers: head, expect })
      );
      return seq;
    } catch (error) {
      if (hasCode(error, IS_OTHER)) return undefined;
      // Full, say.
      throw error instanceof JetStreamApiError
        ? new BucketUnfitError(this.names.bucket, error.message)
        : error;
    }
  }

  /** Removes the value with a revision, if it is there, and tells nobody. */
  async remove(revision: number): Promise<void> {
    const manager = await this.#manager;
    try {
      await this.#link.ask(() =>
        manager.streams.deleteMessage(this.names.stream, revision, false)
      );
    } catch (error) {
      // The whole bucket may be gone as well.
      if (!isRemovedAlready(error) && !hasCode(error, IS_MISSING)) throw error;
    }
  }

  /**
   * Gives the values of many keys, in the order of their revisions: of all that
   * there are at the time of the call, at least.
   */
  async scan(
    key: string,
    take: (entry: Entry) => boolean | void,
    options: ScanOptions = {},
  ): Promise<void> {
    const last = () => this.#get(key);
    const asked = performance.now();
    const { time, answered } = await this.#ask(async () =>
      await scan(this.names, this.#js, {
        ...options,
        key,
        take,
        last,
        // What others than the leader have may be older.
        target: this.#isReplicated ? (await last())?.revision : undefined,
        patienceMs: this.#options.timeoutMs,
      })
    );
    this.clock.set(asked, time, answered);
  }

  /**
   * Hears what is written, by what the server republishes.
   *
   * @returns What ends it.
   */
  listen(key: string, hear: (news: News) => void): () => void {
    const lead = this.names.changes("");
    const subscription = listen(
      this.#link.nats,
      this.names.changes(key),
      (message) =>
        hear({
          key: message.subject.slice(lead.length),
          revision: Number(message.headers?.get(RepublishHeaders.Sequence)),
          isRemoved: isRemoval(message.headers),
          value: message.string(),
        }),
      this.#options.onError,
    );
    return () => subscription.unsubscribe();
  }

  /**
   * Hears what is written, by a consumer.
   *
   * @returns What ends it.
   */
  async consume(
    key: string,
    hear: (news: News) => void,
  ): Promise<() => void> {
    const consumer = await this.#ask(() =>
      this.#js.consumers.getPushConsumer(this.names.stream, {
        filter_subjects: this.names.subject(key),
        deliver_policy: DeliverPolicy.New,
      })
    );
    const messages = await consumer.consume({
      callback: guarded((message: JsMsg) =>
        hear({
          key: this.names.key(message.subject),
          revision: message.seq,
          isRemoved: isRemoval(message.headers),
          value: message.string(),
        }), this.#options.onError),
    });
    return () => {
      messages.stop();
      // If that is lost, the server forgets it after a while.
      consumer.delete().catch(() => {});
    };
  }

  /**
   * Comes back from the bucket: whoever has subscribed before hears of all that
   * is written from then on, wherever in a cluster of servers they are.
   */
  reach(): Promise<void> {
    return this.#ask(() => this.#reach());
  }

  /** Has it refuse something, which costs it nothing; once for all who ask now. */
  #reach(): Promise<void> {
    this.#reaching ??= Promise.resolve().then(async () => {
      this.#reaching = undefined;
      const subject = this.names.subject(this.names.memory);
      const expect = { streamName: `not-${this.names.stream}` };
      try {
        await this.#js.publish(subject, "", { expect });
      } catch (error) {
        if (!hasCode(error, IS_NOT_MATCHED)) throw error;
      }
    });
    return this.#reaching;
  }

  /**
   * Reads from a bucket that there is: a server of version 2.9 dies if it is
   * asked for a value while the bucket is being made.
   */
  async #get(key: string): Promise<Entry | undefined> {
    await this.#reach();
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
          this.#js.publish(this.names.subject(memory), crypto.randomUUID(), {
            expect: { lastSubjectSequence: entry?.revision ?? 0 },
          })
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
    try {
      await this.#link.ask(() => manager.streams.add(this.#config()));
    } catch (error) {
      if (isUnheard(error) || hasCode(error, IS_OFF)) {
        throw new JetStreamOffError(this.names.bucket, { cause: error });
      }
      if (!hasCode(error, IS_IN_USE)) throw error;
    }
    // Several servers have to agree first who leads it.
    await pause(CREATING_MS);
  }

  /** A bucket like any other: one value a key, and news of each to who listens. */
  #config() {
    const { bucket, storage, replicas } = this.#options;
    return {
      name: this.names.stream,
      description: `Presence: the backbone of ${bucket}`,
      subjects: [this.names.subject(">")],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      max_msgs_per_subject: 1,
      storage: storage === "file" ? StorageType.File : StorageType.Memory,
      num_replicas: replicas,
      allow_rollup_hdrs: true,
      allow_direct: false,
      republish: {
        src: this.names.subject(">"),
        dest: this.names.changes(">"),
      },
    } satisfies Partial<StreamConfig>;
  }

  /** Asks; makes the bucket again and asks once more, if there is none. */
  async #ask<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await this.#link.ask(call);
    } catch (error) {
      if (!isMissing(error)) throw error;
      await this.open();
      return await this.#link.ask(call);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
