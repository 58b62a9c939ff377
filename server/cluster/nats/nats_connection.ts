import type {
  BackboneConnection,
  BackboneListener,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  Renewal,
  RowWrite,
  Written,
} from "../mod.ts";
import { Bucket } from "./bucket.ts";
import { ContextReader } from "./context_reader.ts";
import { isLoss, NatsBackboneClosedError, TooLargeError } from "./errors.ts";
import { Feed } from "./feed.ts";
import { FollowedContext } from "./followed_context.ts";
import { LeaseTable } from "./lease_table.ts";
import { Limiter } from "./limiter.ts";
import type { Link, LinkListener } from "./link.ts";
import { Purger } from "./purger.ts";
import { encode } from "./records.ts";
import { RowWriter } from "./row_writer.ts";
import type { BucketOptions } from "./stream.ts";

/** How many contexts are followed anew at once. */
const MAX_RESTARTS = 32;

/** A node's connection to a backbone on NATS. */
export class NatsBackboneConnection implements BackboneConnection {
  readonly #node: string;
  readonly #listener: BackboneListener;
  readonly #link: Link;
  readonly #onError: (error: unknown) => void;
  /** Identifies this connection: another process may use the same name. */
  readonly #id = crypto.randomUUID();
  readonly #bucket: Bucket;
  readonly #leases: LeaseTable;
  readonly #writer: RowWriter;
  readonly #purger: Purger;
  readonly #reader: ContextReader;
  readonly #restarts = new Limiter(MAX_RESTARTS);
  readonly #followed = new Map<string, FollowedContext>();
  /** The changes of leases. */
  readonly #feed: Feed;
  readonly #linkListener: LinkListener = {
    lost: () => this.#loss = {},
    back: () => this.#recover(),
    refused: (error) => this.#bucket.refused(error),
    closed: (error) => this.#onError(error),
  };
  /**
   * The last loss of the connection, until the listener knows of it. Meanwhile
   * nothing is passed on, as the client subscribes again before that.
   */
  #loss: object | undefined;
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
    this.#bucket = new Bucket(link, options, this.#id, () => this.#forget());
    this.#leases = new LeaseTable(this.#bucket, node, this.#id, listener);
    this.#feed = new Feed(this.#bucket, this.#bucket.names.lease(), (news) => {
      if (this.#isClosed) return;
      this.#leases.take(news.key, news.value, this.#loss !== undefined);
    });
    this.#reader = new ContextReader(this.#bucket);
    this.#purger = new Purger(this.#bucket);
    this.#writer = new RowWriter(this.#bucket, {
      lastOf: (context) => this.#followed.get(context)?.known,
      wrote: (context, revision) =>
        this.#followed.get(context)?.knows(revision),
      onError: this.#onError,
    });
  }

  /** Makes the bucket, if there is none, and subscribes. */
  async open(): Promise<void> {
    try {
      await this.#bucket.check();
      await this.#bucket.open();
      await this.#feed.ready();
      this.#link.listeners.add(this.#linkListener);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async acquire(lease: Lease): Promise<string> {
    this.#assertOpen("begin a life");
    return await this.#leases.acquire(lease);
  }

  async renew(lease: Lease): Promise<Renewal> {
    this.#assertOpen("renew a lease");
    this.#writer.tidy();
    return await this.#leases.renew(lease);
  }

  async leases(node?: string): Promise<readonly KeptLease[]> {
    this.#assertOpen("read leases");
    return await this.#leases.leases(node);
  }

  async end(life: NodeLife, count: number): Promise<boolean> {
    this.#assertOpen("end a life");
    return await this.#leases.end(life, count);
  }

  async purge(life: NodeLife, context?: string): Promise<boolean> {
    this.#assertOpen("purge a life");
    if (await this.#leases.lives(life)) return true;
    if (context !== undefined) {
      await this.#purger.sweep(context, life);
      return true;
    }
    const isAll = await this.#purger.purge(life);
    if (isAll) await this.#leases.purged(life);
    return isAll;
  }

  async write(
    life: NodeLife,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    this.#assertOpen("write rows");
    return await this.#writer.write(life, writes);
  }

  async follow(context: string): Promise<void> {
    this.#assertOpen("follow a context");
    let followed = this.#followed.get(context);
    if (followed === undefined) {
      followed = new FollowedContext(
        context,
        this.#bucket,
        this.#listener,
        this.#id,
        () => this.#loss !== undefined,
      );
      this.#followed.set(context, followed);
    }
    await followed.changes.ready();
  }

  unfollow(context: string): void {
    this.#followed.get(context)?.stop();
    this.#followed.delete(context);
  }

  async read(context: string): Promise<ContextRows> {
    this.#assertOpen("read a context");
    await this.#writer.settled(context);
    return await this.#reader.read(context);
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
    this.#link.nats.publish(names.texts(context), body);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#link.listeners.delete(this.#linkListener);
    for (const context of [...this.#followed.keys()]) this.unfollow(context);
    this.#feed.stop();
    this.#bucket.close();
    return Promise.resolve();
  }

  /** Forgets what is known of a bucket that was deleted, or lost in a restart. */
  #forget(): void {
    this.#writer.forget();
    this.#purger.forget();
    for (const followed of this.#followed.values()) followed.forget();
    this.#recover();
  }

  /** Subscribes to everything again, and says that something may be missed. */
  async #recover(): Promise<void> {
    const loss = this.#loss;
    this.#leases.forget();
    try {
      await this.#bucket.check();
      await this.#bucket.open();
      const followed = Array.from(
        this.#followed.values(),
        ({ changes }) => changes,
      );
      await Promise.all(
        [this.#feed, ...followed].filter(({ isLasting }) => !isLasting)
          .map((feed) => this.#restarts.run(() => feed.restart())),
      );
      await this.#bucket.reach();
    } catch (error) {
      // When the connection is back again, all this is done again.
      if (!this.#isClosed && !isLoss(error)) this.#onError(error);
    }
    if (this.#isClosed) return;
    if (!this.#link.isAway && this.#loss === loss) this.#loss = undefined;
    this.#listener.onInterrupted();
  }

  #assertOpen(action: string): void {
    if (this.#isClosed) throw new NatsBackboneClosedError(action);
  }
}
