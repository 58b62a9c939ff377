import type { Msg, Subscription } from "@nats-io/nats-core";
import type {
  BackboneConnection,
  BackboneListener,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  Renewal,
  Row,
  RowWrite,
  Written,
} from "../mod.ts";
import { Bucket, type BucketOptions } from "./bucket.ts";
import type { Entry } from "./entry.ts";
import { isLoss, NatsBackboneClosedError, TooLargeError } from "./errors.ts";
import { Feed, type News } from "./feed.ts";
import { listen, type OnError } from "./guarded.ts";
import { LeaseTable } from "./lease_table.ts";
import { Limiter } from "./limiter.ts";
import type { Link, LinkListener } from "./link.ts";
import { Purger } from "./purger.ts";
import { decodeRow, decodeText, encode } from "./records.ts";
import { RowWriter } from "./row_writer.ts";

/** How many contexts are read, or followed anew, at once. */
const MAX_READS = 32;

/** A context that is followed. */
interface Followed {
  readonly changes: Feed;
  readonly texts: Subscription;
  /** The revision of the last change that was heard. */
  heard: number | undefined;
  /** What was heard, but is yet to be told. */
  readonly waiting: News[];
  /** The last revision that is known, from answers to writes as well. */
  known: number | undefined;
}

/** A node on the backbone. */
export class NatsBackboneConnection implements BackboneConnection {
  readonly #node: string;
  readonly #listener: BackboneListener;
  readonly #link: Link;
  readonly #onError: OnError;
  /** Names this connection: there may be another one of the same node. */
  readonly #id = crypto.randomUUID();
  readonly #bucket: Bucket;
  readonly #leases: LeaseTable;
  readonly #writer: RowWriter;
  readonly #purger: Purger;
  readonly #reads = new Limiter(MAX_READS);
  readonly #followed = new Map<string, Followed>();
  /** What all nodes hear, whatever they follow. */
  readonly #feeds: readonly Feed[];
  readonly #linkListener: LinkListener = {
    lost: () => this.#losses++,
    back: () => this.#recover(),
    closed: (error) => this.#onError(error),
  };
  /** How often the way to NATS was lost, and of how many that was told. */
  #losses = 0;
  #toldLosses = 0;
  #isClosed = false;

  /** Makes a connection that is not open yet. */
  constructor(
    node: string,
    listener: BackboneListener,
    link: Link,
    options: BucketOptions,
  ) {
    this.#node = node;
    this.#listener = listener;
    this.#link = link;
    this.#onError = options.onError;
    this.#bucket = new Bucket(link, options, () => this.#forget());
    this.#leases = new LeaseTable(this.#bucket, this.#id, listener);
    const { names } = this.#bucket;
    this.#feeds = [names.lease(), names.ended()].map((key) =>
      new Feed(this.#bucket, key, (news) => {
        if (this.#isClosed) return;
        this.#leases.heard(news.key, news.value, this.#isDeaf);
      })
    );
    this.#purger = new Purger(this.#bucket);
    this.#writer = new RowWriter(this.#bucket, {
      lastOf: (context) => this.#followed.get(context)?.known,
      wrote: (context, revision) => this.#knows(context, revision),
      onError: this.#onError,
    });
  }

  /** Makes the bucket, if need be, and listens. */
  async open(): Promise<void> {
    try {
      await this.#bucket.check();
      await this.#bucket.open();
      await Promise.all(this.#feeds.map((feed) => feed.ready()));
      this.#link.add(this.#linkListener);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  acquire(lease: Lease): Promise<string> {
    return this.#unlessClosed(
      "begin a life",
      () => this.#leases.acquire(lease),
    );
  }

  renew(lease: Lease): Promise<Renewal> {
    return this.#unlessClosed("renew a lease", () => {
      this.#writer.tidy();
      return this.#leases.renew(lease);
    });
  }

  leases(node?: string): Promise<readonly KeptLease[]> {
    return this.#unlessClosed("read leases", () => this.#leases.leases(node));
  }

  end(life: NodeLife, count: number): Promise<boolean> {
    return this.#unlessClosed(
      "end a life",
      () => this.#leases.end(life, count),
    );
  }

  purge(life: NodeLife, context?: string): Promise<boolean> {
    return this.#unlessClosed("purge a life", async () => {
      if (await this.#leases.lives(life)) return true;
      if (context !== undefined) {
        await this.#purger.sweep(context, life);
        return true;
      }
      const isAll = await this.#purger.purge(life);
      if (isAll) await this.#leases.purged(life);
      return isAll;
    });
  }

  write(
    life: NodeLife,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    return this.#unlessClosed(
      "write rows",
      () => this.#writer.write(life, writes),
    );
  }

  follow(context: string): Promise<void> {
    return this.#unlessClosed("follow a context", () => {
      const followed = this.#followed.get(context) ?? this.#listenTo(context);
      return followed.changes.ready();
    });
  }

  unfollow(context: string): void {
    const followed = this.#followed.get(context);
    this.#followed.delete(context);
    followed?.changes.stop();
    followed?.texts.unsubscribe();
  }

  read(context: string): Promise<ContextRows> {
    return this.#unlessClosed("read a context", async () => {
      await this.#writer.settled(context);
      return await this.#reads.run(() => this.#read(context));
    });
  }

  send(context: string, text: string): void {
    if (this.#isClosed || this.#link.isAway) return;
    const head = { from: this.#node, by: this.#id };
    const body = new TextEncoder().encode(encode(head, text));
    const { maxBytes, names } = this.#bucket;
    if (body.length > maxBytes) {
      this.#onError(new TooLargeError("send a text", body.length, maxBytes));
      return;
    }
    this.#link.nats.publish(names.told(context), body);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#link.delete(this.#linkListener);
    for (const context of [...this.#followed.keys()]) this.unfollow(context);
    for (const feed of this.#feeds) feed.stop();
    return Promise.resolve();
  }

  async #read(context: string): Promise<ContextRows> {
    for (;;) {
      const former = this.#bucket.memory;
      const entries = new Map<string, Entry>();
      let revision = 0;
      await this.#bucket.scan(this.#bucket.names.rows(context), (entry) => {
        entries.set(entry.key, entry);
        revision = entry.revision;
      });
      // Only now: the bucket may have been made again meanwhile.
      const memory = await this.#bucket.open();
      if (memory !== former) continue;
      const rows = [...entries.values()].flatMap((entry) => this.#rowOf(entry));
      return { memory, revision, rows };
    }
  }

  #rowOf({ isRemoved, value, time }: Entry): Row[] {
    const row = isRemoved ? undefined : decodeRow(value);
    if (row === undefined) return [];
    const age = row.age + this.#bucket.clock.since(time);
    const { node, epoch, id } = row;
    return [{ node, epoch, id, value: row.value, age }];
  }

  #listenTo(context: string): Followed {
    const { names } = this.#bucket;
    const followed: Followed = {
      heard: undefined,
      known: undefined,
      waiting: [],
      changes: new Feed(this.#bucket, names.rows(context), (news) => {
        followed.waiting.push(news);
        if (followed.waiting.length > 1) return;
        queueMicrotask(() => this.#heardChanges(context, followed));
      }),
      texts: this.#listen(names.told(context), (message) => {
        const said = this.#isDeaf ? undefined : decodeText(message.string());
        if (said === undefined || said.by === this.#id) return;
        this.#listener.onMessage(context, said.from, said.text);
      }),
    };
    this.#followed.set(context, followed);
    return followed;
  }

  /** Takes what came together; the server may have mixed up its order. */
  #heardChanges(context: string, followed: Followed): void {
    const all = followed.waiting.splice(0)
      .sort((a, b) => a.revision - b.revision);
    for (const news of all) {
      // What is on its way when it is unfollowed is not told any more.
      if (this.#followed.get(context) !== followed || this.#isDeaf) return;
      this.#heardChange(context, followed, news);
    }
  }

  #heardChange(context: string, followed: Followed, news: News): void {
    const { revision, isRemoved } = news;
    if (followed.changes.isLasting && revision < (followed.heard ?? 0)) {
      // It comes after a later one, whose followers believe to have seen all.
      this.#listener.onInterrupted();
      return;
    }
    const row = decodeRow(news.value);
    if (row === undefined) {
      // Somebody else has written there, and nobody can say which row it is.
      this.#listener.onInterrupted();
      return;
    }
    const { node, epoch, id, value, age, after } = row;
    const { heard } = followed;
    followed.heard = revision;
    this.#knows(context, revision);
    // Where nothing is lost, all that a writer knows of was told before.
    const isTold = after === undefined || heard !== undefined && after <= heard;
    this.#listener.onChange({
      context,
      memory: this.#bucket.memory,
      revision,
      previous: isTold ? undefined : Math.min(after, revision - 1),
      change: isRemoved
        ? { type: "removed", id }
        : { type: "put", row: { node, epoch, id, value, age } },
    });
  }

  #knows(context: string, revision: number): void {
    const followed = this.#followed.get(context);
    if (followed === undefined) return;
    followed.known = Math.max(followed.known ?? 0, revision);
  }

  #listen(subject: string, hear: (message: Msg) => void): Subscription {
    return listen(this.#link.nats, subject, (message) => {
      if (!this.#isClosed) hear(message);
    }, this.#onError);
  }

  /** The bucket was deleted, or was not kept on a disk. */
  #forget(): void {
    this.#writer.forget();
    this.#purger.forget();
    for (const followed of this.#followed.values()) {
      followed.heard = undefined;
      followed.known = undefined;
    }
    this.#recover();
  }

  /** Hears everything again, and says that something may be missed. */
  async #recover(): Promise<void> {
    const losses = this.#losses;
    this.#leases.forget();
    try {
      await this.#bucket.check();
      await this.#bucket.open();
      await Promise.all(
        this.#allFeeds().filter(({ isLasting }) => !isLasting)
          .map((feed) => this.#reads.run(() => feed.restart())),
      );
      await this.#bucket.reach();
    } catch (error) {
      // When the connection is back again, all this is done again.
      if (!this.#isClosed && !isLoss(error)) this.#onError(error);
    }
    if (this.#isClosed) return;
    if (!this.#link.isAway) {
      this.#toldLosses = Math.max(this.#toldLosses, losses);
    }
    this.#listener.onInterrupted();
  }

  /**
   * Whether what comes is not told: the client subscribes again before anybody
   * can be told that something may be missed.
   */
  get #isDeaf(): boolean {
    return this.#losses !== this.#toldLosses;
  }

  #allFeeds(): Feed[] {
    const followed = [...this.#followed.values()];
    return [...this.#feeds, ...followed.map(({ changes }) => changes)];
  }

  #unlessClosed<T>(action: string, call: () => Promise<T>): Promise<T> {
    if (!this.#isClosed) return call();
    return Promise.reject(new NatsBackboneClosedError(action));
  }
}
